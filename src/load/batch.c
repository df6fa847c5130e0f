/*
 * batch.c
 *	  The rows of a load that are stored together.
 *
 * Rows lie in blocks, one behind the other:
 *
 *		| tuple | raw bytes | tuple | raw bytes | ...
 *
 * Blocks of the usual size are kept when the batch is emptied, so that a load
 * allocates little.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "load/batch.h"

/*
 * A batch is stored in one subtransaction, and other sessions' snapshots keep
 * track of 64 of them for free, so batches are large; and what is large in all
 * caches is not faster.
 */
#define BATCH_BYTES (16 * 1024 * 1024)

#define FIRST_ROWS 1024
#define BLOCK_BYTES (1024 * 1024)

struct EtlBatchBlock
{
	EtlBatchBlock *next;
	size_t size;
	char data[FLEXIBLE_ARRAY_MEMBER];
};

static void
use_block(EtlBatch *batch, EtlBatchBlock *block)
{
	batch->block = block;
	batch->free = (char *) MAXALIGN(block->data);
	batch->end = block->data + block->size;
}

/* Goes on with another block, in which there is room for n bytes. */
static void
next_block(EtlBatch *batch, size_t n)
{
	EtlBatchBlock **link = batch->block ? &batch->block->next : &batch->first;
	EtlBatchBlock *block = *link;

	if (block == NULL || block->size < n + MAXIMUM_ALIGNOF)
	{
		size_t size = Max(n + MAXIMUM_ALIGNOF, BLOCK_BYTES);

		block = MemoryContextAllocHuge(GetMemoryChunkContext(batch),
									   offsetof(EtlBatchBlock, data) + size);
		block->size = size;
		block->next = *link;
		*link = block;
	}
	use_block(batch, block);
}

EtlBatch *
etl_batch_new(void)
{
	EtlBatch *batch = palloc0(sizeof(EtlBatch));

	batch->max_rows = ETL_BATCH_ROWS;
	batch->capacity = FIRST_ROWS;
	batch->rows = palloc(sizeof(EtlLoadRow) * batch->capacity);
	batch->context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl batch",
							  ALLOCSET_DEFAULT_SIZES);
	return batch;
}

static char *
take(EtlBatch *batch, size_t n)
{
	char *result;

	n = MAXALIGN(n);
	if (unlikely(n > (size_t) (batch->end - batch->free)))
		next_block(batch, n);
	result = batch->free;
	batch->free += n;
	batch->used += n;
	return result;
}

/* Gives back what lies behind end, of what was taken last. */
static void
give_back(EtlBatch *batch, char *end)
{
	char *free = (char *) MAXALIGN(end);

	batch->used -= (size_t) (batch->free - free);
	batch->free = free;
}

EtlLoadRow *
etl_batch_add(EtlBatch *batch, const EtlTupleForm *form, const Datum *values,
			  const bool *isnull)
{
	EtlLoadRow *row;
	char *place;

	if (unlikely(batch->nrows == batch->capacity))
	{
		batch->capacity *= 2;
		batch->rows =
			repalloc_huge(batch->rows, sizeof(EtlLoadRow) * batch->capacity);
	}
	row = &batch->rows[batch->nrows++];
	row->rel = NULL;
	row->absent = NULL;
	row->held_back = false;
	row->refusal = NULL;
	row->refused_column = NULL;
	row->recheck = NIL;
	row->failed_check = NULL;
	row->warned = NULL;
	row->stored = NULL;
	place = take(batch, etl_tuple_form_bound(form, values, isnull));
	etl_tuple_form(form, values, isnull, place, &row->tuple);
	give_back(batch, place + row->tuple.t_len);
	batch->full =
		batch->nrows >= batch->max_rows || batch->used >= BATCH_BYTES;
	return row;
}

void
etl_batch_set_place(EtlBatch *batch, EtlLoadRow *row, const EtlPlace *place,
					bool with_raw)
{
	row->place = *place;
	if (unlikely(batch->source == NULL || place->item != batch->item))
	{
		batch->item = place->item;
		batch->source = MemoryContextStrdup(batch->context, place->source);
	}
	row->place.source = batch->source;
	row->place.raw = NULL;
	if (with_raw && place->raw)
	{
		char *raw = take(batch, place->raw_len);

		memcpy(raw, place->raw, place->raw_len);
		row->place.raw = raw;
	}
}

void
etl_batch_reset(EtlBatch *batch)
{
	EtlBatchBlock **link = &batch->first;

	while (*link)
	{
		EtlBatchBlock *block = *link;

		if (block->size > BLOCK_BYTES)
		{
			*link = block->next;
			pfree(block);
		}
		else
			link = &block->next;
	}
	batch->block = NULL;
	batch->free = NULL;
	batch->end = NULL;
	MemoryContextReset(batch->context);
	batch->nrows = 0;
	batch->used = 0;
	batch->full = false;
	batch->source = NULL;
}
