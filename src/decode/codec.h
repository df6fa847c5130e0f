/*
 * codec.h
 *	  What a compression format must provide.
 *
 * A codec turns the bytes of one member into plain bytes, through the library
 * of its format.  Input, output, concatenated members, limits and errors are
 * the business of the decoding stream in compression.c, so that they are the
 * same for all formats.  Codecs neither palloc nor ereport.
 */
#ifndef ETL_CODEC_H
#define ETL_CODEC_H

#include "postgres.h"

/* As many bytes as any matches() wants to see. */
#define ETL_CODEC_MAGIC_BYTES 10

/* More memory than this for one member's window is refused. */
#define ETL_CODEC_MEMORY_LIMIT (256 * 1024 * 1024)

typedef enum EtlCodecStatus
{
	ETL_CODEC_OK,       /* go on, perhaps with more input */
	ETL_CODEC_END,      /* the member has ended and all of it is out */
	ETL_CODEC_DAMAGED,  /* the bytes are not of this format */
	ETL_CODEC_TOO_LARGE /* the member needs too much memory to decode */
} EtlCodecStatus;

/* A step's input and output; the codec advances both. */
typedef struct EtlCodecBuffers
{
	const char *in;
	size_t in_len;
	char *out;
	size_t out_len; /* room left */
} EtlCodecBuffers;

typedef struct EtlCodec
{
	/* True if a member begins with the n bytes at s. */
	bool (*matches)(const char *s, size_t n);

	/*
	 * Returns a new state, or NULL if memory is short.  The state is outside
	 * of PostgreSQL's memory until free() is called, which must cope with
	 * whatever an error left behind.
	 */
	void *(*open)(void);
	void (*free)(void *state);

	/* Prepares for the first or next member; false if memory is short. */
	bool (*start)(void *state);

	/*
	 * Decodes some bytes.  No progress with OK means that more input is
	 * needed.
	 */
	EtlCodecStatus (*step)(void *state, EtlCodecBuffers *buffers);
} EtlCodec;

extern const EtlCodec etl_codec_gzip;
extern const EtlCodec etl_codec_zstd;
extern const EtlCodec etl_codec_lz4;
extern const EtlCodec etl_codec_bzip2;
extern const EtlCodec etl_codec_xz;

#endif
