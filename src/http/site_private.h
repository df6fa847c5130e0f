/*
 * site_private.h
 *	  Sites that only this layer makes.
 */
#ifndef ETL_SITE_PRIVATE_H
#define ETL_SITE_PRIVATE_H

#include "postgres.h"

#include "http/server.h"
#include "http/site.h"

/*
 * A site for requests to the server's token_url, which may be of any origin:
 * without credentials, and with the server's rules about addresses.
 */
extern EtlHttpSite *etl_http_site_for_tokens(const EtlServer *server,
											 bool private_ok);

#endif
