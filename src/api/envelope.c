/*
 * envelope.c
 *	  What a page says besides its records.
 *
 * The document is jansson's, which makes numbers binary ones.  So it never sees
 * them: each is replaced by its position in a list of the numbers as they are
 * written, which is a small integer.
 */
#include "postgres.h"

#include <jansson.h>

#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"

#include "api/envelope.h"

struct EtlEnvelope
{
	json_t *root;  /* jansson's memory */
	List *numbers; /* of char * */
	MemoryContextCallback on_reset;
};

EtlJsonPath *
etl_envelope_path(const char *text, const char *option)
{
	EtlJsonPath *path;

	if (*text != '$' && *text != '\0')
		text = psprintf(*text == '[' ? "$%s" : "$.%s", text);
	path = etl_json_path_parse(text, option, false);
	if (path->nsteps == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("path for option \"%s\" must lead to a member",
							   option)));
	return path;
}

/* The text with each number replaced by its position in the list. */
static char *
set_numbers_apart(const char *text, size_t len, List **numbers)
{
	const char *end = text + len;
	StringInfoData out;

	initStringInfo(&out);
	while (text < end)
	{
		const char *begin = text;

		if (*text == '"')
		{
			for (text++; text < end && *text != '"'; text++)
				text += *text == '\\' && text + 1 < end;
			text += text < end;
			appendBinaryStringInfo(&out, begin, (int) (text - begin));
		}
		else if (*text == '-' || (*text >= '0' && *text <= '9'))
		{
			while (text < end && strchr("+-.0123456789eE", *text) && *text)
				text++;
			appendStringInfo(&out, "%d", list_length(*numbers));
			*numbers = lappend(*numbers, pnstrdup(begin, text - begin));
		}
		else
			appendStringInfoChar(&out, *text++);
	}
	return out.data;
}

static void
release_document(void *arg)
{
	json_decref(((EtlEnvelope *) arg)->root);
}

EtlEnvelope *
etl_envelope_parse(const char *text, size_t len)
{
	EtlEnvelope *envelope = palloc0(sizeof(EtlEnvelope));
	char *rest = set_numbers_apart(text, len, &envelope->numbers);

	envelope->on_reset.func = release_document;
	envelope->on_reset.arg = envelope;
	MemoryContextRegisterResetCallback(CurrentMemoryContext,
									   &envelope->on_reset);
	envelope->root = json_loads(rest, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	pfree(rest);
	return envelope->root ? envelope : NULL;
}

static EtlEnvelopeValue
value_of(const EtlEnvelope *envelope, const json_t *json)
{
	EtlEnvelopeValue value = {ETL_ENVELOPE_ABSENT, NULL};

	if (json == NULL)
		return value;
	switch (json_typeof(json))
	{
		case JSON_NULL:
			value.kind = ETL_ENVELOPE_NULL;
			break;
		case JSON_FALSE:
			value.kind = ETL_ENVELOPE_FALSE;
			break;
		case JSON_TRUE:
			value.kind = ETL_ENVELOPE_TRUE;
			break;
		case JSON_STRING:
			value.kind = ETL_ENVELOPE_STRING;
			value.text = json_string_value(json);
			break;
		case JSON_INTEGER:
		case JSON_REAL:
			value.kind = ETL_ENVELOPE_NUMBER;
			value.text =
				list_nth(envelope->numbers, (int) json_integer_value(json));
			break;
		case JSON_ARRAY:
			value.kind = ETL_ENVELOPE_ARRAY;
			break;
		case JSON_OBJECT:
			value.kind = ETL_ENVELOPE_OBJECT;
			break;
	}
	return value;
}

EtlEnvelopeValue
etl_envelope_member(const EtlEnvelope *envelope, const char *parent,
					const char *name)
{
	const json_t *json = envelope ? envelope->root : NULL;

	if (parent)
		json = json_object_get(json, parent);
	return value_of(envelope, json_object_get(json, name));
}

EtlEnvelopeValue
etl_envelope_find(const EtlEnvelope *envelope, const EtlJsonPath *path)
{
	const json_t *json = envelope ? envelope->root : NULL;

	/* jansson answers NULL for what has no members, NULL itself included */
	for (int i = 0; i < path->nsteps; i++)
	{
		const EtlJsonStep *step = &path->steps[i];

		if (step->kind == ETL_JSON_STEP_MEMBER)
			json = json_object_get(json,
								   pg_server_to_any(step->name,
													(int) strlen(step->name),
													PG_UTF8));
		else
			json = json_array_get(json, step->index);
	}
	return value_of(envelope, json);
}

bool
etl_envelope_is_none(EtlEnvelopeValue value)
{
	return value.kind == ETL_ENVELOPE_ABSENT ||
		   value.kind == ETL_ENVELOPE_NULL ||
		   value.kind == ETL_ENVELOPE_FALSE ||
		   (value.kind == ETL_ENVELOPE_STRING && value.text[0] == '\0');
}

void
etl_envelope_append_members(const EtlEnvelope *envelope, StringInfo out)
{
	const char *name;
	json_t *value;

	json_object_foreach(envelope->root, name, value)
	{
		appendStringInfo(out, "%s\"%s\"", out->len > 0 ? ", " : "",
						 pg_any_to_server(name, (int) strlen(name), PG_UTF8));
	}
}
