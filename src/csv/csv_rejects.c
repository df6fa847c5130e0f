/*
 * csv_rejects.c
 *	  Why a CSV record is bad, in words.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "csv/reader_private.h"
#include "guc.h"

/* Fills a reject about the record that the cursor stands on. */
static void
set_reject(EtlCsvReader *reader, EtlStage stage, int sqlerrcode, char *message,
		   char *detail)
{
	EtlReject *reject = &reader->base.reject;
	EtlCsvCursor *cursor = reader->cursor;
	MemoryContext old = MemoryContextSwitchTo(etl_csv_record_context(reader));

	memset(reject, 0, sizeof(*reject));
	reject->stage = stage;
	reject->sqlerrcode = sqlerrcode;
	reject->message = message;
	reject->detail = detail;
	reject->source = reader->base.source;
	reject->line = cursor->line;
	reject->record_no = reader->base.records;
	reject->offset = cursor->offset;
	reject->raw = etl_encoding_source_bytes(&reader->encoding, cursor->record,
											cursor->length, &reject->raw_len);
	MemoryContextSwitchTo(old);
}

/* The name by which a message calls field i. */
static const char *
field_name(const EtlCsvReader *reader, size_t i)
{
	if (reader->base.names && i < (size_t) reader->base.nfields &&
		reader->base.names[i][0] != '\0')
		return reader->base.names[i];
	return NULL;
}

void
etl_csv_reject_too_large(EtlCsvReader *reader)
{
	MemoryContext old = MemoryContextSwitchTo(etl_csv_record_context(reader));
	char *message = psprintf("record is larger than pg_etl.max_record_size "
							 "(%d bytes)",
							 etl_guc_max_record_size);

	MemoryContextSwitchTo(old);
	set_reject(reader, ETL_STAGE_STRUCTURE, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
			   message, "Only the beginning of its bytes is kept.");
}

void
etl_csv_reject_fault(EtlCsvReader *reader)
{
	EtlCsvCursor *cursor = reader->cursor;
	bool open = (cursor->flags & ETL_CSV_FAULT_UNTERMINATED) != 0;
	const char *name = field_name(reader, cursor->fault_field);
	MemoryContext old = MemoryContextSwitchTo(etl_csv_record_context(reader));
	char *message = psprintf("%s in field %zu",
							 open ? "unterminated quote" : "stray quote",
							 cursor->fault_field + 1);

	MemoryContextSwitchTo(old);
	set_reject(reader, ETL_STAGE_STRUCTURE, ERRCODE_BAD_COPY_FILE_FORMAT,
			   message, NULL);
	reader->base.reject.column_name = name;
	reader->base.reject.hint = "If this source doesn't quote fields, say "
							   "quote => ''.";
}

void
etl_csv_reject_width(EtlCsvReader *reader)
{
	size_t found = reader->cursor->nfields;
	MemoryContext old = MemoryContextSwitchTo(etl_csv_record_context(reader));
	char *message = psprintf("record has %zu field%s, expected %zu", found,
							 found == 1 ? "" : "s", reader->width);
	char *detail = NULL;

	if (found < reader->width && field_name(reader, found))
		detail = psprintf("There is no value for field \"%s\".",
						  field_name(reader, found));
	MemoryContextSwitchTo(old);
	set_reject(reader, ETL_STAGE_STRUCTURE, ERRCODE_BAD_COPY_FILE_FORMAT,
			   message, detail);
	if (reader->may_pad || reader->may_truncate)
		reader->base.reject.hint = "ragged => 'both' reads such records too.";
	else if (found < reader->width)
		reader->base.reject.hint =
			"To read missing fields as null, say ragged => 'pad'.";
	else
		reader->base.reject.hint =
			"To drop extra fields, say ragged => 'truncate'.";
}

/* Rejects for the character at s, of which n bytes are there. */
void
etl_csv_reject_bytes(EtlCsvReader *reader, const char *s, size_t n,
					 bool untranslatable)
{
	MemoryContext old = MemoryContextSwitchTo(etl_csv_record_context(reader));
	char *message =
		etl_encoding_describe_bad(&reader->encoding, s, n, untranslatable);

	MemoryContextSwitchTo(old);
	set_reject(reader, ETL_STAGE_ENCODING,
			   untranslatable ? ERRCODE_UNTRANSLATABLE_CHARACTER
							  : ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
			   message, NULL);
	if (!untranslatable && *s != '\0')
		reader->base.reject.hint = "If the source has another encoding, name "
								   "it, as in encoding => 'WIN1252'.";
}
