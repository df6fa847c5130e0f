/*
 * table.h
 *	  The table etl.dead_letter as C sees it.
 */
#ifndef ETL_DEADLETTER_TABLE_H
#define ETL_DEADLETTER_TABLE_H

#include "postgres.h"

#include "access/tupdesc.h"

/* The columns, in the order of the install script. */
typedef enum EtlDeadLetterColumn
{
	ETL_DEAD_LETTER_ID,
	ETL_DEAD_LETTER_LOAD_ID,
	ETL_DEAD_LETTER_TARGET,
	ETL_DEAD_LETTER_SOURCE,
	ETL_DEAD_LETTER_LINE,
	ETL_DEAD_LETTER_RECORD_NO,
	ETL_DEAD_LETTER_BYTE_OFFSET,
	ETL_DEAD_LETTER_RAW,
	ETL_DEAD_LETTER_RECORD,
	ETL_DEAD_LETTER_STAGE,
	ETL_DEAD_LETTER_SQLSTATE,
	ETL_DEAD_LETTER_MESSAGE,
	ETL_DEAD_LETTER_DETAIL,
	ETL_DEAD_LETTER_COLUMN_NAME,
	ETL_DEAD_LETTER_CONSTRAINT_NAME,
	ETL_DEAD_LETTER_ATTEMPTS,
	ETL_DEAD_LETTER_STATUS,
	ETL_DEAD_LETTER_CREATED_AT,
	ETL_DEAD_LETTER_RESOLVED_AT,
	ETL_DEAD_LETTER_REPLAY_LOAD_ID,
	ETL_DEAD_LETTER_OWNER,
	ETL_DEAD_LETTER_OWNER_OID,
	ETL_DEAD_LETTER_FORMAT,
	ETL_DEAD_LETTER_OPTIONS
} EtlDeadLetterColumn;

#define ETL_DEAD_LETTER_COLUMNS (ETL_DEAD_LETTER_OPTIONS + 1)

/* The table's row type, a copy in the current memory context. */
extern TupleDesc etl_deadletter_table_desc(void);

/* The text, or, where it has bytes that are no text, a copy that escapes them. */
extern const char *etl_deadletter_printable(const char *text);

typedef struct EtlDeadLetterWriter EtlDeadLetterWriter;

/*
 * Opens the table for inserting, whoever the current user is; 42P01 if it isn't
 * there.  Must be closed in the same (sub)transaction.
 */
extern EtlDeadLetterWriter *etl_deadletter_writer_open(void);

/*
 * Inserts a row of ETL_DEAD_LETTER_COLUMNS values; the id is assigned here, and
 * values[ETL_DEAD_LETTER_ID] ignored.
 */
extern void etl_deadletter_writer_insert(EtlDeadLetterWriter *writer,
										 const Datum *values,
										 const bool *isnull);

extern void etl_deadletter_writer_close(EtlDeadLetterWriter *writer);

#endif
