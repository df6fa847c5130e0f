/*
 * compat.h
 *	  Everything that differs between the supported PostgreSQL versions.
 *
 * This is the only place, with compat.c, that looks at PG_VERSION_NUM: the
 * rest of the code is written against one interface, the newest where that is
 * possible.
 */
#ifndef ETL_COMPAT_H
#define ETL_COMPAT_H

#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_constraint.h"
#include "executor/execdesc.h"
#include "fmgr.h"
#include "nodes/execnodes.h"
#include "storage/latch.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"

#if PG_VERSION_NUM < 150000
#error "pg_etl needs PostgreSQL 15 or newer"
#endif

/* The varlena macros have a header of their own since 16. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* So have EXPLAIN's state and the functions that print properties since 18. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/* A function that doesn't return; PostgreSQL's own macro changed with 18. */
#define ETL_NORETURN __attribute__((noreturn))

/* True where the server's input functions can report errors as values. */
#if PG_VERSION_NUM >= 160000
#define ETL_HAVE_SOFT_ERRORS 1
#endif

/*
 * Calls a type's input function; text is NULL for a null.  Where the server
 * reports bad text as a value, returns false and sets *error, palloc'd; else,
 * and for all other errors, raises the error.
 */
extern bool etl_compat_input_call(FmgrInfo *function, char *text,
								  Oid typioparam, int32 typmod, Datum *value,
								  ErrorData **error);

/* Raises 42501 if the current user has no USAGE on the foreign server. */
extern void etl_compat_check_server_usage(Oid server, const char *name);

/*
 * A set of events to wait for, without owner: the caller frees it.  context is
 * where it is kept, if the server lets us choose.
 */
extern WaitEventSet *etl_compat_wait_event_set(MemoryContext context,
											   int nevents);

/*
 * Makes rel, which is open and locked, the only relation of the range table of
 * estate, to be inserted into.  Checks that the current user may insert into
 * the columns attnos, a list of integers (42501).
 */
extern void etl_compat_init_insert(EState *estate, Relation rel,
								   LOCKMODE lockmode, List *attnos);

/* Raises an error if rows can't be inserted into that relation. */
extern void etl_compat_check_insertable(ResultRelInfo *rel);

/*
 * ExecInsertIndexTuples() for an INSERT.  arbiters are the indexes whose
 * conflicts are reported by *conflict instead of an error.
 */
extern List *etl_compat_insert_index_entries(ResultRelInfo *rel,
											 TupleTableSlot *slot,
											 EState *estate, List *arbiters,
											 bool *conflict);

/*
 * No more entries are made in the indexes of rel for now: releases what their
 * access methods hold, or forgets it if a rollback has released it.
 */
extern void etl_compat_end_index_entries(ResultRelInfo *rel, bool rolled_back);

/* ExecCheckIndexConstraints() for a row that is not in the table. */
extern bool etl_compat_check_index(ResultRelInfo *rel, TupleTableSlot *slot,
								   EState *estate, ItemPointer conflict,
								   Oid index);

/* The map from a partitioned table's rows to those of a partition, or NULL. */
extern AttrMap *etl_compat_root_to_partition(ResultRelInfo *partition,
											 EState *estate);

/* True for a foreign key whose last column is a period. */
static inline bool
etl_compat_has_period(Form_pg_constraint constraint)
{
#if PG_VERSION_NUM >= 180000
	return constraint->conperiod;
#else
	return false;
#endif
}

/*
 * Gives a relation new, empty storage, that others see when the transaction
 * commits.
 */
extern void etl_compat_new_storage(Relation rel);

/* Runs a query to its end. */
extern void etl_compat_executor_run(QueryDesc *query);

/* True for a generated column that isn't stored. */
static inline bool
etl_compat_is_virtual(Form_pg_attribute attribute)
{
#if PG_VERSION_NUM >= 180000
	return attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL;
#else
	return false;
#endif
}

/*
 * Of a generated column that isn't stored and must not be null: the condition
 * that it isn't; else NULL.
 */
extern Node *etl_compat_virtual_not_null(Relation rel, int i);

/* An expression over rel's rows, with what isn't stored computed. */
extern Node *etl_compat_expand_virtual(Node *expression, Relation rel);

/* The expression of a generated column that isn't stored. */
extern Node *etl_compat_virtual_expression(Relation rel, int i);

/* The expression of a check constraint of rel, or NULL if none is enforced. */
extern Node *etl_compat_check_expression(Relation rel, int i);

#endif
