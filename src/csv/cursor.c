/*
 * cursor.c
 *	  A stream of CSV bytes as a row of records, found but not yet read.
 */
#include "postgres.h"

#include "csv/cursor.h"

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "guc.h"
#include "record/record.h"

/* Readable bytes before the buffer; a multiple of its alignment. */
#define SLACK MAXALIGN(ETL_FIELD_SLACK)

/* The buffer's first size, and the least that is worth a read. */
#define BUFFER_SIZE (256 * 1024)
#define READ_SIZE (64 * 1024)

/* How far the index runs ahead: what it finds should still be in the cache. */
#define INDEX_WINDOW (32 * 1024)

/* What is kept of a record that is too large. */
#define TOO_LARGE_KEPT (64 * 1024)

/* Makes an array of ends, of which ends[-1] exists too. */
static uint32_t *
new_ends(size_t n)
{
	return (uint32_t *) palloc((n + 1) * sizeof(uint32_t)) + 1;
}

/* Makes it larger. */
static uint32_t *
grow_ends(uint32_t *ends, size_t n)
{
	return (uint32_t *) repalloc_huge(ends - 1, (n + 1) * sizeof(uint32_t)) +
		   1;
}

EtlCsvCursor *
etl_csv_cursor_new(EtlStream *stream)
{
	EtlCsvCursor *cursor = palloc0(sizeof(EtlCsvCursor));

	cursor->stream = stream;
	cursor->capacity = BUFFER_SIZE;
	cursor->buf = (char *) palloc0(SLACK + cursor->capacity) + SLACK;
	cursor->found_capacity = 2 * INDEX_WINDOW;
	cursor->found = new_ends(cursor->found_capacity);
	cursor->span.capacity = 256;
	cursor->span.ends = new_ends(cursor->span.capacity);
	cursor->line = 1;
	return cursor;
}

void
etl_csv_cursor_set_syntax(EtlCsvCursor *cursor, const EtlCsvSyntax *syntax)
{
	cursor->syntax = *syntax;
	cursor->indexing = etl_csv_index_supports(syntax);
	cursor->restart = true;
}

void
etl_csv_cursor_move(EtlCsvCursor *cursor, EtlStream *stream, int64 line,
					int64 offset)
{
	cursor->stream = stream;
	cursor->line = line;
	cursor->offset = offset;
	cursor->start = 0;
	cursor->len = 0;
	cursor->last = false;
	cursor->consumed = 0;
	cursor->lines = 0;
	cursor->restart = true;
}

static inline size_t
moved(size_t offset, size_t by)
{
	return offset > by ? offset - by : 0;
}

/* Moves what is left to the front of the buffer. */
static void
move_to_front(EtlCsvCursor *cursor)
{
	size_t by = cursor->start;

	if (by == 0)
		return;
	memmove(cursor->buf, cursor->buf + by, cursor->len - by);
	cursor->start = 0;
	cursor->len -= by;
	cursor->indexed = moved(cursor->indexed, by);
	cursor->dirty_until = moved(cursor->dirty_until, by);
	cursor->quoted_until = moved(cursor->quoted_until, by);
	for (size_t i = cursor->found_next; i < cursor->found_count; i++)
		cursor->found[i] -= (uint32_t) by;
}

/*
 * Reads more bytes.  Returns false if there are none, or if what is left is one
 * record that is too large already.
 */
static bool
fill(EtlCsvCursor *cursor)
{
	size_t n;

	if (cursor->last || cursor->len - cursor->start >=
							Max((size_t) etl_guc_max_record_size, BUFFER_SIZE))
		return false;
	if (cursor->capacity - cursor->len < READ_SIZE)
		move_to_front(cursor);
	if (cursor->capacity - cursor->len < READ_SIZE)
	{
		cursor->capacity *= 2;
		cursor->buf = (char *) repalloc_huge(cursor->buf - SLACK,
											 SLACK + cursor->capacity) +
					  SLACK;
	}
	n = etl_stream_read(cursor->stream, cursor->buf + cursor->len,
						cursor->capacity - cursor->len);
	cursor->len += n;
	cursor->last = n == 0;
	return true;
}

size_t
etl_csv_cursor_peek(EtlCsvCursor *cursor, size_t want, const char **bytes)
{
	while (cursor->len - cursor->start < want && fill(cursor))
		;
	*bytes = cursor->buf + cursor->start;
	return cursor->len - cursor->start;
}

/* Counts the bytes that are LF, eight at a step. */
static int64
count_line_feeds(const char *s, size_t n)
{
	const uint64 ones = UINT64CONST(0x0101010101010101);
	const uint64 low = ones * 0x7F;
	int64 count = 0;

	for (; n >= sizeof(uint64); s += sizeof(uint64), n -= sizeof(uint64))
	{
		uint64 word;

		memcpy(&word, s, sizeof(word));
		word ^= ones * '\n';
		/* A byte's high bit stays clear only if the byte is zero. */
		word |= ((word & low) + low) | low;
		count += pg_popcount64(~word);
	}
	for (; n > 0; s++, n--)
		count += *s == '\n';
	return count;
}

/* Counts line ends of any kind, CRLF as one. */
static int64
count_line_ends(const char *s, size_t n)
{
	int64 count = count_line_feeds(s, n);
	const char *end = s + n;

	while ((s = memchr(s, '\r', (size_t) (end - s))) != NULL)
	{
		s++;
		count += s == end || *s != '\n';
	}
	return count;
}

/* Passes over n bytes that hold so many line ends. */
static void
pass(EtlCsvCursor *cursor, size_t n, int64 lines)
{
	cursor->offset +=
		etl_encoding_source_length(&cursor->encoding,
								   cursor->buf + cursor->start, n);
	cursor->line += lines;
	cursor->start += n;
}

/* Passes over the record found. */
static void
advance(EtlCsvCursor *cursor)
{
	pass(cursor, cursor->consumed, cursor->lines);
	cursor->consumed = 0;
	cursor->lines = 0;
}

/*
 * Looks for the first line end at or behind "from", an offset from the current
 * position.  Returns false if what is there doesn't tell; else *end is the
 * offset behind it (or of the end of input).
 */
static bool
find_line_end(const EtlCsvCursor *cursor, size_t from, size_t *end)
{
	const char *s = cursor->buf + cursor->start;
	size_t n = cursor->len - cursor->start;
	const char *lf = memchr(s + from, '\n', n - from);
	const char *cr = memchr(s + from, '\r', (lf ? lf : s + n) - (s + from));

	if (cr != NULL && cr + 1 < s + n)
		*end = (size_t) (cr - s) + (cr[1] == '\n' ? 2 : 1);
	else if (cr == NULL && lf != NULL)
		*end = (size_t) (lf - s) + 1;
	else if (cursor->last)
		*end = n;
	else
		return false;
	return true;
}

/*
 * Makes room by dropping what lies between the beginning of a line that is too
 * large and the offset "from"; returns where that offset is now.
 */
static size_t
drop_middle(EtlCsvCursor *cursor, size_t from)
{
	char *line = cursor->buf + cursor->start;
	size_t dropped = from - TOO_LARGE_KEPT;

	cursor->dropped +=
		etl_encoding_source_length(&cursor->encoding, line + TOO_LARGE_KEPT,
								   dropped);
	memmove(line + TOO_LARGE_KEPT, line + from,
			cursor->len - cursor->start - from);
	cursor->len -= dropped;
	return TOO_LARGE_KEPT;
}

/*
 * Finds the end of the current line, which may be larger than any record: only
 * its beginning stays in the buffer then.
 */
static size_t
end_of_line(EtlCsvCursor *cursor)
{
	size_t from = 0;
	size_t end;

	while (!find_line_end(cursor, from, &end))
	{
		/* A CR at the very end waits for what follows it. */
		from = cursor->len - cursor->start;
		if (from > 0 && cursor->buf[cursor->len - 1] == '\r')
			from--;
		if (!fill(cursor))
			from = drop_middle(cursor, from);
	}
	return end;
}

size_t
etl_csv_cursor_skip_line(EtlCsvCursor *cursor, const char **bytes)
{
	size_t n;

	advance(cursor);
	n = end_of_line(cursor);
	*bytes = cursor->buf + cursor->start;
	cursor->consumed = n;
	cursor->lines = n > 0 ? 1 : 0;
	cursor->restart = true;
	return n;
}

/* Starts the index at the current position. */
static void
restart_index(EtlCsvCursor *cursor)
{
	cursor->indexed = cursor->start;
	cursor->found_next = 0;
	cursor->found_checked = 0;
	cursor->found_count = 0;
	cursor->dirty_until = 0;
	cursor->quoted_until = 0;
	cursor->anomaly = false;
	cursor->restart = false;
	etl_csv_index_start(&cursor->indexer, &cursor->syntax);
}

/* Makes room in found[] for another window. */
static void
reserve_found(EtlCsvCursor *cursor)
{
	size_t kept = cursor->found_count - cursor->found_next;
	size_t need = kept + INDEX_WINDOW + ETL_CSV_INDEX_BLOCK;

	if (cursor->found_next > 0)
	{
		memmove(cursor->found, cursor->found + cursor->found_next,
				kept * sizeof(uint32_t));
		cursor->found_checked -= cursor->found_next;
		cursor->found_next = 0;
		cursor->found_count = kept;
	}
	if (cursor->found_capacity < need)
	{
		cursor->found_capacity = 2 * need;
		cursor->found = grow_ends(cursor->found, cursor->found_capacity);
	}
}

/* Indexes another window of the bytes at hand; false if that can't be done. */
static bool
index_more(EtlCsvCursor *cursor)
{
	size_t there = cursor->len - cursor->indexed;
	size_t want = Min(there, INDEX_WINDOW);
	bool last = cursor->last && want == there;
	EtlCsvIndexResult result;

	if (cursor->anomaly || there == 0 ||
		(!last && want <= ETL_CSV_INDEX_BLOCK))
		return false;
	reserve_found(cursor);
	etl_csv_index(&cursor->indexer, cursor->buf + cursor->indexed, want, last,
				  (uint32_t) cursor->indexed,
				  cursor->found + cursor->found_count, &result);
	cursor->indexed += result.indexed;
	cursor->found_count += result.count;
	cursor->anomaly = result.anomaly;
	if (result.special)
		cursor->dirty_until = cursor->indexed;
	if (result.quoted_newlines)
		cursor->quoted_until = cursor->indexed;
	return result.indexed > 0;
}

/* Takes the next record from the index, if it is whole there. */
static bool
take_indexed(EtlCsvCursor *cursor)
{
	const char *buf = cursor->buf;
	size_t i = cursor->found_checked;
	size_t end;

	while (i < cursor->found_count && buf[cursor->found[i]] != '\n' &&
		   buf[cursor->found[i]] != '\r')
		i++;
	if (i == cursor->found_count)
	{
		cursor->found_checked = i;
		return false;
	}
	end = cursor->found[i];
	cursor->base = buf;
	cursor->nfields = i + 1 - cursor->found_next;
	cursor->flags = 0;
	cursor->consumed = end + 1 - cursor->start;
	if (end > cursor->start && buf[end] == '\n' && buf[end - 1] == '\r')
		end--;
	/* The line ends' own positions have served. */
	cursor->found[i] = (uint32_t) end;
	cursor->ends = cursor->found + cursor->found_next;
	cursor->found[(ptrdiff_t) cursor->found_next - 1] =
		(uint32_t) cursor->start - 1;
	cursor->record = buf + cursor->start;
	cursor->length = end - cursor->start;
	cursor->maybe_special = cursor->start < cursor->dirty_until;
	cursor->lines = 1;
	if (cursor->start < cursor->quoted_until)
		cursor->lines += count_line_ends(cursor->record, cursor->length);
	cursor->found_next = i + 1;
	cursor->found_checked = i + 1;
	return true;
}

/* Makes the record found one that is too large. */
static EtlCsvCursorStatus
too_large(EtlCsvCursor *cursor)
{
	cursor->length = Min(cursor->length, TOO_LARGE_KEPT);
	cursor->nfields = 0;
	cursor->flags = 0;
	return ETL_CSV_CURSOR_TOO_LARGE;
}

/*
 * A record that doesn't end as far as the buffer may grow.  If it has a line end
 * it is cut there, for most likely a quote isn't closed; see automaton.h.
 */
static EtlCsvCursorStatus
cut_too_large(EtlCsvCursor *cursor)
{
	size_t length;

	cursor->consumed = end_of_line(cursor);
	cursor->record = cursor->buf + cursor->start;
	length = cursor->consumed;
	while (length > 0 && (cursor->record[length - 1] == '\n' ||
						  cursor->record[length - 1] == '\r'))
		length--;
	cursor->length = length;
	cursor->maybe_special = true;
	cursor->lines = 1;
	cursor->restart = true;
	return too_large(cursor);
}

static EtlCsvCursorStatus
scan_record(EtlCsvCursor *cursor)
{
	EtlCsvSpan *span = &cursor->span;

	cursor->restart = true;
	for (;;)
	{
		switch (etl_csv_scan(&cursor->syntax, cursor->buf + cursor->start,
							 cursor->len - cursor->start, cursor->last, span))
		{
			case ETL_CSV_SCAN_RECORD:
				cursor->record = cursor->buf + cursor->start;
				cursor->length = span->length;
				cursor->consumed = span->consumed;
				cursor->nfields = span->nfields;
				cursor->flags = span->flags & ETL_CSV_FAULTS;
				cursor->fault_field = span->fault_field;
				cursor->maybe_special = true;
				cursor->base = cursor->record;
				cursor->ends = span->ends;
				span->ends[-1] = -(uint32_t) cursor->syntax.delimiter_len;
				cursor->lines = 1;
				if (span->flags & ETL_CSV_HAS_NEWLINES)
					cursor->lines +=
						count_line_ends(cursor->record, cursor->length);
				return ETL_CSV_CURSOR_RECORD;
			case ETL_CSV_SCAN_SPACE:
				span->capacity *= 2;
				span->ends = grow_ends(span->ends, span->capacity);
				break;
			case ETL_CSV_SCAN_MORE:
				if (!fill(cursor))
					return cut_too_large(cursor);
				break;
			case ETL_CSV_SCAN_EOF:
				return ETL_CSV_CURSOR_EOF;
		}
	}
}

/* Finds the record at the current position. */
static EtlCsvCursorStatus
find_record(EtlCsvCursor *cursor)
{
	if (!cursor->indexing)
		return scan_record(cursor);
	if (cursor->restart)
		restart_index(cursor);
	for (;;)
	{
		if (take_indexed(cursor))
			return ETL_CSV_CURSOR_RECORD;
		if (index_more(cursor))
			continue;
		/* A stray quote, or a last record without a line end. */
		if (cursor->anomaly || cursor->last)
			return scan_record(cursor);
		if (!fill(cursor))
			return cut_too_large(cursor);
	}
}

/* True if the record found is a line with nothing, or only blanks, in it. */
static bool
is_blank(const char *record, size_t length, size_t nfields)
{
	if (nfields != 1)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (record[i] != ' ' && record[i] != '\t')
			return false;
	}
	return true;
}

static bool
is_comment(const EtlCsvCursor *cursor, size_t at)
{
	size_t n = (size_t) cursor->syntax.comment_len;

	return n > 0 && cursor->len - at >= n &&
		   memcmp(cursor->buf + at, cursor->syntax.comment, n) == 0;
}

/*
 * Passes over comment lines at the current position.  A quote in a comment
 * means nothing, but the index doesn't know that.
 */
static void
pass_comments(EtlCsvCursor *cursor)
{
	for (;;)
	{
		const char *bytes;
		size_t n;

		etl_csv_cursor_peek(cursor, ETL_CSV_MAX_COMMENT, &bytes);
		if (!is_comment(cursor, cursor->start))
			return;
		n = end_of_line(cursor);
		bytes = cursor->buf + cursor->start;
		if (cursor->syntax.quote != ETL_CSV_NONE &&
			memchr(bytes, cursor->syntax.quote, n) != NULL)
			cursor->restart = true;
		pass(cursor, n, 1);
		while (cursor->found_next < cursor->found_count &&
			   cursor->found[cursor->found_next] < cursor->start)
			cursor->found_next++;
		cursor->found_checked = cursor->found_next;
		if (cursor->indexed < cursor->start)
			cursor->restart = true;
	}
}

/*
 * True if fewer than skip_footer records stand behind the one found.  Moves the
 * buffer, so the record must be found again.
 */
static bool
in_footer(EtlCsvCursor *cursor)
{
	EtlCsvSpan *span = &cursor->span;
	size_t ahead = cursor->consumed;
	int records = 0;

	while (records < cursor->skip_footer)
	{
		const char *at = cursor->buf + cursor->start + ahead;

		switch (etl_csv_scan(&cursor->syntax, at,
							 cursor->len - cursor->start - ahead, cursor->last,
							 span))
		{
			case ETL_CSV_SCAN_RECORD:
				if (!is_comment(cursor, cursor->start + ahead))
				{
					if (!is_blank(at, span->length, span->nfields))
						records++;
					else if (cursor->stop_at_blank)
						return true;
					else if (!cursor->skip_blank)
						records++;
				}
				ahead += span->consumed;
				break;
			case ETL_CSV_SCAN_SPACE:
				span->capacity *= 2;
				span->ends = grow_ends(span->ends, span->capacity);
				break;
			case ETL_CSV_SCAN_MORE:
				/* What is too large for the buffer is no footer. */
				if (!fill(cursor))
					return false;
				break;
			case ETL_CSV_SCAN_EOF:
				return true;
		}
	}
	return false;
}

/* True if the record is all on one line and has no special bytes. */
static inline bool
is_plain(const EtlCsvCursor *cursor, size_t begin, size_t end)
{
	const char *record = cursor->buf + begin;

	if (end - begin > (size_t) etl_guc_max_record_size)
		return false;
	if (unlikely(begin < cursor->dirty_until) &&
		etl_encoding_has_special(record, end - begin))
		return false;
	return likely(begin >= cursor->quoted_until) ||
		   count_line_ends(record, end - begin) <=
			   (record[end - begin - 1] == '\r');
}

/* How many records the index has that a run may have. */
static int
count_plain(const EtlCsvCursor *cursor, size_t width, int max)
{
	const char *buf = cursor->buf;
	const uint32_t *ends = cursor->found + cursor->found_next;
	const uint32_t *stop = cursor->found + cursor->found_count;
	char delimiter = cursor->syntax.delimiter[0];
	size_t last = width - 1;
	int n;

	for (n = 0; n < max && (size_t) (stop - ends) >= width; n++)
	{
		for (size_t i = 0; i < last; i++)
		{
			if (buf[ends[i]] != delimiter)
				return n;
		}
		if (buf[ends[last]] == delimiter ||
			!is_plain(cursor, (size_t) ends[-1] + 1, ends[last]))
			return n;
		ends += width;
	}
	return n;
}

int
etl_csv_cursor_look(EtlCsvCursor *cursor, size_t width, int max,
					EtlCsvRun *run)
{
	if (!cursor->indexing || cursor->restart || cursor->ended ||
		cursor->syntax.comment_len > 0 || cursor->skip_footer > 0)
		return 0;
	advance(cursor);
	while (cursor->found_count - cursor->found_next < width)
	{
		if (!index_more(cursor))
			return 0;
	}
	cursor->found[(ptrdiff_t) cursor->found_next - 1] =
		(uint32_t) cursor->start - 1;
	run->n = count_plain(cursor, width, max);
	run->line = cursor->line;
	run->offset = cursor->offset;
	run->base = cursor->buf;
	run->ends = cursor->found + cursor->found_next;
	return run->n;
}

void
etl_csv_cursor_take(EtlCsvCursor *cursor, size_t width, int n)
{
	size_t end;

	cursor->found_next += width * n;
	cursor->found_checked = cursor->found_next;
	end = (size_t) cursor->found[cursor->found_next - 1] + 1;
	cursor->consumed = end - cursor->start;
	cursor->lines = n;
	cursor->seen_record = true;
}

EtlCsvCursorStatus
etl_csv_cursor_next(EtlCsvCursor *cursor)
{
	for (;;)
	{
		EtlCsvCursorStatus status;

		advance(cursor);
		if (cursor->ended)
			return ETL_CSV_CURSOR_EOF;
		if (cursor->syntax.comment_len > 0)
			pass_comments(cursor);
		status = cursor->skip_footer > 0 ? scan_record(cursor)
										 : find_record(cursor);
		if (status == ETL_CSV_CURSOR_RECORD &&
			is_blank(cursor->record, cursor->length, cursor->nfields))
		{
			if (cursor->stop_at_blank && cursor->seen_record)
			{
				cursor->ended = true;
				continue;
			}
			if (cursor->skip_blank)
				continue;
		}
		if (status == ETL_CSV_CURSOR_RECORD && cursor->skip_footer > 0)
		{
			if (in_footer(cursor))
			{
				cursor->ended = true;
				continue;
			}
			status = scan_record(cursor);
		}
		if (status == ETL_CSV_CURSOR_RECORD &&
			cursor->length > (size_t) etl_guc_max_record_size)
			status = too_large(cursor);
		cursor->seen_record = true;
		return status;
	}
}
