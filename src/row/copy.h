/*
 * copy.h
 *	  Copies short pieces of memory.
 */
#ifndef ETL_COPY_H
#define ETL_COPY_H

#include "postgres.h"

/*
 * Copies n bytes; for the few bytes of most values two moves of fixed size that
 * may overlap are faster than a call.
 */
static inline void
etl_copy_bytes(char *to, const char *from, size_t n)
{
	char head[16];
	char tail[16];

	if (n > 32)
		memcpy(to, from, n);
	else if (n >= 16)
	{
		memcpy(head, from, 16);
		memcpy(tail, from + n - 16, 16);
		memcpy(to, head, 16);
		memcpy(to + n - 16, tail, 16);
	}
	else if (n >= 8)
	{
		memcpy(head, from, 8);
		memcpy(tail, from + n - 8, 8);
		memcpy(to, head, 8);
		memcpy(to + n - 8, tail, 8);
	}
	else if (n >= 4)
	{
		memcpy(head, from, 4);
		memcpy(tail, from + n - 4, 4);
		memcpy(to, head, 4);
		memcpy(to + n - 4, tail, 4);
	}
	else if (n > 0)
	{
		to[0] = from[0];
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
}

#endif
