/*
 * scalar.h
 *	  The written forms of scalar values: one strictness for everybody.
 *
 * Each function decides whether n bytes of text are a value of one kind in its
 * plain written form, and if so yields the value.  Sniffing, inference and
 * conversion all ask here, so what inference calls an integer, conversion
 * accepts as an integer.  "Plain" is narrower than PostgreSQL's input
 * functions: no surrounding blanks, no words such as 'today', no leading plus,
 * no leading zeros before other digits (a number would lose both, and telephone
 * numbers and codes need them).  What is refused here may still be accepted by the input
 * function; nothing that is accepted here has another value there.
 *
 * Plain C, no palloc, no ereport: unit tests and fuzzers link it.  No byte
 * outside [s, s + n) is read unless a function says so.
 */
#ifndef ETL_SCALAR_H
#define ETL_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/digits.h"

/* The value of 9 to 19 digits; false if they aren't. */
extern bool etl_scalar_many_digits(const char *s, size_t n, uint64_t *value);

/* Optional '-', 1 to 19 digits; false also on overflow. */
static inline bool
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
		uint64_t word = etl_digits_load(s, n);

		magnitude = etl_digits_value(word);
		*value = (int64_t) (negative ? 0 - magnitude : magnitude);
		return etl_digits_all(word);
	}
	if (!etl_scalar_many_digits(s, n, &magnitude) ||
		magnitude > (uint64_t) INT64_MAX + negative)
		return false;
	*value = (int64_t) (negative ? 0 - magnitude : magnitude);
	return true;
}

/* The same, faster, with slack; see digits.h. */
static inline bool
etl_scalar_int64_slack(const char *s, size_t n, int64_t *value)
{
	bool negative = *s == '-';
	const char *digits = s + negative;
	size_t ndigits = n - negative;
	uint64_t magnitude;
	uint64_t word;

	if (n == 0 || ndigits - 1 >= 8 || (*digits == '0' && ndigits > 1))
		return etl_scalar_int64(s, n, value);
	word = etl_digits_load_back(digits, ndigits);
	magnitude = etl_digits_value(word);
	*value = (int64_t) (negative ? 0 - magnitude : magnitude);
	return etl_digits_all(word);
}

/*
 * A decimal number: optional '-', digits, optional point with digits.  No
 * leading zeros but a single one; no more digits than numeric can hold.
 * etl_scalar_is_float also takes an exponent, and refuses what is too large or
 * too small for double precision.
 */
typedef struct EtlDecimal
{
	bool negative;
	int integer_digits; /* before the point; none for a single zero */
	int scale;          /* digits after the point */
	uint64_t digits;    /* all digits as one integer, if few enough */
	bool fits;          /* digits holds them (at most 18) */
} EtlDecimal;

/* One of any length, without its sign; sets all but negative. */
extern bool etl_scalar_long_decimal(const char *s, size_t n,
									EtlDecimal *value);

static inline bool
etl_scalar_decimal(const char *s, size_t n, EtlDecimal *value)
{
	bool negative = n > 0 && *s == '-';
	uint64_t high;
	uint64_t low;

	s += negative;
	n -= negative;
	value->negative = negative;
	if (n == 0 || *s == '.' || s[n - 1] == '.' ||
		(*s == '0' && n > 1 && s[1] != '.'))
		return false;
	if (n > 16)
		return etl_scalar_long_decimal(s, n, value);
	if (!etl_digits_split(s, n, false, &high, &low, &value->scale))
		return false;
	value->digits = etl_digits_value(high) * 100000000 + etl_digits_value(low);
	value->integer_digits =
		*s == '0' ? 0 : (int) n - value->scale - (value->scale > 0);
	value->fits = true;
	return true;
}

extern bool etl_scalar_is_float(const char *s, size_t n);

/* true, false, t, f, yes, no in any case; not 1, 0, y, n, on, off. */
extern bool etl_scalar_bool(const char *s, size_t n, bool *value);

/* YYYY-MM-DD, a day that exists; days since 2000-01-01. */
extern bool etl_scalar_date(const char *s, size_t n, int32_t *days);

/* The same for a year (1 to 9999), month and day given as numbers. */
extern bool etl_scalar_civil_days(int year, int month, int day, int32_t *days);

/*
 * HH:MM[:SS[.ffffff]], more digits only if they are zeros; microseconds since
 * midnight.
 */
extern bool etl_scalar_time(const char *s, size_t n, int64_t *usecs);

/*
 * YYYY-MM-DD, a blank or T, a time, and optionally Z, or +HH[[:]MM] perhaps
 * behind a blank; the value is microseconds since 2000-01-01 of the local
 * reading, has_zone and zone_seconds (east positive) tell the offset if one was
 * written.
 */
extern bool etl_scalar_timestamp(const char *s, size_t n, int64_t *usecs,
								 bool *has_zone, int32_t *zone_seconds);

/* 8-4-4-4-12 hexadecimal digits. */
extern bool etl_scalar_uuid(const char *s, size_t n, uint8_t value[16]);

#endif
