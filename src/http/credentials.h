/*
 * credentials.h
 *	  Building what is added to a request.
 *
 * Whatever is built from a secret is built at its final size, so that no copies
 * stay behind where memory had to grow.
 */
#ifndef ETL_CREDENTIALS_H
#define ETL_CREDENTIALS_H

#include "postgres.h"

#include "http/site.h"

/* Adds a header; takes the value over. */
extern void etl_credentials_add(EtlHttpHeaders *headers, const char *name,
								char *value);

/* "Basic ..." for a user and a password, palloc'd. */
extern char *etl_credentials_basic(const char *user, const char *password);

/* The two texts joined, palloc'd. */
extern char *etl_credentials_concat(const char *a, const char *b);

#endif
