/*
 * rewrite.h
 *	  Replaces all rows of a table by giving it new storage.
 */
#ifndef ETL_LOAD_REWRITE_H
#define ETL_LOAD_REWRITE_H

#include "postgres.h"

#include "load/target.h"

/*
 * Gives the table, on which we have an exclusive lock, new and empty storage, and
 * returns how many rows the old one has.  Raises 0A000 where that can't be done.
 */
extern uint64 etl_rewrite_begin(EtlTarget *target);

/* The new storage is filled: locks out readers until the transaction ends. */
extern void etl_rewrite_finish(EtlTarget *target);

#endif
