/*
 * room.h
 *	  Makes room in the target for rows that replace others.
 *
 * Before the first row is loaded those that it replaces are gone, for this
 * transaction; others see them until it commits.  Two loads that replace rows of
 * one target come one after the other.
 */
#ifndef ETL_LOAD_ROOM_H
#define ETL_LOAD_ROOM_H

#include "postgres.h"

#include "nodes/plannodes.h"
#include "storage/lockdefs.h"

#include "load/load.h"

/* The lock that the request's mode takes on the target when the load begins. */
extern LOCKMODE etl_room_lock_mode(const EtlLoadRequest *request);

/*
 * Raises 42501 if the user may not remove rows: asked before the lock is taken,
 * so that those who may not don't make others wait.
 */
extern void etl_room_check_privileges(const EtlLoadRequest *request);

/* Removes the rows that the load replaces, and counts them. */
extern void etl_room_make(EtlLoad *load);

/* Raises 0A000 if a query that yields the rows needs those that are gone. */
extern void etl_room_check_query(const EtlLoad *load, const PlannedStmt *plan);

/* The load is done: refreshes statistics, and shows the rows to others. */
extern void etl_room_finish(EtlLoad *load);

#endif
