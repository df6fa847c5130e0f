/*
 * table.c
 *	  Inserts into etl.dead_letter.
 *
 * Rows go into the heap and its indexes without any SQL: users who have no
 * right to insert may have rejects, and nothing that a search_path could lead
 * to may run on their behalf.  Constraints are checked, triggers don't fire and
 * policies don't apply.  What the rows say is left to the callers.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "deadletter/table.h"

struct EtlDeadLetterWriter
{
	Relation rel;
	EState *estate;
	ResultRelInfo *result_rel;
	TupleTableSlot *slot;
	ExprState *next_id;
};

static Relation open_table(LOCKMODE lockmode);

TupleDesc
etl_deadletter_table_desc(void)
{
	Relation rel = open_table(AccessShareLock);
	TupleDesc desc = CreateTupleDescCopy(RelationGetDescr(rel));

	table_close(rel, NoLock);
	return desc;
}

EtlDeadLetterWriter *
etl_deadletter_writer_open(void)
{
	EtlDeadLetterWriter *writer = palloc0(sizeof(EtlDeadLetterWriter));
	MemoryContext old;
	Node *next_id;

	writer->rel = open_table(RowExclusiveLock);
	writer->estate = CreateExecutorState();
	old = MemoryContextSwitchTo(writer->estate->es_query_cxt);

	writer->result_rel = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result_rel, writer->rel, 0, NULL, 0);
	writer->result_rel->ri_TrigDesc = NULL;
	ExecOpenIndices(writer->result_rel, false);
	writer->slot =
		table_slot_create(writer->rel, &writer->estate->es_tupleTable);

	/* The identity's own expression: it needs no right on the sequence. */
	next_id = build_column_default(writer->rel, ETL_DEAD_LETTER_ID + 1);
	writer->next_id = ExecPrepareExpr((Expr *) next_id, writer->estate);

	MemoryContextSwitchTo(old);
	PushActiveSnapshot(GetTransactionSnapshot());
	return writer;
}

void
etl_deadletter_writer_insert(EtlDeadLetterWriter *writer, const Datum *values,
							 const bool *isnull)
{
	TupleTableSlot *slot = writer->slot;
	ExprContext *econtext = GetPerTupleExprContext(writer->estate);
	MemoryContext old;

	CHECK_FOR_INTERRUPTS();
	ResetPerTupleExprContext(writer->estate);
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->estate));

	ExecClearTuple(slot);
	memcpy(slot->tts_values, values, sizeof(Datum) * ETL_DEAD_LETTER_COLUMNS);
	memcpy(slot->tts_isnull, isnull, sizeof(bool) * ETL_DEAD_LETTER_COLUMNS);
	for (int i = ETL_DEAD_LETTER_COLUMNS; i < slot->tts_tupleDescriptor->natts;
		 i++)
	{
		slot->tts_values[i] = (Datum) 0;
		slot->tts_isnull[i] = true;
	}
	slot->tts_values[ETL_DEAD_LETTER_ID] =
		ExecEvalExpr(writer->next_id, econtext,
					 &slot->tts_isnull[ETL_DEAD_LETTER_ID]);
	ExecStoreVirtualTuple(slot);

	ExecSimpleRelationInsert(writer->result_rel, writer->estate, slot);
	MemoryContextSwitchTo(old);
}

void
etl_deadletter_writer_close(EtlDeadLetterWriter *writer)
{
	PopActiveSnapshot();
	ExecResetTupleTable(writer->estate->es_tupleTable, false);
	ExecCloseIndices(writer->result_rel);
	FreeExecutorState(writer->estate);
	table_close(writer->rel, NoLock);
	pfree(writer);
}

/*
 * Opens the table.  The name is looked up without privilege checks and without
 * search_path.
 */
static Relation
open_table(LOCKMODE lockmode)
{
	Oid namespace_oid = get_namespace_oid("etl", true);
	Oid relid = InvalidOid;
	Relation rel;

	if (OidIsValid(namespace_oid))
		relid = get_relname_relid("dead_letter", namespace_oid);
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"etl.dead_letter\" does not exist"),
				 errhint("The extension pg_etl must be installed in this "
						 "database.")));

	rel = table_open(relid, lockmode);
	if (RelationGetNumberOfAttributes(rel) < ETL_DEAD_LETTER_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"etl.dead_letter\" has too few columns"),
				 errhint("Run ALTER EXTENSION pg_etl UPDATE.")));
	return rel;
}
