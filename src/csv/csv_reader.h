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
	char	   *delimiter;
	char	   *quote;
	char	   *escape;
	int			header;
	EtlTextList *null_strings;
	int			quoted_nulls;
	char	   *comment;
	int			skip;
	int			header_rows;
	int			stop_at_blank;
	int			skip_footer;
	int			trim_fields;
	int			ragged;
	char	   *encoding;
	int			compression;
} EtlCsvOptions;

/* Checks combinations that no single option shows; 22023. */
extern void etl_csv_options_check(const EtlCsvOptions *options);

typedef struct EtlCsvReader EtlCsvReader;

/*
 * A reader over raw, which becomes owned by it, in the current memory context.
 * min_width is the number of columns wanted by position, 0 where they go by
 * name: a source without header has at least as many fields.
 *
 * With as_is every record is handed out whole, whatever its width and however
 * its quotes stand, as etl_csv_rows shows it; and header records are
 * records.
 */
extern EtlReader *etl_csv_reader_new(EtlStream *raw, const char *name,
									 const EtlCsvOptions *options,
									 int min_width, bool as_is);

/* All fields of the last record, whatever was wanted; *n tells how many. */
extern const EtlField *etl_csv_reader_all_fields(EtlReader *reader, int *n);

/* What was chosen, for EXPLAIN, sniffing and pinned options. */
extern const EtlCsvDialect *etl_csv_reader_dialect(EtlReader *reader);
extern const EtlEncoding *etl_csv_reader_encoding(EtlReader *reader);
extern EtlCompression etl_csv_reader_compression(EtlReader *reader);
extern const EtlCsvSniffed *etl_csv_reader_sniffed(EtlReader *reader);

/*
 * The chosen dialect as a JSON object of etl_read_csv's option names, with
 * everything pinned, palloc'd.
 */
extern char *etl_csv_reader_pinned_options(EtlReader *reader);

#endif
