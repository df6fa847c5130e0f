/*
 * writer.h
 *	  How rows get into a target.
 *
 * Two ways: heap_writer.c stores rows in tables, many at a time; insert_writer.c
 * hands each to an INSERT.  Call order: constructor, then for each row prepare,
 * whose result goes into a batch, for each batch store as often as it takes,
 * and finish; close after that, or never after an error.
 */
#ifndef ETL_LOAD_WRITER_H
#define ETL_LOAD_WRITER_H

#include "postgres.h"

#include "load/batch.h"
#include "load/row_checks.h"
#include "load/target.h"

typedef struct EtlWriter EtlWriter;

typedef struct EtlWriterOps
{
	/*
	 * Judges a row of the target as far as that can be done before it is
	 * stored: false, with *refusal and *column (or NULL) filled, if it can't
	 * be.  Fills in generated columns.
	 */
	bool (*prepare)(EtlWriter *self, TupleTableSlot *slot, EtlRefusal *refusal,
					const char **column);

	/* Adds the row that was prepared last to the batch. */
	EtlLoadRow *(*add)(EtlWriter *self, TupleTableSlot *slot, EtlBatch *batch,
					   const EtlPlace *place);

	/*
	 * Stores rows of a batch, but for those held back, and sets their fates.
	 * What it can't tell of a
	 * single row it raises as an error; then nothing of these rows is left
	 * once the subtransaction around the call is rolled back.
	 */
	void (*store)(EtlWriter *self, EtlLoadRow *rows, int n);

	/*
	 * After a violation of a foreign key: holds back the rows that would
	 * violate one, and returns how many.  May be NULL.
	 */
	int (*sift)(EtlWriter *self, EtlLoadRow *rows, int n);

	/* Rows have been stored and won't be rolled back alone.  May be NULL. */
	void (*stored)(EtlWriter *self, EtlLoadRow *rows, int n);

	/*
	 * Judges what only all rows together show, of those stored so far.  May be
	 * NULL.
	 */
	void (*settle)(EtlWriter *self);

	/* All rows have been stored, and settled. */
	void (*finish)(EtlWriter *self);
} EtlWriterOps;

struct EtlWriter
{
	const EtlWriterOps *ops;
	EtlTarget *target;
	EState *estate; /* borrowed */

	/*
	 * Whether store() may raise errors about single rows, so that it has to be
	 * called in a subtransaction.
	 */
	bool may_fail;

	/* What store() is about, for the errors that it raises. */
	EtlStage stage;

	/* Where store() keeps refusals; they live as long as the batch. */
	MemoryContext refusals;

	/*
	 * What is asked of rows that only store() knows: to be checked, and to be
	 * kept in row->stored.  The caller sets these before the first store().
	 */
	EtlRowChecks *checks;
	bool keep_stored;
	Bitmapset *shown; /* columns of the target that are looked at */

	/* The row prepared last is one of those. */
	bool known_when_stored;

	/* The last store() has found rows that fail checks. */
	bool check_failed;
	/* The last batch had rows that violate foreign keys. */
	bool wary;

	/*
	 * Set by the load: takes a row that was stored and had to be removed
	 * again at the end.
	 */
	void (*removed)(void *arg, EtlLoadRow *row);
	void *removed_arg;
};

/*
 * Writers, in the current memory context.  estate is the load's, made ready by
 * etl_compat_init_insert() for the first; what is set up for the target is
 * released with the transaction.
 */
extern EtlWriter *etl_heap_writer_new(EtlTarget *target, EState *estate);
extern EtlWriter *etl_insert_writer_new(EtlTarget *target, EState *estate);

/*
 * Prepares the INSERT without the 0-based columns absent, whose set lives as
 * long as the writer: that it can't be done, now that its rows are looked at, is
 * no fault of theirs.
 */
extern void etl_insert_writer_prepare(EtlWriter *self,
									  const Bitmapset *absent);

/* The form of a row in a batch. */
extern TupleDesc etl_heap_writer_row_desc(const EtlLoadRow *row);

/* A row of the target's form as it was stored; may be a palloc'd copy. */
extern HeapTuple etl_heap_writer_stored_row(EtlWriter *self, EtlLoadRow *row);

static inline TupleDesc
etl_writer_row_desc(const EtlWriter *writer, const EtlLoadRow *row)
{
	return row->rel ? etl_heap_writer_row_desc(row) : writer->target->desc;
}

static inline HeapTuple
etl_writer_stored_row(EtlWriter *writer, EtlLoadRow *row)
{
	if (row->rel)
		return etl_heap_writer_stored_row(writer, row);
	return row->stored ? row->stored : &row->tuple;
}

/*
 * What an error about a row that is being stored refuses it for, in the current
 * memory context.
 */
extern EtlRefusal *etl_writer_refusal(const EtlWriter *writer,
									  const ErrorData *error, EtlStage stage);

/*
 * Stores all rows of the batch, each of them that can be stored: where rows fail
 * together they are tried in halves, until those at fault stand alone.
 */
extern void etl_writer_store(EtlWriter *writer, EtlBatch *batch);

#endif
