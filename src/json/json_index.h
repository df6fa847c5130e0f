/*
 * json_index.h
 *	  Where the tokens of JSON text begin, 64 bytes a step.
 *
 * A token is one of { } [ ] : , outside strings, the quote that opens a string,
 * or the first byte of any other run of bytes outside strings that are neither
 * blanks nor these: a number, a literal, or something that isn't JSON.  Whether
 * tokens stand where they may is for those to judge who walk over them.
 *
 * Beside the tokens, each block of 64 bytes tells what walkers would otherwise
 * have to look for byte by byte: line feeds, escapes, bytes that need care.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_JSON_INDEX_H
#define ETL_JSON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETL_JSON_BLOCK 64

/* Bit i of a mask speaks of byte i of the block. */
typedef struct EtlJsonBlock
{
	uint64_t line_feeds;
	uint64_t escapes;      /* backslashes that begin an escape */
	uint64_t lines_before; /* line feeds before the block since the start */
	bool controls;         /* control characters inside strings */
	bool special;          /* bytes that aren't ASCII */
} EtlJsonBlock;

/* What is carried from block to block; all zero at the start. */
typedef struct EtlJsonIndexer
{
	uint64_t in_string; /* all ones or zero */
	uint64_t escaped;   /* bit 0: the first byte is escaped */
	uint64_t in_word;   /* bit 0: a number or the like goes on */
	uint64_t lines;     /* line feeds so far */
} EtlJsonIndexer;

/*
 * Indexes len bytes from buf, which go on where the last call stopped: whole
 * blocks only, unless last is true.  Writes base + the offset of each token to
 * tokens, which needs room for len + ETL_JSON_BLOCK of them, and a block for
 * each 64 bytes or part of them to blocks.  Returns how many bytes were indexed
 * and adds to *ntokens how many tokens were found.
 */
extern size_t etl_json_index(EtlJsonIndexer *indexer, const char *buf,
							 size_t len, bool last, uint32_t base,
							 uint32_t *tokens, size_t *ntokens,
							 EtlJsonBlock *blocks);

/*
 * True if an escape that begins in the bytes from begin to end, which blocks
 * count from buf, is none.  Six bytes behind the last can be read.
 */
extern bool etl_json_bad_escape(const char *buf, const EtlJsonBlock *blocks,
								size_t begin, size_t end);

/* The implementations, best first, for tests: names, then selection by name. */
extern const char *const *etl_json_index_implementations(void);
extern bool etl_json_index_use(const char *name);

#endif
