/*
 * sigv4.h
 *	  Requests signed as Amazon's services demand it: Signature Version 4.
 */
#ifndef ETL_SIGV4_H
#define ETL_SIGV4_H

#include "postgres.h"

#include "pgtime.h"

#include "http/request.h"
#include "http/site.h"
#include "http/url.h"

typedef struct EtlSigv4Key
{
	const char *access_key_id;
	const char *secret_access_key;
	const char *session_token; /* or NULL */
	const char *region;
	const char *service;
} EtlSigv4Key;

/*
 * Signs a request to url as of now.  The URL to send, in the form that was
 * signed, and the headers go to credentials.  Of the request's own headers
 * those are signed that say what is asked for.
 */
extern void etl_sigv4_sign(const EtlSigv4Key *key,
						   const EtlHttpRequest *request, const EtlUrl *url,
						   pg_time_t now, EtlHttpCredentials *credentials);

#endif
