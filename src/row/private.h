/*
 * private.h
 *	  What the files of the row share.
 */
#ifndef ETL_ROW_PRIVATE_H
#define ETL_ROW_PRIVATE_H

#include "row/arena.h"
#include "row/column.h"
#include "row/row.h"

/* What the columns option says of one column; neither: nothing. */
typedef struct EtlMapping
{
	char *name;   /* the field's name, or NULL */
	int position; /* 1-based, or 0 */
} EtlMapping;

typedef struct EtlRowDomain EtlRowDomain;

struct EtlRow
{
	TupleDesc desc; /* borrowed */
	const char *field_noun;
	bool has_positions;
	bool null_on_error;
	bool may_lack;

	EtlRowDomain *domain; /* that the whole row is a value of, or NULL */
	EtlMapping *mappings; /* one for each column of desc */

	/* The columns that are converted, in order. */
	EtlColumn *columns;
	int ncolumns;

	EtlArena arena;

	/* Many rows at once: one column's values after the other's. */
	int many; /* how many; 0 if these columns can't be */
	EtlConvertMany *convert_many;
	EtlArena many_arena;
	Datum *many_values;
	bool *many_nulls;
	bool declined[ETL_ROW_MANY];
	int many_index[ETL_ROW_MANY]; /* of each column in the row */

	Datum *values; /* the caller's, set to null at first sight */

	MemoryContext bound; /* what belongs to the reader bound last */
	bool names_are_open; /* that reader's */
	int *wanted;
	size_t source_length;
};

/* Settles whether rows can be formed many at once; after binding. */
extern void etl_row_prepare_many(EtlRow *row);

/*
 * row_domain.c: a domain over the row's type, in the current context, and
 * whether it accepts a row, else with *refusal filled.  last as in EtlGuard.
 */
extern EtlRowDomain *etl_row_domain_new(Oid type, bool last);
extern bool etl_row_domain_accepts(EtlRowDomain *domain, TupleDesc desc,
								   Datum *values, bool *isnull,
								   EtlRefusal *refusal);

/* True if the column is none of the source's: "etl_line" and so on. */
extern bool etl_row_is_special(const char *name, EtlOrigin *origin);

/* Reads the columns option into mappings; 22023 for an unknown column. */
extern void etl_row_parse_mappings(EtlRow *row, Jsonb *columns);

/*
 * Calls set(column's 0-based position, value) for each member of an object that
 * names columns of desc; option is its name in messages.
 */
typedef void (*EtlMemberCallback)(void *arg, int index,
								  const JsonbValue *value);
extern void etl_row_for_each_member(TupleDesc desc, Jsonb *object,
									const char *option,
									EtlMemberCallback callback, void *arg);

#endif
