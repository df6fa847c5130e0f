/*
 * head.c
 *	  What the head of an HTTP answer says.
 */
#include "http/head.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static EtlHttpSpan
trim(const char *data, size_t len)
{
	EtlHttpSpan span = {data, len};

	while (span.len > 0 && is_blank(span.data[0]))
	{
		span.data++;
		span.len--;
	}
	while (span.len > 0 && is_blank(span.data[span.len - 1]))
		span.len--;
	return span;
}

bool
etl_http_head_next(EtlHttpSpan head, size_t *pos, EtlHttpSpan *name,
				   EtlHttpSpan *value)
{
	while (*pos < head.len)
	{
		const char *line = head.data + *pos;
		const char *end = memchr(line, '\n', head.len - *pos);
		size_t len = end ? (size_t) (end - line) : head.len - *pos;
		const char *colon = memchr(line, ':', len);

		*pos += end ? len + 1 : len;

		/* A line that begins with a blank continues the one before it. */
		if (colon == NULL || colon == line || is_blank(line[0]))
			continue;
		*name = trim(line, colon - line);
		*value = trim(colon + 1, len - (colon + 1 - line));
		return true;
	}
	return false;
}

bool
etl_http_span_is(EtlHttpSpan span, const char *text)
{
	return span.data != NULL && span.len == strlen(text) &&
		   strncasecmp(span.data, text, span.len) == 0;
}

EtlHttpSpan
etl_http_head_find(EtlHttpSpan head, const char *name)
{
	EtlHttpSpan found;
	EtlHttpSpan value;
	size_t pos = 0;

	while (etl_http_head_next(head, &pos, &found, &value))
	{
		if (etl_http_span_is(found, name))
			return value;
	}
	value.data = NULL;
	value.len = 0;
	return value;
}

int64_t
etl_http_parse_number(EtlHttpSpan span)
{
	int64_t number = 0;

	if (span.len == 0 || span.len > 18)
		return -1;
	for (size_t i = 0; i < span.len; i++)
	{
		if (span.data[i] < '0' || span.data[i] > '9')
			return -1;
		number = number * 10 + (span.data[i] - '0');
	}
	return number;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_since_epoch(int64_t year, int month, int day)
{
	int64_t era;
	int64_t year_of_era;
	int64_t day_of_year;

	/* Years that begin in March have their leap day at the end. */
	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = year - era * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
		   year_of_era / 100 + day_of_year - 719468;
}

static int
month_number(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
	{
		if (strncmp(names + 3 * i, name, 3) == 0)
			return i + 1;
	}
	return 0;
}

bool
etl_http_parse_date(EtlHttpSpan span, int64_t *seconds)
{
	static const char *const rfc9110 =
		"%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n";
	static const char *const rfc850 =
		"%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n";
	static const char *const asctime =
		"%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n";
	char text[64];
	char name[4];
	size_t used = 0; /* by the form that fits, if it fits to its end */
	int month;
	int year;
	int day;
	int hour;
	int minute;
	int second;
	int n = 0;

	if (span.len == 0 || span.len >= sizeof(text))
		return false;
	memcpy(text, span.data, span.len);
	text[span.len] = '\0';

	if (sscanf(text, rfc9110, &day, name, &year, &hour, &minute, &second,
			   &n) == 6)
		used = n;
	else if (sscanf(text, asctime, name, &day, &hour, &minute, &second, &year,
					&n) == 6)
		used = n;
	else if (sscanf(text, rfc850, &day, name, &year, &hour, &minute, &second,
					&n) == 6)
	{
		used = n;
		year += year < 70 ? 2000 : 1900;
	}
	if (used != span.len)
		return false;

	month = month_number(name);
	if (month == 0 || year < 1970 || day < 1 || day > 31 || hour < 0 ||
		hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	*seconds = days_since_epoch(year, month, day) * 86400 +
			   hour * INT64_C(3600) + minute * INT64_C(60) + second;
	return true;
}

/* Cuts what stands before the first occurrence of c off a span. */
static bool
cut(EtlHttpSpan *span, char c, EtlHttpSpan *before)
{
	const char *at = memchr(span->data, c, span->len);

	if (at == NULL)
		return false;
	*before = trim(span->data, at - span->data);
	*span = trim(at + 1, span->len - (at + 1 - span->data));
	return true;
}

bool
etl_http_parse_content_range(EtlHttpSpan span, EtlHttpContentRange *range)
{
	EtlHttpSpan part;

	if (span.data == NULL || !cut(&span, ' ', &part) ||
		!etl_http_span_is(part, "bytes") || !cut(&span, '/', &part))
		return false;
	range->total = etl_http_parse_number(span);
	if (range->total < 0 && !etl_http_span_is(span, "*"))
		return false;

	range->first = -1;
	range->last = -1;
	if (etl_http_span_is(part, "*"))
		return range->total >= 0;
	span = part;
	if (!cut(&span, '-', &part))
		return false;
	range->first = etl_http_parse_number(part);
	range->last = etl_http_parse_number(span);
	return range->first >= 0 && range->last >= range->first &&
		   (range->total < 0 || range->last < range->total);
}

int64_t
etl_http_head_length(EtlHttpSpan head)
{
	if (etl_http_head_find(head, "Transfer-Encoding").data != NULL)
		return -1;
	return etl_http_parse_number(etl_http_head_find(head, "Content-Length"));
}

EtlHttpSpan
etl_http_head_validator(EtlHttpSpan head)
{
	const EtlHttpSpan none = {NULL, 0};
	EtlHttpSpan tag = etl_http_head_find(head, "ETag");
	EtlHttpSpan modified = etl_http_head_find(head, "Last-Modified");
	int64_t modified_at;
	int64_t answered_at;

	if (tag.data != NULL)
	{
		if (tag.len >= 2 && tag.data[0] == '"' && tag.data[tag.len - 1] == '"')
			return tag;

		/* A weak tag says that the bytes may differ although it doesn't. */
		return none;
	}
	if (modified.data == NULL || !etl_http_parse_date(modified, &modified_at))
		return none;
	if (etl_http_parse_date(etl_http_head_find(head, "Date"), &answered_at) &&
		answered_at <= modified_at)
		return none;
	return modified;
}
