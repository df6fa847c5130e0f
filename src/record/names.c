/*
 * names.c
 *	  When a source's name is meant by a column's.
 */
#include "postgres.h"

#include "record/names.h"

#include <ctype.h>

#include "catalog/pg_collation.h"
#include "mb/pg_wchar.h"
#include "utils/formatting.h"

char *
etl_name_fold(const char *name)
{
	size_t length;

	while (isspace((unsigned char) *name))
		name++;
	length = strlen(name);
	while (length > 0 && isspace((unsigned char) name[length - 1]))
		length--;
	return str_tolower(name, length, DEFAULT_COLLATION_OID);
}

bool
etl_name_is_cut(const char *name, const char *long_name)
{
	size_t length = strlen(name);
	size_t long_length = strlen(long_name);

	return long_length >= NAMEDATALEN && length < NAMEDATALEN &&
		   strncmp(name, long_name, length) == 0 &&
		   pg_mbcliplen(long_name, (int) long_length, NAMEDATALEN - 1) ==
			   (int) length;
}
