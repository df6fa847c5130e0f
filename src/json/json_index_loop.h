/*
 * json_index_loop.h
 *	  The indexer's loop, compiled once for each instruction set.
 *
 * Before including, define
 *		INDEX_NAME		the function's name
 *		INDEX_TARGET	its target attribute, or nothing
 *		BLOCK_MASKS		void f(const unsigned char *, BlockMasks *)
 *		PREFIX_XOR		uint64_t f(uint64_t): bit i is the parity of bits 0..i
 *		LOWEST_BIT		uint32_t f(uint64_t): number of the lowest set bit
 *
 * They are undefined again at the end.
 */

INDEX_TARGET static size_t
INDEX_NAME(EtlJsonIndexer *indexer, const unsigned char *buf, size_t len,
		   bool last, uint32_t base, uint32_t *tokens, size_t *ntokens,
		   EtlJsonBlock *blocks)
{
	EtlJsonIndexer state = *indexer;
	uint32_t *out = tokens;
	size_t pos;

	for (pos = 0; pos < len; pos += ETL_JSON_BLOCK)
	{
		unsigned char tail[ETL_JSON_BLOCK];
		const unsigned char *block = buf + pos;
		BlockMasks m;
		uint64_t quotes;
		uint64_t inside;
		uint64_t outside;
		uint64_t words;
		uint64_t found;
		int count;

		if (len - pos < ETL_JSON_BLOCK)
		{
			if (!last)
				break;
			memset(tail, ' ', sizeof(tail));
			memcpy(tail, block, len - pos);
			block = tail;
		}
		BLOCK_MASKS(block, &m);

		blocks->line_feeds = m.line_feeds;
		blocks->lines_before = state.lines;
		blocks->special = m.special;
		state.lines += (uint64_t) __builtin_popcountll(m.line_feeds);

		blocks->escapes = 0;
		if (m.backslashes | state.escaped)
		{
			uint64_t escaped =
				etl_json_find_escaped(m.backslashes, &state.escaped);

			quotes = m.quotes & ~escaped;
			blocks->escapes = m.backslashes & ~escaped;
		}
		else
			quotes = m.quotes;

		/* From each opening quote to the byte before the closing one. */
		inside = PREFIX_XOR(quotes) ^ state.in_string;
		state.in_string = (uint64_t) ((int64_t) inside >> 63);
		outside = ~(inside | quotes);
		words = outside & ~(m.operators | m.blanks);
		found = (outside & m.operators) | (quotes & inside) |
				(words & ~(words << 1 | state.in_word));
		state.in_word = words >> 63;
		blocks->controls = (m.controls & inside) != 0;
		blocks++;

		/*
     * Eight at a time, whether they are there or not: the branch is then
     * nearly always foreseen, and nobody reads those behind the last.
     */
		count = __builtin_popcountll(found);
		for (int written = 0; written < count; written += 8)
		{
			for (int i = written; i < written + 8; i++)
			{
				out[i] = base + (uint32_t) pos + LOWEST_BIT(found);
				found &= found - 1;
			}
		}
		out += count;
	}
	*indexer = state;
	*ntokens += (size_t) (out - tokens);
	return pos < len ? pos : len;
}

#undef INDEX_NAME
#undef INDEX_TARGET
#undef BLOCK_MASKS
#undef PREFIX_XOR
#undef LOWEST_BIT
