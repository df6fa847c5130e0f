/*
 * dialect.h
 *	  What a CSV file's author decided, and nobody wrote down.
 *
 * Plain C: the automaton, the index and the sniffer share it.
 */
#ifndef ETL_CSV_DIALECT_H
#define ETL_CSV_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETL_CSV_MAX_DELIMITER 4
#define ETL_CSV_MAX_COMMENT 8
#define ETL_CSV_NONE (-1)

/* How bytes become fields. */
typedef struct EtlCsvSyntax
{
	char delimiter[ETL_CSV_MAX_DELIMITER];
	int delimiter_len; /* 1 to 4 */
	int quote;         /* a byte, or ETL_CSV_NONE */
	int escape;        /* a byte, or ETL_CSV_NONE; = quote for "" */
	char comment[ETL_CSV_MAX_COMMENT];
	int comment_len; /* 0: no comments */

	/*
	 * The length of the character at s, of which n > 0 bytes are there, for
	 * encodings in which a byte below 0x80 can be part of a character; NULL
	 * where every such byte stands for itself.
	 */
	int (*char_len)(const unsigned char *s, size_t n);
} EtlCsvSyntax;

/* The kind of line end seen most; for reports only, all kinds are read. */
typedef enum EtlCsvNewline
{
	ETL_CSV_LF,
	ETL_CSV_CRLF,
	ETL_CSV_CR,
	ETL_CSV_MIXED
} EtlCsvNewline;

/* The whole dialect of one file. */
typedef struct EtlCsvDialect
{
	EtlCsvSyntax syntax;
	EtlCsvNewline newline;
	int skip;           /* physical lines before the header */
	int header_rows;    /* 0: no header */
	bool stop_at_blank; /* the table ends at the first blank line */
	int surplus;        /* empty fields that records have behind the header's;
						 * negative: nameless ones that only the header has */
	int skip_footer;    /* records to drop at the end */
	int width;          /* fields of a record */
} EtlCsvDialect;

#endif
