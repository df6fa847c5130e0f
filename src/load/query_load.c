/*
 * query_load.c
 *	  Loads the rows of a query.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "load/load.h"
#include "load/room.h"
#include "load/source_names.h"

typedef struct LoadReceiver
{
	DestReceiver base;
	EtlLoad *load;
	EtlPlace place;
} LoadReceiver;

static Query *analyze(const char *text);
static bool receive_row(TupleTableSlot *slot, DestReceiver *self);
static void start_up(DestReceiver *self, int operation, TupleDesc desc);
static void shut_down(DestReceiver *self);
static void destroy(DestReceiver *self);

void
etl_load_rows_of_query(EtlLoad *load, const char *text)
{
	LoadReceiver receiver = {0};
	PlannedStmt *plan;
	QueryDesc *query;
	EtlRejectOrigin origin = {.format = "json",
							  .options = "{\"format\": \"document\"}",
							  .load_id = load->id,
							  .target = load->request->target};

	receiver.base.receiveSlot = receive_row;
	receiver.base.rStartup = start_up;
	receiver.base.rShutdown = shut_down;
	receiver.base.rDestroy = destroy;
	receiver.base.mydest = DestNone;
	receiver.load = load;
	receiver.place.source = load->request->source;
	receiver.place.item = 1;
	if (load->request->on_error == ETL_ON_ERROR_DEAD_LETTER)
		receiver.place.sink = etl_reject_open_store(&origin);
	load->policy->sink = receiver.place.sink;

	/* it may read the target, and then sees what is about to be replaced */
	PushActiveSnapshot(load->snapshot);
	plan = pg_plan_query(analyze(text), text, 0, NULL);
	etl_room_check_query(load, plan);
	query = CreateQueryDesc(plan, text, GetActiveSnapshot(), InvalidSnapshot,
							&receiver.base, NULL, NULL, 0);
	ExecutorStart(query, 0);
	etl_compat_executor_run(query);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	PopActiveSnapshot();

	if (receiver.place.sink)
		receiver.place.sink->ops->flush(receiver.place.sink);
}

/* Parses the text, which must be one query that returns rows. */
static Query *
analyze(const char *text)
{
	List *parsed = pg_parse_query(text);
	List *queries;

	if (list_length(parsed) == 1)
	{
		queries =
			pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, parsed),
											   text, NULL, 0, NULL);
		if (list_length(queries) == 1 &&
			linitial_node(Query, queries)->commandType == CMD_SELECT &&
			linitial_node(Query, queries)->utilityStmt == NULL)
			return linitial_node(Query, queries);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("what is to be loaded must be one SELECT")));
}

static void
start_up(DestReceiver *self, int operation, TupleDesc desc)
{
	EtlLoad *load = ((LoadReceiver *) self)->load;
	MemoryContext old = MemoryContextSwitchTo(load->context);

	/* the load outlives the query */
	desc = BlessTupleDesc(CreateTupleDescCopy(desc));
	MemoryContextSwitchTo(old);
	etl_source_names_of_query(load, desc);
	etl_load_expect(load, desc);
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	LoadReceiver *receiver = (LoadReceiver *) self;

	slot_getallattrs(slot);
	receiver->place.record_no++;
	receiver->load->counts.read++;
	etl_load_put(receiver->load, slot->tts_values, slot->tts_isnull,
				 &receiver->place);
	if (etl_progress_count_row(&receiver->load->progress))
		etl_progress_publish(receiver->load);
	return true;
}

/*
 * The load ends here, within the query: each has triggers that fire at its own
 * end, and the later that began must end first.
 */
static void
shut_down(DestReceiver *self)
{
	etl_load_finish(((LoadReceiver *) self)->load);
}

static void
destroy(DestReceiver *self)
{
}
