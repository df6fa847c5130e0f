/*
 * sniff.h
 *	  Detects the dialect of a CSV file from its first bytes.
 *
 * Plain C: memory comes from malloc and is freed before a call returns, so unit
 * tests and fuzzers link it.  Deterministic: the same bytes and the same pinned
 * settings give the same dialect, whatever reads them and why.
 */
#ifndef ETL_CSV_SNIFF_H
#define ETL_CSV_SNIFF_H

#include "csv/dialect.h"

/* How much of a source's beginning detection looks at. */
#define ETL_CSV_SNIFF_BYTES (256 * 1024)

/*
 * What the user pinned; detection decides the rest.  "dialect" carries the
 * pinned values.
 */
typedef struct EtlCsvPinned
{
	bool delimiter;
	bool quote;
	bool escape;
	bool comment;
	bool skip;
	bool header_rows; /* with dialect.header_rows >= 1 */
	bool header;      /* dialect.header_rows = 0 or not (then 1,
								 * unless header_rows is pinned too) */
	bool stop_at_blank;
	bool skip_footer;

	/*
	 * What separates parts of numbers, 0 where unknown: a byte that stands in
	 * numbers outside quotes is no delimiter.
	 */
	char decimal;
	char thousands;
} EtlCsvPinned;

#define ETL_CSV_MAX_WARNINGS 8

typedef struct EtlCsvSniffed
{
	EtlCsvDialect dialect;

	/*
	 * Ambiguities, in plain words, static strings.
	 */
	const char *warnings[ETL_CSV_MAX_WARNINGS];
	int nwarnings;

	/*
	 * Footer records that the sample shows at its end; dialect.skip_footer
	 * stays 0 unless pinned, for dropping records is the user's decision.
	 */
	int footer;
} EtlCsvSniffed;

/*
 * Detects the dialect of a source whose first len bytes are buf, in the
 * working encoding.  complete tells that there are no more.  The pinned
 * values are in sniffed->dialect, which is completed in place.  Returns false only
 * when out of memory.
 */
extern bool etl_csv_sniff(const char *buf, size_t len, bool complete,
						  const EtlCsvPinned *pinned, EtlCsvSniffed *sniffed);

#endif
