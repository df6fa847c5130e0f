/*
 * json_around.c
 *	  What lies outside the records: the way to them, and the envelope.
 *
 * The pull parser passes over an outermost value byte by byte, whatever its
 * size, and stops before each value in it.  The path to the records is followed
 * as far as the open values agree with it:
 *
 *		path $.data.items over
 *		{"meta": {...}, "data": {"count": 2, "items": [
 *		^0 steps agree          ^1                     ^2: found
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "json/reader_private.h"

/* A larger envelope is dropped. */
#define MAX_ENVELOPE (1024 * 1024)

void
etl_json_keep_envelope(EtlJsonReader *reader, const char *s, size_t n)
{
	StringInfo envelope = &reader->envelope;

	if (!reader->options->keep_envelope || reader->envelope_lost)
		return;
	if (reader->values > 1 || (size_t) envelope->len + n > MAX_ENVELOPE)
	{
		reader->envelope_lost = true;
		return;
	}
	appendBinaryStringInfo(envelope, s, (int) n);
}

const char *
etl_json_reader_envelope(EtlReader *self, size_t *len)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	StringInfo envelope = &reader->envelope;
	int working = reader->encoding.working;
	MemoryContext old;
	char *text;

	*len = (size_t) envelope->len;
	if (!reader->options->keep_envelope || reader->envelope_lost ||
		envelope->len == 0)
		return NULL;
	if (working == PG_UTF8 || working == PG_SQL_ASCII)
		return envelope->data;
	old = MemoryContextSwitchTo(reader->context);
	text = (char *) pg_do_encoding_conversion((unsigned char *) envelope->data,
											  envelope->len, working, PG_UTF8);
	MemoryContextSwitchTo(old);
	*len = strlen(text);
	return text;
}

void
etl_json_begin_around(EtlJsonReader *reader)
{
	etl_json_pull_start(&reader->pull);
	reader->pull.utf8 = reader->utf8;
	reader->track.on_path = 0;
	reader->state = ETL_JSON_AROUND;
}

/* True if the key taken last is this name. */
static bool
key_is(EtlJsonReader *reader, const char *name)
{
	const EtlJsonPull *pull = &reader->pull;
	size_t n = pull->key_len;
	MemoryContext old;
	const char *text;
	bool equal;

	if (n > ETL_JSON_MAX_KEY)
		return false;
	if (memchr(pull->key, '\\', n) == NULL &&
		!etl_encoding_has_special(pull->key, n))
		return strlen(name) == n && memcmp(pull->key, name, n) == 0;
	old = MemoryContextSwitchTo(reader->record_context);
	text = etl_json_name_text(reader, pull->key, n);
	equal = text != NULL && strcmp(text, name) == 0;
	MemoryContextSwitchTo(old);
	/* No record is at hand. */
	MemoryContextReset(reader->record_context);
	return equal;
}

/* True if the value that begins at c is where the records are. */
static bool
track_value(EtlJsonReader *reader, char c)
{
	EtlJsonTrack *track = &reader->track;
	const EtlJsonPath *path = reader->records;
	int depth = reader->pull.depth;

	if (depth > track->on_path)
		return false;
	track->on_path = depth;
	if (depth > 0)
	{
		const EtlJsonStep *step = &path->steps[depth - 1];
		bool in_object = etl_json_pull_in_object(&reader->pull);
		int64 element = track->elements[depth - 1]++;

		if (in_object != (step->kind == ETL_JSON_STEP_MEMBER) ||
			(in_object && !key_is(reader, step->name)) ||
			(step->kind == ETL_JSON_STEP_ELEMENT && element != step->index))
			return false;
	}
	if (depth == path->nsteps)
	{
		track->found = true;
		return true;
	}
	if (c == '{' || c == '[')
	{
		track->elements[depth] = 0;
		track->on_path = depth + 1;
	}
	return false;
}

bool
etl_json_find_records(EtlJsonReader *reader, bool *single)
{
	EtlJsonCursor *cursor = reader->cursor;

	for (;;)
	{
		const char *begin = cursor->buf + cursor->start;
		const char *s = begin;
		EtlJsonEvent event =
			etl_json_pull(&reader->pull, &s, cursor->buf + cursor->len,
						  cursor->last);
		size_t n = (size_t) (s - begin);
		char c;

		etl_json_keep_envelope(reader, begin, n);
		if (event == ETL_JSON_BAD)
			etl_json_broken(reader, reader->pull.problem, n);
		etl_json_cursor_pass(cursor, n);
		if (event == ETL_JSON_DONE)
			return false;
		if (event == ETL_JSON_MORE)
			etl_json_cursor_fill(cursor);
		if (event != ETL_JSON_VALUE)
			continue;

		/* A null is no record, and what begins no value is no JSON. */
		c = cursor->buf[cursor->start];
		if (!track_value(reader, c) || c == 'n' || c == '\0' ||
			strchr("{[\"tf-0123456789", c) == NULL)
			continue;
		etl_json_keep_envelope(reader, "[]", 2);
		*single = c != '[';

		/* Tokens begin here. */
		(void) etl_json_skip_blanks(reader);
		return true;
	}
}

void
etl_json_records_passed(EtlJsonReader *reader)
{
	etl_json_pull_taken(&reader->pull);
	reader->state = ETL_JSON_AROUND;
}
