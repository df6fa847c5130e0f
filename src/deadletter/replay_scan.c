/*
 * replay_scan.c
 *	  Reads dead letters as a source is read, and notes what becomes of each.
 *
 * A letter is an item of a scan, so that whatever its bytes are, it is read by
 * itself.  Some thousand letters are scanned, stored and written down at once.
 * Each is the sink of its own rejects, whether its reader refuses a record, a
 * column, or the target; so no letter is made anew.
 *
 * Mostly a letter is one record.  If there are several and some of them are
 * refused, only these stay in the letter: what has been loaded must not be
 * loaded again.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "deadletter/replay.h"
#include "scan/items.h"

/*
 * Of a record that was too large 64 kB are kept, in UTF-8; as many characters
 * take no less in any encoding.
 */
#define CUT_OFF_BYTES (64 * 1024 * 2 / 3 - 4)

typedef struct LetterRecord
{
	int64 offset; /* in the letter */
	size_t len;
	bool failed;
} LetterRecord;

typedef struct Letter
{
	EtlRejectSink sink;
	struct Replay *replay;
	HeapTuple tuple;
	int64 id;
	const char *source;
	int64 item; /* the same for letters of one source */
	EtlItemStart start;
	int nrecords;
	int capacity;
	LetterRecord *records;
	LetterRecord only;
	EtlLetterFailure *failure; /* the first; NULL: none */
} Letter;

typedef struct Replay
{
	EtlScanListener listener;
	EtlLoad *load;
	EtlCall *call;
	EtlScanHistory *history;
	EtlScan *scan;
	const Bitmapset *with_defaults;
	MemoryContext context; /* of the letters at hand */
	TupleDesc letter_desc;
	Letter *letters;
	int nletters;
	Letter *current;
	int64 item;
	int64 unread; /* letters that were refused without a record */
	EtlReplayCounts counts;
	EtlRejectSink no_letter;
} Replay;

/* A format with the replay that its items come from. */
typedef struct ReplayFormat
{
	EtlFormat base;
	Replay *replay;
} ReplayFormat;

typedef struct LetterItems
{
	EtlItems base;
	Replay *replay;
	int next;
} LetterItems;

static void put_reject(EtlRejectSink *self, const EtlReject *reject);
static void flush_letter(EtlRejectSink *self);
static void put_too_late(EtlRejectSink *self, const EtlReject *reject);
static EtlItems *open_items(const EtlCall *call, MemoryContext query);
static bool next_letter(EtlItems *items);
static EtlStream *open_letter(EtlItems *items);
static void letter_ended(EtlItems *items, EtlReader *reader);
static EtlHttpCounts no_requests(const EtlItems *items);
static void close_items(EtlItems *items);

static const EtlRejectSinkOps letter_ops = {put_reject, flush_letter};
static const EtlRejectSinkOps no_letter_ops = {put_too_late, flush_letter};

static const EtlItemsOps letter_items_ops = {
	.next = next_letter,
	.open = open_letter,
	.ended = letter_ended,
	.counts = no_requests,
	.close = close_items,
};

const EtlFormat *
etl_replay_format(const EtlFormat *format)
{
	ReplayFormat *own = palloc0(sizeof(ReplayFormat));

	own->base = *format;
	own->base.items = open_items;
	return &own->base;
}

static Datum
letter_value(const Letter *letter, EtlLetterColumn column, bool *isnull)
{
	return SPI_getbinval(letter->tuple, letter->replay->letter_desc, column,
						 isnull);
}

/* A number; 0 if there is none. */
static int64
letter_number(const Letter *letter, EtlLetterColumn column)
{
	bool isnull;
	Datum value = letter_value(letter, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* What is to be read, in the current context; *is_text: of the object. */
static const char *
letter_content(const Letter *letter, size_t *len, bool *is_text)
{
	bool isnull;
	Datum value = letter_value(letter, ETL_LETTER_RAW, &isnull);
	const char *text = "";

	*is_text = isnull;
	if (!isnull)
	{
		bytea *raw = DatumGetByteaPP(value);

		*len = VARSIZE_ANY_EXHDR(raw);
		return VARDATA_ANY(raw);
	}
	value = letter_value(letter, ETL_LETTER_RECORD, &isnull);
	if (!isnull)
	{
		Jsonb *record = DatumGetJsonbP(value);

		text = JsonbToCString(NULL, &record->root, VARSIZE(record));
	}
	*len = strlen(text);
	return text;
}

/* Takes over the letters that the cursor has brought. */
static void
take_letters(Replay *replay, const SPITupleTable *table)
{
	const char *source = NULL;

	replay->letter_desc = table->tupdesc;
	replay->nletters = (int) table->numvals;
	replay->letters = palloc0(sizeof(Letter) * replay->nletters);
	for (int i = 0; i < replay->nletters; i++)
	{
		Letter *letter = &replay->letters[i];
		char *own;

		letter->sink.ops = &letter_ops;
		letter->replay = replay;
		letter->tuple = table->vals[i];
		letter->id = letter_number(letter, ETL_LETTER_ID);
		own = SPI_getvalue(letter->tuple, replay->letter_desc,
						   ETL_LETTER_SOURCE);
		if (source == NULL || own == NULL || strcmp(own, source) != 0)
		{
			source = own ? own : "dead letter";
			replay->item++;
		}
		letter->source = source;
		letter->item = replay->item;
		letter->start.lines = letter_number(letter, ETL_LETTER_LINE) - 1;
		letter->start.records =
			Max(letter_number(letter, ETL_LETTER_RECORD_NO), 1) - 1;
		letter->start.bytes = letter_number(letter, ETL_LETTER_BYTE_OFFSET);
		letter->records = &letter->only;
		letter->capacity = 1;
	}
}

/* The record of the letter at a place, which is new if it is the farthest. */
static LetterRecord *
letter_record(Letter *letter, int64 offset, size_t len)
{
	int low = 0;
	int high = letter->nrecords;

	if (high == 0 || letter->records[high - 1].offset < offset)
	{
		if (high == letter->capacity)
		{
			LetterRecord *records =
				MemoryContextAllocHuge(letter->replay->context,
									   sizeof(LetterRecord) * 2 * high);

			memcpy(records, letter->records, sizeof(LetterRecord) * high);
			letter->records = records;
			letter->capacity = 2 * high;
		}
		letter->records[high] = (LetterRecord){offset, len, false};
		letter->nrecords++;
		return &letter->records[high];
	}
	while (high - low > 1)
	{
		int middle = low + (high - low) / 2;

		if (letter->records[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return &letter->records[low];
}

static char *
copy_or_null(const char *s)
{
	return s ? pstrdup(s) : NULL;
}

/* The letter, or one record of it, is refused. */
static void
put_reject(EtlRejectSink *self, const EtlReject *reject)
{
	Letter *letter = (Letter *) self;
	MemoryContext old;
	EtlLetterFailure *failure;

	/* neither has it bytes nor a record: the letter as a whole */
	if (reject->raw || letter->nrecords > 0)
		letter_record(letter, reject->offset - letter->start.bytes,
					  reject->raw_len)
			->failed = true;
	if (letter->failure)
		return;
	old = MemoryContextSwitchTo(letter->replay->context);
	failure = palloc0(sizeof(EtlLetterFailure));
	failure->id = letter->id;
	failure->stage = reject->stage;
	failure->sqlerrcode = reject->sqlerrcode;
	failure->message = pstrdup(reject->message);
	failure->detail = copy_or_null(reject->detail);
	failure->column_name = copy_or_null(reject->column_name);
	failure->constraint_name = copy_or_null(reject->constraint_name);
	letter->failure = failure;
	MemoryContextSwitchTo(old);
}

/* Letters are written by write_outcomes(). */
static void
flush_letter(EtlRejectSink *self)
{
}

/* When all letters are written, nothing more may be refused. */
static void
put_too_late(EtlRejectSink *self, const EtlReject *reject)
{
	etl_reject_raise(reject);
}

/* Refuses a letter of which nothing can be read. */
static void
refuse_letter(Letter *letter, int sqlerrcode, const char *message,
			  const char *detail)
{
	Replay *replay = letter->replay;
	EtlReject reject = {0};

	reject.stage = ETL_STAGE_STRUCTURE;
	reject.sqlerrcode = sqlerrcode;
	reject.message = message;
	reject.detail = detail;
	reject.source = letter->source;
	reject.line = letter->start.lines + 1;
	reject.record_no = letter->start.records + 1;
	reject.offset = letter->start.bytes;
	replay->unread++;
	replay->load->policy->sink = &letter->sink;
	etl_reject_record(replay->load->policy, &reject);
}

static EtlItems *
open_items(const EtlCall *call, MemoryContext query)
{
	LetterItems *items = palloc0(sizeof(LetterItems));

	items->base.ops = &letter_items_ops;
	items->base.many = true;
	items->replay = ((const ReplayFormat *) call->format)->replay;
	return &items->base;
}

/* True if the letter holds no more than the beginning of a record. */
static bool
is_cut_off(const Letter *letter)
{
	bool isnull;
	Datum value = letter_value(letter, ETL_LETTER_RAW, &isnull);

	if (isnull || toast_raw_datum_size(value) - VARHDRSZ < CUT_OFF_BYTES)
		return false;
	return DatumGetBool(letter_value(letter, ETL_LETTER_TOO_LARGE, &isnull));
}

static bool
next_letter(EtlItems *items)
{
	LetterItems *self = (LetterItems *) items;
	Replay *replay = self->replay;

	while (self->next < replay->nletters)
	{
		Letter *letter = &replay->letters[self->next++];

		CHECK_FOR_INTERRUPTS();
		replay->current = letter;
		replay->listener.sink = &letter->sink;
		items->name = is_cut_off(letter) ? NULL : letter->source;
		items->start = letter->start;
		if (items->name)
			return true;
		refuse_letter(letter, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
					  "dead letter holds only the beginning of its record",
					  "The record was larger than pg_etl.max_record_size. "
					  "Load its source again with a larger one.");
	}
	return false;
}

static EtlStream *
open_letter(EtlItems *items)
{
	Replay *replay = ((LetterItems *) items)->replay;
	size_t len;
	const char *content =
		letter_content(replay->current, &len, &replay->call->content_is_text);

	return etl_source_stream(etl_source_from_content(content, len), 0);
}

static void
letter_ended(EtlItems *items, EtlReader *reader)
{
	Replay *replay = ((LetterItems *) items)->replay;

	if (reader->records > 0)
		return;
	items->name = NULL; /* the reject tells the place itself */
	refuse_letter(replay->current, ERRCODE_BAD_COPY_FILE_FORMAT,
				  "dead letter has no record",
				  "Repair it, or discard it with "
				  "etl_discard_dead_letters().");
}

static EtlHttpCounts
no_requests(const EtlItems *items)
{
	return (EtlHttpCounts){0};
}

static void
close_items(EtlItems *items)
{
}

static void
put_row(Replay *replay, Datum *values, bool *isnull)
{
	Letter *letter = replay->current;
	const EtlRecord *record = etl_scan_record(replay->scan);
	EtlPlace place;
	int column = -1;

	place.source = letter->source;
	place.item = letter->item;
	place.sink = &letter->sink;
	place.line = record->line;
	place.record_no = record->record_no;
	place.offset = record->offset;
	place.raw = etl_scan_raw_bytes(replay->scan, record, &place.raw_len);
	(void) letter_record(letter, record->offset - letter->start.bytes,
						 place.raw_len);
	while ((column = bms_next_member(replay->with_defaults, column)) >= 0)
		if (isnull[column] && etl_scan_is_missing(replay->scan, column))
			etl_load_lacks(replay->load, column);
	etl_load_put(replay->load, values, isnull, &place);
}

/* What of the letter was refused, where other records of it were loaded. */
static void
keep_rest(Letter *letter)
{
	EtlLetterFailure *failure = letter->failure;
	size_t len;
	bool is_text;
	const char *content = letter_content(letter, &len, &is_text);
	StringInfoData rest;
	int last = letter->nrecords - 1;

	while (!letter->records[last].failed)
		last--;
	initStringInfo(&rest);
	for (int i = 0; i <= last; i++)
	{
		const LetterRecord *record = &letter->records[i];
		int64 end = record->offset + (int64) record->len;

		if (!record->failed)
			continue;
		if (is_text)
			appendStringInfoChar(&rest, rest.len == 0 ? '[' : ',');
		else if (i < last)
			end = record[1].offset; /* with what separates them */
		end = Min(end, (int64) len);
		appendBinaryStringInfo(&rest, content + record->offset,
							   (int) (end - record->offset));
	}
	if (is_text)
	{
		appendStringInfoChar(&rest, ']');
		failure->record = DatumGetJsonbP(
			DirectFunctionCall1(jsonb_in, CStringGetDatum(rest.data)));
	}
	else
		/* a bytea is laid out as a text is */
		failure->raw = (bytea *) cstring_to_text_with_len(rest.data, rest.len);
}

/* Writes what became of the letters at hand, all of whose rows are stored. */
static void
write_outcomes(Replay *replay)
{
	Datum *ids = palloc(sizeof(Datum) * replay->nletters);
	EtlLetterFailure *failures =
		palloc(sizeof(EtlLetterFailure) * replay->nletters);
	int nids = 0;
	int nfailures = 0;

	for (int i = 0; i < replay->nletters; i++)
	{
		Letter *letter = &replay->letters[i];
		int nfailed = 0;

		if (letter->failure == NULL)
		{
			ids[nids++] = Int64GetDatum(letter->id);
			continue;
		}
		for (int r = 0; r < letter->nrecords; r++)
			nfailed += letter->records[r].failed;
		if (nfailed < letter->nrecords)
			keep_rest(letter);
		failures[nfailures++] = *letter->failure;
	}
	etl_letters_replayed(ids, nids, replay->load->id);
	etl_letters_failed(failures, nfailures);
	replay->counts.replayed += nids;
	replay->counts.pending += nfailures;
}

/* Loads the letters at hand. */
static void
load_letters(Replay *replay, TupleDesc desc, Datum *values, bool *isnull)
{
	replay->scan = etl_scan_begin(replay->call, desc, NULL, replay->history);
	while (etl_scan_next(replay->scan, values, isnull))
		put_row(replay, values, isnull);
	etl_scan_end(replay->scan);
	etl_load_settle(replay->load);
	write_outcomes(replay);
}

/* The load is done: letters have no say in what it rejects now. */
static void
finish_load(Replay *replay)
{
	EtlScanCounts counts = etl_scan_history_counts(replay->history);
	EtlLoad *load = replay->load;

	load->counts.read = counts.records + replay->unread;
	load->counts.bytes = counts.bytes;
	replay->no_letter.ops = &no_letter_ops;
	load->policy->sink = &replay->no_letter;
	etl_load_finish(load);
}

EtlReplayCounts
etl_replay_letters(EtlLoad *load, EtlCall *call, TupleDesc desc, Portal portal,
				   SPITupleTable *first)
{
	Replay replay = {.load = load, .call = call};
	SPITupleTable *table = first;
	Datum *values = palloc(sizeof(Datum) * Max(desc->natts, 1));
	bool *isnull = palloc(sizeof(bool) * Max(desc->natts, 1));
	MemoryContext context = CurrentMemoryContext;

	((ReplayFormat *) unconstify(EtlFormat *, call->format))->replay = &replay;
	replay.listener.policy = load->policy;
	replay.listener.load_id = load->id;
	replay.listener.target = load->request->target;
	replay.history = etl_scan_history_new_listened(&replay.listener);
	etl_load_expect(load, desc);
	replay.with_defaults = etl_load_with_defaults(load);
	replay.context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl replayed letters",
							  ALLOCSET_DEFAULT_SIZES);
	while (table->numvals > 0)
	{
		MemoryContextSwitchTo(replay.context);
		take_letters(&replay, table);
		load_letters(&replay, desc, values, isnull);
		MemoryContextSwitchTo(context);
		MemoryContextReset(replay.context);
		SPI_freetuptable(table);
		table = etl_letters_fetch(portal);
	}
	SPI_freetuptable(table);
	finish_load(&replay);
	return replay.counts;
}
