/*
 * load.h
 *	  A load: rows in, rows of the target out, and nothing lost on the way.
 *
 * Whoever has rows (a scan of a source, a query, dead letters that are replayed)
 * begins a load, puts them, and finishes it.  A row that is refused, here or by
 * whoever has it, goes to the load's policy.  All that a load does belongs to
 * the current transaction.
 *
 *		begin -> put ... -> finish
 *
 * After an error nothing needs to be called.
 */
#ifndef ETL_LOAD_H
#define ETL_LOAD_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "utils/snapshot.h"

#include "load/batch.h"
#include "load/cursor.h"
#include "load/progress.h"
#include "load/request.h"
#include "load/row_checks.h"
#include "load/sources.h"
#include "load/target.h"
#include "scan/scan.h"

/* What a load has done. */
typedef struct EtlLoadCounts
{
	int64 read; /* rejects included; set by whoever puts the rows */
	int64 inserted;
	int64 updated;
	int64 unchanged;
	int64 deleted;
	int64 rejected;
	int64 suppressed;
	int64 duplicates_dropped;
	uint64 bytes;
	int64 requests;
	int64 retries;
} EtlLoadCounts;

typedef struct EtlLoad
{
	/* For all to see. */
	const EtlLoadRequest *request;
	int64 id;
	TimestampTz started_at;
	EtlTarget *target;
	EtlRejectPolicy *policy;
	EtlLoadCounts counts;
	Snapshot snapshot;  /* of when it began, before it made room */
	List *ignored;      /* names of the source's columns that have no place */
	List *details;      /* what else the ledger tells: members of an object */
	TupleDesc row_desc; /* of the rows that are put */
	MemoryContext context; /* lives as long as the load */
	EtlSources *sources;   /* what tells whether they were loaded before; NULL:
							* nothing */
	EtlCursor *cursor;     /* NULL: all is loaded */
	bool skipped;          /* there was nothing new */

	/* The load's own. */
	Bitmapset *forbidden; /* 0-based columns of rows that must have no value */
	EState *estate;
	struct EtlInput *input;
	struct EtlWriter *writer;
	List *immediate;          /* constraints made so, to be deferred again */
	List *checks;             /* of EtlCheck */
	EtlRowChecks *row_checks; /* NULL: none */
	struct EtlSetChecks *set_checks; /* the same */
	EtlBatch *batch;
	EtlProgress progress;
	bool has_room; /* what the load replaces is gone */
	TupleTableSlot *input_slot;
	TupleTableSlot *slot; /* for rows of the target; NULL: they are the same */
} EtlLoad;

/*
 * Begins a load, in the current memory context: opens the target, and makes
 * room in it as the mode says, unless there may be nothing to load.  Raises
 * 42501 and the like.
 */
extern EtlLoad *etl_load_begin(const EtlLoadRequest *request);

/* Makes room, where that was not done: it is known that there is something. */
extern void etl_load_make_room(EtlLoad *load);

/*
 * The columns of the target that a source may fill, as a row type; with those
 * that this user may not, for a source that has them is an error.
 */
extern TupleDesc etl_load_source_desc(EtlLoad *load);

/* Tells what rows will be put; must come before the first. */
extern void etl_load_expect(EtlLoad *load, TupleDesc desc);

/* 0-based columns of these rows for which etl_load_lacks() makes a difference. */
extern const Bitmapset *etl_load_with_defaults(const EtlLoad *load);

/* The row that is put next has no value for this column. */
extern void etl_load_lacks(EtlLoad *load, int column);

/* Loads a row; what is borrowed must live until the call returns. */
extern void etl_load_put(EtlLoad *load, Datum *values, bool *isnull,
						 const EtlPlace *place);

/* Stores what has been put so far. */
extern void etl_load_flush(EtlLoad *load);

/*
 * The same, and judges it as the load's end does: a row that refers to one that
 * is put later is refused.  No row put before is rejected any more.
 */
extern void etl_load_settle(EtlLoad *load);

/*
 * All rows have been put: stores the rest, judges limits and checks, and warns.
 * counts.read must be set by then; all counts are final after that.
 */
extern void etl_load_finish(EtlLoad *load);

/* There is nothing to load: the target stays as it is. */
extern void etl_load_skip(EtlLoad *load);

/* What loads read: scan_load.c and query_load.c. */
extern void etl_load_rows_of_scan(EtlLoad *load, EtlCall *call);
extern void etl_load_rows_of_query(EtlLoad *load, const char *text);

/* ledger.c: the number of a new load; and its row in etl.load, as a datum. */
extern int64 etl_ledger_next_id(void);
extern Datum etl_ledger_record(const EtlLoad *load, const char *status);

/* events.c: tells those who log and listen of a load that is done. */
extern void etl_events_tell(const EtlLoad *load, const char *status);

#endif
