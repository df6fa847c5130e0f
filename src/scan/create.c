/*
 * create.c
 *	  etl_create_table and etl_create_view: inference into DDL.
 *
 * The statements run with the rights of the caller, and with a search_path in
 * which nobody else's types can stand before PostgreSQL's.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/varlena.h"

#include "quote.h"
#include "scan/look.h"

PG_FUNCTION_INFO_V1(etl_create_table);
PG_FUNCTION_INFO_V1(etl_create_view);

/* Where a relation will be made, by the caller's search_path. */
static RangeVar *
creation_target(text *name)
{
	RangeVar *target = makeRangeVarFromNameList(textToQualifiedNameList(name));
	Oid namespace = RangeVarGetCreationNamespace(target);

	target->schemaname = get_namespace_name(namespace);
	target->catalogname = NULL;
	return target;
}

static char *
target_text(const RangeVar *target)
{
	StringInfoData out;

	initStringInfo(&out);
	etl_quote_qualified(&out, target->schemaname, target->relname);
	return out.data;
}

/* Runs a utility statement under a pinned search_path. */
static void
run_statement(const char *statement)
{
	int nest_level = NewGUCNestLevel();
	int result;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	result = SPI_execute(statement, false, 0);
	if (result < 0)
		elog(ERROR, "statement failed: %s", SPI_result_code_string(result));
	SPI_finish();
	AtEOXact_GUC(true, nest_level);
}

/* Raises 42P16 for a source that nothing can be made of. */
static EtlInspection *
look_at_arguments(FunctionCallInfo fcinfo)
{
	const char *format =
		PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	Jsonb *options = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	EtlInspection *inspection =
		etl_look(text_to_cstring(PG_GETARG_TEXT_PP(1)), format, options,
				 ETL_LOOK_SAMPLE_ROWS);

	if (inspection->ncolumns == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TABLE_DEFINITION),
						errmsg("\"%s\" has no columns",
							   etl_source_visible(inspection->source)),
						errdetail("It is empty.")));
	return inspection;
}

/* etl_create_table(target, source, format, options, if_not_exists) */
Datum
etl_create_table(PG_FUNCTION_ARGS)
{
	bool if_not_exists = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
	RangeVar *target;
	Oid existing;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	target = creation_target(PG_GETARG_TEXT_PP(0));
	existing = RangeVarGetRelid(target, NoLock, true);
	if (!OidIsValid(existing) || !if_not_exists)
		run_statement(etl_inspection_create_table(look_at_arguments(fcinfo),
												  target_text(target),
												  if_not_exists));
	PG_RETURN_OID(RangeVarGetRelid(target, NoLock, false));
}

/* Everybody may read a view's definition. */
static void
check_no_secret(const EtlInspection *inspection)
{
	if (inspection->has_secret)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the URL of a view must not hold a secret"),
				 errhint(
					 "Make a foreign server with a user mapping that holds "
					 "it, and give the server's name with the option "
					 "\"server\".")));
}

/* etl_create_view(name, source, format, options) */
Datum
etl_create_view(PG_FUNCTION_ARGS)
{
	RangeVar *target;
	EtlInspection *inspection;
	char *query;
	char *schema =
		get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	target = creation_target(PG_GETARG_TEXT_PP(0));
	inspection = look_at_arguments(fcinfo);
	check_no_secret(inspection);
	query = etl_inspection_query(inspection, schema);
	if (query == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TABLE_DEFINITION),
						errmsg("the files of \"%s\" have no columns in common",
							   inspection->source)));
	run_statement(
		psprintf("CREATE VIEW %s AS %s", target_text(target), query));
	PG_RETURN_OID(RangeVarGetRelid(target, NoLock, false));
}
