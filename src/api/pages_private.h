/*
 * pages_private.h
 *	  What the files of the pages share.
 *
 *		api_options.c  the settings, checked
 *		pages.c        requests made, kept and given up
 *		next_page.c    what a page that was read says of the next one
 */
#ifndef ETL_PAGES_PRIVATE_H
#define ETL_PAGES_PRIVATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "api/envelope.h"
#include "api/page_request.h"
#include "api/page_stream.h"
#include "api/pages.h"
#include "api/pagination.h"
#include "compat.h"

typedef struct EtlApiPage
{
	MemoryContext context; /* of all that belongs to it */
	EtlHttpRequest request;
	Jsonb *body; /* of the request; NULL for none */
	char *name;
	uint64 key;
	int64 number;        /* page and offset: which */
	const char *cursor;  /* cursor: which, UTF-8; NULL for the first page */
	EtlHttpFetch *fetch; /* NULL once the stream owns it */
	const EtlHttpResponse *response; /* once the stream is open */
	EtlStream *stream;
} EtlApiPage;

struct EtlApiPages
{
	MemoryContext context;
	EtlHttpSite *site;
	const EtlApiOptions *options;
	const EtlTransport *transport;
	EtlPagination *pagination; /* of type auto until the first page was read */
	EtlJsonPath *records;      /* of what holds the records; NULL: unknown */
	EtlHttpClient *client;
	EtlHttpRequest first; /* what all requests have in common */

	List *queue;      /* of EtlApiPage *, asked for and not yet at hand */
	EtlApiPage *page; /* at hand; NULL before the first */
	int64 asked;      /* how many were asked for */
	int64 advanced;   /* which the page at hand is, from 1 */

	/* page and offset */
	int64 next_number; /* to ask for */
	int64 end_number;  /* from here on there are none, as far as is known */
	int64 step;
	bool step_is_sure;

	struct HTAB *remembered; /* keys of requests; NULL if there are none */

	/*
	 * The page before; no records if there was none.  What its records
	 * themselves come to is of size 0 if that isn't known.
	 */
	EtlPageDigest last_digest;
	EtlPageDigest last_records_digest;
	int64 last_records;
};

/* api_options.c */
extern bool etl_api_is_post(const EtlApiOptions *options);
extern int64 etl_api_milliseconds(const Interval *interval);

/*
 * True if the API counts what are records here: they are the elements of one
 * array, not of several on the way to them.
 */
extern bool etl_api_counts_records(const EtlApiOptions *options);

/* A page that is asked for as the first one is; the caller changes that. */
extern EtlApiPage *etl_api_page_new(EtlApiPages *pages);

/*
 * Sends the page's request, and puts it into the queue.  Raises XE003 if the
 * request was made before.
 */
extern void etl_api_pages_ask(EtlApiPages *pages, EtlApiPage *page);

/* Asks for the numbered pages that may be asked for now. */
extern void etl_api_pages_ask_ahead(EtlApiPages *pages);

/* No more pages are wanted; those that are on their way are given up. */
extern void etl_api_pages_end(EtlApiPages *pages);

/*
 * What a server has sent, for messages, palloc'd: without secrets of the site,
 * and without what is no text in the database encoding.
 */
extern char *etl_api_pages_show(const EtlApiPages *pages, const char *text,
								size_t len);

/* The first bytes of the page at hand in the same way. */
extern char *etl_api_pages_excerpt(const EtlApiPages *pages);

/* Raises XE003 if the page at hand is known to be the same as the one before. */
extern void etl_api_pages_check_new(const EtlApiPages *pages);

/* Raises XE003 about page number n. */
extern ETL_NORETURN void etl_api_pages_raise_loop(const EtlApiPages *pages,
												  int64 n, const char *detail);

#endif
