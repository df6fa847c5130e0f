/*
 * json_escaped.h
 *	  Which bytes of a block stand behind a backslash that begins an escape.
 *
 * Plain C.
 */
#ifndef ETL_JSON_ESCAPED_H
#define ETL_JSON_ESCAPED_H

#include <stdint.h>

/* *carry's bit 0 tells whether the block's first byte does, then the next's. */
static inline uint64_t
etl_json_find_escaped(uint64_t backslashes, uint64_t *carry)
{
	uint64_t escaped = *carry;
	uint64_t left = backslashes & ~escaped;

	*carry = 0;
	while (left != 0)
	{
		uint64_t first = left & -left;

		if (first >> 63)
			*carry = 1;
		escaped |= first << 1;
		left &= ~(first | first << 1);
	}
	return escaped;
}

#endif
