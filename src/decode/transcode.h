/*
 * transcode.h
 *	  From a multibyte encoding to UTF-8 and back.
 *
 * For parsers that can't step by characters, and encodings in which a byte
 * below 0x80 can be part of a longer character.  The UTF-8 made here carries
 * also what is no character, in a form that UTF-8 forbids: each of its bytes as
 * two, of which the first is 0xF8 to 0xFB.  So verification finds them and the
 * source's bytes can be rebuilt: all of them but where an encoding has several
 * codes for one character, of which the usual one is taken.  The codes of one
 * character are equally long, but for the two of SHIFT_JIS_2004 that PostgreSQL
 * takes for \ and ~.
 */
#ifndef ETL_TRANSCODE_H
#define ETL_TRANSCODE_H

#include "postgres.h"

#include "fmgr.h"

#include "stream/stream.h"

typedef struct EtlTranscoder
{
	int encoding;     /* pg_enc of the source */
	FmgrInfo to_utf8; /* its conversions */
	FmgrInfo from_utf8;
} EtlTranscoder;

/*
 * A transcoder in the current context, or NULL if PostgreSQL can't convert the
 * encoding to UTF-8 and back.
 */
extern EtlTranscoder *etl_transcoder_new(int encoding);

/* A stream of in's bytes as UTF-8; in becomes owned by it. */
extern EtlStream *etl_transcode_stream(EtlStream *in,
									   EtlTranscoder *transcoder);

/* How many of the source's bytes n bytes made by such a stream stand for. */
extern size_t etl_transcode_source_length(EtlTranscoder *transcoder,
										  const char *s, size_t n);

/* These bytes, palloc'd; sets *out_len. */
extern char *etl_transcode_source_bytes(EtlTranscoder *transcoder,
										const char *s, size_t n,
										size_t *out_len);

/*
 * How many of the n > 0 bytes at s, which are no UTF-8, stand for what is bad
 * there.
 */
extern size_t etl_transcode_bad_length(const EtlTranscoder *transcoder,
									   const char *s, size_t n);

#endif
