/*
 * plan.h
 *	  The scan node: what its planning and its execution share.
 *
 * In the CustomScan, scanrelid is 0, custom_scan_tlist holds the Vars that the
 * query needs (attribute 0 is the whole row), custom_exprs the function call,
 * and custom_private the RangeTblFunction without its expression.
 */
#ifndef ETL_PLAN_H
#define ETL_PLAN_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/execnodes.h"
#include "nodes/extensible.h"
#include "nodes/parsenodes.h"
#include "nodes/pathnodes.h"
#include "nodes/primnodes.h"

#include "scan/call.h"

/* Installs the planner hooks and registers the node. */
extern void etl_plan_init(void);

extern const CustomScanMethods etl_node_methods;

/*
 * The row that a call in FROM yields, or NULL if the scan node cannot stand
 * for it.
 */
extern TupleDesc etl_plan_row_desc(const RangeTblFunction *rtfunc,
								   FuncExpr *call);

/*
 * The reader function with this OID, or NULL.  One that is SECURITY DEFINER,
 * has settings of its own or is watched by a function manager hook is not
 * called directly, so it is not found.
 */
extern const EtlReaderFunction *etl_plan_find_reader(Oid funcid);

/*
 * parallel.c: hooks the planner; forbids parallelism where a call needs it, in
 * what is still to be planned, and in a plan that the executor sets up.
 */
extern void etl_parallel_init(void);
extern void etl_parallel_prevent(PlannerInfo *root);
extern void etl_parallel_forbid(EState *estate, const RangeTblFunction *rtfunc,
								FuncExpr *call);

/* And how many workers may help to read what a call in FROM reads; or 0. */
extern int etl_parallel_workers(PlannerInfo *root, RelOptInfo *rel,
								FuncExpr *call);

#endif
