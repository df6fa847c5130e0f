/*
 * peek.h
 *	  A stream whose first bytes can be looked at before they are read.
 *
 * For the layers that choose by what a source begins with: magic numbers and
 * byte order marks.
 */
#ifndef ETL_PEEK_H
#define ETL_PEEK_H

#include "postgres.h"

#include "stream/stream.h"

/* How far one can look. */
#define ETL_PEEK_BYTES 64

/* Returns a stream of in's bytes; in becomes owned by it. */
extern EtlStream *etl_peek_new(EtlStream *in);

/*
 * The first bytes that are still unread.  *n tells how many: ETL_PEEK_BYTES,
 * or fewer if that is all.  Must be called before the first read.
 */
extern const char *etl_peek_bytes(EtlStream *stream, size_t *n);

/* Drops n of the bytes that were looked at. */
extern void etl_peek_skip(EtlStream *stream, size_t n);

#endif
