/*
 * client.h
 *	  HTTP requests on their way: attempts, retries, bodies as they come.
 *
 * A client makes the requests of one scan, driven from PostgreSQL's wait loop:
 * nothing here blocks without waiting for the latch too, so a cancel is obeyed
 * at once in every phase.  A fetch is one request as the caller thinks of it:
 * however often it is tried, redirected or resumed, its body comes once, without
 * gap or repetition, or an error (XE002) says why not.
 *
 * The clients of one query leave their connections to each other, one after the
 * other, and share the rate at which a server may be asked.
 *
 * All fetches of a client make progress while any of them is waited for.  What
 * has arrived and nobody has read yet is bounded: a full buffer pauses its
 * connection.
 *
 * Call order of a fetch: start, response, read until 0, close (at any time).
 * Whatever libcurl holds is released by a reset callback of the query's memory
 * context.
 */
#ifndef ETL_HTTP_CLIENT_H
#define ETL_HTTP_CLIENT_H

#include "postgres.h"

#include "http/request.h"
#include "http/site.h"

#define ETL_ERRCODE_HTTP MAKE_SQLSTATE('X', 'E', '0', '0', '2')

typedef struct EtlHttpClient EtlHttpClient;
typedef struct EtlHttpFetch EtlHttpFetch;

/*
 * What was done so far.  Requests count every attempt that was sent, redirects
 * included, but not those for tokens.
 */
typedef struct EtlHttpCounts
{
	int64 requests;
	int64 retries;
	int64 bytes; /* of bodies, as sent */
} EtlHttpCounts;

/*
 * A client for a site; site and transport are borrowed.  query is the memory
 * context that tells which clients belong together; it must not go before the
 * client is closed, but after an error.
 */
extern EtlHttpClient *etl_http_client_new(MemoryContext query,
										  EtlHttpSite *site,
										  const EtlTransport *transport);
extern EtlHttpCounts etl_http_client_counts(const EtlHttpClient *client);

/* Ends what is under way; the connections stay until the query ends. */
extern void etl_http_client_close(EtlHttpClient *client);

/*
 * Starts a request; doesn't wait, but for a token where one is needed.  The
 * request is borrowed.
 */
extern EtlHttpFetch *etl_http_fetch_start(EtlHttpClient *client,
										  const EtlHttpRequest *request);

/*
 * Waits for the answer, through retries and redirects.  Raises XE002 for a
 * status that is no success, for one that means no more tries, or if no answer
 * comes; 42501 for an address or redirect that is not allowed; 57014 and the
 * like when cancelled.  Lives as long as the fetch.
 */
extern const EtlHttpResponse *etl_http_fetch_response(EtlHttpFetch *fetch);

/*
 * The same for callers to whom a status that is no success is an answer: only
 * the retries that the status asks for come first.
 */
extern const EtlHttpResponse *etl_http_fetch_any_response(EtlHttpFetch *fetch);

/*
 * Waits for bytes of the body and copies up to cap > 0 of them; 0 is the end,
 * never a break: a body that ends before its time is resumed or raises XE002.
 * One that is larger than max_bytes raises 54000.
 */
extern size_t etl_http_fetch_read(EtlHttpFetch *fetch, char *buf, size_t cap);

/* True if a read would find bytes, or the end, without waiting. */
extern bool etl_http_fetch_ready(const EtlHttpFetch *fetch);

/* Ends the fetch, whatever state it is in. */
extern void etl_http_fetch_close(EtlHttpFetch *fetch);

/*
 * Reads a whole body of at most max bytes into palloc'd, NUL-terminated memory;
 * XE002 if it is larger.
 */
extern char *etl_http_fetch_read_all(EtlHttpFetch *fetch, size_t max,
									 size_t *len);

#endif
