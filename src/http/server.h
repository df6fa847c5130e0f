/*
 * server.h
 *	  What a foreign server of wrapper pg_etl says.
 */
#ifndef ETL_SERVER_H
#define ETL_SERVER_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "http/url.h"

typedef enum EtlAuth
{
	ETL_AUTH_NONE,
	ETL_AUTH_BASIC,
	ETL_AUTH_BEARER,
	ETL_AUTH_API_KEY,
	ETL_AUTH_CLIENT_CREDENTIALS,
	ETL_AUTH_REFRESH_TOKEN,
	ETL_AUTH_AWS
} EtlAuth;

/* Options that were not given are NULL. */
typedef struct EtlServer
{
	Oid oid;
	char *name;
	EtlUrl base_url;
	EtlAuth auth;
	EtlUrl token_url; /* set for the OAuth2 kinds */
	char *api_key_header;
	char *api_key_param;
	char *scope;
	char *region;
	char *service;
	char *ca_file;
	double rate_limit; /* NaN if not given */
	bool allow_private;
} EtlServer;

/*
 * Reads a server's options.  Raises 22023 for an unknown one, a bad value, or
 * options that don't go together.  No message holds a URL, which may be one
 * that hides a password.
 */
extern void etl_server_parse(List *options, EtlServer *server);

/* The same of the server in the catalog; 42809 for another wrapper's. */
extern EtlServer *etl_server_get(Oid oid);

/* The server of that name, for the current user: 42704, 42501, 42809. */
extern EtlServer *etl_server_open(const char *name);

#endif
