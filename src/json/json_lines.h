/*
 * json_lines.h
 *	  Counts lines that are a value each, 64 bytes a step.
 *
 * What a line holds is not looked at: it is enough that its brackets balance
 * outside strings, that nothing but a comma or another closing bracket follows a
 * closing one, and that the first of all opens the line.  Then the line is one
 * record, good or bad: a first value that is JSON ends with the line, and if it is
 * none, it is found out before.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_JSON_LINES_H
#define ETL_JSON_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct EtlJsonCounter
{
	bool any_line; /* each line that isn't blank is a record, whatever it is */

	/* Carried from block to block, within a line. */
	uint64_t in_string; /* all ones or zero */
	uint64_t escaped;   /* bit 0: the first byte is escaped */
	int64_t open;       /* brackets */
	bool begun;         /* the line isn't blank */
	bool odd;           /* it isn't as above */
} EtlJsonCounter;

typedef struct EtlJsonCount
{
	size_t counted;  /* bytes: whole blocks */
	size_t line_end; /* behind the last line counted; 0: none */
	uint64_t lines;
	uint64_t records;
	bool found; /* the last line counted is the one that was wanted */
	bool odd;   /* stopped before a line that has to be looked at */
} EtlJsonCount;

/* Starts at the first byte of a line. */
extern void etl_json_count_start(EtlJsonCounter *counter, bool any_line);

/*
 * Counts lines and records in len bytes from buf, which go on where the last call
 * stopped, up to the first line that ends at or behind "until".  Only whole blocks
 * are counted of which the following byte is there.  After odd the counter must be
 * started again.
 */
extern void etl_json_count(EtlJsonCounter *counter, const char *buf,
						   size_t len, size_t until, EtlJsonCount *count);

/* The implementations, best first, for tests: names, then selection by name. */
extern const char *const *etl_json_count_implementations(void);
extern bool etl_json_count_use(const char *name);

#endif
