/*
 * simd_index_loop.h
 *	  The indexer's loop, compiled once for each instruction set.
 *
 * Before including, define
 *		INDEX_NAME		the function's name
 *		INDEX_TARGET	its target attribute, or nothing
 *		BLOCK_MASKS		void f(const unsigned char *, const EtlCsvIndexer *,
 *						BlockMasks *)
 *		PREFIX_XOR		uint64_t f(uint64_t): bit i is the parity of bits 0..i
 *		LOWEST_BIT		uint32_t f(uint64_t): number of the lowest set bit
 * They are undefined again at the end.
 */

INDEX_TARGET static void
INDEX_NAME(EtlCsvIndexer *indexer, const unsigned char *buf, size_t len,
		   bool last, uint32_t base, uint32_t *out, EtlCsvIndexResult *result)
{
	EtlCsvIndexer state = *indexer;
	uint32_t *start = out;
	uint64_t special = 0;
	uint64_t quoted_newlines = 0;
	size_t pos = 0;

	result->anomaly = false;
	while (pos < len)
	{
		unsigned char tail[ETL_CSV_INDEX_BLOCK];
		const unsigned char *block = buf + pos;
		size_t there = len - pos;
		BlockMasks m;
		uint64_t inside;
		uint64_t opening;
		uint64_t closing;
		uint64_t line_feed_next;
		uint64_t separators;
		uint64_t ends;
		int count;

		if (there > ETL_CSV_INDEX_BLOCK)
			there = ETL_CSV_INDEX_BLOCK;
		else if (!last)
			break;
		else if (there < ETL_CSV_INDEX_BLOCK)
			block = fill_tail(&state, block, there, tail);

		BLOCK_MASKS(block, &state, &m);
		peek_next(&state, buf, pos + there, len, there, &m);

		inside = PREFIX_XOR(m.quote) ^ state.in_quotes;
		opening = m.quote & inside;
		closing = m.quote & ~inside;

		/* The line end of CRLF is its LF. */
		line_feed_next = (m.line_feed >> 1) | m.next_line_feed;
		separators = (m.delimiter | m.line_feed |
					  (m.carriage_return & ~line_feed_next)) &
					 ~inside;

		/* A quote opens a field at its start, or is the second of a pair. */
		ends = ((separators | closing) << 1) | state.boundary;
		if ((opening & ~ends) != 0)
		{
			result->anomaly = true;
			break;
		}
		/* A quote closes a field at its end, or is the first of a pair. */
		ends =
			((m.delimiter | m.line_feed | m.carriage_return | opening) >> 1) |
			m.next_ends;
		if ((closing & ~ends) != 0)
		{
			result->anomaly = true;
			break;
		}

		special |= m.special;
		quoted_newlines |= (m.line_feed | m.carriage_return) & inside;
		state.in_quotes = (uint64_t) ((int64_t) inside >> 63);
		state.boundary = (separators | closing) >> 63;
		count = __builtin_popcountll(separators);

		/*
		 * Eight positions at a time, whether they are there or not: the branch
		 * is then nearly always foreseen, and nobody reads those behind the
		 * last.
		 */
		for (int written = 0; written < count; written += 8)
		{
			for (int i = written; i < written + 8; i++)
			{
				out[i] = base + (uint32_t) pos + LOWEST_BIT(separators);
				separators &= separators - 1;
			}
		}
		out += count;
		pos += there;
	}
	*indexer = state;
	result->indexed = pos;
	result->count = (size_t) (out - start);
	result->special = special != 0;
	result->quoted_newlines = quoted_newlines != 0;
}

#undef INDEX_NAME
#undef INDEX_TARGET
#undef BLOCK_MASKS
#undef PREFIX_XOR
#undef LOWEST_BIT
