/*
 * node_parallel.c
 *	  The scan node in several processes.
 *
 * The leader evaluates the call's arguments and looks up which files they mean
 * before it starts workers; all processes then read what share.h hands out.  Where
 * there is no shared memory, or the plan is run without parallel mode, nothing here
 * is called and the node reads alone.
 *
 * A pass ends when the node is shut down, or when it is made ready for the next;
 * by then the workers have ended, unless somebody wanted no more rows.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "scan/node_private.h"
#include "scan/share.h"

static void begin_pass(EtlScanNode *node);
static void end_pass(EtlScanNode *node);

Size
etl_node_estimate_dsm(CustomScanState *css, ParallelContext *pcxt)
{
	return etl_share_size(pcxt->nworkers + 1);
}

void
etl_node_init_dsm(CustomScanState *css, ParallelContext *pcxt,
				  void *coordinate)
{
	EtlScanNode *node = (EtlScanNode *) css;

	/* no segment: there is only memory of our own, and no workers */
	if (pcxt->seg == NULL)
		return;
	node->shared = coordinate;
	etl_share_init(node->shared, pcxt->seg, pcxt->nworkers + 1);
	begin_pass(node);
}

void
etl_node_reinit_dsm(CustomScanState *css, ParallelContext *pcxt,
					void *coordinate)
{
	EtlScanNode *node = (EtlScanNode *) css;

	if (node->shared == NULL)
		return;
	end_pass(node);
	begin_pass(node);
}

void
etl_node_init_worker(CustomScanState *css, shm_toc *toc, void *coordinate)
{
	EtlScanNode *node = (EtlScanNode *) css;
	EtlShared *shared = coordinate;
	MemoryContext old = MemoryContextSwitchTo(node->share_context);

	node->shared = shared;
	SharedFileSetAttach(&shared->files, dsm_find_mapping(shared->segment));
	node->share = etl_share_attach(shared, css->ss.ps.state->es_query_dsa,
								   ParallelWorkerNumber + 1, node->history);
	MemoryContextSwitchTo(old);
}

/* The shared memory will go away. */
void
etl_node_shutdown(CustomScanState *css)
{
	EtlScanNode *node = (EtlScanNode *) css;

	if (node->shared == NULL)
		return;
	end_pass(node);
	node->shared = NULL;
}

/* The leader makes ready what all will read. */
static void
begin_pass(EtlScanNode *node)
{
	EState *estate = node->css.ss.ps.state;
	MemoryContext old = MemoryContextSwitchTo(node->share_context);
	EtlCall *call = etl_node_call(node);

	/* a worker couldn't tell, and a scan by one process says so at once */
	if (call && etl_call_on_error(call) == ETL_ON_ERROR_DEAD_LETTER)
		etl_reject_check_store();
	etl_share_begin_pass(node->shared, estate->es_query_dsa, call,
						 estate->es_query_cxt);
	node->share =
		etl_share_attach(node->shared, estate->es_query_dsa, 0, node->history);
	node->shared_call = call;
	MemoryContextSwitchTo(old);
}

/* This process has done its part; the leader settles what all have left. */
static void
end_pass(EtlScanNode *node)
{
	etl_node_stop(node);
	etl_share_leave(node->share, node->history);
	if (!IsParallelWorker() && node->shared_call)
		etl_share_settle(node->share, node->history, node->shared_call);
	node->share = NULL;
	node->shared_call = NULL;
	MemoryContextReset(node->share_context);
}
