/*
 * json_read.c
 *	  The records of a JSON source, one after the other.
 *
 * A record is found and taken apart in one walk over its tokens.  It stays
 * where it is in the buffer, and the cursor on its first byte, until the next
 * one is asked for.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "guc.h"
#include "json/reader_private.h"

void
etl_json_pass_records(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;

	if (reader->many > 0)
	{
		etl_json_cursor_move(cursor,
							 reader->many_bounds[2 * reader->many - 1]);
		reader->many = 0;
	}
	else if (reader->record_ntokens > 0)
	{
		cursor->token += reader->record_ntokens;
		etl_json_cursor_move(cursor, cursor->start + reader->length);
	}
	else if (reader->length > 0)
		etl_json_cursor_pass(cursor, reader->length);
	reader->record_ntokens = 0;
	reader->length = 0;
	if (reader->record_context_used)
	{
		MemoryContextReset(reader->record_context);
		reader->record_context_used = false;
	}
}

/* Passes over the token at hand, which is one byte. */
static void
pass_byte(EtlJsonReader *reader)
{
	reader->cursor->token++;
	etl_json_cursor_move(reader->cursor, reader->cursor->start + 1);
}

EtlJsonWalkStatus
etl_json_walk_once(EtlJsonReader *reader, const uint32_t **token)
{
	const EtlJsonCursor *cursor = reader->cursor;
	EtlJsonWalk *walk = &reader->walk;

	walk->buf = cursor->buf;
	walk->tokens_end = cursor->tokens + cursor->ntokens;
	for (int i = 0; i < reader->base.nwanted; i++)
	{
		walk->slots[i].type = ETL_JSON_TYPE_NONE;
		walk->slots[i].exact = false;
	}
	return etl_json_walk(walk, token, &reader->record_place);
}

/* Walks over the object or array at hand. */
static EtlJsonWalkStatus
walk_container(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;

	for (;;)
	{
		const uint32_t *first = cursor->tokens + cursor->token;
		const uint32_t *token = first;
		EtlJsonWalkStatus status = etl_json_walk_once(reader, &token);

		if (status == ETL_JSON_WALK_DONE)
		{
			reader->record_ntokens = (size_t) (token - first);
			reader->length = token[-1] + 1 - cursor->start;
		}
		if (status != ETL_JSON_WALK_MORE ||
			!etl_json_cursor_more_tokens(cursor))
			return status;
	}
}

/* Notes the scalar at hand where the whole record is wanted. */
static void
fill_scalar(EtlJsonReader *reader)
{
	const EtlJsonPlace *place = &reader->record_place;
	const char *s = reader->cursor->buf + reader->cursor->start;
	EtlJsonSlot slot = {s, (uint32_t) reader->length, ETL_JSON_TYPE_NUMBER,
						true};

	if (*s == '"')
	{
		slot.type = ETL_JSON_TYPE_STRING;
		slot.data++;
		slot.len -= 2;
	}
	else if (*s == 'n')
		slot.type = ETL_JSON_TYPE_NULL;
	for (int i = 0; i < reader->base.nwanted; i++)
		reader->slots[i].type = ETL_JSON_TYPE_NONE;
	for (int i = 0; i < place->ntargets; i++)
		reader->slots[place->targets[i].slot] = slot;
}

/* The same for a value that is neither. */
static EtlJsonWalkStatus
walk_scalar(EtlJsonReader *reader)
{
	EtlJsonCursor *cursor = reader->cursor;
	EtlJsonPull *pull = &reader->value_pull;
	EtlJsonEvent event;
	size_t done = 0;

	etl_json_pull_start(pull);
	do
	{
		const char *s = cursor->buf + cursor->start + done;

		event =
			etl_json_pull(pull, &s, cursor->buf + cursor->len, cursor->last);
		done = (size_t) (s - cursor->buf) - cursor->start;
		if (event == ETL_JSON_MORE && !etl_json_cursor_fill(cursor) &&
			!cursor->last)
			return ETL_JSON_WALK_MORE;
	} while (event == ETL_JSON_MORE || event == ETL_JSON_VALUE);
	if (event == ETL_JSON_BAD)
		return ETL_JSON_WALK_BAD;
	while (cursor->indexed < cursor->start + done)
	{
		if (!etl_json_cursor_index(cursor))
			etl_json_cursor_fill(cursor);
	}
	reader->record_ntokens = 1;
	reader->length = done;
	fill_scalar(reader);
	return ETL_JSON_WALK_DONE;
}

/*
 * Judges the value that was walked over by what its tokens don't tell.  False,
 * with the reject filled, if it is bad.
 */
static bool
judge_bytes(EtlJsonReader *reader, EtlReadStatus *status)
{
	EtlJsonCursor *cursor = reader->cursor;
	const char *s = cursor->buf + cursor->start;
	size_t end = cursor->start + reader->length;
	EtlJsonCare care = etl_json_cursor_care(cursor, cursor->start, end);
	size_t at;

	*status = ETL_READ_REJECT;
	if ((care.controls &&
		 etl_json_check(s, reader->length, false, &at) != NULL) ||
		(care.escapes &&
		 etl_json_cursor_bad_escape(cursor, cursor->start, end)))
	{
		*status = etl_json_bad_value(reader);
		return false;
	}
	reader->escapes = care.escapes;
	reader->convert = false;
	if (care.special)
	{
		int64 bad = etl_encoding_verify(&reader->encoding, s, reader->length);

		if (bad >= 0)
		{
			etl_json_reject_bytes(reader, s + bad,
								  reader->length - (size_t) bad, false,
								  reader->length);
			return false;
		}
		reader->convert = etl_encoding_needs_conversion(&reader->encoding);
	}
	return true;
}

/* Makes the value at hand a record. */
static EtlReadStatus
finish_record(EtlJsonReader *reader, EtlRecord *record)
{
	EtlJsonCursor *cursor = reader->cursor;
	EtlReadStatus status;

	if (reader->length > (size_t) etl_guc_max_record_size)
		return etl_json_too_large(reader);
	if (!judge_bytes(reader, &status))
		return status;
	if (!etl_json_take_wanted(reader))
		return ETL_READ_REJECT;
	record->fields = reader->fields;
	record->record_no = reader->base.records;
	record->line = cursor->line;
	record->offset = cursor->offset;
	record->raw = cursor->buf + cursor->start;
	record->raw_len = reader->length;
	return ETL_READ_RECORD;
}

/* Reads the value at hand as a record. */
static EtlReadStatus
read_record(EtlJsonReader *reader, EtlRecord *record)
{
	EtlJsonCursor *cursor = reader->cursor;
	char c = cursor->buf[cursor->start];

	reader->base.records++;
	for (;;)
	{
		EtlJsonWalkStatus status = c == '{' || c == '['
									   ? walk_container(reader)
									   : walk_scalar(reader);
		const char *problem;
		size_t at;

		if (status == ETL_JSON_WALK_MORE && !cursor->last)
			return etl_json_too_large(reader);
		if (status != ETL_JSON_WALK_DONE)
			return etl_json_bad_value(reader);
		if (!reader->lines || reader->records->nsteps > 0 ||
			etl_json_line_is_plain(reader, cursor->start,
								   cursor->start + reader->length))
			break;
		switch (etl_json_check_line(reader, &problem, &at))
		{
			case ETL_JSON_LINE_GOOD:
				return finish_record(reader, record);
			case ETL_JSON_LINE_BAD:
				return etl_json_bad_line(reader, problem, at);
			case ETL_JSON_LINE_MORE:
				/* The buffer moves, and with it the values found. */
				if (!etl_json_cursor_fill(cursor) && !cursor->last)
					return etl_json_too_large(reader);
				break;
		}
	}
	return finish_record(reader, record);
}

/* Raises the error that the path to the records leads nowhere. */
static void
path_not_found(const EtlJsonReader *reader)
{
	ereport(ERROR,
			(errcode(ERRCODE_SQL_JSON_MEMBER_NOT_FOUND),
			 errmsg("\"%s\" has nothing at path \"%s\"", reader->base.source,
					reader->options->records),
			 errhint("The option \"records\" tells where the records are; "
					 "paths are case-sensitive.")));
}

static inline bool
is_one_value(const EtlJsonReader *reader)
{
	return reader->wanted_format == ETL_JSON_DOCUMENT;
}

/* At the end of the source: is all well? */
static EtlReadStatus
at_end(EtlJsonReader *reader)
{
	if (reader->values == 0 && is_one_value(reader))
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("\"%s\" is empty", reader->base.source),
						errdetail("A JSON document has exactly one value.")));
	if (reader->values > 0 && !reader->track.found &&
		reader->records->nsteps > 0 && !reader->options->keep_envelope)
		path_not_found(reader);
	return ETL_READ_EOF;
}

/* Enters the array at hand. */
static void
enter_array(EtlJsonReader *reader, bool nested)
{
	pass_byte(reader);
	reader->nested = nested;
	reader->element = ETL_JSON_FIRST;
	reader->state = ETL_JSON_IN_ARRAY;
}

/*
 * A record by itself is bad as a whole, for what it has become is no record any
 * more: false, with *status, if it is.
 */
static bool
is_good_record(EtlJsonReader *reader, EtlReadStatus *status)
{
	size_t at;
	const char *problem = etl_json_check_record(reader, &at);

	if (problem == NULL)
		return true;
	reader->base.records++;
	*status = etl_json_bad_rest(reader, problem, at);
	return false;
}

/* Begins the next outermost value; false: *status tells what was read. */
static bool
next_value(EtlJsonReader *reader, EtlRecord *record, EtlReadStatus *status)
{
	EtlJsonCursor *cursor = reader->cursor;
	char c;

	if (!etl_json_skip_blanks(reader))
	{
		*status = at_end(reader);
		return false;
	}
	c = cursor->buf[cursor->start];
	if (reader->values > 0 &&
		(is_one_value(reader) || reader->wanted_format == ETL_JSON_ARRAY))
		etl_json_broken(reader, "expected the end", 0);
	if (reader->values == 0 && reader->wanted_format == ETL_JSON_ARRAY &&
		c != '[')
		etl_json_broken(reader, "expected an array", 0);
	reader->values++;
	if (reader->wanted_format == ETL_JSON_RECORD && reader->values == 1 &&
		!is_good_record(reader, status))
		return false;
	c = cursor->buf[cursor->start];
	if (reader->records->nsteps > 0)
	{
		if (reader->lines && !etl_json_check_line_value(reader))
		{
			*status = ETL_READ_REJECT;
			return false;
		}
		etl_json_begin_around(reader);
		return true;
	}
	if (c == '[' && reader->arrays)
	{
		etl_json_keep_envelope(reader, "[]", 2);
		enter_array(reader, false);
		return true;
	}
	*status = read_record(reader, record);
	if (*status == ETL_READ_RECORD)
		etl_json_keep_envelope(reader, record->raw, record->raw_len);
	if (*status == ETL_READ_RECORD && reader->values == 1)
		etl_json_note_missed(reader, record);
	return false;
}

/* The array of records ends here. */
static void
leave_array(EtlJsonReader *reader)
{
	pass_byte(reader);
	reader->state = ETL_JSON_AT_TOP;
	if (reader->nested)
		etl_json_records_passed(reader);
}

/* Goes on in an array of records; false: *status tells what was read. */
static bool
next_element(EtlJsonReader *reader, EtlRecord *record, EtlReadStatus *status)
{
	EtlJsonElementState before = reader->element;
	char c;

	if (!etl_json_skip_blanks(reader))
		etl_json_broken(reader,
						before == ETL_JSON_AFTER_RECORD
							? "expected \",\" or \"]\""
							: "expected a value",
						0);
	c = reader->cursor->buf[reader->cursor->start];
	if (c == ']' && before != ETL_JSON_AFTER_COMMA)
	{
		leave_array(reader);
		return true;
	}
	if (c == ',' && before == ETL_JSON_AFTER_RECORD)
	{
		pass_byte(reader);
		reader->element = ETL_JSON_AFTER_COMMA;
		return true;
	}

	/* Where a record is missing there is nothing to pass over. */
	reader->element = ETL_JSON_AFTER_RECORD;
	if (c == ']' || c == ',')
	{
		reader->base.records++;
		etl_json_reject_syntax(reader, "expected a value", 0, 0);
		*status = ETL_READ_REJECT;
	}
	else if (before == ETL_JSON_AFTER_RECORD)
	{
		reader->base.records++;
		*status = etl_json_misplaced(reader, "expected \",\" or \"]\"");
	}
	else
		*status = read_record(reader, record);
	return false;
}

static EtlReadStatus
json_next(EtlReader *self, EtlRecord *record)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	EtlReadStatus status;

	etl_json_pass_records(reader);
	if (unlikely(!reader->prepared))
		etl_json_prepare_wanted(reader);
	etl_json_forget_keys(reader);
	for (;;)
	{
		bool single = false;
		bool go_on = true;

		switch (reader->state)
		{
			case ETL_JSON_AT_TOP:
				go_on = next_value(reader, record, &status);
				break;
			case ETL_JSON_IN_ARRAY:
				go_on = next_element(reader, record, &status);
				break;
			case ETL_JSON_AROUND:
				if (!etl_json_find_records(reader, &single))
					reader->state = ETL_JSON_AT_TOP;
				else if (!single)
					enter_array(reader, true);
				else
				{
					reader->nested = true;
					status = read_record(reader, record);
					etl_json_records_passed(reader);
					go_on = false;
				}
				break;
		}
		if (!go_on)
			return status;
	}
}

static const char *
json_raw_bytes(EtlReader *self, const EtlRecord *record, size_t *len)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	MemoryContext old = MemoryContextSwitchTo(etl_json_record_context(reader));
	const char *bytes =
		etl_encoding_source_bytes(&reader->encoding, record->raw,
								  record->raw_len, len);

	MemoryContextSwitchTo(old);
	return bytes;
}

static const char *
json_raw_text(EtlReader *self, const EtlRecord *record, size_t *len)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	MemoryContext old;
	size_t bad;
	char *text;

	*len = record->raw_len;
	if (!reader->convert)
		return record->raw;
	old = MemoryContextSwitchTo(etl_json_record_context(reader));
	text = etl_encoding_convert(&reader->encoding, record->raw,
								record->raw_len, len, &bad);
	MemoryContextSwitchTo(old);
	if (text == NULL)
		etl_json_reject_bytes(reader, record->raw + bad, record->raw_len - bad,
							  true, record->raw_len);
	return text;
}

static char *
json_record_json(EtlReader *self, const EtlRecord *record)
{
	size_t len;
	const char *text = json_raw_text(self, record, &len);
	char *copy;

	if (text == NULL)
		return NULL;
	copy = palloc_extended(len + 1, MCXT_ALLOC_HUGE);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

static void
json_close(EtlReader *self)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;

	etl_stream_close(reader->stream);
	MemoryContextDelete(reader->context);
}

const EtlReaderOps etl_json_reader_ops = {
	.next = json_next,
	.next_plain = etl_json_next_plain,
	.plain_record = etl_json_plain_record,
	.raw_bytes = json_raw_bytes,
	.raw_text = json_raw_text,
	.record_json = json_record_json,
	.find_field = etl_json_find_field,
	.divide = etl_json_divide,
	.find_place = etl_json_find_place,
	.move = etl_json_move,
	.close = json_close,
};
