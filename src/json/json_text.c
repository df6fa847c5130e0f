/*
 * json_text.c
 *	  What a JSON string says.
 */
#include "json/json_text.h"

#include <string.h>

static size_t
put_utf8(void *arg, uint32_t code, char *out)
{
	(void) arg;
	if (code < 0x800)
	{
		out[0] = (char) (0xC0 | code >> 6);
		out[1] = (char) (0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000)
	{
		out[0] = (char) (0xE0 | code >> 12);
		out[1] = (char) (0x80 | (code >> 6 & 0x3F));
		out[2] = (char) (0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | code >> 18);
	out[1] = (char) (0x80 | (code >> 12 & 0x3F));
	out[2] = (char) (0x80 | (code >> 6 & 0x3F));
	out[3] = (char) (0x80 | (code & 0x3F));
	return 4;
}

/* The four hexadecimal digits at s, which are known to be some. */
static uint32_t
hex4(const char *s)
{
	uint32_t code = 0;

	for (int i = 0; i < 4; i++)
	{
		uint32_t c = (unsigned char) s[i];

		code = code << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return code;
}

/* The character of an escape that is a letter. */
static char
simple_escape(char c)
{
	switch (c)
	{
		case 'b':
			return '\b';
		case 'f':
			return '\f';
		case 'n':
			return '\n';
		case 'r':
			return '\r';
		case 't':
			return '\t';
		default:
			return c;
	}
}

/* Takes the \u escape at *s, or the two of a pair. */
static EtlJsonTextStatus
take_unicode(const char **s, const char *end, uint32_t *code)
{
	const char *p = *s;

	*code = hex4(p + 2);
	*s = p + 6;
	if (*code == 0)
		return ETL_JSON_TEXT_ZERO;
	if (*code < 0xD800 || *code > 0xDFFF)
		return ETL_JSON_TEXT_OK;
	if (*code < 0xDC00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u')
	{
		uint32_t second = hex4(p + 8);

		if (second >= 0xDC00 && second <= 0xDFFF)
		{
			*code = 0x10000 + ((*code & 0x3FF) << 10 | (second & 0x3FF));
			*s = p + 12;
			return ETL_JSON_TEXT_OK;
		}
	}
	return ETL_JSON_TEXT_SURROGATE;
}

EtlJsonTextStatus
etl_json_text(const char *s, size_t n, EtlJsonPutCharacter put, void *arg,
			  char *out, size_t *out_len)
{
	const char *p = s;
	const char *end = s + n;
	char *o = out;

	if (put == NULL)
		put = put_utf8;
	for (;;)
	{
		const char *escape = memchr(p, '\\', (size_t) (end - p));
		size_t plain = (size_t) ((escape ? escape : end) - p);
		EtlJsonTextStatus status;
		uint32_t code;

		memmove(o, p, plain);
		o += plain;
		if (escape == NULL)
			break;
		p = escape;
		if (p[1] != 'u')
		{
			*o++ = simple_escape(p[1]);
			p += 2;
			continue;
		}
		status = take_unicode(&p, end, &code);
		if (status == ETL_JSON_TEXT_OK && code >= 0x80)
		{
			size_t length = put(arg, code, o);

			o += length;
			if (length == 0)
				status = ETL_JSON_TEXT_UNTRANSLATABLE;
		}
		else
			*o++ = (char) code;
		if (status != ETL_JSON_TEXT_OK)
		{
			*out_len = (size_t) (escape - s);
			return status;
		}
	}
	*out_len = (size_t) (o - out);
	return ETL_JSON_TEXT_OK;
}
