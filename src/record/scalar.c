/*
 * scalar.c
 *	  The written forms of scalar values, eight digits a step.
 *
 * Digits are handled as words: eight characters are loaded into one uint64,
 * the first of them in the lowest byte, tested and combined at once.  Fewer
 * characters are loaded with '0' bytes in front, so that one path does for all
 * lengths.
 */
#include "record/scalar.h"

#include <string.h>

#define ALL_ZEROS UINT64_C(0x3030303030303030)
#define ALL_DOTS UINT64_C(0x2E2E2E2E2E2E2E2E)
#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* More digits than any numeric has are no number to us. */
#define MAX_INTEGER_DIGITS 131072
#define MAX_SCALE 16383

static inline uint64_t
load8(const char *s)
{
	uint64_t word;

	memcpy(&word, s, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static inline uint64_t
load4(const char *s)
{
	uint32_t word;

	memcpy(&word, s, 4);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap32(word);
#endif
	return word;
}

/* The 1 to 8 characters at s behind as many '0' as make it eight. */
static inline uint64_t
load_padded(const char *s, size_t n)
{
	unsigned shift = (unsigned) (8 - n) * 8;
	uint64_t word;

	if (n == 8)
		return load8(s);
	if (n >= 4)
		word = load4(s) | load4(s + n - 4) << (n - 4) * 8;
	else
		word = (uint64_t) (unsigned char) s[0] |
			   (uint64_t) (unsigned char) s[n / 2] << (n / 2) * 8 |
			   (uint64_t) (unsigned char) s[n - 1] << (n - 1) * 8;
	return word << shift | ALL_ZEROS >> (64 - shift);
}

/* True if all eight bytes are digits. */
static inline bool
all_digits(uint64_t word)
{
	return ((word & UINT64_C(0xF0F0F0F0F0F0F0F0)) |
			((word + UINT64_C(0x0606060606060606)) &
			 UINT64_C(0xF0F0F0F0F0F0F0F0)) >>
				4) == UINT64_C(0x3333333333333333);
}

/* Eight digits as pairs: four 16-bit lanes, the first in the lowest. */
static inline uint64_t
digit_pairs(uint64_t word)
{
	word &= UINT64_C(0x0F0F0F0F0F0F0F0F);
	return (word * 10 + (word >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
}

static inline uint64_t
digits_value(uint64_t word)
{
	word = (word & UINT64_C(0x0F0F0F0F0F0F0F0F)) * 2561 >> 8;
	word = (word & UINT64_C(0x00FF00FF00FF00FF)) * 6553601 >> 16;
	return (word & UINT64_C(0x0000FFFF0000FFFF)) * UINT64_C(42949672960001) >>
		   32;
}

/* The value of 9 to 19 digits; apart, to keep the common case small. */
static __attribute__((noinline)) bool
parse_many_digits(const char *s, size_t n, uint64_t *value)
{
	uint64_t word;
	uint64_t result;
	size_t first = (n - 1) % 8 + 1;

	word = load_padded(s, first);
	if (!all_digits(word))
		return false;
	result = digits_value(word);
	for (s += first, n -= first; n > 0; s += 8, n -= 8)
	{
		word = load8(s);
		if (!all_digits(word))
			return false;
		result = result * 100000000 + digits_value(word);
	}
	*value = result;
	return true;
}

bool
etl_scalar_int64(const char *s, size_t n, int64_t *value)
{
	bool negative = n > 0 && *s == '-';
	uint64_t magnitude;

	s += negative;
	n -= negative;
	if (n == 0 || n > 19 || (*s == '0' && n > 1))
		return false;
	if (n <= 8)
	{
		uint64_t word = load_padded(s, n);

		magnitude = digits_value(word);
		*value = (int64_t) (negative ? 0 - magnitude : magnitude);
		return all_digits(word);
	}
	if (!parse_many_digits(s, n, &magnitude) ||
		magnitude > (uint64_t) INT64_MAX + negative)
		return false;
	*value = (int64_t) (negative ? 0 - magnitude : magnitude);
	return true;
}

/* The position of the first point among eight characters, or 8. */
static inline unsigned
find_point(uint64_t word)
{
	uint64_t x = word ^ ALL_DOTS;

	/* The lowest flag of the usual test for a zero byte is exact. */
	x = (x - ONES) & ~x & HIGHS;
	return x ? (unsigned) __builtin_ctzll(x) / 8 : 8;
}

/* Takes the character at k out and moves those before it up; first enters. */
static inline uint64_t
remove_at(uint64_t word, unsigned k, uint64_t first)
{
	uint64_t before = (UINT64_C(1) << 8 * k) - 1;
	uint64_t kept = k < 7 ? ~UINT64_C(0) << 8 * (k + 1) : 0;

	return (word & kept) | (word & before) << 8 | first;
}

/* The digits of an unsigned decimal of up to 16 characters, and its scale. */
static inline bool
parse_short_decimal(const char *s, size_t n, uint64_t *digits, int *scale)
{
	uint64_t low;
	uint64_t high;
	unsigned point;

	if (n <= 8)
	{
		low = load_padded(s, n);
		point = find_point(low);
		*scale = 0;
		if (point < 8)
		{
			*scale = 7 - (int) point;
			low = remove_at(low, point, '0');
		}
		*digits = digits_value(low);
		return all_digits(low);
	}

	low = load8(s + n - 8);
	high = load_padded(s, n - 8);
	point = find_point(low);
	*scale = 0;
	if (point < 8)
	{
		*scale = 7 - (int) point;
		low = remove_at(low, point, high >> 56);
		high = high << 8 | '0';
	}
	else if ((point = find_point(high)) < 8)
	{
		*scale = 15 - (int) point;
		high = remove_at(high, point, '0');
	}
	*digits = digits_value(high) * 100000000 + digits_value(low);
	return all_digits(low) && all_digits(high);
}

/* A decimal of any length, without its sign. */
static bool
parse_long_decimal(const char *s, size_t n, EtlDecimal *value)
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

bool
etl_scalar_decimal(const char *s, size_t n, EtlDecimal *value)
{
	bool negative = n > 0 && *s == '-';

	s += negative;
	n -= negative;
	value->negative = negative;
	if (n == 0 || *s == '.' || s[n - 1] == '.' ||
		(*s == '0' && n > 1 && s[1] != '.'))
		return false;
	if (n > 16)
		return parse_long_decimal(s, n, value);
	if (!parse_short_decimal(s, n, &value->digits, &value->scale))
		return false;
	value->integer_digits =
		*s == '0' ? 0 : (int) n - value->scale - (value->scale > 0);
	value->fits = true;
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
	word = load4(s) | (load8(s + 2) >> 24 & UINT64_C(0xFFFF)) << 32 |
		   load8(s + 2) >> 48 << 48;
	if (!all_digits(word))
		return false;
	pairs = digit_pairs(word);
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
			if (++digits > 6)
				return 0;
			fraction += (s[used] - '0') * unit[digits];
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

/* A whole offset from UTC: Z or +HH[[:]MM]. */
static bool
parse_zone(const char *s, size_t n, int32_t *seconds)
{
	int hours;
	int minutes = 0;

	*seconds = 0;
	if (n == 1)
		return *s == 'Z';
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
