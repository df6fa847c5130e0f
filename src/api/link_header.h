/*
 * link_header.h
 *	  The Link header of an HTTP answer (RFC 8288).
 *
 * Plain C: no memory is allocated, and nothing can fail.
 */
#ifndef ETL_LINK_HEADER_H
#define ETL_LINK_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds the first link of the relation in one header's value, which may hold
 * several.  Links from another page than the one at hand (anchor) don't count,
 * and what is no link is passed over.  The target is a part of the value, as it
 * stands there: absolute or relative.
 */
extern bool etl_link_header_find(const char *value, size_t len,
								 const char *relation, const char **target,
								 size_t *target_len);

#endif
