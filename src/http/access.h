/*
 * access.h
 *	  Which URLs the setting pg_etl.allowed_urls allows.
 */
#ifndef ETL_ACCESS_H
#define ETL_ACCESS_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "http/url.h"

/*
 * Parses a list of URLs, separated by commas, into patterns.  A host may be
 * "*", or begin with "*.", which stands for one label or more.  Returns false,
 * with *bad the item to blame, if one is none; the others are in the list.
 */
extern bool etl_access_parse(const char *setting, List **patterns, char **bad);

/* Whether a pattern has the URL's origin and a beginning of its path. */
extern bool etl_access_allows(const List *patterns, const EtlUrl *url);

#endif
