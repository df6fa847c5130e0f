/*
 * csv_reader.h
 *	  CSV bytes to records.
 */
#ifndef ETL_CSV_READER_H
#define ETL_CSV_READER_H

#include "postgres.h"

#include "csv/dialect.h"
#include "csv/sniff.h"
#include "decode/compression.h"
#include "decode/encoding.h"
#include "options.h"
#include "record/record.h"

/* What to do with records of the wrong width. */
typedef enum EtlCsvRagged
{
	ETL_CSV_RAGGED_ERROR,
	ETL_CSV_RAGGED_PAD,
	ETL_CSV_RAGGED_TRUNCATE,
	ETL_CSV_RAGGED_BOTH
} EtlCsvRagged;

/* The names users give, in enum order, NULL-terminated. */
extern const char *const etl_csv_ragged_names[];

/*
 * The reader's settings as users give them; "unset" as in options.h, and then
 * detected or defaulted.
 */
typedef struct EtlCsvOptions
{
	char *delimiter;
	char *quote;
	char *escape;
	int header;
	EtlTextList *null_strings;
	int quoted_nulls;
	char *comment;
	int skip;
	int header_rows;
	int stop_at_blank;
	int skip_footer;
	int width; /* fields of a record; for sources without header */
	int trim_fields;
	int ragged;
	char *encoding;
	int compression;

	/*
	 * How numbers are written, '\0' where not given; no settings of the reader,
	 * but they tell what is no delimiter.
	 */
	char decimal;
	char thousands;
} EtlCsvOptions;

/* Checks combinations that no single option shows; 22023. */
extern void etl_csv_options_check(const EtlCsvOptions *options);

/* Header records are handed out as records. */
#define ETL_CSV_KEEP_HEADER 0x01
/* Records are handed out whatever their width and however their quotes stand. */
#define ETL_CSV_AS_IS 0x02

/*
 * A reader over raw, which becomes owned by it, in the current memory context.
 * division is NULL, or what another reader of the source has told: then nothing
 * is detected.  min_width is the number of columns wanted by position, 0 where they go by
 * name: a source without header has at least as many fields.
 */
extern EtlReader *etl_csv_reader_new(EtlStream *raw, const char *name,
									 const EtlCsvOptions *options,
									 const EtlDivision *division,
									 int min_width, int flags);

/* All fields of the last record, whatever was wanted; *n tells how many. */
extern const EtlField *etl_csv_reader_all_fields(EtlReader *reader, int *n);

/* What was chosen, for EXPLAIN, sniffing and pinned options. */
extern const EtlCsvDialect *etl_csv_reader_dialect(EtlReader *reader);
extern const EtlEncoding *etl_csv_reader_encoding(EtlReader *reader);
extern EtlCompression etl_csv_reader_compression(EtlReader *reader);
extern const EtlCsvSniffed *etl_csv_reader_sniffed(EtlReader *reader);

/*
 * The fields' names as column names: none empty, none longer than an identifier
 * may be, no two alike.  reader->nfields of them, owned by the reader.
 */
extern char **etl_csv_reader_column_names(EtlReader *reader);

/*
 * What was chosen as an object of etl_read_csv's options with everything
 * pinned, as text, palloc'd.  With for_record it is what reads a single record
 * of the source: no header, nothing to skip, no compression, and as many fields.
 */
extern char *etl_csv_reader_pinned_options(EtlReader *reader, bool for_record);

#endif
