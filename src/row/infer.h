/*
 * infer.h
 *	  The narrowest type that holds all values of a column.
 *
 * Values are fed one at a time; at any point the guess can be read.  The kinds
 * are those of record/scalar.h, so a value that made a column an integer is one
 * that conversion accepts as an integer.
 */
#ifndef ETL_INFER_H
#define ETL_INFER_H

#include "postgres.h"

#include "record/record.h"

typedef struct EtlInference EtlInference;

typedef struct EtlInferred
{
	const char *type;         /* SQL name such as "bigint", "numeric" */
	bool nullable;            /* a null or missing value was seen */
	const char *format;       /* date_formats pattern, or NULL */
	char decimal_separator;   /* '.' or ',' where the values show it */
	char thousands_separator; /* 0 = none */
	const char *grouped_type; /* that of plain numbers if their points group
							   * thousands, or NULL if they can't */
	char *example;            /* a value, or NULL */
	char *note;               /* ambiguity, the line that forced text, or
								 * NULL */
	bool forced_by_empty;     /* that line's value is empty, yet no null */
	int64 values;             /* values seen that were not null */
} EtlInferred;

/*
 * For ncolumns columns, in the current memory context.  typed: the source tells
 * strings from other values.  Then a string is no number, boolean or JSON,
 * whatever it looks like, and what is no string is no date.
 */
extern EtlInference *etl_infer_new(int ncolumns, bool typed);

/* Feeds the field of column i found in a record that starts at line. */
extern void etl_infer_value(EtlInference *inference, int i,
							const EtlField *field, int64 line);

/* The guess so far; strings live in the current memory context. */
extern EtlInferred etl_infer_result(const EtlInference *inference, int i);

#endif
