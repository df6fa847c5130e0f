/*
 * room.c
 *	  Makes room in the target for rows that replace others.
 *
 * By default they are deleted, so readers see the old rows until the commit and
 * the new ones after it.  The lock is taken before anything is read, and what is
 * deleted is what has been committed by then.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/objectaddress.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "load/rewrite.h"
#include "load/room.h"

static bool
by_rewrite(const EtlLoadRequest *request)
{
	return request->mode == ETL_LOAD_REPLACE &&
		   request->replace_by == ETL_REPLACE_BY_REWRITE;
}

LOCKMODE
etl_room_lock_mode(const EtlLoadRequest *request)
{
	if (request->mode == ETL_LOAD_APPEND)
		return RowExclusiveLock;
	return by_rewrite(request) ? ExclusiveLock : ShareRowExclusiveLock;
}

void
etl_room_check_privileges(const EtlLoadRequest *request)
{
	AclMode mode = by_rewrite(request) ? ACL_TRUNCATE : ACL_DELETE;
	AclResult result;

	if (request->mode == ETL_LOAD_APPEND)
		return;
	result = pg_class_aclcheck(request->target, GetUserId(), mode);
	if (result != ACLCHECK_OK)
		aclcheck_error(result,
					   get_relkind_objtype(get_rel_relkind(request->target)),
					   get_rel_name(request->target));
}

/*
 * Runs a DELETE as the user, and returns how many rows it took.  Rows that were
 * committed after the transaction's snapshot was taken would stay: that is a
 * failure to serialize (40001), as it is if one that is to be deleted was changed.
 */
static uint64
delete_rows(const char *statement)
{
	Snapshot latest = InvalidSnapshot;
	Snapshot own = InvalidSnapshot;
	SPIPlanPtr plan;
	uint64 processed;
	int result;

	SPI_connect();
	plan = SPI_prepare(statement, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement,
			 SPI_result_code_string(SPI_result));
	if (IsolationUsesXactSnapshot())
	{
		CommandCounterIncrement();
		latest = GetLatestSnapshot();
		own = GetTransactionSnapshot();
	}
	result =
		SPI_execute_snapshot(plan, NULL, NULL, latest, own, false, true, 0);
	if (result < 0)
		elog(ERROR, "DELETE failed: %s", SPI_result_code_string(result));
	processed = SPI_processed;
	SPI_finish();
	return processed;
}

void
etl_room_make(EtlLoad *load)
{
	const EtlLoadRequest *request = load->request;

	if (request->mode == ETL_LOAD_APPEND)
		return;
	if (by_rewrite(request))
	{
		load->counts.deleted = etl_rewrite_begin(load->target);
		return;
	}

	if (request->mode == ETL_LOAD_REPLACE)
		load->counts.deleted =
			delete_rows(psprintf("DELETE FROM %s", load->target->name));
	else
		load->counts.deleted =
			delete_rows(psprintf("DELETE FROM %s WHERE (%s\n)",
								 load->target->name, request->slice));
	CommandCounterIncrement();
}

void
etl_room_check_query(const EtlLoad *load, const PlannedStmt *plan)
{
	if (by_rewrite(load->request) &&
		list_member_oid(plan->relationOids, load->request->target))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot replace \"%s\" by rewriting it",
						RelationGetRelationName(load->target->rel)),
				 errdetail("The query reads the table itself, whose rows are "
						   "gone by then."),
				 errhint("Use replace_by \"delete\", which keeps them in "
						 "sight of the query.")));
}

/*
 * ANALYZE, whoever the user is: the table's contents are others than those that
 * its statistics are of.
 */
static void
analyze(const char *name, Oid owner)
{
	Oid user;
	int security;
	int result;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	result = SPI_execute(psprintf("ANALYZE %s", name), false, 0);
	if (result != SPI_OK_UTILITY)
		elog(ERROR, "ANALYZE failed: %s", SPI_result_code_string(result));
	SPI_finish();
	SetUserIdAndSecContext(user, security);
}

void
etl_room_finish(EtlLoad *load)
{
	Relation rel = load->target->rel;
	char relkind = rel->rd_rel->relkind;

	if (load->request->mode != ETL_LOAD_REPLACE ||
		(relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE))
		return;
	analyze(load->target->name, rel->rd_rel->relowner);
	if (by_rewrite(load->request))
		etl_rewrite_finish(load->target);
}
