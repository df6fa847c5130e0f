/*
 * page_stream.h
 *	  The bytes of one page, and whether they are those of another.
 */
#ifndef ETL_PAGE_STREAM_H
#define ETL_PAGE_STREAM_H

#include "postgres.h"

#include "stream/stream.h"

/* What tells pages apart: 64 bits of hash, and the size. */
typedef struct EtlPageDigest
{
	uint64 hash;
	uint64 size;
} EtlPageDigest;

/*
 * A stream over in, which becomes owned by it.  Reads this many bytes at once,
 * before anybody asks for them, or all if there are fewer.
 */
extern EtlStream *etl_page_stream_new(EtlStream *in, size_t ahead);

/* What was read at once; it is handed out all the same. */
extern const char *etl_page_stream_head(const EtlStream *stream, size_t *len);

/* The digest of some bytes, as of a page that has just these. */
extern EtlPageDigest etl_page_digest(const char *s, size_t n);

/* The digest of the whole page; false if its end was not seen yet. */
extern bool etl_page_stream_digest(const EtlStream *stream,
								   EtlPageDigest *digest);

#endif
