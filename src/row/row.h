/*
 * row.h
 *	  Fields to Datums: from a reader's record to the columns of a row.
 *
 * A row knows the columns that the user declared: their types, which of them
 * anybody needs, and where in the source each comes from.  It is made once a
 * scan and bound anew to each reader.  A value that its column's type refuses
 * makes the record a reject; nothing here raises an error for bad data.
 *
 * Values live in the row's own arena or in the memory context that is current
 * when etl_row_form() is called, until the next call.
 */
#ifndef ETL_ROW_H
#define ETL_ROW_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "utils/jsonb.h"

#include "record/record.h"

typedef struct EtlRowOptions
{
	/* {"target column": "field name" | 1-based position | path}, or NULL */
	Jsonb *columns;
	bool has_positions; /* positions are allowed there */

	/* Refused values become NULL instead of rejecting the record. */
	bool null_on_error;

	/*
	 * Convert every column, needed or not, so rejects don't depend on it.
	 * Without convert_all and null_on_error the caller gives up at the first
	 * reject and raises it as an error.
	 */
	bool convert_all;

	/* How numbers are written: bytes; 0 = none for thousands. */
	char decimal_separator;
	char thousands_separator;

	/* {"target column": "to_timestamp pattern"}, or NULL */
	Jsonb *date_formats;

	/* A domain over the row's type that the row must be a value of, or 0. */
	Oid domain;

	/* What messages call a field: "column" in CSV, "member" in JSON. */
	const char *field_noun;

	/*
	 * The source may lack columns that the columns option doesn't name, as
	 * long as it has one of them.
	 */
	bool may_lack;
} EtlRowOptions;

typedef struct EtlRow EtlRow;

/* What of etl_row_form's record was refused although the row stands. */
typedef enum EtlRowStatus
{
	ETL_ROW_OK,
	ETL_ROW_NULLED, /* null_on_error: some values became NULL;
								 * *reject tells the first */
	ETL_ROW_REJECT  /* *reject tells why */
} EtlRowStatus;

/*
 * Makes a row for the columns of desc.  needed holds the 0-based columns that
 * the caller will look at; NULL means all.  Lives in the current context.
 * Errors: 22023 for options that name no column, 0A000 for a pseudo-type.
 */
extern EtlRow *etl_row_new(TupleDesc desc, const Bitmapset *needed,
						   const EtlRowOptions *options);

/*
 * Matches the columns to the reader's fields and tells the reader which of them
 * are wanted.  With names: by the columns option, else the same name, else the
 * same name regardless of case and surrounding blanks; a column that no field
 * matches is 42703.  Without names: by position, special columns not counted.
 * With open names each column asks for its field; records may lack it.
 */
extern void etl_row_bind(EtlRow *row, EtlReader *reader);

/*
 * Fills values and isnull, which have one entry for each column of desc, with
 * the needed columns; the others are null.  A caller passes the same arrays
 * each time and leaves them alone between.
 */
extern EtlRowStatus etl_row_form(EtlRow *row, EtlReader *reader,
								 const EtlRecord *record, Datum *values,
								 bool *isnull, EtlReject *reject);

/*
 * Whether a record with these fields, as the reader handed them out, has none
 * for a 0-based column of desc.
 */
extern bool etl_row_is_missing(const EtlRow *row, const EtlField *fields,
							   int column);

/*
 * A copy of a row type's descriptor, in the current context, which still tells
 * the generated columns.
 */
extern TupleDesc etl_row_copy_desc(TupleDesc desc);

/* True if the column of that name is no field of a source: "etl_line" etc. */
extern bool etl_row_is_special_name(const char *name);

/* How many columns of desc are fields of a source: all but the special ones. */
extern int etl_row_ordinary_columns(TupleDesc desc);

/*
 * Appends {"column": field, ...}: what each column is bound to, as the columns
 * option says it.
 */
extern void etl_row_append_columns(const EtlRow *row, StringInfo out);

/* The most rows that are formed at once. */
#define ETL_ROW_MANY 64

/* How many rows can be formed at once, as bound; 0: only one by one. */
extern int etl_row_many(const EtlRow *row);

/*
 * Forms n rows, to be taken with etl_row_take() before the next call; the
 * records' fields must live as long.
 */
extern void etl_row_form_many(EtlRow *row, const EtlField *fields, int nwanted,
							  int n);

/*
 * Fills values and isnull with row i of them.  False if that one must be formed
 * by itself, from its record.
 */
extern bool etl_row_take(EtlRow *row, int i, Datum *values, bool *isnull);

/*
 * True if converting to these columns may need a subtransaction (domains with
 * checks that run SQL, types of extensions, and the caller goes on after
 * rejects), so the scan must not run while the server is in parallel mode.
 */
extern bool etl_row_needs_subtransaction(TupleDesc desc,
										 const EtlRowOptions *options);

#endif
