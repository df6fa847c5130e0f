/*
 * arena.h
 *	  Memory for the values of one record, given back all at once.
 *
 * Taking memory is a comparison and an addition.  Values in an arena are plain
 * bytes without a chunk header: nobody may pfree or repalloc them.  A reset
 * keeps one block, so a scan over records of ordinary size allocates nothing.
 */
#ifndef ETL_ARENA_H
#define ETL_ARENA_H

#include "postgres.h"

typedef struct EtlArenaBlock EtlArenaBlock;

typedef struct EtlArena
{
	char *next; /* free bytes of the newest block */
	char *end;
	EtlArenaBlock *block; /* the newest; leads to the older ones */
	MemoryContext context;
} EtlArena;

/* Blocks come from the given context. */
extern void etl_arena_init(EtlArena *arena, MemoryContext context);

/* Takes n bytes where the newest block has no room for them. */
extern void *etl_arena_grow(EtlArena *arena, size_t n);

/* Gives up all blocks but the newest. */
extern void etl_arena_shrink(EtlArena *arena);

/* n bytes, aligned for any type, not initialised. */
static inline void *
etl_arena_alloc(EtlArena *arena, size_t n)
{
	char *result = arena->next;

	n = MAXALIGN(n);
	if (unlikely(n > (size_t) (arena->end - result)))
		return etl_arena_grow(arena, n);
	arena->next = result + n;
	return result;
}

/* Gives back what lies behind end, in the bytes that were taken last. */
static inline void
etl_arena_trim(EtlArena *arena, const char *end)
{
	arena->next = (char *) MAXALIGN(end);
}

/* Where the bytes of the only block begin: what a reset goes back to. */
struct EtlArenaBlock
{
	EtlArenaBlock *older;
	size_t size; /* of data */
	char data[FLEXIBLE_ARRAY_MEMBER];
};

#define ETL_ARENA_FIRST_SIZE 8192
#define ETL_ARENA_KEPT_SIZE (1024 * 1024)

/* All values taken since the last reset are gone. */
static inline void
etl_arena_reset(EtlArena *arena)
{
	EtlArenaBlock *block = arena->block;

	if (unlikely(block->older || block->size > ETL_ARENA_KEPT_SIZE))
		etl_arena_shrink(arena);
	else
		arena->next = (char *) MAXALIGN(block->data);
}

#endif
