/*
 * column.h
 *	  A column of the row: where its text comes from and how it is converted.
 *
 * Conversion tries the fast converter and then, for what that declines, the
 * slow way: number or date format, and the type's input function under a guard.
 */
#ifndef ETL_COLUMN_H
#define ETL_COLUMN_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "fmgr.h"

#include "row/convert.h"
#include "row/date_format.h"
#include "row/guard.h"
#include "row/nested.h"
#include "row/number_format.h"

/* Where a column's text comes from. */
typedef enum EtlOrigin
{
	ETL_ORIGIN_FIELD, /* the first: special columns follow */
	ETL_ORIGIN_SOURCE,
	ETL_ORIGIN_LINE,
	ETL_ORIGIN_RECORD_NO,
	ETL_ORIGIN_OFFSET,
	ETL_ORIGIN_RAW,
	ETL_ORIGIN_RECORD
} EtlOrigin;

typedef struct EtlColumn
{
	/* What etl_row_form looks at for each value. */
	EtlConvert convert; /* never NULL */
	int field;          /* among the wanted ones; -1: the source has none */
	int index;          /* in the row */
	EtlOrigin origin;
	EtlConversion conversion;

	const char *name;
	Oid type;
	Oid base_type; /* beneath domains */

	FmgrInfo input;
	Oid typioparam;
	EtlGuard guard;
	bool judges_null; /* a domain, which may forbid nulls */

	bool is_checked;   /* its fields are well-formed JSON */
	bool is_nested;    /* JSON arrays or objects are read into it */
	EtlNested *nested; /* that reads them, or NULL */

	bool has_number_format;
	EtlNumberFormat number_format;
	EtlConvert plain_convert; /* of numbers in plain form, or NULL */

	char *date_pattern;         /* or NULL */
	EtlDateFormat *date_format; /* NULL where the server must read it */
	void *domain_state;         /* of domain_check */
	MemoryContext context;      /* what lives as long as the column */
} EtlColumn;

/*
 * Initialises a column in the current memory context.  Raises 0A000 for a
 * pseudo-type.  "last" is as in EtlGuard.
 */
extern void etl_column_init(EtlColumn *column, Form_pg_attribute attribute,
							bool last);

/* Numbers are written in this format; no effect on other types. */
extern void etl_column_set_number_format(EtlColumn *column,
										 const EtlNumberFormat *format);

/* Dates and times are read by this pattern; 22023 for other types. */
extern void etl_column_set_date_pattern(EtlColumn *column,
										const char *pattern);

/* True if the column is to have a string with its quotes, as JSON. */
extern bool etl_column_wants_json(const EtlColumn *column);

/* The fields of a column that wants JSON will be well-formed. */
extern void etl_column_trust_json(EtlColumn *column);

/*
 * Converts a field of this kind that the fast converter declined.  Returns
 * false, with *refusal filled, if the type refuses it.  The value is palloc'd.
 */
extern bool etl_column_convert_slowly(EtlColumn *column, EtlArena *arena,
									  EtlFieldKind kind, const char *s,
									  size_t n, Datum *value,
									  EtlRefusal *refusal);

/* Asks a domain whether the column may be null. */
extern bool etl_column_accept_null(EtlColumn *column, EtlRefusal *refusal);

#endif
