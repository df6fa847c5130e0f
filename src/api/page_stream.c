/*
 * page_stream.c
 *	  The bytes of one page, and whether they are those of another.
 *
 * A page that is the same as the one before must not be handed out, so a page
 * of usual size is read to its end first.  Of larger ones it is known when they
 * have been read.
 */
#include "postgres.h"

#include "api/page_stream.h"

/* Pages mostly fit; else the buffer grows. */
#define FIRST_SIZE 32768

/* A digest in the making: of whole words, and the bytes of the last one. */
typedef struct Digest
{
	EtlPageDigest words;
	uint64 word;
	int word_len;
} Digest;

typedef struct PageStream
{
	EtlStream base;

	/* What was read ahead. */
	char *head;
	size_t head_len;
	size_t head_done; /* handed out */
	bool input_ended;

	Digest digest; /* of what was read */
} PageStream;

static inline void
digest_word(EtlPageDigest *digest, uint64 word)
{
	uint64 x = (digest->hash ^ word) * UINT64CONST(0x9E3779B97F4A7C15);

	digest->hash = x ^ (x >> 32);
}

/* Adds bytes to a digest; how they are cut into pieces makes no difference. */
static void
digest_bytes(Digest *digest, const char *s, size_t n)
{
	digest->words.size += n;
	while (n > 0)
	{
		size_t part = Min(n, sizeof(uint64) - digest->word_len);

		memcpy((char *) &digest->word + digest->word_len, s, part);
		digest->word_len += (int) part;
		s += part;
		n -= part;
		if (digest->word_len == sizeof(uint64))
		{
			digest_word(&digest->words, digest->word);
			digest->word_len = 0;
			digest->word = 0;
		}
	}
}

static EtlPageDigest
end_digest(const Digest *digest)
{
	EtlPageDigest result = digest->words;

	digest_word(&result, digest->word);
	return result;
}

EtlPageDigest
etl_page_digest(const char *s, size_t n)
{
	Digest digest = {.word = 0};

	digest_bytes(&digest, s, n);
	return end_digest(&digest);
}

static size_t
read_input(PageStream *self, char *buf, size_t cap)
{
	size_t n = etl_stream_read(self->base.input, buf, cap);

	digest_bytes(&self->digest, buf, n);
	if (n == 0)
		self->input_ended = true;
	return n;
}

static size_t
page_read(EtlStream *stream, char *buf, size_t cap)
{
	PageStream *self = (PageStream *) stream;
	size_t n = Min(cap, self->head_len - self->head_done);

	if (n == 0)
		return self->input_ended ? 0 : read_input(self, buf, cap);
	memcpy(buf, self->head + self->head_done, n);
	self->head_done += n;
	return n;
}

static void
page_close(EtlStream *stream)
{
	PageStream *self = (PageStream *) stream;

	pfree(self->head);
	self->head = NULL;
}

static const EtlStreamOps page_ops = {
	.read = page_read,
	.close = page_close,
};

/* Reads until there are so many bytes; a few more may come along. */
static void
read_ahead(PageStream *self, size_t ahead)
{
	size_t size = FIRST_SIZE;

	self->head = palloc(size);
	while (!self->input_ended && self->head_len < ahead)
	{
		if (self->head_len == size)
		{
			size *= 2;
			self->head = repalloc(self->head, size);
		}
		self->head_len += read_input(self, self->head + self->head_len,
									 size - self->head_len);
	}
}

EtlStream *
etl_page_stream_new(EtlStream *in, size_t ahead)
{
	PageStream *self = palloc0(sizeof(PageStream));

	self->base.ops = &page_ops;
	self->base.input = in;
	self->base.name = in->name;
	self->base.max_bytes = in->max_bytes;
	read_ahead(self, ahead);
	return &self->base;
}

const char *
etl_page_stream_head(const EtlStream *stream, size_t *len)
{
	const PageStream *self = (const PageStream *) stream;

	Assert(stream->ops == &page_ops);
	*len = self->head_len;
	return self->head;
}

bool
etl_page_stream_digest(const EtlStream *stream, EtlPageDigest *digest)
{
	const PageStream *self = (const PageStream *) stream;

	Assert(stream->ops == &page_ops);
	*digest = end_digest(&self->digest);
	return self->input_ended;
}
