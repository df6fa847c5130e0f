/*
 * parallel.c
 *	  Decides where readers run in parallel, and where nothing may.
 *
 * A call in FROM whose files are large may be read by several processes.  The
 * functions are parallel restricted all the same, so core by itself never runs
 * one in a worker; it is the scan node that offers to be run by several.
 *
 * A scan that goes on after bad values converts some types under a
 * subtransaction, which the server refuses while any part of the plan runs in
 * parallel, in the leader too.  Queries with such a scan are planned without
 * parallelism.
 *
 * The planner hook sees a query before anything of it is planned.  It misses
 * calls that come in with a function body that is inlined, and the first
 * statement of a session, which loads the library; for those the readers'
 * support function does the same for what is not planned yet.  What was planned
 * in parallel by then, such as a WITH query, the scan node keeps from running
 * so: it is set up before the executor enters parallel mode.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "scan/call.h"
#include "scan/plan.h"

/*
 * A page of text takes several times as long to read as a page of a table, but
 * opening a source takes longer, too.
 */
#define BYTES_PER_PAGE (2.0 * BLCKSZ)

static planner_hook_type previous_planner = NULL;

static PlannedStmt *plan_query(Query *parse, const char *query_string,
							   int cursor_options, ParamListInfo params);
static bool needs_serial_walker(Node *node, void *context);
static bool needs_serial(const RangeTblFunction *rtfunc, FuncExpr *call);
static bool goes_on_after_rejects(const EtlCallSite *site, FuncExpr *call);
static Node *find_argument(const EtlCallSite *site, FuncExpr *call,
						   const char *name);

void
etl_parallel_init(void)
{
	previous_planner = planner_hook;
	planner_hook = plan_query;
}

void
etl_parallel_prevent(PlannerInfo *root)
{
	if (root->glob->parallelModeOK &&
		needs_serial_walker((Node *) root->parse, NULL))
		root->glob->parallelModeOK = false;
}

void
etl_parallel_forbid(EState *estate, const RangeTblFunction *rtfunc,
					FuncExpr *call)
{
	PlannedStmt *plan = estate->es_plannedstmt;

	/*
	 * The plan may be a cached one, but it has this call whenever it runs.  Its
	 * Gather nodes will run their plans themselves.
	 */
	if (plan->parallelModeNeeded && needs_serial(rtfunc, call))
		plan->parallelModeNeeded = false;
}

static PlannedStmt *
plan_query(Query *parse, const char *query_string, int cursor_options,
		   ParamListInfo params)
{
	if ((cursor_options & CURSOR_OPT_PARALLEL_OK) &&
		needs_serial_walker((Node *) parse, NULL))
		cursor_options &= ~CURSOR_OPT_PARALLEL_OK;

	if (previous_planner)
		return previous_planner(parse, query_string, cursor_options, params);
	return standard_planner(parse, query_string, cursor_options, params);
}

/* True if there is a call in node that can't run in parallel mode. */
static bool
needs_serial_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, needs_serial_walker, context,
								 0);
	if (IsA(node, RangeTblFunction))
	{
		RangeTblFunction *rtfunc = (RangeTblFunction *) node;

		if (rtfunc->funcexpr && IsA(rtfunc->funcexpr, FuncExpr) &&
			needs_serial(rtfunc, (FuncExpr *) rtfunc->funcexpr))
			return true;
	}
	else if (IsA(node, FuncExpr) && needs_serial(NULL, (FuncExpr *) node))
		return true;
	return expression_tree_walker(node, needs_serial_walker, context);
}

/* The same for one call; rtfunc is where it stands in FROM, or NULL. */
static bool
needs_serial(const RangeTblFunction *rtfunc, FuncExpr *call)
{
	const EtlReaderFunction *function;
	EtlRowOptions options = {0};
	TupleDesc desc;
	Oid type;

	if (!call->funcretset)
		return false;
	function = etl_plan_find_reader(call->funcid);
	if (!function || function->format->form ||
		!goes_on_after_rejects(etl_call_site_new(call->funcid, function),
							   call))
		return false;

	if (rtfunc && rtfunc->funccolnames != NIL)
		desc = BuildDescFromLists(rtfunc->funccolnames, rtfunc->funccoltypes,
								  rtfunc->funccoltypmods,
								  rtfunc->funccolcollations);
	else
	{
		TypeFuncClass class =
			get_expr_result_type((Node *) call, &type, &desc);

		if (class == TYPEFUNC_SCALAR || !desc)
			return false;
		if (class == TYPEFUNC_COMPOSITE_DOMAIN)
			options.domain = type;
	}
	options.convert_all = true;
	return etl_row_needs_subtransaction(desc, &options);
}

/* True unless the arguments show that the first reject will end the query. */
static bool
goes_on_after_rejects(const EtlCallSite *site, FuncExpr *call)
{
	Node *on_error = find_argument(site, call, "on_error");
	Node *options = find_argument(site, call, "options");

	if (on_error)
	{
		if (!IsA(on_error, Const))
			return true;
		if (!((Const *) on_error)->constisnull)
			return pg_strcasecmp(TextDatumGetCString(
									 ((Const *) on_error)->constvalue),
								 etl_on_error_names[ETL_ON_ERROR_ABORT]) != 0;
	}
	if (options)
	{
		if (!IsA(options, Const))
			return true;
		if (!((Const *) options)->constisnull)
			return JB_ROOT_COUNT(
					   DatumGetJsonbP(((Const *) options)->constvalue)) > 0;
	}
	return false;
}

/*
 * The expression for an argument, or NULL if it is left to its default, as it
 * may be before the planner has filled in the defaults.
 */
static Node *
find_argument(const EtlCallSite *site, FuncExpr *call, const char *name)
{
	int wanted = etl_call_site_argument(site, name);
	ListCell *lc;

	foreach (lc, call->args)
	{
		Node *arg = lfirst(lc);

		if (IsA(arg, NamedArgExpr))
		{
			if (((NamedArgExpr *) arg)->argnumber == wanted)
				return (Node *) ((NamedArgExpr *) arg)->arg;
		}
		else if (foreach_current_index(lc) == wanted)
			return arg;
	}
	return NULL;
}

/* The size of all that a call reads, as far as it is files; else -1. */
static int64
source_size(PlannerInfo *root, const EtlCallSite *site, FuncExpr *call)
{
	Node *server = find_argument(site, call, "server");
	Node *source = estimate_expression_value(root, linitial(call->args));
	Datum value;

	if (server)
		server = estimate_expression_value(root, server);
	if (!IsA(source, Const) || ((Const *) source)->constisnull ||
		(server && (!IsA(server, Const) || !((Const *) server)->constisnull)))
		return -1;
	value = ((Const *) source)->constvalue;
	return etl_source_estimate_size(TextDatumGetCString(value), NULL);
}

int
etl_parallel_workers(PlannerInfo *root, RelOptInfo *rel, FuncExpr *call)
{
	const EtlReaderFunction *function = etl_plan_find_reader(call->funcid);
	Node *quals =
		(Node *) extract_actual_clauses(rel->baserestrictinfo, false);
	int64 size;

	if (!root->glob->parallelModeOK || rel->reloptkind != RELOPT_BASEREL ||
		!bms_is_empty(rel->lateral_relids) || function->is_content ||
		!function->format->parallel)
		return 0;

	/* each process evaluates the arguments */
	if (contain_volatile_functions((Node *) call->args) ||
		!is_parallel_safe(root, (Node *) call->args) ||
		!is_parallel_safe(root, quals) ||
		!is_parallel_safe(root, (Node *) rel->reltarget->exprs))
		return 0;

	size = source_size(root, etl_call_site_new(call->funcid, function), call);
	if (size < 0)
		return 0;
	return compute_parallel_worker(rel, ceil((double) size / BYTES_PER_PAGE),
								   -1, max_parallel_workers_per_gather);
}
