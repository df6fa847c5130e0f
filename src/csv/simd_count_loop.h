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
		uint64_t inside;
		uint64_t opening;
		uint64_t closing;
		uint64_t line_ends;
		uint64_t record_ends;
		uint64_t separators;
		uint64_t begins;
		uint64_t ends;

		BLOCK_MASKS(buf + pos, &state, &m);
		peek_next(&state, buf, pos + ETL_CSV_INDEX_BLOCK, len,
				  ETL_CSV_INDEX_BLOCK, &m);

		inside = PREFIX_XOR(m.quote) ^ state.in_quotes;
		opening = m.quote & inside;
		closing = m.quote & ~inside;
		line_ends = m.line_feed | (m.carriage_return &
								   ~((m.line_feed >> 1) | m.next_line_feed));
		record_ends = line_ends & ~inside;
		separators = (m.delimiter & ~inside) | record_ends;

		/* Quotes are judged as by the indexer. */
		ends = ((separators | closing) << 1) | state.boundary;
		count->anomaly = (opening & ~ends) != 0;
		ends =
			((m.delimiter | m.line_feed | m.carriage_return | opening) >> 1) |
			m.next_ends;
		count->anomaly |= (closing & ~ends) != 0;
		if (count->anomaly)
			break;

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

		begins &= m.line_feed | m.carriage_return | m.blank;
		for (; begins != 0; begins &= begins - 1)
			count->blanks[nblanks++] = (uint32_t) pos + LOWEST_BIT(begins);

		state.in_quotes = (uint64_t) ((int64_t) inside >> 63);
		state.boundary = (separators | closing) >> 63;
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
