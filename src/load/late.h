/*
 * late.h
 *	  What can only be said of rows when all of them are in.
 *
 * A row may refer to one that comes later in the same load.  So foreign keys that
 * refer to the target itself are checked at the end; rows without parent are
 * removed again, and so are those that refer to them.  AFTER ROW triggers of the
 * user's wait until it is known which rows stay.
 */
#ifndef ETL_LOAD_LATE_H
#define ETL_LOAD_LATE_H

#include "postgres.h"

#include "load/foreign_keys.h"
#include "load/writer.h"

typedef struct EtlLate EtlLate;

/* Keeps nothing yet; in the current memory context. */
extern EtlLate *etl_late_new(EtlWriter *writer, EtlForeignKeys *keys);

/*
 * Keeps what is needed of a row that has been stored; tuple is the row as it is
 * in the table.  Unless all rows are wanted, those of which nothing can be said
 * later are not kept.
 */
extern void etl_late_add(EtlLate *late, const EtlLoadRow *row, HeapTuple tuple,
						 bool all);

/*
 * All rows have been stored: removes those that can't stay, each of which the
 * writer's load is told of, and fires the triggers of the others.
 */
extern void etl_late_check(EtlLate *late);

/* Calls function for each row kept that is still there. */
extern void etl_late_each(EtlLate *late,
						  void (*function)(void *arg, HeapRel *rel,
										   HeapTuple tuple),
						  void *arg);

extern void etl_late_end(EtlLate *late);

#endif
