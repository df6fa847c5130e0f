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
	const char *encoding = etl_encoding_name(&reader->encoding);
	MemoryContext old = MemoryContextSwitchTo(etl_csv_record_context(reader));
	StringInfoData bytes;
	char *message;
	size_t length;

	if (untranslatable)
		length =
			Min(n, (size_t) etl_encoding_char_length(reader->encoding.working,
													 s, n));
	else
		length = etl_encoding_bad_length(&reader->encoding, s, n);
	s = etl_encoding_source_bytes(&reader->encoding, s, length, &length);
	initStringInfo(&bytes);
	for (size_t i = 0; i < length; i++)
		appendStringInfo(&bytes, "%s0x%02x", i > 0 ? " " : "",
						 (unsigned char) s[i]);
	if (untranslatable)
		message = psprintf("character with byte sequence %s in encoding "
						   "\"%s\" has no equivalent in encoding \"%s\"",
						   bytes.data, encoding, GetDatabaseEncodingName());
	else
		message = psprintf("invalid byte sequence for encoding \"%s\": %s",
						   encoding, bytes.data);
	MemoryContextSwitchTo(old);
	set_reject(reader, ETL_STAGE_ENCODING,
			   untranslatable ? ERRCODE_UNTRANSLATABLE_CHARACTER
							  : ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
			   message, NULL);
	if (!untranslatable && (length != 1 || *s != '\0'))
		reader->base.reject.hint = "If the source has another encoding, name "
								   "it, as in encoding => 'WIN1252'.";
}
