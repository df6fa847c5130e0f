/*
 * csv_fields.c
 *	  What the fields of a CSV record hold.
 *
 * A field's content is a piece of the buffer wherever it can be; it is copied
 * only to drop an escape or to change its encoding.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "csv/reader_private.h"

bool
etl_csv_is_null_string(const EtlCsvReader *reader, const char *s, size_t len)
{
	const EtlTextList *list = reader->options->null_strings;

	if (list == NULL)
		return len == 0;
	for (int i = 0; i < list->n; i++)
	{
		if (list->items[i] && strlen(list->items[i]) == len &&
			memcmp(list->items[i], s, len) == 0)
			return true;
	}
	return false;
}

/*
 * Room for the copy of a field's content.  A record is taken out at most twice
 * (the wanted fields, all fields), and contents are never longer than it.
 */
static char *
scratch_space(EtlCsvReader *reader)
{
	size_t need = 2 * reader->cursor->length;

	if (reader->scratch_capacity < need)
	{
		Assert(reader->scratch_len % Max(reader->cursor->length, 1) == 0);
		if (reader->scratch)
			pfree(reader->scratch);
		reader->scratch_capacity = Max(need, 8192);
		reader->scratch =
			MemoryContextAllocHuge(reader->context, reader->scratch_capacity);
	}
	return reader->scratch + reader->scratch_len;
}

/* Drops blanks around a field that isn't quoted. */
static void
trim_blanks(const char **s, size_t *len)
{
	while (*len > 0 && (**s == ' ' || **s == '\t'))
	{
		(*s)++;
		(*len)--;
	}
	while (*len > 0 && ((*s)[*len - 1] == ' ' || (*s)[*len - 1] == '\t'))
		(*len)--;
}

/*
 * Takes out a field that isn't simply its bytes.  Returns false, with the
 * reject filled, if its characters don't exist in the database encoding.
 */
static bool
set_field_slow(EtlCsvReader *reader, const char *s, size_t len,
			   EtlField *field)
{
	const EtlCsvSyntax *syntax = &reader->cursor->syntax;
	bool quoted = etl_csv_is_quoted(syntax, s, len);
	size_t start;
	size_t content_len;

	if (!quoted && reader->trim)
		trim_blanks(&s, &len);
	if (etl_csv_plain_content(syntax, s, len, &start, &content_len))
		s += start;
	else
	{
		char *out = scratch_space(reader);

		content_len = etl_csv_content(syntax, s, len, out);
		reader->scratch_len += content_len;
		s = out;
	}
	if (reader->convert && etl_encoding_has_special(s, content_len))
	{
		MemoryContext old =
			MemoryContextSwitchTo(etl_csv_record_context(reader));
		size_t bad;
		char *converted =
			etl_encoding_convert(&reader->encoding, s, content_len,
								 &content_len, &bad);

		MemoryContextSwitchTo(old);
		if (converted == NULL)
		{
			etl_csv_reject_bytes(reader, s + bad, content_len - bad, true);
			return false;
		}
		s = converted;
	}
	field->data = s;
	field->len = (uint32) content_len;
	field->kind = ETL_FIELD_TEXT;
	if ((!quoted || reader->quoted_nulls) &&
		etl_csv_is_null_string(reader, s, content_len))
		field->kind = ETL_FIELD_NULL;
	return true;
}

/* Takes out a field that is in the database encoding already. */
static inline bool
set_field(EtlCsvReader *reader, const char *s, size_t len, EtlField *field)
{
	if (len == 0)
		field->kind = reader->empty_is_null ? ETL_FIELD_NULL : ETL_FIELD_TEXT;
	else if ((unsigned char) *s == reader->quote)
		return set_field_slow(reader, s, len, field);
	else
		field->kind =
			reader->other_nulls && etl_csv_is_null_string(reader, s, len)
				? ETL_FIELD_NULL
				: ETL_FIELD_TEXT;
	field->data = s;
	field->len = (uint32) len;
	return true;
}

/* Takes out field i of the record found, whatever it takes. */
bool
etl_csv_take_field(EtlCsvReader *reader, size_t i, EtlField *field)
{
	size_t len;
	const char *s = etl_csv_cursor_field(reader->cursor, i, &len);

	if (reader->trim || reader->own_escape || reader->convert)
		return set_field_slow(reader, s, len, field);
	return set_field(reader, s, len, field);
}

void
etl_csv_prepare_wanted(EtlCsvReader *reader)
{
	int n = reader->base.nwanted;

	reader->fields =
		MemoryContextAlloc(reader->context, sizeof(EtlField) * Max(n, 1));
	reader->plain_width = 0;
	if (reader->trim || reader->own_escape || reader->other_nulls)
		reader->plain_width = SIZE_MAX;
	for (int i = 0; i < n; i++)
	{
		size_t needed = reader->base.wanted[i] < 0
							? SIZE_MAX
							: (size_t) reader->base.wanted[i] + 1;

		reader->plain_width = Max(reader->plain_width, needed);
	}
}

/* Column by column, so that several fields are on their way at a time. */
int
etl_csv_take_run(EtlCsvReader *reader, int n, EtlField *fields)
{
	const char *base = reader->run.base;
	int quote = reader->quote;
	EtlFieldKind empty =
		reader->empty_is_null ? ETL_FIELD_NULL : ETL_FIELD_TEXT;
	int nwanted = reader->base.nwanted;

	for (int w = 0; w < nwanted; w++)
	{
		int position = reader->base.wanted[w];
		bool is_last = position + 1 == reader->width;
		const uint32_t *end = reader->run.ends + position;
		EtlField *field = fields + w;

		for (int i = 0; i < n; i++)
		{
			uint32_t begin = end[-1] + 1;
			const char *s = base + begin;
			uint32_t len = *end - begin;

			/* An empty field is followed by what is no quote either. */
			if (unlikely((unsigned char) *s == quote))
				n = i;
			if (is_last)
				len -= len > 0 && s[len - 1] == '\r' && s[len] == '\n';
			field->data = s;
			field->len = len;
			field->kind = len > 0 ? ETL_FIELD_TEXT : empty;
			end += reader->width;
			field += nwanted;
		}
	}
	return n;
}

/*
 * Takes the wanted fields of the record found, as long as each is simply its
 * bytes, and returns how many.  The record must have plain_width fields.
 */
static inline int
take_plain(EtlCsvReader *reader)
{
	const EtlCsvCursor *cursor = reader->cursor;
	uint32_t delimiter_len = (uint32_t) cursor->syntax.delimiter_len;
	EtlFieldKind empty =
		reader->empty_is_null ? ETL_FIELD_NULL : ETL_FIELD_TEXT;
	EtlField *fields = reader->fields;
	int n = reader->base.nwanted;

	for (int i = 0; i < n; i++)
	{
		const uint32_t *end = cursor->ends + reader->base.wanted[i];
		uint32_t begin = end[-1] + delimiter_len;
		const char *s = cursor->base + begin;

		fields[i].data = s;
		fields[i].len = *end - begin;
		fields[i].kind = ETL_FIELD_TEXT;
		if (unlikely(*end == begin))
			fields[i].kind = empty;
		else if (unlikely((unsigned char) *s == reader->quote))
			return i;
	}
	return n;
}

bool
etl_csv_take_wanted(EtlCsvReader *reader)
{
	size_t nfields = reader->cursor->nfields;
	int i = 0;

	if (nfields >= reader->plain_width && !reader->convert)
		i = take_plain(reader);
	for (; i < reader->base.nwanted; i++)
	{
		int position = reader->base.wanted[i];
		EtlField *field = &reader->fields[i];

		if (position >= 0 && (size_t) position < nfields)
		{
			if (!etl_csv_take_field(reader, (size_t) position, field))
				return false;
			continue;
		}
		field->data = NULL;
		field->len = 0;
		field->kind = ETL_FIELD_NULL;
	}
	return true;
}
