/*
 * look.h
 *	  What the functions that look at a source before reading it share.
 */
#ifndef ETL_LOOK_H
#define ETL_LOOK_H

#include "postgres.h"

#include "scan/inspect.h"

/* How many records are looked at unless the user says otherwise. */
#define ETL_LOOK_SAMPLE_ROWS 20480

/* The format of this name; 22023 if none has it. */
extern const EtlFormat *etl_format_find(const char *name);

/*
 * The format that a source has by its name, else by its first bytes: CSV where
 * nothing tells.  Options are those of an object, which may be NULL.
 */
extern const EtlFormat *etl_format_detect(const char *source, Jsonb *options);

/* Inspects a source with options given as an object, which may be NULL. */
extern EtlInspection *etl_look(const char *source, const char *format,
							   Jsonb *options, int64 sample_rows);

/* The schema that must stand before our functions' names, or NULL. */
extern char *etl_look_schema(Oid function);

/* A table name after the source's first item. */
extern char *etl_look_table_name(const EtlInspection *inspection);

#endif
