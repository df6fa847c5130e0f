/*
 * peek.c
 *	  A stream whose first bytes can be looked at before they are read.
 */
#include "postgres.h"

#include "decode/peek.h"

typedef struct PeekStream
{
	EtlStream base;
	bool peeked;
	size_t start;
	size_t end;
	char head[ETL_PEEK_BYTES]; /* unread: [start, end) */
} PeekStream;

static size_t
peek_read(EtlStream *stream, char *buf, size_t cap)
{
	PeekStream *self = (PeekStream *) stream;
	size_t n = Min(cap, self->end - self->start);

	if (n == 0)
		return etl_stream_read(stream->input, buf, cap);
	memcpy(buf, self->head + self->start, n);
	self->start += n;

	/* Fill up, so that the first read isn't the only small one. */
	if (n < cap)
		n += etl_stream_read(stream->input, buf + n, cap - n);
	return n;
}

static void
peek_close(EtlStream *stream)
{
	/* Nothing is held. */
}

static const EtlStreamOps peek_ops = {
	.read = peek_read,
	.close = peek_close,
};

EtlStream *
etl_peek_new(EtlStream *in)
{
	PeekStream *self;

	if (in->ops == &peek_ops && in->delivered == 0)
		return in;
	self = palloc0(sizeof(PeekStream));
	self->base.ops = &peek_ops;
	self->base.input = in;
	self->base.name = in->name;
	return &self->base;
}

const char *
etl_peek_bytes(EtlStream *stream, size_t *n)
{
	PeekStream *self = (PeekStream *) stream;

	Assert(stream->ops == &peek_ops && stream->delivered == 0);
	while (!self->peeked)
	{
		size_t got = etl_stream_read(stream->input, self->head + self->end,
									 ETL_PEEK_BYTES - self->end);

		self->end += got;
		self->peeked = got == 0 || self->end == ETL_PEEK_BYTES;
	}
	*n = self->end - self->start;
	return self->head + self->start;
}

void
etl_peek_skip(EtlStream *stream, size_t n)
{
	PeekStream *self = (PeekStream *) stream;

	Assert(stream->ops == &peek_ops && n <= self->end - self->start);
	self->start += n;
}
