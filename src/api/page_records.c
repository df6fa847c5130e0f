/*
 * page_records.c
 *	  The records of a page, as bytes.
 */
#include "api/page_records.h"

#include <string.h>

/* More than what stands between two records mostly has. */
#define LONGEST_SEPARATOR 256

static int
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Cuts off blanks at both ends. */
static void
trim(const char **s, size_t *len)
{
	while (*len > 0 && is_blank((*s)[0]))
	{
		(*s)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*s)[*len - 1]))
		(*len)--;
}

bool
etl_page_records_find(const char *page, size_t len, const char *envelope,
					  size_t envelope_len, const char **records,
					  size_t *records_len)
{
	size_t before = 0;
	size_t behind = 0;

	trim(&page, &len);
	trim(&envelope, &envelope_len);
	if (len < envelope_len)
		return false;
	while (before < envelope_len && page[before] == envelope[before])
		before++;
	while (before + behind < envelope_len &&
		   page[len - 1 - behind] == envelope[envelope_len - 1 - behind])
		behind++;
	if (before + behind < envelope_len)
		return false;
	*records = page + before;
	*records_len = len - envelope_len;
	trim(records, records_len);
	return true;
}

/* True if this is nothing but one comma and blanks. */
static bool
is_separator(const char *s, size_t len)
{
	trim(&s, &len);
	return len == 1 && s[0] == ',';
}

/* If all are the same, so are the distances from each to the next. */
bool
etl_page_records_differ(const char *records, size_t len, int64_t n)
{
	if (n < 2)
		return false;
	for (size_t separator = 1; separator <= LONGEST_SEPARATOR; separator++)
	{
		size_t distance = (len + separator) / (size_t) n;

		if ((len + separator) % (size_t) n == 0 && distance < len &&
			distance > separator &&
			is_separator(records + distance - separator, separator) &&
			memcmp(records, records + distance, len - distance) == 0)
			return false;
	}
	return true;
}
