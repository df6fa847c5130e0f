/*
 * site.c
 *	  Who may reach what, and as whom.
 *
 * The rules, in one place; what they rest on is elsewhere: servers in server.c,
 * secrets in secrets.c, URLs in url.c, kinds of addresses in address.c.
 */
#include "postgres.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "confine.h"
#include "guc.h"
#include "http/access.h"
#include "http/address.h"
#include "http/credentials.h"
#include "http/digest.h"
#include "http/oauth.h"
#include "http/renewal.h"
#include "http/secrets.h"
#include "http/server.h"
#include "http/sigv4.h"
#include "http/site.h"
#include "http/site_private.h"
#include "http/url.h"

struct EtlHttpSite
{
	const EtlServer *server; /* NULL: none */
	EtlSecrets *secrets;     /* NULL: none */
	const char *authorities; /* PEM; NULL: the system's */
	bool any_url;            /* without a server: for superusers */
	List *patterns;          /* without a server: for others */
	EtlHttpReach reach;
	uint64 generation; /* of servers and mappings when they were read */

	MemoryContext context;
	MemoryContextCallback on_reset;
	char *token; /* the access token that was sent last; NULL: none */
	EtlRefusedToken refused;
};

/*
 * Credentials shorter than this aren't masked in URLs, of which most come from
 * the user: "data" is a password, too.
 */
#define SHORTEST_IN_URL 8

/* A file of certificates may have so many bytes. */
#define MAX_AUTHORITIES (1024 * 1024)

static void
wipe_token(void *arg)
{
	etl_secret_wipe(((EtlHttpSite *) arg)->token);
}

static EtlHttpSite *
new_site(void)
{
	EtlHttpSite *site = palloc0(sizeof(EtlHttpSite));

	site->context = CurrentMemoryContext;
	site->on_reset.func = wipe_token;
	site->on_reset.arg = site;
	MemoryContextRegisterResetCallback(site->context, &site->on_reset);
	return site;
}

static bool
is_link_local(const EtlUrl *url)
{
	return etl_address_kind_of_host(url->host) == ETL_ADDRESS_LINK_LOCAL;
}

/* The secrets of the current user for a server; 42704 if there are none. */
static EtlSecrets *
find_secrets(const EtlServer *server)
{
	EtlSecrets *secrets = etl_secrets_find(GetUserId(), server->oid);

	if (secrets == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("user mapping not found for \"%s\"",
						GetUserNameFromId(GetUserId(), false)),
				 errdetail("Server \"%s\" takes credentials.", server->name),
				 errhint("Create one with CREATE USER MAPPING.")));
	return secrets;
}

/* Raises an error if the mapping lacks what the server's kind of auth takes. */
static void
check_secrets(const EtlServer *server, const EtlSecrets *secrets)
{
	static const EtlSecret needed[] = {
		[ETL_AUTH_BASIC] = ETL_SECRET_USERNAME,
		[ETL_AUTH_BEARER] = ETL_SECRET_TOKEN,
		[ETL_AUTH_API_KEY] = ETL_SECRET_API_KEY,
		[ETL_AUTH_CLIENT_CREDENTIALS] = ETL_SECRET_CLIENT_SECRET,
		[ETL_AUTH_REFRESH_TOKEN] = ETL_SECRET_REFRESH_TOKEN,
		[ETL_AUTH_AWS] = ETL_SECRET_SECRET_ACCESS_KEY,
	};
	EtlSecret secret = needed[server->auth];

	if (secrets->values[secret] == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("user mapping for server \"%s\" lacks option \"%s\"",
						server->name, etl_secret_name(secret)),
				 errhint("Add it with ALTER USER MAPPING.")));
}

/*
 * What the server's ca_file holds; NULL if it has none.  It is read once, so
 * what was allowed to be opened is what is trusted.
 */
static char *
read_authorities(const EtlServer *server)
{
	const char *path = server->ca_file;
	char *text;
	size_t len = 0;
	ssize_t n = 0;
	int64 size;
	int fd;
	int saved_errno;

	if (path == NULL)
		return NULL;
	text = palloc(MAX_AUTHORITIES + 1);

	/* nothing may raise an error while it is open */
	fd = etl_confine_open(path, path, &size);
	while (len <= MAX_AUTHORITIES)
	{
		n = read(fd, text + len, MAX_AUTHORITIES + 1 - len);
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		len += Max(n, 0);
	}
	saved_errno = errno;
	close(fd);

	errno = saved_errno;
	if (n < 0)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not read file \"%s\": %m", path)));
	if (len > MAX_AUTHORITIES)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("file \"%s\" is larger than %d bytes", path,
							   MAX_AUTHORITIES)));
	text[len] = '\0';
	return repalloc(text, len + 1);
}

EtlHttpSite *
etl_http_site_open(const char *server_name)
{
	EtlHttpSite *site = new_site();

	site->reach.private_ok = etl_guc_allow_private_addresses;
	if (server_name == NULL)
	{
		char *bad;

		site->any_url = superuser();
		if (!site->any_url)
			(void) etl_access_parse(etl_guc_allowed_urls, &site->patterns,
									&bad);
	}
	else
	{
		EtlServer *server;

		site->generation = etl_oauth_generation();
		server = etl_server_open(server_name);
		if (server->auth != ETL_AUTH_NONE)
		{
			site->secrets = find_secrets(server);
			check_secrets(server, site->secrets);
		}
		site->server = server;
		site->reach.server = server->oid;
		site->authorities = read_authorities(server);
		site->reach.private_ok |= server->allow_private;
		site->reach.link_local_ok =
			site->reach.private_ok && is_link_local(&server->base_url);
	}
	return site;
}

EtlHttpSite *
etl_http_site_for_tokens(const EtlServer *server, bool private_ok)
{
	EtlHttpSite *site = new_site();

	site->any_url = true;
	site->reach.private_ok = private_ok;
	site->reach.link_local_ok =
		private_ok && is_link_local(&server->token_url);
	site->authorities = read_authorities(server);
	return site;
}

/* Whether a URL has the server's origin. */
static bool
is_home(const EtlHttpSite *site, const EtlUrl *url)
{
	return site->server != NULL &&
		   etl_url_same_origin(&site->server->base_url, url);
}

/* Raises that a text is no URL; shows nothing of it that may be secret. */
static void
raise_bad_url(EtlUrlFault fault)
{
	if (fault == ETL_URL_USERINFO)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a URL must not hold a user name or password"),
				 errhint("Create a server with CREATE SERVER ... FOREIGN DATA "
						 "WRAPPER pg_etl, keep the credentials in a user "
						 "mapping, and name the server.")));
	if (fault == ETL_URL_WRONG_SCHEME)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a URL must be of http or https")));
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("malformed URL")));
}

static void
raise_denied(const EtlHttpSite *site, const EtlUrl *url, const char *detail)
{
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied to read \"%s\"",
						   etl_http_site_visible_url(site, etl_url_text(url))),
					errdetail("%s", detail)));
}

/* Raises 42501 for what the user may not reach by this site. */
static void
check_reach(const EtlHttpSite *site, const EtlUrl *url)
{
	if (site->server == NULL)
	{
		if (!site->any_url && !etl_access_allows(site->patterns, url))
			raise_denied(site, url,
						 "It is not among the URLs that the setting "
						 "\"pg_etl.allowed_urls\" allows.");
	}
	else if (!is_home(site, url))
		raise_denied(site, url, "It is not on the server that was named.");
	else if (!etl_url_is_below(&site->server->base_url, url))
		raise_denied(site, url, "It is not below the server's base_url.");
}

static bool
is_absolute(const char *source)
{
	const char *colon = strstr(source, "://");

	return colon != NULL && colon != source &&
		   strspn(source,
				  "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") == colon - source;
}

/*
 * Puts a path or query behind base_url, whatever that ends in.  Not what
 * RFC 3986 calls resolving, by which "items" would replace the last segment,
 * and "/items" the whole path.
 */
static char *
join(const EtlUrl *base, const char *source)
{
	char *text = etl_url_text(base);
	size_t len = strlen(text);

	if (source[0] == '\0' || source[0] == '?')
		return psprintf("%s%s", text, source);
	if (text[len - 1] == '/')
		text[len - 1] = '\0';
	return psprintf("%s/%s", text, source[0] == '/' ? source + 1 : source);
}

char *
etl_http_site_url(const EtlHttpSite *site, const char *source,
				  const Jsonb *params)
{
	EtlUrl url;
	EtlUrlFault fault;

	if (site->server != NULL && !is_absolute(source))
		source = join(&site->server->base_url, source);
	fault = etl_url_parse(source, &url);
	if (fault != ETL_URL_OK)
		raise_bad_url(fault);
	check_reach(site, &url);
	if (params != NULL)
		etl_url_add_params(&url, params);
	return etl_url_text(&url);
}

char *
etl_http_site_follow(const EtlHttpSite *site, const char *from, const char *to,
					 bool cross_origin)
{
	EtlUrl from_url;
	EtlUrl url;

	if (etl_url_parse(from, &from_url) != ETL_URL_OK)
		elog(ERROR, "malformed URL to follow from");
	if (etl_url_resolve(&from_url, to, &url) != ETL_URL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot follow the link in the answer of \"%s\"",
						etl_http_site_visible_url(site, from)),
				 errdetail("It is not a plain http or https URL.")));

	if (from_url.secure && !url.secure)
		raise_denied(site, &url, "An https URL led to this http URL.");
	if (!cross_origin && !etl_url_same_origin(&from_url, &url))
		raise_denied(site, &url,
					 psprintf("The answer of \"%s\" names it, but it is on "
							  "another server.",
							  etl_http_site_visible_url(site, from)));

	/* A server's redirect may lead away from it, though without credentials. */
	if (site->server == NULL || is_home(site, &url))
		check_reach(site, &url);
	return etl_url_text(&url);
}

/* The Authorization header of auth "basic", palloc'd. */
static char *
basic_header(const EtlSecrets *secrets)
{
	const char *password = secrets->values[ETL_SECRET_PASSWORD];

	return etl_credentials_basic(secrets->values[ETL_SECRET_USERNAME],
								 password ? password : "");
}

static void
mask_basic(const EtlSecrets *secrets, char *text, size_t len)
{
	char *header = basic_header(secrets);

	etl_secret_mask(strchr(header, ' ') + 1, text, len, 0);
	etl_secret_wipe(header);
	pfree(header);
}

void
etl_http_site_mask(const EtlHttpSite *site, char *text, size_t len,
				   size_t shortest)
{
	if (site->secrets != NULL)
		etl_secrets_mask(site->secrets, text, len, shortest);
	if (site->secrets != NULL && site->server->auth == ETL_AUTH_BASIC)
		mask_basic(site->secrets, text, len);
	etl_secret_mask(site->token, text, len, shortest);
}

char *
etl_http_site_visible_url(const EtlHttpSite *site, const char *url)
{
	const char *param = site != NULL && site->server != NULL
							? site->server->api_key_param
							: NULL;
	char *visible = etl_url_visible(url, param);

	/* A redirect or link may repeat what it was sent. */
	if (site != NULL)
		etl_http_site_mask(site, visible, strlen(visible), SHORTEST_IN_URL);
	return visible;
}

bool
etl_http_site_allows_address(const EtlHttpSite *site,
							 const struct sockaddr *address)
{
	switch (etl_address_kind(address))
	{
		case ETL_ADDRESS_PUBLIC:
			return true;
		case ETL_ADDRESS_LOOPBACK:
		case ETL_ADDRESS_PRIVATE:
			return site->reach.private_ok;
		case ETL_ADDRESS_LINK_LOCAL:
			return site->reach.link_local_ok;
	}
	return false;
}

const EtlHttpReach *
etl_http_site_reach(const EtlHttpSite *site)
{
	return &site->reach;
}

const char *
etl_http_site_authorities(const EtlHttpSite *site)
{
	return site->authorities;
}

double
etl_http_site_rate_limit(const EtlHttpSite *site)
{
	return site->server ? site->server->rate_limit : NAN;
}

/* Sends an access token, which is wiped, and remembers it. */
static void
add_access_token(EtlHttpSite *site, EtlHttpCredentials *credentials,
				 char *token)
{
	if (site->token != NULL)
	{
		etl_secret_wipe(site->token);
		pfree(site->token);
		site->token = NULL;
	}
	site->token = MemoryContextStrdup(site->context, token);
	etl_credentials_add(&credentials->headers, "Authorization",
						etl_credentials_concat("Bearer ", token));
	etl_secret_wipe(token);
}

/* The URL with the API key in a parameter. */
static char *
url_with_key(const EtlUrl *url, const char *param, const char *key)
{
	char *start =
		psprintf("%s%c%s=", etl_url_text(url), url->query == NULL ? '?' : '&',
				 etl_url_encode(param, strlen(param)));
	char *encoded = etl_url_encode(key, strlen(key));
	char *result = etl_credentials_concat(start, encoded);

	etl_secret_wipe(encoded);
	return result;
}

static void
sign_for_aws(const EtlHttpSite *site, const EtlHttpRequest *request,
			 const EtlUrl *url, EtlHttpCredentials *credentials)
{
	const char *const *values = site->secrets->values;
	EtlSigv4Key key;

	key.access_key_id = values[ETL_SECRET_ACCESS_KEY_ID];
	key.secret_access_key = values[ETL_SECRET_SECRET_ACCESS_KEY];
	key.session_token = values[ETL_SECRET_SESSION_TOKEN];
	key.region = site->server->region;
	key.service = site->server->service;
	etl_sigv4_sign(&key, request, url, (pg_time_t) time(NULL), credentials);
}

void
etl_http_site_sign(EtlHttpSite *site, const EtlHttpRequest *request,
				   const char *url, EtlHttpCredentials *credentials)
{
	const EtlServer *server = site->server;
	const char *const *values;
	EtlUrl parsed;

	memset(credentials, 0, sizeof(*credentials));
	if (site->secrets == NULL || etl_url_parse(url, &parsed) != ETL_URL_OK ||
		!is_home(site, &parsed) ||
		!etl_url_is_below(&server->base_url, &parsed))
		return;

	values = site->secrets->values;
	switch (server->auth)
	{
		case ETL_AUTH_NONE:
			break;
		case ETL_AUTH_BASIC:
			etl_credentials_add(&credentials->headers, "Authorization",
								basic_header(site->secrets));
			break;
		case ETL_AUTH_BEARER:
			etl_credentials_add(
				&credentials->headers, "Authorization",
				etl_credentials_concat("Bearer ", values[ETL_SECRET_TOKEN]));
			break;
		case ETL_AUTH_API_KEY:
			if (server->api_key_param != NULL)
				credentials->url = url_with_key(&parsed, server->api_key_param,
												values[ETL_SECRET_API_KEY]);
			else
				etl_credentials_add(&credentials->headers,
									server->api_key_header,
									pstrdup(values[ETL_SECRET_API_KEY]));
			break;
		case ETL_AUTH_CLIENT_CREDENTIALS:
			add_access_token(site, credentials,
							 etl_oauth_client_token(server, site->secrets,
													site->reach.private_ok,
													site->generation));
			break;
		case ETL_AUTH_REFRESH_TOKEN:
			add_access_token(site, credentials,
							 etl_renewal_token(server, site->secrets->mapping,
											   site->reach.private_ok,
											   &site->refused));
			break;
		case ETL_AUTH_AWS:
			sign_for_aws(site, request, &parsed, credentials);
			break;
	}
}

bool
etl_http_site_renew(EtlHttpSite *site)
{
	if (site->token == NULL)
		return false;
	etl_digest_sha256(site->token, strlen(site->token), site->refused.digest);
	site->refused.any = true;
	if (site->server->auth == ETL_AUTH_CLIENT_CREDENTIALS)
		etl_oauth_forget(site->secrets->mapping);
	return true;
}
