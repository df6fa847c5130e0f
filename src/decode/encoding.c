/*
 * encoding.c
 *	  From the source's character encoding to the database's.
 *
 * Chooses the working encoding, drops the byte order mark, and verifies and
 * converts text without raising errors for bad text.  Conversion itself is
 * done by the conversions that PostgreSQL knows; UTF-16, which it doesn't, by
 * utf16.c.  See transcode.c for what becomes UTF-8 before it is parsed.
 */
#include "postgres.h"

#include <ctype.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "decode/encoding.h"
#include "decode/peek.h"
#include "decode/utf16.h"

/* Text is converted in pieces of this size, between which one can cancel. */
#define CONVERT_BYTES (16 * 1024 * 1024)

typedef struct ByteOrderMark
{
	const char *bytes;
	size_t length;
	int working;
	EtlUtf16 utf16;
} ByteOrderMark;

static const ByteOrderMark marks[] = {
	{"\xEF\xBB\xBF", 3, PG_UTF8, ETL_UTF16_NONE},
	{"\xFF\xFE", 2, PG_UTF8, ETL_UTF16_LE},
	{"\xFE\xFF", 2, PG_UTF8, ETL_UTF16_BE},
	{"\x84\x31\x95\x33", 4, PG_GB18030, ETL_UTF16_NONE},
};

static const ByteOrderMark *
find_mark(const char *s, size_t n)
{
	for (int i = 0; i < lengthof(marks); i++)
	{
		if (n >= marks[i].length &&
			memcmp(s, marks[i].bytes, marks[i].length) == 0)
			return &marks[i];
	}
	return NULL;
}

/* Compares names as pg_char_to_encoding() does: letters and digits count. */
static bool
is_same_name(const char *a, const char *b)
{
	for (;;)
	{
		while (*a && !isalnum((unsigned char) *a))
			a++;
		while (*b && !isalnum((unsigned char) *b))
			b++;
		if (pg_tolower((unsigned char) *a) != pg_tolower((unsigned char) *b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

/*
 * UTF-16 without a mark: most text has characters below U+0100, whose high
 * byte is zero.  In doubt it is little-endian, as most such files are.
 */
static EtlUtf16
guess_order(const char *s, size_t n)
{
	int balance = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		balance += (s[i + 1] == '\0') - (s[i] == '\0');
	return balance >= 0 ? ETL_UTF16_LE : ETL_UTF16_BE;
}

static void
raise_unknown(const char *wanted)
{
	StringInfoData names;

	initStringInfo(&names);
	appendStringInfoString(&names, "UTF16, UTF-16LE, UTF-16BE");
	for (int i = 0; i < _PG_LAST_ENCODING_; i++)
	{
		const char *name = pg_encoding_to_char(i);

		if (name[0] != '\0')
			appendStringInfo(&names, ", %s", name);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unrecognized encoding \"%s\"", wanted),
					errhint("Valid encodings are: %s.", names.data)));
}

/* Fills working and utf16; head is what the source begins with. */
static void
choose_encoding(const char *wanted, const char *head, size_t n,
				EtlEncoding *found)
{
	const ByteOrderMark *mark = find_mark(head, n);

	found->working = PG_UTF8;
	found->utf16 = ETL_UTF16_NONE;
	if (wanted == NULL || is_same_name(wanted, "auto"))
	{
		if (mark)
		{
			found->working = mark->working;
			found->utf16 = mark->utf16;
		}
	}
	else if (is_same_name(wanted, "UTF16"))
		found->utf16 = mark && mark->utf16 != ETL_UTF16_NONE
						   ? mark->utf16
						   : guess_order(head, n);
	else if (is_same_name(wanted, "UTF16LE"))
		found->utf16 = ETL_UTF16_LE;
	else if (is_same_name(wanted, "UTF16BE"))
		found->utf16 = ETL_UTF16_BE;
	else
	{
		found->working = pg_char_to_encoding(wanted);
		if (found->working < 0)
			raise_unknown(wanted);
	}
}

/* UTF-32's little-endian mark begins like that of UTF-16. */
static void
refuse_utf32(const char *name, const char *head, size_t n)
{
	if (n >= 4 && (memcmp(head, "\xFF\xFE\0\0", 4) == 0 ||
				   memcmp(head, "\0\0\xFE\xFF", 4) == 0))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("\"%s\" is encoded in UTF-32", name),
						errhint("Convert it to UTF-8 first.")));
}

static FmgrInfo *
find_converter(const EtlEncoding *encoding)
{
	Oid proc =
		FindDefaultConversionProc(encoding->working, GetDatabaseEncoding());
	FmgrInfo *converter;

	if (!OidIsValid(proc))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("encoding %s cannot be converted to that of the "
						"database, %s",
						etl_encoding_name(encoding),
						GetDatabaseEncodingName())));
	converter = palloc(sizeof(FmgrInfo));
	fmgr_info(proc, converter);
	return converter;
}

EtlStream *
etl_encoding_stream(EtlStream *in, const char *wanted, EtlEncoding *found)
{
	const ByteOrderMark *mark;
	const char *head;
	size_t n;

	in = etl_peek_new(in);
	head = etl_peek_bytes(in, &n);

	memset(found, 0, sizeof(EtlEncoding));
	choose_encoding(wanted, head, n, found);
	if (found->utf16 != ETL_UTF16_NONE)
		refuse_utf32(in->name, head, n);
	found->ascii_unsafe = PG_ENCODING_IS_CLIENT_ONLY(found->working);
	if (etl_encoding_needs_conversion(found))
		found->converter = find_converter(found);

	/* The mark of another encoding is text in the one that was asked for. */
	mark = find_mark(head, n);
	if (mark && mark->working == found->working && mark->utf16 == found->utf16)
	{
		found->bom_length = mark->length;
		etl_peek_skip(in, mark->length);
	}
	if (found->utf16 == ETL_UTF16_NONE)
		return in;
	return etl_utf16_stream(in, found->utf16 == ETL_UTF16_BE);
}

EtlStream *
etl_encoding_ascii_stream(EtlStream *in, EtlEncoding *encoding)
{
	EtlTranscoder *transcoder;

	if (!encoding->ascii_unsafe)
		return in;
	transcoder = etl_transcoder_new(encoding->working);
	if (transcoder == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("encoding %s cannot be converted to UTF8",
							   etl_encoding_name(encoding))));
	encoding->transcoder = transcoder;
	encoding->working = PG_UTF8;
	encoding->ascii_unsafe = false;
	encoding->converter = NULL;
	if (etl_encoding_needs_conversion(encoding))
		encoding->converter = find_converter(encoding);
	return etl_transcode_stream(in, transcoder);
}

const char *
etl_encoding_name(const EtlEncoding *encoding)
{
	switch (encoding->utf16)
	{
		case ETL_UTF16_LE:
			return "UTF-16LE";
		case ETL_UTF16_BE:
			return "UTF-16BE";
		case ETL_UTF16_NONE:
			break;
	}
	if (encoding->transcoder != NULL)
		return pg_encoding_to_char(encoding->transcoder->encoding);
	return pg_encoding_to_char(encoding->working);
}

bool
etl_encoding_has_special(const char *s, size_t n)
{
	const unsigned char *in = (const unsigned char *) s;
	const unsigned char *end = in + n;

#ifdef __SSE2__
	while (end - in >= 16)
	{
		__m128i bytes = _mm_loadu_si128((const __m128i *) in);

		/* As signed bytes, those from 1 to 127 are above zero. */
		if (_mm_movemask_epi8(_mm_cmpgt_epi8(bytes, _mm_setzero_si128())) !=
			0xFFFF)
			return true;
		in += 16;
	}
#endif
	while (end - in >= 8)
	{
		uint64 word;

		memcpy(&word, in, 8);

		/* A borrow sets the top bit of a zero byte, so both cases show. */
		if ((word | (word - UINT64CONST(0x0101010101010101))) &
			UINT64CONST(0x8080808080808080))
			return true;
		in += 8;
	}
	for (; in < end; in++)
	{
		if (*in == '\0' || *in >= 0x80)
			return true;
	}
	return false;
}

/* The encoding by whose rules bytes are judged; SQL_ASCII has none. */
static int
verified_encoding(const EtlEncoding *encoding)
{
	int database = GetDatabaseEncoding();

	/* What was made UTF-8 must have been what it was made of. */
	if (encoding->utf16 != ETL_UTF16_NONE || encoding->transcoder != NULL)
		return PG_UTF8;
	if (database == PG_SQL_ASCII || encoding->working == PG_SQL_ASCII)
		return database;
	return encoding->working;
}

int64
etl_encoding_verify(const EtlEncoding *encoding, const char *s, size_t n)
{
	int valid;

	Assert(n <= PG_INT32_MAX);
	if (!encoding->ascii_unsafe && !etl_encoding_has_special(s, n))
		return -1;
	valid = pg_encoding_verifymbstr(verified_encoding(encoding), s, n);
	return valid == n ? -1 : valid;
}

int
etl_encoding_char_length(int encoding, const char *s, size_t n)
{
	/* The only encoding in which the first byte alone doesn't tell. */
	if (encoding == PG_GB18030 && n < 2)
		return IS_HIGHBIT_SET(*s) ? 2 : 1;
	return pg_encoding_mblen(encoding, s);
}

size_t
etl_encoding_bad_length(const EtlEncoding *encoding, const char *s, size_t n)
{
	size_t length = (size_t) etl_encoding_char_length(encoding->working, s, n);

	if (encoding->transcoder != NULL)
		length = etl_transcode_bad_length(encoding->transcoder, s, n);
	else if (encoding->utf16 != ETL_UTF16_NONE)
		length = etl_utf16_bad_length(s, n);
	return Min(length, n);
}

bool
etl_encoding_needs_conversion(const EtlEncoding *encoding)
{
	int database = GetDatabaseEncoding();

	return encoding->working != database && database != PG_SQL_ASCII &&
		   encoding->working != PG_SQL_ASCII;
}

char *
etl_encoding_convert(const EtlEncoding *encoding, const char *s, size_t n,
					 size_t *out_len, size_t *bad)
{
	size_t room = Min(n, CONVERT_BYTES) * MAX_CONVERSION_GROWTH;
	char *out = palloc_extended(room + 1, MCXT_ALLOC_HUGE);
	size_t done = 0;
	size_t len = 0;

	Assert(encoding->converter);
	while (done < n)
	{
		size_t piece = Min(n - done, CONVERT_BYTES);
		int converted;

		CHECK_FOR_INTERRUPTS();
		if (room - len < piece * MAX_CONVERSION_GROWTH)
		{
			room = len + piece * MAX_CONVERSION_GROWTH;
			out = repalloc_huge(out, room + 1);
		}

		/*
		 * The last argument asks for the number of bytes converted instead of
		 * an error.  A piece may end inside a character, which then begins the
		 * next one; so only a piece without any progress is bad.
		 */
		converted = DatumGetInt32(FunctionCall6(
			encoding->converter, Int32GetDatum(encoding->working),
			Int32GetDatum(GetDatabaseEncoding()), CStringGetDatum(s + done),
			CStringGetDatum(out + len), Int32GetDatum((int) piece),
			BoolGetDatum(true)));
		if (converted <= 0)
		{
			*bad = done;
			pfree(out);
			return NULL;
		}
		done += converted;
		len += strlen(out + len);
	}
	out[len] = '\0';
	*out_len = len;
	return out;
}

const char *
etl_encoding_source_bytes(const EtlEncoding *encoding, const char *s, size_t n,
						  size_t *out_len)
{
	char *out;

	if (encoding->transcoder != NULL)
		return etl_transcode_source_bytes(encoding->transcoder, s, n, out_len);
	if (encoding->utf16 == ETL_UTF16_NONE)
	{
		*out_len = n;
		return s;
	}
	out = palloc_extended(etl_utf16_source_length(s, n) + 1, MCXT_ALLOC_HUGE);
	*out_len =
		etl_utf16_source_bytes(s, n, encoding->utf16 == ETL_UTF16_BE, out);
	return out;
}

char *
etl_encoding_describe_bad(const EtlEncoding *encoding, const char *s, size_t n,
						  bool untranslatable)
{
	StringInfoData bytes;
	size_t length;

	if (untranslatable)
		length =
			Min(n, (size_t) etl_encoding_char_length(encoding->working, s, n));
	else
		length = etl_encoding_bad_length(encoding, s, n);
	s = etl_encoding_source_bytes(encoding, s, length, &length);
	initStringInfo(&bytes);
	for (size_t i = 0; i < length; i++)
		appendStringInfo(&bytes, "%s0x%02x", i > 0 ? " " : "",
						 (unsigned char) s[i]);
	if (untranslatable)
		return psprintf("character with byte sequence %s in encoding \"%s\" "
						"has no equivalent in encoding \"%s\"",
						bytes.data, etl_encoding_name(encoding),
						GetDatabaseEncodingName());
	return psprintf("invalid byte sequence for encoding \"%s\": %s",
					etl_encoding_name(encoding), bytes.data);
}
