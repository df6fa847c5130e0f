/*
 * source_names.h
 *	  The names of what a source has: which of them the target has no place for,
 *	  and whether those that must be there are.
 *
 * CSV says so in each file's header.  With JSON only the records tell, so the
 * first ones are looked at.
 */
#ifndef ETL_LOAD_SOURCE_NAMES_H
#define ETL_LOAD_SOURCE_NAMES_H

#include "postgres.h"

#include "load/load.h"

typedef struct EtlSourceNames
{
	bool watching; /* records are to be shown */

	/* Private. */
	EtlLoad *load;
	Jsonb *columns; /* the option */
	List *required;
	bool any_open;         /* an item had open names; then: */
	List *used;            /* names that columns take, folded */
	bool takes_all;        /* one takes whole records */
	int64 nlooked;         /* records */
	int64 nmissing;        /* required names that have not been seen */
	MemoryContext context; /* for a record */
} EtlSourceNames;

/*
 * Begins to watch the scan of a call, in the current memory context; after
 * etl_load_expect().
 */
extern EtlSourceNames *etl_source_names_new(EtlLoad *load,
											const EtlCall *call);

/* An item has been bound; XE004 if it lacks what must be there. */
extern void etl_source_names_bound(EtlSourceNames *names,
								   const EtlReader *reader);

/* A record has been read; call it while names->watching. */
extern void etl_source_names_look(EtlSourceNames *names, EtlScan *scan);

/* The source has ended; XE004 as above. */
extern void etl_source_names_end(EtlSourceNames *names);

/* The same for a query with these columns. */
extern void etl_source_names_of_query(EtlLoad *load, TupleDesc desc);

/* Warns of columns that were ignored. */
extern void etl_source_names_warn(const EtlLoad *load);

#endif
