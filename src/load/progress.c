/*
 * progress.c
 *	  What a running load lets others see of it.
 *
 * Numbers in shared memory are all that a backend can show without a library
 * being preloaded.  Those of COPY stand where pg_stat_progress_copy looks for
 * them; the others behind them, where etl.load_progress does.
 */
#include "postgres.h"

#include "commands/progress.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

#include "load/load.h"

/* At most so many rows pass between two times. */
#define ROWS_BETWEEN 4096

/* The parameters of our own, counted from 0. */
#define PARAM_STARTED 11
#define PARAM_RETRIES 12
#define PARAM_REQUESTS 13
#define PARAM_REJECTED 14
#define PARAM_READ 15
#define PARAM_SOURCES 16
#define PARAM_PHASE 17
#define PARAM_LOAD_ID 18
#define PARAM_MARK 19
#define MARK 0x65746c00 /* "etl" */

static bool
is_ours(const EtlLoad *load)
{
	const PgBackendStatus *entry = MyBEEntry;

	return entry != NULL &&
		   entry->st_progress_command == PROGRESS_COMMAND_COPY &&
		   entry->st_progress_param[PARAM_MARK] == MARK &&
		   entry->st_progress_param[PARAM_LOAD_ID] == load->id;
}

/* A timestamp as others than the server count it, from 1970. */
static int64
unix_microseconds(TimestampTz time)
{
	return time +
		   (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

/* The values that never change. */
static void
start(const EtlLoad *load)
{
	const int index[] = {
		PROGRESS_COPY_COMMAND, PROGRESS_COPY_TYPE, PROGRESS_COPY_BYTES_TOTAL,
		PARAM_STARTED,         PARAM_LOAD_ID,      PARAM_MARK};
	const int64 values[] = {PROGRESS_COPY_COMMAND_FROM,
							load->request->is_file
								? PROGRESS_COPY_TYPE_FILE
								: PROGRESS_COPY_TYPE_CALLBACK,
							load->request->bytes_total,
							unix_microseconds(load->started_at),
							load->id,
							MARK};

	pgstat_progress_start_command(PROGRESS_COMMAND_COPY,
								  load->request->target);
	pgstat_progress_update_multi_param(lengthof(index), index, values);
}

void
etl_progress_publish(EtlLoad *load)
{
	const EtlLoadCounts *counts = &load->counts;
	int64 rejected = load->policy->rejected;
	const int index[] = {PROGRESS_COPY_BYTES_PROCESSED,
						 PROGRESS_COPY_TUPLES_PROCESSED,
						 PROGRESS_COPY_TUPLES_EXCLUDED,
						 PARAM_RETRIES,
						 PARAM_REQUESTS,
						 PARAM_REJECTED,
						 PARAM_READ,
						 PARAM_SOURCES,
						 PARAM_PHASE};
	const int64 values[] = {(int64) counts->bytes,
							counts->inserted,
							rejected + counts->suppressed,
							counts->retries,
							counts->requests,
							rejected,
							counts->read,
							load->progress.sources,
							load->progress.phase};

	if (!is_ours(load))
		start(load);
	pgstat_progress_update_multi_param(lengthof(index), index, values);

	/* the first rows of a slow source are told soon */
	load->progress.next_rows =
		load->progress.rows + Min(Max(load->progress.rows, 1), ROWS_BETWEEN);
}

void
etl_progress_restore(EtlLoad *load)
{
	etl_progress_publish(load);
	load->progress.next_rows = 0;
}

void
etl_progress_enter(EtlLoad *load, EtlLoadPhase phase)
{
	load->progress.phase = phase;
	etl_progress_publish(load);
}

void
etl_progress_end(void)
{
	pgstat_progress_end_command();
}
