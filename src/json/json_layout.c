/*
 * json_layout.c
 *	  How values lie in a source: in an array, a line each, or anyhow.
 */
#include "postgres.h"

#include "guc.h"
#include "json/reader_private.h"

/* How far one looks for the end of a first line that holds no record itself. */
#define MAX_HEAD (1024 * 1024)

bool
etl_json_skip_blanks(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;

	for (;;)
	{
		if (cursor->token < cursor->ntokens)
		{
			etl_json_cursor_move(cursor, cursor->tokens[cursor->token]);
			return true;
		}
		if (etl_json_cursor_index(cursor))
			continue;
		/* Blanks can be longer than the buffer. */
		if (cursor->indexed > cursor->start)
			etl_json_cursor_move(cursor, cursor->indexed);
		if (!etl_json_cursor_fill(cursor) && cursor->indexed == cursor->len)
			return false;
	}
}

/* Finds the end of the line at hand, as far as max bytes away; or -1. */
static int64
find_line_end(EtlJsonCursor *cursor, size_t from, size_t max)
{
	for (;;)
	{
		const char *s = cursor->buf + cursor->start;
		size_t n = cursor->len - cursor->start;
		const char *line_end =
			from < n ? memchr(s + from, '\n', n - from) : NULL;

		if (line_end != NULL)
			return line_end - s;
		from = n;
		if (n > max || !etl_json_cursor_fill(cursor))
			return -1;
	}
}

/* True if there are only blanks behind the n bytes at hand. */
static bool
only_blanks_follow(EtlJsonCursor *cursor, size_t n)
{
	for (;;)
	{
		for (; n < cursor->len - cursor->start; n++)
		{
			if (!etl_json_is_blank(cursor->buf[cursor->start + n]))
				return false;
		}
		if (!etl_json_cursor_fill(cursor))
			return cursor->last;
	}
}

/*
 * True if the source is one value a line, as far as its first line tells.  That
 * is so if the line is a value; but also if it could have been one, being bad
 * before it ends.
 */
static bool
first_line_is_value(EtlJsonReader *reader, size_t line_end)
{
	EtlJsonCursor *cursor = reader->cursor;
	const char *begin = cursor->buf + cursor->start;
	const char *s = begin;
	EtlJsonPull *pull = &reader->value_pull;
	EtlJsonEvent event;

	etl_json_pull_start(pull);
	do
		event = etl_json_pull(pull, &s, begin + line_end + 1, false);
	while (event == ETL_JSON_VALUE || event == ETL_JSON_KEY);
	return event != ETL_JSON_MORE;
}

void
etl_json_detect_layout(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;
	EtlJsonFormat wanted = reader->wanted_format;
	size_t max = reader->records->nsteps > 0
					 ? MAX_HEAD
					 : Max(MAX_HEAD, (size_t) etl_guc_max_record_size);
	int64 line_end;

	reader->arrays = wanted != ETL_JSON_NDJSON && wanted != ETL_JSON_RECORD;
	reader->format = wanted;
	if (wanted == ETL_JSON_NDJSON)
		reader->lines = reader->strict_lines = true;
	if (wanted != ETL_JSON_AUTO)
		return;

	reader->format = ETL_JSON_DOCUMENT;
	if (!etl_json_skip_blanks(reader))
		return;
	if (cursor->buf[cursor->start] == '[')
	{
		reader->format = ETL_JSON_ARRAY;
		return;
	}
	reader->arrays = false;
	line_end = find_line_end(cursor, 0, max);
	if (line_end < 0 || only_blanks_follow(cursor, (size_t) line_end))
		return;
	reader->lines = first_line_is_value(reader, (size_t) line_end);
	if (reader->lines)
		reader->format = ETL_JSON_NDJSON;
}

bool
etl_json_check_line_value(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;
	int64 line_end =
		find_line_end(cursor, 0, (size_t) etl_guc_max_record_size);
	size_t n = line_end < 0 ? cursor->len - cursor->start : (size_t) line_end;
	const char *problem;
	size_t at;

	if (line_end < 0 && !cursor->last)
	{
		reader->base.records++;
		etl_json_too_large(reader);
		return false;
	}
	problem =
		etl_json_check(cursor->buf + cursor->start, n, reader->utf8, &at);
	if (problem == NULL)
		return true;
	reader->base.records++;
	etl_json_bad_line(reader, problem, at);
	return false;
}

/* What is wrong with the rest of the line, behind the record at hand. */
static const char *
check_rest_of_line(EtlJsonReader *reader, size_t end, size_t *at)
{
	EtlJsonCursor *cursor = reader->cursor;
	const char *from = cursor->buf + cursor->start;
	const char *s = from + reader->length;
	EtlJsonPull *pull = &reader->value_pull;

	for (;;)
	{
		EtlJsonEvent event;

		while (s < from + end && etl_json_is_blank(*s))
			s++;
		if (s == from + end)
			return NULL;
		etl_json_pull_start(pull);
		do
			event = etl_json_pull(pull, &s, from + end, true);
		while (event != ETL_JSON_DONE && event != ETL_JSON_BAD);
		*at = (size_t) (s - from);
		if (event == ETL_JSON_BAD)
			return pull->problem;
	}
}

const char *
etl_json_check_record(EtlJsonReader *reader, size_t *at)
{
	EtlJsonCursor *cursor = reader->cursor;

	while (etl_json_cursor_fill(cursor))
		;
	if (!cursor->last)
		return NULL;
	return check_rest_of_line(reader, cursor->len - cursor->start, at);
}

EtlJsonLineStatus
etl_json_check_line(EtlJsonReader *reader, const char **problem, size_t *at)
{
	EtlJsonCursor *cursor = reader->cursor;
	const char *from = cursor->buf + cursor->start;
	const char *end = cursor->buf + cursor->len;
	const char *s = from + reader->length;
	const char *line_end;

	if (reader->strict_lines && memchr(from, '\n', reader->length) != NULL)
	{
		*at = (size_t) ((const char *) memchr(from, '\n', reader->length) -
						from);
		*problem = "the line ends inside a value";
		return ETL_JSON_LINE_BAD;
	}
	while (s < end && *s != '\n' && etl_json_is_blank(*s))
		s++;
	if (s == end)
		return cursor->last ? ETL_JSON_LINE_GOOD : ETL_JSON_LINE_MORE;
	if (*s == '\n')
		return ETL_JSON_LINE_GOOD;

	*at = (size_t) (s - from);
	*problem = "expected the end of the line";
	if (reader->strict_lines)
		return ETL_JSON_LINE_BAD;
	if (cursor->passed + (int64) *at < reader->line_valid)
		return ETL_JSON_LINE_GOOD;
	line_end = memchr(s, '\n', (size_t) (end - s));
	if (line_end == NULL && !cursor->last)
		return ETL_JSON_LINE_MORE;
	if (line_end == NULL)
		line_end = end;
	*problem = check_rest_of_line(reader, (size_t) (line_end - from), at);
	if (*problem != NULL)
		return ETL_JSON_LINE_BAD;
	reader->line_valid = cursor->passed + (line_end - from);
	return ETL_JSON_LINE_GOOD;
}
