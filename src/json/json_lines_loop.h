/*
 * json_lines_loop.h
 *	  The counting loop, compiled once for each instruction set.
 *
 * Before including, define
 *		COUNT_NAME		the function's name
 *		COUNT_TARGET	its target attribute, or nothing
 *		LINE_MASKS		void f(const unsigned char *, LineMasks *)
 *		PREFIX_XOR		uint64_t f(uint64_t): bit i is the parity of bits 0..i
 *
 * They are undefined again at the end.
 */

COUNT_TARGET static void
COUNT_NAME(EtlJsonCounter *counter, const unsigned char *buf, size_t len,
		   size_t until, EtlJsonCount *count)
{
	EtlJsonCounter state = *counter;
	size_t pos;

	memset(count, 0, sizeof(*count));
	for (pos = 0; pos + BLOCK < len && !count->found; pos += BLOCK)
	{
		LineMasks m;
		uint64_t quotes;
		uint64_t inside;
		uint64_t closes;
		uint64_t may_follow;
		uint64_t odd;
		uint64_t rest = ~(uint64_t) 0;
		uint64_t left;

		LINE_MASKS(buf + pos, &m);
		quotes = m.quotes;
		if (m.backslashes | state.escaped)
			quotes &= ~etl_json_find_escaped(m.backslashes, &state.escaped);
		inside = PREFIX_XOR(quotes) ^ state.in_string;
		state.in_string = (uint64_t) ((int64_t) inside >> 63);
		m.opens &= ~inside;
		closes = m.closes & ~inside;
		may_follow = m.closes | m.commas | m.line_feeds | m.returns;
		may_follow = may_follow >> 1 |
					 (uint64_t) may_follow_close(buf[pos + BLOCK]) << 63;
		odd = closes & ~may_follow;

		for (left = m.line_feeds; left != 0; left &= left - 1)
		{
			uint64_t line_feed = left & -left;
			uint64_t line = rest & (line_feed | (line_feed - 1));

			add_to_line(&state, line, m.opens, closes, odd, ~m.blanks);
			if (state.begun && !state.any_line &&
				(state.odd || state.open != 0 || (inside & line_feed) != 0))
			{
				count->odd = true;
				count->counted = pos;
				*counter = state;
				return;
			}
			count->line_end = pos + (size_t) __builtin_ctzll(line_feed) + 1;
			count->lines++;
			count->records += state.begun;
			state.open = 0;
			state.begun = false;
			rest &= ~line;
			if (count->line_end >= until)
			{
				count->found = true;
				break;
			}
		}
		add_to_line(&state, rest, m.opens, closes, odd, ~m.blanks);
	}
	count->counted = pos;
	*counter = state;
}

#undef COUNT_NAME
#undef COUNT_TARGET
#undef LINE_MASKS
#undef PREFIX_XOR
