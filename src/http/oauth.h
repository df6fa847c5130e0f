/*
 * oauth.h
 *	  Access tokens from an OAuth2 token server.
 */
#ifndef ETL_OAUTH_H
#define ETL_OAUTH_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "http/secrets.h"
#include "http/server.h"

/* What a token server gave.  Both tokens are zeroed with their context. */
typedef struct EtlOauthAnswer
{
	char *access_token;
	char *refresh_token;  /* NULL: the one that was sent remains */
	TimestampTz renew_at; /* when to ask for another; infinity if unknown */
} EtlOauthAnswer;

/*
 * Asks the server's token_url for a token, by what the mapping holds and in the
 * way that the server's auth says.  Waits for the answer, cancellably.  Raises
 * XE002 if there is none.  A refresh token may be spent afterwards, whether the
 * answer arrived or not.
 */
extern void etl_oauth_request(const EtlServer *server,
							  const EtlSecrets *secrets, bool private_ok,
							  EtlOauthAnswer *answer);

/*
 * A number that changes whenever a server or user mapping may have changed.
 * To be taken before they are read.
 */
extern uint64 etl_oauth_generation(void);

/*
 * The token for client credentials, from this backend's memory or the token
 * server; palloc'd, to be wiped by the caller.
 */
extern char *etl_oauth_client_token(const EtlServer *server,
									const EtlSecrets *secrets, bool private_ok,
									uint64 generation);

/* Forgets a mapping's token. */
extern void etl_oauth_forget(Oid mapping);

#endif
