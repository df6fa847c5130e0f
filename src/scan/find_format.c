/*
 * find_format.c
 *	  Which format a source has: as the user says, or as its name or its first
 *	  bytes tell.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "decode/compression.h"
#include "decode/encoding.h"
#include "scan/look.h"

/* How much is read at once in search of the first character. */
#define PEEK_SIZE 1024

/* The formats by name, for arguments that give one; first, what sources have. */
static const EtlFormat *const formats[] = {&etl_format_csv, &etl_format_json,
										   &etl_format_api};
#define SOURCE_FORMATS 2

/* What the ends of names tell. */
static const struct
{
	const char *suffix;
	const EtlFormat *format;
} suffixes[] = {
	{".csv", &etl_format_csv},    {".tsv", &etl_format_csv},
	{".json", &etl_format_json},  {".ndjson", &etl_format_json},
	{".jsonl", &etl_format_json}, {".geojson", &etl_format_json},
};

static const char *const compression_suffixes[] = {
	".gz", ".zst", ".lz4", ".bz2", ".xz",
};

const EtlFormat *
etl_format_find(const char *name)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < lengthof(formats); i++)
	{
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", formats[i]->name);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown format \"%s\"", name),
					errhint("Valid formats are: %s.", names.data)));
}

/* Cuts the suffix off a name of n bytes, if it has it. */
static bool
cut_suffix(const char *name, size_t *n, const char *suffix)
{
	size_t length = strlen(suffix);

	if (*n < length || pg_strncasecmp(name + *n - length, suffix, length) != 0)
		return false;
	*n -= length;
	return true;
}

/* The format that an item's name tells, or NULL. */
static const EtlFormat *
format_by_name(const char *name)
{
	size_t n = name[0] == '/' ? strlen(name) : strcspn(name, "?#");

	for (int i = 0; i < lengthof(compression_suffixes); i++)
		if (cut_suffix(name, &n, compression_suffixes[i]))
			break;
	for (int i = 0; i < lengthof(suffixes); i++)
		if (cut_suffix(name, &n, suffixes[i].suffix))
			return suffixes[i].format;
	return NULL;
}

/* The next byte that is no blank, or '\0'. */
static char
next_character(EtlStream *stream, char *buf, size_t *pos, size_t *len)
{
	for (;;)
	{
		while (*pos < *len)
		{
			char c = buf[(*pos)++];

			if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
				return c;
		}
		CHECK_FOR_INTERRUPTS();
		*pos = 0;
		*len = etl_stream_read(stream, buf, PEEK_SIZE);
		if (*len == 0)
			return '\0';
	}
}

/* True if the bytes begin as an object or an array does. */
static bool
begins_as_json(EtlStream *stream)
{
	char buf[PEEK_SIZE];
	size_t pos = 0;
	size_t len = 0;
	char first = next_character(stream, buf, &pos, &len);
	char second;

	if (first != '{' && first != '[')
		return false;
	second = next_character(stream, buf, &pos, &len);
	if (first == '{')
		return second == '"' || second == '}';
	return second != '\0' && strchr("{[\"-0123456789tfn]", second) != NULL;
}

/* Where the name doesn't tell, looks at the first item. */
static const EtlFormat *
format_by_content(EtlSource *source)
{
	EtlEncoding encoding;
	EtlCompression compression;
	EtlStream *stream = etl_decompress(etl_source_stream(source, 0),
									   ETL_COMPRESSION_AUTO, &compression);
	bool is_json;

	stream = etl_encoding_stream(stream, NULL, &encoding);
	is_json = begins_as_json(stream);
	etl_stream_close(stream);
	return is_json ? &etl_format_json : &etl_format_csv;
}

const EtlFormat *
etl_format_detect(const char *source, Jsonb *options)
{
	EtlCall *calls[SOURCE_FORMATS];
	EtlOptionTarget *targets[SOURCE_FORMATS];
	const EtlScanOptions *common;
	const EtlFormat *format;
	EtlSource *opened;

	/* what all formats have, the first one gets */
	for (int i = 0; i < SOURCE_FORMATS; i++)
	{
		calls[i] = etl_call_new(formats[i]);
		targets[i] = &calls[i]->target;
	}
	if (options)
		etl_option_set_object_any(targets, SOURCE_FORMATS, options);
	common = calls[0]->options;

	opened = etl_source_open(source, common->server, &common->transport,
							 CurrentMemoryContext);
	format = format_by_name(opened->names[0]);
	if (format == NULL)
		format = format_by_content(opened);
	etl_source_close(opened);
	return format;
}
