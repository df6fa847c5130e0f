/*
 * scalar.c
 *	  The written forms of scalar values: those that aren't short numbers.
 */
#include "record/scalar.h"

#include <string.h>

/* More digits than any numeric has are no number to us. */
#define MAX_INTEGER_DIGITS 131072
#define MAX_SCALE 16383

bool
etl_scalar_many_digits(const char *s, size_t n, uint64_t *value)
{
	uint64_t word;
	uint64_t result;
	size_t first = (n - 1) % 8 + 1;

	word = etl_digits_load(s, first);
	if (!etl_digits_all(word))
		return false;
	result = etl_digits_value(word);
	for (s += first, n -= first; n > 0; s += 8, n -= 8)
	{
		word = etl_digits_load8(s);
		if (!etl_digits_all(word))
			return false;
		result = result * 100000000 + etl_digits_value(word);
	}
	*value = result;
	return true;
}

bool
etl_scalar_long_decimal(const char *s, size_t n, EtlDecimal *value)
{
	size_t point = n;
	size_t i;
	uint64_t digits = 0;

	for (i = 0; i < n; i++)
	{
		unsigned digit = (unsigned char) s[i] - (unsigned) '0';

		if (digit <= 9)
			digits = digits * 10 + digit;
		else if (s[i] == '.' && point == n)
			point = i;
		else
			return false;
	}
	value->integer_digits = (int) (point < INT32_MAX ? point : INT32_MAX);
	value->scale = point == n ? 0 : (int) (n - point - 1);
	if (value->integer_digits > MAX_INTEGER_DIGITS || value->scale > MAX_SCALE)
		return false;
	if (*s == '0')
		value->integer_digits = 0;
	value->digits = digits;
	value->fits = value->integer_digits + value->scale <= 18;
	return true;
}

/*
 * The exponent of the number's first digit that is not zero, if it were
 * written as d.ddd; mantissa is a decimal that etl_scalar_decimal accepted.
 * Returns false if all digits are zero.
 */
static bool
leading_exponent(const char *mantissa, size_t n, const EtlDecimal *value,
				 int *exponent)
{
	size_t i;

	if (value->integer_digits > 0)
	{
		*exponent = value->integer_digits - 1;
		return true;
	}
	*exponent = 0;
	for (i = 0; i < n; i++)
	{
		if (mantissa[i] >= '1' && mantissa[i] <= '9')
			return true;
		if (mantissa[i] == '0')
			(*exponent)--;
	}
	return false;
}

bool
etl_scalar_is_float(const char *s, size_t n)
{
	EtlDecimal decimal;
	size_t mantissa;
	int written = 0;
	int exponent;

	for (mantissa = 0; mantissa < n; mantissa++)
		if (s[mantissa] == 'e' || s[mantissa] == 'E')
			break;
	if (!etl_scalar_decimal(s, mantissa, &decimal))
		return false;

	if (mantissa < n)
	{
		size_t i = mantissa + 1;
		bool negative = i < n && s[i] == '-';

		if (i < n && (s[i] == '-' || s[i] == '+'))
			i++;
		if (i == n || n - i > 4)
			return false;
		for (; i < n; i++)
		{
			if (s[i] < '0' || s[i] > '9')
				return false;
			written = written * 10 + (s[i] - '0');
		}
		if (negative)
			written = -written;
	}

	/* One short of the limits, so no rounding crosses them. */
	return !leading_exponent(s, mantissa, &decimal, &exponent) ||
		   (exponent + written > -307 && exponent + written < 308);
}

/* True if n characters are word, which is in lower case, in any case. */
static bool
is_word(const char *s, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((s[i] | 0x20) != word[i])
			return false;
	return true;
}

bool
etl_scalar_bool(const char *s, size_t n, bool *value)
{
	if (n == 0)
		return false;
	*value = (*s | 0x20) == 't' || (*s | 0x20) == 'y';
	switch (n)
	{
		case 1:
			return is_word(s, n, "t") || is_word(s, n, "f");
		case 2:
			return is_word(s, n, "no");
		case 3:
			return is_word(s, n, "yes");
		case 4:
			return is_word(s, n, "true");
		case 5:
			return is_word(s, n, "false");
		default:
			return false;
	}
}

/* Days before each month in ordinary and in leap years. */
static const uint16_t days_before[2][14] = {{0, 0, 31, 59, 90, 120, 151, 181,
											 212, 243, 273, 304, 334, 365},
											{0, 0, 31, 60, 91, 121, 152, 182,
											 213, 244, 274, 305, 335, 366}};

/* Of 2000-01-01 after 0001-01-01. */
#define DAYS_TO_2000 730119

bool
etl_scalar_civil_days(int year, int month, int day, int32_t *days)
{
	int century = year / 100;
	int leap = (year - century * 100 ? year & 3 : century & 3) == 0;
	int past = year - 1;

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
		day > days_before[leap][month + 1] - days_before[leap][month])
		return false;
	*days = 365 * past + past / 4 - past / 100 + past / 400 +
			days_before[leap][month] + day - 1 - DAYS_TO_2000;
	return true;
}

bool
etl_scalar_date(const char *s, size_t n, int32_t *days)
{
	uint64_t word;
	uint64_t pairs;

	if (n != 10 || s[4] != '-' || s[7] != '-')
		return false;

	/* "YYYY-MM-" and "-MM-DD" without their dashes make YYYYMMDD. */
	word = etl_digits_load4(s) |
		   (etl_digits_load8(s + 2) >> 24 & UINT64_C(0xFFFF)) << 32 |
		   etl_digits_load8(s + 2) >> 48 << 48;
	if (!etl_digits_all(word))
		return false;
	pairs = etl_digits_pairs(word);
	return etl_scalar_civil_days((int) ((pairs & 0xFF) * 100 +
										(pairs >> 16 & 0xFF)),
								 (int) (pairs >> 32 & 0xFF),
								 (int) (pairs >> 48), days);
}

/* Two digits as a number, or -1. */
static inline int
two_digits(const char *s)
{
	unsigned tens = (unsigned char) s[0] - (unsigned) '0';
	unsigned ones = (unsigned char) s[1] - (unsigned) '0';

	return tens <= 9 && ones <= 9 ? (int) (tens * 10 + ones) : -1;
}

/*
 * Parses a time at the beginning of s.  Returns how many bytes it takes, 0 if
 * there is none.
 */
static size_t
parse_time(const char *s, size_t n, int64_t *usecs)
{
	static const int32_t unit[] = {0, 100000, 10000, 1000, 100, 10, 1};
	int hour;
	int minute;
	int second = 0;
	int32_t fraction = 0;
	size_t used = 5;

	if (n < 5 || s[2] != ':' || (hour = two_digits(s)) < 0 || hour > 23 ||
		(minute = two_digits(s + 3)) < 0 || minute > 59)
		return 0;
	if (n > 5 && s[5] == ':')
	{
		if (n < 8 || (second = two_digits(s + 6)) < 0 || second > 59)
			return 0;
		used = 8;
	}
	if (used == 8 && n > 8 && s[8] == '.')
	{
		size_t digits = 0;

		for (used = 9; used < n && s[used] >= '0' && s[used] <= '9'; used++)
		{
			if (++digits <= 6)
				fraction += (s[used] - '0') * unit[digits];
			else if (s[used] != '0')
				return 0;
		}
		if (digits == 0)
			return 0;
	}
	*usecs =
		((hour * 60 + minute) * 60 + second) * INT64_C(1000000) + fraction;
	return used;
}

bool
etl_scalar_time(const char *s, size_t n, int64_t *usecs)
{
	return n >= 5 && parse_time(s, n, usecs) == n;
}

/* A whole offset from UTC: Z, or +HH[[:]MM], perhaps behind a blank. */
static bool
parse_zone(const char *s, size_t n, int32_t *seconds)
{
	int hours;
	int minutes = 0;

	*seconds = 0;
	if (n == 1)
		return *s == 'Z';
	if (*s == ' ')
	{
		s++;
		n--;
	}
	if ((*s != '+' && *s != '-') || n < 3 || (hours = two_digits(s + 1)) < 0 ||
		hours > 15)
		return false;
	if (n == 6 && s[3] == ':')
		minutes = two_digits(s + 4);
	else if (n == 5)
		minutes = two_digits(s + 3);
	else if (n != 3)
		return false;
	if (minutes < 0 || minutes > 59)
		return false;
	*seconds = (hours * 60 + minutes) * 60;
	if (*s == '-')
		*seconds = -*seconds;
	return true;
}

bool
etl_scalar_timestamp(const char *s, size_t n, int64_t *usecs, bool *has_zone,
					 int32_t *zone_seconds)
{
	int32_t days;
	int64_t of_day;
	size_t used;

	*zone_seconds = 0;
	if (n < 16 || (s[10] != ' ' && s[10] != 'T') ||
		!etl_scalar_date(s, 10, &days) ||
		(used = parse_time(s + 11, n - 11, &of_day)) == 0)
		return false;
	used += 11;
	*usecs = days * INT64_C(86400000000) + of_day;
	*has_zone = used < n;
	return used == n || parse_zone(s + used, n - used, zone_seconds);
}

/* The value of a hexadecimal digit, or 16 and more. */
static inline unsigned
hex_digit(char c)
{
	unsigned digit = (unsigned char) c - (unsigned) '0';
	unsigned letter = ((unsigned char) c | 0x20) - (unsigned) 'a';

	if (digit <= 9)
		return digit;
	return letter <= 5 ? letter + 10 : 16;
}

bool
etl_scalar_uuid(const char *s, size_t n, uint8_t value[16])
{
	unsigned seen = 0;
	int i;

	if (n != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-')
		return false;
	for (i = 0; i < 16; i++)
	{
		unsigned high;
		unsigned low;

		if (i == 4 || i == 6 || i == 8 || i == 10)
			s++;
		high = hex_digit(s[0]);
		low = hex_digit(s[1]);
		seen |= high | low;
		value[i] = (uint8_t) (high << 4 | low);
		s += 2;
	}
	return seen < 16;
}
