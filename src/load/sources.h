/*
 * sources.h
 *	  The files or the URL that a load reads, and what was loaded of them before.
 *
 * Each load that commits leaves in etl.loaded_source what told the versions of
 * its sources.  A load that skips what was loaded asks there.  Where rows are
 * added, each source is judged by itself, and claimed by a row that a second
 * load has to wait for.  Where rows are replaced, the sources make up the result
 * together: all are passed over, if the load before read exactly these, or none.
 */
#ifndef ETL_LOAD_SOURCES_H
#define ETL_LOAD_SOURCES_H

#include "postgres.h"

#include "lib/stringinfo.h"

struct EtlLoad;

typedef struct EtlSources EtlSources;

/* In the current memory context. */
extern EtlSources *etl_sources_new(const struct EtlLoad *load);

/*
 * Whether the source of this name is to be read now.  version tells its content
 * from others; NULL if nothing does.  May wait for another load.
 */
extern bool etl_sources_take(EtlSources *sources, const char *name,
							 const char *version);

/*
 * All have been seen.  True if some were passed over that must be read after
 * all, so that all are to be seen again; none will be passed over then.
 */
extern bool etl_sources_see_again(EtlSources *sources);

/* Whether there was nothing to read. */
extern bool etl_sources_all_skipped(const EtlSources *sources);

/* Records what the load has read. */
extern void etl_sources_record(const struct EtlLoad *load);

/* Appends members of etl.load.details, each after a comma. */
extern void etl_sources_append_details(const EtlSources *sources,
									   StringInfo out);

#endif
