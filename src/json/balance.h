/*
 * balance.h
 *	  Where a value ends that is no JSON.
 *
 * Where records stand in an array, or one behind the other without line ends
 * between, a bad one can be passed over only if it is sure where it ends.  It
 * is if its brackets go together, and its quotes too or all brackets stand
 * outside of them.  Else a quote may be missing or one too many, everything
 * behind it may be read inside out, and good records could vanish in a bad one.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_JSON_BALANCE_H
#define ETL_JSON_BALANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "json/pull_parser.h"

typedef enum EtlJsonBalanceStatus
{
	ETL_JSON_BALANCE_MORE,  /* it goes on */
	ETL_JSON_BALANCE_DONE,  /* it has ended */
	ETL_JSON_BALANCE_UNSURE /* nobody knows where it ends */
} EtlJsonBalanceStatus;

/* All zero at the start. */
typedef struct EtlJsonBalance
{
	bool line_feeds; /* there are some inside strings; one may be open */

	/* Private. */
	bool in_string;
	bool escaped;
	bool begun;
	bool in_word;
	bool word;    /* what stands before is a word that may be anything */
	bool string;  /* ... is a string */
	bool quotes;  /* some quote may be missing, or one too many */
	bool quoted;  /* there are brackets inside strings */
	size_t depth; /* open brackets, perhaps more than are known */
	uint64_t objects[ETL_JSON_MAX_DEPTH / 64];
} EtlJsonBalance;

/*
 * Goes on over the bytes from *s, which is moved, to end.  A value outside
 * brackets ends before the next blank, comma or closing bracket.
 */
extern EtlJsonBalanceStatus etl_json_balance(EtlJsonBalance *balance,
											 const char **s, const char *end);

/* True if the value is whole where no more bytes follow. */
static inline bool
etl_json_balance_at_end(const EtlJsonBalance *balance)
{
	return balance->depth == 0 && !balance->in_string;
}

#endif
