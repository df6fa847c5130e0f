/*
 * rewrite.c
 *	  Replaces all rows of a table by giving it new storage.
 *
 * The table gets a new file, and so do its indexes and its TOAST table, as with
 * TRUNCATE.  But readers aren't locked out yet: which file is a table's is said
 * in pg_class, of which they see the committed version until we commit.  So one
 * table has two contents for a while, theirs and ours; ours is filled as any
 * table is, with all its constraints and triggers.  At the end, when nothing is
 * left to do but to commit, readers are waited for and locked out; those that
 * come after find the new file.
 *
 *	during the load		EXCLUSIVE: reads, but no writes and no row locks
 *	at the end			ACCESS EXCLUSIVE, until the transaction ends
 *
 * Nothing else may change these rows of pg_class or look for the files: VACUUM,
 * ANALYZE, CREATE INDEX and ALTER TABLE are kept away by the lock, and so are
 * checks of foreign keys, which would lock rows of the old file.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam_xlog.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xloginsert.h"
#include "catalog/catalog.h"
#include "catalog/heap.h"
#include "catalog/index.h"
#include "catalog/pg_inherits.h"
#include "commands/tablecmds.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "storage/predicate.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "load/rewrite.h"
#include "quote.h"

static void
refuse(Relation rel, const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot replace \"%s\" by rewriting it",
					RelationGetRelationName(rel)),
			 errdetail_internal("%s", reason),
			 errhint("Use replace_by \"delete\", which is the default.")));
}

static void
check_target(const EtlTarget *target)
{
	Relation rel = target->rel;
	List *referring;

	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
			break;
		case RELKIND_PARTITIONED_TABLE:
			refuse(rel, "It is a partitioned table; each of its partitions "
						"can be rewritten.");
			break;
		default:
			refuse(rel, "It is not a table.");
	}
	if (RelationIsMapped(rel) || IsSystemRelation(rel))
		refuse(rel, "It is a system catalog.");
	if (RELATION_IS_OTHER_TEMP(rel))
		refuse(rel, "It is a temporary table of another session.");
	if (target->by_insert)
		refuse(rel, "Rules, row-level security or another extension decide "
					"where its rows go.");
	if (find_inheritance_children(RelationGetRelid(rel), NoLock) != NIL)
		refuse(rel, "Other tables inherit from it.");
	referring = heap_truncate_find_FKs(list_make1_oid(RelationGetRelid(rel)));
	if (referring != NIL)
		refuse(rel,
			   psprintf("Table \"%s\" has a foreign key that refers to it.",
						get_rel_name(linitial_oid(referring))));
	CheckTableNotInUse(rel, "etl_load");
}

/* Counts the rows, whether or not the user may see them. */
static uint64
count_rows(const EtlTarget *target)
{
	Oid user;
	int security;
	bool isnull;
	uint64 count;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(target->rel->rd_rel->relowner,
						   security | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_NOFORCE_RLS);
	SPI_connect();
	if (SPI_execute(psprintf("SELECT pg_catalog.count(*) FROM ONLY %s",
							 target->name),
					false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not count the rows of %s", target->name);
	count = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
										SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	SetUserIdAndSecContext(user, security);
	return count;
}

/* New, empty storage for a table and its indexes. */
static void
renew(Relation rel)
{
	ListCell *lc;

	etl_compat_new_storage(rel);
	foreach (lc, RelationGetIndexList(rel))
	{
		Relation index = index_open(lfirst_oid(lc), ExclusiveLock);
		IndexInfo *info = BuildIndexInfo(index);

		etl_compat_new_storage(index);
		index_build(rel, index, info, true, false);
		index_close(index, NoLock);
		CommandCounterIncrement();
	}
}

/* Tells subscribers of the table's publications that the old rows are gone. */
static void
log_truncate(Relation rel)
{
	Oid relid = RelationGetRelid(rel);
	xl_heap_truncate record = {.dbId = MyDatabaseId, .nrelids = 1};

	if (!RelationIsLogicallyLogged(rel))
		return;
	XLogBeginInsert();
	XLogRegisterData((char *) &record, SizeOfHeapTruncate);
	XLogRegisterData((char *) &relid, sizeof(Oid));
	XLogSetRecordFlags(XLOG_INCLUDE_ORIGIN);
	(void) XLogInsert(RM_HEAP_ID, XLOG_HEAP_TRUNCATE);
}

static void
renew_table(Relation rel)
{
	CheckTableForSerializableConflictIn(rel);
	if (OidIsValid(rel->rd_rel->reltoastrelid))
	{
		Relation toast = table_open(rel->rd_rel->reltoastrelid, ExclusiveLock);

		renew(toast);
		table_close(toast, NoLock);
	}
	renew(rel);
	pgstat_count_truncate(rel);
	log_truncate(rel);
}

uint64
etl_rewrite_begin(EtlTarget *target)
{
	Relation rel = target->rel;
	EState *estate = CreateExecutorState();
	ResultRelInfo *info = makeNode(ResultRelInfo);
	uint64 count;

	check_target(target);
	count = count_rows(target);
	InitResultRelInfo(info, rel, 0, NULL, 0);
	estate->es_opened_result_relations = list_make1(info);
	AfterTriggerBeginQuery();
	ExecBSTruncateTriggers(estate, info);
	renew_table(rel);
	ExecASTruncateTriggers(estate, info);
	AfterTriggerEndQuery(estate);
	FreeExecutorState(estate);
	CommandCounterIncrement();
	return count;
}

static void
lock_indexes(Relation rel)
{
	ListCell *lc;

	foreach (lc, RelationGetIndexList(rel))
		LockRelationOid(lfirst_oid(lc), AccessExclusiveLock);
}

void
etl_rewrite_finish(EtlTarget *target)
{
	Oid toast_relid = target->rel->rd_rel->reltoastrelid;

	LockRelationOid(RelationGetRelid(target->rel), AccessExclusiveLock);
	lock_indexes(target->rel);
	if (OidIsValid(toast_relid))
	{
		Relation toast = table_open(toast_relid, AccessExclusiveLock);

		lock_indexes(toast);
		table_close(toast, NoLock);
	}
}
