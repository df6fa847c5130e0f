/*
 * inspect.h
 *	  A look at a source before reading it: its columns and their types.
 *
 * An inspection runs a call's reader over a sample, or over the whole source,
 * and infers the type of each column.  From it come the answers of
 * etl_sniff_csv and etl_describe, and the statements that create a table or a
 * view: they all say the same.
 */
#ifndef ETL_INSPECT_H
#define ETL_INSPECT_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "row/infer.h"
#include "scan/scan.h"

typedef struct EtlInspectedColumn
{
	char *name;  /* of the column */
	char *field; /* as the source gives it, or the path to it; NULL if it
				  * gives none */
	EtlInferred inferred;
	bool renamed;        /* reading finds it by its position only */
	const char *lacking; /* an item that hasn't it, or NULL */
} EtlInspectedColumn;

typedef struct EtlInspection
{
	EtlCall *call;
	char *source; /* as the user gave it */
	char *item;   /* the name of the first item that isn't empty */
	int nitems;
	bool has_secret;   /* the source is a URL with parts that are not shown */
	EtlReader *reader; /* over that item, for what it chose */
	int ncolumns;
	EtlInspectedColumn *columns;
	List *null_strings;       /* of char *, what means null; "" first */
	char decimal_separator;   /* '.' or ',' */
	char thousands_separator; /* 0 = none */
	List *warnings;           /* of char * */
	bool headers_differ;      /* between items */
	uint64 varying;           /* bit i: items need the i-th option of the
							   * call's table each in its own way */
} EtlInspection;

/*
 * Inspects so many records of the call's source, or all with -1, in the current
 * memory context.  Bad records are passed over with a warning.
 */
static inline EtlInspection *
etl_inspect(EtlCall *call, int64 sample_rows)
{
	return call->format->inspect(call, sample_rows);
}

/* The same, for the formats to choose from. */
extern EtlInspection *etl_inspect_csv(EtlCall *call, int64 sample_rows);
extern EtlInspection *etl_inspect_json(EtlCall *call, int64 sample_rows);
extern EtlInspection *etl_inspect_api(EtlCall *call, int64 sample_rows);

/*
 * A CREATE TABLE statement for the columns; target is SQL text.  NULL if there
 * are none, because the source is empty.
 */
extern char *etl_inspection_create_table(const EtlInspection *inspection,
										 const char *target,
										 bool if_not_exists);

/*
 * A SELECT over the source with everything pinned that holds for all items, and
 * the columns that all of them have; schema is the one of our
 * functions, or NULL if it need not be said.  NULL if there are none.
 */
extern char *etl_inspection_query(const EtlInspection *inspection,
								  const char *schema);

/*
 * {"column": "pattern"} for columns whose values need one, as text; NULL if none
 * does.
 */
extern char *etl_inspection_date_formats(const EtlInspection *inspection);

#endif
