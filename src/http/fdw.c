/*
 * fdw.c
 *	  The foreign-data wrapper pg_etl: its validator.
 *
 * The wrapper has no handler.  Servers and user mappings are where connections
 * are described; tables are made by other means.
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"

#include "confine.h"
#include "http/secrets.h"
#include "http/server.h"

PG_FUNCTION_INFO_V1(etl_fdw_validator);

/*
 * Checks a server's options.  All of them come here whichever is altered, so
 * what only a superuser may set makes the whole server theirs to alter: who
 * could change base_url could reach what allow_private was not meant for.
 */
static void
check_server(Datum options)
{
	EtlServer server = {0};

	etl_server_parse(untransformRelOptions(options), &server);
	if (server.allow_private && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to create or alter a server with "
						"option \"allow_private\""),
				 errdetail("Only superusers may.")));
	if (server.ca_file != NULL &&
		!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to create or alter a server with "
						"option \"ca_file\""),
				 errdetail("Only roles with privileges of the \"%s\" role "
						   "may.",
						   "pg_read_server_files")));
	if (server.ca_file != NULL)
		etl_confine_check(server.ca_file, server.ca_file);
}

/* Raises 22023 for options of what has none. */
static void
check_no_options(Datum options)
{
	if (ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(options)),
					   ARR_DIMS(DatumGetArrayTypeP(options))) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("foreign-data wrapper \"pg_etl\" has options for "
						"servers and user mappings only")));
}

Datum
etl_fdw_validator(PG_FUNCTION_ARGS)
{
	Datum options = PG_GETARG_DATUM(0);

	switch (PG_GETARG_OID(1))
	{
		case ForeignServerRelationId:
			check_server(options);
			break;
		case UserMappingRelationId:
			etl_secrets_check(DatumGetArrayTypeP(options));
			break;
		default:
			check_no_options(options);
			break;
	}
	PG_RETURN_VOID();
}
