/*
 * json_pieces.c
 *	  Reads a file of JSON lines in pieces, each of whole lines.
 *
 * Where each line is a value by itself, whatever it is, any line feed will do and
 * the lines before it are counted.  Where that was only detected, values may also
 * span lines or share one.  Then lines are counted that are one record for sure
 * (json_lines.h); the others are parsed, and if one of them is a value that goes on
 * behind its line, the rest of the source stays in one piece.
 */
#include "postgres.h"

#include "json/json_lines.h"
#include "json/reader_private.h"

/* A line that has to be parsed is no longer, with what tells about it. */
#define MAX_LINE (128 * 1024)

/* What processes must agree on. */
typedef struct Layout
{
	EtlJsonFormat format;
	bool lines;
	bool strict_lines;
	bool arrays;
} Layout;

typedef struct Finder
{
	EtlJsonReader *reader;
	EtlBoundary place; /* behind the last line passed over */
	int64 at;          /* counted up to here */
	EtlJsonCounter counter;
} Finder;

StaticAssertDecl(sizeof(Layout) <= ETL_DIALECT_BYTES,
				 "a layout must fit into a division");

void
etl_json_take_division(EtlJsonReader *reader, const EtlDivision *division)
{
	const Layout *layout = (const Layout *) division->dialect.bytes;

	reader->format = layout->format;
	reader->lines = layout->lines;
	reader->strict_lines = layout->strict_lines;
	reader->arrays = layout->arrays;
}

bool
etl_json_divide(EtlReader *self, EtlDivision *division)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	Layout *layout = (Layout *) division->dialect.bytes;

	if (!reader->lines || reader->format != ETL_JSON_NDJSON ||
		reader->records->nsteps > 0 || reader->options->keep_envelope ||
		reader->compression != ETL_COMPRESSION_NONE ||
		reader->encoding.utf16 != ETL_UTF16_NONE ||
		reader->encoding.transcoder)
		return false;
	memset(division, 0, sizeof(*division));
	layout->format = reader->format;
	layout->lines = reader->lines;
	layout->strict_lines = reader->strict_lines;
	layout->arrays = reader->arrays;
	division->begin.offset = reader->cursor->offset;
	division->begin.line = reader->cursor->line;
	return true;
}

void
etl_json_move(EtlReader *self, const EtlBoundary *place, int64 end)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	EtlStream *file =
		etl_stream_file_piece(reader->stream, place->offset, end);

	etl_json_pass_records(reader);
	etl_json_cursor_restart(reader->cursor, file, place->line, place->offset);
	reader->state = ETL_JSON_AT_TOP;
	/* what may be said of a source's only value is not for a piece */
	reader->values = 2;
	reader->line_valid = 0;
	self->records = place->records;
}

/* Parses a value up to its end, its fault or the end of the bytes. */
static EtlJsonEvent
parse(EtlJsonPull *pull, const char **s, const char *end, bool last)
{
	EtlJsonEvent event;

	etl_json_pull_start(pull);
	do
		event = etl_json_pull(pull, s, end, last);
	while (event == ETL_JSON_VALUE || event == ETL_JSON_KEY);
	return event;
}

/*
 * How many records there are on the line from s to line_end, of which a value ends
 * at from, and n behind it.  One that isn't good makes the line one bad record.
 */
static int
count_values(EtlJsonPull *pull, const char *from, const char *line_end)
{
	int n = 1;

	for (;;)
	{
		while (from < line_end && etl_json_is_blank(*from))
			from++;
		if (from == line_end)
			return n;
		if (parse(pull, &from, line_end, true) != ETL_JSON_DONE)
			return 1;
		n++;
	}
}

/* Passes over the line at the place; false if its record may be longer. */
static bool
pass_line(Finder *finder)
{
	size_t n = MAX_LINE;
	const char *begin =
		etl_stream_file_look(finder->reader->stream, finder->place.offset, &n);
	const char *line_end = memchr(begin, '\n', Min(n, MAX_LINE));
	const char *end = begin + Min(n, MAX_LINE);
	EtlJsonPull *pull = &finder->reader->value_pull;
	const char *s = begin;
	int records = 1;

	if (line_end == NULL)
		return false;
	switch (parse(pull, &s, end, false))
	{
		case ETL_JSON_DONE:
			if (s > line_end)
				return false;
			records = count_values(pull, s, line_end);
			break;
		case ETL_JSON_BAD:
			break;
		default:
			return false;
	}
	finder->place.line++;
	finder->place.records += records;
	finder->place.offset += line_end + 1 - begin;
	return true;
}

static void
start_counting(Finder *finder)
{
	finder->at = finder->place.offset;
	etl_json_count_start(&finder->counter, finder->reader->strict_lines);
}

/* Counts on from where the finder is; false if there is too little to count. */
static bool
count_more(Finder *finder, int64 until, bool *found)
{
	int64 base = finder->at;
	size_t n = ETL_JSON_BLOCK + 1;
	const char *s = etl_stream_file_look(finder->reader->stream, base, &n);
	EtlJsonCount count;

	etl_json_count(&finder->counter, s, n,
				   until > base ? (size_t) (until - base) : 0, &count);
	if (count.line_end > 0)
		finder->place.offset = base + (int64) count.line_end;
	finder->place.line += (int64) count.lines;
	finder->place.records += (int64) count.records;
	finder->at = base + (int64) count.counted;
	*found = count.found;
	if (!count.odd)
		return count.counted > 0;
	if (!pass_line(finder))
		return false;
	*found = finder->place.offset >= until;
	start_counting(finder);
	return true;
}

bool
etl_json_find_place(EtlReader *self, EtlBoundary *place, int64 until)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	Finder finder = {0};
	bool found = false;

	finder.reader = reader;
	finder.place = *place;
	start_counting(&finder);
	while (!found)
	{
		if (!count_more(&finder, until, &found))
			return false;
	}
	*place = finder.place;
	return true;
}
