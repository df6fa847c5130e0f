/*
 * csv_reader.c
 *	  CSV bytes to records.
 *
 * The reader judges the records that the cursor finds: their width, their
 * quotes, their bytes.  What a field holds is taken out only if somebody wants
 * it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "csv/csv_names.h"
#include "csv/csv_options.h"
#include "csv/reader_private.h"
#include "guc.h"

/*
 * Verifies the record's bytes; false, with the reject filled, if they are bad.
 */
static bool
check_bytes(EtlCsvReader *reader)
{
	EtlCsvCursor *cursor = reader->cursor;
	int64 bad;

	reader->convert = false;
	if (!cursor->maybe_special ||
		!etl_encoding_has_special(cursor->record, cursor->length))
		return true;
	bad =
		etl_encoding_verify(&reader->encoding, cursor->record, cursor->length);
	if (bad >= 0)
	{
		etl_csv_reject_bytes(reader, cursor->record + bad,
							 cursor->length - (size_t) bad, false);
		return false;
	}
	reader->convert = etl_encoding_needs_conversion(&reader->encoding);
	return true;
}

static inline bool
width_is_good(const EtlCsvReader *reader)
{
	size_t nfields = reader->cursor->nfields;

	return nfields == reader->width ||
		   (nfields < reader->width ? reader->may_pad : reader->may_truncate);
}

static EtlReadStatus
csv_next(EtlReader *self, EtlRecord *record)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	EtlCsvCursor *cursor = reader->cursor;
	EtlCsvCursorStatus status = etl_csv_cursor_next(cursor);

	if (status == ETL_CSV_CURSOR_EOF)
		return ETL_READ_EOF;
	reader->base.records++;
	reader->scratch_len = 0;
	if (reader->record_context_used)
	{
		MemoryContextReset(reader->record_context);
		reader->record_context_used = false;
	}

	if (status == ETL_CSV_CURSOR_TOO_LARGE)
	{
		etl_csv_reject_too_large(reader);
		return ETL_READ_REJECT;
	}
	if ((reader->flags & ETL_CSV_AS_IS) == 0)
	{
		if (cursor->flags != 0)
		{
			etl_csv_reject_fault(reader);
			return ETL_READ_REJECT;
		}
		if (!width_is_good(reader))
		{
			etl_csv_reject_width(reader);
			return ETL_READ_REJECT;
		}
	}
	if (unlikely(reader->fields == NULL))
		etl_csv_prepare_wanted(reader);
	if (!check_bytes(reader) || !etl_csv_take_wanted(reader))
		return ETL_READ_REJECT;

	record->fields = reader->fields;
	record->record_no = reader->base.records;
	record->line = cursor->line;
	record->offset = cursor->offset;
	record->raw = cursor->record;
	record->raw_len = cursor->length;
	return ETL_READ_RECORD;
}

static int
csv_next_plain(EtlReader *self, int max, const EtlField **fields)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	int nwanted = self->nwanted;
	int n;

	if (unlikely(reader->fields == NULL))
		etl_csv_prepare_wanted(reader);
	/* A line with one field may be a blank one, which only the cursor judges. */
	if (reader->width < reader->plain_width || reader->width == 1 ||
		reader->flags != 0)
		return 0;
	if (unlikely(reader->many_capacity < max))
	{
		reader->many_capacity = max;
		reader->many_fields =
			MemoryContextAlloc(reader->context,
							   sizeof(EtlField) * max * Max(nwanted, 1));
	}
	reader->convert = false;
	n = etl_csv_cursor_look(reader->cursor, reader->width, max, &reader->run);
	n = etl_csv_take_run(reader, n, reader->many_fields);
	if (n == 0)
		return 0;
	etl_csv_cursor_take(reader->cursor, reader->width, n);
	self->records += n;
	reader->run.n = n;
	*fields = reader->many_fields;
	return n;
}

static void
csv_plain_record(EtlReader *self, int i, EtlRecord *record)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	const EtlCsvRun *run = &reader->run;
	const uint32_t *ends = run->ends + i * reader->width;
	const char *first = run->base + run->ends[-1] + 1;
	const char *end = run->base + ends[reader->width - 1];

	Assert(i >= 0 && i < run->n);
	record->fields = reader->many_fields + i * self->nwanted;
	record->raw = run->base + ends[-1] + 1;
	record->raw_len = (size_t) (end - record->raw);
	if (record->raw_len > 0 && end[-1] == '\r' && *end == '\n')
		record->raw_len--;
	record->record_no = self->records - run->n + i + 1;
	record->line = run->line + i;
	record->offset =
		run->offset +
		etl_encoding_source_length(&reader->encoding, first,
								   (size_t) (record->raw - first));
}

static const char *
csv_raw_bytes(EtlReader *self, const EtlRecord *record, size_t *len)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	MemoryContext old = MemoryContextSwitchTo(etl_csv_record_context(reader));
	const char *bytes =
		etl_encoding_source_bytes(&reader->encoding, record->raw,
								  record->raw_len, len);

	MemoryContextSwitchTo(old);
	return bytes;
}

static const char *
csv_raw_text(EtlReader *self, const EtlRecord *record, size_t *len)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	MemoryContext old;
	size_t bad;
	char *text;

	*len = record->raw_len;
	if (!reader->convert)
		return record->raw;
	old = MemoryContextSwitchTo(etl_csv_record_context(reader));
	text = etl_encoding_convert(&reader->encoding, record->raw,
								record->raw_len, len, &bad);
	MemoryContextSwitchTo(old);
	if (text == NULL)
		etl_csv_reject_bytes(reader, record->raw + bad, record->raw_len - bad,
							 true);
	return text;
}

const EtlField *
etl_csv_reader_all_fields(EtlReader *self, int *n)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	size_t nfields = reader->cursor->nfields;

	if (reader->all_capacity < nfields)
	{
		reader->all_capacity = nfields * 2;
		if (reader->all_fields)
			pfree(reader->all_fields);
		reader->all_fields =
			MemoryContextAllocHuge(reader->context,
								   reader->all_capacity * sizeof(EtlField));
	}
	reader->scratch_len = reader->cursor->length;
	*n = (int) nfields;
	for (size_t i = 0; i < nfields; i++)
	{
		if (!etl_csv_take_field(reader, i, &reader->all_fields[i]))
			return NULL;
	}
	return reader->all_fields;
}

char **
etl_csv_reader_column_names(EtlReader *self)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;

	if (reader->column_names == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(reader->context);

		reader->column_names =
			etl_csv_column_names(reader->base.names, reader->base.nfields);
		MemoryContextSwitchTo(old);
	}
	return reader->column_names;
}

static char *
csv_record_json(EtlReader *self, const EtlRecord *record)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	char **names = etl_csv_reader_column_names(self);
	StringInfoData out;
	int n;
	const EtlField *fields;

	(void) record;
	fields = etl_csv_reader_all_fields(self, &n);
	if (fields == NULL)
		return NULL;
	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (int i = 0; i < n; i++)
	{
		const EtlField *field = &fields[i];
		char *text;

		if (i > 0)
			appendStringInfoString(&out, ", ");
		escape_json(&out, i < reader->base.nfields
							  ? names[i]
							  : psprintf("column%d", i + 1));
		appendStringInfoString(&out, ": ");
		if (field->kind == ETL_FIELD_NULL)
		{
			appendStringInfoString(&out, "null");
			continue;
		}
		text = pnstrdup(field->data, field->len);
		escape_json(&out, text);
		pfree(text);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

static void
csv_close(EtlReader *self)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;

	etl_stream_close(reader->stream);
	MemoryContextDelete(reader->context);
}

const EtlReaderOps etl_csv_reader_ops = {
	.next = csv_next,
	.next_plain = csv_next_plain,
	.plain_record = csv_plain_record,
	.raw_bytes = csv_raw_bytes,
	.raw_text = csv_raw_text,
	.record_json = csv_record_json,
	.divide = etl_csv_divide,
	.find_place = etl_csv_find_place,
	.move = etl_csv_move,
	.close = csv_close,
};

const EtlCsvDialect *
etl_csv_reader_dialect(EtlReader *reader)
{
	return &((EtlCsvReader *) reader)->sniffed.dialect;
}

const EtlEncoding *
etl_csv_reader_encoding(EtlReader *reader)
{
	return &((EtlCsvReader *) reader)->encoding;
}

EtlCompression
etl_csv_reader_compression(EtlReader *reader)
{
	return ((EtlCsvReader *) reader)->compression;
}

const EtlCsvSniffed *
etl_csv_reader_sniffed(EtlReader *reader)
{
	return &((EtlCsvReader *) reader)->sniffed;
}

char *
etl_csv_reader_pinned_options(EtlReader *self, bool for_record)
{
	EtlCsvReader *reader = (EtlCsvReader *) self;
	StringInfoData out;

	initStringInfo(&out);
	etl_csv_options_append(&out, reader->options, &reader->sniffed.dialect,
						   &reader->encoding, reader->compression, for_record,
						   reader->width);
	return out.data;
}
