/*
 * functions.c
 *	  etl_load and etl_load_query: from arguments to a load and its row.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "http/site.h"
#include "load/load.h"
#include "options.h"
#include "scan/call.h"
#include "scan/look.h"

PG_FUNCTION_INFO_V1(etl_load);
PG_FUNCTION_INFO_V1(etl_load_query);

static const char *const replace_by_names[] = {"delete", "rewrite", NULL};
static const char *const fingerprint_names[] = {"version", "checksum", NULL};

/* What is given by name, as arguments or in mode_options. */
typedef struct LoadOptions
{
	int mode;
	EtlTextList *key;
	char *slice;
	int on_error;
	int64 reject_limit;
	double reject_limit_percent;
	Jsonb *checks;
	int skip_loaded;
	char *label;

	/* mode_options */
	int replace_by;
	int fingerprint;
} LoadOptions;

#define LOAD_OPTION(member) \
	.name = #member, .offset = offsetof(LoadOptions, member)

static const EtlOptionDef argument_defs[] = {
	{LOAD_OPTION(mode), .type = ETL_OPTION_ENUM,
	 .values = etl_load_mode_names},
	{LOAD_OPTION(key), .type = ETL_OPTION_TEXT_LIST},
	{LOAD_OPTION(slice), .type = ETL_OPTION_TEXT},
	{LOAD_OPTION(on_error), .type = ETL_OPTION_ENUM,
	 .values = etl_on_error_names},
	{LOAD_OPTION(reject_limit), .type = ETL_OPTION_INT64},
	{LOAD_OPTION(reject_limit_percent), .type = ETL_OPTION_FLOAT8},
	{LOAD_OPTION(checks), .type = ETL_OPTION_JSONB},
	{LOAD_OPTION(skip_loaded), .type = ETL_OPTION_BOOL},
	{LOAD_OPTION(label), .type = ETL_OPTION_TEXT},
};

static const EtlOptionDef mode_defs[] = {
	{LOAD_OPTION(replace_by), .type = ETL_OPTION_ENUM,
	 .values = replace_by_names},
	{LOAD_OPTION(fingerprint), .type = ETL_OPTION_ENUM,
	 .values = fingerprint_names},
};

static const EtlOptionTable argument_table = {argument_defs,
											  lengthof(argument_defs)};
static const EtlOptionTable mode_table = {mode_defs, lengthof(mode_defs)};

/* 22004 for what must be given. */
static void
check_given(FunctionCallInfo fcinfo, int i, const char *name)
{
	if (PG_ARGISNULL(i))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"%s\" must not be null", name)));
}

static void
check_request(const EtlLoadRequest *request, const LoadOptions *options)
{
	if ((request->mode == ETL_LOAD_SLICE) != (request->slice != NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 request->slice
					 ? errmsg("argument \"slice\" is for mode \"slice\"")
					 : errmsg("mode \"slice\" needs the argument "
							  "\"slice\", a condition")));
	if (options->replace_by != ETL_OPTION_UNSET &&
		request->mode != ETL_LOAD_REPLACE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("mode option \"replace_by\" is for mode "
							   "\"replace\"")));
	if (options->key)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("mode \"%s\" takes no key",
							   etl_load_mode_names[request->mode])));
	if (request->reject_limit_percent > 100)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"reject_limit_percent\" must be at "
							   "most 100")));
}

/* The request that the arguments make; by their names, all that are not null. */
static EtlLoadRequest *
make_request(FunctionCallInfo fcinfo)
{
	EtlLoadRequest *request = palloc0(sizeof(EtlLoadRequest));
	EtlCallSite *site = etl_call_site_new(fcinfo->flinfo->fn_oid, NULL);
	LoadOptions options = {0};
	EtlOptionTarget arguments;
	EtlOptionTarget mode;

	check_given(fcinfo, 0, "target");
	etl_option_init(&arguments, &argument_table, &options);
	etl_option_init(&mode, &mode_table, &options);
	for (int i = 0; i < site->nargs; i++)
	{
		if (strcmp(site->names[i], "mode_options") != 0)
			(void) etl_option_set(&arguments, site->names[i], site->types[i],
								  PG_GETARG_DATUM(i), PG_ARGISNULL(i), true);
		else if (!PG_ARGISNULL(i))
			etl_option_set_object(&mode, PG_GETARG_JSONB_P(i));
	}
	request->target = PG_GETARG_OID(0);
	request->mode = options.mode == ETL_OPTION_UNSET
						? ETL_LOAD_APPEND
						: (EtlLoadMode) options.mode;
	request->slice = options.slice;
	request->replace_by = options.replace_by == ETL_OPTION_UNSET
							  ? ETL_REPLACE_BY_DELETE
							  : (EtlReplaceBy) options.replace_by;
	request->on_error = options.on_error == ETL_OPTION_UNSET
							? ETL_ON_ERROR_DEAD_LETTER
							: (EtlOnError) options.on_error;
	request->reject_limit = options.reject_limit;
	request->reject_limit_percent = options.reject_limit_percent;
	request->checks = options.checks;
	request->skip_loaded = options.skip_loaded == 1;
	request->by_checksum = options.fingerprint == 1;
	request->label = options.label;
	check_request(request, &options);
	return request;
}

static void
check_not_twice(const EtlCall *call, const char *name, bool given)
{
	if (given && etl_option_given(&call->target, name))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"%s\" is given twice", name)));
}

/* Limits may be given among the reader's options, too. */
static void
take_limits(EtlLoadRequest *request, const EtlCall *call)
{
	const EtlScanOptions *options = call->options;

	check_not_twice(call, "reject_limit", request->reject_limit >= 0);
	check_not_twice(call, "reject_limit_percent",
					!isnan(request->reject_limit_percent));
	if (request->reject_limit < 0)
		request->reject_limit = options->reject_limit;
	if (isnan(request->reject_limit_percent))
		request->reject_limit_percent = options->reject_limit_percent;
}

/* What options may have besides those of the reader. */
static Jsonb *
take_incremental(Jsonb **options)
{
	JsonbValue found;
	Datum name = CStringGetTextDatum("incremental");

	if (*options == NULL || !JB_ROOT_IS_OBJECT(*options) ||
		!getKeyJsonValueFromContainer(&(*options)->root, "incremental",
									  strlen("incremental"), &found))
		return NULL;
	*options = DatumGetJsonbP(
		DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(*options), name));
	return found.type == jbvNull ? NULL : JsonbValueToJsonb(&found);
}

/*
 * The call that reads the source, with the load's own way with bad records; and
 * the cursor that tells what of it is new, or NULL.
 */
static EtlCall *
make_call(FunctionCallInfo fcinfo, EtlLoadRequest *request, EtlCursor **cursor)
{
	char *source = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Jsonb *options = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	Jsonb *incremental = take_incremental(&options);
	const EtlFormat *format =
		PG_ARGISNULL(2)
			? etl_format_detect(source, options)
			: etl_format_find(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	EtlCall *call = etl_call_new(format);

	if (request->skip_loaded && format->items)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"skip_loaded\" is not for sources of "
						"format %s",
						format->name),
				 errhint("What an API has new is loaded with the option "
						 "\"incremental\".")));
	call->source = source;
	/* given before, so that options can't give it a second time */
	(void) etl_option_set(&call->target, "on_error", TEXTOID,
						  CStringGetTextDatum(
							  etl_on_error_names[request->on_error]),
						  false, false);
	if (options)
		etl_option_set_object(&call->target, options);
	etl_call_check(call);
	take_limits(request, call);
	*cursor =
		incremental ? etl_cursor_parse(incremental, call, request) : NULL;
	return call;
}

/* What the ledger and the progress tell of the source. */
static void
note_source(EtlLoadRequest *request, const EtlCall *call)
{
	const char *server = call->options->server;

	request->source = etl_source_visible(call->source);
	request->is_file = etl_source_is_file(call->source, server);
	if (request->is_file)
		request->bytes_total =
			Max(etl_source_estimate_size(call->source, server), 0);
	else
		request->url =
			etl_http_site_url(etl_http_site_open(server), call->source,
							  call->options->transport.params);
}

/* etl_load(target, source, format, options, ...) RETURNS etl.load */
Datum
etl_load(PG_FUNCTION_ARGS)
{
	EtlLoadRequest *request;
	EtlCall *call;
	EtlCursor *cursor;
	EtlLoad *load;

	check_given(fcinfo, 1, "source");
	request = make_request(fcinfo);
	call = make_call(fcinfo, request, &cursor);
	note_source(request, call);
	load = etl_load_begin(request);
	/* pages of an API have no version, and are many */
	if (call->format->items == NULL)
		load->sources = etl_sources_new(load);
	if (cursor)
		etl_cursor_open(cursor, load, call);
	load->cursor = cursor;
	etl_load_rows_of_scan(load, call);
	if (cursor)
		etl_cursor_close(cursor);
	PG_RETURN_DATUM(
		etl_ledger_record(load, load->skipped ? "skipped" : "succeeded"));
}

/* etl_load_query(target, query, ...) RETURNS etl.load */
Datum
etl_load_query(PG_FUNCTION_ARGS)
{
	EtlLoadRequest *request;
	EtlLoad *load;

	check_given(fcinfo, 1, "query");
	request = make_request(fcinfo);
	if (request->skip_loaded || request->by_checksum)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 request->skip_loaded
					 ? errmsg("argument \"skip_loaded\" is for files and "
							  "URLs, not for queries")
					 : errmsg("mode option \"fingerprint\" is for files and "
							  "URLs, not for queries")));
	request->source = pstrdup("query");
	load = etl_load_begin(request);
	etl_load_rows_of_query(load, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_DATUM(etl_ledger_record(load, "succeeded"));
}
