/*
 * number_format.h
 *	  Numbers written with a decimal comma or with thousands grouped.
 *
 * Plain C: no palloc, no ereport.
 */
#ifndef ETL_NUMBER_FORMAT_H
#define ETL_NUMBER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct EtlNumberFormat
{
	char decimal;
	char thousands; /* 0 = not grouped */
} EtlNumberFormat;

/*
 * Rewrites n bytes to the plain form: no grouping, a point.  Refuses groups
 * that are not three digits each (the first: one to three), and separators
 * where they have no place.  Everything else, words included, passes
 * unchanged: the caller judges the result.  out has room for n bytes.
 */
extern bool etl_number_plain(const EtlNumberFormat *format, const char *s,
							 size_t n, char *out, size_t *out_len);

#endif
