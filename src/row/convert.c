/*
 * convert.c
 *	  Text to Datum, the fast way.
 *
 * Numerics are built in the format they have on disk, which has been the same
 * since PostgreSQL 9.1: after the length word, 16 bits of header and then the
 * digits to base 10000.  Only the short header is made, for values of at most
 * 18 decimal digits.
 */
#include "postgres.h"

#include <float.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "compat.h"
#include "record/scalar.h"
#include "row/convert.h"
#include "row/copy.h"

/* Type modifiers of varchar, char and numeric have this added. */
#define TYPMOD_OFFSET VARHDRSZ

/* Of numeric's short header. */
#define SHORT_NUMERIC 0x8000
#define SHORT_NEGATIVE 0x2000
#define SHORT_SCALE_SHIFT 7
#define SHORT_SCALE_MAX 63
#define SHORT_WEIGHT_SIGN 0x0040
#define SHORT_WEIGHT_MASK 0x003F

#define GROUP 10000
#define GROUP_DIGITS 4
#define MAX_GROUPS 5

typedef struct ShortNumeric
{
	int32 vl_len_;
	uint16 header;
	int16 groups[MAX_GROUPS];
} ShortNumeric;

static const uint64 powers[] = {UINT64CONST(1),
								UINT64CONST(10),
								UINT64CONST(100),
								UINT64CONST(1000),
								UINT64CONST(10000),
								UINT64CONST(100000),
								UINT64CONST(1000000),
								UINT64CONST(10000000),
								UINT64CONST(100000000),
								UINT64CONST(1000000000),
								UINT64CONST(10000000000),
								UINT64CONST(100000000000),
								UINT64CONST(1000000000000),
								UINT64CONST(10000000000000),
								UINT64CONST(100000000000000),
								UINT64CONST(1000000000000000),
								UINT64CONST(10000000000000000),
								UINT64CONST(100000000000000000),
								UINT64CONST(1000000000000000000)};

static bool
convert_int2(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	int64 number;

	if (!etl_scalar_int64(s, n, &number) || number < PG_INT16_MIN ||
		number > PG_INT16_MAX)
		return false;
	*value = Int16GetDatum((int16) number);
	return true;
}

static bool
convert_int4(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	int64 number;

	if (!etl_scalar_int64(s, n, &number) || number < PG_INT32_MIN ||
		number > PG_INT32_MAX)
		return false;
	*value = Int32GetDatum((int32) number);
	return true;
}

static pg_attribute_always_inline bool
convert_int4_slack(const EtlConversion *conversion, EtlArena *arena,
				   const char *s, size_t n, Datum *value)
{
	int64 number;

	if (!etl_scalar_int64_slack(s, n, &number) || number < PG_INT32_MIN ||
		number > PG_INT32_MAX)
		return false;
	*value = Int32GetDatum((int32) number);
	return true;
}

static bool
convert_int8(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	int64 number;

	if (!etl_scalar_int64(s, n, &number))
		return false;
	*value = Int64GetDatum(number);
	return true;
}

static pg_attribute_always_inline bool
convert_int8_slack(const EtlConversion *conversion, EtlArena *arena,
				   const char *s, size_t n, Datum *value)
{
	int64 number;

	if (!etl_scalar_int64_slack(s, n, &number))
		return false;
	*value = Int64GetDatum(number);
	return true;
}

/*
 * Rounds the decimal to the column's scale, half away from zero, and tests its
 * precision.  *shown becomes the scale that the value is shown with.
 */
static inline bool
fit_numeric(const EtlConversion *conversion, EtlDecimal *decimal, int *shown)
{
	int limit;

	*shown = decimal->scale;
	if (conversion->scale < 0)
		return true;
	*shown = conversion->scale;
	if (decimal->scale > conversion->scale)
	{
		uint64 unit = powers[decimal->scale - conversion->scale];

		decimal->digits = (decimal->digits + unit / 2) / unit;
		decimal->scale = conversion->scale;
	}
	limit = conversion->whole + decimal->scale;
	return limit >= lengthof(powers) || decimal->digits < powers[limit];
}

/*
 * The usual number: up to 16 characters that need no rounding.  Moved so far
 * that the point stands between groups of four digits, its digits are the groups
 * of a numeric without any division.
 */
static pg_attribute_always_inline bool
convert_usual_numeric(const EtlConversion *conversion, EtlArena *arena,
					  const char *s, size_t n, bool slack, Datum *value)
{
	bool negative = n > 0 && *s == '-';
	ShortNumeric *result;
	uint64 high;
	uint64 low;
	uint64 groups;
	int scale;
	int shown;
	int padding;
	int weight = 0;
	int ngroups = 0;

	s += negative;
	n -= negative;
	if (n == 0 || n > 16 || *s == '.' || s[n - 1] == '.' ||
		(*s == '0' && n > 1 && s[1] != '.') ||
		!etl_digits_split(s, n, slack, &high, &low, &scale))
		return false;
	shown = scale;
	if (conversion->scale >= 0)
	{
		shown = conversion->scale;
		if (scale > shown || shown > SHORT_SCALE_MAX ||
			(int) n - scale - (scale > 0) > conversion->whole)
			return false;
	}

	padding = -scale & (GROUP_DIGITS - 1);
	if (padding > 0)
	{
		int moved = 64 - 8 * padding;

		/* What falls out in front must have been no digit. */
		if (high << moved != ETL_DIGITS_ZEROS << moved)
			return false;
		high = high >> 8 * padding | low << moved;
		low = low >> 8 * padding | ETL_DIGITS_ZEROS << moved;
	}
	high = etl_digits_quads(high);
	low = etl_digits_quads(low);
	groups = (low | low >> 16) << 32 | ((high | high >> 16) & 0xFFFFFFFF);

	result = etl_arena_alloc(arena, sizeof(ShortNumeric));
	if (groups != 0)
	{
		int leading = __builtin_ctzll(groups) / 16;

		ngroups = 4 - leading - __builtin_clzll(groups) / 16;
		weight = 3 - leading - (scale + padding) / GROUP_DIGITS;
		groups >>= 16 * leading;
	}
#ifdef WORDS_BIGENDIAN
	for (int i = 0; i < 4; i++)
		result->groups[i] = (int16) (groups >> 16 * i);
#else
	memcpy(result->groups, &groups, sizeof groups);
#endif
	SET_VARSIZE(result,
				offsetof(ShortNumeric, groups) + ngroups * sizeof(int16));
	result->header = SHORT_NUMERIC | shown << SHORT_SCALE_SHIFT |
					 (weight & SHORT_WEIGHT_MASK);
	if (weight < 0)
		result->header |= SHORT_WEIGHT_SIGN;
	if (negative && ngroups > 0)
		result->header |= SHORT_NEGATIVE;
	*value = PointerGetDatum(result);
	return true;
}

static bool
convert_numeric(const EtlConversion *conversion, EtlArena *arena,
				const char *s, size_t n, Datum *value)
{
	EtlDecimal decimal;
	ShortNumeric *result;
	uint64 digits;
	int padding;
	int shown;
	int ngroups;
	int weight;
	int i;

	if (convert_usual_numeric(conversion, arena, s, n, false, value))
		return true;
	if (!etl_scalar_decimal(s, n, &decimal) || !decimal.fits ||
		!fit_numeric(conversion, &decimal, &shown) || shown > SHORT_SCALE_MAX)
		return false;

	/* Whole groups behind the point, and still within 64 bits. */
	padding = -decimal.scale & (GROUP_DIGITS - 1);
	if (padding > 0 && decimal.digits >= powers[16])
		return false;
	digits = decimal.digits * powers[padding];

	result = etl_arena_alloc(arena, sizeof(ShortNumeric));
	ngroups = (digits > 0) + (digits >= powers[4]) + (digits >= powers[8]) +
			  (digits >= powers[12]) + (digits >= powers[16]);
	weight = ngroups - 1 - (decimal.scale + padding) / GROUP_DIGITS;
	for (i = ngroups - 1; i >= 0; i--)
	{
		result->groups[i] = (int16) (digits % GROUP);
		digits /= GROUP;
	}
	while (ngroups > 0 && result->groups[ngroups - 1] == 0)
		ngroups--;
	if (ngroups == 0)
		weight = 0;

	SET_VARSIZE(result,
				offsetof(ShortNumeric, groups) + ngroups * sizeof(int16));
	result->header = SHORT_NUMERIC | shown << SHORT_SCALE_SHIFT |
					 (weight & SHORT_WEIGHT_MASK);
	if (weight < 0)
		result->header |= SHORT_WEIGHT_SIGN;
	if (decimal.negative && ngroups > 0)
		result->header |= SHORT_NEGATIVE;
	*value = PointerGetDatum(result);
	return true;
}

static pg_attribute_always_inline bool
convert_numeric_slack(const EtlConversion *conversion, EtlArena *arena,
					  const char *s, size_t n, Datum *value)
{
	return convert_usual_numeric(conversion, arena, s, n, true, value) ||
		   convert_numeric(conversion, arena, s, n, value);
}

/*
 * An integer and a power of ten that both are floats without rounding give,
 * divided, the float nearest to the decimal.
 */
static bool
convert_float8(const EtlConversion *conversion, EtlArena *arena, const char *s,
			   size_t n, Datum *value)
{
	static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
								  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
								  1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
								  1e18, 1e19, 1e20, 1e21, 1e22};
	EtlDecimal decimal;
	double number;

	if (FLT_EVAL_METHOD != 0 || !etl_scalar_decimal(s, n, &decimal) ||
		!decimal.fits || decimal.digits > UINT64CONST(1) << DBL_MANT_DIG ||
		decimal.scale >= lengthof(tens))
		return false;
	number = (double) decimal.digits / tens[decimal.scale];
	*value = Float8GetDatum(decimal.negative ? -number : number);
	return true;
}

static bool
convert_float4(const EtlConversion *conversion, EtlArena *arena, const char *s,
			   size_t n, Datum *value)
{
	static const float tens[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f,
								 1e6f, 1e7f, 1e8f, 1e9f, 1e10f};
	EtlDecimal decimal;
	float number;

	if (FLT_EVAL_METHOD != 0 || !etl_scalar_decimal(s, n, &decimal) ||
		!decimal.fits || decimal.digits > UINT64CONST(1) << FLT_MANT_DIG ||
		decimal.scale >= lengthof(tens))
		return false;
	number = (float) decimal.digits / tens[decimal.scale];
	*value = Float4GetDatum(decimal.negative ? -number : number);
	return true;
}

static bool
convert_bool(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	bool truth;

	if (!etl_scalar_bool(s, n, &truth))
		return false;
	*value = BoolGetDatum(truth);
	return true;
}

static bool
convert_uuid(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	uint8 *result = etl_arena_alloc(arena, UUID_LEN);

	*value = PointerGetDatum(result);
	return etl_scalar_uuid(s, n, result);
}

static pg_attribute_always_inline bool
convert_date(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	DateADT days;

	if (!etl_scalar_date(s, n, &days))
		return false;
	*value = DateADTGetDatum(days);
	return true;
}

/* True if the column keeps fewer digits of the second than there are. */
static inline bool
is_rounded(const EtlConversion *conversion, int64 usecs)
{
	return conversion->typmod >= 0 &&
		   conversion->typmod < MAX_TIMESTAMP_PRECISION &&
		   usecs % USECS_PER_SEC != 0;
}

static bool
convert_time(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	TimeADT usecs;

	if (!etl_scalar_time(s, n, &usecs) || is_rounded(conversion, usecs))
		return false;
	*value = TimeADTGetDatum(usecs);
	return true;
}

static bool
convert_timestamp(const EtlConversion *conversion, EtlArena *arena,
				  const char *s, size_t n, Datum *value)
{
	Timestamp usecs;
	bool has_zone;
	int32 zone_seconds;

	/* An offset is read and dropped, as the input function does. */
	if (!etl_scalar_timestamp(s, n, &usecs, &has_zone, &zone_seconds) ||
		is_rounded(conversion, usecs))
		return false;
	*value = TimestampGetDatum(usecs);
	return true;
}

/* The moment that is "local" in the session's time zone. */
static bool
local_to_utc(Timestamp local, TimestampTz *utc)
{
	struct pg_tm tm;
	fsec_t fraction;
	long fixed;

	if (pg_get_timezone_offset(session_timezone, &fixed))
	{
		*utc = local - fixed * USECS_PER_SEC;
		return true;
	}
	if (timestamp2tm(local, NULL, &tm, &fraction, NULL, NULL) != 0)
		return false;
	*utc = local + DetermineTimeZoneOffset(&tm, session_timezone) *
					   INT64CONST(1) * USECS_PER_SEC;
	return true;
}

static bool
convert_timestamptz(const EtlConversion *conversion, EtlArena *arena,
					const char *s, size_t n, Datum *value)
{
	TimestampTz usecs;
	bool has_zone;
	int32 zone_seconds;

	if (!etl_scalar_timestamp(s, n, &usecs, &has_zone, &zone_seconds) ||
		is_rounded(conversion, usecs))
		return false;
	if (has_zone)
		usecs -= zone_seconds * USECS_PER_SEC;
	else if (!local_to_utc(usecs, &usecs))
		return false;
	*value = TimestampTzGetDatum(usecs);
	return true;
}

bool
etl_convert_parts(Oid type, const EtlConversion *conversion, int32 days,
				  int64 usecs, Datum *value)
{
	Timestamp local = days * USECS_PER_DAY + usecs;

	if (type != DATEOID && is_rounded(conversion, usecs))
		return false;
	switch (type)
	{
		case DATEOID:
			*value = DateADTGetDatum(days);
			return true;
		case TIMEOID:
			*value = TimeADTGetDatum(usecs);
			return true;
		case TIMESTAMPOID:
			*value = TimestampGetDatum(local);
			return true;
		case TIMESTAMPTZOID:
			if (!local_to_utc(local, &local))
				return false;
			*value = TimestampTzGetDatum(local);
			return true;
		default:
			return false;
	}
}

/* A varlena of n bytes from s and then padding blanks. */
static inline Datum
make_text(EtlArena *arena, const char *s, size_t n, size_t padding)
{
	char *result = etl_arena_alloc(arena, VARHDRSZ + n + padding);

	SET_VARSIZE(result, VARHDRSZ + n + padding);
	if (padding > 0)
		memset(VARDATA(result), ' ', n + padding);
	etl_copy_bytes(VARDATA(result), s, n);
	return PointerGetDatum(result);
}

static pg_attribute_always_inline bool
convert_text(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	*value = make_text(arena, s, n, 0);
	return true;
}

static inline bool
is_ascii(const char *s, size_t n)
{
	uint64 seen = 0;
	uint64 word;
	size_t i;

	for (i = 0; i + sizeof word <= n; i += sizeof word)
	{
		memcpy(&word, s + i, sizeof word);
		seen |= word;
	}
	for (; i < n; i++)
		seen |= (uint64) (unsigned char) s[i];
	return (seen & UINT64CONST(0x8080808080808080)) == 0;
}

/*
 * Cuts blanks beyond the column's length; false if there is something else.
 * *n becomes the length in bytes, *characters that in characters.
 */
static bool
fit_characters(const EtlConversion *conversion, const char *s, size_t *n,
			   size_t *characters)
{
	size_t limit = (size_t) conversion->max_length;
	size_t kept;
	size_t i;

	if (*n <= limit && is_ascii(s, *n))
	{
		*characters = *n;
		return true;
	}
	*characters = (size_t) pg_mbstrlen_with_len(s, (int) *n);
	if (*characters <= limit)
		return true;
	kept = (size_t) pg_mbcharcliplen(s, (int) *n, (int) limit);
	for (i = kept; i < *n; i++)
		if (s[i] != ' ')
			return false;
	*n = kept;
	*characters = limit;
	return true;
}

static bool
convert_varchar(const EtlConversion *conversion, EtlArena *arena,
				const char *s, size_t n, Datum *value)
{
	size_t characters;

	/* No text has more characters than bytes. */
	if (n > (size_t) conversion->max_length &&
		!fit_characters(conversion, s, &n, &characters))
		return false;
	*value = make_text(arena, s, n, 0);
	return true;
}

static bool
convert_char(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	size_t characters;

	if (!fit_characters(conversion, s, &n, &characters))
		return false;
	*value =
		make_text(arena, s, n, (size_t) conversion->max_length - characters);
	return true;
}


/*
 * The same for many values at once: without a call for each, the processor works
 * on several of them at a time.
 */
#define DEFINE_MANY(convert) \
	static void convert##_many(const EtlConversion *conversion, \
							   EtlArena *arena, const EtlField *field, \
							   size_t stride, int n, Datum *values, \
							   bool *isnull, bool *declined) \
	{ \
		for (int i = 0; i < n; i++, field += stride) \
		{ \
			isnull[i] = field->kind < ETL_FIELD_TEXT; \
			values[i] = (Datum) 0; \
			if (!isnull[i] && !convert(conversion, arena, field->data, \
									   field->len, &values[i])) \
				declined[i] = true; \
		} \
	}

DEFINE_MANY(convert_bool)
DEFINE_MANY(convert_int2)
DEFINE_MANY(convert_int4_slack)
DEFINE_MANY(convert_int8_slack)
DEFINE_MANY(convert_float4)
DEFINE_MANY(convert_float8)
DEFINE_MANY(convert_numeric_slack)
DEFINE_MANY(convert_date)
DEFINE_MANY(convert_time)
DEFINE_MANY(convert_timestamp)
DEFINE_MANY(convert_timestamptz)
DEFINE_MANY(convert_uuid)
DEFINE_MANY(convert_text)
DEFINE_MANY(convert_varchar)
DEFINE_MANY(convert_char)

static const struct
{
	Oid type;
	EtlConvert convert;
	EtlConvertMany many;
} converters[] = {
	{BOOLOID, convert_bool, convert_bool_many},
	{INT2OID, convert_int2, convert_int2_many},
	{INT4OID, convert_int4, convert_int4_slack_many},
	{INT8OID, convert_int8, convert_int8_slack_many},
	{FLOAT4OID, convert_float4, convert_float4_many},
	{FLOAT8OID, convert_float8, convert_float8_many},
	{NUMERICOID, convert_numeric, convert_numeric_slack_many},
	{DATEOID, convert_date, convert_date_many},
	{TIMEOID, convert_time, convert_time_many},
	{TIMESTAMPOID, convert_timestamp, convert_timestamp_many},
	{TIMESTAMPTZOID, convert_timestamptz, convert_timestamptz_many},
	{UUIDOID, convert_uuid, convert_uuid_many},
	{TEXTOID, convert_text, convert_text_many},
	{VARCHAROID, convert_varchar, convert_varchar_many},
	{BPCHAROID, convert_char, convert_char_many},
};

/* Precision and scale of a numeric type modifier; false if unusual. */
static bool
prepare_numeric(EtlConversion *conversion)
{
	uint32 typmod = (uint32) (conversion->typmod - TYPMOD_OFFSET);
	int precision = (typmod >> 16) & 0xFFFF;
	int scale = typmod & 0x7FF;

	/* The scale has 11 bits, the highest of them its sign. */
	if (scale >= 0x400 || scale > precision)
		return false;
	conversion->scale = scale;
	conversion->whole = precision - scale;
	return true;
}

EtlConvert
etl_convert_find(Oid type, int32 typmod, EtlConversion *conversion)
{
	int i;

	conversion->typmod = typmod;
	conversion->scale = -1;
	conversion->whole = -1;
	conversion->max_length = -1;
	if ((type == VARCHAROID || type == BPCHAROID) && typmod < TYPMOD_OFFSET)
		return convert_text;
	if (type == VARCHAROID || type == BPCHAROID)
		conversion->max_length = typmod - TYPMOD_OFFSET;
	if (type == NUMERICOID && typmod >= TYPMOD_OFFSET &&
		!prepare_numeric(conversion))
		return NULL;
	for (i = 0; i < lengthof(converters); i++)
		if (converters[i].type == type)
			return converters[i].convert;
	return NULL;
}

EtlConvertMany
etl_convert_find_many(EtlConvert convert)
{
	for (int i = 0; i < lengthof(converters); i++)
		if (converters[i].convert == convert)
			return converters[i].many;
	return NULL;
}
