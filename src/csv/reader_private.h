/*
 * reader_private.h
 *	  What the files of the CSV reader share.
 */
#ifndef ETL_CSV_READER_PRIVATE_H
#define ETL_CSV_READER_PRIVATE_H

#include "csv/csv_reader.h"
#include "csv/cursor.h"

typedef struct EtlCsvReader
{
	EtlReader base;
	const EtlCsvOptions *options;
	int flags;
	MemoryContext context; /* the reader's own */

	EtlStream *stream; /* the outermost: decompressed, transcoded */
	EtlCompression compression;
	EtlEncoding encoding;
	EtlCsvSniffed sniffed;
	EtlCsvCursor *cursor;
	size_t width; /* fields of a good record */
	char **column_names;

	/* How fields are taken out. */
	int quote;
	bool own_escape; /* escapes count outside quotes too */
	bool trim;
	bool may_pad;
	bool may_truncate;
	bool empty_is_null;
	bool other_nulls; /* strings besides the empty one mean null */
	bool quoted_nulls;

	/*
	 * In records of at least so many fields all wanted ones are there, and are
	 * simply their bytes where they aren't quoted.
	 */
	size_t plain_width;

	/* The record at hand. */
	EtlField *fields;      /* as many as are wanted; NULL before the first */
	EtlField *many_fields; /* of the run */
	int many_capacity;     /* records */
	EtlCsvRun run;         /* several records at once */
	EtlField *all_fields;
	size_t all_capacity;
	bool convert;       /* it has to be converted to the database encoding */
	char *scratch;      /* contents that had to be copied */
	size_t scratch_len; /* used */
	size_t scratch_capacity;
	MemoryContext record_context; /* conversions and messages */
	bool record_context_used;
} EtlCsvReader;

/* The context for what lives as long as the record at hand. */
static inline MemoryContext
etl_csv_record_context(EtlCsvReader *reader)
{
	reader->record_context_used = true;
	return reader->record_context;
}

/* csv_rejects.c: each fills reader->base.reject for the record at hand. */
extern void etl_csv_reject_too_large(EtlCsvReader *reader);
extern void etl_csv_reject_fault(EtlCsvReader *reader);
extern void etl_csv_reject_width(EtlCsvReader *reader);

/*
 * For the character at s, of which n bytes are there: it is either no character
 * at all or one that the database encoding lacks.
 */
extern void etl_csv_reject_bytes(EtlCsvReader *reader, const char *s, size_t n,
								 bool untranslatable);

/*
 * csv_fields.c.  The wanted fields must be prepared once; then they are taken
 * out of each record found.  False, with the reject filled, if the database
 * encoding lacks a character.
 */
extern void etl_csv_prepare_wanted(EtlCsvReader *reader);
extern bool etl_csv_take_wanted(EtlCsvReader *reader);

/*
 * The same for the first n records of the run at once; returns of how many all
 * wanted fields are simply their bytes.
 */
extern int etl_csv_take_run(EtlCsvReader *reader, int n, EtlField *fields);

/* Takes out field i, wanted or not; false as above. */
extern bool etl_csv_take_field(EtlCsvReader *reader, size_t i,
							   EtlField *field);
extern bool etl_csv_is_null_string(const EtlCsvReader *reader, const char *s,
								   size_t len);

/* csv_pieces.c: see record.h. */
extern bool etl_csv_divide(EtlReader *self, EtlDivision *division);
extern bool etl_csv_find_place(EtlReader *self, EtlBoundary *place,
							   int64 until);
extern void etl_csv_move(EtlReader *self, const EtlBoundary *place, int64 end);

/* csv_reader.c */
extern const EtlReaderOps etl_csv_reader_ops;

#endif
