/*
 * renewal.h
 *	  Access tokens by a refresh token, which each renewal may replace.
 *
 * A token server that replaces refresh tokens forgets the old one as soon as it
 * is used.  So the new one must be stored, for good, before anything is done
 * with what came with it, and whatever becomes of the transaction that needed
 * it.  A background worker does the exchange and commits what it got into the
 * user mapping, the access token too, which thus serves all sessions.
 */
#ifndef ETL_RENEWAL_H
#define ETL_RENEWAL_H

#include "postgres.h"

#include "common/sha2.h"

#include "http/server.h"

/* A token that a server has refused. */
typedef struct EtlRefusedToken
{
	bool any;
	uint8 digest[PG_SHA256_DIGEST_LENGTH];
} EtlRefusedToken;

/*
 * The access token of a user mapping, palloc'd, to be wiped by the caller: the
 * one that is stored, or another if that has expired or been refused.  Raises
 * 25006 on a standby, 53400 if there is no worker to be had, both before the
 * refresh token is used; XE002 if the token server gives none; 42704 if the
 * mapping is gone.
 */
extern char *etl_renewal_token(const EtlServer *server, Oid mapping,
							   bool private_ok,
							   const EtlRefusedToken *refused);

extern PGDLLEXPORT void etl_renewal_main(Datum arg);

#endif
