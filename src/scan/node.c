/*
 * node.c
 *	  Execution of the scan node.
 *
 * The node evaluates the call's arguments when the first row is asked for, and
 * again after each rescan, and hands out the scan's rows one at a time.  All
 * that one run of the call needs lives in a memory context of its own; the
 * history lives as long as the node.
 *
 * The scan's rows have all columns of the function's row type; the node's slot
 * has those that the plan's custom_scan_tlist names.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "nodes/memnodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "scan/node_private.h"

static Node *create_node(CustomScan *plan);
static void begin_node(CustomScanState *css, EState *estate, int eflags);
static TupleTableSlot *exec_node(CustomScanState *css);
static void end_node(CustomScanState *css);
static void rescan_node(CustomScanState *css);
static void explain_node(CustomScanState *css, List *ancestors,
						 ExplainState *es);

static void map_columns(EtlScanNode *node, EState *estate);
static void check_column(const EtlScanNode *node, const Var *var);
static void start_run(EtlScanNode *node);
static TupleTableSlot *next_row(ScanState *ss);
static bool recheck_row(ScanState *ss, TupleTableSlot *slot);
static void store_row(EtlScanNode *node, Datum *values, bool *isnull);

const CustomScanMethods etl_node_methods = {
	.CustomName = "EtlScan",
	.CreateCustomScanState = create_node,
};

static const CustomExecMethods exec_methods = {
	.CustomName = "EtlScan",
	.BeginCustomScan = begin_node,
	.ExecCustomScan = exec_node,
	.EndCustomScan = end_node,
	.ReScanCustomScan = rescan_node,
	.EstimateDSMCustomScan = etl_node_estimate_dsm,
	.InitializeDSMCustomScan = etl_node_init_dsm,
	.ReInitializeDSMCustomScan = etl_node_reinit_dsm,
	.InitializeWorkerCustomScan = etl_node_init_worker,
	.ShutdownCustomScan = etl_node_shutdown,
	.ExplainCustomScan = explain_node,
};

static Node *
create_node(CustomScan *plan)
{
	EtlScanNode *node = palloc0(sizeof(EtlScanNode));

	NodeSetTag(node, T_CustomScanState);
	node->css.methods = &exec_methods;
	return (Node *) node;
}

/*
 * Checks that the user may call the function, also for a mere EXPLAIN, and
 * prepares everything that doesn't depend on the arguments' values.
 */
static void
begin_node(CustomScanState *css, EState *estate, int eflags)
{
	EtlScanNode *node = (EtlScanNode *) css;
	CustomScan *plan = castNode(CustomScan, css->ss.ps.plan);
	const EtlReaderFunction *function;
	RangeTblFunction *rtfunc;

	node->rti = bms_singleton_member(plan->custom_relids);
	node->call = linitial_node(FuncExpr, plan->custom_exprs);

	/* checks the privilege, calls the access hook, prepares the arguments */
	node->function =
		ExecInitTableFunctionResult((Expr *) node->call,
									css->ss.ps.ps_ExprContext, &css->ss.ps);
	function = etl_reader_function_find(node->function->func.fn_addr);
	if (!function)
		elog(ERROR, "function %u is no reader function", node->call->funcid);
	node->site = etl_call_site_new(node->call->funcid, function);

	rtfunc = linitial_node(RangeTblFunction, plan->custom_private);
	etl_parallel_forbid(estate, rtfunc, node->call);
	node->row_desc = etl_plan_row_desc(rtfunc, node->call);
	if (!node->row_desc)
		elog(ERROR, "function %u returns no rows", node->call->funcid);
	map_columns(node, estate);

	if (estate->es_epq_active)
		node->full_slot =
			ExecInitExtraTupleSlot(estate, node->row_desc, &TTSOpsVirtual);

	node->history = etl_scan_history_new(estate);
	node->run_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl scan",
							  ALLOCSET_DEFAULT_SIZES);
	node->share_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl share",
							  ALLOCSET_SMALL_SIZES);
}

static TupleTableSlot *
exec_node(CustomScanState *css)
{
	PlanState *ps = &css->ss.ps;

	if (ps->qual || ps->ps_ProjInfo || ps->state->es_epq_active)
		return ExecScan(&css->ss, next_row, recheck_row);

	/* what ExecScan() comes down to, but for rows that took no memory */
	CHECK_FOR_INTERRUPTS();
	if (unlikely(!ps->ps_ExprContext->ecxt_per_tuple_memory->isReset))
		ResetExprContext(ps->ps_ExprContext);
	return next_row(&css->ss);
}

static void
end_node(CustomScanState *css)
{
	EtlScanNode *node = (EtlScanNode *) css;

	etl_node_stop(node);
	etl_scan_history_end(node->history);
}

static void
rescan_node(CustomScanState *css)
{
	etl_node_stop((EtlScanNode *) css);
	ExecScanReScan(&css->ss);
}

/* The text of the call's argument i, if that is a constant and not null. */
static char *
constant_argument(const EtlScanNode *node, int i)
{
	Const *arg = list_nth(node->call->args, i);

	if (!IsA(arg, Const) || arg->constisnull)
		return NULL;
	return TextDatumGetCString(arg->constvalue);
}

static void
explain_source(const EtlScanNode *node, ExplainState *es)
{
	int server = etl_call_site_argument(node->site, "server");
	char *text;

	if (node->site->function->is_content)
		return;
	text = constant_argument(node, 0);
	if (text)
		ExplainPropertyText("Source", etl_source_visible(text), es);
	text = server < 0 ? NULL : constant_argument(node, server);
	if (text)
		ExplainPropertyText("Server", text, es);
}

/* Which process did how much, if there were several. */
static void
explain_processes(const EtlScanNode *node, ExplainState *es)
{
	int n;
	const EtlScanCounts *counts =
		etl_scan_history_processes(node->history, &n);

	if (n == 0)
		return;
	ExplainOpenGroup("Processes", "Processes", false, es);
	for (int i = 0; i < n; i++)
	{
		char *name = i == 0 ? "Leader" : psprintf("Worker %d", i - 1);

		if (es->format == EXPLAIN_FORMAT_TEXT)
		{
			ExplainPropertyText(
				name,
				psprintf("items=%lld pieces=%lld bytes=%llu records=%lld "
						 "rejects=%lld",
						 (long long) counts[i].items,
						 (long long) counts[i].pieces,
						 (unsigned long long) counts[i].bytes,
						 (long long) counts[i].records,
						 (long long) counts[i].rejects),
				es);
			continue;
		}
		ExplainOpenGroup("Process", NULL, true, es);
		ExplainPropertyText("Process", name, es);
		ExplainPropertyInteger("Items", NULL, counts[i].items, es);
		ExplainPropertyInteger("Pieces", NULL, counts[i].pieces, es);
		ExplainPropertyUInteger("Bytes", NULL, counts[i].bytes, es);
		ExplainPropertyInteger("Records", NULL, counts[i].records, es);
		ExplainPropertyInteger("Rejects", NULL, counts[i].rejects, es);
		ExplainCloseGroup("Process", NULL, true, es);
	}
	ExplainCloseGroup("Processes", "Processes", false, es);
}

static void
explain_node(CustomScanState *css, List *ancestors, ExplainState *es)
{
	EtlScanNode *node = (EtlScanNode *) css;
	const EtlFormat *format = node->site->function->format;
	const char *description;
	EtlScanCounts counts;

	ExplainPropertyText("Format", format->name, es);
	explain_source(node, es);

	if (!es->analyze)
		return;
	if (node->scan)
		etl_scan_report(node->scan);
	description = etl_scan_history_description(node->history);
	if (description)
		ExplainPropertyText("Dialect", description, es);
	counts = etl_scan_history_counts(node->history);
	ExplainPropertyInteger(format->items_title ? format->items_title : "Items",
						   NULL, counts.items, es);
	if (counts.pieces > 0)
		ExplainPropertyInteger("Pieces", NULL, counts.pieces, es);
	ExplainPropertyUInteger("Bytes", NULL, counts.bytes, es);
	ExplainPropertyInteger("Records", NULL, counts.records, es);
	ExplainPropertyInteger("Rejects", NULL, counts.rejects, es);
	if (counts.requests > 0)
	{
		ExplainPropertyInteger("Requests", NULL, counts.requests, es);
		ExplainPropertyInteger("Retries", NULL, counts.retries, es);
	}
	if (es->verbose)
		explain_processes(node, es);
}

/* Finds out which columns of the row go where in the slot. */
static void
map_columns(EtlScanNode *node, EState *estate)
{
	CustomScan *plan = castNode(CustomScan, node->css.ss.ps.plan);
	TupleTableSlot *slot = node->css.ss.ss_ScanTupleSlot;
	int natts = node->row_desc->natts;
	bool whole_row = false;
	bool same;
	ListCell *lc;

	/*
	 * A row of unnamed type takes the query's names for its columns; where
	 * the user declares columns, these are their names anyway.
	 */
	if (node->row_desc->tdtypeid == RECORDOID)
	{
		/* our copy, whose names can only be set while it isn't registered */
		node->row_desc->tdtypmod = -1;
		ExecTypeSetColNames(node->row_desc,
							exec_rt_fetch(node->rti, estate)->eref->colnames);
		BlessTupleDesc(node->row_desc);
	}

	node->attnos =
		palloc(sizeof(AttrNumber) * list_length(plan->custom_scan_tlist));
	same = list_length(plan->custom_scan_tlist) == natts;
	foreach (lc, plan->custom_scan_tlist)
	{
		Var *var = castNode(Var, lfirst_node(TargetEntry, lc)->expr);

		check_column(node, var);
		node->attnos[node->ncolumns++] = var->varattno;
		if (var->varattno == InvalidAttrNumber)
			whole_row = true;
		else
			node->needed = bms_add_member(node->needed, var->varattno - 1);
		if (var->varattno != node->ncolumns)
			same = false;
	}

	/* an empty set would mean all, so that it isn't empty is seen to here */
	if (whole_row)
		node->needed = NULL;
	else
		node->needed = bms_add_member(node->needed, natts);

	node->values =
		same ? slot->tts_values : palloc(sizeof(Datum) * Max(natts, 1));
	node->isnull =
		same ? slot->tts_isnull : palloc(sizeof(bool) * Max(natts, 1));
}

/* The row type may have changed since the query was planned. */
static void
check_column(const EtlScanNode *node, const Var *var)
{
	TupleDesc desc = node->row_desc;

	if (var->varattno == InvalidAttrNumber)
	{
		if (var->vartype == desc->tdtypeid)
			return;
	}
	else if (var->varattno <= desc->natts)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, var->varattno - 1);

		if (!attr->attisdropped && attr->atttypid == var->vartype)
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("row type of the reader function has changed since the "
					"query was planned")));
}

EtlCall *
etl_node_call(EtlScanNode *node)
{
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	FunctionCallInfo fcinfo = node->function->fcinfo;
	bool nothing = false;
	ListCell *lc;
	int i = 0;

	foreach (lc, node->function->args)
	{
		NullableDatum *arg = &fcinfo->args[i++];

		arg->value =
			ExecEvalExpr(lfirst_node(ExprState, lc), econtext, &arg->isnull);
		if (arg->isnull && node->function->func.fn_strict)
			nothing = true;
	}
	return nothing ? NULL : etl_call_from_arguments(node->site, fcinfo->args);
}

/* Evaluates the arguments and begins to read. */
static void
start_run(EtlScanNode *node)
{
	MemoryContext old_context = MemoryContextSwitchTo(node->run_context);
	EtlCall *call = etl_node_call(node);

	if (call)
		node->scan =
			etl_scan_begin(call, node->row_desc, node->needed, node->history);
	MemoryContextSwitchTo(old_context);
	node->started = true;
}

void
etl_node_stop(EtlScanNode *node)
{
	if (node->scan)
		etl_scan_end(node->scan);
	node->scan = NULL;
	node->started = false;
	MemoryContextReset(node->run_context);
}

/* ExecScan's access method. */
static TupleTableSlot *
next_row(ScanState *ss)
{
	EtlScanNode *node = (EtlScanNode *) ss;
	TupleTableSlot *slot = ss->ss_ScanTupleSlot;

	if (unlikely(!node->started))
		start_run(node);

	/* a virtual row that is there already may change its values in place */
	if (node->values != slot->tts_values || TTS_EMPTY(slot) ||
		TTS_SHOULDFREE(slot))
		ExecClearTuple(slot);
	if (!node->scan || !etl_scan_next(node->scan, node->values, node->isnull))
		return ExecClearTuple(slot);
	if (TTS_EMPTY(slot))
		store_row(node, node->values, node->isnull);
	return slot;
}

/*
 * ExecScan's recheck method, which with scanrelid 0 is all that EvalPlanQual
 * asks: yields the row that takes part in the recheck, once.
 */
static bool
recheck_row(ScanState *ss, TupleTableSlot *slot)
{
	EtlScanNode *node = (EtlScanNode *) ss;
	EPQState *epqstate = ss->ps.state->es_epq_active;
	int i = node->rti - 1;

	if (epqstate->relsubs_done[i])
		return false;

	/* a row that nobody locked or fetched again: read as always */
	if (!epqstate->relsubs_rowmark[i])
		return !TupIsNull(next_row(ss));

	epqstate->relsubs_done[i] = true;
	if (!EvalPlanQualFetchRowMark(epqstate, node->rti, node->full_slot))
		return false;
	slot_getallattrs(node->full_slot);
	ExecClearTuple(slot);
	store_row(node, node->full_slot->tts_values, node->full_slot->tts_isnull);
	return true;
}

/* Puts what the plan needs of a row into the slot, which is empty. */
static void
store_row(EtlScanNode *node, Datum *values, bool *isnull)
{
	TupleTableSlot *slot = node->css.ss.ss_ScanTupleSlot;

	if (values != slot->tts_values)
	{
		for (int i = 0; i < node->ncolumns; i++)
		{
			AttrNumber attno = node->attnos[i];

			if (attno != InvalidAttrNumber)
			{
				slot->tts_values[i] = values[attno - 1];
				slot->tts_isnull[i] = isnull[attno - 1];
			}
			else
			{
				ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
				MemoryContext old_context =
					MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
				HeapTuple tuple =
					heap_form_tuple(node->row_desc, values, isnull);

				slot->tts_values[i] = HeapTupleGetDatum(tuple);
				slot->tts_isnull[i] = false;
				MemoryContextSwitchTo(old_context);
			}
		}
	}
	ExecStoreVirtualTuple(slot);
}
