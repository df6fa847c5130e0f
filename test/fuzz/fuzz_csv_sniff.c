/*
 * fuzz_csv_sniff.c
 *	  Dialect detection on whatever libFuzzer finds: it always comes to an
 *	  answer, to the same one twice, and to one that can be read with.
 *
 * The first byte chooses what is pinned.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv/automaton.h"
#include "csv/sniff.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define REQUIRE(condition) \
	do \
	{ \
		if (!(condition)) \
		{ \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static EtlCsvSniffed
sniff(const char *buf, size_t len, unsigned char pins)
{
	EtlCsvPinned pinned = {.delimiter = pins & 1,
						   .quote = (pins & 2) != 0,
						   .escape = (pins & 4) != 0,
						   .skip = (pins & 8) != 0,
						   .header = (pins & 16) != 0,
						   .skip_footer = true};
	EtlCsvSniffed sniffed;

	memset(&sniffed, 0, sizeof(sniffed));
	sniffed.dialect.syntax.delimiter[0] = ';';
	sniffed.dialect.syntax.delimiter_len = 1;
	sniffed.dialect.syntax.quote = '"';
	sniffed.dialect.syntax.escape = '"';
	sniffed.dialect.header_rows = (pins & 32) != 0;
	sniffed.dialect.skip = pinned.skip ? 1 : 0;
	REQUIRE(etl_csv_sniff(buf, len, (pins & 64) != 0, &pinned, &sniffed));
	REQUIRE(!pinned.delimiter || sniffed.dialect.syntax.delimiter[0] == ';');
	REQUIRE(!pinned.quote || sniffed.dialect.syntax.quote == '"');
	REQUIRE(!pinned.skip || sniffed.dialect.skip == 1);
	return sniffed;
}

/* Reads all records with the dialect: each moves on. */
static void
read_with(const EtlCsvDialect *dialect, const char *buf, size_t len)
{
	EtlCsvSpan span = {.capacity = len + 1};
	size_t start = 0;

	span.ends = malloc((len + 1) * sizeof(uint32_t));
	while (etl_csv_scan(&dialect->syntax, buf + start, len - start, true,
						&span) == ETL_CSV_SCAN_RECORD)
	{
		REQUIRE(span.consumed > 0 && span.nfields > 0);
		REQUIRE(span.length <= span.consumed);
		start += span.consumed;
		REQUIRE(start <= len);
	}
	free(span.ends);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *buf = (const char *) data + 1;
	EtlCsvSniffed first;
	EtlCsvSniffed second;

	if (size < 1)
		return 0;
	first = sniff(buf, size - 1, data[0]);
	second = sniff(buf, size - 1, data[0]);
	REQUIRE(first.dialect.syntax.delimiter_len >= 1 &&
			first.dialect.syntax.delimiter_len <= ETL_CSV_MAX_DELIMITER);
	REQUIRE(first.dialect.width >= 1);
	REQUIRE(first.dialect.skip >= 0 && first.dialect.header_rows >= 0);
	REQUIRE(first.nwarnings >= 0 && first.nwarnings <= ETL_CSV_MAX_WARNINGS);
	REQUIRE(memcmp(first.dialect.syntax.delimiter,
				   second.dialect.syntax.delimiter,
				   (size_t) first.dialect.syntax.delimiter_len) == 0);
	REQUIRE(first.dialect.syntax.quote == second.dialect.syntax.quote);
	REQUIRE(first.dialect.syntax.escape == second.dialect.syntax.escape);
	REQUIRE(first.dialect.skip == second.dialect.skip);
	REQUIRE(first.dialect.header_rows == second.dialect.header_rows);
	REQUIRE(first.dialect.width == second.dialect.width);
	read_with(&first.dialect, buf, size - 1);
	return 0;
}
