/*
 * csv_options.h
 *	  From settings as users give them to a dialect, and back.
 */
#ifndef ETL_CSV_OPTIONS_H
#define ETL_CSV_OPTIONS_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "csv/csv_reader.h"

/*
 * Puts what the user gave into the dialect, in the source's encoding, notes in
 * *pinned what that was, and sets the rest to defaults.  22023 for a value that
 * can't be.
 */
extern void etl_csv_options_pin(const EtlCsvOptions *options,
								const EtlEncoding *encoding,
								EtlCsvPinned *pinned, EtlCsvDialect *dialect);

/*
 * Appends the dialect and the options that no dialect holds as a JSON object;
 * see etl_csv_reader_pinned_options().
 */
extern void etl_csv_options_append(StringInfo out,
								   const EtlCsvOptions *options,
								   const EtlCsvDialect *dialect,
								   const EtlEncoding *encoding,
								   EtlCompression compression, bool for_record,
								   size_t width);

/* A byte string of the working encoding as text, palloc'd. */
extern char *etl_csv_syntax_text(const char *s, int len,
								 const EtlEncoding *encoding);

#endif
