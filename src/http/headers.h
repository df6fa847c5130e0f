/*
 * headers.h
 *	  What may be a header.
 */
#ifndef ETL_HEADERS_H
#define ETL_HEADERS_H

#include "postgres.h"

/* A token as RFC 9110 has it. */
extern bool etl_header_is_name(const char *name);

/* True for headers that are the transport's own, Host for one. */
extern bool etl_header_is_transport(const char *name);

/* Line breaks and the like would end a header and begin another. */
extern bool etl_header_has_controls(const char *value);

#endif
