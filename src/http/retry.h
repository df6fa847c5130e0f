/*
 * retry.h
 *	  When an HTTP request is worth another attempt, and how long to wait first.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_HTTP_RETRY_H
#define ETL_HTTP_RETRY_H

#include "http/head.h"

/* True for a status that may pass: 408, 425, 429, 500, 502, 503, 504. */
extern bool etl_http_retry_status(int status);

/*
 * The wait in milliseconds that an answer asks for, or -1: Retry-After in
 * seconds or as a date, else, where the status says that there were too many
 * requests, RateLimit-Reset (seconds from now), else X-RateLimit-Reset (seconds
 * from now, or seconds or milliseconds since 1970).  A header that says now,
 * the past or nonsense counts as absent.
 *
 * Dates are compared with the answer's own Date where it has one, so clocks
 * that differ don't matter; now is in seconds since 1970.
 */
extern int64_t etl_http_retry_asked(int status, EtlHttpSpan head, int64_t now);

/*
 * Full jitter: a random wait of 0 to base * 2^n ms, at most cap_ms, after n
 * failures in a row before this one.  random is in [0, 1).
 */
extern int64_t etl_http_retry_backoff(int n, int64_t cap_ms, double random);

#endif
