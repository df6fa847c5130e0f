/*
 * infer.c
 *	  The narrowest type that holds all values of a column.
 *
 * A column starts as everything; each value strikes out what it is not.  Three
 * families of candidates are kept apart: kinds in their plain form, dates in
 * one of the known orders, and numbers in one of the known styles.  Plain kinds
 * win, since they need no setting.  Where two orders or styles are left that
 * would read the same text as different values, the column stays text, and the
 * note says why.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "compat.h"
#include "record/scalar.h"
#include "row/date_format.h"
#include "row/guard.h"
#include "row/infer.h"
#include "row/number_format.h"

/* Of values in notes and examples, in bytes. */
#define MAX_EXCERPT 100

/* Numbers with separators are short. */
#define MAX_STYLED_NUMBER 64

/* Plain kinds as bits; the lowest that is left is the narrowest. */
typedef enum Kind
{
	KIND_INT4,
	KIND_INT8,
	KIND_NUMERIC,
	KIND_FLOAT8,
	KIND_BOOL,
	KIND_DATE,
	KIND_TIMESTAMP,
	KIND_TIMESTAMPTZ,
	KIND_TIME,
	KIND_UUID,
	KIND_JSON,
	KIND_COUNT
} Kind;

#define BIT(kind) (1U << (kind))
#define ALL_NUMBERS \
	(BIT(KIND_INT4) | BIT(KIND_INT8) | BIT(KIND_NUMERIC) | BIT(KIND_FLOAT8))

/* Each kind's type, and what a value that strikes it out "is no". */
static const struct
{
	const char *type;
	const char *noun;
} kinds[KIND_COUNT] = {
	{"integer", "integer"},
	{"bigint", "integer"},
	{"numeric", "number"},
	{"double precision", "number"},
	{"boolean", "boolean"},
	{"date", "date"},
	{"timestamp", "timestamp"},
	{"timestamptz", "timestamp with time zone"},
	{"time", "time"},
	{"uuid", "uuid"},
	{"jsonb", "JSON object or array"},
};

/*
 * Dates in other orders than the plain form.  Points are only used with the day
 * first.
 */
static const char *const date_patterns[] = {
	"DD/MM/YYYY",
	"MM/DD/YYYY",
	"DD-MM-YYYY",
	"MM-DD-YYYY",
	"DD.MM.YYYY",
	"YYYY/MM/DD",
	"YYYY.MM.DD",
	"DD/MM/YYYY HH24:MI",
	"MM/DD/YYYY HH24:MI",
	"DD-MM-YYYY HH24:MI",
	"MM-DD-YYYY HH24:MI",
	"DD.MM.YYYY HH24:MI",
	"YYYY/MM/DD HH24:MI",
	"YYYY.MM.DD HH24:MI",
	"DD/MM/YYYY HH24:MI:SS",
	"MM/DD/YYYY HH24:MI:SS",
	"DD-MM-YYYY HH24:MI:SS",
	"MM-DD-YYYY HH24:MI:SS",
	"DD.MM.YYYY HH24:MI:SS",
	"YYYY/MM/DD HH24:MI:SS",
	"YYYY.MM.DD HH24:MI:SS",
};

/* Number styles; those with a decimal point come first. */
static const EtlNumberFormat number_styles[] = {
	{'.', ','}, {'.', ' '}, {'.', '\''}, {',', 0}, {',', '.'}, {',', ' '},
};
#define POINT_STYLES 0x07U
#define GROUPING_POINT_STYLE 4

typedef struct Candidates
{
	uint32 kinds;
	uint32 dates;  /* of date_patterns */
	uint32 styles; /* of number_styles */
} Candidates;

typedef struct InferredColumn
{
	Candidates left;
	Kind integers; /* the widest of those without separators */
	Kind styled[lengthof(number_styles)]; /* the widest in that style */
	bool grouped; /* a point was seen that may group thousands */
	bool nullable;
	int64 values;
	char *example;

	/* The value that left nothing but text, if something was left before. */
	const char *noun;
	char *culprit;
	int64 line;
} InferredColumn;

struct EtlInference
{
	MemoryContext context;
	MemoryContext scratch;
	EtlDateFormat dates[lengthof(date_patterns)];
	FmgrInfo jsonb_in;
	bool typed;
	int ncolumns;
	InferredColumn columns[FLEXIBLE_ARRAY_MEMBER];
};

EtlInference *
etl_infer_new(int ncolumns, bool typed)
{
	EtlInference *inference;
	int i;

	inference = MemoryContextAllocHuge(CurrentMemoryContext,
									   offsetof(EtlInference, columns) +
										   ncolumns * sizeof(InferredColumn));
	inference->context = CurrentMemoryContext;
	inference->scratch =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl inference",
							  ALLOCSET_DEFAULT_SIZES);
	for (i = 0; i < lengthof(date_patterns); i++)
		if (!etl_date_format_compile(date_patterns[i], &inference->dates[i]))
			elog(ERROR, "bad date pattern \"%s\"", date_patterns[i]);
	fmgr_info(F_JSONB_IN, &inference->jsonb_in);
	inference->typed = typed;
	inference->ncolumns = ncolumns;
	memset(inference->columns, 0, ncolumns * sizeof(InferredColumn));
	for (i = 0; i < ncolumns; i++)
	{
		inference->columns[i].left.kinds = BIT(KIND_COUNT) - 1;
		inference->columns[i].left.dates = BIT(lengthof(date_patterns)) - 1;
		inference->columns[i].left.styles =
			typed ? 0 : BIT(lengthof(number_styles)) - 1;
	}
	return inference;
}

/* A value as notes quote it, palloc'd in the given context. */
static char *
make_excerpt(MemoryContext context, const char *s, size_t n)
{
	size_t length =
		n > MAX_EXCERPT ? pg_mbcliplen(s, (int) n, MAX_EXCERPT) : n;
	char *result = MemoryContextAlloc(context, length + sizeof "...");

	memcpy(result, s, length);
	strcpy(result + length, n > length ? "..." : "");
	return result;
}

/* True if the text begins with a point, as in ".5" and "-.5". */
static bool
lacks_zero(const char *s, size_t n)
{
	size_t sign = n > 0 && *s == '-';

	return n > sign + 1 && n < MAX_STYLED_NUMBER && s[sign] == '.' &&
		   s[sign + 1] >= '0' && s[sign + 1] <= '9';
}

/* The kinds of number that the text is. */
static uint32
number_kinds(const char *s, size_t n)
{
	int64 integer;
	EtlDecimal decimal;
	char whole[MAX_STYLED_NUMBER];

	if (lacks_zero(s, n))
	{
		size_t sign = *s == '-';

		whole[0] = '-';
		whole[sign] = '0';
		memcpy(whole + sign + 1, s + sign, n - sign);
		s = whole;
		n++;
	}
	if (n == 0 || !((*s >= '0' && *s <= '9') || *s == '-'))
		return 0;
	if (etl_scalar_int64(s, n, &integer))
		return integer >= PG_INT32_MIN && integer <= PG_INT32_MAX
				   ? ALL_NUMBERS
				   : ALL_NUMBERS & ~BIT(KIND_INT4);
	if (etl_scalar_decimal(s, n, &decimal))
		return BIT(KIND_NUMERIC) |
			   (decimal.fits || etl_scalar_is_float(s, n) ? BIT(KIND_FLOAT8)
														  : 0);
	return etl_scalar_is_float(s, n) ? BIT(KIND_FLOAT8) : 0;
}

typedef struct JsonCall
{
	FmgrInfo *function;
	char *text;
} JsonCall;

/* Guarded: jsonb's input function. */
static bool
call_jsonb_in(void *arg, EtlRefusal *refusal)
{
	JsonCall *call = arg;
	Datum value;
	ErrorData *error;

	return etl_compat_input_call(call->function, call->text, InvalidOid, -1,
								 &value, &error);
}

/* True if the text is an object or array that jsonb takes. */
static bool
is_json(EtlInference *inference, const char *s, size_t n)
{
	static const EtlGuard guard = {ETL_GUARD_PLAIN, false, false};
	JsonCall call = {&inference->jsonb_in, NULL};
	MemoryContext old;
	EtlRefusal refusal;
	bool result;

	if (n < 2 ||
		!((*s == '{' && s[n - 1] == '}') || (*s == '[' && s[n - 1] == ']')))
		return false;
	old = MemoryContextSwitchTo(inference->scratch);
	call.text = pnstrdup(s, n);
	result = etl_guard_call(&guard, call_jsonb_in, &call, &refusal);
	MemoryContextSwitchTo(old);
	MemoryContextReset(inference->scratch);
	return result;
}

/* The kinds among those left that are no numbers and that the text is. */
static uint32
other_kinds(EtlInference *inference, uint32 left, const char *s, size_t n)
{
	uint32 result = 0;
	bool truth;
	int32 days;
	int64 usecs;
	bool has_zone;
	int32 zone_seconds;
	uint8 uuid[16];

	if ((left & BIT(KIND_BOOL)) && etl_scalar_bool(s, n, &truth))
		result |= BIT(KIND_BOOL);
	if (left & (BIT(KIND_DATE) | BIT(KIND_TIMESTAMP) | BIT(KIND_TIMESTAMPTZ)))
	{
		/* A timestamp column takes a date as its midnight. */
		if (etl_scalar_date(s, n, &days))
			result |= BIT(KIND_DATE) | BIT(KIND_TIMESTAMP);
		else if (etl_scalar_timestamp(s, n, &usecs, &has_zone, &zone_seconds))
			result |= has_zone ? BIT(KIND_TIMESTAMPTZ) : BIT(KIND_TIMESTAMP);
	}
	if ((left & BIT(KIND_TIME)) && etl_scalar_time(s, n, &usecs))
		result |= BIT(KIND_TIME);
	if ((left & BIT(KIND_UUID)) && etl_scalar_uuid(s, n, uuid))
		result |= BIT(KIND_UUID);
	if ((left & BIT(KIND_JSON)) && is_json(inference, s, n))
		result |= BIT(KIND_JSON);
	return result & left;
}

/* The date patterns among those left that the text follows. */
static uint32
matching_dates(const EtlInference *inference, uint32 left, const char *s,
			   size_t n)
{
	uint32 result = 0;

	if (n == 0 || *s < '0' || *s > '9')
		return 0;
	while (left)
	{
		int i = pg_rightmost_one_pos32(left);
		int32 days;
		int64 usecs;

		if (etl_date_format_parse(&inference->dates[i], s, n, &days, &usecs) ==
			ETL_DATE_FORMAT_OK)
			result |= BIT(i);
		left &= left - 1;
	}
	return result;
}

/* Notes that a number of this kind was seen in a style. */
static inline void
widen_style(InferredColumn *column, int style, uint32 numbers)
{
	Kind kind = (Kind) pg_rightmost_one_pos32(numbers);

	column->styled[style] = Max(column->styled[style], kind);
}

/*
 * The number styles among those left that the text follows; numbers is what it
 * is in plain form.  Widens the kinds of number seen in them.
 */
static uint32
matching_styles(InferredColumn *column, uint32 numbers, const char *s,
				size_t n)
{
	uint32 left = column->left.styles;
	uint32 result = 0;

	if (n == 0 || n > MAX_STYLED_NUMBER ||
		!((*s >= '0' && *s <= '9') || *s == '-' || *s == '.' || *s == ','))
		return 0;

	/* Digits alone are the same in every style. */
	if (numbers & BIT(KIND_INT8))
	{
		Kind kind = (Kind) pg_rightmost_one_pos32(numbers);

		column->integers = Max(column->integers, kind);
		return left;
	}
	for (; left; left &= left - 1)
	{
		int i = pg_rightmost_one_pos32(left);
		char plain[MAX_STYLED_NUMBER];
		size_t length;
		uint32 found = numbers;

		/* What is plain needs no second look where the point is the same. */
		if (!(found & BIT(KIND_NUMERIC)) || number_styles[i].decimal != '.')
			found = etl_number_plain(&number_styles[i], s, n, plain, &length)
						? number_kinds(plain, length)
						: 0;
		if (found & BIT(KIND_NUMERIC))
		{
			widen_style(column, i, found);
			column->grouped |= i == GROUPING_POINT_STYLE;
			result |= BIT(i);
		}
	}
	return result;
}

static bool
is_text(const Candidates *left)
{
	return (left->kinds | left->dates | left->styles) == 0;
}

/* What a column with these candidates was taken for, in messages. */
static const char *
describe(const Candidates *left)
{
	if (left->kinds)
		return kinds[pg_rightmost_one_pos32(left->kinds)].noun;
	return left->dates ? "date in the order of those before" : "number";
}

/* Those of the candidates that the source allows the value to be. */
static Candidates
allowed_candidates(const EtlInference *inference, const Candidates *left,
				   const EtlField *field)
{
	Candidates allowed = *left;

	if (!inference->typed)
		return allowed;
	if (field->kind == ETL_FIELD_TEXT)
	{
		allowed.kinds &= ~(ALL_NUMBERS | BIT(KIND_BOOL) | BIT(KIND_JSON));
		return allowed;
	}
	allowed.dates = 0;
	if (field->data[0] == '{' || field->data[0] == '[')
		allowed.kinds &= BIT(KIND_JSON);
	else if (field->data[0] == 't' || field->data[0] == 'f')
		allowed.kinds &= BIT(KIND_BOOL);
	else
		allowed.kinds &= ALL_NUMBERS;
	return allowed;
}

void
etl_infer_value(EtlInference *inference, int i, const EtlField *field,
				int64 line)
{
	InferredColumn *column = &inference->columns[i];
	Candidates before = column->left;
	Candidates allowed;
	const char *s = field->data;
	size_t n = field->len;
	uint32 numbers = 0;

	Assert(i >= 0 && i < inference->ncolumns);
	if (field->kind < ETL_FIELD_TEXT)
	{
		column->nullable = true;
		return;
	}
	if (column->values++ == 0)
		column->example = make_excerpt(inference->context, s, n);
	if (is_text(&before))
		return;

	allowed = allowed_candidates(inference, &before, field);
	if ((allowed.kinds & ALL_NUMBERS) || before.styles)
		numbers = number_kinds(s, n);
	column->left.kinds = allowed.kinds & numbers;
	if (allowed.kinds & ~ALL_NUMBERS)
		column->left.kinds |=
			other_kinds(inference, allowed.kinds & ~ALL_NUMBERS, s, n);
	if (before.dates)
		column->left.dates = matching_dates(inference, allowed.dates, s, n);
	if (before.styles)
		column->left.styles = matching_styles(column, numbers, s, n);

	if (is_text(&column->left) && column->values > 1)
	{
		column->noun = describe(&before);
		column->culprit = make_excerpt(inference->context, s, n);
		column->line = line;
	}
}

/* The result for a column of dates that aren't in the plain form. */
static void
infer_date(const EtlInference *inference, const Candidates *left,
		   EtlInferred *result)
{
	int first = pg_rightmost_one_pos32(left->dates);
	uint32 others = left->dates & (left->dates - 1);

	if (others)
	{
		result->note = psprintf(
			"both %s and %s fit every value; name the one that is meant in "
			"date_formats",
			date_patterns[first],
			date_patterns[pg_rightmost_one_pos32(others)]);
		return;
	}
	result->type = inference->dates[first].has_time ? "timestamp" : "date";
	result->format = date_patterns[first];
}

/* The result for a column of numbers that aren't in the plain form. */
static void
infer_styled_number(const InferredColumn *column, EtlInferred *result)
{
	uint32 left = column->left.styles;
	int first = pg_rightmost_one_pos32(left);

	/* A comma is both only where three digits follow it every time. */
	if ((left & ~POINT_STYLES) && number_styles[first].thousands == ',')
	{
		result->note = pstrdup("the commas can be decimal separators or "
							   "thousands separators; say which with "
							   "decimal_separator or thousands_separator");
		return;
	}
	result->type = kinds[Max(column->styled[first], column->integers)].type;
	result->decimal_separator = number_styles[first].decimal;
	result->thousands_separator = number_styles[first].thousands;
}

/*
 * The type of plain numbers if each point in them groups thousands, or NULL if
 * some can't, or there are none.  Only then was the style seen.
 */
static const char *
grouped_type(const InferredColumn *column)
{
	if ((column->left.kinds & BIT(KIND_NUMERIC)) == 0 ||
		(column->left.styles & BIT(GROUPING_POINT_STYLE)) == 0 ||
		!column->grouped)
		return NULL;
	return kinds[Max(column->styled[GROUPING_POINT_STYLE], column->integers)]
		.type;
}

EtlInferred
etl_infer_result(const EtlInference *inference, int i)
{
	const InferredColumn *column = &inference->columns[i];
	EtlInferred result = {.type = "text", .decimal_separator = '.'};

	Assert(i >= 0 && i < inference->ncolumns);
	result.nullable = column->nullable;
	result.values = column->values;
	if (column->values == 0)
		return result;
	result.example = pstrdup(column->example);
	if (column->left.kinds)
	{
		result.type = kinds[pg_rightmost_one_pos32(column->left.kinds)].type;
		result.grouped_type = grouped_type(column);
	}
	else if (column->left.dates)
		infer_date(inference, &column->left, &result);
	else if (column->left.styles)
		infer_styled_number(column, &result);
	else if (column->culprit)
	{
		result.note = psprintf("line " INT64_FORMAT ": \"%s\" is no %s",
							   column->line, column->culprit, column->noun);
		result.forced_by_empty = column->culprit[0] == '\0';
	}
	return result;
}
