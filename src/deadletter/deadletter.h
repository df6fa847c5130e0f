/*
 * deadletter.h
 *	  Rejected records, kept in etl.dead_letter.
 */
#ifndef ETL_DEADLETTER_H
#define ETL_DEADLETTER_H

/*
 * Registers the store of rejects, and the hook by which it writes at a query's
 * end; called once, from _PG_init.
 */
extern void etl_deadletter_init(void);

#endif
