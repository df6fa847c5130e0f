/*
 * json_members.c
 *	  All members of a record, for those who don't know which there are.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "json/reader_private.h"

/* The value at the token; moves *token behind it. */
static EtlJsonSlot
take_slot(EtlJsonReader *reader, const uint32_t **token)
{
	static const EtlJsonPlace nothing = {NULL, 0, NULL};
	const char *buf = reader->cursor->buf;
	const char *s = buf + **token;
	const uint32_t *begin = *token;
	const char *end;
	EtlJsonSlot slot = {s, 0, ETL_JSON_TYPE_NUMBER, true};

	if (*s == '{' || *s == '[')
	{
		(void) etl_json_walk(&reader->walk, token, &nothing);
		slot.type = *s == '{' ? ETL_JSON_TYPE_OBJECT : ETL_JSON_TYPE_ARRAY;
		end = buf + (*token)[-1] + 1;
		slot.len = (uint32_t) (end - s);
		return slot;
	}
	end = buf + begin[1];
	while (etl_json_is_blank(end[-1]))
		end--;
	(*token)++;
	slot.len = (uint32_t) (end - s);
	if (*s == '"')
	{
		slot.type = ETL_JSON_TYPE_STRING;
		slot.data++;
		slot.len -= 2;
	}
	else if (*s == 't' || *s == 'f')
		slot.type = ETL_JSON_TYPE_BOOLEAN;
	else if (*s == 'n')
		slot.type = ETL_JSON_TYPE_NULL;
	return slot;
}

/* The number of members there can be at most. */
static size_t
count_members(const EtlJsonReader *reader)
{
	return reader->record_ntokens / 4 + 1;
}

const EtlJsonMember *
etl_json_reader_members(EtlReader *self, int *n)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	const EtlJsonCursor *cursor = reader->cursor;
	const uint32_t *token = cursor->tokens + cursor->token;
	const char *buf = cursor->buf;
	MemoryContext old;
	EtlJsonMember *members;

	*n = 0;
	if (reader->record_ntokens == 0 || buf[*token] != '{')
		return NULL;
	old = MemoryContextSwitchTo(etl_json_record_context(reader));
	members = palloc_extended(count_members(reader) * sizeof(EtlJsonMember),
							  MCXT_ALLOC_HUGE);
	token++;
	while (buf[*token] == '"')
	{
		const char *name = buf + *token + 1;
		const char *end = buf + token[1];
		EtlJsonMember *member = &members[*n];
		EtlJsonSlot slot;

		while (*--end != '"')
			;
		token += 2;
		slot = take_slot(reader, &token);
		member->name = etl_json_name_text(reader, name, (size_t) (end - name));
		member->name_len = member->name ? strlen(member->name) : 0;
		/* What can't be told isn't there, and what is no text has no type. */
		if (member->name != NULL)
		{
			if (!etl_json_take_value(reader, &slot, false, &member->value))
				member->value.kind = ETL_FIELD_NULL;
			(*n)++;
		}
		if (buf[*token] == ',')
			token++;
	}
	MemoryContextSwitchTo(old);
	return members;
}
