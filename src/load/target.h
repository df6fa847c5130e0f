/*
 * target.h
 *	  Where a load's rows go: the relation, the columns that it may fill, and
 *	  the way by which rows get there.
 *
 * Rows land where an INSERT would put them.  What an INSERT does is asked of the
 * server itself: it plans one.  Where that is nothing but storing rows in the
 * very table, or in the partitions of it, the load stores them itself; where it
 * is anything else (views, rules, foreign tables, row-level security, tables
 * that another extension takes care of), each row goes through the INSERT.
 */
#ifndef ETL_LOAD_TARGET_H
#define ETL_LOAD_TARGET_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/rel.h"

typedef struct EtlTarget
{
	Relation rel;   /* locked until the transaction's end */
	TupleDesc desc; /* of its rows, a copy with its constraints */
	char *name;     /* quoted and qualified */
	bool by_insert;
	List *results; /* OIDs of the tables that an INSERT would store in */

	/*
	 * The columns that a source may fill, in order: all but generated ones and
	 * identities that are generated always.
	 */
	List *attnos; /* of int */
	List *excluded;
	List *forbidden; /* those that the current user may not insert into */
} EtlTarget;

/*
 * Opens the target, in the current memory context, and checks that it can be
 * inserted into and that the current user may (42P01, 42809, 42501).  The lock
 * is the strongest that the load will need: one that is raised later would be
 * a deadlock with another load that does the same.
 */
extern EtlTarget *etl_target_open(Oid relid, LOCKMODE lockmode);

/* Closes the relation, whose lock stays. */
extern void etl_target_close(EtlTarget *target);

#endif
