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
 *
 * A load has no query around its scan, and may write at any time.  Its spools
 * live in the load's memory, and are written when they are full, so that they
 * need no file, and when the load says so.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/toast_compression.h"
#include "access/toast_internals.h"
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
#include "row/guard.h"

/* How much of a query's spool stays in memory. */
#define SPOOL_KILOBYTES 256

/* A load's spool is full with so many bytes, which take at most twice as much. */
#define FULL_BYTES (512 * 1024)
#define LOAD_SPOOL_KILOBYTES (2 * FULL_BYTES / 1024 + 128)

typedef struct Spool
{
	EtlRejectSink base;
	dlist_node node; /* in spools, until freed */
	EState *estate;  /* of the query, not of a recheck in it; NULL: none */
	MemoryContext context;
	MemoryContextCallback callback;

	TupleDesc desc;
	Tuplestorestate *rows; /* NULL until the first reject */
	size_t bytes;          /* about what it holds */
	MemoryContext row_context;

	/* What all rows have in common. */
	const char *format;
	const char *options_text;
	int64 load_id; /* 0: none */
	Oid target;    /* the same */
	Datum *values; /* a row; what they all have is filled in */
	bool *isnull;
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
static void fill_common(Spool *spool);

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
	while (estate && estate->es_epq_active != NULL)
		estate = estate->es_epq_active->parentestate;
	if (estate != origin->estate)
	{
		spool = find_spool(estate, origin);
		if (spool != NULL)
			return &spool->base;
	}

	if (IsParallelWorker() ||
		(IsInParallelMode() && !(estate && estate->es_use_parallel_mode)))
		raise_parallel_mode();

	old = MemoryContextSwitchTo(estate ? estate->es_query_cxt
									   : CurrentMemoryContext);
	spool = palloc0(sizeof(Spool));
	spool->base.ops = &spool_ops;
	spool->estate = estate;
	spool->load_id = origin->load_id;
	spool->target = origin->target;
	spool->context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl dead letters",
							  ALLOCSET_SMALL_SIZES);
	spool->base.seen = etl_reject_seen_new(spool->context);
	MemoryContextSwitchTo(spool->context);
	spool->desc = etl_deadletter_table_desc();
	spool->row_context =
		AllocSetContextCreate(spool->context, "pg_etl dead letter",
							  ALLOCSET_DEFAULT_SIZES);
	spool->format = pstrdup(origin->format);
	spool->options_text = pstrdup(origin->options);
	fill_common(spool);
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

const char *
etl_deadletter_printable(const char *text)
{
	if (pg_verifymbstr(text, strlen(text), true))
		return text;
	return etl_reject_excerpt(text, strlen(text), PG_INT32_MAX);
}

/* Sets a text column; NULL is null. */
static void
set_text(Datum *values, bool *isnull, EtlDeadLetterColumn column,
		 const char *text)
{
	if (text == NULL)
		return;
	values[column] = CStringGetTextDatum(etl_deadletter_printable(text));
	isnull[column] = false;
}

static void
set_value(Datum *values, bool *isnull, EtlDeadLetterColumn column, Datum value)
{
	values[column] = value;
	isnull[column] = false;
}

/*
 * The value, compressed where that helps: once for all rows, of which it would be
 * the larger part.
 */
static Datum
compressed(Datum value)
{
	Datum result = toast_compress_datum(value, TOAST_PGLZ_COMPRESSION);

	return DatumGetPointer(result) ? result : value;
}

/* Makes a row of what all rejects have in common. */
static void
fill_common(Spool *spool)
{
	Datum *values = palloc0(sizeof(Datum) * spool->desc->natts);
	bool *isnull = palloc(sizeof(bool) * spool->desc->natts);
	Oid owner = GetUserId();

	spool->values = values;
	spool->isnull = isnull;
	memset(isnull, true, sizeof(bool) * spool->desc->natts);
	if (spool->load_id > 0)
		set_value(values, isnull, ETL_DEAD_LETTER_LOAD_ID,
				  Int64GetDatum(spool->load_id));
	if (OidIsValid(spool->target))
		set_value(values, isnull, ETL_DEAD_LETTER_TARGET,
				  ObjectIdGetDatum(spool->target));
	set_value(values, isnull, ETL_DEAD_LETTER_ATTEMPTS, Int32GetDatum(0));
	set_text(values, isnull, ETL_DEAD_LETTER_STATUS, "pending");
	set_value(values, isnull, ETL_DEAD_LETTER_CREATED_AT,
			  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	set_value(values, isnull, ETL_DEAD_LETTER_OWNER,
			  DirectFunctionCall1(
				  namein, CStringGetDatum(GetUserNameFromId(owner, false))));
	set_value(values, isnull, ETL_DEAD_LETTER_OWNER_OID,
			  ObjectIdGetDatum(owner));
	set_text(values, isnull, ETL_DEAD_LETTER_FORMAT, spool->format);
	set_value(values, isnull, ETL_DEAD_LETTER_OPTIONS,
			  compressed(
				  DirectFunctionCall1(jsonb_in,
									  CStringGetDatum(spool->options_text))));
}

typedef struct RecordText
{
	const char *text;
	Datum value;
} RecordText;

static bool
parse_record(void *arg, EtlRefusal *refusal)
{
	RecordText *record = arg;

	record->value =
		DirectFunctionCall1(jsonb_in, CStringGetDatum(record->text));
	return true;
}

/*
 * Keeps the text of an object.  What jsonb can't hold, such as \u0000 in a value
 * of type json, is kept as the bytes of a JSON text.
 */
static void
set_record(Datum *values, bool *isnull, const char *text)
{
	EtlGuard guard = {ETL_GUARD_PLAIN, false, false};
	RecordText record = {.text = text};
	EtlRefusal refusal;
	char *utf8;

	if (etl_guard_call(&guard, parse_record, &record, &refusal))
	{
		set_value(values, isnull, ETL_DEAD_LETTER_RECORD, record.value);
		return;
	}
	utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
	set_value(values, isnull, ETL_DEAD_LETTER_RAW,
			  PointerGetDatum(cstring_to_text(utf8)));
}

/* Makes a row of a reject; everything lies in the current memory context. */
static void
fill_row(const Spool *spool, const EtlReject *reject, Datum *values,
		 bool *isnull)
{
	memcpy(values, spool->values, sizeof(Datum) * spool->desc->natts);
	memcpy(isnull, spool->isnull, sizeof(bool) * spool->desc->natts);

	set_text(values, isnull, ETL_DEAD_LETTER_SOURCE, reject->source);
	if (reject->line > 0)
		set_value(values, isnull, ETL_DEAD_LETTER_LINE,
				  Int64GetDatum(reject->line));
	set_value(values, isnull, ETL_DEAD_LETTER_RECORD_NO,
			  Int64GetDatum(reject->record_no));
	if (reject->raw)
		set_value(values, isnull, ETL_DEAD_LETTER_BYTE_OFFSET,
				  Int64GetDatum(reject->offset));

	/* A bytea is laid out as a text is. */
	if (reject->raw)
		set_value(values, isnull, ETL_DEAD_LETTER_RAW,
				  PointerGetDatum(
					  cstring_to_text_with_len(reject->raw, reject->raw_len)));
	else if (reject->record)
		set_record(values, isnull, reject->record);
	set_text(values, isnull, ETL_DEAD_LETTER_STAGE,
			 etl_stage_name(reject->stage));
	set_text(values, isnull, ETL_DEAD_LETTER_SQLSTATE,
			 unpack_sql_state(reject->sqlerrcode));
	set_text(values, isnull, ETL_DEAD_LETTER_MESSAGE, reject->message);
	set_text(values, isnull, ETL_DEAD_LETTER_DETAIL, reject->detail);
	set_text(values, isnull, ETL_DEAD_LETTER_COLUMN_NAME, reject->column_name);
	set_text(values, isnull, ETL_DEAD_LETTER_CONSTRAINT_NAME,
			 reject->constraint_name);
}

static void
put_reject(EtlRejectSink *self, const EtlReject *reject)
{
	Spool *spool = (Spool *) self;
	MemoryContext old = MemoryContextSwitchTo(spool->context);
	Datum *values;
	bool *isnull;

	if (spool->rows == NULL)
		spool->rows =
			tuplestore_begin_heap(false, false,
								  spool->estate ? SPOOL_KILOBYTES
												: LOAD_SPOOL_KILOBYTES);

	MemoryContextSwitchTo(spool->row_context);
	values = palloc(sizeof(Datum) * spool->desc->natts);
	isnull = palloc(sizeof(bool) * spool->desc->natts);
	fill_row(spool, reject, values, isnull);
	tuplestore_putvalues(spool->rows, spool->desc, values, isnull);
	spool->bytes += heap_compute_data_size(spool->desc, values, isnull);
	MemoryContextReset(spool->row_context);
	MemoryContextSwitchTo(old);
	if (spool->estate == NULL && spool->bytes >= FULL_BYTES)
		write_spool(spool);
}

/* Nothing to do before the query's end, if there is a query. */
static void
flush_spool(EtlRejectSink *self)
{
	Spool *spool = (Spool *) self;

	if (spool->estate == NULL && spool->bytes > 0)
		write_spool(spool);
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

		if (spool->estate == query->estate && spool->bytes > 0)
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
	if (spool->estate)
	{
		tuplestore_end(spool->rows);
		spool->rows = NULL;
	}
	else
		tuplestore_clear(spool->rows);
	spool->bytes = 0;
}
