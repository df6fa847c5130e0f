/*
 * sigv4_canonical.c
 *	  Paths and queries in the form that AWS signs.
 */
#include "http/sigv4_canonical.h"

#include <stdlib.h>
#include <string.h>

/* Returns -1 if c is no hexadecimal digit. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		   (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
		   c == '~';
}

/* Appends a byte, encoded unless it is unreserved. */
static char *
put_encoded(char *out, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	if (is_unreserved(c))
		*out++ = (char) c;
	else
	{
		*out++ = '%';
		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
	}
	return out;
}

/* Takes a byte that may be percent-encoded. */
static unsigned char
take_decoded(const char **in, const char *end)
{
	const char *s = *in;
	int high = *s == '%' && end - s > 2 ? hex_value(s[1]) : -1;
	int low = high < 0 ? -1 : hex_value(s[2]);

	*in += low < 0 ? 1 : 3;
	return (unsigned char) (low < 0 ? *s : high * 16 + low);
}

void
etl_sigv4_path(const char *path, EtlSigv4Encoding encoding, char *out)
{
	const char *end = path + strlen(path);

	while (path < end)
	{
		bool slash = *path == '/';
		unsigned char c = (unsigned char) *path;

		if (encoding == ETL_SIGV4_AGAIN)
			path++;
		else
			c = take_decoded(&path, end);
		if (slash || (c == '/' && encoding == ETL_SIGV4_OBJECT))
			*out++ = '/';
		else
			out = put_encoded(out, c);
	}
	*out = '\0';
}

/* Encodes a name or value behind out, with a final zero. */
static char *
put_part(char *out, const char *in, const char *end)
{
	while (in < end)
	{
		if (*in == '+')
		{
			out = put_encoded(out, ' ');
			in++;
		}
		else
			out = put_encoded(out, take_decoded(&in, end));
	}
	*out++ = '\0';
	return out;
}

static int
compare_params(const void *a, const void *b)
{
	const EtlSigv4Param *left = a;
	const EtlSigv4Param *right = b;
	int order = strcmp(left->name, right->name);

	return order != 0 ? order : strcmp(left->value, right->value);
}

void
etl_sigv4_query(const char *query, char *out, char *work,
				EtlSigv4Param *params)
{
	size_t n = 0;

	while (*query != '\0')
	{
		const char *end = query + strcspn(query, "&");
		const char *equals = memchr(query, '=', (size_t) (end - query));
		const char *name_end = equals != NULL ? equals : end;

		if (end > query)
		{
			params[n].name = work;
			work = put_part(work, query, name_end);
			params[n].value = work;
			work = put_part(work, equals != NULL ? equals + 1 : end, end);
			n++;
		}
		query = *end != '\0' ? end + 1 : end;
	}

	qsort(params, n, sizeof(*params), compare_params);
	for (size_t i = 0; i < n; i++)
	{
		if (i > 0)
			*out++ = '&';
		strcpy(out, params[i].name);
		out += strlen(out);
		*out++ = '=';
		strcpy(out, params[i].value);
		out += strlen(out);
	}
	*out = '\0';
}
