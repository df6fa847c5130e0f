/*
 * page_records.h
 *	  The records of a page, as bytes.
 *
 * Plain C: no memory is allocated, and nothing can fail.
 */
#ifndef ETL_PAGE_RECORDS_H
#define ETL_PAGE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Finds what a page has between the brackets of its array of records, given the
 * same page with [] in that array's place.  False if it isn't the same, or there
 * are several arrays.
 */
extern bool etl_page_records_find(const char *page, size_t len,
								  const char *envelope, size_t envelope_len,
								  const char **records, size_t *records_len);

/* True if these n records are not all the same. */
extern bool etl_page_records_differ(const char *records, size_t len,
									int64_t n);

#endif
