/*
 * quote.h
 *	  SQL text made of names and values.
 *
 * The only place that quotes: whatever builds a statement builds it from these.
 */
#ifndef ETL_QUOTE_H
#define ETL_QUOTE_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

extern void etl_quote_identifier(StringInfo out, const char *name);
extern void etl_quote_literal(StringInfo out, const char *value);

/* schema.name; schema may be NULL. */
extern void etl_quote_qualified(StringInfo out, const char *schema,
								const char *name);

/*
 * A JSON value as the SQL constant that an argument of ours takes: text,
 * number, boolean, text[] for an array, jsonb for an object.
 */
extern void etl_quote_json(StringInfo out, const JsonbValue *value);

#endif
