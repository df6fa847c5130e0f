/*
 * json_cursor.c
 *	  A stream of JSON bytes with its tokens.
 */
#include "postgres.h"

#include "json/json_cursor.h"

#include "utils/memutils.h"

#include "guc.h"

/* The buffer's first size, and the least that is worth a read. */
#define BUFFER_SIZE (256 * 1024)
#define READ_SIZE (64 * 1024)

/* Where data begins, behind the NUL. */
#define HEAD 64

/* What may be read behind the data, by words. */
#define TAIL 64

/* How far the index runs ahead: what it finds should still be in the cache. */
#define INDEX_WINDOW (32 * 1024)

EtlJsonCursor *
etl_json_cursor_new(EtlStream *stream, const EtlEncoding *encoding)
{
	EtlJsonCursor *cursor = palloc0(sizeof(EtlJsonCursor));

	cursor->stream = stream;
	cursor->encoding = *encoding;
	cursor->capacity = BUFFER_SIZE;
	cursor->buf = palloc(cursor->capacity + TAIL);
	memset(cursor->buf, 0, HEAD + TAIL);
	cursor->start = HEAD;
	cursor->len = HEAD;
	cursor->line = 1;
	cursor->offset = encoding->bom_length;
	cursor->tokens_capacity = INDEX_WINDOW;
	cursor->tokens = palloc(cursor->tokens_capacity * sizeof(uint32_t));
	cursor->blocks_capacity = INDEX_WINDOW / ETL_JSON_BLOCK;
	cursor->blocks = palloc(cursor->blocks_capacity * sizeof(EtlJsonBlock));
	cursor->restart = true;
	return cursor;
}

void
etl_json_cursor_restart(EtlJsonCursor *cursor, EtlStream *stream, int64 line,
						int64 offset)
{
	cursor->stream = stream;
	cursor->start = HEAD;
	cursor->len = HEAD;
	cursor->last = false;
	cursor->line = line;
	cursor->offset = offset;
	cursor->passed = 0;
	cursor->token = cursor->ntokens = 0;
	cursor->indexed = cursor->start;
	cursor->restart = true;
	memset(cursor->buf + HEAD, 0, TAIL);
}

/* Starts the index at the current position. */
static void
restart_index(EtlJsonCursor *cursor)
{
	memset(&cursor->indexer, 0, sizeof(cursor->indexer));
	cursor->indexed = cursor->start;
	cursor->blocks_base = cursor->start;
	cursor->nblocks = 0;
	cursor->base_line = cursor->line;
	cursor->token = 0;
	cursor->ntokens = 0;
	cursor->restart = false;
}

/* Drops tokens and blocks of what is done with. */
static void
drop_index(EtlJsonCursor *cursor)
{
	size_t blocks = (cursor->start - cursor->blocks_base) / ETL_JSON_BLOCK;

	if (cursor->token > 0)
	{
		cursor->ntokens -= cursor->token;
		memmove(cursor->tokens, cursor->tokens + cursor->token,
				cursor->ntokens * sizeof(uint32_t));
		cursor->token = 0;
	}
	blocks = Min(blocks, cursor->nblocks);
	if (blocks > 0)
	{
		cursor->nblocks -= blocks;
		memmove(cursor->blocks, cursor->blocks + blocks,
				cursor->nblocks * sizeof(EtlJsonBlock));
		cursor->blocks_base += blocks * ETL_JSON_BLOCK;
	}
}

/* Moves what is left to the front of the buffer, by whole blocks. */
static void
move_to_front(EtlJsonCursor *cursor)
{
	size_t from;
	size_t by;

	if (cursor->restart)
		restart_index(cursor);
	drop_index(cursor);
	from = cursor->blocks_base;
	by = from - HEAD;
	if (by == 0)
		return;
	memmove(cursor->buf + HEAD, cursor->buf + from, cursor->len - from);
	cursor->start -= by;
	cursor->len -= by;
	cursor->indexed -= by;
	cursor->blocks_base -= by;
	for (size_t i = 0; i < cursor->ntokens; i++)
		cursor->tokens[i] -= (uint32_t) by;
}

bool
etl_json_cursor_fill(EtlJsonCursor *cursor)
{
	size_t n;

	if (cursor->last || cursor->len - cursor->start >
							Max((size_t) etl_guc_max_record_size, BUFFER_SIZE))
		return false;
	if (cursor->capacity - cursor->len < READ_SIZE)
		move_to_front(cursor);
	if (cursor->capacity - cursor->len < READ_SIZE)
	{
		cursor->capacity *= 2;
		cursor->buf = repalloc_huge(cursor->buf, cursor->capacity + TAIL);
	}
	n = etl_stream_read(cursor->stream, cursor->buf + cursor->len,
						cursor->capacity - cursor->len);
	cursor->len += n;
	cursor->last = n == 0;
	memset(cursor->buf + cursor->len, 0, TAIL);
	return n > 0;
}

bool
etl_json_cursor_index(EtlJsonCursor *cursor)
{
	size_t want;
	size_t there;
	bool last;
	size_t need;
	size_t done;

	if (cursor->restart)
		restart_index(cursor);
	there = cursor->len - cursor->indexed;

	/* A large value is walked over again after each window, so they grow. */
	want = Max(cursor->indexed - cursor->start, INDEX_WINDOW);
	last = cursor->last && there <= want;
	want = Min(want, there);
	if (there == 0 || (!last && want < ETL_JSON_BLOCK))
		return false;

	drop_index(cursor);
	need = cursor->ntokens + want + 2 * ETL_JSON_BLOCK;
	if (cursor->tokens_capacity < need)
	{
		cursor->tokens_capacity = need + INDEX_WINDOW;
		cursor->tokens =
			repalloc_huge(cursor->tokens,
						  cursor->tokens_capacity * sizeof(uint32_t));
	}
	need = cursor->nblocks + want / ETL_JSON_BLOCK + 1;
	if (cursor->blocks_capacity < need)
	{
		cursor->blocks_capacity = need + INDEX_WINDOW / ETL_JSON_BLOCK;
		cursor->blocks =
			repalloc_huge(cursor->blocks,
						  cursor->blocks_capacity * sizeof(EtlJsonBlock));
	}
	done = etl_json_index(&cursor->indexer, cursor->buf + cursor->indexed,
						  want, last, (uint32_t) cursor->indexed,
						  cursor->tokens + cursor->ntokens, &cursor->ntokens,
						  cursor->blocks + cursor->nblocks);
	cursor->nblocks += (done + ETL_JSON_BLOCK - 1) / ETL_JSON_BLOCK;
	cursor->indexed += done;
	memset(cursor->tokens + cursor->ntokens, 0,
		   ETL_JSON_TOKEN_SLACK * sizeof(uint32_t));
	return true;
}

bool
etl_json_cursor_more_tokens(EtlJsonCursor *cursor)
{
	for (;;)
	{
		size_t before = cursor->ntokens - cursor->token;

		if (!etl_json_cursor_index(cursor))
		{
			if (!etl_json_cursor_fill(cursor) && !cursor->last)
				return false;
			if (!etl_json_cursor_index(cursor) && cursor->last)
				return false;
		}
		if (cursor->ntokens - cursor->token > before)
			return true;
		CHECK_FOR_INTERRUPTS();
	}
}

static int64
count_line_feeds(const char *s, size_t n)
{
	const char *end = s + n;
	int64 count = 0;

	while ((s = memchr(s, '\n', (size_t) (end - s))) != NULL)
	{
		s++;
		count++;
	}
	return count;
}

void
etl_json_cursor_pass(EtlJsonCursor *cursor, size_t n)
{
	const char *s = cursor->buf + cursor->start;

	cursor->line += count_line_feeds(s, n);
	cursor->offset += etl_encoding_source_length(&cursor->encoding, s, n);
	cursor->passed += (int64) n;
	cursor->start += n;
	cursor->restart = true;
	cursor->token = cursor->ntokens = 0;
}

void
etl_json_cursor_move(EtlJsonCursor *cursor, size_t position)
{
	size_t n = position - cursor->start;

	Assert(position >= cursor->start && position <= cursor->indexed);
	/* the end of what is indexed need not lie in a block */
	if (position < cursor->indexed)
		cursor->line = etl_json_cursor_line(cursor, position);
	else
		cursor->line += count_line_feeds(cursor->buf + cursor->start, n);
	cursor->offset +=
		etl_encoding_source_length(&cursor->encoding,
								   cursor->buf + cursor->start, n);
	cursor->passed += (int64) n;
	cursor->start = position;
}
