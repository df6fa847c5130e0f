/*
 * csv_open.c
 *	  Opens a CSV source: its layers, its dialect, its header.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "csv/csv_options.h"
#include "csv/reader_private.h"
#include "guc.h"

/* A header's name in the database encoding, in the current context. */
static char *
header_text(EtlCsvReader *reader, const char *s, size_t len)
{
	EtlCsvCursor *cursor = reader->cursor;
	char *content = palloc(len + 1);
	size_t bad;

	len = etl_csv_content(&cursor->syntax, s, len, content);
	content[len] = '\0';
	if (!etl_encoding_has_special(content, len))
		return content;
	if (etl_encoding_verify(&reader->encoding, content, len) >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("header of \"%s\" is not valid in encoding \"%s\"",
						reader->base.source,
						etl_encoding_name(&reader->encoding)),
				 errhint("Give the source's encoding with the option "
						 "\"encoding\".")));
	if (!etl_encoding_needs_conversion(&reader->encoding))
		return content;
	content =
		etl_encoding_convert(&reader->encoding, content, len, &len, &bad);
	if (content == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("header of \"%s\" has a character without an "
						"equivalent in encoding \"%s\"",
						reader->base.source, GetDatabaseEncodingName())));
	return content;
}

/*
 * Adds one header record to the names, joined with a blank; a name that comes
 * again, as where files were joined, stays as it is.
 */
static void
add_header(EtlCsvReader *reader, size_t *capacity)
{
	EtlCsvCursor *cursor = reader->cursor;
	EtlReader *base = &reader->base;

	if (cursor->nfields > *capacity)
	{
		size_t size = cursor->nfields * sizeof(char *);

		base->names = base->names ? repalloc_huge(base->names, size)
								  : palloc_extended(size, MCXT_ALLOC_HUGE);
		*capacity = cursor->nfields;
	}
	for (size_t i = 0; i < cursor->nfields; i++)
	{
		size_t len;
		const char *s = etl_csv_cursor_field(cursor, i, &len);
		char *name = header_text(reader, s, len);

		if (i >= (size_t) base->nfields)
			base->names[base->nfields++] = name;
		else if (name[0] != '\0' && strcmp(name, base->names[i]) != 0)
			base->names[i] = base->names[i][0] == '\0'
								 ? name
								 : psprintf("%s %s", base->names[i], name);
	}
}

/*
 * Where records end with more delimiters than the header, the fields behind its
 * last one have empty names; where with fewer, its empty names name nothing.
 */
static void
fit_names(EtlCsvReader *reader, size_t capacity)
{
	EtlReader *base = &reader->base;
	int surplus = reader->sniffed.dialect.surplus;

	if (surplus > 0)
	{
		size_t nfields = (size_t) base->nfields + (size_t) surplus;

		if (nfields > capacity)
			base->names = repalloc_huge(base->names, nfields * sizeof(char *));
		for (; surplus > 0; surplus--)
			base->names[base->nfields++] = pstrdup("");
	}
	for (; surplus < 0 && base->nfields > 1; surplus++)
	{
		if (base->names[base->nfields - 1][0] != '\0')
			break;
		base->nfields--;
	}
}

/* Takes the header records off the source. */
static void
read_header(EtlCsvReader *reader)
{
	size_t capacity = 0;

	for (int i = 0; i < reader->sniffed.dialect.header_rows; i++)
	{
		EtlCsvCursorStatus status = etl_csv_cursor_next(reader->cursor);

		if (status == ETL_CSV_CURSOR_EOF)
			break;
		if (status == ETL_CSV_CURSOR_TOO_LARGE)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("header of \"%s\" is larger than "
							"pg_etl.max_record_size (%d bytes)",
							reader->base.source, etl_guc_max_record_size)));
		add_header(reader, &capacity);
	}
	if (reader->base.names == NULL)
		return;
	fit_names(reader, capacity);
	reader->width = (size_t) reader->base.nfields;
}

/* Characters of encodings in which a byte below 0x80 may be a part of one. */
#define DEFINE_CHAR_LEN(name, encoding) \
	static int name(const unsigned char *s, size_t n) \
	{ \
		return etl_encoding_char_length(encoding, (const char *) s, n); \
	}

DEFINE_CHAR_LEN(sjis_length, PG_SJIS)
DEFINE_CHAR_LEN(big5_length, PG_BIG5)
DEFINE_CHAR_LEN(gbk_length, PG_GBK)
DEFINE_CHAR_LEN(uhc_length, PG_UHC)
DEFINE_CHAR_LEN(gb18030_length, PG_GB18030)
DEFINE_CHAR_LEN(johab_length, PG_JOHAB)
DEFINE_CHAR_LEN(sjis2004_length, PG_SHIFT_JIS_2004)

static int (*char_len_function(const EtlEncoding *encoding))(
	const unsigned char *, size_t)
{
	if (!encoding->ascii_unsafe)
		return NULL;
	switch (encoding->working)
	{
		case PG_SJIS:
			return sjis_length;
		case PG_BIG5:
			return big5_length;
		case PG_GBK:
			return gbk_length;
		case PG_UHC:
			return uhc_length;
		case PG_GB18030:
			return gb18030_length;
		case PG_JOHAB:
			return johab_length;
		default:
			return sjis2004_length;
	}
}

/* Detects the dialect on what the source begins with. */
static void
detect_dialect(EtlCsvReader *reader)
{
	EtlCsvDialect *dialect = &reader->sniffed.dialect;
	EtlCsvPinned pinned;
	const char *sample;
	size_t n =
		etl_csv_cursor_peek(reader->cursor, ETL_CSV_SNIFF_BYTES, &sample);

	etl_csv_options_pin(reader->options, &reader->encoding, &pinned, dialect);
	dialect->syntax.char_len = char_len_function(&reader->encoding);
	if (!etl_csv_sniff(sample, Min(n, ETL_CSV_SNIFF_BYTES),
					   n < ETL_CSV_SNIFF_BYTES, &pinned, &reader->sniffed))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (reader->options->width > 0)
		dialect->width = reader->options->width;
}

/* Makes the reader read by its dialect. */
static void
apply_dialect(EtlCsvReader *reader)
{
	EtlCsvCursor *cursor = reader->cursor;
	const EtlCsvDialect *dialect = &reader->sniffed.dialect;

	reader->width = (size_t) dialect->width;
	etl_csv_cursor_set_syntax(cursor, &dialect->syntax);
	cursor->skip_blank = dialect->width > 1;
	cursor->stop_at_blank = dialect->stop_at_blank;
	cursor->skip_footer = dialect->skip_footer;
}

/* Settles how fields are taken out. */
static void
set_field_rules(EtlCsvReader *reader)
{
	const EtlCsvOptions *options = reader->options;
	const EtlCsvSyntax *syntax = &reader->cursor->syntax;

	reader->quote = syntax->quote;
	reader->own_escape =
		syntax->escape != ETL_CSV_NONE && syntax->escape != syntax->quote;
	reader->trim = options->trim_fields == 1;
	reader->quoted_nulls = options->quoted_nulls == 1;
	reader->may_pad = options->ragged == ETL_CSV_RAGGED_PAD ||
					  options->ragged == ETL_CSV_RAGGED_BOTH;
	reader->may_truncate = options->ragged == ETL_CSV_RAGGED_TRUNCATE ||
						   options->ragged == ETL_CSV_RAGGED_BOTH;
	reader->empty_is_null = etl_csv_is_null_string(reader, "", 0);
	reader->other_nulls = options->null_strings != NULL;
}

EtlReader *
etl_csv_reader_new(EtlStream *raw, const char *name,
				   const EtlCsvOptions *options, const EtlDivision *division,
				   int min_width, int flags)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl csv reader",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	EtlCsvReader *reader = palloc0(sizeof(EtlCsvReader));
	EtlCompression compression = options->compression == ETL_OPTION_UNSET
									 ? ETL_COMPRESSION_AUTO
									 : (EtlCompression) options->compression;

	reader->base.ops = &etl_csv_reader_ops;
	reader->base.source = name;
	reader->options = options;
	reader->flags = flags;
	reader->context = context;
	reader->record_context =
		AllocSetContextCreate(context, "pg_etl csv record",
							  ALLOCSET_SMALL_SIZES);

	reader->stream = etl_decompress(raw, compression, &reader->compression);
	reader->stream = etl_encoding_stream(reader->stream, options->encoding,
										 &reader->encoding);
	reader->cursor = etl_csv_cursor_new(reader->stream);
	reader->cursor->encoding = reader->encoding;
	reader->cursor->offset = reader->encoding.bom_length;

	if (division)
		memcpy(&reader->sniffed.dialect, division->dialect.bytes,
			   sizeof(EtlCsvDialect));
	else
		detect_dialect(reader);
	apply_dialect(reader);
	set_field_rules(reader);
	for (int i = 0; i < reader->sniffed.dialect.skip; i++)
	{
		const char *line;

		if (etl_csv_cursor_skip_line(reader->cursor, &line) == 0)
			break;
	}
	if ((flags & ETL_CSV_KEEP_HEADER) == 0)
		read_header(reader);
	if (options->header == ETL_OPTION_UNSET)
		reader->base.names_hint = "If the source has no header, say header => "
								  "false; then columns go by position.";
	if (reader->base.names == NULL)
	{
		const char *rest;

		/* Of a source that ends here nobody knows what fields it has. */
		if (options->width <= 0)
			reader->width = Max(reader->width, (size_t) min_width);
		if (etl_csv_cursor_peek(reader->cursor, 1, &rest) > 0)
			reader->base.nfields = (int) reader->width;
	}
	MemoryContextSwitchTo(old);
	return &reader->base;
}
