/*
 * json_plain.c
 *	  Many JSON records at once, as long as there is nothing to say of them.
 *
 * The buffer doesn't move meanwhile, so all that the records point to stays.
 * The first one that is anything but plain is left to json_read.c.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "guc.h"
#include "json/reader_private.h"

/*
 * Walks over the next record, if all its tokens are there; returns the token
 * behind it, or NULL.  skip is 1 where a comma must come before it, else 0.
 */
static const uint32_t *
walk_indexed(EtlJsonReader *reader, size_t skip)
{
	EtlJsonCursor *cursor = reader->cursor;

	for (;;)
	{
		const uint32_t *token = cursor->tokens + cursor->token + skip;
		char c;

		if (cursor->token + skip < cursor->ntokens)
		{
			if (skip > 0 && cursor->buf[token[-1]] != ',')
				return NULL;
			c = cursor->buf[*token];
			if (c != '{' && (c != '[' || reader->objects_only))
				return NULL;
			switch (etl_json_walk_once(reader, &token))
			{
				case ETL_JSON_WALK_DONE:
					return token;
				case ETL_JSON_WALK_MORE:
					break;
				case ETL_JSON_WALK_BAD:
					return NULL;
			}
		}
		if (!etl_json_cursor_index(cursor))
			return NULL;
	}
}

/*
 * True if there is nothing to say of the bytes from begin to end, which are a
 * value.
 */
static bool
is_plain(EtlJsonReader *reader, size_t begin, size_t end)
{
	const EtlJsonCursor *cursor = reader->cursor;
	EtlJsonCare care = etl_json_cursor_care(cursor, begin, end);

	reader->escapes = care.escapes;
	if (care.controls || end - begin > (size_t) etl_guc_max_record_size)
		return false;
	if (care.escapes && etl_json_cursor_bad_escape(cursor, begin, end))
		return false;
	if (care.special &&
		(etl_encoding_needs_conversion(&reader->encoding) ||
		 etl_encoding_verify(&reader->encoding, cursor->buf + begin,
							 end - begin) >= 0))
		return false;
	return !reader->lines || reader->records->nsteps > 0 ||
		   etl_json_line_is_plain(reader, begin, end);
}

static void
make_room(EtlJsonReader *reader, int max)
{
	int nwanted = Max(reader->base.nwanted, 1);

	if (reader->many_capacity >= max)
		return;
	reader->many_capacity = max;
	reader->many_fields =
		MemoryContextAlloc(reader->context, sizeof(EtlField) * max * nwanted);
	reader->many_bounds =
		MemoryContextAlloc(reader->context, sizeof(uint32) * max * 2);
}

/* True if what comes next may be plain records. */
static bool
may_be_plain(const EtlJsonReader *reader)
{
	switch (reader->state)
	{
		case ETL_JSON_AT_TOP:
			return reader->lines && reader->records->nsteps == 0 &&
				   !reader->arrays;
		case ETL_JSON_IN_ARRAY:
			return reader->element == ETL_JSON_AFTER_RECORD;
		case ETL_JSON_AROUND:
			break;
	}
	return false;
}

int
etl_json_next_plain(EtlReader *self, int max, const EtlField **fields)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	EtlJsonCursor *cursor = reader->cursor;
	size_t skip = reader->state == ETL_JSON_IN_ARRAY ? 1 : 0;
	int n = 0;

	if (!reader->prepared || !may_be_plain(reader))
		return 0;
	etl_json_pass_records(reader);
	etl_json_forget_keys(reader);
	make_room(reader, max);
	reader->convert = false;
	while (n < max)
	{
		const uint32_t *end;
		const uint32_t *begin;

		end = walk_indexed(reader, skip);
		if (end == NULL)
			break;
		begin = cursor->tokens + cursor->token + skip;
		if (!is_plain(reader, *begin, end[-1] + 1) ||
			!etl_json_take_plain(reader, reader->many_fields +
											 n * reader->base.nwanted))
			break;
		reader->many_bounds[2 * n] = *begin;
		reader->many_bounds[2 * n + 1] = end[-1] + 1;
		cursor->token = (size_t) (end - cursor->tokens);
		n++;
	}
	*fields = reader->many_fields;
	reader->many = n;
	reader->values += skip == 0 ? n : 0;
	reader->base.records += n;
	return n;
}

void
etl_json_plain_record(EtlReader *self, int i, EtlRecord *record)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	EtlJsonCursor *cursor = reader->cursor;
	size_t begin = reader->many_bounds[2 * i];
	const char *start = cursor->buf + cursor->start;

	record->fields = reader->many_fields + i * reader->base.nwanted;
	record->record_no = reader->base.records - reader->many + i + 1;
	record->line = etl_json_cursor_line(cursor, begin);
	record->offset =
		cursor->offset + etl_encoding_source_length(&reader->encoding, start,
													begin - cursor->start);
	record->raw = cursor->buf + begin;
	record->raw_len = reader->many_bounds[2 * i + 1] - begin;
}
