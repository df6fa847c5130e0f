/*
 * batch.h
 *	  The rows of a load that are stored together.
 *
 * A batch keeps each row in the form in which it will be stored, together with
 * where it came from and its raw bytes: a row that is refused only when it is
 * stored still becomes a dead letter.  Its memory is bounded and used again.
 */
#ifndef ETL_LOAD_BATCH_H
#define ETL_LOAD_BATCH_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"

#include "load/tuple_form.h"
#include "reject/reject.h"
#include "row/guard.h"

/* Where a row comes from.  Strings are borrowed from whoever made the place. */
typedef struct EtlPlace
{
	const char *source;
	int64 item;          /* the source's number among those of the load */
	EtlRejectSink *sink; /* of rejects, or NULL */
	int64 line;          /* 0: none */
	int64 record_no;
	int64 offset;
	const char *raw; /* NULL: the row has no raw bytes */
	size_t raw_len;
} EtlPlace;

/* What became of a row when its batch was stored. */
typedef enum EtlRowFate
{
	ETL_FATE_STORED,
	ETL_FATE_SUPPRESSED, /* a BEFORE trigger or a rule dropped it */
	ETL_FATE_REFUSED     /* *refusal tells why */
} EtlRowFate;

/* That a row fails a check that only warns. */
typedef struct EtlWarned
{
	struct EtlWarned *next;
	struct EtlCheck *check;
	char *message;
	const char *column; /* or NULL */
} EtlWarned;

typedef struct EtlLoadRow
{
	HeapTupleData tuple;     /* of the relation that it will be stored in */
	struct HeapRel *rel;     /* that relation, as the heap writer knows it */
	const Bitmapset *absent; /* 0-based columns of the target that have no
							  * value, for the insert writer; borrowed */
	EtlPlace place;
	EtlRowFate fate;
	bool held_back;      /* not to be stored with the others; it is refused, or
					 * will be tried alone */
	EtlRefusal *refusal; /* NULL unless it was refused */
	const char *refused_column;
	List *recheck; /* indexes whose constraints a trigger checks later, as
					* long as its batch is being stored */

	/*
	 * The check that it fails, as was found when it was stored; it is refused,
	 * and not to be stored again.
	 */
	struct EtlCheck *failed_check;
	EtlWarned *warned;

	/* The row as it was stored, if that is not tuple and somebody asks. */
	HeapTuple stored;
} EtlLoadRow;

typedef struct EtlBatchBlock EtlBatchBlock;

typedef struct EtlBatch
{
	EtlLoadRow *rows;
	int nrows;
	int max_rows; /* at which it counts as full */
	bool full;
	MemoryContext context; /* of refusals and the like, reset with it */

	/* Private. */
	int capacity;
	size_t used;
	EtlBatchBlock *first;
	EtlBatchBlock *block; /* the current one, and its free bytes */
	char *free;
	char *end;
	int64 item; /* the last place's, and our copy of its source */
	const char *source;
} EtlBatch;

/* The most rows that a batch has. */
#define ETL_BATCH_ROWS (128 * 1024)

/* A batch in the current memory context. */
extern EtlBatch *etl_batch_new(void);

/* Adds a row, whose tuple is formed of the values; it has no place yet. */
extern EtlLoadRow *etl_batch_add(EtlBatch *batch, const EtlTupleForm *form,
								 const Datum *values, const bool *isnull);

/*
 * Gives the row added last a copy of the place; without its raw bytes, if these
 * won't be needed.
 */
extern void etl_batch_set_place(EtlBatch *batch, EtlLoadRow *row,
								const EtlPlace *place, bool with_raw);

/* Makes the batch empty. */
extern void etl_batch_reset(EtlBatch *batch);

#endif
