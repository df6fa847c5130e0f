/*
 * table.c
 *	  Inserts into etl.dead_letter.
 *
 * Rows go into the heap and its indexes without any SQL: users who have no
 * right to insert may have rejects, and nothing that a search_path could lead
 * to may run on their behalf.  Constraints are checked, triggers don't fire and
 * policies don't apply.  What the rows say is left to the callers.  Many rows
 * are stored at once, as COPY does.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "deadletter/table.h"

/* Rows that are stored together: so many, or of so many bytes. */
#define MAX_ROWS 128
#define MAX_BYTES (256 * 1024)

struct EtlDeadLetterWriter
{
	Relation rel;
	TupleDesc desc; /* a copy, which slots need not pin */
	EState *estate;
	ResultRelInfo *result_rel;
	ExprState *next_id;
	BulkInsertState bulk;

	/* Rows that wait to be stored. */
	int nrows;
	size_t bytes;
	MemoryContext row_context;       /* they lie in it */
	TupleTableSlot *slots[MAX_ROWS]; /* made at need */
};

static void store_rows(EtlDeadLetterWriter *writer);
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
	writer->desc = CreateTupleDescCopy(RelationGetDescr(writer->rel));
	writer->bulk = GetBulkInsertState();
	writer->row_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl dead letter rows",
							  ALLOCSET_DEFAULT_SIZES);

	/* The identity's own expression: it needs no right on the sequence. */
	next_id = build_column_default(writer->rel, ETL_DEAD_LETTER_ID + 1);
	writer->next_id = ExecPrepareExpr((Expr *) next_id, writer->estate);

	MemoryContextSwitchTo(old);
	PushActiveSnapshot(GetTransactionSnapshot());
	return writer;
}

static TupleTableSlot *
next_slot(EtlDeadLetterWriter *writer)
{
	int i = writer->nrows++;

	if (writer->slots[i] == NULL)
	{
		MemoryContext old =
			MemoryContextSwitchTo(writer->estate->es_query_cxt);

		writer->slots[i] = ExecInitExtraTupleSlot(writer->estate, writer->desc,
												  &TTSOpsHeapTuple);
		MemoryContextSwitchTo(old);
	}
	return writer->slots[i];
}

/* The row as a tuple, with an id and null in columns that we don't know. */
static HeapTuple
form_row(EtlDeadLetterWriter *writer, const Datum *values, const bool *isnull)
{
	TupleDesc desc = RelationGetDescr(writer->rel);
	ExprContext *econtext = GetPerTupleExprContext(writer->estate);
	Datum all[MaxTupleAttributeNumber];
	bool nulls[MaxTupleAttributeNumber];
	HeapTuple tuple;
	MemoryContext old;

	memcpy(all, values, sizeof(Datum) * ETL_DEAD_LETTER_COLUMNS);
	memcpy(nulls, isnull, sizeof(bool) * ETL_DEAD_LETTER_COLUMNS);
	for (int i = ETL_DEAD_LETTER_COLUMNS; i < desc->natts; i++)
	{
		all[i] = (Datum) 0;
		nulls[i] = true;
	}
	all[ETL_DEAD_LETTER_ID] =
		ExecEvalExprSwitchContext(writer->next_id, econtext,
								  &nulls[ETL_DEAD_LETTER_ID]);
	old = MemoryContextSwitchTo(writer->row_context);
	tuple = heap_form_tuple(desc, all, nulls);
	MemoryContextSwitchTo(old);
	return tuple;
}

void
etl_deadletter_writer_insert(EtlDeadLetterWriter *writer, const Datum *values,
							 const bool *isnull)
{
	TupleTableSlot *slot;
	HeapTuple tuple;

	CHECK_FOR_INTERRUPTS();
	ResetPerTupleExprContext(writer->estate);
	tuple = form_row(writer, values, isnull);
	slot = next_slot(writer);
	ExecStoreHeapTuple(tuple, slot, false);
	slot->tts_tableOid = RelationGetRelid(writer->rel);
	if (writer->rel->rd_att->constr)
		ExecConstraints(writer->result_rel, slot, writer->estate);
	writer->bytes += tuple->t_len;
	if (writer->nrows == MAX_ROWS || writer->bytes >= MAX_BYTES)
		store_rows(writer);
}

/* Puts the waiting rows into the table and its indexes. */
static void
store_rows(EtlDeadLetterWriter *writer)
{
	MemoryContext old =
		MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->estate));

	table_multi_insert(writer->rel, writer->slots, writer->nrows,
					   GetCurrentCommandId(true), 0, writer->bulk);
	for (int i = 0; i < writer->nrows; i++)
	{
		bool conflict;

		ResetPerTupleExprContext(writer->estate);
		(void) etl_compat_insert_index_entries(writer->result_rel,
											   writer->slots[i],
											   writer->estate, NIL, &conflict);
		ExecClearTuple(writer->slots[i]);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->row_context);
	writer->nrows = 0;
	writer->bytes = 0;
}

void
etl_deadletter_writer_close(EtlDeadLetterWriter *writer)
{
	if (writer->nrows > 0)
		store_rows(writer);
	PopActiveSnapshot();
	FreeBulkInsertState(writer->bulk);
	table_finish_bulk_insert(writer->rel, 0);
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
