/*
 * set_checks.h
 *	  The user's checks of all rows of a load together.
 *
 * They are queries over etl_batch, a relation that only they know: the rows that
 * the load has inserted, as they were stored.  These are kept, in memory and then
 * on disk, only if there is such a check.
 */
#ifndef ETL_LOAD_SET_CHECKS_H
#define ETL_LOAD_SET_CHECKS_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/bitmapset.h"

#include "load/checks.h"
#include "load/target.h"

typedef struct EtlSetChecks EtlSetChecks;

/*
 * Those of the checks that judge all rows together; NULL if there are none.  In
 * the current memory context.  Raises errors for queries that are none.
 */
extern EtlSetChecks *etl_set_checks_new(const EtlTarget *target, List *checks);

/*
 * The 0-based columns of the target that etl_batch has: those that the user may
 * SELECT.
 */
extern const Bitmapset *etl_set_checks_columns(const EtlSetChecks *checks);

/* A row of the target's form has been inserted. */
extern void etl_set_checks_add(EtlSetChecks *checks, HeapTuple row);

/* All rows are in: runs the checks; XE004 for one that aborts. */
extern void etl_set_checks_run(EtlSetChecks *checks);

#endif
