/*
 * convert.h
 *	  Text to Datum, the fast way.
 *
 * For each common type there is a converter that takes the type's plain written
 * form and yields exactly what the type's input function would.  It declines
 * whatever is unusual or bad: then the input function is asked, so it alone
 * decides what an error is and what its message says.
 */
#ifndef ETL_CONVERT_H
#define ETL_CONVERT_H

#include "postgres.h"

#include "record/record.h"
#include "row/arena.h"

/* What a converter needs to know of the column. */
typedef struct EtlConversion
{
	int32 typmod;

	/* Derived from typmod; -1 without one. */
	int scale;      /* numeric: digits after the point */
	int whole;      /* numeric: digits before it */
	int max_length; /* varchar, char: in characters */
} EtlConversion;

/*
 * Converts n bytes.  False if the converter declines; never an error.  Values
 * passed by reference are made in the arena.
 */
typedef bool (*EtlConvert)(const EtlConversion *conversion, EtlArena *arena,
						   const char *s, size_t n, Datum *value);

/*
 * Converts the n fields that stand stride fields apart and have slack before
 * them; what is null or declined is marked so, and has no value.
 */
typedef void (*EtlConvertMany)(const EtlConversion *conversion,
							   EtlArena *arena, const EtlField *field,
							   size_t stride, int n, Datum *values,
							   bool *isnull, bool *declined);

/* What converts many as convert does one, or NULL. */
extern EtlConvertMany etl_convert_find_many(EtlConvert convert);

/* The type's converter, or NULL; prepares *conversion. */
extern EtlConvert etl_convert_find(Oid type, int32 typmod,
								   EtlConversion *conversion);

/*
 * A date or time of day in parts, as a value of the type (date, time, timestamp
 * or timestamptz, where the reading is in the session's time zone).  Declines
 * what the type modifier would round.
 */
extern bool etl_convert_parts(Oid type, const EtlConversion *conversion,
							  int32 days, int64 usecs, Datum *value);

#endif
