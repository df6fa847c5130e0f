/*
 * node_private.h
 *	  What the files of the scan node's execution share.
 */
#ifndef ETL_NODE_PRIVATE_H
#define ETL_NODE_PRIVATE_H

#include "postgres.h"

#include "access/parallel.h"
#include "nodes/execnodes.h"

#include "scan/call.h"
#include "scan/plan.h"

typedef struct EtlScanNode
{
	CustomScanState css;
	Index rti;
	FuncExpr *call;
	SetExprState *function; /* the call's function and argument states */
	EtlCallSite *site;

	TupleDesc row_desc; /* the function's row type */
	Bitmapset *needed;  /* as etl_scan_begin() takes it */
	int ncolumns;       /* of the slot */
	AttrNumber *attnos; /* of which the slot's columns are; 0: whole row */

	/*
	 * A whole row; the slot's own arrays where the slot has just these
	 * columns.
	 */
	Datum *values;
	bool *isnull;

	EtlScanHistory *history;
	MemoryContext run_context;
	bool started;
	EtlScan *scan; /* NULL if there is nothing to read */

	/*
	 * Reading together with other processes; NULL and unused if not.  In the
	 * leader, call is what all of them read, and lives in share_context, too.
	 */
	struct EtlShared *shared;
	struct EtlShare *share;
	EtlCall *shared_call;
	MemoryContext share_context;

	TupleTableSlot *full_slot; /* for EvalPlanQual, else NULL */
} EtlScanNode;

/*
 * node.c: the call with its arguments evaluated, in the current memory context;
 * NULL if there is nothing to read.
 */
extern EtlCall *etl_node_call(EtlScanNode *node);

/* Goes back to where the node has read nothing. */
extern void etl_node_stop(EtlScanNode *node);

/* node_parallel.c: the node's methods for parallel queries. */
extern Size etl_node_estimate_dsm(CustomScanState *css, ParallelContext *pcxt);
extern void etl_node_init_dsm(CustomScanState *css, ParallelContext *pcxt,
							  void *coordinate);
extern void etl_node_reinit_dsm(CustomScanState *css, ParallelContext *pcxt,
								void *coordinate);
extern void etl_node_init_worker(CustomScanState *css, shm_toc *toc,
								 void *coordinate);
extern void etl_node_shutdown(CustomScanState *css);

#endif
