/*
 * pages.h
 *	  The pages of an API: requests in order, each page's end telling the next.
 *
 * To the scan, pages are what files are to other sources: items that are read
 * one after the other, in order.  Where the next page's URL is known in advance
 * (page and offset), up to "concurrency" of them are fetched ahead, from the
 * moment when the second is asked for.
 */
#ifndef ETL_API_PAGES_H
#define ETL_API_PAGES_H

#include "postgres.h"

#include "http/client.h"
#include "options.h"
#include "record/record.h"
#include "stream/stream.h"
#include "utils/timestamp.h"

/* As users give them; "unset" as in options.h. */
typedef struct EtlApiOptions
{
	Jsonb *pagination;
	char *method;
	Jsonb *body;
	int max_pages;
	Interval *timeout;  /* of one request; NULL: 30 s */
	Interval *deadline; /* of the whole scan; NULL: none */
	int concurrency;
	int allow_no_records; /* the member that has them may lack */

	/* Not the user's: how pages are read. */
	bool is_csv;         /* pages are CSV, without an envelope */
	const char *records; /* path of the records in JSON pages; or NULL */
} EtlApiOptions;

typedef struct EtlApiPages EtlApiPages;

/* Raises 22023 for a pagination that is none, and for what doesn't go together. */
extern void etl_api_check_options(const EtlApiOptions *options);

/*
 * Begins with a URL.  All arguments are borrowed and must outlive the pages,
 * which are made in the current memory context; query is that of
 * etl_http_client_new().  Nothing is requested yet.
 */
extern EtlApiPages *etl_api_pages_open(MemoryContext query, EtlHttpSite *site,
									   const char *url,
									   const EtlTransport *transport,
									   const EtlApiOptions *options);

/* True if the URL has parts that users don't see. */
extern bool etl_api_pages_have_secret(const EtlApiPages *pages);

/* Goes to the next page; false if there is none.  Doesn't wait for it. */
extern bool etl_api_pages_advance(EtlApiPages *pages);

/* The page at hand: its name that users see, and what no other page has. */
extern const char *etl_api_pages_name(const EtlApiPages *pages);
extern uint64 etl_api_pages_key(const EtlApiPages *pages);

/*
 * The page at hand as a stream, in the current memory context; NULL if it turns
 * out that there is none.  Raises XE003 if it is the same as the one before.
 */
extern EtlStream *etl_api_pages_stream(EtlApiPages *pages);

/*
 * Learns from the reader of the page at hand, which is at its EOF and not
 * closed yet, what comes next.  Raises XE003 for what was there already.
 */
extern void etl_api_pages_ended(EtlApiPages *pages, EtlReader *reader);

extern EtlHttpCounts etl_api_pages_counts(const EtlApiPages *pages);
extern void etl_api_pages_close(EtlApiPages *pages);

#endif
