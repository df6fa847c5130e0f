/*
 * format_csv.c
 *	  CSV as a format: its options, and how its reader is opened.
 *
 * Two formats share them: "csv" has the columns that the user declares, and
 * "csv_rows" those of etl_csv_rows: a line number and all fields as text.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "scan/formats.h"
#include "scan/inspect.h"

#define CSV_OPTION(member) \
	.name = #member, .offset = offsetof(EtlCsvCallOptions, csv.member)

static const EtlOptionDef csv_defs[] = {
	{CSV_OPTION(delimiter), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(quote), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(escape), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(header), .type = ETL_OPTION_BOOL},
	{ETL_SCAN_OPTION(columns), .type = ETL_OPTION_JSONB},
	{CSV_OPTION(null_strings), .type = ETL_OPTION_TEXT_LIST},
	{CSV_OPTION(quoted_nulls), .type = ETL_OPTION_BOOL},
	{CSV_OPTION(comment), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(skip), .type = ETL_OPTION_INT},
	{CSV_OPTION(header_rows), .type = ETL_OPTION_INT},
	{CSV_OPTION(stop_at_blank), .type = ETL_OPTION_BOOL},
	{CSV_OPTION(skip_footer), .type = ETL_OPTION_INT},
	{CSV_OPTION(width), .type = ETL_OPTION_INT, .min = 1},
	{CSV_OPTION(trim_fields), .type = ETL_OPTION_BOOL},
	{CSV_OPTION(ragged), .type = ETL_OPTION_ENUM,
	 .values = etl_csv_ragged_names},
	{ETL_SCAN_OPTION(decimal_separator), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(thousands_separator), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(date_formats), .type = ETL_OPTION_JSONB},
	{CSV_OPTION(encoding), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(compression), .type = ETL_OPTION_ENUM,
	 .values = etl_compression_names},
	{ETL_SCAN_OPTION(server), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(on_error), .type = ETL_OPTION_ENUM,
	 .values = etl_on_error_names},
	{ETL_SCAN_OPTION(reject_limit), .type = ETL_OPTION_INT64},
	{ETL_SCAN_OPTION(reject_limit_percent), .type = ETL_OPTION_FLOAT8},
	ETL_TRANSPORT_OPTIONS,
};

static void check_options(const EtlCall *call);
static EtlReader *open_records(EtlStream *raw, const char *name,
							   const EtlCall *call, int width);
static EtlReader *open_rows(EtlStream *raw, const char *name,
							const EtlCall *call, int width);
static EtlReader *open_reader(EtlStream *raw, const char *name,
							  const EtlCall *call, int width, int flags);
static bool form_fields(const EtlCall *call, EtlReader *reader,
						const EtlRecord *record, Datum *values, bool *isnull);
static char *describe(const EtlCall *call, EtlReader *reader);
static char *pinned_options(const EtlCall *call, EtlReader *reader,
							bool for_record);
static void append_symbol(StringInfo buf, const char *name, const char *symbol,
						  int len);

const EtlFormat etl_format_csv = {
	.name = "csv",
	.field_noun = "column",
	.bytes_per_field = 8,
	.parallel = true,
	.has_positions = true,
	.table = {csv_defs, lengthof(csv_defs)},
	.options_size = sizeof(EtlCsvCallOptions),
	.check_options = check_options,
	.open = open_records,
	.describe = describe,
	.pinned_options = pinned_options,
	.inspect = etl_inspect_csv,
};

const EtlFormat etl_format_csv_rows = {
	.name = "csv",
	.field_noun = "column",
	.bytes_per_field = 8,
	.parallel = true,
	.has_positions = true,
	.table = {csv_defs, lengthof(csv_defs)},
	.options_size = sizeof(EtlCsvCallOptions),
	.check_options = check_options,
	.open = open_rows,
	.form = form_fields,
	.describe = describe,
	.pinned_options = pinned_options,
};

static void
check_options(const EtlCall *call)
{
	etl_csv_options_check(&((EtlCsvCallOptions *) call->options)->csv);
}

static EtlReader *
open_records(EtlStream *raw, const char *name, const EtlCall *call, int width)
{
	const EtlCsvOptions *options = &((EtlCsvCallOptions *) call->options)->csv;

	/* with names, or with positions of their own, columns don't count */
	if (call->options->columns || options->header == 1 ||
		options->header_rows > 0)
		width = 0;
	return open_reader(raw, name, call, width, 0);
}

/*
 * Rows are shown as they are, the header too, unless the user asks for the
 * strictness of records.
 */
static EtlReader *
open_rows(EtlStream *raw, const char *name, const EtlCall *call, int width)
{
	const EtlCsvOptions *options = &((EtlCsvCallOptions *) call->options)->csv;
	int flags = 0;

	if (!etl_option_given(&call->target, "ragged") &&
		!etl_option_given(&call->target, "on_error"))
		flags |= ETL_CSV_AS_IS;
	if (options->header != 1)
		flags |= ETL_CSV_KEEP_HEADER;
	return open_reader(raw, name, call, 0, flags);
}

/* The byte of a checked separator, '\0' for none. */
static inline char
separator(const char *text)
{
	return text ? text[0] : '\0';
}

static EtlReader *
open_reader(EtlStream *raw, const char *name, const EtlCall *call, int width,
			int flags)
{
	EtlCsvOptions *options = &((EtlCsvCallOptions *) call->options)->csv;

	/*
	 * A text value is in the database encoding, and is no archive, however
	 * its first characters look.
	 */
	if (call->content_is_text)
	{
		if (!options->encoding)
			options->encoding = pstrdup(GetDatabaseEncodingName());
		if (options->compression == ETL_OPTION_UNSET)
			options->compression = ETL_COMPRESSION_NONE;
	}
	options->decimal = separator(call->options->decimal_separator);
	options->thousands = separator(call->options->thousands_separator);
	return etl_csv_reader_new(raw, name, options, call->division, width,
							  flags);
}

/* The row of etl_csv_rows: its line and its fields. */
static bool
form_fields(const EtlCall *call, EtlReader *reader, const EtlRecord *record,
			Datum *values, bool *isnull)
{
	int n;
	const EtlField *fields = etl_csv_reader_all_fields(reader, &n);
	Datum *texts = palloc(sizeof(Datum) * Max(n, 1));
	bool *nulls = palloc(sizeof(bool) * Max(n, 1));
	int lower_bound = 1;

	for (int i = 0; i < n; i++)
	{
		nulls[i] = fields[i].kind != ETL_FIELD_TEXT;
		texts[i] = nulls[i]
					   ? (Datum) 0
					   : PointerGetDatum(
							 cstring_to_text_with_len(fields[i].data,
													  (int) fields[i].len));
	}
	values[0] = Int64GetDatum(record->line);
	isnull[0] = false;
	values[1] = PointerGetDatum(construct_md_array(texts, nulls, n > 0 ? 1 : 0,
												   &n, &lower_bound, TEXTOID,
												   -1, false, TYPALIGN_INT));
	isnull[1] = false;
	return true;
}

static char *
describe(const EtlCall *call, EtlReader *reader)
{
	const EtlCsvDialect *dialect = etl_csv_reader_dialect(reader);
	const EtlCsvSyntax *syntax = &dialect->syntax;
	EtlCompression compression = etl_csv_reader_compression(reader);
	char quote = (char) syntax->quote;
	char escape = (char) syntax->escape;
	StringInfoData buf;

	initStringInfo(&buf);
	append_symbol(&buf, "delimiter", syntax->delimiter, syntax->delimiter_len);
	append_symbol(&buf, "quote", &quote,
				  syntax->quote == ETL_CSV_NONE ? 0 : 1);
	if (syntax->escape != syntax->quote)
		append_symbol(&buf, "escape", &escape,
					  syntax->escape == ETL_CSV_NONE ? 0 : 1);
	if (syntax->comment_len > 0)
		append_symbol(&buf, "comment", syntax->comment, syntax->comment_len);
	if (dialect->skip > 0)
		appendStringInfo(&buf, "skip %d, ", dialect->skip);
	if (dialect->header_rows == 0)
		appendStringInfoString(&buf, "no header, ");
	else
		appendStringInfo(&buf, "header rows %d, ", dialect->header_rows);
	if (dialect->stop_at_blank)
		appendStringInfoString(&buf, "stop at blank, ");
	if (dialect->skip_footer > 0)
		appendStringInfo(&buf, "skip footer %d, ", dialect->skip_footer);
	appendStringInfo(&buf, "encoding %s",
					 etl_encoding_name(etl_csv_reader_encoding(reader)));
	if (compression != ETL_COMPRESSION_NONE)
		appendStringInfo(&buf, ", compression %s",
						 etl_compression_names[compression]);
	return buf.data;
}

/* Appends a symbol of the syntax in quotes; bytes that don't print, in hex. */
static void
append_symbol(StringInfo buf, const char *name, const char *symbol, int len)
{
	if (len == 0)
	{
		appendStringInfo(buf, "no %s, ", name);
		return;
	}
	appendStringInfo(buf, "%s '", name);
	for (int i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) symbol[i];

		if (c == '\t')
			appendStringInfoString(buf, "\\t");
		else if (c < 0x20 || c > 0x7e)
			appendStringInfo(buf, "\\x%02x", c);
		else
			appendStringInfoChar(buf, (char) c);
	}
	appendStringInfoString(buf, "', ");
}

static char *
pinned_options(const EtlCall *call, EtlReader *reader, bool for_record)
{
	return etl_csv_reader_pinned_options(reader, for_record);
}
