/*
 * progress.h
 *	  What a running load lets others see of it.
 */
#ifndef ETL_LOAD_PROGRESS_H
#define ETL_LOAD_PROGRESS_H

#include "postgres.h"

struct EtlLoad;

typedef enum EtlLoadPhase
{
	ETL_LOAD_INITIALIZING,
	ETL_LOAD_DELETING,
	ETL_LOAD_LOADING,
	ETL_LOAD_FINISHING
} EtlLoadPhase;

typedef struct EtlProgress
{
	EtlLoadPhase phase;
	int64 sources; /* opened */

	/* Rows put, and at how many of them it is time to publish again. */
	int64 rows;
	int64 next_rows;
} EtlProgress;

/*
 * Publishes what the load has counted.  The server takes it for the progress of
 * a COPY; what ends that, the end of a subtransaction by an error or another
 * command within, is made good.
 */
extern void etl_progress_publish(struct EtlLoad *load);

/* The same after something that may have ended it: soon again, with all counts. */
extern void etl_progress_restore(struct EtlLoad *load);
extern void etl_progress_enter(struct EtlLoad *load, EtlLoadPhase phase);

/* The load has ended. */
extern void etl_progress_end(void);

/* Counts a row; true if it is time to publish. */
static inline bool
etl_progress_count_row(EtlProgress *progress)
{
	return unlikely(++progress->rows >= progress->next_rows);
}

#endif
