/*
 * insert_writer.c
 *	  Stores rows by an INSERT each: whatever the target is, rows land where an
 *	  INSERT would put them.
 *
 * Statement triggers fire for each row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "load/writer.h"
#include "quote.h"

/* An INSERT that leaves out the same columns. */
typedef struct Insert
{
	const Bitmapset *absent; /* 0-based columns */
	SPIPlanPtr plan;
	int nargs;
	int *columns; /* 0-based, of each argument */
} Insert;

typedef struct InsertWriter
{
	EtlWriter base;
	MemoryContext context;
	MemoryContext store_context;
	EtlTupleForm *form;
	List *inserts;        /* of Insert */
	TupleTableSlot *slot; /* for a row that is being checked */
} InsertWriter;

static bool prepare(EtlWriter *self, TupleTableSlot *slot, EtlRefusal *refusal,
					const char **column);
static EtlLoadRow *add(EtlWriter *self, TupleTableSlot *slot, EtlBatch *batch,
					   const EtlPlace *place);
static void store(EtlWriter *self, EtlLoadRow *rows, int n);
static void finish(EtlWriter *self);
static Insert *make_insert(InsertWriter *writer, const Bitmapset *absent);

static const EtlWriterOps insert_ops = {
	.prepare = prepare,
	.add = add,
	.store = store,
	.finish = finish,
};

EtlWriter *
etl_insert_writer_new(EtlTarget *target, EState *estate)
{
	InsertWriter *writer = palloc0(sizeof(InsertWriter));

	writer->base.ops = &insert_ops;
	writer->base.target = target;
	writer->base.estate = estate;
	writer->base.may_fail = true;
	writer->base.known_when_stored = true;
	writer->form = etl_tuple_form_new(target->desc);
	writer->context = CurrentMemoryContext;
	writer->store_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl store",
							  ALLOCSET_DEFAULT_SIZES);
	writer->slot = MakeSingleTupleTableSlot(target->desc, &TTSOpsHeapTuple);
	return &writer->base;
}

/* Only the INSERT knows. */
static bool
prepare(EtlWriter *self, TupleTableSlot *slot, EtlRefusal *refusal,
		const char **column)
{
	*column = NULL;
	return true;
}

static EtlLoadRow *
add(EtlWriter *self, TupleTableSlot *slot, EtlBatch *batch,
	const EtlPlace *place)
{
	EtlLoadRow *row = etl_batch_add(batch, ((InsertWriter *) self)->form,
									slot->tts_values, slot->tts_isnull);

	etl_batch_set_place(batch, row, place, true);
	return row;
}

void
etl_insert_writer_prepare(EtlWriter *self, const Bitmapset *absent)
{
	SPI_connect();
	(void) make_insert((InsertWriter *) self, absent);
	SPI_finish();
}

/* RETURNING what is looked at of the row, if anything is. */
static void
append_returning(const InsertWriter *writer, StringInfo sql)
{
	const char *separator = " RETURNING ";
	int i = -1;

	while ((i = bms_next_member(writer->base.shown, i)) >= 0)
	{
		appendStringInfoString(sql, separator);
		etl_quote_identifier(
			sql,
			NameStr(TupleDescAttr(writer->base.target->desc, i)->attname));
		separator = ", ";
	}
}

/* INSERT INTO target (columns) VALUES ($1, ...), without those absent. */
static Insert *
make_insert(InsertWriter *writer, const Bitmapset *absent)
{
	const EtlTarget *target = writer->base.target;
	TupleDesc desc = target->desc;
	MemoryContext old = MemoryContextSwitchTo(writer->context);
	Insert *insert = palloc0(sizeof(Insert));
	Oid *types = palloc(sizeof(Oid) * desc->natts);
	StringInfoData columns;
	StringInfoData values;
	StringInfoData sql;
	ListCell *lc;

	initStringInfo(&columns);
	initStringInfo(&values);
	initStringInfo(&sql);
	insert->absent = absent;
	insert->columns = palloc(sizeof(int) * desc->natts);
	foreach (lc, target->attnos)
	{
		int i = lfirst_int(lc) - 1;
		const char *separator = insert->nargs > 0 ? ", " : "";

		if (bms_is_member(i, absent))
			continue;
		types[insert->nargs] = TupleDescAttr(desc, i)->atttypid;
		insert->columns[insert->nargs++] = i;
		appendStringInfoString(&columns, separator);
		etl_quote_identifier(&columns,
							 NameStr(TupleDescAttr(desc, i)->attname));
		appendStringInfo(&values, "%s$%d", separator, insert->nargs);
	}
	appendStringInfo(&sql, "INSERT INTO %s ", target->name);
	if (insert->nargs > 0)
		appendStringInfo(&sql, "(%s) VALUES (%s)", columns.data, values.data);
	else
		appendStringInfoString(&sql, "DEFAULT VALUES");
	append_returning(writer, &sql);
	insert->plan = SPI_prepare(sql.data, insert->nargs, types);
	/* SPI has its own idea of the current context */
	MemoryContextSwitchTo(writer->context);
	if (insert->plan == NULL || SPI_keepplan(insert->plan) != 0)
		elog(ERROR, "could not prepare \"%s\": %s", sql.data,
			 SPI_result_code_string(SPI_result));
	writer->inserts = lcons(insert, writer->inserts);
	MemoryContextSwitchTo(old);
	return insert;
}

static Insert *
find_insert(InsertWriter *writer, const Bitmapset *absent)
{
	ListCell *lc;

	foreach (lc, writer->inserts)
	{
		Insert *insert = lfirst(lc);

		if (insert->absent == absent || bms_equal(insert->absent, absent))
			return insert;
	}
	return make_insert(writer, absent);
}

/* Keeps the row that the INSERT has returned, as far as it has. */
static void
take_shown(InsertWriter *writer, EtlLoadRow *row, Datum *values, bool *isnull)
{
	TupleDesc desc = writer->base.target->desc;
	MemoryContext old;
	int column = -1;
	int n = 0;

	memset(isnull, true, sizeof(bool) * desc->natts);
	while ((column = bms_next_member(writer->base.shown, column)) >= 0)
		values[column] =
			SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, ++n,
						  &isnull[column]);
	if (row->stored)
		heap_freetuple(row->stored);
	old = MemoryContextSwitchTo(writer->base.refusals);
	row->stored = heap_form_tuple(desc, values, isnull);
	MemoryContextSwitchTo(old);
}

/* Checks a row that has been inserted; if it fails that will be undone. */
static void
check_row(InsertWriter *writer, EtlLoadRow *row)
{
	EtlWriter *self = &writer->base;

	self->stage = ETL_STAGE_CHECK;
	ResetPerTupleExprContext(self->estate);
	ExecForceStoreHeapTuple(row->stored ? row->stored : &row->tuple,
							writer->slot, false);
	slot_getallattrs(writer->slot);
	etl_row_checks_judge_stored(self->checks, writer->slot, row,
								self->refusals);
	ExecClearTuple(writer->slot);
	self->stage = ETL_STAGE_CONSTRAINT;
	if (row->failed_check == NULL)
		return;
	row->fate = ETL_FATE_REFUSED;
	self->check_failed = true;
}

static void
insert_row(InsertWriter *writer, EtlLoadRow *row)
{
	Insert *insert = find_insert(writer, row->absent);
	TupleDesc desc = writer->base.target->desc;
	bool is_shown = !bms_is_empty(writer->base.shown);
	Datum *values = palloc(sizeof(Datum) * desc->natts);
	bool *isnull = palloc(sizeof(bool) * desc->natts);
	Datum *args = palloc(sizeof(Datum) * Max(insert->nargs, 1));
	char *nulls = palloc(Max(insert->nargs, 1));
	int result;

	heap_deform_tuple(&row->tuple, desc, values, isnull);
	for (int i = 0; i < insert->nargs; i++)
	{
		args[i] = values[insert->columns[i]];
		nulls[i] = isnull[insert->columns[i]] ? 'n' : ' ';
	}
	result = SPI_execute_plan(insert->plan, args, nulls, false, 0);
	if (result < 0)
		elog(ERROR, "INSERT failed: %s", SPI_result_code_string(result));
	row->fate = (result == SPI_OK_INSERT || is_shown) && SPI_processed == 0
					? ETL_FATE_SUPPRESSED
					: ETL_FATE_STORED;
	if (row->fate == ETL_FATE_STORED && is_shown)
		take_shown(writer, row, values, isnull);
	if (row->fate == ETL_FATE_STORED && writer->base.checks)
		check_row(writer, row);
	SPI_freetuptable(SPI_tuptable);
}

static void
store(EtlWriter *self, EtlLoadRow *rows, int n)
{
	InsertWriter *writer = (InsertWriter *) self;

	self->stage = ETL_STAGE_CONSTRAINT;
	SPI_connect();
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(writer->store_context);
		if (rows[i].failed_check)
			rows[i].fate = ETL_FATE_REFUSED;
		else
			insert_row(writer, &rows[i]);
		MemoryContextReset(writer->store_context);
	}
	SPI_finish();
}

static void
finish(EtlWriter *self)
{
	InsertWriter *writer = (InsertWriter *) self;
	ListCell *lc;

	foreach (lc, writer->inserts)
		SPI_freeplan(((Insert *) lfirst(lc))->plan);
	writer->inserts = NIL;
}
