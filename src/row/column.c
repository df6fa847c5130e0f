/*
 * column.c
 *	  A column of the row: converting what its fast converter declines.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "row/column.h"
#include "row/convert_json.h"

/* Longer numbers in a number format are left to the slow way. */
#define MAX_FAST_NUMBER 64

/* Of a value that a message quotes, in bytes. */
#define MAX_EXCERPT 200

/* The converter of types without one. */
static bool
convert_never(const EtlConversion *conversion, EtlArena *arena, const char *s,
			  size_t n, Datum *value)
{
	return false;
}

void
etl_column_init(EtlColumn *column, Form_pg_attribute attribute, bool last)
{
	int32 typmod = attribute->atttypmod;
	Oid function;

	memset(column, 0, sizeof *column);
	column->index = attribute->attnum - 1;
	column->field = -1;
	column->name = pstrdup(NameStr(attribute->attname));
	column->type = attribute->atttypid;
	if (get_typtype(column->type) == TYPTYPE_PSEUDO)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("column \"%s\" has pseudo-type %s",
							   column->name, format_type_be(column->type))));

	column->base_type = getBaseTypeAndTypmod(column->type, &typmod);
	column->convert =
		etl_convert_find(column->type, typmod, &column->conversion);
	if (column->convert == NULL)
		column->convert = convert_never;
	column->context = CurrentMemoryContext;
	getTypeInputInfo(column->type, &function, &column->typioparam);
	fmgr_info(function, &column->input);
	column->guard = etl_guard_for_type(column->type);
	column->guard.last = last;
	column->judges_null = !column->input.fn_strict;
	column->is_nested = etl_nested_is_for(column->base_type);
}

/* A value as messages quote it, palloc'd. */
static char *
make_excerpt(const char *s, size_t n)
{
	int length;

	if (n <= MAX_EXCERPT)
		return pnstrdup(s, n);
	length = pg_mbcliplen(s, (int) n, MAX_EXCERPT);
	return psprintf("%.*s...", length, s);
}

static bool
is_integer_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

void
etl_column_set_number_format(EtlColumn *column, const EtlNumberFormat *format)
{
	bool is_integer = is_integer_type(column->base_type);

	if (!is_integer && column->base_type != NUMERICOID &&
		column->base_type != FLOAT4OID && column->base_type != FLOAT8OID)
		return;
	if (format->thousands == 0 && (is_integer || format->decimal == '.'))
		return;
	column->has_number_format = true;
	column->number_format = *format;
	column->plain_convert = column->convert;
	column->convert = convert_never;
}

/* Says in the words of the input functions that the text is no such number. */
static bool
refuse_number(const EtlColumn *column, const char *s, size_t n,
			  EtlRefusal *refusal)
{
	char *message =
		psprintf("invalid input syntax for type %s: \"%s\"",
				 format_type_be(column->base_type), make_excerpt(s, n));

	etl_refusal_set(refusal, ERRCODE_INVALID_TEXT_REPRESENTATION, message);
	return false;
}

/* What the guarded functions below work on. */
typedef struct Call
{
	EtlColumn *column;
	char *text; /* NULL for a null */
	size_t length;
	Datum value;
} Call;

/* Guarded: the type's input function. */
static bool
call_input(void *arg, EtlRefusal *refusal)
{
	Call *call = arg;
	EtlColumn *column = call->column;
	ErrorData *error;

	if (etl_compat_input_call(&column->input, call->text, column->typioparam,
							  column->conversion.typmod, &call->value, &error))
		return true;
	etl_refusal_from_error(refusal, error);
	return false;
}

static bool
convert_by_input(EtlColumn *column, const char *s, size_t n, Datum *value,
				 EtlRefusal *refusal)
{
	Call call = {column, NULL, 0, (Datum) 0};

	call.text = pnstrdup(s, n);
	if (!etl_guard_call(&column->guard, call_input, &call, refusal))
	{
		/* only escapes that stand for no character are left to refuse */
		if (column->is_checked &&
			refusal->sqlerrcode == ERRCODE_INVALID_TEXT_REPRESENTATION)
		{
			refusal->sqlerrcode = ERRCODE_UNTRANSLATABLE_CHARACTER;
			refusal->message = pstrdup("unsupported Unicode escape sequence");
		}
		return false;
	}
	*value = call.value;
	return true;
}

bool
etl_column_accept_null(EtlColumn *column, EtlRefusal *refusal)
{
	Call call = {column, NULL, 0, (Datum) 0};

	if (!column->judges_null)
		return true;
	return etl_guard_call(&column->guard, call_input, &call, refusal);
}

/* A number in the column's number format. */
static bool
convert_number(EtlColumn *column, EtlArena *arena, const char *s, size_t n,
			   Datum *value, EtlRefusal *refusal)
{
	char buffer[MAX_FAST_NUMBER];
	char *plain = n <= MAX_FAST_NUMBER ? buffer : palloc(n);
	size_t length;

	if (!etl_number_plain(&column->number_format, s, n, plain, &length))
		return refuse_number(column, s, n, refusal);
	if (column->plain_convert(&column->conversion, arena, plain, length,
							  value))
		return true;
	if (convert_by_input(column, plain, length, value, refusal))
		return true;

	/* The message must quote what the source holds. */
	if (refusal->sqlerrcode == ERRCODE_INVALID_TEXT_REPRESENTATION)
		return refuse_number(column, s, n, refusal);
	return false;
}

/* How a value of one type, as a pattern yields it, becomes another. */
static const struct
{
	Oid from;
	Oid to;
	PGFunction cast;
} date_casts[] = {
	{DATEOID, TIMESTAMPOID, date_timestamp},
	{DATEOID, TIMESTAMPTZOID, date_timestamptz},
	{TIMESTAMPOID, DATEOID, timestamp_date},
	{TIMESTAMPOID, TIMEOID, timestamp_time},
	{TIMESTAMPOID, TIMESTAMPTZOID, timestamp_timestamptz},
	{TIMESTAMPTZOID, DATEOID, timestamptz_date},
	{TIMESTAMPTZOID, TIMEOID, timestamptz_time},
	{TIMESTAMPTZOID, TIMESTAMPOID, timestamptz_timestamp},
	{TIMETZOID, TIMEOID, timetz_time},
};

/* Casts between the types of dates and times; an error if there is no cast. */
static Datum
cast_date(Datum value, Oid from, Oid to, const char *pattern)
{
	int i;

	if (from == to)
		return value;
	for (i = 0; i < lengthof(date_casts); i++)
		if (date_casts[i].from == from && date_casts[i].to == to)
			return DirectFunctionCall1(date_casts[i].cast, value);
	ereport(ERROR, (errcode(ERRCODE_INVALID_DATETIME_FORMAT),
					errmsg("date format \"%s\" gives no %s", pattern,
						   format_type_be(to))));
	return (Datum) 0;
}

/* Reads text by the column's pattern; an error if it can't. */
static Datum
parse_by_pattern(const EtlColumn *column, text *value)
{
	Oid type;
	int32 typmod;
	int zone = 0;
	Datum result = parse_datetime(value, cstring_to_text(column->date_pattern),
								  DEFAULT_COLLATION_OID, true, &type, &typmod,
								  &zone, NULL);

	return cast_date(result, type, column->base_type, column->date_pattern);
}

/*
 * Moments that patterns are tried on.  to_char pads names of days and months
 * and Roman months, but not the longest: they are a Wednesday in September, and
 * one in August, which is VIII.
 */
static const char *const moments[] = {"2024-09-25 12:34:56.789 UTC",
									  "2024-08-28 12:34:56.789 UTC"};

typedef struct PatternCheck
{
	EtlColumn *column;
	const char *moment;
} PatternCheck;

/* Guarded: reads what the pattern itself writes. */
static bool
call_check_pattern(void *arg, EtlRefusal *refusal)
{
	PatternCheck *check = arg;
	Datum moment =
		DirectFunctionCall3(timestamptz_in, CStringGetDatum(check->moment),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	Datum written = DirectFunctionCall2Coll(timestamptz_to_char,
											DEFAULT_COLLATION_OID, moment,
											CStringGetTextDatum(
												check->column->date_pattern));

	(void) parse_by_pattern(check->column, DatumGetTextPP(written));
	return true;
}

/* 22023 for a pattern that the server can't read any value by. */
static void
check_date_pattern(EtlColumn *column)
{
	static const EtlGuard guard = {ETL_GUARD_PLAIN, false, false};
	EtlRefusal refusal = {0};

	for (int i = 0; i < lengthof(moments); i++)
	{
		PatternCheck check = {column, moments[i]};

		/* to_char gives null for no pattern at all */
		if (column->date_pattern[0] != '\0' &&
			etl_guard_call(&guard, call_check_pattern, &check, &refusal))
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid date format \"%s\" for column \"%s\" of type %s",
					column->date_pattern, column->name,
					format_type_be(column->type)),
			 refusal.message
				 ? errdetail("To read by it fails with: %s.", refusal.message)
				 : 0,
			 errhint("A pattern as in to_timestamp is expected, with other "
					 "text in double quotes.")));
}

void
etl_column_set_date_pattern(EtlColumn *column, const char *pattern)
{
	EtlDateFormat *format = palloc(sizeof(EtlDateFormat));
	bool wants_date = column->base_type != TIMEOID;

	if (column->base_type != DATEOID && column->base_type != TIMEOID &&
		column->base_type != TIMESTAMPOID &&
		column->base_type != TIMESTAMPTZOID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" of type %s takes no date format",
						column->name, format_type_be(column->type)),
				 errhint("\"date_formats\" is for columns of type date, time, "
						 "timestamp and timestamptz.")));
	column->date_pattern = pstrdup(pattern);
	column->convert = convert_never;
	if (etl_date_format_compile(pattern, format) &&
		(wants_date ? format->has_date : format->has_time))
		column->date_format = format;
	else
	{
		pfree(format);
		check_date_pattern(column);
	}
}

/* Rounds to the column's digits of the second. */
static Datum
scale_date(Datum value, Oid type, int32 typmod)
{
	PGFunction scale;

	if (typmod < 0)
		return value;
	switch (type)
	{
		case TIMEOID:
			scale = time_scale;
			break;
		case TIMESTAMPOID:
			scale = timestamp_scale;
			break;
		case TIMESTAMPTZOID:
			scale = timestamptz_scale;
			break;
		default:
			return value;
	}
	return DirectFunctionCall2(scale, value, Int32GetDatum(typmod));
}

/* Guarded: the server's reading of a pattern, and the domain's checks. */
static bool
call_parse_datetime(void *arg, EtlRefusal *refusal)
{
	Call *call = arg;
	EtlColumn *column = call->column;

	call->value =
		parse_by_pattern(column,
						 cstring_to_text_with_len(call->text, call->length));
	call->value =
		scale_date(call->value, column->base_type, column->conversion.typmod);
	if (column->base_type != column->type)
		domain_check(call->value, false, column->type, &column->domain_state,
					 column->context);
	return true;
}

/* Guarded: the domain's checks of a value that own code has read. */
static bool
call_domain_check(void *arg, EtlRefusal *refusal)
{
	Call *call = arg;

	domain_check(call->value, false, call->column->type,
				 &call->column->domain_state, call->column->context);
	return true;
}

static bool
refuse_date(const EtlColumn *column, EtlDateFormatResult result, const char *s,
			size_t n, EtlRefusal *refusal)
{
	char *excerpt = make_excerpt(s, n);

	if (result == ETL_DATE_FORMAT_OUT_OF_RANGE)
		etl_refusal_set(refusal, ERRCODE_DATETIME_FIELD_OVERFLOW,
						psprintf("date/time field value out of range: \"%s\"",
								 excerpt));
	else
		etl_refusal_set(refusal, ERRCODE_INVALID_DATETIME_FORMAT,
						psprintf("invalid input for date format \"%s\": "
								 "\"%s\"",
								 column->date_pattern, excerpt));
	return false;
}

/* A date or time in the column's date format. */
static bool
convert_date(EtlColumn *column, const char *s, size_t n, Datum *value,
			 EtlRefusal *refusal)
{
	Call call = {column, NULL, n, (Datum) 0};
	EtlGuarded function = call_parse_datetime;

	if (column->date_format)
	{
		EtlDateFormatResult result;
		int32 days;
		int64 usecs;

		result =
			etl_date_format_parse(column->date_format, s, n, &days, &usecs);
		if (result != ETL_DATE_FORMAT_OK)
			return refuse_date(column, result, s, n, refusal);
		if (etl_convert_parts(column->base_type, &column->conversion, days,
							  usecs, value))
		{
			if (column->base_type == column->type)
				return true;
			call.value = *value;
			function = call_domain_check;
		}
	}
	if (function == call_parse_datetime)
		call.text = pnstrdup(s, n);
	if (!etl_guard_call(&column->guard, function, &call, refusal))
		return false;
	*value = call.value;
	return true;
}

bool
etl_column_wants_json(const EtlColumn *column)
{
	return column->base_type == JSONOID || column->base_type == JSONBOID;
}

void
etl_column_trust_json(EtlColumn *column)
{
	column->is_checked = true;
	if (column->type == column->base_type)
		column->convert = etl_convert_json_find(column->type);
}

/* Guarded: the server's reading of JSON arrays and objects. */
static bool
call_nested(void *arg, EtlRefusal *refusal)
{
	Call *call = arg;

	call->value =
		etl_nested_read(call->column->nested, call->text, call->length);
	return true;
}

/* An array or composite value of JSON. */
static bool
convert_nested(EtlColumn *column, const char *s, size_t n, Datum *value,
			   EtlRefusal *refusal)
{
	Call call = {column, unconstify(char *, s), n, (Datum) 0};

	if (column->nested == NULL)
	{
		bool is_domain = column->type != column->base_type;

		column->nested =
			etl_nested_new(column->context, column->name, column->type,
						   is_domain ? -1 : column->conversion.typmod);
	}
	if (!etl_guard_call(&column->guard, call_nested, &call, refusal))
		return false;
	*value = call.value;
	return true;
}

bool
etl_column_convert_slowly(EtlColumn *column, EtlArena *arena,
						  EtlFieldKind kind, const char *s, size_t n,
						  Datum *value, EtlRefusal *refusal)
{
	if (column->date_pattern)
		return convert_date(column, s, n, value, refusal);
	/* JSON has its own way to write numbers, only strings have another */
	if (column->has_number_format && kind == ETL_FIELD_TEXT)
		return convert_number(column, arena, s, n, value, refusal);
	if (column->has_number_format &&
		column->plain_convert(&column->conversion, arena, s, n, value))
		return true;
	if (column->is_nested && kind == ETL_FIELD_JSON)
		return convert_nested(column, s, n, value, refusal);
	return convert_by_input(column, s, n, value, refusal);
}
