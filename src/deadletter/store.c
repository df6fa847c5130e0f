/*
 * store.c
 *	  Keeps the rejects of a query until it ends, then writes them.
 *
 * A SELECT that meets bad records may be running in parallel mode, because of a
 * Gather anywhere in its plan, and then nothing can be written.  So rejects
 * become rows of etl.dead_letter in a tuplestore, which spills to a temporary
 * file, and go into the table when the executor has finished the query.
 *
 * A spool belongs to its query: it lives in the query's memory context, and its
 * file in the resource owner that the query's other nodes use.  If the query
 * fails, or the (sub)transaction that it runs in, nothing has been written and
 * nothing is left; if the (sub)transaction is rolled back later, so are the
 * rows.  A cursor finishes when it is closed, at the latest by COMMIT.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "lib/ilist.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "deadletter/deadletter.h"
#include "deadletter/table.h"
#include "reject/reject.h"

/* How much of a spool stays in memory. */
#define SPOOL_KILOBYTES 256

typedef struct Spool
{
	EtlRejectSink base;
	dlist_node node; /* in spools, until freed */
	EState *estate;  /* of the query, not of a recheck in it */
	MemoryContext context;
	MemoryContextCallback callback;

	TupleDesc desc;
	Tuplestorestate *rows; /* NULL until the first reject */

	/* What all rows have in common. */
	const char *owner;
	Oid owner_oid;
	const char *format;
	const char *options_text;
	Datum options; /* jsonb */
} Spool;

static dlist_head spools = DLIST_STATIC_INIT(spools);
static ExecutorFinish_hook_type previous_finish = NULL;

static void check_not_read_only(void);
static ETL_NORETURN void raise_parallel_mode(void);
static EtlRejectSink *open_spool(const EtlRejectOrigin *origin);
static void put_reject(EtlRejectSink *self, const EtlReject *reject);
static void flush_spool(EtlRejectSink *self);
static void forget_spool(void *arg);
static void finish_query(QueryDesc *query);
static void write_spool(Spool *spool);

static const EtlRejectSinkOps spool_ops = {put_reject, flush_spool};

void
etl_deadletter_init(void)
{
	etl_reject_register_store(open_spool, check_not_read_only);
	previous_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = finish_query;
}

static void
check_not_read_only(void)
{
	if (XactReadOnly)
		ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
						errmsg("cannot store dead letters in a read-only "
							   "transaction"),
						errhint("Use another setting of on_error, such as "
								"'skip'.")));
}

/* A query around this one is in parallel mode, so this one can't write. */
static void
raise_parallel_mode(void)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
					errmsg("cannot store dead letters during a parallel "
						   "operation"),
					errhint("Mark the function that reads with on_error => "
							"'dead_letter' as PARALLEL UNSAFE.")));
}

/*
 * A spool of the query whose rejects look like the origin's, or NULL.
 */
static Spool *
find_spool(EState *estate, const EtlRejectOrigin *origin)
{
	dlist_iter iter;

	dlist_foreach(iter, &spools)
	{
		Spool *spool = dlist_container(Spool, node, iter.cur);

		if (spool->estate == estate &&
			strcmp(spool->format, origin->format) == 0 &&
			strcmp(spool->options_text, origin->options) == 0)
			return spool;
	}
	return NULL;
}

/* Opens a spool for one scan of the query; see EtlRejectStoreOpen. */
static EtlRejectSink *
open_spool(const EtlRejectOrigin *origin)
{
	EState *estate = origin->estate;
	MemoryContext old;
	Spool *spool;

	check_not_read_only();

	/*
	 * A recheck of a locked row runs in a state that is never finished, and
	 * reads what the query itself has read: its spool knows those rejects.
	 */
	while (estate->es_epq_active != NULL)
		estate = estate->es_epq_active->parentestate;
	if (estate != origin->estate)
	{
		spool = find_spool(estate, origin);
		if (spool != NULL)
			return &spool->base;
	}

	if (IsParallelWorker() ||
		(IsInParallelMode() && !estate->es_use_parallel_mode))
		raise_parallel_mode();

	old = MemoryContextSwitchTo(estate->es_query_cxt);
	spool = palloc0(sizeof(Spool));
	spool->base.ops = &spool_ops;
	spool->estate = estate;
	spool->context =
		AllocSetContextCreate(estate->es_query_cxt, "pg_etl dead letters",
							  ALLOCSET_SMALL_SIZES);
	spool->base.seen = etl_reject_seen_new(spool->context);
	MemoryContextSwitchTo(spool->context);
	spool->desc = etl_deadletter_table_desc();
	spool->owner_oid = GetUserId();
	spool->owner = GetUserNameFromId(spool->owner_oid, false);
	spool->format = pstrdup(origin->format);
	spool->options_text = pstrdup(origin->options);
	spool->options =
		DirectFunctionCall1(jsonb_in, CStringGetDatum(spool->options_text));
	MemoryContextSwitchTo(old);

	dlist_push_tail(&spools, &spool->node);
	spool->callback.func = forget_spool;
	spool->callback.arg = spool;
	MemoryContextRegisterResetCallback(spool->context, &spool->callback);
	return &spool->base;
}

/* The query's memory goes away, after its end or by an error. */
static void
forget_spool(void *arg)
{
	Spool *spool = arg;

	dlist_delete(&spool->node);
}

/* Sets a text column; bytes that are no text are escaped, NULL is null. */
static void
set_text(Datum *values, bool *isnull, EtlDeadLetterColumn column,
		 const char *text)
{
	if (text == NULL)
		return;
	if (!pg_verifymbstr(text, strlen(text), true))
		text = etl_reject_excerpt(text, strlen(text), PG_INT32_MAX);
	values[column] = CStringGetTextDatum(text);
	isnull[column] = false;
}

static void
set_value(Datum *values, bool *isnull, EtlDeadLetterColumn column, Datum value)
{
	values[column] = value;
	isnull[column] = false;
}

/* Makes a row of a reject; everything lies in the current memory context. */
static void
fill_row(const Spool *spool, const EtlReject *reject, Datum *values,
		 bool *isnull)
{
	memset(values, 0, sizeof(Datum) * spool->desc->natts);
	memset(isnull, true, sizeof(bool) * spool->desc->natts);

	set_text(values, isnull, ETL_DEAD_LETTER_SOURCE, reject->source);
	if (reject->line > 0)
		set_value(values, isnull, ETL_DEAD_LETTER_LINE,
				  Int64GetDatum(reject->line));
	set_value(values, isnull, ETL_DEAD_LETTER_RECORD_NO,
			  Int64GetDatum(reject->record_no));
	set_value(values, isnull, ETL_DEAD_LETTER_BYTE_OFFSET,
			  Int64GetDatum(reject->offset));

	/* A bytea is laid out as a text is. */
	if (reject->raw)
		set_value(values, isnull, ETL_DEAD_LETTER_RAW,
				  PointerGetDatum(
					  cstring_to_text_with_len(reject->raw, reject->raw_len)));
	set_text(values, isnull, ETL_DEAD_LETTER_STAGE,
			 etl_stage_name(reject->stage));
	set_text(values, isnull, ETL_DEAD_LETTER_SQLSTATE,
			 unpack_sql_state(reject->sqlerrcode));
	set_text(values, isnull, ETL_DEAD_LETTER_MESSAGE, reject->message);
	set_text(values, isnull, ETL_DEAD_LETTER_DETAIL, reject->detail);
	set_text(values, isnull, ETL_DEAD_LETTER_COLUMN_NAME, reject->column_name);
	set_text(values, isnull, ETL_DEAD_LETTER_CONSTRAINT_NAME,
			 reject->constraint_name);
	set_value(values, isnull, ETL_DEAD_LETTER_ATTEMPTS, Int32GetDatum(0));
	set_text(values, isnull, ETL_DEAD_LETTER_STATUS, "pending");
	set_value(values, isnull, ETL_DEAD_LETTER_CREATED_AT,
			  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	set_value(values, isnull, ETL_DEAD_LETTER_OWNER,
			  DirectFunctionCall1(namein, CStringGetDatum(spool->owner)));
	set_value(values, isnull, ETL_DEAD_LETTER_OWNER_OID,
			  ObjectIdGetDatum(spool->owner_oid));
	set_text(values, isnull, ETL_DEAD_LETTER_FORMAT, spool->format);
	set_value(values, isnull, ETL_DEAD_LETTER_OPTIONS, spool->options);
}

static void
put_reject(EtlRejectSink *self, const EtlReject *reject)
{
	Spool *spool = (Spool *) self;
	MemoryContext row_context;
	MemoryContext old = MemoryContextSwitchTo(spool->context);
	Datum *values;
	bool *isnull;

	if (spool->rows == NULL)
		spool->rows = tuplestore_begin_heap(false, false, SPOOL_KILOBYTES);

	row_context = AllocSetContextCreate(spool->context, "pg_etl dead letter",
										ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(row_context);
	values = palloc(sizeof(Datum) * spool->desc->natts);
	isnull = palloc(sizeof(bool) * spool->desc->natts);
	fill_row(spool, reject, values, isnull);
	tuplestore_putvalues(spool->rows, spool->desc, values, isnull);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(row_context);
}

/* Nothing to do before the query's end. */
static void
flush_spool(EtlRejectSink *self)
{
}

/* ExecutorFinish_hook: writes what the query's scans have rejected. */
static void
finish_query(QueryDesc *query)
{
	dlist_mutable_iter iter;

	if (previous_finish)
		previous_finish(query);
	else
		standard_ExecutorFinish(query);

	dlist_foreach_modify(iter, &spools)
	{
		Spool *spool = dlist_container(Spool, node, iter.cur);

		if (spool->estate == query->estate && spool->rows != NULL)
			write_spool(spool);
	}
}

/* Inserts the rows and empties the spool. */
static void
write_spool(Spool *spool)
{
	EtlDeadLetterWriter *writer;
	TupleTableSlot *slot;

	check_not_read_only();
	if (IsInParallelMode())
		raise_parallel_mode();
	writer = etl_deadletter_writer_open();
	slot = MakeSingleTupleTableSlot(spool->desc, &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(spool->rows, true, false, slot))
	{
		slot_getallattrs(slot);
		etl_deadletter_writer_insert(writer, slot->tts_values,
									 slot->tts_isnull);
	}
	ExecDropSingleTupleTableSlot(slot);
	etl_deadletter_writer_close(writer);
	tuplestore_end(spool->rows);
	spool->rows = NULL;
}
