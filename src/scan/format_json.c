/*
 * format_json.c
 *	  JSON as a format: its options, and how its reader is opened.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/json.h"

#include "json/json_path.h"
#include "scan/formats.h"
#include "scan/inspect.h"

#define JSON_OPTION(member) \
	.name = #member, .offset = offsetof(EtlJsonCallOptions, json.member)

static const EtlOptionDef json_defs[] = {
	{JSON_OPTION(records), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(columns), .type = ETL_OPTION_JSONB},
	{JSON_OPTION(format), .type = ETL_OPTION_ENUM,
	 .values = etl_json_format_names},
	{JSON_OPTION(missing), .type = ETL_OPTION_ENUM,
	 .values = etl_json_missing_names},
	{ETL_SCAN_OPTION(decimal_separator), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(thousands_separator), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(date_formats), .type = ETL_OPTION_JSONB},
	{JSON_OPTION(encoding), .type = ETL_OPTION_TEXT},
	{JSON_OPTION(compression), .type = ETL_OPTION_ENUM,
	 .values = etl_compression_names},
	{ETL_SCAN_OPTION(server), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(on_error), .type = ETL_OPTION_ENUM,
	 .values = etl_on_error_names},
	{ETL_SCAN_OPTION(reject_limit), .type = ETL_OPTION_INT64},
	{ETL_SCAN_OPTION(reject_limit_percent), .type = ETL_OPTION_FLOAT8},
	ETL_TRANSPORT_OPTIONS,
};

static void check_options(const EtlCall *call);
static EtlReader *open_reader(EtlStream *raw, const char *name,
							  const EtlCall *call, int width);
static char *describe(const EtlCall *call, EtlReader *reader);
static char *pinned_options(const EtlCall *call, EtlReader *reader,
							bool for_record);
static const char *missed(const EtlCall *call, EtlReader *reader);

const EtlFormat etl_format_json = {
	.name = "json",
	.field_noun = "member",
	.bytes_per_field = 20,
	.parallel = true,
	.table = {json_defs, lengthof(json_defs)},
	.options_size = sizeof(EtlJsonCallOptions),
	.check_options = check_options,
	.open = open_reader,
	.describe = describe,
	.pinned_options = pinned_options,
	.missed = missed,
	.inspect = etl_inspect_json,
};

static inline const EtlJsonOptions *
json_options(const EtlCall *call)
{
	return &((const EtlJsonCallOptions *) call->options)->json;
}

/* Paths are checked whether or not their columns are read. */
static void
check_paths(Jsonb *columns)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue value;

	if (columns == NULL || !JB_ROOT_IS_OBJECT(columns))
		return;
	it = JsonbIteratorInit(&columns->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_VALUE && value.type == jbvString)
			(void) etl_json_path_parse(pnstrdup(value.val.string.val,
												value.val.string.len),
									   "columns", false);
	}
}

static void
check_options(const EtlCall *call)
{
	check_paths(call->options->columns);
	etl_json_check_options(json_options(call));
}

static EtlReader *
open_reader(EtlStream *raw, const char *name, const EtlCall *call, int width)
{
	EtlJsonOptions *options = palloc(sizeof(EtlJsonOptions));

	*options = *json_options(call);
	options->division = call->division;
	/* A value is in the database encoding, and is no archive. */
	if (call->content_is_text && !options->encoding)
		options->encoding = pstrdup(GetDatabaseEncodingName());
	if (call->content_is_text && options->compression == ETL_OPTION_UNSET)
		options->compression = ETL_COMPRESSION_NONE;
	return etl_json_reader_open(raw, name, options);
}

static char *
describe(const EtlCall *call, EtlReader *reader)
{
	const char *records = json_options(call)->records;
	EtlCompression compression = etl_json_reader_compression(reader);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(
		&buf, etl_json_format_names[etl_json_reader_format(reader)]);
	if (records)
		appendStringInfo(&buf, ", records %s", records);
	appendStringInfo(&buf, ", encoding %s",
					 etl_encoding_name(etl_json_reader_encoding(reader)));
	if (compression != ETL_COMPRESSION_NONE)
		appendStringInfo(&buf, ", compression %s",
						 etl_compression_names[compression]);
	return buf.data;
}

static void
append_text(StringInfo buf, const char *name, const char *value)
{
	appendStringInfo(buf, "%s\"%s\": ", buf->len > 1 ? ", " : "", name);
	escape_json(buf, value);
}

/* A record by itself is all there is. */
static char *
pinned_options(const EtlCall *call, EtlReader *reader, bool for_record)
{
	const EtlJsonOptions *options = json_options(call);
	EtlCompression compression = for_record
									 ? ETL_COMPRESSION_NONE
									 : etl_json_reader_compression(reader);
	int format = for_record ? ETL_JSON_RECORD : options->format;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	if (for_record || options->records)
		append_text(&buf, "records", for_record ? "$" : options->records);
	if (format != ETL_OPTION_UNSET)
		append_text(&buf, "format", etl_json_format_names[format]);
	if (options->missing != ETL_OPTION_UNSET)
		append_text(&buf, "missing", etl_json_missing_names[options->missing]);
	append_text(&buf, "encoding",
				etl_encoding_name(etl_json_reader_encoding(reader)));
	append_text(&buf, "compression", etl_compression_names[compression]);
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

/* Of values there are many, and it is their owner who knows what they are. */
static const char *
missed(const EtlCall *call, EtlReader *reader)
{
	return call->source ? etl_json_reader_missed(reader) : NULL;
}
