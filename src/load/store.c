/*
 * store.c
 *	  Stores a batch so that one bad row never costs a good one.
 *
 * All rows are tried at once.  If that fails because of data, it is undone and
 * the two halves are tried, and so on; a row that fails alone is refused.  Rows
 * of which it turns out that they fail a check are marked and left out the next
 * time, all of them at once.  Where rows fail often, batches become smaller, so
 * that less is done in vain.
 *
 * Rows that violate foreign keys are found together, once there was one, and
 * held back from then on for as long as batches have any.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "load/writer.h"

#define MIN_ROWS 64

static bool try_store(EtlWriter *writer, EtlLoadRow *rows, int n,
					  EtlRefusal **refusal);
static int store_rows(EtlWriter *writer, EtlLoadRow *rows, int n, bool sifted);
static int sift(EtlWriter *writer, EtlLoadRow *rows, int n);
static void store_held_back(EtlWriter *writer, EtlBatch *batch);

void
etl_writer_store(EtlWriter *writer, EtlBatch *batch)
{
	int failures = 0;
	bool sifted = writer->wary;

	writer->refusals = batch->context;
	writer->wary = false;
	if (writer->may_fail)
	{
		if (sifted)
			(void) sift(writer, batch->rows, batch->nrows);
		failures = store_rows(writer, batch->rows, batch->nrows, sifted);
		store_held_back(writer, batch);
	}
	else
		writer->ops->store(writer, batch->rows, batch->nrows);
	if (writer->ops->stored)
		writer->ops->stored(writer, batch->rows, batch->nrows);

	/* a batch of good rows grows again */
	if (failures > 0)
		batch->max_rows = Max(MIN_ROWS, batch->nrows / (2 * failures));
	else
		batch->max_rows = Min(batch->max_rows * 2, ETL_BATCH_ROWS);
}

/*
 * Returns how many rows failed alone.  sifted tells that those that violate
 * foreign keys have been looked for.
 */
static int
store_rows(EtlWriter *writer, EtlLoadRow *rows, int n, bool sifted)
{
	EtlRefusal *refusal;
	int half = n / 2;

	CHECK_FOR_INTERRUPTS();
	if (n == 0 || try_store(writer, rows, n, &refusal))
		return 0;
	if (n > 1 && !sifted &&
		refusal->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION)
	{
		sifted = true;
		if (sift(writer, rows, n) > 0)
			return store_rows(writer, rows, n, true);
	}
	if (n == 1)
	{
		rows->fate = ETL_FATE_REFUSED;
		if (rows->failed_check == NULL)
			rows->refusal = refusal;
		return 1;
	}
	return store_rows(writer, rows, half, sifted) +
		   store_rows(writer, rows + half, n - half, sifted);
}

/*
 * True if the error is about rows.  For some errors of the operating system, a
 * full quota or a file too large, the server has no code but an internal
 * error's; it quotes them.
 */
static bool
is_about_rows(const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR &&
		error->saved_errno != 0 && error->message &&
		strstr(error->message, strerror(error->saved_errno)) != NULL)
		return false;
	return etl_error_is_about_data(error->sqlerrcode);
}

static bool
may_have_triggers(const EtlTarget *target)
{
	return target->rel->trigdesc != NULL ||
		   target->rel->rd_rel->relkind == RELKIND_VIEW;
}

/* Holds back those rows that violate foreign keys; returns how many. */
static int
sift(EtlWriter *writer, EtlLoadRow *rows, int n)
{
	int held_back = writer->ops->sift ? writer->ops->sift(writer, rows, n) : 0;

	writer->wary |= held_back > 0;
	return held_back;
}

/*
 * Tries rows one by one that have been held back, but not refused: triggers of
 * the others, or their own, may have made them good.
 */
static void
store_held_back(EtlWriter *writer, EtlBatch *batch)
{
	for (int i = 0; i < batch->nrows; i++)
	{
		EtlLoadRow *row = &batch->rows[i];

		if (!row->held_back || row->refusal)
			continue;
		row->held_back = false;
		(void) store_rows(writer, row, 1, true);
	}
}

/* The refusal that an error about one or several rows is. */
EtlRefusal *
etl_writer_refusal(const EtlWriter *writer, const ErrorData *error,
				   EtlStage stage)
{
	EtlRefusal *refusal = palloc0(sizeof(EtlRefusal));

	etl_refusal_from_error(refusal, error);
	refusal->stage = stage;
	/* foreign keys are triggers to the server, but not to its users */
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
			ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION &&
		error->constraint_name)
		refusal->stage = ETL_STAGE_CONSTRAINT;
	/* an INSERT doesn't tell how far it came, but who raises this */
	else if (writer->target->by_insert && may_have_triggers(writer->target) &&
			 ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_PLPGSQL_ERROR)
		refusal->stage = ETL_STAGE_TRIGGER;
	return refusal;
}

/* Stores rows in a subtransaction; false if that failed because of data. */
static bool
try_store(EtlWriter *writer, EtlLoadRow *rows, int n, EtlRefusal **refusal)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool ok = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		writer->check_failed = false;
		writer->ops->store(writer, rows, n);
		/* what storing them has done must be undone; they are marked */
		if (writer->check_failed)
			ereport(ERROR, (errcode(ETL_ERRCODE_CHECK_FAILED),
							errmsg_internal("rows fail checks")));
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		ok = true;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (!is_about_rows(error))
			ReThrowError(error);
		MemoryContextSwitchTo(writer->refusals);
		*refusal = etl_writer_refusal(writer, error, writer->stage);
		MemoryContextSwitchTo(context);
		FreeErrorData(error);
	}
	PG_END_TRY();
	return ok;
}
