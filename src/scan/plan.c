/*
 * plan.c
 *	  Planning: a reader function in FROM becomes a scan node.
 *
 * Core would run such a function to its end and keep its rows in a tuplestore.
 * The hook here replaces that path by a CustomPath.  Where the node cannot stand
 * for the call (several functions in ROWS FROM, WITH ORDINALITY, a domain over
 * a composite), core's path is left alone, and srf.c gives the same rows.
 *
 * The hook needs no preloading: each reader function has the support function
 * below, which core calls before it looks at the hook, and calling it loads
 * the library.  Support functions run before anybody has checked a privilege,
 * so a file is looked at only by way of etl_source_estimate_size(), which asks
 * for the privilege to read it.
 */
#include "postgres.h"

#include <math.h>

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_language_d.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parse_type.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "scan/call.h"
#include "scan/plan.h"

/* Fields of a record whose row type is not known. */
#define UNKNOWN_FIELDS 10

/* Opening a source and finding out its dialect, in pages read. */
#define PAGES_TO_OPEN 10.0

/* Converting a field costs about as much as so many operators. */
#define OPERATORS_PER_FIELD 4.0

PG_FUNCTION_INFO_V1(etl_reader_support);

static set_rel_pathlist_hook_type previous_hook = NULL;

static void add_scan_path(PlannerInfo *root, RelOptInfo *rel, Index rti,
						  RangeTblEntry *rte);
static void add_partial_scan_path(PlannerInfo *root, RelOptInfo *rel,
								  CustomPath *path, FuncExpr *call);
static RangeTblFunction *scannable_function(RangeTblEntry *rte);
static List *add_needed(List *needed, Index rti, Node *node);
static Var *needed_var(const ListCell *lc);
static int compare_attnos(const ListCell *a, const ListCell *b);
static void cost_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
					  FuncExpr *call, int nneeded);
static Plan *plan_scan(PlannerInfo *root, RelOptInfo *rel,
					   CustomPath *best_path, List *tlist, List *clauses,
					   List *custom_plans);
static double estimate_rows(FuncExpr *call);
static double record_bytes(FuncExpr *call);

static const CustomPathMethods path_methods = {
	.CustomName = "EtlScan",
	.PlanCustomPath = plan_scan,
};

void
etl_plan_init(void)
{
	RegisterCustomScanMethods(&etl_node_methods);
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_scan_path;
	etl_parallel_init();
}

TupleDesc
etl_plan_row_desc(const RangeTblFunction *rtfunc, FuncExpr *call)
{
	TupleDesc desc;
	Oid type;

	switch (get_expr_result_type((Node *) call, &type, &desc))
	{
		case TYPEFUNC_COMPOSITE:
			return BlessTupleDesc(etl_row_copy_desc(desc));
		case TYPEFUNC_RECORD:
			if (rtfunc->funccolnames == NIL)
				return NULL;
			return BlessTupleDesc(
				BuildDescFromLists(rtfunc->funccolnames, rtfunc->funccoltypes,
								   rtfunc->funccoltypmods,
								   rtfunc->funccolcollations));
		default:
			return NULL;
	}
}

/*
 * Makes the plan one that is made anew when the table whose row type is read
 * changes or goes.
 */
static void
depend_on_row_type(PlannerInfo *root, Node *call)
{
	Oid relation = typeOrDomainTypeRelid(exprType(call));

	if (OidIsValid(relation))
		root->glob->relationOids =
			lappend_oid(root->glob->relationOids, relation);
}

/* The hook: gives a call of ours the scan node as its only path. */
static void
add_scan_path(PlannerInfo *root, RelOptInfo *rel, Index rti,
			  RangeTblEntry *rte)
{
	RangeTblFunction *rtfunc;
	CustomPath *path;
	List *needed;

	if (previous_hook)
		previous_hook(root, rel, rti, rte);

	if (IS_DUMMY_REL(rel))
		return;
	rtfunc = scannable_function(rte);
	if (!rtfunc)
		return;

	needed = add_needed(NIL, rti, (Node *) rel->reltarget->exprs);
	needed = add_needed(needed, rti,
						(Node *) extract_actual_clauses(rel->baserestrictinfo,
														false));

	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info =
		get_baserel_parampathinfo(root, rel, rel->lateral_relids);
	path->path.parallel_safe = false;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;

	/* kept, for later the rel's target may be the finished output */
	path->custom_private = needed;
	cost_scan(root, rel, path, (FuncExpr *) rtfunc->funcexpr,
			  list_length(needed));

	/* there is no other way worth having */
	rel->pathlist = NIL;
	add_path(rel, (Path *) path);
	add_partial_scan_path(root, rel, path, (FuncExpr *) rtfunc->funcexpr);
}

/*
 * Adds a path for several processes that read together, where that pays.  As the
 * functions are parallel restricted, core has not considered it; and as the path
 * above is not parallel safe, no worker will ever read all by itself.
 */
static void
add_partial_scan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
					  FuncExpr *call)
{
	int workers = etl_parallel_workers(root, rel, call);
	CustomPath *partial;

	if (workers == 0)
		return;
	rel->consider_parallel = true;
	partial = makeNode(CustomPath);
	*partial = *path;
	partial->path.parallel_aware = true;
	partial->path.parallel_safe = true;
	partial->path.parallel_workers = workers;
	cost_scan(root, rel, partial, call, list_length(path->custom_private));
	add_partial_path(rel, (Path *) partial);
}

/* The function of a FROM item that the node can stand for, or NULL. */
static RangeTblFunction *
scannable_function(RangeTblEntry *rte)
{
	RangeTblFunction *rtfunc;
	FuncExpr *call;

	if (rte->rtekind != RTE_FUNCTION || rte->funcordinality ||
		list_length(rte->functions) != 1)
		return NULL;
	rtfunc = linitial_node(RangeTblFunction, rte->functions);
	if (!IsA(rtfunc->funcexpr, FuncExpr))
		return NULL;
	call = (FuncExpr *) rtfunc->funcexpr;
	if (!call->funcretset || !etl_plan_find_reader(call->funcid) ||
		!etl_plan_row_desc(rtfunc, call))
		return NULL;
	return rtfunc;
}

const EtlReaderFunction *
etl_plan_find_reader(Oid funcid)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	FmgrInfo flinfo;
	bool candidate;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	/* no need to load other people's libraries */
	candidate = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId &&
				OidIsValid(((Form_pg_proc) GETSTRUCT(tuple))->prosupport);
	ReleaseSysCache(tuple);
	if (!candidate)
		return NULL;

	fmgr_info(funcid, &flinfo);
	return etl_reader_function_find(flinfo.fn_addr);
}

/*
 * Adds rti's columns in node to needed, a target list of Vars in the order of
 * their attribute numbers.  Functions have no system columns.
 */
static List *
add_needed(List *needed, Index rti, Node *node)
{
	List *vars = pull_var_clause(node, PVC_RECURSE_AGGREGATES |
										   PVC_RECURSE_WINDOWFUNCS |
										   PVC_RECURSE_PLACEHOLDERS);
	Bitmapset *known = NULL;
	ListCell *lc;

	foreach (lc, needed)
		known = bms_add_member(known, needed_var(lc)->varattno);
	foreach (lc, vars)
	{
		Var *var = lfirst_node(Var, lc);

		if (var->varno != rti || bms_is_member(var->varattno, known))
			continue;
		known = bms_add_member(known, var->varattno);
		var = makeVar(rti, var->varattno, var->vartype, var->vartypmod,
					  var->varcollid, 0);
		needed =
			lappend(needed, makeTargetEntry((Expr *) var, 0, NULL, false));
	}
	list_sort(needed, compare_attnos);
	return needed;
}

static Var *
needed_var(const ListCell *lc)
{
	return castNode(Var, lfirst_node(TargetEntry, lc)->expr);
}

static int
compare_attnos(const ListCell *a, const ListCell *b)
{
	return needed_var(a)->varattno - needed_var(b)->varattno;
}

static void
cost_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, FuncExpr *call,
		  int nneeded)
{
	ParamPathInfo *param_info = path->path.param_info;
	double records = rel->tuples;
	double bytes = records * record_bytes(call);
	QualCost args;
	QualCost quals;
	Cost per_record;
	double processes = 1;

	cost_qual_eval_node(&args, (Node *) call->args, root);
	cost_qual_eval_node(&quals,
						param_info ? (Node *) param_info->ppi_clauses : NULL,
						root);
	quals.startup += rel->baserestrictcost.startup;
	quals.per_tuple += rel->baserestrictcost.per_tuple;

	per_record = cpu_tuple_cost + quals.per_tuple +
				 cpu_operator_cost * OPERATORS_PER_FIELD * nneeded;

	/* as core reckons what the leader, who has other things to do, adds */
	if (path->path.parallel_workers > 0)
	{
		processes = path->path.parallel_workers;
		if (parallel_leader_participation && processes < 4)
			processes += 1.0 - 0.3 * processes;
	}

	path->path.rows = param_info ? param_info->ppi_rows : rel->rows;
	if (processes > 1)
		path->path.rows = clamp_row_est(path->path.rows / processes);
	path->path.startup_cost = args.startup + args.per_tuple + quals.startup +
							  path->path.pathtarget->cost.startup +
							  seq_page_cost * PAGES_TO_OPEN;
	path->path.total_cost =
		path->path.startup_cost + seq_page_cost * ceil(bytes / BLCKSZ) +
		per_record * records / processes +
		path->path.pathtarget->cost.per_tuple * path->path.rows;
}

static Plan *
plan_scan(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path,
		  List *tlist, List *clauses, List *custom_plans)
{
	CustomScan *plan = makeNode(CustomScan);
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	RangeTblFunction *rtfunc =
		copyObject(linitial_node(RangeTblFunction, rte->functions));
	List *needed = copyObject(best_path->custom_private);
	ListCell *lc;

	clauses = extract_actual_clauses(clauses, false);
	needed = add_needed(needed, rel->relid, (Node *) rel->reltarget->exprs);
	needed = add_needed(needed, rel->relid, (Node *) tlist);
	needed = add_needed(needed, rel->relid, (Node *) clauses);

	foreach (lc, needed)
		lfirst_node(TargetEntry, lc)->resno = foreach_current_index(lc) + 1;

	plan->scan.plan.targetlist = tlist;
	plan->scan.plan.qual = clauses;
	plan->scan.scanrelid = 0;
	plan->flags = best_path->flags;
	plan->methods = &etl_node_methods;
	plan->custom_scan_tlist = needed;
	plan->custom_exprs = list_make1(rtfunc->funcexpr);

	depend_on_row_type(root, rtfunc->funcexpr);

	/* expressions are not found in here, so the column list goes alone */
	rtfunc->funcexpr = NULL;
	plan->custom_private = list_make1(rtfunc);
	return &plan->scan.plan;
}

/*
 * Support function of all readers: how many rows a call returns.  That it is
 * called at all loads the library in time for the hook.
 */
Datum
etl_reader_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);
	Node *answer = NULL;

	if (IsA(request, SupportRequestSimplify))
	{
		PlannerInfo *root = ((SupportRequestSimplify *) request)->root;

		if (root)
			etl_parallel_prevent(root);
	}
	else if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;

		if (rows->node && IsA(rows->node, FuncExpr))
		{
			double estimate = estimate_rows((FuncExpr *) rows->node);

			if (estimate >= 0)
			{
				rows->rows = estimate;
				answer = request;
			}
		}
	}
	PG_RETURN_POINTER(answer);
}

/* The rows of a call whose arguments are constants; -1 if unknown. */
static double
estimate_rows(FuncExpr *call)
{
	const EtlReaderFunction *function = etl_plan_find_reader(call->funcid);
	EtlCallSite *site;
	Const *source;
	Const *server;
	double bytes;

	if (!function || !IsA(linitial(call->args), Const))
		return -1;
	source = linitial_node(Const, call->args);
	if (source->constisnull)
		return 0;

	if (function->is_content)
		bytes = (double) toast_raw_datum_size(source->constvalue);
	else
	{
		site = etl_call_site_new(call->funcid, function);
		server = list_nth(call->args, etl_call_site_argument(site, "server"));
		if (!IsA(server, Const))
			return -1;
		bytes = (double) etl_source_estimate_size(
			TextDatumGetCString(source->constvalue),
			server->constisnull ? NULL
								: TextDatumGetCString(server->constvalue));
	}
	if (bytes < 0)
		return -1;
	return clamp_row_est(bytes / record_bytes(call));
}

/* How long a record of the call is, as far as its type tells. */
static double
record_bytes(FuncExpr *call)
{
	const EtlFormat *format = etl_plan_find_reader(call->funcid)->format;
	int nfields = UNKNOWN_FIELDS;
	TupleDesc desc;
	Oid type;

	if (format->form == NULL &&
		get_expr_result_type((Node *) call, &type, &desc) ==
			TYPEFUNC_COMPOSITE)
		nfields = Max(desc->natts, 1);
	return (double) format->bytes_per_field * nfields;
}
