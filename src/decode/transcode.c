/*
 * transcode.c
 *	  From a multibyte encoding to UTF-8 and back.
 *
 * Judges nothing: what is no character leaves here as invalid UTF-8, and the
 * record that holds it fails verification.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"

#include "decode/encoding.h"
#include "decode/transcode.h"

#define INPUT_BYTES (64 * 1024)

/* The longest character of any encoding. */
#define MAX_CHARACTER 4

/* Room for what one step writes: a character, converted, and a NUL. */
#define MIN_ROOM (MAX_CHARACTER * MAX_CONVERSION_GROWTH + 1)

/* Text is converted back in pieces of this size. */
#define PIECE_BYTES 1024

/*
 * Bytes from here on are taken as part of a character that doesn't exist; any
 * others, among them the quote, a comma and line ends, begin something else.
 */
#define FIRST_TRAILING_BYTE 0x30

typedef struct TranscodeStream
{
	EtlStream base;
	EtlTranscoder *transcoder;
	bool last; /* the input has ended */

	/* What the caller's buffer had no room for. */
	char spill[MIN_ROOM];
	size_t spill_start;
	size_t spill_end;

	size_t start;
	size_t end;
	char input[INPUT_BYTES]; /* unread: [start, end) */
} TranscodeStream;

EtlTranscoder *
etl_transcoder_new(int encoding)
{
	Oid to_utf8 = FindDefaultConversionProc(encoding, PG_UTF8);
	Oid from_utf8 = FindDefaultConversionProc(PG_UTF8, encoding);
	EtlTranscoder *transcoder;

	if (!OidIsValid(to_utf8) || !OidIsValid(from_utf8))
		return NULL;
	transcoder = palloc(sizeof(EtlTranscoder));
	transcoder->encoding = encoding;
	fmgr_info(to_utf8, &transcoder->to_utf8);
	fmgr_info(from_utf8, &transcoder->from_utf8);
	return transcoder;
}

/*
 * Converts as much of n bytes as can be converted; returns how many, and sets
 * *len to how many bytes were written.  out has room for n *
 * MAX_CONVERSION_GROWTH bytes and a NUL.
 */
static size_t
convert(FmgrInfo *converter, int from, int to, const char *s, size_t n,
		char *out, size_t *len)
{
	int converted = DatumGetInt32(
		FunctionCall6(converter, Int32GetDatum(from), Int32GetDatum(to),
					  CStringGetDatum(s), CStringGetDatum(out),
					  Int32GetDatum((int) n), BoolGetDatum(true)));

	*len = strlen(out);
	return (size_t) converted;
}

static inline size_t
put_bad_byte(char *out, unsigned char byte)
{
	out[0] = (char) (0xF8 | byte >> 6);
	out[1] = (char) (0x80 | (byte & 0x3F));
	return 2;
}

/* True if a bad byte is at s, of which there are n bytes. */
static inline bool
is_bad_byte(const char *s, size_t n)
{
	return n >= 2 && ((unsigned char) s[0] & 0xFC) == 0xF8 &&
		   ((unsigned char) s[1] & 0xC0) == 0x80;
}

static inline unsigned char
get_bad_byte(const char *s)
{
	return (unsigned char) ((s[0] & 0x03) << 6 | (s[1] & 0x3F));
}

/*
 * Takes what is at s, where conversion has stopped: a NUL byte or no character.
 * Returns how many bytes that is; 0 if a character isn't complete.
 */
static size_t
take_bad(const TranscodeStream *self, const char *s, size_t n, char *out,
		 size_t *len)
{
	size_t length =
		(size_t) etl_encoding_char_length(self->transcoder->encoding, s, n);
	size_t i = 0;

	*len = 0;
	if (!IS_HIGHBIT_SET(*s))
	{
		*out = *s;
		*len = 1;
		return 1;
	}
	if (length > n && !self->last)
		return 0;
	do
		*len += put_bad_byte(out + *len, (unsigned char) s[i++]);
	while (i < Min(length, n) && (unsigned char) s[i] >= FIRST_TRAILING_BYTE);
	return i;
}

/*
 * Converts the characters that are complete in the input, as far as there is
 * room for them; returns the number of bytes written.
 */
static size_t
convert_input(TranscodeStream *self, char *buf, size_t cap)
{
	EtlTranscoder *transcoder = self->transcoder;
	size_t out = 0;

	while (self->start < self->end && cap - out >= MIN_ROOM)
	{
		const char *in = self->input + self->start;
		size_t n = Min(self->end - self->start,
					   (cap - out - 1) / MAX_CONVERSION_GROWTH);
		size_t len;
		size_t done = convert(&transcoder->to_utf8, transcoder->encoding,
							  PG_UTF8, in, n, buf + out, &len);

		out += len;
		self->start += done;

		/* A character cut by the room is complete in the next round. */
		if (done > 0)
			continue;
		done = take_bad(self, in, self->end - self->start, buf + out, &len);
		if (done == 0)
			break;
		out += len;
		self->start += done;
	}
	return out;
}

static void
refill(TranscodeStream *self)
{
	size_t left = self->end - self->start;
	size_t n;

	/* At most one incomplete character is left over. */
	memmove(self->input, self->input + self->start, left);
	n = etl_stream_read(self->base.input, self->input + left,
						INPUT_BYTES - left);
	self->start = 0;
	self->end = left + n;
	self->last = n == 0;
}

/* Converts at least one character, unless the source has ended. */
static size_t
convert_some(TranscodeStream *self, char *buf, size_t cap)
{
	size_t n;

	while ((n = convert_input(self, buf, cap)) == 0 && !self->last)
		refill(self);
	return n;
}

static size_t
transcode_read(EtlStream *stream, char *buf, size_t cap)
{
	TranscodeStream *self = (TranscodeStream *) stream;
	size_t n;

	if (self->spill_start == self->spill_end)
	{
		if (cap >= MIN_ROOM)
			return convert_some(self, buf, cap);
		self->spill_start = 0;
		self->spill_end = convert_some(self, self->spill, MIN_ROOM);
	}
	n = Min(cap, self->spill_end - self->spill_start);
	memcpy(buf, self->spill + self->spill_start, n);
	self->spill_start += n;
	return n;
}

static void
transcode_close(EtlStream *stream)
{
	/* Nothing is held. */
}

static const EtlStreamOps transcode_ops = {
	.read = transcode_read,
	.close = transcode_close,
};

EtlStream *
etl_transcode_stream(EtlStream *in, EtlTranscoder *transcoder)
{
	/* Not zeroed as a whole, for the buffer is large. */
	TranscodeStream *self = palloc(sizeof(TranscodeStream));

	memset(self, 0, offsetof(TranscodeStream, input));
	self->base.ops = &transcode_ops;
	self->base.input = in;
	self->base.name = in->name;
	self->transcoder = transcoder;
	return &self->base;
}

/*
 * How many of n bytes to convert back at once.  Some encodings have a code for
 * two characters together, which must not be cut, and none that begins or ends
 * with ASCII.
 */
static size_t
piece_length(const char *s, size_t n)
{
	if (n <= PIECE_BYTES)
		return n;
	for (n = PIECE_BYTES; n > 1; n--)
	{
		if (!IS_HIGHBIT_SET(s[n - 1]))
			return n;
	}
	return PIECE_BYTES;
}

/*
 * Takes the source's bytes for up to PIECE_BYTES of the n > 0 bytes at s, with
 * as much room in out; returns how many bytes were taken.
 */
static size_t
take_back(EtlTranscoder *transcoder, const char *s, size_t n, char *out,
		  size_t *len)
{
	size_t done;

	if (is_bad_byte(s, n))
	{
		*out = (char) get_bad_byte(s);
		*len = 1;
		return 2;
	}
	done = convert(&transcoder->from_utf8, PG_UTF8, transcoder->encoding, s,
				   piece_length(s, n), out, len);

	/* A character may be left over because what follows it is none. */
	if (done == 0 && IS_HIGHBIT_SET(*s))
		done =
			convert(&transcoder->from_utf8, PG_UTF8, transcoder->encoding, s,
					Min(n, (size_t) pg_encoding_mblen(PG_UTF8, s)), out, len);
	if (done > 0)
		return done;

	/* A NUL byte; but a piece cut out of its sequence stands for nothing. */
	*out = '\0';
	*len = *s == '\0' ? 1 : 0;
	return 1;
}

/* The length of the ASCII characters that s begins with, NUL not among them. */
static size_t
ascii_length(const char *s, size_t n)
{
	size_t i = 0;

	while (n - i >= 16 && !etl_encoding_has_special(s + i, 16))
		i += 16;
	while (i < n && s[i] > 0 && !IS_HIGHBIT_SET(s[i]))
		i++;
	return i;
}

size_t
etl_transcode_source_length(EtlTranscoder *transcoder, const char *s, size_t n)
{
	char piece[PIECE_BYTES * MAX_CONVERSION_GROWTH + 1];
	size_t length = 0;
	size_t done = 0;

	while (done < n)
	{
		size_t plain = ascii_length(s + done, n - done);
		size_t len = 0;

		done += plain;
		if (done < n)
			done += take_back(transcoder, s + done, n - done, piece, &len);
		length += plain + len;
	}
	return length;
}

char *
etl_transcode_source_bytes(EtlTranscoder *transcoder, const char *s, size_t n,
						   size_t *out_len)
{
	size_t room = n + PIECE_BYTES * MAX_CONVERSION_GROWTH + 1;
	char *out = palloc_extended(room, MCXT_ALLOC_HUGE);
	size_t done = 0;

	*out_len = 0;
	while (done < n)
	{
		size_t len;

		CHECK_FOR_INTERRUPTS();
		if (room - *out_len < PIECE_BYTES * MAX_CONVERSION_GROWTH + 1)
		{
			room *= 2;
			out = repalloc_huge(out, room);
		}
		done +=
			take_back(transcoder, s + done, n - done, out + *out_len, &len);
		*out_len += len;
	}
	return out;
}

size_t
etl_transcode_bad_length(const EtlTranscoder *transcoder, const char *s,
						 size_t n)
{
	char bytes[MAX_CHARACTER];
	size_t length = 0;

	while (length < MAX_CHARACTER &&
		   is_bad_byte(s + 2 * length, n - 2 * length))
	{
		bytes[length] = (char) get_bad_byte(s + 2 * length);
		length++;
	}
	if (length == 0)
		return 1;
	return 2 *
		   Min(length, (size_t) etl_encoding_char_length(transcoder->encoding,
														 bytes, length));
}
