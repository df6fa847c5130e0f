/*
 * bzip2.c
 *	  The bzip2 format, through libbz2.
 */
#include "postgres.h"

#include <bzlib.h>

#include "decode/codec.h"

typedef struct Bzip2State
{
	bz_stream stream;
	bool live; /* the library holds memory for stream */
} Bzip2State;

/*
 * The first three bytes might be text, so the mark of the first block, or of a
 * member without blocks, is asked for as well.
 */
static bool
bzip2_matches(const char *s, size_t n)
{
	return n >= 10 && memcmp(s, "BZh", 3) == 0 && s[3] >= '1' && s[3] <= '9' &&
		   (memcmp(s + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
			memcmp(s + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

static void *
bzip2_open(void)
{
	return calloc(1, sizeof(Bzip2State));
}

static void
bzip2_end(Bzip2State *self)
{
	if (self->live)
		BZ2_bzDecompressEnd(&self->stream);
	self->live = false;
}

static void
bzip2_free(void *state)
{
	bzip2_end(state);
	free(state);
}

static bool
bzip2_start(void *state)
{
	Bzip2State *self = state;

	bzip2_end(self);
	self->live = BZ2_bzDecompressInit(&self->stream, 0, 0) == BZ_OK;
	return self->live;
}

static EtlCodecStatus
bzip2_step(void *state, EtlCodecBuffers *buffers)
{
	bz_stream *stream = &((Bzip2State *) state)->stream;
	size_t room = Min(buffers->out_len, (size_t) 1 << 30);
	int rc;

	stream->next_in = (char *) buffers->in;
	stream->avail_in = buffers->in_len;
	stream->next_out = buffers->out;
	stream->avail_out = room;
	rc = BZ2_bzDecompress(stream);
	buffers->in = stream->next_in;
	buffers->in_len = stream->avail_in;
	buffers->out += room - stream->avail_out;
	buffers->out_len -= room - stream->avail_out;

	if (rc == BZ_STREAM_END)
		return ETL_CODEC_END;
	if (rc == BZ_MEM_ERROR)
		return ETL_CODEC_TOO_LARGE;
	return rc == BZ_OK ? ETL_CODEC_OK : ETL_CODEC_DAMAGED;
}

const EtlCodec etl_codec_bzip2 = {
	.matches = bzip2_matches,
	.open = bzip2_open,
	.free = bzip2_free,
	.start = bzip2_start,
	.step = bzip2_step,
};
