/*
 * sniff_cell.c
 *	  What a cell looks like to somebody who doesn't know its column.
 *
 * Only for detection: the kinds here are broader than the values of
 * record/scalar.h.  "1.234,50 EUR", "31/12/24" and "Jan 5, 2024" are no values
 * that a column could take as they stand, but each is a strong sign that the
 * cell was cut out of its record in the right places.
 */
#include "csv/sniff_private.h"

#include <string.h>

/* Longer cells are text; keeps the work for one cell small. */
#define MAX_TYPED 256

/* As much of a text as is searched for other delimiters. */
#define MAX_SEARCHED 512

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* Takes blanks off both ends. */
void
sniff_trim(const char **s, size_t *n)
{
	while (*n > 0 && is_blank((*s)[0]))
	{
		(*s)++;
		(*n)--;
	}
	while (*n > 0 && is_blank((*s)[*n - 1]))
		(*n)--;
}

/* True if s is one of the words, whatever its case; words are lower case. */
static bool
is_one_of(const char *s, size_t n, const char *const *words)
{
	for (; *words != NULL; words++)
	{
		size_t i = 0;

		while (i < n && (*words)[i] != '\0' && lower(s[i]) == (*words)[i])
			i++;
		if (i == n && (*words)[i] == '\0')
			return true;
	}
	return false;
}

/* Bytes of the currency sign at s, 0 if there is none. */
static size_t
currency_length(const char *s, size_t n)
{
	static const char *const signs[] = {"$",        "\xE2\x82\xAC", "\xC2\xA3",
										"\xC2\xA5", "EUR",          "USD",
										"GBP",      "CHF",          NULL};

	for (int i = 0; signs[i] != NULL; i++)
	{
		size_t length = strlen(signs[i]);

		if (n >= length && memcmp(s, signs[i], length) == 0)
			return length;
	}
	return 0;
}

/* Takes a sign, a currency and their blanks off the number's front. */
static void
strip_number_prefix(const char **s, size_t *n)
{
	for (int i = 0; i < 2 && *n > 0 && !is_digit(**s); i++)
	{
		size_t length = currency_length(*s, *n);

		if (length == 0 && *n > 1 && (**s == '-' || **s == '+'))
			length = 1;
		*s += length;
		*n -= length;
		if (length > 0)
			sniff_trim(s, n);
	}
}

static void
strip_number_suffix(const char *s, size_t *n)
{
	size_t length = 0;

	if (*n < 2 || is_digit(s[*n - 1]))
		return;
	if (s[*n - 1] == '%')
		length = 1;
	else
		for (size_t tail = 1; tail <= 3 && tail < *n; tail++)
			if (currency_length(s + *n - tail, tail) == tail)
				length = tail;
	*n -= length;
	while (length > 0 && *n > 0 && is_blank(s[*n - 1]))
		(*n)--;
}

/* Digits in groups by . , ' or blank, perhaps with an exponent. */
static bool
is_number(const char *s, size_t n)
{
	size_t digits = 0;
	size_t group = 0;
	size_t p = 0;

	strip_number_prefix(&s, &n);
	strip_number_suffix(s, &n);
	for (; p < n; p++)
	{
		if (is_digit(s[p]))
		{
			digits++;
			group++;
			continue;
		}
		if (s[p] == '.' || s[p] == ',')
		{
			/* ".5" and "5." are numbers, "1..2" and "1,,2" aren't. */
			if (p > 0 && !is_digit(s[p - 1]))
				return false;
			if (s[p] == ',' && p + 1 == n)
				return false;
		}
		else if ((s[p] == ' ' || s[p] == '\'') && group > 0 && p + 3 < n &&
				 is_digit(s[p + 1]) && is_digit(s[p + 2]) &&
				 is_digit(s[p + 3]) && group <= 3)
			;
		else
			break;
		group = 0;
	}
	if (digits == 0)
		return false;
	if (p < n && lower(s[p]) == 'e' && is_digit(s[p - 1]))
	{
		p++;
		if (p < n && (s[p] == '+' || s[p] == '-'))
			p++;
		if (p == n)
			return false;
		while (p < n && is_digit(s[p]))
			p++;
	}
	return p == n;
}

/* Reads up to max digits; returns how many. */
static size_t
read_digits(const char *s, size_t n, size_t max, int *value)
{
	size_t p = 0;

	*value = 0;
	while (p < n && p < max && is_digit(s[p]))
		*value = *value * 10 + (s[p++] - '0');
	return p;
}

/*
 * Hours and minutes, perhaps seconds, a fraction, AM or PM and a zone.  A
 * duration may have more hours than a day.
 */
static bool
is_time(const char *s, size_t n)
{
	int value;
	size_t p = read_digits(s, n, 4, &value);

	if (p == 0)
		return false;
	for (int group = 0; group < 2; group++)
	{
		if (p + 2 < n && s[p] == ':' &&
			read_digits(s + p + 1, n - p - 1, 2, &value) == 2 && value <= 60)
			p += 3;
		else if (group == 0)
			return false;
	}
	if (p < n && (s[p] == '.' || s[p] == ',') && p + 1 < n &&
		is_digit(s[p + 1]))
		for (p++; p < n && is_digit(s[p]);)
			p++;
	if (p < n && s[p] == ' ')
		p++;
	if (n - p == 2 && lower(s[p + 1]) == 'm' &&
		(lower(s[p]) == 'a' || lower(s[p]) == 'p'))
		return true;
	if (p < n && s[p] == 'Z')
		return p + 1 == n;
	if (p < n && (s[p] == '+' || s[p] == '-'))
		for (p++; p < n && (is_digit(s[p]) || s[p] == ':');)
			p++;
	return p == n;
}

/* Bytes of the month's or weekday's English name at s. */
static size_t
calendar_name_length(const char *s, size_t n)
{
	static const char *const names[] = {"jan", "feb", "mar", "apr", "may",
										"jun", "jul", "aug", "sep", "oct",
										"nov", "dec", "mon", "tue", "wed",
										"thu", "fri", "sat", "sun", NULL};
	size_t p = 0;

	if (n < 3)
		return 0;
	for (int i = 0; names[i] != NULL; i++)
		if (lower(s[0]) == names[i][0] && lower(s[1]) == names[i][1] &&
			lower(s[2]) == names[i][2])
			p = 3;
	while (p > 0 && p < n && is_alpha(s[p]))
		p++;
	return p <= 9 ? p : 0;
}

/* Day, month and year written with an English name: "Mon, 5 Jan 2024". */
static size_t
named_date_length(const char *s, size_t n)
{
	size_t p = 0;
	size_t digits = 0;
	int groups = 0;
	int names = 0;

	while (p < n && groups + names < 4)
	{
		size_t length;
		int value;

		if (is_digit(s[p]))
		{
			length = read_digits(s + p, n - p, 4, &value);
			digits += length;
			groups++;
		}
		else
		{
			length = calendar_name_length(s + p, n - p);
			names++;
		}
		if (length == 0)
			return 0;
		p += length;
		if (groups == 2 && names > 0)
			break;
		while (p < n && (s[p] == ' ' || s[p] == '-' || s[p] == ',' ||
						 s[p] == '/' || s[p] == '.'))
			p++;
	}
	return groups == 2 && names > 0 && digits >= 3 ? p : 0;
}

/* Three groups of digits with one separator: 2024-01-05, 5.1.24, 01/05/2024. */
static size_t
numeric_date_length(const char *s, size_t n)
{
	int values[3];
	size_t lengths[3];
	size_t p = 0;
	char separator = '\0';

	for (int i = 0; i < 3; i++)
	{
		lengths[i] = read_digits(s + p, n - p, 4, &values[i]);
		p += lengths[i];
		if (lengths[i] == 0 || i == 2)
			break;
		if (p + 1 >= n || (s[p] != '-' && s[p] != '/' && s[p] != '.') ||
			(separator != '\0' && s[p] != separator))
			return 0;
		separator = s[p++];
	}
	if (lengths[0] == 0 || lengths[1] == 0 || lengths[1] > 2 ||
		lengths[2] == 0)
		return 0;
	if (lengths[0] == 4)
		return values[1] <= 12 && lengths[2] <= 2 && values[2] <= 31 ? p : 0;
	if (lengths[0] > 2 || values[0] > 31 || values[1] > 31 ||
		lengths[2] == 3 || lengths[2] == 1)
		return 0;
	return values[0] <= 12 || values[1] <= 12 ? p : 0;
}

static bool
is_date(const char *s, size_t n)
{
	size_t p = is_digit(s[0]) ? numeric_date_length(s, n) : 0;

	if (p == 0)
		p = named_date_length(s, n);
	if (p == 0 || p == n)
		return p > 0;
	if (s[p] != ' ' && s[p] != 'T' && s[p] != ',')
		return false;
	while (p < n && (s[p] == ' ' || s[p] == 'T' || s[p] == ','))
		p++;
	return is_time(s + p, n - p);
}

/* Hexadecimal digits in groups of 8-4-4-4-12. */
static bool
is_uuid(const char *s, size_t n)
{
	if (n != 36)
		return false;
	for (size_t p = 0; p < n; p++)
	{
		bool dash = p == 8 || p == 13 || p == 18 || p == 23;
		char c = lower(s[p]);

		if (dash ? c != '-' : !(is_digit(c) || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

static bool
is_ipv4(const char *s, size_t n)
{
	size_t p = 0;
	int value;

	for (int group = 0; group < 4; group++)
	{
		size_t length = read_digits(s + p, n - p, 3, &value);

		if (length == 0 || value > 255)
			return false;
		p += length;
		if (group < 3 && (p >= n || s[p++] != '.'))
			return false;
	}
	return p == n;
}

/* Name, '@' and a domain with a dot. */
static bool
is_email(const char *s, size_t n)
{
	const char *at = memchr(s, '@', n);
	bool dot = false;

	if (at == NULL || at == s || memchr(s, ':', n) != NULL ||
		memchr(s, ',', n) != NULL || memchr(s, ';', n) != NULL)
		return false;
	for (const char *p = at + 1; p < s + n; p++)
	{
		dot |= *p == '.';
		if (*p != '.' && *p != '-' && !is_alpha(*p) && !is_digit(*p) &&
			(unsigned char) *p < 0x80)
			return false;
	}
	return dot;
}

/* URL, e-mail address, absolute path, UUID, IPv4: one word of a known form. */
static bool
is_address(const char *s, size_t n)
{
	const char *colon;

	if (memchr(s, ' ', n) != NULL)
		return false;
	if (n > 4 && memcmp(s, "www.", 4) == 0)
		return true;
	if (s[0] == '/' && n > 1)
		return memchr(s, ',', n) == NULL && memchr(s, ';', n) == NULL;
	if (is_uuid(s, n) || (is_digit(s[0]) && is_ipv4(s, n)))
		return true;
	colon = memchr(s, ':', n);
	if (colon != NULL && colon > s + 1 && s + n - colon > 3 &&
		colon[1] == '/' && colon[2] == '/')
	{
		size_t p = 0;

		while (is_alpha(s[p]) || is_digit(s[p]) || s[p] == '+' || s[p] == '.')
			p++;
		return s + p == colon && is_alpha(s[0]);
	}
	return is_email(s, n);
}

/* True if the text shows a delimiter where prose has none. */
static bool
is_mixed(const char *s, size_t n)
{
	if (n > MAX_SEARCHED)
		n = MAX_SEARCHED;
	for (size_t p = 0; p < n; p++)
	{
		char c = s[p];

		if (c == '|' || c == '~' || c == '^' ||
			(c >= 0x01 && c <= 0x1f && c != '\n' && c != '\r'))
			return true;
		if ((c == ',' || c == ';') && (p + 1 == n || s[p + 1] != ' '))
			return true;
	}
	return false;
}

/* A text of nothing but punctuation says as much as an empty one. */
static SniffKind
text_kind(const char *s, size_t n)
{
	bool word = true;
	bool letters = false;

	for (size_t p = 0; p < n && (word || !letters); p++)
	{
		char c = s[p];

		if (is_alpha(c) || is_digit(c) || (unsigned char) c >= 0x80)
			letters = true;
		else if (c != '_' && c != '-' && c != '.')
			word = false;
	}
	if (!letters)
		return SNIFF_EMPTY;
	if (word)
		return SNIFF_WORD;
	return is_mixed(s, n) ? SNIFF_MIXED : SNIFF_TEXT;
}

/* What n bytes look like, blanks around them aside. */
SniffKind
sniff_kind(const char *s, size_t n)
{
	static const char *const nulls[] = {"na",   "n/a", "null", "nan",
										"none", "nil", "\\n",  "-",
										"--",   "?",   NULL};
	static const char *const bools[] = {"true", "false", NULL};

	sniff_trim(&s, &n);
	if (n == 0)
		return SNIFF_EMPTY;
	if (n > MAX_TYPED)
		return text_kind(s, n);
	if (n <= 4 && is_one_of(s, n, nulls))
		return SNIFF_EMPTY;

	/* A value in quotes that aren't the file's is a value all the same. */
	if (n > 2 && (s[0] == '\'' || s[0] == '"') && s[n - 1] == s[0])
	{
		s++;
		n -= 2;
	}
	if (is_number(s, n))
		return SNIFF_NUMBER;
	if ((is_digit(s[0]) || calendar_name_length(s, n) > 0) && is_date(s, n))
		return SNIFF_DATE;
	if (is_digit(s[0]) && is_time(s, n))
		return SNIFF_TIME;
	if (n <= 5 && is_one_of(s, n, bools))
		return SNIFF_BOOL;
	if (is_address(s, n))
		return SNIFF_ADDRESS;
	return text_kind(s, n);
}

/*
 * A fingerprint of how a cell is built: its classes of characters (upper,
 * lower, digits, each other byte) in order, repetitions left out.  "AB-1234" and
 * "ZQX-7" have the same shape.
 */
uint64_t
sniff_shape(const char *s, size_t n)
{
	uint64_t shape = 14695981039346656037ULL;
	unsigned char last = 0;

	sniff_trim(&s, &n);
	if (n > MAX_TYPED)
		n = MAX_TYPED;
	for (size_t p = 0; p < n; p++)
	{
		unsigned char c = (unsigned char) s[p];

		if (is_digit(s[p]))
			c = '0';
		else if (c >= 0x80 || (c >= 'a' && c <= 'z'))
			c = 'a';
		else if (c >= 'A' && c <= 'Z')
			c = 'A';
		if (c != last)
			shape = (shape ^ c) * 1099511628211ULL;
		last = c;
	}
	return shape;
}

/*
 * True if the text could be a column's name: no value of a known form, no
 * sentence, and more letters than digits.
 */
bool
sniff_is_name(const char *s, size_t n)
{
	int letters = 0;
	int digits = 0;
	int blanks = 0;

	sniff_trim(&s, &n);
	if (n == 0 || sniff_is_typed(sniff_kind(s, n)))
		return false;
	for (size_t p = 0; p < n; p++)
	{
		letters += is_alpha(s[p]) || (unsigned char) s[p] >= 0x80;
		digits += is_digit(s[p]);
		blanks += s[p] == ' ';
	}
	return letters > digits && blanks <= 7 &&
		   (s[n - 1] != '.' || blanks == 0) && s[n - 1] != '!' &&
		   s[n - 1] != ',' && s[n - 1] != ';';
}
