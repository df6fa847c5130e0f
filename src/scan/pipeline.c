/*
 * pipeline.c
 *	  Runs a call: items -> streams -> readers -> rows.
 *
 * The items of a source are read one after the other; all that belongs to one
 * lives in a memory context that is reset before the next.  A second context
 * is reset for each record.
 *
 * A place in a query may run its call several times, from the start, with the
 * same arguments or others.  Its history keeps the policy for rejects, which
 * knows the records that it has met before, and the store that they go to.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/memnodes.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "scan/pipeline_private.h"

/* How many records are read one by one after a few that were not. */
#define NOT_AHEAD 32

static void place_record(EtlScan *scan);
static bool next_record(EtlScan *scan, Datum *values, bool *isnull);
static bool next_item(EtlScan *scan);
static void warn_of_missed(EtlScan *scan);
static void close_items(EtlScan *scan);
static void finish(EtlScan *scan);
static EtlRejectSink *open_store(EtlScanHistory *history, const EtlCall *call,
								 char *options);
static bool same_percent(double a, double b);
static void take_reject(EtlScan *scan, const EtlReject *reject,
						bool record_stands);
static EtlRow *make_row(EtlScan *scan, TupleDesc desc,
						const Bitmapset *needed);
static void scan_error_context(void *arg);

EtlScanHistory *
etl_scan_history_new(EState *estate)
{
	EtlScanHistory *history = palloc0(sizeof(EtlScanHistory));

	history->context = CurrentMemoryContext;
	history->estate = estate;
	return history;
}

EtlScanCounts
etl_scan_history_counts(const EtlScanHistory *history)
{
	EtlScanCounts counts = history->counts;

	for (int i = 1; i < history->nprocesses; i++)
		etl_scan_counts_add(&counts, &history->processes[i], 1);
	return counts;
}

void
etl_scan_counts_add(EtlScanCounts *counts, const EtlScanCounts *other,
					int factor)
{
	counts->items += other->items * factor;
	counts->pieces += other->pieces * factor;
	counts->bytes += other->bytes * factor;
	counts->records += other->records * factor;
	counts->rejects += other->rejects * factor;
	counts->requests += other->requests * factor;
	counts->retries += other->retries * factor;
}

const EtlScanCounts *
etl_scan_history_processes(const EtlScanHistory *history, int *n)
{
	*n = history->nprocesses;
	if (*n > 0)
		history->processes[0] = history->counts;
	return history->processes;
}

const char *
etl_scan_history_description(const EtlScanHistory *history)
{
	return history->description;
}

void
etl_scan_history_end(EtlScanHistory *history)
{
	if (history->policy)
		etl_reject_warn(history->policy);
}

EtlScan *
etl_scan_begin(EtlCall *call, TupleDesc desc, const Bitmapset *needed,
			   EtlScanHistory *history)
{
	EtlScan *scan = palloc0(sizeof(EtlScan));

	scan->call = call;
	scan->format = call->format;
	scan->history = history;
	scan->item_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl item",
							  ALLOCSET_DEFAULT_SIZES);
	scan->record_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl record",
							  ALLOCSET_DEFAULT_SIZES);
	scan->share = history->share;
	if (scan->share && scan->share->paths)
		scan->items = etl_items_open_files(call, scan->share->paths,
										   scan->share->npaths);
	else
		scan->items = etl_items_open(call, history->estate
											   ? history->estate->es_query_cxt
											   : history->context);
	if (scan->format->form == NULL)
	{
		scan->row = make_row(scan, desc, needed);
		/* how many columns there are tells nothing where some may lack */
		if (!history->listener)
			scan->width = etl_row_ordinary_columns(desc);
	}
	return scan;
}

bool
etl_scan_next(EtlScan *scan, Datum *values, bool *isnull)
{
	ErrorContextCallback callback;
	MemoryContext old_context;
	bool found;

	if (scan->ended)
		return false;
	/* nothing can fail here, so nothing needs preparing */
	if (scan->next_ahead < scan->ahead &&
		etl_row_take(scan->row, scan->next_ahead, values, isnull))
	{
		scan->next_ahead++;
		return true;
	}

	callback.callback = scan_error_context;
	callback.arg = scan;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	old_context = MemoryContextSwitchTo(scan->record_context);

	while (!(found = next_record(scan, values, isnull)))
	{
		/* the item, or a piece of it, has ended, or none was open yet */
		if (!(scan->share ? etl_pieces_next(scan) : next_item(scan)))
			break;
	}

	MemoryContextSwitchTo(old_context);
	error_context_stack = callback.previous;
	if (!found)
		finish(scan);
	return found;
}

void
etl_scan_end(EtlScan *scan)
{
	if (scan->open)
		etl_scan_close_item(scan);
	if (!scan->ended)
		close_items(scan);
}

/* Adds what was done over the network since this was called last. */
static void
count_requests(EtlScan *scan)
{
	EtlScanCounts *counts = &scan->history->counts;
	EtlHttpCounts http = etl_items_counts(scan->items);

	counts->requests += http.requests - scan->counted_http.requests;
	counts->retries += http.retries - scan->counted_http.retries;
	scan->counted_http = http;
}

void
etl_scan_report(EtlScan *scan)
{
	EtlScanHistory *history = scan->history;
	EtlScanCounts *counts = &history->counts;
	uint64 bytes;
	int64 records;

	if (!scan->open)
		return;

	bytes = etl_stream_source_bytes(scan->raw);
	counts->bytes += bytes - scan->counted_bytes;
	records = scan->reader->records - (scan->ahead - scan->next_ahead);
	counts->records += records - scan->counted_records;
	scan->counted_bytes = bytes;
	scan->counted_records = records;
	count_requests(scan);

	if (history->estate && history->estate->es_instrument)
	{
		MemoryContext old_context = MemoryContextSwitchTo(history->context);

		if (history->description)
			pfree(history->description);
		history->description =
			scan->format->describe(scan->call, scan->reader);
		MemoryContextSwitchTo(old_context);
	}
}

/* Forms the next rows ahead of those that are asked for, if that can be. */
static bool
form_ahead(EtlScan *scan)
{
	int many = scan->row ? etl_row_many(scan->row) : 0;

	if (many == 0)
		return false;
	etl_scan_know_record(scan);
	scan->next_ahead = 0;
	scan->ahead = 0;
	/* where many records are not plain, trying costs more than it brings */
	if (scan->not_ahead > 0)
	{
		scan->not_ahead--;
		return false;
	}
	scan->phase = READING;
	scan->ahead =
		etl_reader_next_plain(scan->reader, many, &scan->ahead_fields);
	if (scan->ahead < many / 8)
		scan->not_ahead = NOT_AHEAD;
	if (scan->ahead == 0)
		return false;
	etl_row_form_many(scan->row, scan->ahead_fields, scan->reader->nwanted,
					  scan->ahead);
	return true;
}

/* Makes scan->record the one that the last row came from. */
void
etl_scan_know_record(EtlScan *scan)
{
	if (scan->next_ahead > 0)
	{
		etl_reader_plain_record(scan->reader, scan->next_ahead - 1,
								&scan->record);
		place_record(scan);
	}
}

/* Adds what lay before the item, where it is a piece of a source. */
static void
place_record(EtlScan *scan)
{
	const EtlItemStart *start = &scan->items->start;

	scan->record.line += start->lines;
	scan->record.record_no += start->records;
	scan->record.offset += start->bytes;
}

/* The same for a record that its reader rejects. */
static void
place_reject(const EtlScan *scan, EtlReject *reject)
{
	const EtlItemStart *start = &scan->items->start;

	reject->line += start->lines;
	reject->record_no += start->records;
	reject->offset += start->bytes;
}

/* Reads the open item up to its next row; false if it has none. */
static bool
next_record(EtlScan *scan, Datum *values, bool *isnull)
{
	EtlReject reject;

	while (scan->open)
	{
		EtlRowStatus status = ETL_ROW_OK;

		CHECK_FOR_INTERRUPTS();
		/* mostly nothing was allocated, and a call is not for nothing */
		if (unlikely(!scan->record_context->isReset))
			MemoryContextReset(scan->record_context);

		if (scan->next_ahead < scan->ahead || form_ahead(scan))
		{
			int i = scan->next_ahead++;

			if (likely(etl_row_take(scan->row, i, values, isnull)))
				return true;
			etl_reader_plain_record(scan->reader, i, &scan->record);
			place_record(scan);
		}
		else
		{
			scan->phase = READING;
			switch (etl_reader_next(scan->reader, &scan->record))
			{
				case ETL_READ_EOF:
					return false;
				case ETL_READ_REJECT:
					place_reject(scan, &scan->reader->reject);
					take_reject(scan, &scan->reader->reject, false);
					continue;
				case ETL_READ_RECORD:
					place_record(scan);
					break;
			}
		}

		scan->phase = CONVERTING;
		if (scan->row)
			status = etl_row_form(scan->row, scan->reader, &scan->record,
								  values, isnull, &reject);
		else if (!scan->format->form(scan->call, scan->reader, &scan->record,
									 values, isnull))
			continue;
		if (status == ETL_ROW_REJECT)
		{
			take_reject(scan, &reject, false);
			continue;
		}
		if (status == ETL_ROW_NULLED)
			take_reject(scan, &reject, true);
		return true;
	}
	return false;
}

/* Leaves the item that has ended for the next one; false if there is none. */
static bool
next_item(EtlScan *scan)
{
	if (scan->open)
	{
		etl_scan_item_ended(scan);
		etl_scan_close_item(scan);
	}
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!etl_items_next(scan->items) || !etl_scan_open_stream(scan))
			return false;
	} while (!etl_scan_item_is_wanted(scan));
	etl_scan_open_reader(scan);
	scan->history->counts.items++;
	etl_scan_open_policy(scan->history, scan->call,
						 etl_call_on_error(scan->call) ==
								 ETL_ON_ERROR_DEAD_LETTER
							 ? etl_scan_record_options(scan)
							 : NULL,
						 scan->nitems == 1);
	scan->history->policy->source_key = scan->items->key;
	return true;
}

/* Learns what there is to learn from an item that was read to its end. */
void
etl_scan_item_ended(EtlScan *scan)
{
	warn_of_missed(scan);
	etl_items_ended(scan->items, scan->reader);
}

bool
etl_scan_open_stream(EtlScan *scan)
{
	MemoryContext old_context;

	scan->record.line = 0;
	scan->phase = READING;
	MemoryContextReset(scan->item_context);
	old_context = MemoryContextSwitchTo(scan->item_context);
	scan->raw = etl_items_stream(scan->items);
	MemoryContextSwitchTo(old_context);
	return scan->raw != NULL;
}

void
etl_scan_open_reader(EtlScan *scan)
{
	MemoryContext old_context = MemoryContextSwitchTo(scan->item_context);

	scan->reader = scan->format->open(scan->raw, scan->items->name, scan->call,
									  scan->width);
	if (scan->row)
		etl_row_bind(scan->row, scan->reader);
	if (scan->history->listener && scan->history->listener->item_bound)
		scan->history->listener->item_bound(scan->history->listener,
											scan->reader);
	MemoryContextSwitchTo(old_context);

	scan->nitems++;
	scan->open = true;
	scan->counted_bytes = 0;
	scan->counted_records = 0;
}

void
etl_scan_close_item(EtlScan *scan)
{
	etl_scan_report(scan);
	scan->records += scan->reader->records;
	scan->open = false;
	etl_reader_close(scan->reader);
}

/*
 * Tells who finds nothing in the first item where to look.  It is no error: a
 * record may lack all that is wanted.
 */
static void
warn_of_missed(EtlScan *scan)
{
	const char *path = NULL;

	if (scan->history->counts.items == 1 && scan->format->missed)
		path = scan->format->missed(scan->call, scan->reader);
	if (path)
		ereport(WARNING,
				(errmsg("\"%s\" was read as one record, which has none of the "
						"columns",
						scan->items->name),
				 errhint("Its records seem to be at \"%s\", which the option "
						 "\"records\" takes.",
						 path)));
}

/* Nothing more is read. */
static void
close_items(EtlScan *scan)
{
	scan->ended = true;
	count_requests(scan);
	etl_items_close(scan->items);
}

/* The source has ended: the limits are judged, and the user is told. */
static void
finish(EtlScan *scan)
{
	close_items(scan);
	/* who listens, or shares, has more to reject, and judges it all */
	if (scan->history->policy && !scan->share && !scan->history->listener)
		etl_reject_finish(scan->history->policy, scan->records);
}

/*
 * A new policy for the history's first item or for other settings, else the one
 * that knows the earlier rejects.
 */
void
etl_scan_open_policy(EtlScanHistory *history, const EtlCall *call,
					 char *record_options, bool new_pass)
{
	EtlRejectPolicy *policy = history->policy;
	const EtlScanOptions *options = call->options;
	EtlOnError on_error = etl_call_on_error(call);
	EtlRejectSink *sink = NULL;

	if (history->listener && history->listener->sink)
		sink = history->listener->sink;
	else if (on_error == ETL_ON_ERROR_DEAD_LETTER)
		sink = open_store(history, call, record_options);

	if (history->listener)
	{
		policy->sink = sink;
		return;
	}
	if (policy &&
		(policy->on_error != on_error ||
		 policy->limit != options->reject_limit ||
		 !same_percent(policy->limit_percent, options->reject_limit_percent)))
	{
		etl_reject_warn(policy);
		policy = NULL;
	}
	if (!policy)
	{
		MemoryContext old_context = MemoryContextSwitchTo(history->context);

		policy = etl_reject_policy_new(on_error, options->reject_limit,
									   options->reject_limit_percent, sink);
		MemoryContextSwitchTo(old_context);
		history->policy = policy;
	}
	else if (new_pass)
		etl_reject_restart(policy);
	policy->sink = sink;
}

/* Whether two limits are the same; NaN is none. */
static bool
same_percent(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void
append_option(StringInfo out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(out, ", \"%s\": ", name);
	escape_json(out, value);
}

/*
 * The options that read a single record of the open item into the same columns:
 * what its reader chose, which field each column is, and how values are written.
 */
char *
etl_scan_record_options(EtlScan *scan)
{
	const EtlScanOptions *options = scan->call->options;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out,
						   scan->format->pinned_options(scan->call,
														scan->reader, true));
	/* It is an object; go on before its closing brace. */
	out.data[--out.len] = '\0';
	if (scan->row)
	{
		appendStringInfoString(&out, ", \"columns\": ");
		etl_row_append_columns(scan->row, &out);
	}
	append_option(&out, "decimal_separator", options->decimal_separator);
	append_option(&out, "thousands_separator", options->thousands_separator);
	if (options->date_formats)
		appendStringInfo(&out, ", \"date_formats\": %s",
						 JsonbToCString(NULL, &options->date_formats->root,
										-1));
	appendStringInfoChar(&out, '}');
	return out.data;
}

/*
 * Opens the store for rejects of the call's items that are read with these
 * options, which it frees.  One store serves all items that were understood in
 * the same way.
 */
static EtlRejectSink *
open_store(EtlScanHistory *history, const EtlCall *call, char *options)
{
	if (!history->store || strcmp(history->store_options, options) != 0)
	{
		EtlRejectOrigin origin;
		MemoryContext old_context = MemoryContextSwitchTo(history->context);

		history->store_options = pstrdup(options);
		origin.format = etl_call_record_format(call)->name;
		origin.options = history->store_options;
		origin.estate = history->estate;
		origin.load_id = history->listener ? history->listener->load_id : 0;
		origin.target =
			history->listener ? history->listener->target : InvalidOid;
		history->store = etl_reject_open_store(&origin);
		history->stores = lappend(history->stores, history->store);
		MemoryContextSwitchTo(old_context);
	}
	pfree(options);
	return history->store;
}

/* Deals with a reject. */
static void
take_reject(EtlScan *scan, const EtlReject *reject, bool record_stands)
{
	/* rejects tell themselves where they come from */
	scan->phase = REJECTING;
	if (scan->share)
		etl_share_put(scan, reject, record_stands);
	else if (record_stands)
		etl_reject_values(scan->history->policy, reject);
	else
		etl_reject_record(scan->history->policy, reject);
	if (!record_stands)
		scan->history->counts.rejects++;
}

/* The row that the scan fills; lives as long as the scan. */
static EtlRow *
make_row(EtlScan *scan, TupleDesc desc, const Bitmapset *needed)
{
	const EtlScanOptions *options = scan->call->options;
	const EtlFormat *format = etl_call_record_format(scan->call);
	EtlOnError on_error = etl_call_on_error(scan->call);
	EtlRowOptions row_options;

	row_options.columns = options->columns;
	row_options.has_positions = format->has_positions;
	row_options.null_on_error = (on_error == ETL_ON_ERROR_NULL);
	row_options.convert_all = (on_error != ETL_ON_ERROR_ABORT);
	row_options.decimal_separator =
		options->decimal_separator ? options->decimal_separator[0] : '.';
	row_options.thousands_separator =
		options->thousands_separator ? options->thousands_separator[0] : '\0';
	row_options.date_formats = options->date_formats;
	row_options.domain = scan->call->row_domain;
	row_options.field_noun = format->field_noun;
	row_options.may_lack = scan->history->listener != NULL;
	return etl_row_new(desc, needed, &row_options);
}

/* Says what is being read when an error is raised. */
static void
scan_error_context(void *arg)
{
	EtlScan *scan = arg;
	const char *name;

	if (scan->phase == REJECTING || scan->items->name == NULL)
		return;
	if (scan->open)
		etl_scan_know_record(scan);
	name = scan->items->name;
	if (scan->phase == CONVERTING)
		errcontext("%s, line %lld", name, (long long) scan->record.line);
	else if (scan->record.line > 0)
		errcontext("%s, after line %lld", name, (long long) scan->record.line);
	else
		errcontext("%s", name);
}
