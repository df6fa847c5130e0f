/*
 * gzip.c
 *	  The gzip format, through zlib.
 */
#include "postgres.h"

#include <zlib.h>

#include "decode/codec.h"

/* The largest window, and gzip's header and trailer rather than zlib's. */
#define WINDOW_BITS (15 + 16)

static bool
gzip_matches(const char *s, size_t n)
{
	return n >= 3 && memcmp(s, "\x1f\x8b\x08", 3) == 0;
}

static void *
gzip_open(void)
{
	z_stream *z = calloc(1, sizeof(z_stream));

	if (z && inflateInit2(z, WINDOW_BITS) != Z_OK)
	{
		free(z);
		return NULL;
	}
	return z;
}

static void
gzip_free(void *state)
{
	inflateEnd(state);
	free(state);
}

static bool
gzip_start(void *state)
{
	return inflateReset(state) == Z_OK;
}

static EtlCodecStatus
gzip_step(void *state, EtlCodecBuffers *buffers)
{
	z_stream *z = state;
	size_t room = Min(buffers->out_len, (size_t) 1 << 30);
	int rc;

	z->next_in = (Bytef *) buffers->in;
	z->avail_in = buffers->in_len;
	z->next_out = (Bytef *) buffers->out;
	z->avail_out = room;
	rc = inflate(z, Z_NO_FLUSH);
	buffers->in = (const char *) z->next_in;
	buffers->in_len = z->avail_in;
	buffers->out += room - z->avail_out;
	buffers->out_len -= room - z->avail_out;

	if (rc == Z_STREAM_END)
		return ETL_CODEC_END;
	if (rc == Z_MEM_ERROR)
		return ETL_CODEC_TOO_LARGE;
	return rc == Z_OK || rc == Z_BUF_ERROR ? ETL_CODEC_OK : ETL_CODEC_DAMAGED;
}

const EtlCodec etl_codec_gzip = {
	.matches = gzip_matches,
	.open = gzip_open,
	.free = gzip_free,
	.start = gzip_start,
	.step = gzip_step,
};
