/*
 * target.c
 *	  Where a load's rows go.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "rewrite/prs2lock.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "load/target.h"
#include "quote.h"
#include "row/guard.h"

static void check_kind(Relation rel);
static void find_columns(EtlTarget *target);
static PlannedStmt *plan_insert(const EtlTarget *target);
static bool stores_itself(const EtlTarget *target, const PlannedStmt *plan);
static List *result_relations(const EtlTarget *target,
							  const PlannedStmt *plan);

/* Asked before the lock is taken, lest those who may not make others wait. */
static void
check_may_insert(Oid relid)
{
	if (pg_class_aclcheck(relid, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), ACL_INSERT,
								  ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV,
					   get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
}

EtlTarget *
etl_target_open(Oid relid, LOCKMODE lockmode)
{
	EtlTarget *target = palloc0(sizeof(EtlTarget));
	PlannedStmt *plan;
	StringInfoData name;

	check_may_insert(relid);
	target->rel = try_relation_open(relid, lockmode);
	if (target->rel == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("relation with OID %u does not exist", relid)));
	check_kind(target->rel);
	target->desc = CreateTupleDescCopyConstr(RelationGetDescr(target->rel));
	initStringInfo(&name);
	etl_quote_qualified(&name,
						get_namespace_name(RelationGetNamespace(target->rel)),
						RelationGetRelationName(target->rel));
	target->name = name.data;
	find_columns(target);
	/* that it can be planned tells, too, that there is a way to insert */
	plan = plan_insert(target);
	target->results = result_relations(target, plan);
	target->by_insert = !stores_itself(target, plan);
	return target;
}

void
etl_target_close(EtlTarget *target)
{
	relation_close(target->rel, NoLock);
}

/* A foreign table's wrapper may not be able to write. */
static void
check_foreign(Relation rel)
{
	ResultRelInfo *info = makeNode(ResultRelInfo);

	InitResultRelInfo(info, rel, 0, NULL, 0);
	etl_compat_check_insertable(info);
	pfree(info);
}

static void
check_kind(Relation rel)
{
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
			break;
		case RELKIND_FOREIGN_TABLE:
			check_foreign(rel);
			break;
		default:
			ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
							errmsg("cannot load into \"%s\"",
								   RelationGetRelationName(rel)),
							errdetail("It is neither a table nor a view.")));
	}
}

/* True if the current user may insert into the column. */
static bool
may_insert(const EtlTarget *target, int attno)
{
	Oid relid = RelationGetRelid(target->rel);

	return pg_class_aclcheck(relid, GetUserId(), ACL_INSERT) == ACLCHECK_OK ||
		   pg_attribute_aclcheck(relid, attno, GetUserId(), ACL_INSERT) ==
			   ACLCHECK_OK;
}

/* Finds out which columns a source may fill. */
static void
find_columns(EtlTarget *target)
{
	for (int i = 0; i < target->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(target->desc, i);

		if (attribute->attisdropped)
			continue;
		if (!may_insert(target, i + 1))
		{
			target->forbidden = lappend_int(target->forbidden, i + 1);
			continue;
		}
		if (attribute->attgenerated != '\0' ||
			attribute->attidentity == ATTRIBUTE_IDENTITY_ALWAYS)
			target->excluded = lappend_int(target->excluded, i + 1);
		else
			target->attnos = lappend_int(target->attnos, i + 1);
	}
}

/* The plan of an INSERT into the target; NULL if rules make something else. */
static PlannedStmt *
plan_insert(const EtlTarget *target)
{
	char *sql = psprintf("INSERT INTO %s DEFAULT VALUES", target->name);
	List *queries = pg_analyze_and_rewrite_fixedparams(
		linitial_node(RawStmt, pg_parse_query(sql)), sql, NULL, 0, NULL);
	PlannedStmt *plan;

	if (list_length(queries) != 1 ||
		linitial_node(Query, queries)->commandType != CMD_INSERT)
		return NULL;
	PushActiveSnapshot(GetTransactionSnapshot());
	plan = pg_plan_query(linitial_node(Query, queries), sql, 0, NULL);
	PopActiveSnapshot();
	return plan;
}

static bool
has_insert_rule(Relation rel)
{
	for (int i = 0; rel->rd_rules && i < rel->rd_rules->numLocks; i++)
		if (rel->rd_rules->rules[i]->event == CMD_INSERT)
			return true;
	return false;
}

/*
 * True if finding a row's partition takes no more than a plain guard: what is
 * opened on the way stays open, so it can't be done in a subtransaction.
 */
static bool
routes_plainly(Relation rel)
{
	Node *expressions = (Node *) RelationGetPartitionKey(rel)->partexprs;

	return etl_guard_for_expression(expressions).level == ETL_GUARD_PLAIN;
}

/* True if all rows would be stored in heaps. */
static bool
is_heap(Relation rel)
{
	List *relids;
	ListCell *lc;

	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return rel->rd_rel->relkind == RELKIND_RELATION &&
			   rel->rd_rel->relam == HEAP_TABLE_AM_OID;
	relids =
		find_all_inheritors(RelationGetRelid(rel), RowExclusiveLock, NULL);
	foreach (lc, relids)
	{
		Relation part = table_open(lfirst_oid(lc), NoLock);
		bool ok = part->rd_rel->relkind == RELKIND_PARTITIONED_TABLE
					  ? routes_plainly(part)
					  : is_heap(part);

		table_close(part, NoLock);
		if (!ok)
			return false;
	}
	return true;
}

/*
 * True if an INSERT would store rows in the table itself and do nothing else
 * than what the load does, too.
 */
static bool
stores_itself(const EtlTarget *target, const PlannedStmt *plan)
{
	ModifyTable *modify;

	if (!is_heap(target->rel) || has_insert_rule(target->rel) ||
		plan == NULL || !IsA(plan->planTree, ModifyTable))
		return false;
	modify = (ModifyTable *) plan->planTree;
	return modify->withCheckOptionLists == NIL &&
		   list_length(target->results) == 1 &&
		   linitial_oid(target->results) == RelationGetRelid(target->rel) &&
		   IsA(outerPlan(modify), Result);
}

/* The tables into which an INSERT puts rows, as far as the plan tells. */
static List *
result_relations(const EtlTarget *target, const PlannedStmt *plan)
{
	List *relids = NIL;
	ListCell *lc;

	if (plan == NULL)
		return list_make1_oid(RelationGetRelid(target->rel));
	foreach (lc, plan->resultRelations)
		relids =
			lappend_oid(relids, rt_fetch(lfirst_int(lc), plan->rtable)->relid);
	return relids;
}
