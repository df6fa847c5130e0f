/*
 * request.c
 *	  What is asked of an HTTP server, and what it answers.
 */
#include "postgres.h"

#include "http/request.h"

const char *
etl_http_header(const EtlHttpHeaders *headers, const char *name)
{
	for (int i = 0; i < headers->n; i++)
	{
		if (pg_strcasecmp(headers->items[i].name, name) == 0)
			return headers->items[i].value;
	}
	return NULL;
}
