/*
 * automaton.h
 *	  The reference for what a CSV record is, one byte at a time.
 *
 * The automaton finds where one record's fields end.  It copies nothing and
 * allocates nothing.  It is the only judge of odd input: the SIMD index in
 * simd_index.h must agree with it or decline.
 *
 * Rules.  A record ends at LF, CRLF or CR outside quotes, or at the end of
 * input.  A field that begins with the quote is quoted: delimiters and line
 * ends inside it are data; it ends at a quote followed by a delimiter, a line
 * end or the end of input.  Inside, escape + quote and escape + escape stand
 * for the second byte.  A quote anywhere else is stray: it is data, and the
 * record is flagged; if it stands where the next field would begin, the field
 * isn't quoted at all and its first quote is the stray one.  Where escape
 * differs from quote, it also takes the meaning from the byte behind it outside
 * quotes.
 *
 * A faulty record never swallows the lines after it.  A quoted field that is
 * never closed, or that has both a stray quote and a line end in it, has most
 * likely got its quotes wrong: then the record is cut at its first line end and
 * flagged, and the next record begins behind that.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_CSV_AUTOMATON_H
#define ETL_CSV_AUTOMATON_H

#include "csv/dialect.h"

typedef enum EtlCsvScan
{
	ETL_CSV_SCAN_RECORD, /* a record was found */
	ETL_CSV_SCAN_MORE,   /* input ends inside the record: call again
								 * from its start with more bytes */
	ETL_CSV_SCAN_SPACE,  /* ends[] is too small */
	ETL_CSV_SCAN_EOF     /* no bytes left */
} EtlCsvScan;

/* What is wrong with a record. */
#define ETL_CSV_FAULT_STRAY_QUOTE \
	0x01                                /* a quote inside an unquoted
											 * field, or data after a closing
											 * quote */
#define ETL_CSV_FAULT_UNTERMINATED 0x02 /* a quoted field never ends */
#define ETL_CSV_FAULTS 0x03

/* What else is known of it. */
#define ETL_CSV_HAS_NEWLINES 0x10 /* line ends inside quotes */

typedef struct EtlCsvSpan
{
	/*
	 * ends[i] is the offset, from the record's first byte, of the delimiter
	 * or line end (or end of input) behind field i.  Field 0 starts at 0,
	 * field i at ends[i - 1] + delimiter_len.
	 */
	uint32_t *ends;  /* owned by the caller */
	size_t capacity; /* entries in ends */

	size_t nfields;
	size_t length;   /* bytes of the record without its line end */
	size_t consumed; /* with its line end */
	uint32_t flags;
	size_t fault_field; /* first field with a fault, if any */
} EtlCsvSpan;

/*
 * Scans the record that begins at buf.  len bytes are there; last tells that
 * no more will come.  len must be below 4 GB.
 */
extern EtlCsvScan etl_csv_scan(const EtlCsvSyntax *syntax, const char *buf,
							   size_t len, bool last, EtlCsvSpan *span);

/*
 * Scans only up to the first line end, taking quotes that don't close before it
 * as data.  Used for a record that was cut.
 */
extern EtlCsvScan etl_csv_scan_line(const EtlCsvSyntax *syntax,
									const char *buf, size_t len, bool last,
									EtlCsvSpan *span);

/* True if the field's content differs from its bytes: it is quoted. */
static inline bool
etl_csv_is_quoted(const EtlCsvSyntax *syntax, const char *field, size_t len)
{
	return len >= 2 && syntax->quote != ETL_CSV_NONE &&
		   (unsigned char) field[0] == syntax->quote &&
		   (unsigned char) field[len - 1] == syntax->quote;
}

/*
 * Writes a field's content, without quotes and escapes, to out, which must
 * have room for len bytes; returns its length.  Works on the fields of faulty
 * records as well: what isn't closed is taken as it stands.
 */
extern size_t etl_csv_content(const EtlCsvSyntax *syntax, const char *field,
							  size_t len, char *out);

/*
 * True if out of etl_csv_content would be a mere piece of the field (between
 * its quotes, or the field itself): *start and *content_len tell which.
 */
extern bool etl_csv_plain_content(const EtlCsvSyntax *syntax,
								  const char *field, size_t len, size_t *start,
								  size_t *content_len);

#endif
