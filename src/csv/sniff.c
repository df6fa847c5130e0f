/*
 * sniff.c
 *	  Detects the dialect of a CSV file from its first bytes.
 *
 * Puts the steps of sniff_private.h in order.  What the user pinned is taken as
 * given by each of them, so it also helps to find the rest.
 */
#include "csv/sniff.h"

#include <string.h>

#include "csv/sniff_private.h"

/* Adds a warning, unless it was given before or there is no room. */
void
sniff_warn(EtlCsvSniffed *sniffed, const char *warning)
{
	for (int i = 0; i < sniffed->nwarnings; i++)
		if (sniffed->warnings[i] == warning)
			return;
	if (sniffed->nwarnings < ETL_CSV_MAX_WARNINGS)
		sniffed->warnings[sniffed->nwarnings++] = warning;
}

/* What holds for a file that tells nothing. */
static void
set_defaults(const EtlCsvPinned *pinned, EtlCsvSniffed *sniffed)
{
	EtlCsvDialect *dialect = &sniffed->dialect;
	EtlCsvSyntax *syntax = &dialect->syntax;

	if (!pinned->delimiter)
	{
		memset(syntax->delimiter, 0, sizeof(syntax->delimiter));
		syntax->delimiter[0] = ',';
		syntax->delimiter_len = 1;
	}
	if (!pinned->quote)
		syntax->quote = '"';
	if (!pinned->escape)
		syntax->escape = syntax->quote;
	if (!pinned->comment)
		syntax->comment_len = 0;
	if (!pinned->skip)
		dialect->skip = 0;
	if (!pinned->header && !pinned->header_rows)
		dialect->header_rows = 0;
	else if (dialect->header_rows < 1 && pinned->header_rows)
		dialect->header_rows = 1;
	if (!pinned->stop_at_blank)
		dialect->stop_at_blank = false;
	if (!pinned->skip_footer)
		dialect->skip_footer = 0;
	dialect->newline = ETL_CSV_LF;
	dialect->surplus = 0;
	dialect->width = 1;
	sniffed->nwarnings = 0;
	sniffed->footer = 0;
}

/* Bytes up to and with the next line end; all if there is none. */
static size_t
line_length(const char *s, size_t n)
{
	for (size_t p = 0; p < n; p++)
	{
		if (s[p] == '\n' || (s[p] == '\r' && p + 1 < n && s[p + 1] != '\n'))
			return p + 1;
	}
	return n;
}

/*
 * Takes pinned lines off the front and, unless the source ends with the bytes,
 * a broken line off the end.
 */
static SniffSample
make_sample(const char *buf, size_t len, bool complete, uint32_t skip)
{
	SniffSample sample = {buf, len, 0, complete};
	size_t end;

	while (sample.line < skip && sample.len > 0)
	{
		size_t line = line_length(sample.buf, sample.len);

		sample.buf += line;
		sample.len -= line;
		sample.line++;
	}
	if (!complete)
	{
		for (end = sample.len; end > 0; end--)
			if (sample.buf[end - 1] == '\n' || sample.buf[end - 1] == '\r')
				break;
		if (end > 0)
			sample.len = end;
	}
	return sample;
}

/*
 * True if the first line is "sep=;" or the like, by which spreadsheets are told
 * the delimiter; if the user didn't, it is pinned.
 */
static bool
read_separator(const char *s, size_t n, EtlCsvPinned *pinned,
			   EtlCsvSyntax *syntax)
{
	size_t quote = n > 0 && s[0] == '"';
	size_t end = quote + strlen("sep=;");

	if (n <= end + quote || (s[quote] | 0x20) != 's' ||
		(s[quote + 1] | 0x20) != 'e' || (s[quote + 2] | 0x20) != 'p' ||
		s[quote + 3] != '=' || s[end - 1] == '"' || s[end - 1] == '\n' ||
		s[end - 1] == '\r' || (quote && s[end] != '"') ||
		(s[end + quote] != '\n' && s[end + quote] != '\r'))
		return false;
	if (!pinned->delimiter)
	{
		syntax->delimiter[0] = s[end - 1];
		syntax->delimiter_len = 1;
		pinned->delimiter = true;
	}
	return true;
}

/* The kind of line end that all but a few records have. */
static EtlCsvNewline
find_newline(const SniffParse *parse)
{
	size_t counts[ETL_CSV_MIXED] = {0};
	size_t total = 0;
	int most = ETL_CSV_LF;

	for (size_t i = 0; i < parse->nrecords; i++)
	{
		const SniffRecord *record = &parse->records[i];

		if (record->eol == 0)
			continue;
		total++;
		if (record->eol == 2)
			counts[ETL_CSV_CRLF]++;
		else
			counts[record->eol_first == '\n' ? ETL_CSV_LF : ETL_CSV_CR]++;
	}
	for (int kind = 0; kind < ETL_CSV_MIXED; kind++)
		if (counts[kind] > counts[most])
			most = kind;
	return (total - counts[most]) * 20 > total ? ETL_CSV_MIXED
											   : (EtlCsvNewline) most;
}

bool
etl_csv_sniff(const char *buf, size_t len, bool complete,
			  const EtlCsvPinned *pinned, EtlCsvSniffed *sniffed)
{
	EtlCsvDialect *dialect = &sniffed->dialect;
	SniffParse parse = {0};
	SniffSample sample;
	EtlCsvPinned known = *pinned;
	bool told = false;
	uint32_t width = 1;
	bool close = false;
	bool ok;

	set_defaults(pinned, sniffed);
	told = !pinned->skip && read_separator(buf, len, &known, &dialect->syntax);
	sample =
		make_sample(buf, len, complete,
					pinned->skip ? (uint32_t) dialect->skip : (uint32_t) told);
	if (sample.len == 0)
		return true;
	pinned = &known;

	ok = sniff_syntax(&sample, pinned, &dialect->syntax, &width, &close) &&
		 sniff_parse(&parse, &sample, &dialect->syntax, sample.len);
	if (close)
		sniff_warn(sniffed, "another delimiter fits nearly as well");
	if (ok)
	{
		sniff_find_comment(&parse, pinned, width, &dialect->syntax);
		ok = sniff_find_table(&parse, width, pinned, sniffed);
		dialect->newline = find_newline(&parse);
		if (told && dialect->skip == 0)
			dialect->skip = 1;
	}
	sniff_parse_free(&parse);
	return ok;
}
