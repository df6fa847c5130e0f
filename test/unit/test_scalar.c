/*
 * test_scalar.c
 *	  Unit tests of record/scalar.c: each parser against a slow reference.
 *
 * Prints TAP; exits with 1 if a test fails.
 */
#include "record/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 300000

static int tests = 0;
static int failures = 0;
static uint64_t seed = UINT64_C(0x9E3779B97F4A7C15);

static void
report(bool ok, const char *name)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++tests, name);
	failures += !ok;
}

static unsigned
random_below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned) (seed >> 33) % n;
}

/*
 * Every value is parsed from a block of its exact size, so that a sanitizer
 * sees any byte read outside.
 */
static char *
exact_copy(const char *s)
{
	size_t n = strlen(s);
	char *copy = malloc(n ? n : 1);

	memcpy(copy, s, n);
	return copy;
}

static void
random_text(char *out, const char *alphabet, unsigned longest)
{
	unsigned n = random_below(longest + 1);
	unsigned i;

	for (i = 0; i < n; i++)
		out[i] = alphabet[random_below((unsigned) strlen(alphabet))];
	out[n] = '\0';
}

/* "-"? then 0, or digits that do not begin with 0; returns how many bytes. */
static size_t
reference_integer(const char *s)
{
	const char *start = s;

	if (*s == '-')
		s++;
	if (*s == '0')
		return (size_t) (s - start) + 1;
	if (!isdigit((unsigned char) *s))
		return 0;
	while (isdigit((unsigned char) *s))
		s++;
	return (size_t) (s - start);
}

static bool
reference_int64(const char *s, int64_t *value)
{
	size_t used = reference_integer(s);

	if (used == 0 || s[used] != '\0')
		return false;
	errno = 0;
	*value = strtoll(s, NULL, 10);
	return errno == 0;
}

static bool
reference_decimal(const char *s, EtlDecimal *value)
{
	size_t used = reference_integer(s);
	const char *p;

	if (used == 0)
		return false;
	memset(value, 0, sizeof *value);
	value->negative = *s == '-';
	value->integer_digits = (int) used - value->negative;
	if (s[value->negative] == '0')
		value->integer_digits = 0;
	if (s[used] == '.')
	{
		value->scale = (int) strspn(s + used + 1, "0123456789");
		if (value->scale == 0)
			return false;
		used += 1 + (size_t) value->scale;
	}
	if (s[used] != '\0')
		return false;
	value->fits = value->integer_digits + value->scale <= 18;
	for (p = s; value->fits && *p; p++)
		if (isdigit((unsigned char) *p))
			value->digits = value->digits * 10 + (uint64_t) (*p - '0');
	return true;
}

static bool
same_int64(const char *s)
{
	char *copy = exact_copy(s);
	int64_t expected = 0;
	int64_t got = 0;
	bool accept = reference_int64(s, &expected);
	bool ok = etl_scalar_int64(copy, strlen(s), &got) == accept &&
			  (!accept || got == expected);

	free(copy);
	if (!ok)
		printf("# int64 \"%s\"\n", s);
	return ok;
}

static bool
same_decimal(const char *s)
{
	char *copy = exact_copy(s);
	EtlDecimal expected;
	EtlDecimal got;
	bool accept = reference_decimal(s, &expected);
	bool ok = etl_scalar_decimal(copy, strlen(s), &got) == accept;

	if (ok && accept)
		ok = got.negative == expected.negative &&
			 got.integer_digits == expected.integer_digits &&
			 got.scale == expected.scale && got.fits == expected.fits &&
			 (!got.fits || got.digits == expected.digits);
	free(copy);
	if (!ok)
		printf("# decimal \"%s\"\n", s);
	return ok;
}

static void
test_int64(void)
{
	static const char *const cases[] = {"",
										"-",
										"0",
										"-0",
										"00",
										"01",
										"+1",
										" 1",
										"1 ",
										"1a",
										"9223372036854775807",
										"9223372036854775808",
										"-9223372036854775808",
										"-9223372036854775809",
										"9999999999999999999",
										"12345678901234567890"};
	char text[64];
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		ok &= same_int64(cases[i]);
	report(ok, "integers: limits and forms");

	for (ok = true, i = 0; i < ROUNDS; i++)
	{
		random_text(text, i & 1 ? "0123456789" : "0123456789-:/", 20);
		ok &= same_int64(text);
		snprintf(text, sizeof text, "%lld",
				 (long long) ((int64_t) seed >> random_below(64)));
		ok &= same_int64(text);
	}
	report(ok, "integers: random");
}

static void
test_decimal(void)
{
	static const char *const cases[] = {"0",
										"0.0",
										"-0.00",
										".5",
										"5.",
										"00.5",
										"1.2.3",
										"1..2",
										"-",
										"-.",
										"1e5",
										"12345678.12345678",
										"1234567.1234567",
										"1234567890123456",
										"123456789012345678",
										"1234567890123456789",
										"0.123456789012345678",
										"0.1234567890123456789",
										"+1.0"};
	char text[64];
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		ok &= same_decimal(cases[i]);
	report(ok, "decimals: forms");

	for (ok = true, i = 0; i < ROUNDS; i++)
	{
		random_text(text, i & 1 ? "0123456789" : "0123456789.-", 22);
		ok &= same_decimal(text);
		if (strlen(text) > 2)
			text[random_below((unsigned) strlen(text))] = '.';
		ok &= same_decimal(text);
	}
	report(ok, "decimals: random");
}

static bool
is_float(const char *s)
{
	char *copy = exact_copy(s);
	bool result = etl_scalar_is_float(copy, strlen(s));

	free(copy);
	return result;
}

static void
test_float(void)
{
	static const char *const good[] = {"1",      "-1.5",     "1e5",
									   "1E+5",   "1.5e-300", "0e9999",
									   "0.0001", "1e307",    "0.001e-300"};
	static const char *const bad[] = {"",        "e5",          "1e",
									  "1e+",     "NaN",         "1e400",
									  "1e308",   "0.0001e-305", "1e-400",
									  "1e55555", "1.e5",        "1e5.0"};
	char text[64];
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		ok &= is_float(good[i]);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok &= !is_float(bad[i]);
	report(ok, "floats: forms and limits");

	for (ok = true, i = 0; i < ROUNDS; i++)
	{
		char *end;
		double value;

		random_text(text, "0123456789.e-", 14);
		if (!is_float(text))
			continue;
		errno = 0;
		value = strtod(text, &end);
		ok &= *end == '\0' && errno == 0 && isfinite(value);
	}
	report(ok, "floats: what is accepted, strtod accepts");
}

static void
test_bool(void)
{
	static const char *const good[] = {"true", "False", "T", "f", "YES", "no"};
	static const char *const bad[] = {"",     "1",    "0",    "y",
									  "n",    "on",   "off",  "tru",
									  "yes ", "nope", "true1"};
	bool ok = true;
	bool value;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		ok &= etl_scalar_bool(good[i], strlen(good[i]), &value) &&
			  value == (i % 2 == 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok &= !etl_scalar_bool(bad[i], strlen(bad[i]), &value);
	report(ok, "booleans");
}

static bool
parse_date(const char *s, int32_t *days)
{
	char *copy = exact_copy(s);
	bool result = etl_scalar_date(copy, strlen(s), days);

	free(copy);
	return result;
}

/* Counts through every day of 9999 years. */
static void
test_date_all(void)
{
	static const int length[] = {31, 28, 31, 30, 31, 30,
								 31, 31, 30, 31, 30, 31};
	int32_t expected = -730119;
	bool ok = true;
	int year;
	int month;
	int day;

	for (year = 0; year <= 9999; year++)
		for (month = 0; month <= 13; month++)
			for (day = 0; day <= 32; day++)
			{
				char text[48];
				int32_t days;
				bool leap =
					year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
				bool exists = year > 0 && month >= 1 && month <= 12 &&
							  day >= 1 &&
							  day <= length[month - 1] + (month == 2 && leap);

				/* Few of the days that don't exist are enough. */
				if (!exists && year > 100 && day > 0 && day < 29)
					continue;
				snprintf(text, sizeof text, "%04d-%02d-%02d", year, month,
						 day);
				ok &= etl_scalar_date(text, 10, &days) == exists &&
					  (!exists || days == expected);
				expected += exists;
			}
	report(ok, "dates: every day");
}

static void
test_date_forms(void)
{
	static const char *const bad[] = {
		"",           "2024-1-01",  "2024-01-1",  "2024/01/01", "2024-01-01 ",
		"20240101",   "2024-0a-01", "202a-01-01", "2024-01-0:", "-024-01-01",
		"2024-02-30", "2024--1-01"};
	int32_t days;
	bool ok;
	size_t i;

	ok = parse_date("2000-01-01", &days) && days == 0;
	ok &= parse_date("2024-02-29", &days) && days == 8825;
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok &= !parse_date(bad[i], &days);
	report(ok, "dates: forms");
}

static bool
time_is(const char *s, int64_t expected)
{
	char *copy = exact_copy(s);
	int64_t usecs = -1;
	bool result = etl_scalar_time(copy, strlen(s), &usecs);

	free(copy);
	return result == (expected >= 0) && (!result || usecs == expected);
}

static void
test_time(void)
{
	static const char *const bad[] = {
		"",          "1:00",      "24:00",
		"12:60",     "12:00:60",  "12:00:",
		"12:00:00.", "12:00:0",   "12:00:00.1234567",
		"12:00.5",   "12:00:00x", "ab:cd"};
	bool ok;
	size_t i;

	ok = time_is("00:00", 0);
	ok &= time_is("23:59", INT64_C(86340000000));
	ok &= time_is("12:34:56", INT64_C(45296000000));
	ok &= time_is("12:34:56.5", INT64_C(45296500000));
	ok &= time_is("12:34:56.000001", INT64_C(45296000001));
	ok &= time_is("12:34:56.500000000", INT64_C(45296500000));
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok &= time_is(bad[i], -1);
	report(ok, "times");
}

static bool
timestamp_is(const char *s, int64_t expected, bool zone, int32_t offset)
{
	char *copy = exact_copy(s);
	int64_t usecs;
	bool has_zone = false;
	int32_t seconds = 0;
	bool result =
		etl_scalar_timestamp(copy, strlen(s), &usecs, &has_zone, &seconds) &&
		usecs == expected && has_zone == zone && seconds == offset;

	free(copy);
	return result;
}

static void
test_timestamp(void)
{
	static const char *const bad[] = {"",
									  "2024-01-01",
									  "2024-01-01 ",
									  "2024-01-01 1:00",
									  "2024-01-01  10:00",
									  "2024-01-01t10:00",
									  "2024-01-01 10:00+16",
									  "2024-01-01 10:00+1",
									  "2024-01-01 10:00+1:00",
									  "2024-01-01 10:00+01:60",
									  "2024-01-01 10:00+01:0",
									  "2024-01-01 10:00 Z",
									  "2024-01-01 10:00 ",
									  "2024-01-01 10:00 +",
									  "2024-01-01 10:00  +01",
									  "2024-01-01 10:00z",
									  "2024-01-01 10:00 UTC",
									  "2024-02-30 10:00",
									  "2024-01-01 10:00:00.1234567",
									  "2024-01-01 10:00:00+x0",
									  "2024-01-01 10:00:00+01:00:00"};
	bool ok;
	int64_t usecs;
	bool has_zone;
	int32_t seconds;
	size_t i;

	ok = timestamp_is("2000-01-01 00:00", 0, false, 0);
	ok &= timestamp_is("1999-12-31T23:59:59.999999", -1, false, 0);
	ok &= timestamp_is("2000-01-02 00:00:01Z", INT64_C(86401000000), true, 0);
	ok &= timestamp_is("2000-01-01 00:00+05", 0, true, 18000);
	ok &= timestamp_is("2000-01-01 00:00-0530", 0, true, -19800);
	ok &= timestamp_is("2000-01-01 00:00:00.0000000 +01:00", 0, true, 3600);
	ok &= timestamp_is("2000-01-01 00:00:00.5+05:45", 500000, true, 20700);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
	{
		char *copy = exact_copy(bad[i]);

		ok &= !etl_scalar_timestamp(copy, strlen(bad[i]), &usecs, &has_zone,
									&seconds);
		free(copy);
	}
	report(ok, "timestamps");
}

static void
test_uuid(void)
{
	static const char good[] = "0123ABcd-4567-89ab-cdef-0123456789aB";
	static const uint8_t expected[16] = {0x01, 0x23, 0xab, 0xcd, 0x45, 0x67,
										 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23,
										 0x45, 0x67, 0x89, 0xab};
	uint8_t value[16];
	bool ok;
	size_t i;

	ok = etl_scalar_uuid(good, 36, value) && memcmp(value, expected, 16) == 0;
	ok &= !etl_scalar_uuid(good, 35, value);
	for (i = 0; i < 36; i++)
	{
		char *copy = exact_copy(good);

		copy[i] = 'g';
		ok &= !etl_scalar_uuid(copy, 36, value);
		copy[i] = good[i] == '-' ? '0' : '-';
		ok &= !etl_scalar_uuid(copy, 36, value);
		free(copy);
	}
	report(ok, "uuids");
}

int
main(void)
{
	test_int64();
	test_decimal();
	test_float();
	test_bool();
	test_date_all();
	test_date_forms();
	test_time();
	test_timestamp();
	test_uuid();
	printf("1..%d\n", tests);
	return failures > 0;
}
