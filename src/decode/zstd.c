/*
 * zstd.c
 *	  The Zstandard format, through libzstd.
 *
 * Skippable frames count as members without content; some compressors put one
 * in front.  LZ4 has the same, but there they are rare at a file's beginning,
 * so they are taken as Zstandard unless the user says otherwise.
 */
#include "postgres.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "decode/codec.h"

static bool
zstd_matches(const char *s, size_t n)
{
	return n >= 4 &&
		   (memcmp(s, "\x28\xb5\x2f\xfd", 4) == 0 ||
			((s[0] & 0xf0) == 0x50 && memcmp(s + 1, "\x2a\x4d\x18", 3) == 0));
}

static void *
zstd_open(void)
{
	return ZSTD_createDCtx();
}

static void
zstd_free(void *state)
{
	ZSTD_freeDCtx(state);
}

static bool
zstd_start(void *state)
{
	/* The library's own limit on the window, 128 MB, stays in force. */
	return !ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only));
}

static EtlCodecStatus
zstd_step(void *state, EtlCodecBuffers *buffers)
{
	ZSTD_inBuffer in = {buffers->in, buffers->in_len, 0};
	ZSTD_outBuffer out = {buffers->out, buffers->out_len, 0};
	size_t rc = ZSTD_decompressStream(state, &out, &in);

	buffers->in += in.pos;
	buffers->in_len -= in.pos;
	buffers->out += out.pos;
	buffers->out_len -= out.pos;

	if (rc == 0)
		return ETL_CODEC_END;
	if (!ZSTD_isError(rc))
		return ETL_CODEC_OK;
	switch (ZSTD_getErrorCode(rc))
	{
		case ZSTD_error_frameParameter_windowTooLarge:
		case ZSTD_error_memory_allocation:
			return ETL_CODEC_TOO_LARGE;
		default:
			return ETL_CODEC_DAMAGED;
	}
}

const EtlCodec etl_codec_zstd = {
	.matches = zstd_matches,
	.open = zstd_open,
	.free = zstd_free,
	.start = zstd_start,
	.step = zstd_step,
};
