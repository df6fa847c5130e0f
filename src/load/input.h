/*
 * input.h
 *	  From what a load is given to rows of its target.
 *
 * The input has columns of its own: those of the target that a source may fill,
 * or those of a query.  They are matched by name; a query's values are cast as
 * an INSERT would cast them.  Columns that the input lacks take their defaults,
 * for each row anew.
 */
#ifndef ETL_LOAD_INPUT_H
#define ETL_LOAD_INPUT_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "load/target.h"
#include "row/guard.h"

typedef struct EtlInput EtlInput;

/*
 * An input with the columns of desc but the unused, which are 0-based, in the
 * current memory context.  Raises 42703 if none of them is one of the target's,
 * 42804 if one can't be cast, 42501 if the user may not fill one.
 */
extern EtlInput *etl_input_new(EtlTarget *target, TupleDesc desc,
							   const Bitmapset *unused, EState *estate);

/*
 * Columns of desc that the target doesn't take: names, as strings, in the
 * current memory context.
 */
extern List *etl_input_ignored(const EtlInput *input);

/*
 * Tells that the row that comes next has no value for a 0-based column of desc,
 * so that it takes its default.
 */
extern void etl_input_lacks(EtlInput *input, int column);

/* The 0-based columns of desc for which it matters whether a row lacks them. */
extern const Bitmapset *etl_input_with_defaults(const EtlInput *input);

/* True if the input's rows are the target's as they stand. */
extern bool etl_input_is_direct(const EtlInput *input);

/*
 * Fills slot, of the target's form, with a row of the input.  False, with
 * *refusal and *column filled, if a value is refused.
 */
extern bool etl_input_form(EtlInput *input, TupleTableSlot *row,
						   TupleTableSlot *slot, EtlRefusal *refusal,
						   const char **column);

/*
 * 0-based columns of the target without value, where their defaults are left to
 * the INSERT; else NULL.  Lives as long as the input.
 */
extern const Bitmapset *etl_input_absent(const EtlInput *input);

#endif
