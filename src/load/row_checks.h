/*
 * row_checks.h
 *	  The user's own checks of single rows.
 *
 * A row is checked as it will be stored, defaults and generated columns filled
 * in.  Mostly that is known before it goes into a batch.  Where a trigger or an
 * INSERT has a say, only store() knows; then what it finds is noted with the
 * row, and the row is stored no more.
 */
#ifndef ETL_LOAD_ROW_CHECKS_H
#define ETL_LOAD_ROW_CHECKS_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "load/batch.h"
#include "load/checks.h"
#include "load/target.h"

typedef struct EtlRowChecks EtlRowChecks;

/*
 * Those of the checks that judge single rows, and that rows are in the slice,
 * if there is one; NULL if there are none.  In the current memory context;
 * estate is the load's.  Raises errors for expressions that are none, and 42501
 * for columns that the user may not SELECT.
 */
extern EtlRowChecks *etl_row_checks_new(const EtlTarget *target, List *checks,
										const char *slice, EState *estate);

/* The 0-based columns of the target that they look at. */
extern const Bitmapset *etl_row_checks_columns(const EtlRowChecks *checks);

/* What the checks say of a row; all in the memory context that was current. */
typedef struct EtlVerdict
{
	EtlCheck *failed; /* NULL: the row passes; else *refusal tells why */
	EtlRefusal refusal;
	const char *column;
	EtlWarned *warned; /* what checks that only warn said; NULL: nothing */
} EtlVerdict;

/* Judges a row of the target's form. */
extern void etl_row_checks_judge(EtlRowChecks *checks, TupleTableSlot *slot,
								 EtlVerdict *verdict);

/*
 * The same for a row of a batch that is being stored: notes the verdict with
 * the row, in that context.
 */
extern void etl_row_checks_judge_stored(EtlRowChecks *checks,
										TupleTableSlot *slot, EtlLoadRow *row,
										MemoryContext context);

/* A copy of what was said, in the current memory context. */
extern EtlWarned *etl_warned_copy(const EtlWarned *warned);

/* The row stands: counts what was said of it. */
extern void etl_row_checks_note(const EtlWarned *warned,
								const EtlPlace *place);

#endif
