/*
 * source.h
 *	  From the user's "source" text to the streams that it names.
 *
 * A source is an absolute path, a file:// URL or a glob over files, and it
 * stands for one or more items that are read one after the other in sorted
 * order; or it is an http or https URL, or a path or query relative to a
 * server's base_url, and then one item.  All privilege checks for reading
 * happen here, at the moment the source is opened for use, never at plan time
 * only.
 */
#ifndef ETL_SOURCE_H
#define ETL_SOURCE_H

#include "postgres.h"

#include "http/client.h"
#include "stream/stream.h"

/* What an HTTP server says of a version of its content. */
typedef struct EtlValidators
{
	char *etag;           /* NULL if it said nothing */
	char *last_modified;  /* the same */
	int64 content_length; /* -1 if it is unknown */
} EtlValidators;

typedef struct EtlSource
{
	int nitems;
	char **names; /* what the user sees, without secrets */
	char **paths; /* what is opened; NULL for content and URLs */

	/* Content given as a value: one item, borrowed from the caller. */
	const char *content;
	size_t content_len;

	/* A URL: one item. */
	EtlHttpClient *client; /* NULL for other sources, and when closed */
	EtlHttpRequest request;
	int64 max_bytes;
	bool has_secret;          /* the name is not all of the URL */
	EtlValidators validators; /* of the item, once it was opened */
} EtlSource;

/*
 * Checks that the current user may read the source, expands it and returns its
 * items, allocated in the current memory context; nothing is requested yet.
 * Errors: 42501 without the privilege, outside pg_etl.allowed_directories or
 * pg_etl.allowed_urls, 22023 for a relative path or a form that is no source,
 * 58P01 if nothing matches, and what etl_http_site_open() and
 * etl_http_site_url() raise.  server is NULL or the name of a foreign server.
 * For URLs, transport, which must outlive the source, and query, as in
 * etl_http_client_new().
 */
extern EtlSource *etl_source_open(const char *source, const char *server,
								  const EtlTransport *transport,
								  MemoryContext query);

/*
 * The same for the n files that another process has found for the source: the
 * user's privilege is checked, but nothing is expanded.
 */
extern EtlSource *etl_source_open_files(const char *source, char **paths,
										int n);

/*
 * Ends what the source holds open; not the streams of its items, which must be
 * closed before.  Without it, the memory context's end does the same.
 */
extern void etl_source_close(EtlSource *source);

/* Content that is already in memory; borrowed, must outlive the source. */
extern EtlSource *etl_source_from_content(const char *data, size_t len);

/* Opens item i (0-based) as raw bytes, before decompression. */
extern EtlStream *etl_source_stream(EtlSource *source, int i);

/* Requests made for the source so far; none if it is no URL. */
extern EtlHttpCounts etl_source_counts(const EtlSource *source);

/* True if the text means files; what it means may be an error all the same. */
extern bool etl_source_is_file(const char *source, const char *server);

/* The text of a source without secrets, for showing it; palloc'd. */
extern char *etl_source_visible(const char *source);

/*
 * For the planner: the size in bytes of all items, or -1 when it is unknown or
 * the current user may not look, always for URLs.  Never raises an error for a
 * bad source.
 */
extern int64 etl_source_estimate_size(const char *source, const char *server);

#endif
