/*
 * csv_pieces.c
 *	  Reads a CSV file in pieces, each of whole records.
 *
 * Where a piece may end is found without looking at fields: quotes, line ends
 * and delimiters are counted, 64 bytes a step.  What lies inside quotes is known
 * from the place before, which is one between records, so nothing is guessed; a
 * chain of such places leads from the source's beginning to any of them, with
 * the exact numbers of records and lines.
 *
 * The count is right only as long as quotes stand where they should.  A record
 * with a stray quote is passed over by the automaton, if what it is doesn't
 * depend on anything behind its line; else the rest of the source stays in one
 * piece.
 */
#include "postgres.h"

#include "csv/reader_private.h"
#include "guc.h"

/* Up to this size all records are found in the same way, whatever was read. */
#define SURE_SIZE (256 * 1024)

/* A record with a stray quote that is passed over is no longer. */
#define MAX_LINE (64 * 1024)

typedef struct Finder
{
	EtlStream *stream;
	const EtlCsvSyntax *syntax;
	bool skip_blank;
	EtlBoundary place; /* behind the last record passed over */
	int64 at;          /* counted up to here */
	uint64 open_lines; /* between the two */
	int64 maybe_blank; /* the record at place, if it may be blank; or -1 */
	EtlCsvIndexer indexer;
} Finder;

StaticAssertDecl(sizeof(EtlCsvDialect) <= ETL_DIALECT_BYTES,
				 "a dialect must fit into a division");

bool
etl_csv_divide(EtlReader *self, EtlDivision *division)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	EtlCsvCursor *cursor = reader->cursor;
	const EtlCsvDialect *dialect = &reader->sniffed.dialect;

	if (!cursor->indexing || dialect->syntax.comment_len > 0 ||
		dialect->stop_at_blank || dialect->skip_footer > 0 ||
		reader->compression != ETL_COMPRESSION_NONE ||
		reader->encoding.utf16 != ETL_UTF16_NONE ||
		reader->encoding.transcoder)
		return false;
	memset(division, 0, sizeof(*division));
	memcpy(division->dialect.bytes, dialect, sizeof(*dialect));
	/* the cursor still stands on what it has found last, the header */
	division->begin.offset = cursor->offset + (int64) cursor->consumed;
	division->begin.line = cursor->line + cursor->lines;
	division->begin.records = 0;
	return true;
}

void
etl_csv_move(EtlReader *self, const EtlBoundary *place, int64 end)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	EtlStream *file =
		etl_stream_file_piece(reader->stream, place->offset, end);

	etl_csv_cursor_move(reader->cursor, file, place->line, place->offset);
	self->records = place->records;
}

/* True if the line at the offset is what the cursor takes for a blank one. */
static bool
is_blank_line(Finder *finder, int64 offset)
{
	char delimiter = finder->syntax->delimiter[0];

	for (;; offset++)
	{
		size_t n = 1;
		const char *s = etl_stream_file_look(finder->stream, offset, &n);

		if (n == 0)
			return true;
		if (*s == '\n' || *s == '\r')
			return *s != delimiter;
		if ((*s != ' ' && *s != '\t') || *s == delimiter)
			return false;
	}
}

/*
 * Takes the lines that may be blank off the records counted, as far as their
 * records have ended.
 */
static void
judge_blanks(Finder *finder, int64 base, const EtlCsvCount *count)
{
	if (finder->maybe_blank >= 0 && finder->maybe_blank < finder->place.offset)
	{
		finder->place.records -= is_blank_line(finder, finder->maybe_blank);
		finder->maybe_blank = -1;
	}
	for (size_t i = 0; i < count->nblanks; i++)
	{
		int64 offset = base + count->blanks[i];

		if (offset == finder->place.offset)
			finder->maybe_blank = offset;
		else
			finder->place.records -= is_blank_line(finder, offset);
	}
}

/* Begins to count at the place. */
static void
start_counting(Finder *finder)
{
	finder->at = finder->place.offset;
	finder->open_lines = 0;
	finder->maybe_blank = -1;
	etl_csv_index_start(&finder->indexer, finder->syntax);
}

/* The length of the line at s with its line end; 0 if that isn't there. */
static size_t
line_length(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (s[i] == '\n')
			return i + 1;
		if (s[i] == '\r')
			return i + 1 == n ? 0 : i + 1 + (s[i + 1] == '\n');
	}
	return 0;
}

/*
 * Passes over the record at the place, which has a stray quote somewhere, or
 * stands before one that has.  False if more than its line tells what it is.
 */
static bool
pass_record(Finder *finder)
{
	size_t n = MAX_LINE;
	const char *s =
		etl_stream_file_look(finder->stream, finder->place.offset, &n);
	size_t line = line_length(s, Min(n, MAX_LINE));
	EtlCsvSpan span = {0};
	bool passed = false;

	if (line == 0)
		return false;
	span.capacity = line + 1;
	span.ends = palloc(span.capacity * sizeof(uint32_t));

	/*
	 * Told that more will come, the automaton decides only if it has seen
	 * enough.  A CR needs the byte behind it.
	 */
	if (etl_csv_scan(finder->syntax, s, line + (s[line - 1] == '\r'), false,
					 &span) == ETL_CSV_SCAN_RECORD)
	{
		passed = true;
		finder->place.line++;
		finder->place.records += !finder->skip_blank ||
								 !is_blank_line(finder, finder->place.offset);
		finder->place.offset += (int64) span.consumed;
	}
	pfree(span.ends);
	return passed;
}

/* Counts on from where the finder is; false if there is too little to count. */
static bool
count_more(Finder *finder, int64 until, bool *found)
{
	int64 base = finder->at;
	size_t n = ETL_CSV_INDEX_BLOCK + 1;
	const char *s = etl_stream_file_look(finder->stream, base, &n);
	EtlCsvCount count;

	etl_csv_count(&finder->indexer, s, n,
				  until > base ? (size_t) (until - base) : 0, &count);
	if (count.record_end > 0)
	{
		finder->place.offset = base + (int64) count.record_end;
		finder->place.line += (int64) (finder->open_lines + count.lines);
		finder->place.records += (int64) count.records;
		finder->open_lines = 0;
	}
	finder->open_lines += count.open_lines;
	finder->at = base + (int64) count.counted;
	if (finder->skip_blank)
		judge_blanks(finder, base, &count);
	*found = count.found;
	if (!count.anomaly)
		return count.counted > 0;
	if (!pass_record(finder))
		return false;
	*found = finder->place.offset >= until;
	start_counting(finder);
	return true;
}

bool
etl_csv_find_place(EtlReader *self, EtlBoundary *place, int64 until)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	int64 max = Max(etl_guc_max_record_size, SURE_SIZE);
	Finder finder = {0};
	bool found = false;

	finder.stream = reader->stream;
	finder.syntax = &reader->cursor->syntax;
	finder.skip_blank = reader->cursor->skip_blank;
	finder.place = *place;
	start_counting(&finder);
	while (!found)
	{
		/* how records that are too large end depends on the buffer */
		if (finder.at - finder.place.offset > max ||
			!count_more(&finder, until, &found))
			return false;
	}
	*place = finder.place;
	return true;
}
