/*
 * arena.c
 *	  Memory for the values of one record: getting and dropping blocks.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "row/arena.h"

static void
push_block(EtlArena *arena, size_t size)
{
	EtlArenaBlock *block;

	/* Room to align the first value, whatever the struct's layout. */
	block =
		MemoryContextAllocHuge(arena->context, offsetof(EtlArenaBlock, data) +
												   MAXIMUM_ALIGNOF + size);
	block->older = arena->block;
	block->size = size;
	arena->block = block;
	arena->next = (char *) MAXALIGN(block->data);
	arena->end = arena->next + size;
}

void
etl_arena_init(EtlArena *arena, MemoryContext context)
{
	arena->context = context;
	arena->block = NULL;
	push_block(arena, ETL_ARENA_FIRST_SIZE);
}

void *
etl_arena_grow(EtlArena *arena, size_t n)
{
	push_block(arena, Max(n, 2 * arena->block->size));
	return etl_arena_alloc(arena, n);
}

void
etl_arena_shrink(EtlArena *arena)
{
	EtlArenaBlock *older = arena->block->older;

	/* One huge record must not pin its memory for the rest of the scan. */
	if (arena->block->size > ETL_ARENA_KEPT_SIZE)
	{
		older = arena->block;
		arena->block = NULL;
	}
	else
	{
		arena->block->older = NULL;
		arena->next = (char *) MAXALIGN(arena->block->data);
	}
	while (older)
	{
		EtlArenaBlock *block = older;

		older = block->older;
		pfree(block);
	}
	if (arena->block == NULL)
		push_block(arena, ETL_ARENA_FIRST_SIZE);
}
