/*
 * json_open.c
 *	  Opens a JSON source, and tells what it is.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "options.h"
#include "json/reader_private.h"

const char *const etl_json_format_names[] = {"auto",     "array",  "ndjson",
											 "document", "record", NULL};
const char *const etl_json_missing_names[] = {"null", "error", NULL};

/* The path to the records, without a last [*], which goes without saying. */
static EtlJsonPath *
parse_records(const EtlJsonOptions *options)
{
	const char *text = options->records ? options->records : "$";
	EtlJsonPath *path = etl_json_path_parse(text, "records", true);

	if (path->nsteps > 0 &&
		path->steps[path->nsteps - 1].kind == ETL_JSON_STEP_ALL)
		path->nsteps--;
	return path;
}

void
etl_json_check_options(const EtlJsonOptions *options)
{
	(void) parse_records(options);
}

/* For the characters of escapes. */
static EtlEncoding *
encoding_from_utf8(void)
{
	EtlEncoding *encoding;
	Oid proc;

	if (GetDatabaseEncoding() == PG_UTF8)
		return NULL;
	encoding = palloc0(sizeof(EtlEncoding));
	encoding->working = PG_UTF8;
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		return encoding;
	proc = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());
	if (OidIsValid(proc))
	{
		encoding->converter = palloc(sizeof(FmgrInfo));
		fmgr_info(proc, encoding->converter);
	}
	return encoding;
}

EtlReader *
etl_json_reader_open(EtlStream *raw, const char *source,
					 const EtlJsonOptions *options)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl json reader",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	EtlJsonReader *reader = palloc0(sizeof(EtlJsonReader));
	EtlCompression compression = options->compression == ETL_OPTION_UNSET
									 ? ETL_COMPRESSION_AUTO
									 : (EtlCompression) options->compression;

	reader->base.ops = &etl_json_reader_ops;
	reader->base.source = source;
	reader->options = options;
	reader->wanted_format = options->format == ETL_OPTION_UNSET
								? ETL_JSON_AUTO
								: (EtlJsonFormat) options->format;
	reader->context = context;
	reader->record_context =
		AllocSetContextCreate(context, "pg_etl json record",
							  ALLOCSET_SMALL_SIZES);
	reader->keys_context = AllocSetContextCreate(context, "pg_etl json keys",
												 ALLOCSET_SMALL_SIZES);
	reader->records = parse_records(options);
	reader->track.elements =
		palloc0((reader->records->nsteps + 1) * sizeof(int64));
	initStringInfo(&reader->envelope);

	reader->stream = etl_decompress(raw, compression, &reader->compression);
	reader->stream = etl_encoding_stream(reader->stream, options->encoding,
										 &reader->encoding);
	reader->stream =
		etl_encoding_ascii_stream(reader->stream, &reader->encoding);
	reader->utf8 = reader->encoding.working == PG_UTF8 &&
				   GetDatabaseEncoding() != PG_SQL_ASCII;
	reader->from_utf8 = encoding_from_utf8();
	reader->cursor = etl_json_cursor_new(reader->stream, &reader->encoding);
	if (options->division)
		etl_json_take_division(reader, options->division);
	else
		etl_json_detect_layout(reader);
	MemoryContextSwitchTo(old);
	return &reader->base;
}

EtlJsonFormat
etl_json_reader_format(EtlReader *reader)
{
	return ((EtlJsonReader *) reader)->format;
}

const EtlEncoding *
etl_json_reader_encoding(EtlReader *reader)
{
	return &((EtlJsonReader *) reader)->encoding;
}

EtlCompression
etl_json_reader_compression(EtlReader *reader)
{
	return ((EtlJsonReader *) reader)->compression;
}
