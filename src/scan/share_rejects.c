/*
 * share_rejects.c
 *	  Brings together what several processes reject.
 *
 * A worker can't write to tables, and what a warning or a limit says depends on
 * all of them.  So each process writes its rejects to a temporary file, at once,
 * in the order of the source.  When the others have ended the leader merges the
 * files and gives the rejects, in that same order, to the policy that a scan by
 * one process would have given them to.
 *
 * An entry is its head and then its texts, one after the other.  Where rejects
 * are only counted, the texts are left out behind the first few.
 */
#include "postgres.h"

#include <fcntl.h>

#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "scan/pipeline_private.h"

typedef enum EntryKind
{
	ENTRY_RECORD, /* was rejected */
	ENTRY_VALUES, /* of a record became null */
	ENTRY_ITEM    /* no reject: where those come from that are behind it */
} EntryKind;

enum
{
	TEXT_MESSAGE,
	TEXT_NAME = TEXT_MESSAGE, /* of an item */
	TEXT_DETAIL,
	TEXT_OPTIONS = TEXT_DETAIL, /* which read a record of an item by itself */
	TEXT_HINT,
	TEXT_COLUMN,
	TEXT_CONSTRAINT,
	TEXT_VALUE,
	TEXT_RAW,
	NTEXTS
};

/* The length of a text that is NULL. */
#define NO_TEXT PG_UINT32_MAX

typedef struct EntryHead
{
	int64 record_no;
	int64 line;
	int64 offset;
	int32 item;
	int32 sqlerrcode;
	int16 kind;
	int16 stage;
	uint32 lengths[NTEXTS];
} EntryHead;

#define FILE_BUFFER 8192

/* A file of rejects as it is read. */
typedef struct RejectFile
{
	File file;
	char *name;     /* for messages */
	off_t position; /* of what is to be read into the buffer next */
	off_t end;
	char *buffer;
	size_t start;
	size_t len;
	EntryHead head; /* of the entry at hand; its texts come next */
	bool ended;

	/* Of the item that it belongs to. */
	char *source;
	char *options;
} RejectFile;

static void
file_name(char *name, size_t size, int pass, int participant)
{
	snprintf(name, size, "rejects-%d-%d", pass, participant);
}

static void
raise_file_error(const char *what, const char *name)
{
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not %s temporary file \"%s\": %m", what, name)));
}

/* Appends bytes to the process's own file. */
static void
append(EtlShare *share, char *bytes, size_t n)
{
	EtlShared *shared = share->shared;
	char name[32];

	file_name(name, sizeof(name), shared->pass, share->me);
	if (share->file <= 0)
		share->file = FileSetCreate(&shared->files.fs, name);
	while (n > 0)
	{
		int part = (int) Min(n, (size_t) 1 << 30);

		if (FileWrite(share->file, bytes, part, (off_t) share->file_size,
					  PG_WAIT_EXTENSION) != part)
			raise_file_error("write", name);
		share->file_size += (uint64) part;
		bytes += part;
		n -= (size_t) part;
	}
	pg_write_barrier();
	pg_atomic_write_u64(&shared->participants[share->me].rejects_bytes,
						share->file_size);
}

static void
write_entry(EtlShare *share, EntryHead *head, const char *const texts[NTEXTS],
			const size_t lengths[NTEXTS])
{
	size_t size = sizeof(EntryHead);
	char *entry;
	char *out;

	for (int i = 0; i < NTEXTS; i++)
	{
		head->lengths[i] = texts[i] ? (uint32) lengths[i] : NO_TEXT;
		size += texts[i] ? lengths[i] : 0;
	}
	entry = palloc_extended(size, MCXT_ALLOC_HUGE);
	memcpy(entry, head, sizeof(EntryHead));
	out = entry + sizeof(EntryHead);
	for (int i = 0; i < NTEXTS; i++)
	{
		if (texts[i] == NULL)
			continue;
		memcpy(out, texts[i], lengths[i]);
		out += lengths[i];
	}
	append(share, entry, size);
	pfree(entry);
}

/* Writes what the rejects of the scan's item have in common, once. */
static void
write_item(EtlScan *scan)
{
	EtlShare *share = scan->share;
	EntryHead head = {.kind = ENTRY_ITEM, .item = share->item};
	const char *texts[NTEXTS] = {NULL};
	size_t lengths[NTEXTS] = {0};

	if (share->written_item == share->item)
		return;
	texts[TEXT_NAME] = scan->items->name;
	lengths[TEXT_NAME] = strlen(texts[TEXT_NAME]);
	if (etl_call_on_error(scan->call) == ETL_ON_ERROR_DEAD_LETTER)
	{
		texts[TEXT_OPTIONS] = etl_scan_record_options(scan);
		lengths[TEXT_OPTIONS] = strlen(texts[TEXT_OPTIONS]);
	}
	write_entry(share, &head, texts, lengths);
	share->written_item = share->item;
}

static void
write_reject(EtlScan *scan, const EtlReject *reject, EntryKind kind, bool full)
{
	EntryHead head = {.kind = kind, .item = scan->share->item};
	const char *texts[NTEXTS] = {NULL};
	size_t lengths[NTEXTS] = {0};

	head.record_no = reject->record_no;
	head.line = reject->line;
	head.offset = reject->offset;
	head.sqlerrcode = reject->sqlerrcode;
	head.stage = (int16) reject->stage;
	if (full)
	{
		texts[TEXT_MESSAGE] = reject->message;
		texts[TEXT_DETAIL] = reject->detail;
		texts[TEXT_HINT] = reject->hint;
		texts[TEXT_COLUMN] = reject->column_name;
		texts[TEXT_CONSTRAINT] = reject->constraint_name;
		for (int i = TEXT_MESSAGE; i <= TEXT_CONSTRAINT; i++)
			lengths[i] = texts[i] ? strlen(texts[i]) : 0;
		texts[TEXT_VALUE] = reject->value;
		lengths[TEXT_VALUE] = reject->value_len;
		texts[TEXT_RAW] = reject->raw;
		lengths[TEXT_RAW] = reject->raw_len;
	}
	write_entry(scan->share, &head, texts, lengths);
}

/* Opens another process's file as far as it is written; NULL if it is empty. */
static RejectFile *
open_file(EtlShared *shared, int participant)
{
	uint64 end =
		pg_atomic_read_u64(&shared->participants[participant].rejects_bytes);
	RejectFile *file;
	char name[32];

	if (end == 0)
		return NULL;
	pg_read_barrier();
	file_name(name, sizeof(name), shared->pass, participant);
	file = palloc0(sizeof(RejectFile));
	file->name = pstrdup(name);
	file->file = FileSetOpen(&shared->files.fs, name, O_RDONLY);
	if (file->file <= 0)
		raise_file_error("open", name);
	file->end = (off_t) end;
	file->buffer = palloc(FILE_BUFFER);
	return file;
}

/* Reads n bytes that are there. */
static void
fetch(RejectFile *file, char *to, size_t n)
{
	while (n > 0)
	{
		size_t part = Min(n, file->len - file->start);

		if (part == 0)
		{
			int want = (int) Min(FILE_BUFFER, file->end - file->position);
			int got = FileRead(file->file, file->buffer, want, file->position,
							   PG_WAIT_EXTENSION);

			if (got < 0)
				raise_file_error("read", file->name);
			if (got == 0)
				ereport(ERROR, (errcode(ERRCODE_IO_ERROR),
								errmsg("temporary file \"%s\" is too short",
									   file->name)));
			file->position += got;
			file->start = 0;
			file->len = (size_t) got;
			continue;
		}
		memcpy(to, file->buffer + file->start, part);
		file->start += part;
		to += part;
		n -= part;
	}
}

/* Text i of the entry at hand, palloc'd; they must be fetched in order. */
static char *
fetch_text(RejectFile *file, int i)
{
	size_t n = file->head.lengths[i];
	char *text;

	if (n == NO_TEXT)
		return NULL;
	text = palloc_extended(n + 1, MCXT_ALLOC_HUGE);
	fetch(file, text, n);
	text[n] = '\0';
	return text;
}

/* Goes on to the next reject of a file. */
static void
next_entry(RejectFile *file)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (file->position == file->end && file->start == file->len)
		{
			file->ended = true;
			return;
		}
		fetch(file, (char *) &file->head, sizeof(EntryHead));
		if (file->head.kind != ENTRY_ITEM)
			return;
		file->source = fetch_text(file, TEXT_NAME);
		file->options = fetch_text(file, TEXT_OPTIONS);
	}
}

/* The reject at hand, in the current memory context. */
static void
fetch_reject(RejectFile *file, EtlReject *reject)
{
	const EntryHead *head = &file->head;

	memset(reject, 0, sizeof(*reject));
	reject->record_no = head->record_no;
	reject->line = head->line;
	reject->offset = head->offset;
	reject->sqlerrcode = head->sqlerrcode;
	reject->stage = (EtlStage) head->stage;
	reject->source = file->source;
	reject->message = fetch_text(file, TEXT_MESSAGE);
	reject->detail = fetch_text(file, TEXT_DETAIL);
	reject->hint = fetch_text(file, TEXT_HINT);
	reject->column_name = fetch_text(file, TEXT_COLUMN);
	reject->constraint_name = fetch_text(file, TEXT_CONSTRAINT);
	reject->value = fetch_text(file, TEXT_VALUE);
	reject->value_len = reject->value ? head->lengths[TEXT_VALUE] : 0;
	reject->raw = fetch_text(file, TEXT_RAW);
	reject->raw_len = reject->raw ? head->lengths[TEXT_RAW] : 0;
	if (reject->message == NULL)
		reject->message = "";
}

/* The file whose entry comes first in the source, or NULL. */
static RejectFile *
first_file(RejectFile **files, int n)
{
	RejectFile *first = NULL;

	for (int i = 0; i < n; i++)
	{
		RejectFile *file = files[i];

		if (file == NULL || file->ended)
			continue;
		if (first == NULL || file->head.item < first->head.item ||
			(file->head.item == first->head.item &&
			 file->head.record_no < first->head.record_no))
			first = file;
	}
	return first;
}

typedef void (*TakeReject)(void *arg, const RejectFile *file,
						   const EtlReject *reject);

/*
 * Calls take with each reject that was written so far, in the order of the source.
 * What is handed out lives until the call returns.
 */
static void
merge(EtlShared *shared, TakeReject take, void *arg)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl reject files",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContext one = AllocSetContextCreate(context, "pg_etl reject",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	int n = shared->nparticipants;
	RejectFile **files = palloc(sizeof(RejectFile *) * n);
	RejectFile *file;

	for (int i = 0; i < n; i++)
	{
		files[i] = open_file(shared, i);
		if (files[i])
			next_entry(files[i]);
	}
	while ((file = first_file(files, n)) != NULL)
	{
		EtlReject reject;

		MemoryContextSwitchTo(one);
		fetch_reject(file, &reject);
		take(arg, file, &reject);
		MemoryContextSwitchTo(context);
		MemoryContextReset(one);
		next_entry(file);
	}
	for (int i = 0; i < n; i++)
	{
		if (files[i])
			FileClose(files[i]->file);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

static void
count_reject(void *arg, const RejectFile *file, const EtlReject *reject)
{
	if (file->head.kind == ENTRY_RECORD)
		etl_reject_record((EtlRejectPolicy *) arg, reject);
}

/*
 * Raises that there are too many rejects, with the first reasons that are known.
 * Where pieces before are still being read there may be earlier ones.
 */
static void
raise_limit(EtlShared *shared, int64 limit)
{
	EtlRejectPolicy *policy = etl_reject_policy_new(ETL_ON_ERROR_SKIP, limit,
													get_float8_nan(), NULL);

	merge(shared, count_reject, policy);
	elog(ERROR, "fewer rejects were written than counted");
}

void
etl_share_put(EtlScan *scan, const EtlReject *reject, bool record_stands)
{
	EtlShare *share = scan->share;
	EtlShared *shared = share->shared;
	EtlOnError on_error = etl_call_on_error(scan->call);
	int64 limit = scan->call->options->reject_limit;
	bool full;

	if (on_error == ETL_ON_ERROR_ABORT)
		etl_reject_raise(reject);

	/* in a later pass, only the leader knows which will be the first new one */
	full = on_error == ETL_ON_ERROR_DEAD_LETTER || shared->pass > 0 ||
		   share->reasons++ < ETL_REJECT_SAMPLES;
	write_item(scan);
	write_reject(scan, reject, record_stands ? ENTRY_VALUES : ENTRY_RECORD,
				 full);
	if (!record_stands && limit >= 0 &&
		pg_atomic_add_fetch_u64(&shared->rejected, 1) > (uint64) limit)
		raise_limit(shared, limit);
}

/* How the leader settles a pass. */
typedef struct Settlement
{
	EtlScanHistory *history;
	const EtlCall *call;
	bool begun;
} Settlement;

static void
settle_reject(void *arg, const RejectFile *file, const EtlReject *reject)
{
	Settlement *settlement = arg;
	EtlScanHistory *history = settlement->history;
	char *options = file->options ? pstrdup(file->options) : NULL;

	etl_scan_open_policy(history, settlement->call, options,
						 !settlement->begun);
	settlement->begun = true;
	history->policy->source_key = 0;
	if (file->head.kind == ENTRY_RECORD)
		etl_reject_record(history->policy, reject);
	else
		etl_reject_values(history->policy, reject);
}

/* Adds what the other processes did to the leader's history. */
static void
take_counts(EtlShared *shared, EtlScanHistory *history)
{
	MemoryContext old = MemoryContextSwitchTo(history->context);
	int n = shared->nparticipants;

	if (history->nprocesses < n)
	{
		EtlScanCounts *more = palloc0(sizeof(EtlScanCounts) * n);

		if (history->nprocesses > 0)
			memcpy(more, history->processes,
				   sizeof(EtlScanCounts) * history->nprocesses);
		history->processes = more;
		history->nprocesses = n;
	}
	for (int i = 1; i < n; i++)
		etl_scan_counts_add(&history->processes[i],
							&shared->participants[i].counts, 1);
	if (shared->described_item >= 0)
		history->description = pstrdup(shared->description);
	MemoryContextSwitchTo(old);
}

void
etl_share_settle(EtlShare *share, EtlScanHistory *history, const EtlCall *call)
{
	EtlShared *shared = share->shared;
	Settlement settlement = {history, call, false};
	int64 records = 0;

	merge(shared, settle_reject, &settlement);
	for (int i = 0; i < shared->nparticipants; i++)
		records += shared->participants[i].counts.records;
	take_counts(shared, history);
	if (settlement.begun && etl_share_is_complete(shared))
		etl_reject_finish(history->policy, records);
}
