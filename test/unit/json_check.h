/*
 * json_check.h
 *	  Is this text JSON?  The same question put to everything that has an
 *	  answer, for unit tests and fuzzers.
 */
#ifndef TEST_JSON_CHECK_H
#define TEST_JSON_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/balance.h"
#include "json/json_index.h"
#include "json/json_walk.h"
#include "json/pull_parser.h"

/* ---- the pull parser, in pieces ---- */

static bool
pull_accepts(const char *s, size_t n, size_t piece)
{
	static EtlJsonPull pull;
	EtlJsonEvent event = ETL_JSON_MORE;
	size_t done = 0;

	etl_json_pull_start(&pull);
	pull.utf8 = true;
	while (event != ETL_JSON_DONE)
	{
		size_t there = n - done < piece ? n - done : piece;
		char *copy = malloc(there + 1);
		const char *p = copy;

		/* The bytes behind a piece are nobody's. */
		memcpy(copy, s + done, there);
		event = etl_json_pull(&pull, &p, copy + there, done + there == n);
		done += (size_t) (p - copy);
		free(copy);
		if (event == ETL_JSON_BAD)
			return false;
	}
	while (done < n && etl_json_is_blank(s[done]))
		done++;
	return done == n;
}

/* ---- the index, byte by byte ---- */

typedef struct CheckedText
{
	char *buf; /* NUL, the text, NULs; what tokens count from */
	size_t len;
	uint32_t *tokens;
	size_t ntokens;
	EtlJsonBlock *blocks;
	size_t nblocks;
} CheckedText;

#define CHECK_HEAD ETL_JSON_BLOCK

static void
text_start(CheckedText *text, const char *s, size_t n)
{
	text->buf = calloc(1, CHECK_HEAD + n + ETL_JSON_BLOCK);
	memcpy(text->buf + CHECK_HEAD, s, n);
	text->len = n;
	text->tokens = calloc(n + 2 * ETL_JSON_BLOCK + ETL_JSON_TOKEN_SLACK,
						  sizeof(uint32_t));
	text->blocks = calloc(n / ETL_JSON_BLOCK + 1, sizeof(EtlJsonBlock));
	text->ntokens = 0;
	text->nblocks = 0;
}

static void
text_end(CheckedText *text)
{
	free(text->buf);
	free(text->tokens);
	free(text->blocks);
}

static void
index_slowly(CheckedText *text)
{
	const char *s = text->buf + CHECK_HEAD;
	bool in_string = false;
	bool escaped = false;
	bool in_word = false;
	uint64_t lines = 0;

	for (size_t i = 0; i < text->len; i++)
	{
		EtlJsonBlock *block = &text->blocks[i / ETL_JSON_BLOCK];
		uint64_t bit = (uint64_t) 1 << i % ETL_JSON_BLOCK;
		bool was_escaped = escaped;
		bool token = false;
		bool word = false;

		if (i % ETL_JSON_BLOCK == 0)
			block->lines_before = lines;
		escaped = s[i] == '\\' && !was_escaped;
		if (escaped)
			block->escapes |= bit;
		if (s[i] == '\n')
		{
			block->line_feeds |= bit;
			lines++;
		}
		block->special |= (unsigned char) s[i] >= 0x80;
		if (s[i] == '"' && !was_escaped)
		{
			token = !in_string;
			in_string = !in_string;
		}
		else if (in_string)
			block->controls |= (unsigned char) s[i] < 0x20;
		else if (s[i] != '\0' && strchr("{}[]:,", s[i]) != NULL)
			token = true;
		else if (!etl_json_is_blank(s[i]))
		{
			token = !in_word;
			word = true;
		}
		in_word = word;
		if (token)
			text->tokens[text->ntokens++] = (uint32_t) (CHECK_HEAD + i);
	}
	text->nblocks = (text->len + ETL_JSON_BLOCK - 1) / ETL_JSON_BLOCK;
}

/* The index as it is used, in windows of so many blocks. */
static void
index_fast(CheckedText *text, size_t window)
{
	EtlJsonIndexer indexer = {0};
	size_t done = 0;

	while (done < text->len)
	{
		size_t want = text->len - done;
		bool last = want <= window * ETL_JSON_BLOCK;

		if (!last)
			want = window * ETL_JSON_BLOCK;
		want = etl_json_index(&indexer, text->buf + CHECK_HEAD + done, want,
							  last, (uint32_t) (CHECK_HEAD + done),
							  text->tokens + text->ntokens, &text->ntokens,
							  text->blocks + text->nblocks);
		text->nblocks += (want + ETL_JSON_BLOCK - 1) / ETL_JSON_BLOCK;
		done += want;
	}
	memset(text->tokens + text->ntokens, 0,
		   ETL_JSON_TOKEN_SLACK * sizeof(uint32_t));
}

static bool
same_index(const CheckedText *a, const CheckedText *b)
{
	if (a->ntokens != b->ntokens || a->nblocks != b->nblocks ||
		memcmp(a->tokens, b->tokens, a->ntokens * sizeof(uint32_t)) != 0)
		return false;
	for (size_t i = 0; i < a->nblocks; i++)
	{
		const EtlJsonBlock *x = &a->blocks[i];
		const EtlJsonBlock *y = &b->blocks[i];

		if (x->line_feeds != y->line_feeds || x->escapes != y->escapes ||
			x->lines_before != y->lines_before || x->controls != y->controls ||
			x->special != y->special)
			return false;
	}
	return true;
}

/* ---- the walk ---- */

typedef struct KnownKeys
{
	EtlJsonKey **keys;
	int n;
	EtlJsonTarget target;
} KnownKeys;

/* Every second key is wanted, and something inside of every third. */
static EtlJsonKey *
make_key(void *arg, EtlJsonNode *node, const char *name, size_t n)
{
	KnownKeys *known = arg;
	EtlJsonKey *key = calloc(1, sizeof(EtlJsonKey));
	char *copy = calloc(1, n + 8);

	memcpy(copy, name, n);
	key->name = copy;
	key->len = (uint32_t) n;
	key->head = etl_json_key_head(copy, n);
	if (known->n % 2 == 0)
	{
		key->place.targets = &known->target;
		key->place.ntargets = 1;
	}
	if (known->n % 3 == 0)
		key->place.node = node;
	known->keys = realloc(known->keys, (known->n + 1) * sizeof(EtlJsonKey *));
	known->keys[known->n++] = key;
	return key;
}

static void
free_keys(KnownKeys *known)
{
	for (int i = 0; i < known->n; i++)
	{
		free((char *) known->keys[i]->name);
		free(known->keys[i]);
	}
	free(known->keys);
}

/*
 * What the reader does with an array or object: walks, and asks the blocks what
 * tokens don't tell.  Encoding isn't checked.
 */
static EtlJsonWalkStatus
walk_text(const CheckedText *text, bool want_members)
{
	KnownKeys known = {NULL, 0, {0, true}};
	EtlJsonNode node = {.nelements = 0};
	EtlJsonPlace place = {NULL, 0, want_members ? &node : NULL};
	EtlJsonSlot slot = {.type = ETL_JSON_TYPE_NONE};
	EtlJsonWalk walk = {.buf = text->buf,
						.tokens_end = text->tokens + text->ntokens,
						.new_key = make_key,
						.arg = &known,
						.slots = &slot};
	const uint32_t *token = text->tokens;
	EtlJsonWalkStatus status = etl_json_walk(&walk, &token, &place);
	size_t begin = text->tokens[0] - CHECK_HEAD;
	size_t end;
	size_t at;

	free_keys(&known);
	if (status != ETL_JSON_WALK_DONE)
		return status;
	end = token[-1] + 1 - CHECK_HEAD;
	if (token != walk.tokens_end)
		return ETL_JSON_WALK_BAD;
	if (etl_json_bad_escape(text->buf + CHECK_HEAD, text->blocks, begin, end))
		return ETL_JSON_WALK_BAD;
	for (size_t i = begin / ETL_JSON_BLOCK; i <= (end - 1) / ETL_JSON_BLOCK;
		 i++)
	{
		if (text->blocks[i].controls &&
			etl_json_check(text->buf + text->tokens[0], end - begin, false,
						   &at) != NULL)
			return ETL_JSON_WALK_BAD;
	}
	return ETL_JSON_WALK_DONE;
}

/* ---- all of them ---- */

/*
 * Checks that all agree on the n bytes at s; NULL, or where they don't.
 * *accepted is what they say.
 */
static const char *
check_json(const char *s, size_t n, size_t piece, bool *accepted)
{
	const char *const *names = etl_json_index_implementations();
	const char *problem = NULL;
	CheckedText slow;
	CheckedText fast;
	bool without_utf8;
	size_t at;

	*accepted = etl_json_check(s, n, true, &at) == NULL;
	if (at > n)
		return "the fault is outside the text";
	if (pull_accepts(s, n, piece) != *accepted)
		return "the pull parser depends on how the text is cut";
	without_utf8 = etl_json_check(s, n, false, &at) == NULL;

	text_start(&slow, s, n);
	index_slowly(&slow);
	for (int i = 0; names[i] != NULL && problem == NULL; i++)
	{
		etl_json_index_use(names[i]);
		text_start(&fast, s, n);
		index_fast(&fast, piece % 7 + 1);
		if (!same_index(&slow, &fast))
			problem = "an index is wrong";
		if (problem == NULL && fast.ntokens > 0 &&
			(s[fast.tokens[0] - CHECK_HEAD] == '{' ||
			 s[fast.tokens[0] - CHECK_HEAD] == '['))
		{
			for (int wanted = 0; wanted < 2; wanted++)
			{
				if ((walk_text(&fast, wanted == 1) == ETL_JSON_WALK_DONE) !=
					without_utf8)
					problem = "the walk and the pull parser disagree";
			}
		}
		text_end(&fast);
	}
	text_end(&slow);
	return problem;
}

/*
 * Checks that a bad value, wherever it ends, doesn't end outside the text; and
 * that a good one ends where it does.
 */
static const char *
check_balance(const char *s, size_t n, bool accepted)
{
	static EtlJsonBalance balance;
	const char *p = s;
	EtlJsonBalanceStatus status;

	memset(&balance, 0, sizeof(balance));
	status = etl_json_balance(&balance, &p, s + n);
	if (p > s + n)
		return "a value ends outside the text";
	if (!accepted)
		return NULL;
	if (status == ETL_JSON_BALANCE_UNSURE ||
		(status == ETL_JSON_BALANCE_MORE &&
		 !etl_json_balance_at_end(&balance)))
		return "nobody knows where a good value ends";
	while (p < s + n && etl_json_is_blank(*p))
		p++;
	return p == s + n ? NULL : "a good value ends too early";
}

#endif
