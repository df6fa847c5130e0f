/*
 * owner.c
 *	  SQL over the extension's own tables, whoever the current user is.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "owner.h"

/* The owner of schema etl. */
static Oid
schema_owner(void)
{
	HeapTuple tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum("etl"));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_SCHEMA_NAME),
				 errmsg("schema \"etl\" does not exist"),
				 errhint("The extension pg_etl must be installed in this "
						 "database.")));
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return owner;
}

void
etl_owner_begin(EtlOwnerScope *scope)
{
	Oid owner = schema_owner();

	GetUserIdAndSecContext(&scope->user, &scope->security_context);
	SetUserIdAndSecContext(owner, scope->security_context |
									  SECURITY_LOCAL_USERID_CHANGE |
									  SECURITY_NOFORCE_RLS);
	scope->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
}

void
etl_owner_end(EtlOwnerScope *scope)
{
	SPI_finish();
	AtEOXact_GUC(true, scope->guc_level);
	SetUserIdAndSecContext(scope->user, scope->security_context);
}

void
etl_owner_execute(const char *statement, int nargs, Oid *types, Datum *values,
				  const bool *isnull, int expected)
{
	char nulls[ETL_MAX_PARAMETERS] = {0};
	int result;

	Assert(nargs <= ETL_MAX_PARAMETERS);
	for (int i = 0; i < nargs; i++)
		nulls[i] = isnull && isnull[i] ? 'n' : ' ';
	result = SPI_execute_with_args(statement, nargs, types, values, nulls,
								   false, 0);
	if (result != expected)
		elog(ERROR, "statement over schema etl failed: %s",
			 SPI_result_code_string(result));
}
