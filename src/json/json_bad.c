/*
 * json_bad.c
 *	  What becomes of values that are no JSON, or too large.
 *
 * Each leaves a reject and the way free to what follows.  Where a bad value
 * ends is sure if lines are values, and if the source is one record by itself;
 * elsewhere see balance.h.  If it isn't sure, going on could lose good records
 * without a word, so the source is broken, which is an error.
 */
#include "postgres.h"

#include "guc.h"
#include "json/balance.h"
#include "json/reader_private.h"

/* What is kept of a value that is too large. */
#define TOO_LARGE_KEPT (64 * 1024)

/*
 * Asks the pull parser what is wrong with the value at hand, at *at bytes from
 * its start.  With allow_controls: whether anything else is, within n bytes.
 */
static const char *
find_problem(EtlJsonReader *reader, size_t *at)
{
	EtlJsonCursor *cursor = reader->cursor;
	EtlJsonPull *pull = &reader->value_pull;
	EtlJsonEvent event;

	*at = 0;
	etl_json_pull_start(pull);
	do
	{
		const char *s = cursor->buf + cursor->start + *at;

		event =
			etl_json_pull(pull, &s, cursor->buf + cursor->len, cursor->last);
		*at = (size_t) (s - cursor->buf) - cursor->start;
		if (event == ETL_JSON_MORE && !etl_json_cursor_fill(cursor) &&
			!cursor->last)
			return NULL;
	} while (event != ETL_JSON_BAD && event != ETL_JSON_DONE);
	return event == ETL_JSON_BAD ? pull->problem : "not a value";
}

/* Rejects the value at hand, n bytes long, with what it is known to be. */
static EtlReadStatus
reject_value(EtlJsonReader *reader, const char *problem, size_t at, size_t n)
{
	etl_json_reject_syntax(reader, problem, at, n);
	reader->length = n;
	reader->record_ntokens = 0;
	return ETL_READ_REJECT;
}

EtlReadStatus
etl_json_bad_line(EtlJsonReader *reader, const char *problem, size_t at)
{
	EtlJsonCursor *cursor = reader->cursor;
	size_t done = 0;
	const char *s;
	const char *line_end;
	size_t n;

	for (;;)
	{
		s = cursor->buf + cursor->start;
		n = cursor->len - cursor->start;
		line_end = memchr(s + done, '\n', n - done);
		if (line_end != NULL)
			break;
		done = n;
		if (etl_json_cursor_fill(cursor))
			continue;
		if (!cursor->last)
			return etl_json_too_large(reader);
		line_end = s + n;
		break;
	}
	n = (size_t) (line_end - s);
	while (n > 0 && etl_json_is_blank(s[n - 1]))
		n--;
	if (at > n)
	{
		at = n;
		problem = "the line ends inside a value";
	}
	return reject_value(reader, problem, at, n);
}

/*
 * True if the n bytes at hand are JSON but for control characters in their
 * strings.
 */
static bool
is_json_otherwise(EtlJsonReader *reader, size_t n)
{
	const char *s = reader->cursor->buf + reader->cursor->start;
	const char *end = s + n;
	EtlJsonPull *pull = &reader->value_pull;
	EtlJsonEvent event;

	etl_json_pull_start(pull);
	pull->allow_controls = true;
	do
		event = etl_json_pull(pull, &s, end, true);
	while (event != ETL_JSON_DONE && event != ETL_JSON_BAD);
	return event == ETL_JSON_DONE && s == end;
}

/* Passes over a bad value whose end no line end tells. */
static EtlReadStatus
balanced_value(EtlJsonReader *reader, const char *problem, size_t at)
{
	EtlJsonCursor *cursor = reader->cursor;
	EtlJsonBalance balance = {0};
	EtlJsonBalanceStatus status;
	size_t n = 0;

	for (;;)
	{
		const char *s = cursor->buf + cursor->start + n;

		status = etl_json_balance(&balance, &s, cursor->buf + cursor->len);
		n = (size_t) (s - cursor->buf) - cursor->start;
		if (status != ETL_JSON_BALANCE_MORE)
			break;
		if (etl_json_cursor_fill(cursor))
			continue;
		if (!cursor->last)
			return etl_json_too_large(reader);
		break;
	}
	if (status == ETL_JSON_BALANCE_MORE && !etl_json_balance_at_end(&balance))
		etl_json_broken(reader, problem, at);
	if (status == ETL_JSON_BALANCE_UNSURE ||
		(balance.line_feeds && !is_json_otherwise(reader, n)))
		etl_json_broken(reader, problem, at);
	return reject_value(reader, problem, Min(at, n), n);
}

EtlReadStatus
etl_json_bad_rest(EtlJsonReader *reader, const char *problem, size_t at)
{
	EtlJsonCursor *cursor = reader->cursor;
	size_t n;

	while (etl_json_cursor_fill(cursor))
		;
	if (!cursor->last)
		return etl_json_too_large(reader);
	n = cursor->len - cursor->start;
	while (n > 0 && etl_json_is_blank(cursor->buf[cursor->start + n - 1]))
		n--;
	return reject_value(reader, problem, Min(at, n), n);
}

EtlReadStatus
etl_json_bad_value(EtlJsonReader *reader)
{
	size_t at;
	const char *problem = find_problem(reader, &at);

	if (problem == NULL)
		return etl_json_too_large(reader);
	if (reader->lines)
		return etl_json_bad_line(reader, problem, at);
	if (reader->wanted_format == ETL_JSON_RECORD)
		return etl_json_bad_rest(reader, problem, at);
	return balanced_value(reader, problem, at);
}

EtlReadStatus
etl_json_misplaced(EtlJsonReader *reader, const char *problem)
{
	return balanced_value(reader, problem, 0);
}

/* Makes the reject of a value that is too large; keeps its beginning. */
static void
reject_too_large(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;
	MemoryContext old = MemoryContextSwitchTo(etl_json_record_context(reader));
	size_t n = Min(cursor->len - cursor->start, TOO_LARGE_KEPT);
	char *message = psprintf("record is larger than pg_etl.max_record_size "
							 "(%d bytes)",
							 etl_guc_max_record_size);
	char *kept;

	MemoryContextSwitchTo(old);
	etl_json_reject(reader, ETL_STAGE_STRUCTURE,
					ERRCODE_PROGRAM_LIMIT_EXCEEDED, message,
					"Only the beginning of its bytes is kept.", n);

	/* The buffer will move. */
	kept = MemoryContextAlloc(etl_json_record_context(reader),
							  Max(reader->base.reject.raw_len, 1));
	memcpy(kept, reader->base.reject.raw, reader->base.reject.raw_len);
	reader->base.reject.raw = kept;
}

/* Passes over the rest of the line, however long. */
static void
pass_line(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;

	for (;;)
	{
		const char *s = cursor->buf + cursor->start;
		size_t n = cursor->len - cursor->start;
		const char *line_end = memchr(s, '\n', n);

		etl_json_cursor_pass(cursor, line_end ? (size_t) (line_end - s) : n);
		if (line_end != NULL || !etl_json_cursor_fill(cursor))
			return;
	}
}

/* Passes over all that is left. */
static void
pass_all(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;

	do
		etl_json_cursor_pass(cursor, cursor->len - cursor->start);
	while (etl_json_cursor_fill(cursor));
}

/* Passes over the rest of the value, however long, if it is sure where that is.
 */
static void
pass_value(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;
	EtlJsonBalance balance = {0};
	EtlJsonBalanceStatus status;

	do
	{
		const char *begin = cursor->buf + cursor->start;
		const char *s = begin;

		status = etl_json_balance(&balance, &s, cursor->buf + cursor->len);
		etl_json_cursor_pass(cursor, (size_t) (s - begin));
	} while (status == ETL_JSON_BALANCE_MORE && etl_json_cursor_fill(cursor));
	if (status == ETL_JSON_BALANCE_UNSURE || balance.line_feeds ||
		(status == ETL_JSON_BALANCE_MORE &&
		 !etl_json_balance_at_end(&balance)))
		etl_json_broken(reader,
						"a value larger than pg_etl.max_record_size "
						"has no clear end",
						0);
}

EtlReadStatus
etl_json_too_large(EtlJsonReader *reader)
{
	reject_too_large(reader);
	if (reader->lines)
		pass_line(reader);
	else if (reader->wanted_format == ETL_JSON_RECORD)
		pass_all(reader);
	else
		pass_value(reader);
	reader->length = 0;
	reader->record_ntokens = 0;
	return ETL_READ_REJECT;
}
