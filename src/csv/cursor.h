/*
 * cursor.h
 *	  A stream of CSV bytes as a row of records, found but not yet read.
 *
 * The cursor owns the buffer.  It decides which bytes form the next record, by
 * the SIMD index where that can stand in for the automaton and by the automaton
 * elsewhere, and passes over what is no record: blank lines, comments, the
 * footer.  It knows nothing of widths, encodings or columns.
 *
 * The buffer while records are taken from it:
 *
 *		buf                                                        capacity
 *		 | done with | record | found by the index | not indexed |   |
 *		             ^start                         ^indexed     ^len
 *
 * When no whole record is left, what remains is moved to the front and the
 * buffer is filled up; it grows only for a record that is larger.
 */
#ifndef ETL_CSV_CURSOR_H
#define ETL_CSV_CURSOR_H

#include "postgres.h"

#include "csv/automaton.h"
#include "csv/simd_index.h"
#include "decode/encoding.h"
#include "stream/stream.h"

typedef enum EtlCsvCursorStatus
{
	ETL_CSV_CURSOR_RECORD,
	ETL_CSV_CURSOR_TOO_LARGE, /* over pg_etl.max_record_size; the record's
								 beginning is there, its end was passed over */
	ETL_CSV_CURSOR_EOF
} EtlCsvCursorStatus;

typedef struct EtlCsvCursor
{
	/* Set by the owner before the first record is asked for. */
	EtlStream *stream;    /* borrowed */
	EtlEncoding encoding; /* for offsets only */
	EtlCsvSyntax syntax;
	bool skip_blank;    /* a blank line is no record */
	bool stop_at_blank; /* a blank line behind a record is the end */
	int skip_footer;    /* records at the end that are none */

	/* The record found; lives until the next call. */
	const char *record; /* its first byte */
	size_t length;      /* without its line end */
	size_t nfields;     /* 0 if it is too large */
	uint32_t flags;     /* ETL_CSV_FAULT_... */
	size_t fault_field; /* where, with a fault */
	bool maybe_special; /* may hold NUL or bytes that aren't ASCII */
	int64 line;         /* 1-based physical line of its first byte */
	int64 offset;       /* of its first byte, in the source's bytes */
	const char *base;   /* ends count from here */

	/*
	 * Where each field ends.  ends[-1] is where a delimiter before the first
	 * one would stand, so that field i begins at ends[i - 1] + delimiter_len.
	 */
	const uint32_t *ends;

	/* Private. */
	char *buf;
	size_t capacity;
	size_t start;
	size_t len;
	bool last;           /* the stream has ended */
	size_t consumed;     /* of the record found, with its line end */
	int64 lines;         /* physical lines of the record found */
	int64 dropped;       /* source bytes of it that were not kept */
	bool seen_record;    /* some record was handed out */
	bool ended;          /* stop_at_blank has struck */
	bool indexing;       /* the index can be used */
	bool restart;        /* the index begins anew at the next record */
	bool anomaly;        /* the index has stopped at a stray quote */
	size_t indexed;      /* bytes of buf that are indexed */
	size_t dirty_until;  /* records that begin before may be special */
	size_t quoted_until; /* ... may have line ends inside quotes */
	EtlCsvIndexer indexer;
	uint32_t *found; /* separators found by the index, counted from buf */
	size_t found_capacity;
	size_t found_next;    /* first one not taken */
	size_t found_checked; /* none before is a line end */
	size_t found_count;
	EtlCsvSpan span; /* the automaton's */
} EtlCsvCursor;

/* Makes a cursor at the stream's first byte, in the current context. */
extern EtlCsvCursor *etl_csv_cursor_new(EtlStream *stream);

/*
 * Makes at least want bytes available behind the current position, or all that
 * are left; returns how many there are, at *bytes.
 */
extern size_t etl_csv_cursor_peek(EtlCsvCursor *cursor, size_t want,
								  const char **bytes);

/* Sets the syntax from the current position on. */
extern void etl_csv_cursor_set_syntax(EtlCsvCursor *cursor,
									  const EtlCsvSyntax *syntax);

/*
 * Goes on with the bytes of another stream, which begin with a record; line and
 * offset are that record's.
 */
extern void etl_csv_cursor_move(EtlCsvCursor *cursor, EtlStream *stream,
								int64 line, int64 offset);

/*
 * Passes over one physical line and returns its bytes, line end included; 0 at
 * the end.  *bytes lives until the next call.
 */
extern size_t etl_csv_cursor_skip_line(EtlCsvCursor *cursor,
									   const char **bytes);

/* Finds the next record. */
extern EtlCsvCursorStatus etl_csv_cursor_next(EtlCsvCursor *cursor);

/* Records that were looked at; live until the next call. */
typedef struct EtlCsvRun
{
	int n;
	int64 line; /* of the first; none has more than one */
	int64 offset;
	const char *base;

	/* Record i begins at ends[i * width - 1] + 1. */
	const uint32_t *ends;
} EtlCsvRun;

/*
 * Looks at records of exactly width > 1 fields that the index has, from the
 * current position on: as many as come one behind the other without anything
 * special, and max at most.  The last field of a record may end with the CR of its
 * line end.  0 where it takes etl_csv_cursor_next() to tell.
 */
extern int etl_csv_cursor_look(EtlCsvCursor *cursor, size_t width, int max,
							   EtlCsvRun *run);

/* Takes the first n > 0 of the run's records. */
extern void etl_csv_cursor_take(EtlCsvCursor *cursor, size_t width, int n);

/* Where field i of the record found begins and how long it is. */
static inline const char *
etl_csv_cursor_field(const EtlCsvCursor *cursor, size_t i, size_t *len)
{
	const uint32_t *end = cursor->ends + i;
	uint32_t begin = end[-1] + (uint32_t) cursor->syntax.delimiter_len;

	*len = *end - begin;
	return cursor->base + begin;
}

#endif
