/*
 * json_rejects.c
 *	  Why a JSON record is bad, in words.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "json/reader_private.h"

/* How much of the source a message shows. */
#define EXCERPT 20

void
etl_json_reject(EtlJsonReader *reader, EtlStage stage, int sqlerrcode,
				const char *message, const char *detail, size_t n)
{
	EtlReject *reject = &reader->base.reject;
	EtlJsonCursor *cursor = reader->cursor;
	MemoryContext old = MemoryContextSwitchTo(etl_json_record_context(reader));

	memset(reject, 0, sizeof(*reject));
	reject->stage = stage;
	reject->sqlerrcode = sqlerrcode;
	reject->message = message;
	reject->detail = detail;
	reject->source = reader->base.source;
	reject->line = cursor->line;
	reject->record_no = reader->base.records;
	reject->offset = cursor->offset;
	reject->raw = etl_encoding_source_bytes(&reader->encoding,
											cursor->buf + cursor->start, n,
											&reject->raw_len);
	MemoryContextSwitchTo(old);
}

/* What stands at the offset, in the current context. */
static char *
describe_place(const EtlJsonReader *reader, size_t at)
{
	const EtlJsonCursor *cursor = reader->cursor;
	const char *s = cursor->buf + cursor->start + at;
	size_t n = Min(cursor->len - cursor->start - at, EXCERPT);
	StringInfoData out;

	initStringInfo(&out);
	for (size_t i = 0; i < n && s[i] != '\n'; i++)
	{
		if ((unsigned char) s[i] < 0x20 || (unsigned char) s[i] >= 0x7F)
			appendStringInfo(&out, "\\x%02x", (unsigned char) s[i]);
		else
			appendStringInfoChar(&out, s[i]);
	}
	return out.data;
}

void
etl_json_reject_syntax(EtlJsonReader *reader, const char *problem, size_t at,
					   size_t n)
{
	MemoryContext old = MemoryContextSwitchTo(etl_json_record_context(reader));
	char *message = psprintf("invalid JSON: %s", problem);
	char *place = describe_place(reader, at);
	char *detail;

	if (*place != '\0')
		detail = psprintf("At byte %zu of the record: \"%s\".", at + 1, place);
	else
		detail = psprintf("At byte %zu of the record, where the %s ends.",
						  at + 1, reader->lines ? "line" : "source");
	MemoryContextSwitchTo(old);
	etl_json_reject(reader, ETL_STAGE_STRUCTURE,
					ERRCODE_INVALID_TEXT_REPRESENTATION, message, detail, n);
}

void
etl_json_reject_bytes(EtlJsonReader *reader, const char *s, size_t there,
					  bool untranslatable, size_t n)
{
	MemoryContext old = MemoryContextSwitchTo(etl_json_record_context(reader));
	char *message =
		etl_encoding_describe_bad(&reader->encoding, s, there, untranslatable);

	MemoryContextSwitchTo(old);
	etl_json_reject(reader, ETL_STAGE_ENCODING,
					untranslatable ? ERRCODE_UNTRANSLATABLE_CHARACTER
								   : ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
					message, NULL, n);
	if (!untranslatable)
		reader->base.reject.hint = "If the source has another encoding, name "
								   "it, as in encoding => 'WIN1252'.";
}

/*
 * True if the user may have meant a record a line.  Pages of an API are never
 * lines that somebody wrote, nor is what has but one line.
 */
static bool
may_be_lines(const EtlJsonReader *reader)
{
	const EtlJsonCursor *cursor = reader->cursor;

	return reader->wanted_format == ETL_JSON_AUTO &&
		   reader->format != ETL_JSON_ARRAY &&
		   !reader->options->keep_envelope &&
		   (cursor->line > 1 || memchr(cursor->buf + cursor->start, '\n',
									   cursor->len - cursor->start) != NULL);
}

void
etl_json_broken(EtlJsonReader *reader, const char *problem, size_t at)
{
	EtlJsonCursor *cursor = reader->cursor;
	char *place = describe_place(reader, at);

	etl_json_cursor_pass(cursor, at);
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
		 errmsg("\"%s\" is not valid JSON: %s", reader->base.source, problem),
		 *place != '\0'
			 ? errdetail("Line %lld, byte offset %lld: \"%s\".",
						 (long long) cursor->line, (long long) cursor->offset,
						 place)
			 : errdetail("The source ends in line %lld, at byte offset "
						 "%lld.",
						 (long long) cursor->line, (long long) cursor->offset),
		 may_be_lines(reader)
			 ? errhint("If each line is a record by itself, say format "
					   "=> 'ndjson'.")
			 : 0));
}
