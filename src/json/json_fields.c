/*
 * json_fields.c
 *	  What the values of a JSON record are, in the database encoding.
 *
 * A value is a piece of the buffer wherever it can be; it is copied only for
 * its escapes or its encoding.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "json/json_text.h"
#include "json/reader_private.h"

/* Writes a character in a database encoding that isn't UTF-8. */
static size_t
put_character(void *arg, uint32_t code, char *out)
{
	const EtlEncoding *from_utf8 = arg;
	unsigned char utf8[8] = {0};
	char *converted;
	size_t len;
	size_t bad;

	if (from_utf8->converter == NULL)
		return 0;
	unicode_to_utf8(code, utf8);
	converted = etl_encoding_convert(from_utf8, (char *) utf8,
									 (size_t) pg_utf_mblen(utf8), &len, &bad);
	if (converted == NULL)
		return 0;
	memcpy(out, converted, len);
	pfree(converted);
	return len;
}

static EtlJsonTextStatus
unescape(const EtlJsonReader *reader, const char *s, size_t n, char *out,
		 size_t *len)
{
	return etl_json_text(s, n, reader->from_utf8 ? put_character : NULL,
						 unconstify(EtlEncoding *, reader->from_utf8), out,
						 len);
}

/* Rejects for the escape at s, of which there are n bytes. */
static void
reject_escape(EtlJsonReader *reader, EtlJsonTextStatus status, const char *s,
			  size_t n)
{
	MemoryContext old = MemoryContextSwitchTo(etl_json_record_context(reader));
	char *escape = pnstrdup(s, Min(n, 6));
	char *message;

	if (status == ETL_JSON_TEXT_UNTRANSLATABLE)
		message = psprintf("character %s has no equivalent in encoding \"%s\"",
						   escape, GetDatabaseEncodingName());
	else if (status == ETL_JSON_TEXT_ZERO)
		message = psprintf("%s cannot be converted to text", escape);
	else
		message = psprintf("%s is half of a character and cannot be converted "
						   "to text",
						   escape);
	MemoryContextSwitchTo(old);
	etl_json_reject(reader, ETL_STAGE_ENCODING,
					ERRCODE_UNTRANSLATABLE_CHARACTER, message, NULL,
					reader->length);
}

/* Converts n bytes; NULL, with the reject filled, if that can't be done. */
static const char *
convert(EtlJsonReader *reader, const char *s, size_t n, size_t *len)
{
	size_t bad;
	char *converted = etl_encoding_convert(&reader->encoding, s, n, len, &bad);

	if (converted == NULL)
		etl_json_reject_bytes(reader, s + bad, n - bad, true, reader->length);
	return converted;
}

/* Takes out a value that isn't simply its bytes. */
static bool
take_value_slow(EtlJsonReader *reader, EtlField *field)
{
	MemoryContext old = MemoryContextSwitchTo(etl_json_record_context(reader));
	const char *s = field->data;
	size_t len = field->len;
	bool ok = true;

	if (reader->convert && etl_encoding_has_special(s, len))
		s = convert(reader, s, len, &len);
	if (s != NULL && field->kind == ETL_FIELD_TEXT && reader->escapes &&
		memchr(s, '\\', len) != NULL)
	{
		char *out =
			(char *) palloc_extended(ETL_FIELD_SLACK + len, MCXT_ALLOC_HUGE) +
			ETL_FIELD_SLACK;
		size_t out_len;
		EtlJsonTextStatus status = unescape(reader, s, len, out, &out_len);

		if (status != ETL_JSON_TEXT_OK)
		{
			reject_escape(reader, status, s + out_len, len - out_len);
			ok = false;
		}
		s = out;
		len = out_len;
	}
	MemoryContextSwitchTo(old);
	field->data = s;
	field->len = (uint32) len;
	return ok && s != NULL;
}

bool
etl_json_take_value(EtlJsonReader *reader, const EtlJsonSlot *slot,
					bool as_json, EtlField *field)
{
	field->data = slot->data;
	field->len = slot->len;
	switch (slot->type)
	{
		case ETL_JSON_TYPE_NONE:
			field->kind = ETL_FIELD_MISSING;
			return true;
		case ETL_JSON_TYPE_NULL:
			field->kind = ETL_FIELD_NULL;
			return true;
		case ETL_JSON_TYPE_STRING:
			if (as_json)
			{
				field->data--;
				field->len += 2;
				field->kind = ETL_FIELD_JSON;
			}
			else
				field->kind = ETL_FIELD_TEXT;
			break;
		default:
			field->kind = ETL_FIELD_JSON;
			break;
	}
	if (!reader->escapes && !reader->convert)
		return true;
	return take_value_slow(reader, field);
}

char *
etl_json_name_text(const EtlJsonReader *reader, const char *s, size_t n)
{
	char *out;
	size_t len;
	size_t bad;

	if (etl_encoding_has_special(s, n))
	{
		if (etl_encoding_verify(&reader->encoding, s, n) >= 0)
			return NULL;
		if (etl_encoding_needs_conversion(&reader->encoding))
			s = etl_encoding_convert(&reader->encoding, s, n, &n, &bad);
		if (s == NULL)
			return NULL;
	}
	out = palloc_extended(n + 1, MCXT_ALLOC_HUGE);
	if (unescape(reader, s, n, out, &len) != ETL_JSON_TEXT_OK)
		return NULL;
	out[len] = '\0';
	return out;
}
