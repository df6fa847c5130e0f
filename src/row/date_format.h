/*
 * date_format.h
 *	  Dates and times read by a pattern as in to_timestamp.
 *
 * The common elements are read by own code, strictly: YYYY is four digits, MM,
 * DD, HH24, MI and SS are one or two (two where no separator stands between
 * elements), separators are those of the pattern, and the whole text is
 * consumed.  Patterns with other elements don't compile; they are left to the
 * server's parse_datetime().
 *
 * No palloc, no ereport.
 */
#ifndef ETL_DATE_FORMAT_H
#define ETL_DATE_FORMAT_H

#include "postgres.h"

#define ETL_DATE_FORMAT_MAX_ELEMENTS 24

typedef enum EtlDatePart
{
	ETL_DATE_YEAR,
	ETL_DATE_MONTH,
	ETL_DATE_DAY,
	ETL_DATE_HOUR,
	ETL_DATE_MINUTE,
	ETL_DATE_SECOND,
	ETL_DATE_LITERAL /* the last: also the number of parts */
} EtlDatePart;

typedef struct EtlDateFormat
{
	int n;
	bool has_date; /* year, month and day are there */
	bool has_time; /* at least the hour is there */
	struct
	{
		EtlDatePart part;
		char literal; /* the byte of a literal */
		bool fixed;   /* exactly as many digits as the part has */
	} elements[ETL_DATE_FORMAT_MAX_ELEMENTS];
} EtlDateFormat;

typedef enum EtlDateFormatResult
{
	ETL_DATE_FORMAT_OK,
	ETL_DATE_FORMAT_MISMATCH,    /* the text has another form */
	ETL_DATE_FORMAT_OUT_OF_RANGE /* no such day or time */
} EtlDateFormatResult;

/* False if the pattern has elements that are not ours. */
extern bool etl_date_format_compile(const char *pattern,
									EtlDateFormat *format);

/*
 * Reads n bytes: days since 2000-01-01 (0 without has_date) and microseconds
 * since midnight (0 without has_time).
 */
extern EtlDateFormatResult etl_date_format_parse(const EtlDateFormat *format,
												 const char *s, size_t n,
												 int32 *days, int64 *usecs);

#endif
