/*
 * simd_count_loop.h
 *	  The counting loop, compiled once for each instruction set.
 *
 * Finds what the indexer's loop finds, by the same masks and under the same
 * checks, but counts it only.  Before including, define
 *		COUNT_NAME		the function's name
 *		INDEX_TARGET, BLOCK_MASKS, PREFIX_XOR, LOWEST_BIT	as for the indexer
 */

INDEX_TARGET static void
COUNT_NAME(EtlCsvIndexer *indexer, const unsigned char *buf, size_t len,
		   size_t until, EtlCsvCount *count)
{
	EtlCsvIndexer state = *indexer;
	uint64_t records = 0;
	uint64_t lines = 0;
	uint64_t open_lines = 0;
	size_t record_end = 0;
	size_t nblanks = 0;
	size_t pos = 0;

	count->anomaly = false;
	count->found = false;
	while (pos + ETL_CSV_INDEX_BLOCK < len &&
		   nblanks + ETL_CSV_INDEX_BLOCK <= ETL_CSV_COUNT_BLANKS)
	{
		BlockMasks m;
		uint64_t line_ends;
		uint64_t record_ends;
		uint64_t begins;

		BLOCK_MASKS(buf + pos, &state, &m);
		peek_next(&state, buf, pos + ETL_CSV_INDEX_BLOCK, len,
				  ETL_CSV_INDEX_BLOCK, &m);

		line_ends = m.line_feed | (m.carriage_return &
								   ~((m.line_feed >> 1) | m.next_line_feed));
		record_ends = line_ends;
		if (m.quote | state.in_quotes)
		{
			uint64_t inside = PREFIX_XOR(m.quote) ^ state.in_quotes;

			if (quotes_are_odd(&m, inside, line_ends, state.boundary))
			{
				count->anomaly = true;
				break;
			}
			record_ends &= ~inside;
			state.in_quotes = (uint64_t) ((int64_t) inside >> 63);
		}
		state.boundary =
			ends_field(&state, buf[pos + ETL_CSV_INDEX_BLOCK - 1]);

		begins = (record_ends << 1) | state.line;
		if (record_ends != 0)
		{
			uint32_t last = 63 - (uint32_t) __builtin_clzll(record_ends);
			uint64_t counted;

			if (pos + last + 1 >= until)
			{
				uint64_t wanted = record_ends;

				if (until > pos + 1)
					wanted &= ~(uint64_t) 0 << (until - pos - 1);
				last = LOWEST_BIT(wanted);
				count->found = true;
			}
			counted = ~(uint64_t) 0 >> (63 - last);
			record_end = pos + last + 1;
			records += (uint64_t) __builtin_popcountll(record_ends & counted);
			lines += open_lines +
					 (uint64_t) __builtin_popcountll(line_ends & counted);
			open_lines = (uint64_t) __builtin_popcountll(line_ends & ~counted);
			if (count->found)
				begins &= counted;
		}
		else
			open_lines += (uint64_t) __builtin_popcountll(line_ends);

		for (; begins != 0; begins &= begins - 1)
		{
			uint32_t begin = (uint32_t) pos + LOWEST_BIT(begins);

			if (begins_blank_line(buf[begin]))
				count->blanks[nblanks++] = begin;
		}

		state.line = record_ends >> 63;
		pos += ETL_CSV_INDEX_BLOCK;
		if (count->found)
			break;
	}
	*indexer = state;
	count->counted = pos;
	count->record_end = record_end;
	count->records = records;
	count->lines = lines;
	count->open_lines = open_lines;
	count->nblanks = nblanks;
}

#undef COUNT_NAME
