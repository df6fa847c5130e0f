/*
 * compat.c
 *	  Everything that differs between the supported PostgreSQL versions.
 */
#include "postgres.h"

#include "fmgr.h"

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
