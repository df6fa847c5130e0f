/*
 * csv_rows.c
 *	  Prints what detection makes of CSV files, without a server.
 *
 * For each file named on standard input one line of JSON: the dialect, and each
 * record as text the way etl_csv_rows hands it out (header lines first, nothing
 * padded, truncated or refused).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv/automaton.h"
#include "csv/sniff.h"

static void
print_text(const char *s, size_t n)
{
	putchar('"');
	for (size_t i = 0; i < n; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

/* A quote or escape: one character, or nothing. */
static void
print_byte(const char *name, int byte)
{
	char c = (char) byte;

	printf("\"%s\": ", name);
	print_text(&c, byte == ETL_CSV_NONE ? 0 : 1);
	printf(", ");
}

static void
print_record(const EtlCsvSyntax *syntax, const char *record,
			 const EtlCsvSpan *span)
{
	size_t start = 0;

	putchar('[');
	for (size_t i = 0; i < span->nfields; i++)
	{
		size_t len = span->ends[i] - start;
		char *content = malloc(len + 1);
		size_t n = etl_csv_content(syntax, record + start, len, content);

		if (i > 0)
			putchar(',');
		print_text(content, n);
		free(content);
		start = span->ends[i] + (size_t) syntax->delimiter_len;
	}
	putchar(']');
}

/* Bytes of the first n physical lines. */
static size_t
skip_lines(const char *buf, size_t len, int n)
{
	size_t p = 0;

	while (n > 0 && p < len)
	{
		if (buf[p] == '\n' || (buf[p] == '\r' && buf[p + 1] != '\n'))
			n--;
		p++;
	}
	return p;
}

static void
print_records(const EtlCsvDialect *dialect, const char *buf, size_t len)
{
	const EtlCsvSyntax *syntax = &dialect->syntax;
	size_t pos = skip_lines(buf, len, dialect->skip);
	size_t capacity = len + 1;
	uint32_t *ends = malloc(capacity * sizeof(uint32_t));
	EtlCsvSpan span = {.ends = ends, .capacity = capacity};
	bool first = true;

	for (; etl_csv_scan(syntax, buf + pos, len - pos, true, &span) ==
		   ETL_CSV_SCAN_RECORD;
		 pos += span.consumed)
	{
		bool blank = span.length == 0;

		if (blank && dialect->stop_at_blank && !first)
			break;
		if (blank && dialect->width > 1)
			continue;
		if (syntax->comment_len > 0 &&
			span.length >= (size_t) syntax->comment_len &&
			memcmp(buf + pos, syntax->comment, (size_t) syntax->comment_len) ==
				0)
			continue;
		if (!first)
			putchar(',');
		print_record(syntax, buf + pos, &span);
		first = false;
	}
	free(ends);
}

static char *
read_file(const char *name, size_t *len)
{
	FILE *file = fopen(name, "rb");
	size_t capacity = 1 << 20;
	char *buf = malloc(capacity + 1);

	*len = 0;
	if (file == NULL)
		return buf;
	while (!feof(file) && !ferror(file))
	{
		if (*len == capacity)
			buf = realloc(buf, (capacity *= 2) + 1);
		*len += fread(buf + *len, 1, capacity - *len, file);
	}
	fclose(file);
	buf[*len] = '\0';
	return buf;
}

int
main(void)
{
	char name[4096];

	while (fgets(name, sizeof(name), stdin) != NULL)
	{
		EtlCsvPinned pinned = {0};
		EtlCsvSniffed sniffed = {0};
		const EtlCsvDialect *dialect = &sniffed.dialect;
		const EtlCsvSyntax *syntax = &dialect->syntax;
		size_t len;
		size_t bom = 0;
		char *buf;

		name[strcspn(name, "\n")] = '\0';
		buf = read_file(name, &len);
		if (len >= 3 && memcmp(buf, "\xEF\xBB\xBF", 3) == 0)
			bom = 3;
		if (!etl_csv_sniff(buf + bom,
						   len - bom < ETL_CSV_SNIFF_BYTES
							   ? len - bom
							   : ETL_CSV_SNIFF_BYTES,
						   len - bom <= ETL_CSV_SNIFF_BYTES, &pinned,
						   &sniffed))
			return 1;
		printf("{\"delimiter\": ");
		print_text(syntax->delimiter, (size_t) syntax->delimiter_len);
		printf(", ");
		print_byte("quote", syntax->quote);
		print_byte("escape", syntax->escape);
		printf("\"comment\": ");
		print_text(syntax->comment, (size_t) syntax->comment_len);
		printf(", \"newline\": %d, \"skip\": %d, \"header_rows\": %d, "
			   "\"stop_at_blank\": %d, \"footer\": %d, \"width\": %d, "
			   "\"warnings\": %d, \"rows\": [",
			   dialect->newline, dialect->skip, dialect->header_rows,
			   dialect->stop_at_blank, sniffed.footer, dialect->width,
			   sniffed.nwarnings);
		print_records(dialect, buf + bom, len - bom);
		printf("]}\n");
		free(buf);
	}
	return 0;
}
