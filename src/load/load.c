/*
 * load.c
 *	  A load: rows in, rows of the target out.
 *
 * A row is formed (input.c), judged as far as its values tell (row_checks.c, the
 * writer), kept in a batch, and stored with it (store.c).  Wherever it is
 * refused, it becomes a reject with the place that it came from.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "load/deferred.h"
#include "load/input.h"
#include "load/load.h"
#include "load/room.h"
#include "load/row_checks.h"
#include "load/set_checks.h"
#include "load/source_names.h"
#include "load/writer.h"

const char *const etl_load_mode_names[] = {"append", "replace", "slice", NULL};

static void refuse(EtlLoad *load, const EtlRefusal *refusal,
				   const char *column, EtlCheck *check, const EtlPlace *place,
				   const char *record);
static char *row_as_json(const EtlLoad *load, TupleDesc desc, Datum *values,
						 bool *isnull);
static void settle(EtlLoad *load);
static void take_back(void *arg, EtlLoadRow *row);

EtlLoad *
etl_load_begin(const EtlLoadRequest *request)
{
	EtlLoad *load = palloc0(sizeof(EtlLoad));

	PreventCommandIfReadOnly("etl_load()");
	PreventCommandIfParallelMode("etl_load()");
	PreventCommandDuringRecovery("etl_load()");
	load->context = CurrentMemoryContext;
	load->request = request;
	load->started_at = GetCurrentTimestamp();
	load->id = etl_ledger_next_id();
	etl_room_check_privileges(request);
	load->target =
		etl_target_open(request->target, etl_room_lock_mode(request));
	load->estate = CreateExecutorState();
	load->policy =
		etl_reject_policy_new(request->on_error, request->reject_limit,
							  request->reject_limit_percent, NULL);
	load->policy->single_pass = true;
	load->batch = etl_batch_new();
	load->checks = etl_checks_parse(request->checks, load->target);
	load->row_checks = etl_row_checks_new(load->target, load->checks,
										  request->slice, load->estate);
	load->set_checks = etl_set_checks_new(load->target, load->checks);
	load->snapshot = RegisterSnapshot(GetTransactionSnapshot());
	etl_progress_enter(load, ETL_LOAD_INITIALIZING);
	if (!request->skip_loaded)
		etl_load_make_room(load);
	return load;
}

void
etl_load_make_room(EtlLoad *load)
{
	if (load->has_room)
		return;
	load->has_room = true;
	if (load->request->mode == ETL_LOAD_APPEND)
		return;
	etl_progress_enter(load, ETL_LOAD_DELETING);
	etl_room_make(load);
}

TupleDesc
etl_load_source_desc(EtlLoad *load)
{
	const EtlTarget *target = load->target;
	List *attnos = list_concat_copy(target->attnos, target->forbidden);
	TupleDesc desc = CreateTemplateTupleDesc(list_length(attnos));
	ListCell *lc;

	list_sort(attnos, list_int_cmp);
	foreach (lc, attnos)
	{
		int i = foreach_current_index(lc);

		TupleDescCopyEntry(desc, i + 1, target->desc, lfirst_int(lc));
		if (list_member_int(target->forbidden, lfirst_int(lc)))
			load->forbidden = bms_add_member(load->forbidden, i);
	}
	return BlessTupleDesc(desc);
}

/* Raises 42501 if there is a value for a column that the user may not fill. */
static void
check_forbidden(const EtlLoad *load, const bool *isnull)
{
	int i = -1;

	while ((i = bms_next_member(load->forbidden, i)) >= 0)
		if (!isnull[i])
			aclcheck_error_col(ACLCHECK_NO_PRIV, OBJECT_COLUMN,
							   RelationGetRelationName(load->target->rel),
							   NameStr(
								   TupleDescAttr(load->row_desc, i)->attname));
}

/* Tells the writer what the checks want to see. */
static void
show_rows(EtlLoad *load)
{
	EtlWriter *writer = load->writer;

	writer->checks = load->row_checks;
	writer->keep_stored = load->set_checks != NULL;
	if (load->row_checks)
		writer->shown = bms_copy(etl_row_checks_columns(load->row_checks));
	if (load->set_checks)
		writer->shown =
			bms_add_members(writer->shown,
							etl_set_checks_columns(load->set_checks));
	if (writer->shown && load->target->by_insert)
		etl_insert_writer_prepare(writer, etl_input_absent(load->input));
}

void
etl_load_expect(EtlLoad *load, TupleDesc desc)
{
	MemoryContext old = MemoryContextSwitchTo(load->estate->es_query_cxt);

	load->row_desc = desc;
	load->input_slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	if (!load->target->by_insert)
		etl_compat_init_insert(load->estate, load->target->rel,
							   RowExclusiveLock, load->target->attnos);
	load->input =
		etl_input_new(load->target, desc, load->forbidden, load->estate);
	if (!etl_input_is_direct(load->input))
		load->slot =
			MakeSingleTupleTableSlot(load->target->desc, &TTSOpsVirtual);
	if (load->target->by_insert)
		load->immediate = etl_deferred_make_immediate(load->target->results);
	load->writer = load->target->by_insert
					   ? etl_insert_writer_new(load->target, load->estate)
					   : etl_heap_writer_new(load->target, load->estate);
	show_rows(load);
	load->writer->removed = take_back;
	load->writer->removed_arg = load;
	MemoryContextSwitchTo(load->context);
	load->ignored = list_concat(load->ignored, etl_input_ignored(load->input));
	MemoryContextSwitchTo(old);
	etl_progress_enter(load, ETL_LOAD_LOADING);
}

const Bitmapset *
etl_load_with_defaults(const EtlLoad *load)
{
	return etl_input_with_defaults(load->input);
}

void
etl_load_lacks(EtlLoad *load, int column)
{
	etl_input_lacks(load->input, column);
}

/* The row that is put, as JSON. */
static char *
put_as_json(const EtlLoad *load, TupleTableSlot *row)
{
	return row_as_json(load, load->row_desc, row->tts_values, row->tts_isnull);
}

/* Loads a row; in the memory of this row alone. */
static void
put_row(EtlLoad *load, TupleTableSlot *row, const EtlPlace *place)
{
	TupleTableSlot *slot = load->slot ? load->slot : row;
	EtlVerdict verdict;
	EtlLoadRow *added;

	verdict.failed = NULL;
	verdict.warned = NULL;
	if (unlikely((load->slot &&
				  !etl_input_form(load->input, row, slot, &verdict.refusal,
								  &verdict.column)) ||
				 !load->writer->ops->prepare(load->writer, slot,
											 &verdict.refusal,
											 &verdict.column)))
	{
		refuse(load, &verdict.refusal, verdict.column, NULL, place,
			   place->raw ? NULL : put_as_json(load, row));
		return;
	}
	if (load->row_checks && !load->writer->known_when_stored)
	{
		etl_row_checks_judge(load->row_checks, slot, &verdict);
		if (verdict.failed)
		{
			refuse(load, &verdict.refusal, verdict.column, verdict.failed,
				   place, place->raw ? NULL : put_as_json(load, row));
			return;
		}
	}
	added = load->writer->ops->add(load->writer, slot, load->batch, place);
	added->absent = etl_input_absent(load->input);
	if (unlikely(verdict.warned))
	{
		MemoryContextSwitchTo(load->batch->context);
		added->warned = etl_warned_copy(verdict.warned);
	}
}

void
etl_load_put(EtlLoad *load, Datum *values, bool *isnull, const EtlPlace *place)
{
	TupleTableSlot *row = load->input_slot;
	MemoryContext old;

	if (unlikely(load->forbidden != NULL))
		check_forbidden(load, isnull);
	ResetPerTupleExprContext(load->estate);
	row->tts_values = values;
	row->tts_isnull = isnull;
	ExecClearTuple(row);
	ExecStoreVirtualTuple(row);
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(load->estate));
	put_row(load, row, place);
	MemoryContextSwitchTo(old);
	if (load->batch->full)
		etl_load_flush(load);
}

/*
 * Makes a reject of a row that was refused, by a check if that is not NULL;
 * record is the row if it has no raw bytes.
 */
static void
refuse(EtlLoad *load, const EtlRefusal *refusal, const char *column,
	   EtlCheck *check, const EtlPlace *place, const char *record)
{
	EtlReject reject = {0};
	EtlRejectSink *sink;

	reject.stage = refusal->stage;
	reject.sqlerrcode = refusal->sqlerrcode;
	reject.message = refusal->message;
	reject.detail = refusal->detail;
	reject.hint = refusal->hint;
	reject.column_name = column;
	reject.constraint_name = refusal->constraint_name;
	reject.source = place->source;
	reject.line = place->line;
	reject.record_no = place->record_no;
	reject.offset = place->offset;
	reject.raw = place->raw;
	reject.raw_len = place->raw_len;
	reject.record = record;
	if (check)
	{
		check->failures++;
		if (check->on_fail == ETL_ON_FAIL_ABORT)
			etl_reject_raise(&reject);
	}
	sink = load->policy->sink;
	load->policy->sink = place->sink;
	etl_reject_record(load->policy, &reject);
	load->policy->sink = sink;
}

/* A row as the text of a JSON object, palloc'd, where that is kept. */
static char *
row_as_json(const EtlLoad *load, TupleDesc desc, Datum *values, bool *isnull)
{
	HeapTuple tuple;

	if (load->request->on_error != ETL_ON_ERROR_DEAD_LETTER)
		return NULL;
	tuple = heap_form_tuple(desc, values, isnull);
	return TextDatumGetCString(
		DirectFunctionCall1(row_to_json,
							heap_copy_tuple_as_datum(tuple, desc)));
}

void
etl_load_flush(EtlLoad *load)
{
	MemoryContext old;

	if (load->batch->nrows == 0)
		return;
	old = MemoryContextSwitchTo(load->batch->context);
	etl_writer_store(load->writer, load->batch);
	settle(load);
	MemoryContextSwitchTo(old);
	etl_batch_reset(load->batch);
	etl_progress_restore(load);
}

/* The 0-based columns of a row that have values of their own, as a list. */
static List *
present_columns(const EtlLoadRow *row, TupleDesc desc)
{
	List *columns = NIL;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped &&
			!bms_is_member(i, row->absent))
			columns = lappend_int(columns, i);
	return columns;
}

/* A stored row as JSON, without what the target's defaults were to fill. */
static char *
stored_as_json(EtlLoad *load, EtlLoadRow *row)
{
	TupleDesc desc = etl_writer_row_desc(load->writer, row);
	Datum *values = palloc(sizeof(Datum) * desc->natts);
	bool *isnull = palloc(sizeof(bool) * desc->natts);
	List *columns;
	TupleDesc present;
	ListCell *lc;

	if (row->place.raw)
		return NULL;
	columns = present_columns(row, desc);
	present = CreateTemplateTupleDesc(list_length(columns));
	heap_deform_tuple(&row->tuple, desc, values, isnull);
	foreach (lc, columns)
	{
		int n = foreach_current_index(lc);

		values[n] = values[lfirst_int(lc)];
		isnull[n] = isnull[lfirst_int(lc)];
		TupleDescCopyEntry(present, n + 1, desc, lfirst_int(lc) + 1);
	}
	return row_as_json(load, BlessTupleDesc(present), values, isnull);
}

/* Counts what became of the batch's rows, and rejects those refused. */
static void
settle(EtlLoad *load)
{
	EtlBatch *batch = load->batch;
	MemoryContext old;

	for (int i = 0; i < batch->nrows; i++)
	{
		EtlLoadRow *row = &batch->rows[i];

		switch (row->fate)
		{
			case ETL_FATE_STORED:
				load->counts.inserted++;
				if (unlikely(row->warned))
					etl_row_checks_note(row->warned, &row->place);
				if (load->set_checks)
					etl_set_checks_add(load->set_checks,
									   etl_writer_stored_row(load->writer,
															 row));
				break;
			case ETL_FATE_SUPPRESSED:
				load->counts.suppressed++;
				break;
			case ETL_FATE_REFUSED:
				CHECK_FOR_INTERRUPTS();
				ResetPerTupleExprContext(load->estate);
				old = MemoryContextSwitchTo(
					GetPerTupleMemoryContext(load->estate));
				refuse(load, row->refusal, row->refused_column,
					   row->failed_check, &row->place,
					   stored_as_json(load, row));
				MemoryContextSwitchTo(old);
				break;
		}
	}
}

/* A row was removed again, since all rows together show that it can't stay. */
static void
take_back(void *arg, EtlLoadRow *row)
{
	EtlLoad *load = arg;

	load->counts.inserted--;
	refuse(load, row->refusal, row->refused_column, NULL, &row->place,
		   stored_as_json(load, row));
}

void
etl_load_skip(EtlLoad *load)
{
	load->skipped = true;
	FreeExecutorState(load->estate);
	UnregisterSnapshot(load->snapshot);
	etl_target_close(load->target);
}

void
etl_load_settle(EtlLoad *load)
{
	etl_load_flush(load);
	if (load->writer->ops->settle)
		load->writer->ops->settle(load->writer);
}

void
etl_load_finish(EtlLoad *load)
{
	etl_load_settle(load);
	etl_progress_enter(load, ETL_LOAD_FINISHING);
	load->writer->ops->finish(load->writer);
	etl_deferred_restore(load->immediate);
	ExecDropSingleTupleTableSlot(load->input_slot);
	if (load->slot)
		ExecDropSingleTupleTableSlot(load->slot);
	FreeExecutorState(load->estate);
	UnregisterSnapshot(load->snapshot);
	CommandCounterIncrement();
	if (load->set_checks)
		etl_set_checks_run(load->set_checks);
	load->counts.rejected = load->policy->rejected;
	etl_reject_finish(load->policy, load->counts.read);
	etl_checks_warn(load->checks);
	etl_source_names_warn(load);
	etl_room_finish(load);
	etl_target_close(load->target);
}
