/*
 * source.h
 *	  From the user's "source" text to the streams that it names.
 *
 * A source is an absolute path, a file:// URL or a glob over files, and it
 * stands for one or more items that are read one after the other in sorted
 * order.  All privilege checks for reading happen here, at the moment the
 * source is opened for use, never at plan time only.
 */
#ifndef ETL_SOURCE_H
#define ETL_SOURCE_H

#include "postgres.h"

#include "stream/stream.h"

typedef struct EtlSource
{
	int nitems;
	char **names; /* what the user sees, without secrets */
	char **paths; /* what is opened; NULL for content */

	/* Content given as a value: one item, borrowed from the caller. */
	const char *content;
	size_t content_len;
} EtlSource;

/*
 * Checks that the current user may read the source, expands it and returns its
 * items, allocated in the current memory context.  Errors: 42501 without the
 * privilege or outside pg_etl.allowed_directories, 22023 for a relative path or
 * a form that is no source, 58P01 if nothing matches, 42704 for an unknown
 * server.  server is NULL or the name of a foreign server.
 */
extern EtlSource *etl_source_open(const char *source, const char *server);

/* Content that is already in memory; borrowed, must outlive the source. */
extern EtlSource *etl_source_from_content(const char *data, size_t len);

/* Opens item i (0-based) as raw bytes, before decompression. */
extern EtlStream *etl_source_stream(const EtlSource *source, int i);

/*
 * For the planner: the size in bytes of all items, or -1 when it is unknown or
 * the current user may not look.  Never raises an error for a bad source.
 */
extern int64 etl_source_estimate_size(const char *source, const char *server);

#endif
