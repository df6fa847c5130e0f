/*
 * srf.c
 *	  The reader functions, as core calls them where no scan node stands.
 *
 * They return a row a call, so a target list streams too, while core gathers
 * the rows of a function scan in a tuplestore.  The rows are those of the scan
 * node.
 *
 * A series of calls that isn't run to its end is closed by a callback of its
 * expression context; after an error, memory contexts do all cleaning up.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "scan/call.h"

PG_FUNCTION_INFO_V1(etl_read_csv);
PG_FUNCTION_INFO_V1(etl_parse_csv);
PG_FUNCTION_INFO_V1(etl_csv_rows);
PG_FUNCTION_INFO_V1(etl_read_json);
PG_FUNCTION_INFO_V1(etl_parse_json);
PG_FUNCTION_INFO_V1(etl_read_api);

static const EtlReaderFunction reader_functions[] = {
	{etl_read_csv, &etl_format_csv, false},
	{etl_parse_csv, &etl_format_csv, true},
	{etl_csv_rows, &etl_format_csv_rows, false},
	{etl_read_json, &etl_format_json, false},
	{etl_parse_json, &etl_format_json, true},
	{etl_read_api, &etl_format_api, false},
};

/* What is kept over all calls of one call site. */
typedef struct SrfState
{
	EtlCallSite *site;
	TupleDesc desc;
	Oid domain; /* over desc's type, or InvalidOid */
	Datum *values;
	bool *isnull;
	EtlScanHistory *history;

	/* The series of calls that is under way; scan is NULL if none is. */
	MemoryContext run_context;
	EtlScan *scan;
} SrfState;

static Datum next_row(FunctionCallInfo fcinfo, PGFunction entry);
static SrfState *make_state(FunctionCallInfo fcinfo, PGFunction entry);
static bool start_series(SrfState *state, FunctionCallInfo fcinfo);
static void stop_series(SrfState *state);
static void abandon_series(Datum arg);

const EtlReaderFunction *
etl_reader_function_find(PGFunction entry)
{
	for (int i = 0; i < lengthof(reader_functions); i++)
	{
		if (reader_functions[i].entry == entry)
			return &reader_functions[i];
	}
	return NULL;
}

Datum
etl_read_csv(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, etl_read_csv);
}

Datum
etl_parse_csv(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, etl_parse_csv);
}

Datum
etl_csv_rows(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, etl_csv_rows);
}

Datum
etl_read_json(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, etl_read_json);
}

Datum
etl_parse_json(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, etl_parse_json);
}

Datum
etl_read_api(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, etl_read_api);
}

/* One call of a series. */
static Datum
next_row(FunctionCallInfo fcinfo, PGFunction entry)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SrfState *state = fcinfo->flinfo->fn_extra;

	if (!rsinfo || !IsA(rsinfo, ReturnSetInfo) ||
		!(rsinfo->allowedModes & SFRM_ValuePerCall))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("set-valued function called in context that "
							   "cannot accept a set")));
	if (!state)
		state = make_state(fcinfo, entry);

	if (state->scan || start_series(state, fcinfo))
	{
		if (etl_scan_next(state->scan, state->values, state->isnull))
		{
			rsinfo->isDone = ExprMultipleResult;
			return HeapTupleGetDatum(
				heap_form_tuple(state->desc, state->values, state->isnull));
		}
		UnregisterExprContextCallback(rsinfo->econtext, abandon_series,
									  PointerGetDatum(state));
		stop_series(state);
	}
	rsinfo->isDone = ExprEndResult;
	PG_RETURN_NULL();
}

/* Finds out what the call site returns.  Lives as long as the call site. */
static SrfState *
make_state(FunctionCallInfo fcinfo, PGFunction entry)
{
	MemoryContext old_context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SrfState *state = palloc0(sizeof(SrfState));
	TupleDesc desc;
	Oid type;

	state->site = etl_call_site_new(fcinfo->flinfo->fn_oid,
									etl_reader_function_find(entry));
	switch (get_call_result_type(fcinfo, &type, &desc))
	{
		case TYPEFUNC_COMPOSITE:
			break;
		case TYPEFUNC_COMPOSITE_DOMAIN:
			state->domain = type;
			break;
		case TYPEFUNC_RECORD:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("the columns to read are not known"),
					 errhint("Call the function in FROM with a column "
							 "definition list, or give a row type, as in "
							 "NULL::my_table.")));
			break;
		default:
			ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
							errmsg("row type must be a composite type, not %s",
								   format_type_be(type))));
			break;
	}
	state->desc = BlessTupleDesc(etl_row_copy_desc(desc));
	state->values = palloc(sizeof(Datum) * Max(desc->natts, 1));
	state->isnull = palloc(sizeof(bool) * Max(desc->natts, 1));
	state->history = etl_scan_history_new(rsinfo->econtext->ecxt_estate);
	state->run_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl scan",
							  ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(old_context);

	fcinfo->flinfo->fn_extra = state;
	return state;
}

/* Begins to read; false if there is nothing to read. */
static bool
start_series(SrfState *state, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old_context = MemoryContextSwitchTo(state->run_context);
	EtlCall *call = etl_call_from_arguments(state->site, fcinfo->args);

	if (call)
	{
		call->row_domain = state->domain;
		state->scan = etl_scan_begin(call, state->desc, NULL, state->history);
		RegisterExprContextCallback(rsinfo->econtext, abandon_series,
									PointerGetDatum(state));
	}
	MemoryContextSwitchTo(old_context);
	return call != NULL;
}

static void
stop_series(SrfState *state)
{
	if (state->scan)
		etl_scan_end(state->scan);
	state->scan = NULL;
	MemoryContextReset(state->run_context);
}

/* The executor wants no more of the rows. */
static void
abandon_series(Datum arg)
{
	SrfState *state = (SrfState *) DatumGetPointer(arg);

	stop_series(state);
	etl_scan_history_end(state->history);
}
