/*
 * csv_options.c
 *	  From settings as users give them to a dialect, and back.
 */
#include "postgres.h"

#include "csv/csv_options.h"

#include "mb/pg_wchar.h"
#include "utils/json.h"

const char *const etl_csv_ragged_names[] = {"error", "pad", "truncate", "both",
											NULL};

static inline bool
is_set(int value)
{
	return value != ETL_OPTION_UNSET;
}

/* Converts a setting's text to the source's encoding. */
static char *
to_working(const char *text, const EtlEncoding *encoding)
{
	return pg_server_to_any(text, (int) strlen(text), encoding->working);
}

/* Checks a setting that is one byte, or empty for none. */
static int
one_byte(const char *name, const char *text)
{
	if (text[0] == '\0')
		return ETL_CSV_NONE;
	if (text[1] != '\0' || (unsigned char) text[0] >= 0x80 ||
		text[0] == '\n' || text[0] == '\r')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\": \"%s\"", name, text),
				 errdetail("It must be one ASCII character that ends no line, "
						   "or empty for none.")));
	return (unsigned char) text[0];
}

static void
pin_delimiter(const char *text, const EtlEncoding *encoding,
			  EtlCsvSyntax *syntax)
{
	/* In SQL '\t' is two characters, but nobody means those. */
	const char *bytes =
		strcmp(text, "\\t") == 0 ? "\t" : to_working(text, encoding);
	size_t n = strlen(bytes);

	if (n < 1 || n > ETL_CSV_MAX_DELIMITER || strpbrk(bytes, "\r\n") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"delimiter\": \"%s\"",
						text),
				 errdetail("It must have 1 to %d bytes and no line end.",
						   ETL_CSV_MAX_DELIMITER)));
	memcpy(syntax->delimiter, bytes, n);
	syntax->delimiter_len = (int) n;
}

static void
pin_comment(const char *text, const EtlEncoding *encoding,
			EtlCsvSyntax *syntax)
{
	const char *bytes = to_working(text, encoding);
	size_t n = strlen(bytes);

	if (n > ETL_CSV_MAX_COMMENT || strpbrk(bytes, "\r\n") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"comment\": \"%s\"", text),
				 errdetail("It must have at most %d bytes and no line end.",
						   ETL_CSV_MAX_COMMENT)));
	memcpy(syntax->comment, bytes, n);
	syntax->comment_len = (int) n;
}

/* Settings of one byte, in any encoding, and how they go together. */
static void
pin_quotes(const EtlCsvOptions *options, EtlCsvPinned *pinned,
		   EtlCsvSyntax *syntax)
{
	pinned->quote = options->quote != NULL;
	pinned->escape = options->escape != NULL;
	syntax->quote = pinned->quote ? one_byte("quote", options->quote) : '"';
	syntax->escape =
		pinned->escape ? one_byte("escape", options->escape) : syntax->quote;
	/* Without quotes there is nothing to double. */
	if (pinned->quote && syntax->quote == ETL_CSV_NONE && !pinned->escape)
		pinned->escape = true;
}

static void
refuse_pair(const char *a, const char *b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("options \"%s\" and \"%s\" contradict each other", a, b)));
}

void
etl_csv_options_check(const EtlCsvOptions *options)
{
	const char *delimiter = options->delimiter;

	if (options->header == 0 && options->header_rows > 0)
		refuse_pair("header", "header_rows");
	if (options->header == 1 && options->header_rows == 0)
		refuse_pair("header", "header_rows");
	if (options->width > 0 &&
		(options->header == 1 || options->header_rows > 0))
		refuse_pair("header", "width");
	if (delimiter == NULL)
		return;
	if (options->quote && options->quote[0] &&
		strstr(delimiter, options->quote) != NULL)
		refuse_pair("delimiter", "quote");
	if (options->escape && options->escape[0] &&
		strcmp(delimiter, "\\t") != 0 &&
		strstr(delimiter, options->escape) != NULL)
		refuse_pair("delimiter", "escape");
	if (options->comment && strcmp(options->comment, delimiter) == 0)
		refuse_pair("delimiter", "comment");
}

void
etl_csv_options_pin(const EtlCsvOptions *options, const EtlEncoding *encoding,
					EtlCsvPinned *pinned, EtlCsvDialect *dialect)
{
	memset(pinned, 0, sizeof(*pinned));
	memset(dialect, 0, sizeof(*dialect));

	dialect->syntax.delimiter[0] = ',';
	dialect->syntax.delimiter_len = 1;
	pinned->delimiter = options->delimiter != NULL;
	if (pinned->delimiter)
		pin_delimiter(options->delimiter, encoding, &dialect->syntax);
	pin_quotes(options, pinned, &dialect->syntax);
	pinned->comment = options->comment != NULL;
	if (pinned->comment)
		pin_comment(options->comment, encoding, &dialect->syntax);

	pinned->decimal = options->decimal;
	pinned->thousands = options->thousands;
	pinned->skip = is_set(options->skip);
	if (pinned->skip)
		dialect->skip = options->skip;
	pinned->header = is_set(options->header) || is_set(options->header_rows);
	pinned->header_rows = options->header_rows > 0;
	if (is_set(options->header_rows))
		dialect->header_rows = options->header_rows;
	else if (is_set(options->header))
		dialect->header_rows = options->header;
	pinned->stop_at_blank = is_set(options->stop_at_blank);
	if (pinned->stop_at_blank)
		dialect->stop_at_blank = options->stop_at_blank != 0;

	/* Dropping records at the end is nothing to guess. */
	pinned->skip_footer = true;
	dialect->skip_footer =
		is_set(options->skip_footer) ? options->skip_footer : 0;
}

char *
etl_csv_syntax_text(const char *s, int len, const EtlEncoding *encoding)
{
	char *bytes = pnstrdup(s, (Size) len);

	return pg_any_to_server(bytes, len, encoding->working);
}

static void
append_key(StringInfo out, const char *key)
{
	appendStringInfo(out,
					 "%s\"%s\": ", out->data[out->len - 1] == '{' ? "" : ", ",
					 key);
}

static void
append_text(StringInfo out, const char *key, const char *value)
{
	append_key(out, key);
	escape_json(out, value);
}

static void
append_byte(StringInfo out, const char *key, int byte)
{
	char text[2] = {byte == ETL_CSV_NONE ? '\0' : (char) byte, '\0'};

	append_text(out, key, text);
}

static void
append_int(StringInfo out, const char *key, int value)
{
	append_key(out, key);
	appendStringInfo(out, "%d", value);
}

static void
append_bool(StringInfo out, const char *key, bool value)
{
	append_key(out, key);
	appendStringInfoString(out, value ? "true" : "false");
}

static void
append_list(StringInfo out, const char *key, const EtlTextList *list)
{
	append_key(out, key);
	appendStringInfoChar(out, '[');
	for (int i = 0; i < list->n; i++)
	{
		if (i > 0)
			appendStringInfoString(out, ", ");
		if (list->items[i])
			escape_json(out, list->items[i]);
		else
			appendStringInfoString(out, "null");
	}
	appendStringInfoChar(out, ']');
}

void
etl_csv_options_append(StringInfo out, const EtlCsvOptions *options,
					   const EtlCsvDialect *dialect,
					   const EtlEncoding *encoding, EtlCompression compression,
					   bool for_record, size_t width)
{
	const EtlCsvSyntax *syntax = &dialect->syntax;

	appendStringInfoChar(out, '{');
	append_text(out, "delimiter",
				etl_csv_syntax_text(syntax->delimiter, syntax->delimiter_len,
									encoding));
	append_byte(out, "quote", syntax->quote);
	append_byte(out, "escape", syntax->escape);
	append_text(out, "comment",
				for_record
					? ""
					: etl_csv_syntax_text(syntax->comment, syntax->comment_len,
										  encoding));
	append_bool(out, "header", !for_record && dialect->header_rows > 0);
	if (!for_record && dialect->header_rows > 1)
		append_int(out, "header_rows", dialect->header_rows);
	if (for_record)
		append_int(out, "width", (int) width);
	append_int(out, "skip", for_record ? 0 : dialect->skip);
	append_bool(out, "stop_at_blank", !for_record && dialect->stop_at_blank);
	if (!for_record && dialect->skip_footer > 0)
		append_int(out, "skip_footer", dialect->skip_footer);
	if (options->null_strings)
		append_list(out, "null_strings", options->null_strings);
	if (options->quoted_nulls == 1)
		append_bool(out, "quoted_nulls", true);
	if (options->trim_fields == 1)
		append_bool(out, "trim_fields", true);
	if (options->ragged > 0)
		append_text(out, "ragged", etl_csv_ragged_names[options->ragged]);
	append_text(out, "encoding", etl_encoding_name(encoding));
	append_text(out, "compression",
				etl_compression_names[for_record ? ETL_COMPRESSION_NONE
												 : compression]);
	appendStringInfoChar(out, '}');
}
