/*
 * compat.c
 *	  Everything that differs between the supported PostgreSQL versions.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/sysattr.h"
#include "catalog/pg_foreign_server.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/rel.h"

#include "compat.h"

#ifdef ETL_HAVE_SOFT_ERRORS
#include "nodes/miscnodes.h"
#endif

bool
etl_compat_input_call(FmgrInfo *function, char *text, Oid typioparam,
					  int32 typmod, Datum *value, ErrorData **error)
{
#ifdef ETL_HAVE_SOFT_ERRORS
	ErrorSaveContext context = {.type = T_ErrorSaveContext};

	context.details_wanted = true;
	if (InputFunctionCallSafe(function, text, typioparam, typmod,
							  (Node *) &context, value))
		return true;
	*error = context.error_data;
	return false;
#else
	*value = InputFunctionCall(function, text, typioparam, typmod);
	return true;
#endif
}

void
etl_compat_check_server_usage(Oid server, const char *name)
{
	AclResult result;

#if PG_VERSION_NUM >= 160000
	result = object_aclcheck(ForeignServerRelationId, server, GetUserId(),
							 ACL_USAGE);
#else
	result = pg_foreign_server_aclcheck(server, GetUserId(), ACL_USAGE);
#endif
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_SERVER, name);
}

WaitEventSet *
etl_compat_wait_event_set(MemoryContext context, int nevents)
{
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(NULL, nevents);
#else
	return CreateWaitEventSet(context, nevents);
#endif
}

void
etl_compat_init_insert(EState *estate, Relation rel, LOCKMODE lockmode,
					   List *attnos)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *item =
		addRangeTableEntryForRelation(pstate, rel, lockmode, NULL, false,
									  false);
	Bitmapset *columns = NULL;
	ListCell *lc;

	foreach (lc, attnos)
		columns =
			bms_add_member(columns, lfirst_int(lc) -
										FirstLowInvalidHeapAttributeNumber);
#if PG_VERSION_NUM >= 160000
	item->p_perminfo->requiredPerms = ACL_INSERT;
	item->p_perminfo->insertedCols = columns;
	ExecCheckPermissions(pstate->p_rtable, pstate->p_rteperminfos, true);
#if PG_VERSION_NUM >= 180000
	ExecInitRangeTable(estate, pstate->p_rtable, pstate->p_rteperminfos,
					   bms_make_singleton(1));
#else
	ExecInitRangeTable(estate, pstate->p_rtable, pstate->p_rteperminfos);
#endif
#else
	item->p_rte->requiredPerms = ACL_INSERT;
	item->p_rte->insertedCols = columns;
	ExecCheckRTPerms(pstate->p_rtable, true);
	ExecInitRangeTable(estate, pstate->p_rtable);
#endif
	free_parsestate(pstate);
}

void
etl_compat_check_insertable(ResultRelInfo *rel)
{
#if PG_VERSION_NUM >= 180000
	CheckValidResultRel(rel, CMD_INSERT, ONCONFLICT_NONE, NIL);
#elif PG_VERSION_NUM >= 170000
	CheckValidResultRel(rel, CMD_INSERT, NIL);
#else
	CheckValidResultRel(rel, CMD_INSERT);
#endif
}

List *
etl_compat_insert_index_entries(ResultRelInfo *rel, TupleTableSlot *slot,
								EState *estate, List *arbiters, bool *conflict)
{
	*conflict = false;
	return ExecInsertIndexTuples(rel, slot, estate, false, arbiters != NIL,
								 conflict, arbiters
#if PG_VERSION_NUM >= 160000
								 ,
								 false
#endif
	);
}

void
etl_compat_end_index_entries(ResultRelInfo *rel, bool rolled_back)
{
	for (int i = 0; i < rel->ri_NumIndices; i++)
	{
		IndexInfo *info = rel->ri_IndexRelationInfo[i];

		if (rolled_back)
			info->ii_AmCache = NULL;
#if PG_VERSION_NUM >= 170000
		else
			index_insert_cleanup(rel->ri_IndexRelationDescs[i], info);
#endif
	}
}

bool
etl_compat_check_index(ResultRelInfo *rel, TupleTableSlot *slot,
					   EState *estate, ItemPointer conflict, Oid index)
{
	List *arbiters = list_make1_oid(index);
	bool ok;

#if PG_VERSION_NUM >= 180000
	ItemPointerData none;

	ItemPointerSetInvalid(&none);
	ok = ExecCheckIndexConstraints(rel, slot, estate, conflict, &none,
								   arbiters);
#else
	ok = ExecCheckIndexConstraints(rel, slot, estate, conflict, arbiters);
#endif
	list_free(arbiters);
	return ok;
}

AttrMap *
etl_compat_root_to_partition(ResultRelInfo *partition, EState *estate)
{
	TupleConversionMap *map;

#if PG_VERSION_NUM >= 160000
	map = ExecGetRootToChildMap(partition, estate);
#else
	map = partition->ri_RootToPartitionMap;
#endif
	return map ? map->attrMap : NULL;
}

void
etl_compat_new_storage(Relation rel)
{
#if PG_VERSION_NUM >= 160000
	RelationSetNewRelfilenumber(rel, rel->rd_rel->relpersistence);
#else
	RelationSetNewRelfilenode(rel, rel->rd_rel->relpersistence);
#endif
}

void
etl_compat_executor_run(QueryDesc *query)
{
#if PG_VERSION_NUM >= 180000
	ExecutorRun(query, ForwardScanDirection, 0);
#else
	ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

Node *
etl_compat_check_expression(Relation rel, int i)
{
	const ConstrCheck *check = &RelationGetDescr(rel)->constr->check[i];

#if PG_VERSION_NUM >= 180000
	if (!check->ccenforced)
		return NULL;
	return expand_generated_columns_in_expr(stringToNode(check->ccbin), rel,
											1);
#else
	return stringToNode(check->ccbin);
#endif
}

Node *
etl_compat_expand_virtual(Node *expression, Relation rel)
{
#if PG_VERSION_NUM >= 180000
	return expand_generated_columns_in_expr(expression, rel, 1);
#else
	return expression;
#endif
}

Node *
etl_compat_virtual_expression(Relation rel, int i)
{
#if PG_VERSION_NUM >= 180000
	return build_generation_expression(rel, i + 1);
#else
	return NULL;
#endif
}

Node *
etl_compat_virtual_not_null(Relation rel, int i)
{
#if PG_VERSION_NUM >= 180000
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), i);
	NullTest *test;

	if (!attribute->attnotnull || !etl_compat_is_virtual(attribute))
		return NULL;
	test = makeNode(NullTest);
	test->arg = (Expr *) build_generation_expression(rel, i + 1);
	test->nulltesttype = IS_NOT_NULL;
	test->argisrow = false;
	test->location = -1;
	return (Node *) test;
#else
	return NULL;
#endif
}
