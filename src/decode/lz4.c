/*
 * lz4.c
 *	  The LZ4 frame format, through liblz4.
 */
#include "postgres.h"

#include <lz4frame.h>

#include "decode/codec.h"

static bool
lz4_matches(const char *s, size_t n)
{
	/* A frame, or one of the skippable frames that may stand between. */
	return n >= 4 &&
		   (memcmp(s, "\x04\x22\x4d\x18", 4) == 0 ||
			((s[0] & 0xf0) == 0x50 && memcmp(s + 1, "\x2a\x4d\x18", 3) == 0));
}

static void *
lz4_open(void)
{
	LZ4F_dctx *context;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
		return NULL;
	return context;
}

static void
lz4_free(void *state)
{
	LZ4F_freeDecompressionContext(state);
}

static bool
lz4_start(void *state)
{
	LZ4F_resetDecompressionContext(state);
	return true;
}

static EtlCodecStatus
lz4_step(void *state, EtlCodecBuffers *buffers)
{
	size_t consumed = buffers->in_len;
	size_t produced = buffers->out_len;
	size_t rc = LZ4F_decompress(state, buffers->out, &produced, buffers->in,
								&consumed, NULL);

	if (LZ4F_isError(rc))
		return ETL_CODEC_DAMAGED;
	buffers->in += consumed;
	buffers->in_len -= consumed;
	buffers->out += produced;
	buffers->out_len -= produced;
	return rc == 0 ? ETL_CODEC_END : ETL_CODEC_OK;
}

const EtlCodec etl_codec_lz4 = {
	.matches = lz4_matches,
	.open = lz4_open,
	.free = lz4_free,
	.start = lz4_start,
	.step = lz4_step,
};
