/*
 * compression.c
 *	  Decompressing streams.
 *
 * Turns a stream of compressed bytes into one of plain bytes: chooses the codec
 * by what the source begins with, feeds it, follows concatenated members, and
 * judges errors and growth.  What happens inside a member is the codec's.  A
 * coding of the transfer is undone first, by the same codecs; what comes out may
 * be compressed itself.
 */
#include "postgres.h"

#include "decode/codec.h"
#include "decode/compression.h"
#include "decode/peek.h"
#include "guc.h"

#define INPUT_BYTES (64 * 1024)

/*
 * A small source of one repeated value may well grow a thousandfold, so the
 * ratio counts only from here on.
 */
#define RATIO_GRACE_BYTES (8 * 1024 * 1024)

const char *const etl_compression_names[] = {"auto", "none",  "gzip", "zstd",
											 "lz4",  "bzip2", "xz",   NULL};

static const EtlCodec *const codecs[] = {
	[ETL_COMPRESSION_GZIP] = &etl_codec_gzip,
	[ETL_COMPRESSION_ZSTD] = &etl_codec_zstd,
	[ETL_COMPRESSION_LZ4] = &etl_codec_lz4,
	[ETL_COMPRESSION_BZIP2] = &etl_codec_bzip2,
	[ETL_COMPRESSION_XZ] = &etl_codec_xz,
};

typedef struct Decoder
{
	EtlStream base;
	const EtlCodec *codec;
	const char *format; /* for messages */
	void *state;        /* of the codec, in its library's memory; or NULL */
	MemoryContextCallback on_reset;

	uint64 max_bytes; /* to deliver; 0 for any number */
	bool in_member;
	size_t start;
	size_t end;
	char input[INPUT_BYTES]; /* unread: [start, end) */
} Decoder;

static void
release_decoder(void *arg)
{
	Decoder *self = arg;

	if (self->state)
		self->codec->free(self->state);
	self->state = NULL;
}

static void
raise_out_of_memory(Decoder *self)
{
	ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY),
					errmsg("out of memory while decompressing \"%s\"",
						   self->base.name)));
}

/* Bytes of the compressed source that the codec has taken. */
static uint64
consumed_bytes(const Decoder *self)
{
	return self->base.input->delivered - (self->end - self->start);
}

static void
raise_damaged(Decoder *self, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
			 errmsg("could not decompress \"%s\": %s", self->base.name, what),
			 errdetail("Format %s, after byte %llu of the compressed source.",
					   self->format,
					   (unsigned long long) consumed_bytes(self))));
}

/* Reads more input behind what is there; false at the end of the source. */
static bool
refill(Decoder *self)
{
	size_t n;

	if (self->start > 0)
	{
		memmove(self->input, self->input + self->start,
				self->end - self->start);
		self->end -= self->start;
		self->start = 0;
	}
	if (self->end == INPUT_BYTES)
		return false;
	n = etl_stream_read(self->base.input, self->input + self->end,
						INPUT_BYTES - self->end);
	self->end += n;
	return n > 0;
}

/*
 * Finds the next member.  Returns false at the end of the source; zero bytes
 * between members and at the end are padding.
 */
static bool
start_member(Decoder *self)
{
	do
	{
		while (self->start < self->end && self->input[self->start] == '\0')
			self->start++;
	} while (self->end - self->start < ETL_CODEC_MAGIC_BYTES && refill(self));

	if (self->start == self->end)
		return false;
	if (!self->codec->matches(self->input + self->start,
							  self->end - self->start))
		raise_damaged(self, "unexpected bytes after the compressed data");
	if (!self->codec->start(self->state))
		raise_out_of_memory(self);
	self->in_member = true;
	return true;
}

/* Lets the codec write to buf; returns how many bytes it wrote. */
static size_t
decode_some(Decoder *self, char *buf, size_t cap)
{
	EtlCodecBuffers buffers;
	size_t before = self->end - self->start;

	buffers.in = self->input + self->start;
	buffers.in_len = before;
	buffers.out = buf;
	buffers.out_len = cap;
	switch (self->codec->step(self->state, &buffers))
	{
		case ETL_CODEC_OK:
			break;
		case ETL_CODEC_END:
			self->in_member = false;
			break;
		case ETL_CODEC_DAMAGED:
			raise_damaged(self, "the compressed data is damaged");
			break;
		case ETL_CODEC_TOO_LARGE:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("decompressing \"%s\" needs too much memory",
							self->base.name),
					 errhint("Compress it with a smaller window.")));
	}
	self->start = self->end - buffers.in_len;

	if (self->in_member && buffers.out_len == cap &&
		buffers.in_len == before && !refill(self))
		raise_damaged(self, "unexpected end of the compressed data");
	return cap - buffers.out_len;
}

static void
check_ratio(Decoder *self, uint64 produced)
{
	uint64 limit = etl_guc_max_decompression_ratio;

	if (limit > 0 && produced > RATIO_GRACE_BYTES &&
		produced / limit > consumed_bytes(self))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("\"%s\" grows more than %d times when decompressed",
						self->base.name, etl_guc_max_decompression_ratio),
				 errhint("If the source is to be trusted, raise the setting "
						 "\"%s\".",
						 "pg_etl.max_decompression_ratio")));
}

static void
check_size(Decoder *self, uint64 produced)
{
	if (self->max_bytes > 0 && produced > self->max_bytes)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("\"%s\" has more than %llu bytes when "
						"decompressed",
						self->base.name, (unsigned long long) self->max_bytes),
				 errhint("Raise \"max_bytes\" if that is expected.")));
}

static size_t
decoder_read(EtlStream *stream, char *buf, size_t cap)
{
	Decoder *self = (Decoder *) stream;

	for (;;)
	{
		size_t n;

		CHECK_FOR_INTERRUPTS();
		if (!self->in_member && !start_member(self))
			return 0;
		n = decode_some(self, buf, cap);
		if (n > 0)
		{
			check_ratio(self, stream->delivered + n);
			check_size(self, stream->delivered + n);
			return n;
		}
	}
}

static void
decoder_close(EtlStream *stream)
{
	release_decoder(stream);
}

static const EtlStreamOps decoder_ops = {
	.read = decoder_read,
	.close = decoder_close,
};

static EtlStream *
decoder_new(EtlStream *in, EtlCompression format, uint64 max_bytes)
{
	/* Not zeroed as a whole, for the buffer is large. */
	Decoder *self = palloc(sizeof(Decoder));

	memset(self, 0, offsetof(Decoder, input));
	self->base.ops = &decoder_ops;
	self->base.input = in;
	self->base.name = in->name;
	self->codec = codecs[format];
	self->format = etl_compression_names[format];
	self->max_bytes = max_bytes;
	self->on_reset.func = release_decoder;
	self->on_reset.arg = self;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &self->on_reset);
	self->state = self->codec->open();
	if (self->state == NULL)
		raise_out_of_memory(self);
	return &self->base;
}

static EtlCompression
detect(const char *s, size_t n)
{
	for (int i = 0; i < lengthof(codecs); i++)
	{
		if (codecs[i] && codecs[i]->matches(s, n))
			return i;
	}
	return ETL_COMPRESSION_NONE;
}

/*
 * The stream without the coding that it had for its transfer.  An empty body
 * has no coding, whatever is said of it.
 */
static EtlStream *
undo_coding(EtlStream *in)
{
	const char *coding = in->coding;
	uint64 max_bytes = in->max_bytes;
	EtlCompression format = strcmp(coding, "gzip") == 0 ? ETL_COMPRESSION_GZIP
														: ETL_COMPRESSION_ZSTD;
	const char *head;
	size_t n;

	Assert(strcmp(coding, etl_compression_names[format]) == 0);
	in = etl_peek_new(in);
	head = etl_peek_bytes(in, &n);
	if (n == 0)
		return in;
	if (!codecs[format]->matches(head, n))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is not in the format %s", in->name, coding),
				 errdetail("Its header Content-Encoding says so.")));
	return decoder_new(in, format, max_bytes);
}

EtlStream *
etl_decompress(EtlStream *in, EtlCompression wanted, EtlCompression *found)
{
	uint64 max_bytes = in->max_bytes;
	const char *head;
	size_t n;

	if (in->coding)
		in = undo_coding(in);
	*found = wanted;
	if (wanted == ETL_COMPRESSION_NONE)
		return in;

	in = etl_peek_new(in);
	head = etl_peek_bytes(in, &n);
	if (wanted == ETL_COMPRESSION_AUTO)
		*found = detect(head, n);
	else if (!codecs[wanted]->matches(head, n))
		ereport(ERROR,
				(errcode(ERRCODE_BAD_COPY_FILE_FORMAT),
				 errmsg("\"%s\" is not in the format %s", in->name,
						etl_compression_names[wanted]),
				 detect(head, n) == ETL_COMPRESSION_NONE
					 ? errdetail("It does not look compressed.")
					 : errdetail("It looks like %s.",
								 etl_compression_names[detect(head, n)]),
				 errhint("Leave out the option \"compression\" to go by the "
						 "source's first bytes.")));
	return *found == ETL_COMPRESSION_NONE ? in
										  : decoder_new(in, *found, max_bytes);
}
