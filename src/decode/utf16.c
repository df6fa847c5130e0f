/*
 * utf16.c
 *	  From UTF-16 to UTF-8 and back, losing nothing.
 *
 * Judges nothing: what isn't valid UTF-16 leaves here as invalid UTF-8, and
 * the record that holds it fails verification.
 */
#include "postgres.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "decode/utf16.h"

#define INPUT_BYTES (64 * 1024)

/* The longest sequence that one step writes. */
#define MAX_SEQUENCE 4

#define IS_HIGH_SURROGATE(unit) (((unit) &0xFC00) == 0xD800)
#define IS_LOW_SURROGATE(unit) (((unit) &0xFC00) == 0xDC00)

typedef struct Utf16Stream
{
	EtlStream base;
	bool big_endian;

	/* A sequence for which the caller's buffer had no room. */
	char spill[MAX_SEQUENCE];
	size_t spill_start;
	size_t spill_end;

	size_t start;
	size_t end;
	unsigned char input[INPUT_BYTES]; /* unread: [start, end) */
} Utf16Stream;

static inline uint32
get_unit(const unsigned char *s, bool big_endian)
{
	return big_endian ? s[0] << 8 | s[1] : s[1] << 8 | s[0];
}

/* Writes a code point, surrogates included; returns its length. */
static inline size_t
put_utf8(char *out, uint32 c)
{
	if (c < 0x80)
	{
		out[0] = c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = 0xC0 | c >> 6;
		out[1] = 0x80 | (c & 0x3F);
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = 0xE0 | c >> 12;
		out[1] = 0x80 | (c >> 6 & 0x3F);
		out[2] = 0x80 | (c & 0x3F);
		return 3;
	}
	out[0] = 0xF0 | c >> 18;
	out[1] = 0x80 | (c >> 12 & 0x3F);
	out[2] = 0x80 | (c >> 6 & 0x3F);
	out[3] = 0x80 | (c & 0x3F);
	return 4;
}

#ifdef __SSE2__
/* Converts eight units if all are ASCII; returns whether they were. */
static inline bool
convert_ascii(const unsigned char *in, char *out, bool big_endian)
{
	__m128i units = _mm_loadu_si128((const __m128i *) in);
	__m128i high;

	if (big_endian)
		units =
			_mm_or_si128(_mm_slli_epi16(units, 8), _mm_srli_epi16(units, 8));
	high = _mm_and_si128(units, _mm_set1_epi16((short) 0xFF80));
	if (_mm_movemask_epi8(_mm_cmpeq_epi16(high, _mm_setzero_si128())) !=
		0xFFFF)
		return false;
	_mm_storel_epi64((__m128i *) out, _mm_packus_epi16(units, units));
	return true;
}
#endif

/*
 * Converts the characters that are complete in the input and for which there
 * is room for MAX_SEQUENCE bytes; returns the number of bytes written.
 */
static size_t
convert_input(Utf16Stream *self, char *buf, size_t cap)
{
	const unsigned char *in = self->input + self->start;
	const unsigned char *end = self->input + self->end;
	bool big_endian = self->big_endian;
	char *out = buf;

	while (end - in >= 2 && buf + cap - out >= MAX_SEQUENCE)
	{
		uint32 c;

#ifdef __SSE2__
		if (end - in >= 16 && buf + cap - out >= 8 &&
			convert_ascii(in, out, big_endian))
		{
			in += 16;
			out += 8;
			continue;
		}
#endif
		c = get_unit(in, big_endian);
		if (IS_HIGH_SURROGATE(c))
		{
			uint32 low;

			if (end - in < 4)
				break;
			low = get_unit(in + 2, big_endian);
			if (IS_LOW_SURROGATE(low))
			{
				c = 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF));
				in += 2;
			}
		}
		in += 2;
		out += put_utf8(out, c);
	}
	self->start = in - self->input;
	return out - buf;
}

/* Converts what the end of the source has left incomplete. */
static size_t
convert_tail(Utf16Stream *self, char *buf)
{
	const unsigned char *in = self->input + self->start;
	size_t left = self->end - self->start;

	if (left == 0)
		return 0;
	if (left >= 2)
	{
		self->start += 2;
		return put_utf8(buf, get_unit(in, self->big_endian));
	}
	self->start++;
	buf[0] = 0xF8 | in[0] >> 6;
	buf[1] = 0x80 | (in[0] & 0x3F);
	return 2;
}

static bool
refill(Utf16Stream *self)
{
	size_t left = self->end - self->start;
	size_t n;

	/* At most one incomplete character is left over. */
	memmove(self->input, self->input + self->start, left);
	n = etl_stream_read(self->base.input, (char *) self->input + left,
						INPUT_BYTES - left);
	self->start = 0;
	self->end = left + n;
	return n > 0;
}

/* Converts at least one character, unless the source has ended. */
static size_t
convert_some(Utf16Stream *self, char *buf, size_t cap)
{
	size_t n;

	while ((n = convert_input(self, buf, cap)) == 0)
	{
		if (!refill(self))
			return convert_tail(self, buf);
	}
	return n;
}

static size_t
utf16_read(EtlStream *stream, char *buf, size_t cap)
{
	Utf16Stream *self = (Utf16Stream *) stream;
	size_t n;

	if (self->spill_start == self->spill_end)
	{
		if (cap >= MAX_SEQUENCE)
			return convert_some(self, buf, cap);
		self->spill_start = 0;
		self->spill_end = convert_some(self, self->spill, MAX_SEQUENCE);
	}
	n = Min(cap, self->spill_end - self->spill_start);
	memcpy(buf, self->spill + self->spill_start, n);
	self->spill_start += n;
	return n;
}

static void
utf16_close(EtlStream *stream)
{
	/* Nothing is held. */
}

static const EtlStreamOps utf16_ops = {
	.read = utf16_read,
	.close = utf16_close,
};

EtlStream *
etl_utf16_stream(EtlStream *in, bool big_endian)
{
	/* Not zeroed as a whole, for the buffer is large. */
	Utf16Stream *self = palloc(sizeof(Utf16Stream));

	memset(self, 0, offsetof(Utf16Stream, input));
	self->base.ops = &utf16_ops;
	self->base.input = in;
	self->base.name = in->name;
	self->big_endian = big_endian;
	return &self->base;
}

size_t
etl_utf16_source_length(const char *s, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
	{
		unsigned char c = s[i];

		/* The first byte of each sequence tells; the others add nothing. */
		length += 2 * ((c & 0xC0) != 0x80) + 2 * (c >= 0xF0 && c < 0xF8) -
				  (c >= 0xF8);
	}
	return length;
}

static inline char *
put_unit(char *out, uint32 unit, bool big_endian)
{
	out[big_endian ? 0 : 1] = unit >> 8;
	out[big_endian ? 1 : 0] = unit;
	return out + 2;
}

size_t
etl_utf16_source_bytes(const char *s, size_t n, bool big_endian, char *out)
{
	const unsigned char *in = (const unsigned char *) s;
	const unsigned char *end = in + n;
	char *start = out;

	while (in < end)
	{
		unsigned char first = *in++;
		uint32 c = first < 0x80   ? first
				   : first < 0xC0 ? 0
				   : first < 0xE0 ? first & 0x1F
				   : first < 0xF0 ? first & 0x0F
				   : first < 0xF8 ? first & 0x07
								  : first & 0x03;

		/* A piece that was cut out of its sequence stands for nothing. */
		if ((first & 0xC0) == 0x80)
			continue;
		while (in < end && (*in & 0xC0) == 0x80)
			c = c << 6 | (*in++ & 0x3F);
		if (first >= 0xF8)
			*out++ = c;
		else if (first >= 0xF0)
		{
			out = put_unit(out, 0xD800 | ((c - 0x10000) >> 10 & 0x3FF),
						   big_endian);
			out = put_unit(out, 0xDC00 | (c & 0x3FF), big_endian);
		}
		else
			out = put_unit(out, c, big_endian);
	}
	return out - start;
}

size_t
etl_utf16_bad_length(const char *s, size_t n)
{
	unsigned char first = (unsigned char) *s;

	/* A lone surrogate, an odd byte; nothing else leaves here as bad. */
	return Min(n, first >= 0xF8 ? 2 : first >= 0xE0 ? 3 : 1);
}
