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

#include "fmgr.h"
#include "storage/latch.h"

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

#endif
