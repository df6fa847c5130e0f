/*
 * xz.c
 *	  The xz format, through liblzma.
 */
#include "postgres.h"

#include <lzma.h>

#include "decode/codec.h"

static bool
xz_matches(const char *s, size_t n)
{
	static const char magic[] = {'\xfd', '7', 'z', 'X', 'Z', '\0'};

	return n >= sizeof(magic) && memcmp(s, magic, sizeof(magic)) == 0;
}

static void *
xz_open(void)
{
	lzma_stream *stream = malloc(sizeof(lzma_stream));

	if (stream)
		*stream = (lzma_stream) LZMA_STREAM_INIT;
	return stream;
}

static void
xz_free(void *state)
{
	lzma_end(state);
	free(state);
}

static bool
xz_start(void *state)
{
	/* On a used stream this keeps the memory for the next member. */
	return lzma_stream_decoder(state, ETL_CODEC_MEMORY_LIMIT, 0) == LZMA_OK;
}

static EtlCodecStatus
xz_step(void *state, EtlCodecBuffers *buffers)
{
	lzma_stream *stream = state;
	lzma_ret rc;

	stream->next_in = (const uint8_t *) buffers->in;
	stream->avail_in = buffers->in_len;
	stream->next_out = (uint8_t *) buffers->out;
	stream->avail_out = buffers->out_len;
	rc = lzma_code(stream, LZMA_RUN);
	buffers->in = (const char *) stream->next_in;
	buffers->in_len = stream->avail_in;
	buffers->out = (char *) stream->next_out;
	buffers->out_len = stream->avail_out;

	switch (rc)
	{
		case LZMA_OK:
		case LZMA_BUF_ERROR:
			return ETL_CODEC_OK;
		case LZMA_STREAM_END:
			return ETL_CODEC_END;
		case LZMA_MEM_ERROR:
		case LZMA_MEMLIMIT_ERROR:
			return ETL_CODEC_TOO_LARGE;
		default:
			return ETL_CODEC_DAMAGED;
	}
}

const EtlCodec etl_codec_xz = {
	.matches = xz_matches,
	.open = xz_open,
	.free = xz_free,
	.start = xz_start,
	.step = xz_step,
};
