/*
 * page_request.h
 *	  The request for one page: a place in the first request, filled.
 */
#ifndef ETL_PAGE_REQUEST_H
#define ETL_PAGE_REQUEST_H

#include "postgres.h"

#include "api/pagination.h"
#include "http/request.h"

/* What is to stand in the place. */
typedef struct EtlParamValue
{
	const char *text; /* UTF-8 */
	bool is_number;   /* to be one in a body, too */
} EtlParamValue;

/*
 * Sets a parameter in a request, wherever it has its place, in the current
 * memory context.  What stood there is replaced.  *body is the request's JSON,
 * NULL if it has none, and becomes the new one; the parameter's name is a path
 * there, as in "variables.after".  Other strings are in the database encoding.
 */
extern void etl_page_request_set(EtlHttpRequest *request, Jsonb **body,
								 EtlParamPlace place, const char *param,
								 EtlParamValue value);

/* Makes the JSON the request's body. */
extern void etl_page_request_set_body(EtlHttpRequest *request,
									  const Jsonb *body);

/* The URL with a parameter of its query set. */
extern char *etl_page_url_set(const char *url, const char *param,
							  const char *value);

#endif
