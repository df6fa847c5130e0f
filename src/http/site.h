/*
 * site.h
 *	  Who may reach what, and as whom.
 *
 * A site is what stands behind the URLs of one call: a foreign server with the
 * user mapping of the current user, or no server, where settings decide.  Every
 * rule about access is here: which URLs, which addresses, which redirects, and
 * which credentials go where.  Credentials stay inside; they are zeroed when
 * the site's memory context goes, and no function formats them.
 */
#ifndef ETL_HTTP_SITE_H
#define ETL_HTTP_SITE_H

#include "postgres.h"

#include <sys/socket.h>

#include "http/request.h"

typedef struct EtlHttpSite EtlHttpSite;

/*
 * The site of a foreign server (42704 if there is none, 42501 without USAGE on
 * it, 42809 if it is no server of wrapper pg_etl), or of no server (NULL).
 * Made in the current memory context, for the current user.
 */
extern EtlHttpSite *etl_http_site_open(const char *server);

/*
 * The absolute URL that the source means: itself, or, with a server, joined to
 * its base_url.  Adds params, an object or NULL.  Raises 22023 for what is no
 * http or https URL or holds userinfo, 42501 for a URL that the user may not
 * reach: with a server another origin than its own or a path outside of
 * base_url, without one what pg_etl.allowed_urls doesn't allow (superusers may
 * reach any).
 */
extern char *etl_http_site_url(const EtlHttpSite *site, const char *source,
							   const Jsonb *params);

/*
 * The same for a URL that an answer has named (a next page, a Location): may be
 * relative to from.  Raises 42501 for another origin than from's unless
 * cross_origin, for https to http, and for what the user may not reach.
 */
extern char *etl_http_site_follow(const EtlHttpSite *site, const char *from,
								  const char *to, bool cross_origin);

/*
 * The URL as users may see it: no userinfo, secrets in parameters masked.  Where
 * no site is at hand (NULL), the text may be any, also a relative one or one
 * that is no URL at all.
 */
extern char *etl_http_site_visible_url(const EtlHttpSite *site,
									   const char *url);

/*
 * Masks what a text from the network, shown to users, has of the credentials;
 * those of less than shortest bytes are left alone.
 */
extern void etl_http_site_mask(const EtlHttpSite *site, char *text, size_t len,
							   size_t shortest);

/* The user's headers as a list; 22023 for those that carry credentials. */
extern EtlHttpHeaders etl_http_site_headers(const Jsonb *headers);

/*
 * Whether a connection to this address may be made.  Called with the address
 * about to be connected, so what a name resolves to later doesn't matter; from
 * within libcurl, so it must not raise an error.
 */
extern bool etl_http_site_allows_address(const EtlHttpSite *site,
										 const struct sockaddr *address);

/* What is added to one attempt.  Secret: to be zeroed by the caller's call. */
typedef struct EtlHttpCredentials
{
	char *url;              /* to send in its stead, or NULL */
	EtlHttpHeaders headers; /* Authorization and the like */
} EtlHttpCredentials;

/*
 * The credentials for one attempt of a request; fetches or renews a token where
 * it takes one, and may wait for that.  None for another origin than the
 * site's.
 */
extern void etl_http_site_sign(EtlHttpSite *site,
							   const EtlHttpRequest *request, const char *url,
							   EtlHttpCredentials *credentials);
extern void etl_http_credentials_clear(EtlHttpCredentials *credentials);

/*
 * The server refused the credentials (401): drops a cached token.  True if
 * another attempt has a chance; at most once a request, which the caller counts.
 */
extern bool etl_http_site_renew(EtlHttpSite *site);

/* Sites with the same reach may use each other's connections. */
typedef struct EtlHttpReach
{
	Oid server;         /* InvalidOid: none */
	bool private_ok;    /* reaches private addresses */
	bool link_local_ok; /* and these, too */
} EtlHttpReach;

extern const EtlHttpReach *etl_http_site_reach(const EtlHttpSite *site);

/*
 * The certificates (PEM) of the authorities to trust, NUL-terminated; NULL for
 * the system's.
 */
extern const char *etl_http_site_authorities(const EtlHttpSite *site);

/* A setting of the server; NaN if there is none. */
extern double etl_http_site_rate_limit(const EtlHttpSite *site);

#endif
