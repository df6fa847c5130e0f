/*
 * cursor.h
 *	  Incremental loads: how far a URL or an API was read, and asking for what
 *	  has come since.
 *
 * A cursor is the largest value of a column among the rows that were read.  It is
 * a row of etl.cursor, which the load locks, so that loads of one cursor come one
 * by one; and which it writes in its own transaction, so that cursor and data
 * stand or fall together.
 */
#ifndef ETL_LOAD_CURSOR_H
#define ETL_LOAD_CURSOR_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "load/request.h"
#include "scan/scan.h"

struct EtlLoad;

typedef struct EtlCursor EtlCursor;

/*
 * Checks the option "incremental", without looking at the target (22023).  The
 * result is for etl_cursor_open().
 */
extern EtlCursor *etl_cursor_parse(Jsonb *option, const EtlCall *call,
								   const EtlLoadRequest *request);

/*
 * Finds and locks the cursor, and sets the parameter of the call that asks for
 * what is new.  Raises 42703 for a column that is none, 22023 for a lag or a
 * format that doesn't fit the column's type.
 */
extern void etl_cursor_open(EtlCursor *cursor, struct EtlLoad *load,
							EtlCall *call);

/* Learns of a row that was read; the values are those of its source. */
extern void etl_cursor_see(EtlCursor *cursor, const Datum *values,
						   const bool *isnull);

/* All rows were read: writes the cursor, if it has moved. */
extern void etl_cursor_close(EtlCursor *cursor);

/* Appends a member of etl.load.details, after a comma. */
extern void etl_cursor_append_details(const EtlCursor *cursor, StringInfo out);

#endif
