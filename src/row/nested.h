/*
 * nested.h
 *	  JSON arrays and objects as values of arrays and composite types.
 */
#ifndef ETL_NESTED_H
#define ETL_NESTED_H

#include "postgres.h"

/* One column's way from JSON to its type. */
typedef struct EtlNested EtlNested;

/* True if JSON arrays or objects can be read into the type, or its base type. */
extern bool etl_nested_is_for(Oid base_type);

/*
 * For a column of this name, in the given memory context, which it keeps
 * allocating from.
 */
extern EtlNested *etl_nested_new(MemoryContext context, const char *name,
								 Oid type, int32 typmod);

/*
 * The value of n bytes of JSON that is not null, palloc'd.  Raises the server's
 * error if the type refuses it.
 */
extern Datum etl_nested_read(EtlNested *nested, const char *s, size_t n);

#endif
