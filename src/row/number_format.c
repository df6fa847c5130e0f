/*
 * number_format.c
 *	  Numbers written with a decimal comma or with thousands grouped.
 */
#include "row/number_format.h"

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
etl_number_plain(const EtlNumberFormat *format, const char *s, size_t n,
				 char *out, size_t *out_len)
{
	size_t i = 0;
	size_t o = 0;
	size_t first;

	while (i < n && (s[i] == ' ' || s[i] == '-' || s[i] == '+'))
		out[o++] = s[i++];

	for (first = i; i < n && is_digit(s[i]);)
		out[o++] = s[i++];
	if (format->thousands && i + 1 < n && s[i] == format->thousands &&
		is_digit(s[i + 1]))
	{
		if (i == first || i - first > 3)
			return false;
		while (i + 1 < n && s[i] == format->thousands && is_digit(s[i + 1]))
		{
			size_t group = ++i;

			while (i < n && is_digit(s[i]))
				out[o++] = s[i++];
			if (i - group != 3)
				return false;
		}
	}
	if (i < n && s[i] == format->decimal)
	{
		out[o++] = '.';
		i++;
	}

	/* The fraction, an exponent, blanks, or a word. */
	for (; i < n; i++)
	{
		if (s[i] == format->decimal || s[i] == '.' ||
			(s[i] == format->thousands && s[i] != ' '))
			return false;
		out[o++] = s[i];
	}
	*out_len = o;
	return true;
}
