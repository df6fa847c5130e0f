/*
 * compat.c
 *	  Everything that differs between the supported PostgreSQL versions.
 */
#include "postgres.h"

#include "catalog/pg_foreign_server.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "compat.h"

#ifdef ETL_HAVE_SOFT_ERRORS
#include "nodes/miscnodes.h"
#endif

bool
etl_compat_input_call(FmgrInfo *function, char *text, Oid typioparam,
					  int32 typmod, Datum *value, ErrorData **error)
{
#ifdef ETL_HAVE_SOFT_ERRORS
	ErrorSaveContext context = {.type = T_ErrorSaveContext};

	context.details_wanted = true;
	if (InputFunctionCallSafe(function, text, typioparam, typmod,
							  (Node *) &context, value))
		return true;
	*error = context.error_data;
	return false;
#else
	*value = InputFunctionCall(function, text, typioparam, typmod);
	return true;
#endif
}

void
etl_compat_check_server_usage(Oid server, const char *name)
{
	AclResult result;

#if PG_VERSION_NUM >= 160000
	result = object_aclcheck(ForeignServerRelationId, server, GetUserId(),
							 ACL_USAGE);
#else
	result = pg_foreign_server_aclcheck(server, GetUserId(), ACL_USAGE);
#endif
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_SERVER, name);
}

WaitEventSet *
etl_compat_wait_event_set(MemoryContext context, int nevents)
{
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(NULL, nevents);
#else
	return CreateWaitEventSet(context, nevents);
#endif
}
