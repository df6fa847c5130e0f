/*
 * mask.c
 *	  Hiding secrets in a text that others wrote.
 */
#include "http/mask.h"

#include <string.h>

/* A shorter secret is looked for as a word only: it would be everywhere. */
#define SHORTEST 4

/* A URL within a URL is encoded twice. */
#define DEEPEST_ENCODING 2

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte at the text's beginning, decoded so many times, and its length. */
static char
decode_byte(const char *text, size_t len, int times, size_t *n)
{
	size_t i = 1;

	*n = 1;
	if (times == 0 || text[0] != '%')
		return text[0];
	while (--times > 0 && i + 4 <= len && memcmp(text + i, "25", 2) == 0)
		i += 2;
	if (i + 2 > len || hex_digit(text[i]) < 0 || hex_digit(text[i + 1]) < 0)
		return text[0];
	*n = i + 2;
	return (char) (hex_digit(text[i]) * 16 + hex_digit(text[i + 1]));
}

static int
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		   (c >= 'A' && c <= 'Z') || (unsigned char) c >= 0x80;
}

/* True if what stands from one place to another is a word by itself. */
static int
stands_alone(const char *text, size_t len, size_t from, size_t to)
{
	int is_begin = from == 0 || !is_word(text[from - 1]) ||
				   (from >= 3 && text[from - 3] == '%');

	return is_begin && (to == len || !is_word(text[to]));
}

/* How much of the text is the secret, encoded so many times; 0 for none. */
static size_t
match(const char *text, size_t len, const char *secret, size_t secret_len,
	  int times)
{
	size_t i = 0;
	size_t n;

	for (size_t k = 0; k < secret_len && i < len; k++)
	{
		if (decode_byte(text + i, len - i, times, &n) != secret[k])
			return 0;
		i += n;
	}
	return i;
}

void
etl_http_mask(char *text, size_t len, const char *secret, size_t secret_len)
{
	int is_short = secret_len < SHORTEST;
	size_t least = is_short ? secret_len : SHORTEST;
	size_t i = 0;

	if (secret_len == 0)
		return;
	while (i + least <= len)
	{
		size_t n = 0;

		for (int times = 0; n == 0 && times <= DEEPEST_ENCODING; times++)
			n = match(text + i, len - i, secret, secret_len, times);
		if (is_short && !stands_alone(text, len, i, i + n))
			n = 0;
		memset(text + i, '*', n);
		i += n > 0 ? n : 1;
	}
}
