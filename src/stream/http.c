/*
 * http.c
 *	  A stream over the body of an HTTP answer.
 *
 * Delivers the body as it was sent, while it arrives: waiting, retries and
 * resuming are the client's, undoing a Content-Encoding is left to decode/,
 * which the stream tells of it.  Closing the stream before its end closes the
 * connection, so nothing is downloaded that nobody reads.
 */
#include "postgres.h"

#include "stream/http.h"

typedef struct HttpStream
{
	EtlStream base;
	EtlHttpFetch *fetch; /* owned */
} HttpStream;

static size_t
http_read(EtlStream *stream, char *buf, size_t cap)
{
	return etl_http_fetch_read(((HttpStream *) stream)->fetch, buf, cap);
}

static void
http_close(EtlStream *stream)
{
	etl_http_fetch_close(((HttpStream *) stream)->fetch);
}

static const EtlStreamOps http_ops = {
	.read = http_read,
	.close = http_close,
};

EtlStream *
etl_stream_open_http(EtlHttpFetch *fetch, const char *name, int64 max_bytes)
{
	HttpStream *self = palloc0(sizeof(HttpStream));

	self->base.ops = &http_ops;
	self->base.name = name;
	self->base.coding = etl_http_fetch_response(fetch)->coding;
	self->base.max_bytes = Max(max_bytes, 0);
	self->fetch = fetch;
	return &self->base;
}
