/*
 * pg_etl.c
 *	  Where the server enters the library.
 *
 * Defines the settings and lets each layer register itself; everything else is
 * theirs.
 */
#include "postgres.h"

#include "fmgr.h"

#include "deadletter/deadletter.h"
#include "guc.h"
#include "scan/plan.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	etl_guc_init();
	etl_plan_init();
	etl_deadletter_init();
}
