/*
 * simd_index.h
 *	  Finds every delimiter and line end outside quotes, 64 bytes a step.
 *
 * Covers the common syntax: a delimiter of one byte, a quote that is its own
 * escape (or none), no character that hides an ASCII byte.  The quotes' parity
 * (a carry-less multiply) tells what lies inside quotes; this is exact as long
 * as each quote opens or closes a field or is doubled, which is checked for
 * each block.  At the first block where it isn't, indexing stops and says so,
 * and the caller asks the automaton.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_CSV_SIMD_INDEX_H
#define ETL_CSV_SIMD_INDEX_H

#include "csv/dialect.h"

#define ETL_CSV_INDEX_BLOCK 64

typedef struct EtlCsvIndexer
{
	unsigned char delimiter;
	unsigned char quote;
	bool has_quote;

	/* Carried from block to block. */
	uint64_t in_quotes; /* all ones or zero */
	uint64_t boundary;  /* bit 0: a field may begin here */
	uint64_t line;      /* bit 0: a record begins here; only for counting */
} EtlCsvIndexer;

/* What one call saw in the blocks that it indexed. */
typedef struct EtlCsvIndexResult
{
	size_t indexed;       /* bytes indexed: a multiple of 64, or all */
	size_t count;         /* positions written */
	bool anomaly;         /* stopped before a block with a stray quote */
	bool special;         /* bytes that aren't ASCII, or NUL */
	bool quoted_newlines; /* line ends inside quotes */
} EtlCsvIndexResult;

/* True if the index can stand in for the automaton with this syntax. */
extern bool etl_csv_index_supports(const EtlCsvSyntax *syntax);

/* Starts at the first byte of a record. */
extern void etl_csv_index_start(EtlCsvIndexer *indexer,
								const EtlCsvSyntax *syntax);

/*
 * Indexes len bytes from buf, which go on where the last call stopped, and
 * writes base + the offset of each delimiter and line end outside quotes to
 * out, in ascending order; of CRLF only the LF counts.  out needs room for len
 * + 64 entries.  Unless last is true, only whole blocks of which the following
 * byte is there are indexed; the caller passes the rest again.  With last, all
 * bytes are indexed unless there is an anomaly, and in_quotes then tells that a
 * quoted field was never closed.
 *
 * After an anomaly the indexer must be started again.
 */
extern void etl_csv_index(EtlCsvIndexer *indexer, const char *buf, size_t len,
						  bool last, uint32_t base, uint32_t *out,
						  EtlCsvIndexResult *result);

/* At most so many lines that may be blank are noted before counting stops. */
#define ETL_CSV_COUNT_BLANKS 256

/* What one call of etl_csv_count() counted. */
typedef struct EtlCsvCount
{
	size_t counted;    /* bytes: a multiple of 64 */
	bool anomaly;      /* stopped before a block with a stray quote */
	bool found;        /* the last record counted is the one that was wanted */
	size_t record_end; /* behind the last record; 0: none has ended */
	uint64_t records;  /* that have ended */
	uint64_t lines;    /* physical lines up to record_end */
	uint64_t open_lines; /* and behind it */

	/* Where lines begin whose first byte may be that of a blank line. */
	size_t nblanks;
	uint32_t blanks[ETL_CSV_COUNT_BLANKS];
} EtlCsvCount;

/*
 * Counts records and lines in len bytes from buf, which go on where the last
 * call stopped, up to the first record that ends at or behind "until".  Only
 * whole blocks are counted of which the following byte is there.
 */
extern void etl_csv_count(EtlCsvIndexer *indexer, const char *buf, size_t len,
						  size_t until, EtlCsvCount *count);

/* The implementations, best first, for tests: names, then selection by name. */
extern const char *const *etl_csv_index_implementations(void);
extern bool etl_csv_index_use(const char *name);

#endif
