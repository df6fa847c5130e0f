/*
 * json_cursor.h
 *	  A stream of JSON bytes with its tokens.
 *
 * The cursor owns the buffer and the index over it.  It knows nothing of
 * records: its owner says how far it has come, and asks for more.
 *
 *		buf                                            capacity
 *		 | 0 | done with | at hand | indexed | not indexed | 0 |
 *		                  ^start              ^indexed      ^len
 *
 * What is done with is dropped when room is needed; the buffer grows only if
 * what is at hand is large.  The first and the last byte shown are NUL, so that
 * walking needn't count.
 */
#ifndef ETL_JSON_CURSOR_H
#define ETL_JSON_CURSOR_H

#include "postgres.h"

#include "decode/encoding.h"
#include "stream/stream.h"
#include "json/json_index.h"
#include "json/json_walk.h"

typedef struct EtlJsonCursor
{
	EtlStream *stream;    /* borrowed */
	EtlEncoding encoding; /* for offsets only */

	char *buf;
	size_t start;
	size_t len;
	bool last; /* the stream has ended */

	/* Of buf[start]. */
	int64 line;   /* 1-based */
	int64 offset; /* in the source's bytes */
	int64 passed; /* bytes before it */

	/* Tokens from start on, as far as there are any; counted from buf. */
	uint32_t *tokens;
	size_t token;   /* the first one not passed */
	size_t ntokens; /* all */

	/* Private. */
	size_t capacity;
	bool restart; /* the index begins anew at start */
	size_t indexed;
	size_t tokens_capacity;
	EtlJsonIndexer indexer;
	EtlJsonBlock *blocks;
	size_t blocks_capacity;
	size_t nblocks;
	size_t blocks_base; /* where the first of them begins */
	int64 base_line;    /* line of the index's start */
} EtlJsonCursor;

/* Makes a cursor at the stream's first byte, in the current context. */
extern EtlJsonCursor *etl_json_cursor_new(EtlStream *stream,
										  const EtlEncoding *encoding);

/*
 * Goes on with the bytes of another stream; line and offset are those of its
 * first byte.
 */
extern void etl_json_cursor_restart(EtlJsonCursor *cursor, EtlStream *stream,
									int64 line, int64 offset);

/*
 * Reads more bytes; false if there are none, or if more than
 * pg_etl.max_record_size are at hand.  May move the buffer.
 */
extern bool etl_json_cursor_fill(EtlJsonCursor *cursor);

/* Finds more tokens in the bytes at hand, without moving the buffer. */
extern bool etl_json_cursor_index(EtlJsonCursor *cursor);

/* The same, and reads if it has to; false as above. */
extern bool etl_json_cursor_more_tokens(EtlJsonCursor *cursor);

/* Passes over n bytes, wherever they lead; tokens begin anew behind them. */
extern void etl_json_cursor_pass(EtlJsonCursor *cursor, size_t n);

/* Moves to an indexed position, or to the end of what is indexed. */
extern void etl_json_cursor_move(EtlJsonCursor *cursor, size_t position);

/* The line of an indexed position. */
static inline int64
etl_json_cursor_line(const EtlJsonCursor *cursor, size_t position)
{
	size_t at = position - cursor->blocks_base;
	const EtlJsonBlock *block = &cursor->blocks[at / ETL_JSON_BLOCK];
	uint64 before = ((uint64) 1 << at % ETL_JSON_BLOCK) - 1;

	return cursor->base_line + (int64) block->lines_before +
		   __builtin_popcountll(block->line_feeds & before);
}

/* What has to be looked at in the indexed bytes from begin to end. */
typedef struct EtlJsonCare
{
	bool controls; /* there may be control characters in strings */
	bool special;  /* there may be bytes that aren't ASCII */
	bool escapes;  /* there may be escapes */
} EtlJsonCare;

static inline EtlJsonCare
etl_json_cursor_care(const EtlJsonCursor *cursor, size_t begin, size_t end)
{
	const EtlJsonBlock *block =
		&cursor->blocks[(begin - cursor->blocks_base) / ETL_JSON_BLOCK];
	const EtlJsonBlock *last =
		&cursor->blocks[(end - 1 - cursor->blocks_base) / ETL_JSON_BLOCK];
	EtlJsonCare care = {false, false, false};
	uint64 escapes = 0;

	for (; block <= last; block++)
	{
		care.controls |= block->controls;
		care.special |= block->special;
		escapes |= block->escapes;
	}
	care.escapes = escapes != 0;
	return care;
}

/* True if an escape in the indexed bytes from begin to end isn't one. */
static inline bool
etl_json_cursor_bad_escape(const EtlJsonCursor *cursor, size_t begin,
						   size_t end)
{
	return etl_json_bad_escape(cursor->buf + cursor->blocks_base,
							   cursor->blocks, begin - cursor->blocks_base,
							   end - cursor->blocks_base);
}

#endif
