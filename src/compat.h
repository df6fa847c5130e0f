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

#if PG_VERSION_NUM < 150000
#error "pg_etl needs PostgreSQL 15 or newer"
#endif

/* True where the server's input functions can report errors as values. */
#if PG_VERSION_NUM >= 160000
#define ETL_HAVE_SOFT_ERRORS 1
#endif

#endif
