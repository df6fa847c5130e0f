/*
 * hint.c
 *	  How a value that its column's type refuses might be meant.
 *
 * Guesses, for a reader's eyes only: nothing is decided by them.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"

#include "row/hint.h"

const char *const etl_null_words[ETL_NULL_WORDS] = {
	"NULL", "null", "Null",   "NA",     "N/A", "n/a",     "na", "#N/A",
	"\\N",  "None", "none",   "nil",    "NIL", "missing", "?",  "-",
	"--",   ".",    "(null)", "<null>", "nan", "NaN",
};

int
etl_null_word(const char *s, size_t n)
{
	if (n == 0 || n > 7)
		return -1;
	for (int i = 0; i < ETL_NULL_WORDS; i++)
	{
		if (strlen(etl_null_words[i]) == n &&
			memcmp(etl_null_words[i], s, n) == 0)
			return i;
	}
	return -1;
}

/* What a text consists of. */
typedef struct Shape
{
	size_t digits;
	size_t commas;
	size_t dots;
	size_t slashes;
	size_t dashes;
	size_t others;
	const char *last_comma;
	const char *last_dot;
} Shape;

static Shape
shape_of(const char *s, size_t n)
{
	Shape shape = {0};

	for (const char *p = s; p < s + n; p++)
	{
		if (isdigit((unsigned char) *p))
			shape.digits++;
		else if (*p == ',')
		{
			shape.commas++;
			shape.last_comma = p;
		}
		else if (*p == '.')
		{
			shape.dots++;
			shape.last_dot = p;
		}
		else if (*p == '/')
			shape.slashes++;
		else if (*p == '-')
			shape.dashes++;
		else
			shape.others++;
	}
	return shape;
}

static bool
is_fractional(Oid type)
{
	return type == NUMERICOID || type == FLOAT4OID || type == FLOAT8OID;
}

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static char *
hint_for_number(bool fractional, const Shape *shape, const char *end)
{
	bool grouped;

	if (shape->digits == 0 || shape->commas == 0 || shape->others > 0 ||
		shape->slashes > 0 || shape->dashes > 1)
		return NULL;
	if (shape->dots > 0 && shape->last_comma > shape->last_dot)
		return fractional ? pstrdup("If this is how numbers are written, say "
									"decimal_separator => ',', "
									"thousands_separator => '.'.")
						  : NULL;
	/* Three digits behind each comma may be a group, others are not. */
	grouped =
		shape->commas > 1 || shape->dots > 0 || end - shape->last_comma == 4;
	if (grouped)
		return pstrdup("If commas separate thousands, say "
					   "thousands_separator => ','.");
	return fractional ? pstrdup("If commas are decimal points, say "
								"decimal_separator => ','.")
					  : NULL;
}

static char *
hint_for_date(const char *column, const char *s, size_t n, const Shape *shape)
{
	char separator = shape->slashes == 2 ? '/' : shape->dots == 2 ? '.' : '-';

	if (shape->digits < 4 ||
		(shape->slashes != 2 && shape->dots != 2 && shape->dashes != 2))
		return NULL;
	/* A year in front is read as it stands: then there is no such day. */
	if (n > 4 && s[4] == separator)
		return NULL;
	return psprintf("Say how dates are written, as in date_formats => "
					"'{\"%s\": \"DD%cMM%cYYYY\"}'.",
					column, separator, separator);
}

char *
etl_hint_for_value(Oid type, const char *column, bool text_nulls,
				   const char *s, size_t n)
{
	Shape shape;

	if (type == TEXTOID || type == VARCHAROID || type == BPCHAROID)
		return NULL;
	if (text_nulls && n == 0)
		return pstrdup("To read quoted empty fields as null, say quoted_nulls "
					   "=> true.");
	if (text_nulls && etl_null_word(s, n) >= 0)
		return psprintf("If \"%s\" stands for null, say null_strings => "
						"'{\"\",\"%s\"}'.",
						pnstrdup(s, n), pnstrdup(s, n));
	shape = shape_of(s, n);
	if (is_fractional(type) || is_integer(type))
		return hint_for_number(is_fractional(type), &shape, s + n);
	if (type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID)
		return hint_for_date(column, s, n, &shape);
	return NULL;
}
