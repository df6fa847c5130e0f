/*
 * date_format.c
 *	  Dates and times read by a pattern as in to_timestamp.
 */
#include "postgres.h"

#include "record/scalar.h"
#include "row/date_format.h"

/* What separates elements in the server's strict mode, too. */
#define SEPARATORS "-./,':; "

/* In the order of EtlDatePart. */
static const struct
{
	const char *upper;
	const char *lower;
	int digits;
} keywords[] = {
	{"YYYY", "yyyy", 4}, {"MM", "mm", 2}, {"DD", "dd", 2},
	{"HH24", "hh24", 2}, {"MI", "mi", 2}, {"SS", "ss", 2},
};

/* The keyword that begins at p, and its length; or ETL_DATE_LITERAL. */
static EtlDatePart
match_keyword(const char *p, size_t *length)
{
	int i;

	for (i = 0; i < lengthof(keywords); i++)
	{
		*length = strlen(keywords[i].upper);
		if (strncmp(p, keywords[i].upper, *length) == 0 ||
			strncmp(p, keywords[i].lower, *length) == 0)
			break;
	}
	return (EtlDatePart) i;
}

static bool
add_element(EtlDateFormat *format, EtlDatePart part, char literal)
{
	int last = format->n - 1;
	bool adjacent = false;
	int i;

	if (format->n == ETL_DATE_FORMAT_MAX_ELEMENTS)
		return false;
	if (part != ETL_DATE_LITERAL)
	{
		for (i = 0; i < format->n; i++)
			if (format->elements[i].part == part)
				return false;
		adjacent =
			last >= 0 && format->elements[last].part != ETL_DATE_LITERAL;
		if (adjacent)
			format->elements[last].fixed = true;
	}
	format->elements[format->n].part = part;
	format->elements[format->n].literal = literal;
	format->elements[format->n].fixed = adjacent || part == ETL_DATE_YEAR;
	format->n++;
	return true;
}

/* Adds the elements of the pattern in order. */
static bool
add_pattern(EtlDateFormat *format, const char *p)
{
	bool quoted = false;
	size_t length;

	for (; *p; p += length)
	{
		EtlDatePart part = ETL_DATE_LITERAL;

		length = 1;
		if (*p == '"')
		{
			quoted = !quoted;
			continue;
		}
		if (!quoted && strchr(SEPARATORS, *p) == NULL &&
			(part = match_keyword(p, &length)) == ETL_DATE_LITERAL)
			return false;

		/* A literal digit could be taken for one of the part before it. */
		if (quoted && *p >= '0' && *p <= '9')
			return false;
		if (!add_element(format, part, *p))
			return false;
	}
	return !quoted;
}

bool
etl_date_format_compile(const char *pattern, EtlDateFormat *format)
{
	bool present[ETL_DATE_LITERAL + 1] = {false};
	bool some_date;
	int i;

	format->n = 0;
	if (!add_pattern(format, pattern))
		return false;
	for (i = 0; i < format->n; i++)
		present[format->elements[i].part] = true;
	format->has_date = present[ETL_DATE_YEAR] && present[ETL_DATE_MONTH] &&
					   present[ETL_DATE_DAY];
	format->has_time = present[ETL_DATE_HOUR];

	/* Half a date or seconds without minutes are the server's to judge. */
	some_date = present[ETL_DATE_YEAR] || present[ETL_DATE_MONTH] ||
				present[ETL_DATE_DAY];
	return (format->has_date || !some_date) &&
		   (present[ETL_DATE_HOUR] || !present[ETL_DATE_MINUTE]) &&
		   (present[ETL_DATE_MINUTE] || !present[ETL_DATE_SECOND]) &&
		   (format->has_date || format->has_time);
}

EtlDateFormatResult
etl_date_format_parse(const EtlDateFormat *format, const char *s, size_t n,
					  int32 *days, int64 *usecs)
{
	int values[ETL_DATE_LITERAL] = {0};
	const char *end = s + n;
	int i;

	for (i = 0; i < format->n; i++)
	{
		EtlDatePart part = format->elements[i].part;
		int digits = 0;
		int value = 0;

		if (part == ETL_DATE_LITERAL)
		{
			if (s == end || *s++ != format->elements[i].literal)
				return ETL_DATE_FORMAT_MISMATCH;
			continue;
		}
		while (s < end && *s >= '0' && *s <= '9' &&
			   digits < keywords[part].digits)
		{
			value = value * 10 + (*s++ - '0');
			digits++;
		}
		if (digits == 0 ||
			(format->elements[i].fixed && digits < keywords[part].digits))
			return ETL_DATE_FORMAT_MISMATCH;
		values[part] = value;
	}
	if (s != end)
		return ETL_DATE_FORMAT_MISMATCH;

	*days = 0;
	if (values[ETL_DATE_HOUR] > 23 || values[ETL_DATE_MINUTE] > 59 ||
		values[ETL_DATE_SECOND] > 59 ||
		(format->has_date &&
		 !etl_scalar_civil_days(values[ETL_DATE_YEAR], values[ETL_DATE_MONTH],
								values[ETL_DATE_DAY], days)))
		return ETL_DATE_FORMAT_OUT_OF_RANGE;
	*usecs = ((values[ETL_DATE_HOUR] * 60 + values[ETL_DATE_MINUTE]) * 60 +
			  values[ETL_DATE_SECOND]) *
			 INT64CONST(1000000);
	return ETL_DATE_FORMAT_OK;
}
