/*
 * deferred.h
 *	  Constraints that are checked at COMMIT only, made immediate for a load: a
 *	  row that violates one is to be a dead letter, not the end of all.
 */
#ifndef ETL_LOAD_DEFERRED_H
#define ETL_LOAD_DEFERRED_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * Makes the constraints of these relations immediate; what waits to be checked
 * is checked now.  The result is for the call that defers them again.
 */
extern List *etl_deferred_make_immediate(const List *relids);
extern void etl_deferred_restore(List *constraints);

#endif
