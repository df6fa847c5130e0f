/*
 * utf16.h
 *	  From UTF-16 to UTF-8 and back, losing nothing.
 *
 * The UTF-8 made here carries also what UTF-16 forbids, in forms that UTF-8
 * forbids: a lone surrogate as the three bytes that its value would have, and
 * an odd byte at the source's end as two bytes of which the first is 0xF8 to
 * 0xFB.  So verification finds them and the source's bytes can be rebuilt.
 */
#ifndef ETL_UTF16_H
#define ETL_UTF16_H

#include "postgres.h"

#include "stream/stream.h"

/* A stream of in's bytes as UTF-8; in becomes owned by it. */
extern EtlStream *etl_utf16_stream(EtlStream *in, bool big_endian);

/* How many bytes of UTF-16 the n bytes made by such a stream stand for. */
extern size_t etl_utf16_source_length(const char *s, size_t n);

/* Writes these bytes to out, which has room for as many; returns how many. */
extern size_t etl_utf16_source_bytes(const char *s, size_t n, bool big_endian,
									 char *out);

/* How many of the n > 0 bytes at s, which are no UTF-8, stand for what is bad. */
extern size_t etl_utf16_bad_length(const char *s, size_t n);

#endif
