/*
 * cursor_value.h
 *	  Values of cursors: read and written the same in every session, moved back
 *	  by a lag, and written as servers want them.
 */
#ifndef ETL_LOAD_CURSOR_VALUE_H
#define ETL_LOAD_CURSOR_VALUE_H

#include "postgres.h"

typedef enum EtlCursorFormat
{
	ETL_CURSOR_ISO,
	ETL_CURSOR_EPOCH,
	ETL_CURSOR_EPOCH_MS
} EtlCursorFormat;

/* The names users give, in enum order, NULL-terminated. */
extern const char *const etl_cursor_format_names[];

/* A column's type; a domain's is what it is over. */
typedef struct EtlCursorType
{
	Oid type;
	int32 typmod;
	int16 length;
	bool by_value;
} EtlCursorType;

extern void etl_cursor_type_init(EtlCursorType *self, Oid type, int32 typmod);

/* Raises 22023 for a lag (or NULL) or a format that the type can't have. */
extern void etl_cursor_type_check(const EtlCursorType *self, const char *lag,
								  bool with_format);

/* As etl.cursor has it; results are palloc'd. */
extern char *etl_cursor_value_text(const EtlCursorType *self, Datum value);
extern Datum etl_cursor_value_parse(const EtlCursorType *self,
									const char *text);

/* As the parameter of a request; what has to be rounded is rounded down. */
extern char *etl_cursor_value_format(const EtlCursorType *self, Datum value,
									 EtlCursorFormat format);

/* The value minus a lag: an interval, or a number. */
extern Datum etl_cursor_value_before(const EtlCursorType *self, Datum value,
									 const char *lag);

/* False for infinity and the like, which nothing comes after. */
extern bool etl_cursor_value_is_finite(const EtlCursorType *self, Datum value);

#endif
