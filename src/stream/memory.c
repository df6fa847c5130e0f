/*
 * memory.c
 *	  A stream over bytes that are in memory already.
 */
#include "postgres.h"

#include "stream/stream.h"

typedef struct MemoryStream
{
	EtlStream base;
	const char *data; /* borrowed: what is left */
	size_t len;
} MemoryStream;

static size_t
memory_read(EtlStream *stream, char *buf, size_t cap)
{
	MemoryStream *self = (MemoryStream *) stream;
	size_t n = Min(cap, self->len);

	if (n > 0)
		memcpy(buf, self->data, n);
	self->data += n;
	self->len -= n;
	return n;
}

static void
memory_close(EtlStream *stream)
{
	/* Nothing is owned. */
}

static const EtlStreamOps memory_ops = {
	.read = memory_read,
	.close = memory_close,
};

EtlStream *
etl_stream_open_memory(const char *data, size_t len, const char *name)
{
	MemoryStream *self = palloc0(sizeof(MemoryStream));

	self->base.ops = &memory_ops;
	self->base.name = name;
	self->data = data;
	self->len = len;
	return &self->base;
}
