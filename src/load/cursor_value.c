/*
 * cursor_value.c
 *	  Values of cursors.
 *
 * Times are reckoned in UTC, whatever the session's time zone is, so that the
 * same cursor means the same to all.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "load/cursor_value.h"

const char *const etl_cursor_format_names[] = {"iso", "epoch", "epoch_ms",
											   NULL};

void
etl_cursor_type_init(EtlCursorType *self, Oid type, int32 typmod)
{
	self->typmod = typmod;
	self->type = getBaseTypeAndTypmod(type, &self->typmod);
	get_typlenbyval(self->type, &self->length, &self->by_value);
}

static bool
is_time(const EtlCursorType *self)
{
	return self->type == TIMESTAMPTZOID || self->type == TIMESTAMPOID ||
		   self->type == DATEOID;
}

static bool
is_number(const EtlCursorType *self)
{
	switch (self->type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
			return true;
		default:
			return false;
	}
}

/* Settings on which text and values depend, until AtEOXact_GUC(). */
static int
pin_settings(void)
{
	static const char *const settings[][2] = {{"DateStyle", "ISO, YMD"},
											  {"IntervalStyle", "postgres"},
											  {"TimeZone", "UTC"},
											  {"extra_float_digits", "1"}};
	int level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
								 false);
	return level;
}

char *
etl_cursor_value_text(const EtlCursorType *self, Datum value)
{
	int level = pin_settings();
	Oid output;
	bool is_varlena;
	char *text;

	getTypeOutputInfo(self->type, &output, &is_varlena);
	text = OidOutputFunctionCall(output, value);
	AtEOXact_GUC(true, level);
	return text;
}

Datum
etl_cursor_value_parse(const EtlCursorType *self, const char *text)
{
	int level = pin_settings();
	Oid input;
	Oid param;
	Datum value;

	getTypeInputInfo(self->type, &input, &param);
	value = OidInputFunctionCall(input, pstrdup(text), param, self->typmod);
	AtEOXact_GUC(true, level);
	return value;
}

/* A time as microseconds since 1970, in UTC. */
static int64
unix_microseconds(const EtlCursorType *self, Datum value)
{
	int64 days = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
	int64 time;

	if (self->type == DATEOID)
		value = DirectFunctionCall1(date_timestamp, value);
	time = DatumGetTimestamp(value);
	return time + days * USECS_PER_DAY;
}

/* The quotient, rounded down. */
static int64
divide(int64 a, int64 b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

char *
etl_cursor_value_format(const EtlCursorType *self, Datum value,
						EtlCursorFormat format)
{
	char *text;
	size_t len;

	if (is_time(self) && format != ETL_CURSOR_ISO)
		return psprintf("%lld",
						(long long) divide(unix_microseconds(self, value),
										   format == ETL_CURSOR_EPOCH
											   ? USECS_PER_SEC
											   : USECS_PER_SEC / 1000));
	text = etl_cursor_value_text(self, value);
	if (self->type != TIMESTAMPTZOID && self->type != TIMESTAMPOID)
		return text;

	/* 2024-01-01 00:00:00+00, as ISO 8601 has it */
	len = strlen(text);
	if (self->type == TIMESTAMPTZOID && len > 3 &&
		strcmp(text + len - 3, "+00") == 0)
		strcpy(text + len - 3, "Z");
	if (strchr(text, ' '))
		*strchr(text, ' ') = 'T';
	return text;
}

/* The option "lag" as an interval or number; 22023 if it is none. */
static Datum
parse_lag(Oid type, const char *lag)
{
	EtlCursorType lag_type = {.type = type, .typmod = -1};
	MemoryContext context = CurrentMemoryContext;
	Datum result = (Datum) 0;

	PG_TRY();
	{
		result = etl_cursor_value_parse(&lag_type, lag);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"lag\": \"%s\"", lag),
				 type == INTERVALOID
					 ? errhint("For dates and timestamps it is an interval, "
							   "such as \"5 min\".")
					 : errhint("For numbers it is a number.")));
	}
	PG_END_TRY();
	return result;
}

/* A lag that is negative would leave out rows. */
static bool
is_negative(Oid type, Datum lag)
{
	static const Interval none = {0};
	Datum zero = type == INTERVALOID ? IntervalPGetDatum(&none)
									 : NumericGetDatum(int64_to_numeric(0));

	return DatumGetBool(
		DirectFunctionCall2(type == INTERVALOID ? interval_lt : numeric_lt,
							lag, zero));
}

void
etl_cursor_type_check(const EtlCursorType *self, const char *lag,
					  bool with_format)
{
	Oid lag_type = is_time(self) ? INTERVALOID : NUMERICOID;

	if (lag && !is_time(self) && !is_number(self))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a cursor of type %s cannot have a lag",
						format_type_be(self->type)),
				 errdetail("It is for dates, timestamps and numbers.")));
	if (with_format && !is_time(self))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a cursor of type %s cannot have a format",
							   format_type_be(self->type)),
						errdetail("It is for dates and timestamps.")));
	if (lag && is_negative(lag_type, parse_lag(lag_type, lag)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"lag\" must not be negative")));
}

/* The same for numbers, which are reckoned without loss. */
static Datum
number_before(const EtlCursorType *self, Datum value, const char *lag)
{
	EtlCursorType numeric = {.type = NUMERICOID, .typmod = -1};
	Datum number =
		etl_cursor_value_parse(&numeric, etl_cursor_value_text(self, value));
	Datum result =
		DirectFunctionCall2(numeric_sub, number, parse_lag(NUMERICOID, lag));

	if (self->type == INT2OID || self->type == INT4OID ||
		self->type == INT8OID)
		result = DirectFunctionCall1(numeric_floor, result);
	return etl_cursor_value_parse(self,
								  etl_cursor_value_text(&numeric, result));
}

Datum
etl_cursor_value_before(const EtlCursorType *self, Datum value,
						const char *lag)
{
	PGFunction subtract;
	int level;
	Datum result;

	switch (self->type)
	{
		case TIMESTAMPTZOID:
			subtract = timestamptz_mi_interval;
			break;
		case TIMESTAMPOID:
			subtract = timestamp_mi_interval;
			break;
		case DATEOID:
			subtract = date_mi_interval;
			break;
		default:
			return number_before(self, value, lag);
	}
	level = pin_settings();
	result = DirectFunctionCall2(subtract, value, parse_lag(INTERVALOID, lag));
	if (self->type == DATEOID)
		result = DirectFunctionCall1(timestamp_date, result);
	AtEOXact_GUC(true, level);
	return result;
}

bool
etl_cursor_value_is_finite(const EtlCursorType *self, Datum value)
{
	switch (self->type)
	{
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return !TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value));
		case DATEOID:
			return !DATE_NOT_FINITE(DatumGetDateADT(value));
		case FLOAT4OID:
			return isfinite(DatumGetFloat4(value));
		case FLOAT8OID:
			return isfinite(DatumGetFloat8(value));
		case NUMERICOID:
			return !numeric_is_nan(DatumGetNumeric(value)) &&
				   !numeric_is_inf(DatumGetNumeric(value));
		default:
			return true;
	}
}
