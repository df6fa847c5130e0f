/*
 * oauth.c
 *	  Access tokens from an OAuth2 token server.
 *
 * Makes the two requests of RFC 6749 that take no user at a browser: client
 * credentials (4.4) and refresh token (6).  Tokens for client credentials are
 * kept in the backend's memory; what becomes of a refresh token is in
 * renewal.c.
 */
#include "postgres.h"

#include <jansson.h>
#include <math.h>

#include "lib/stringinfo.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "http/client.h"
#include "http/credentials.h"
#include "http/headers.h"
#include "http/oauth.h"
#include "http/site_private.h"

#define MAX_ANSWER (64 * 1024)
#define ATTEMPT_TIMEOUT_MS 30000
#define CONNECT_TIMEOUT_MS 10000
#define RETRIES 2
#define RETRY_MAX_WAIT_MS 5000

/*
 * A token is renewed before it expires: the request that takes it is still to
 * be made, and clocks differ.  Half its life if that is shorter.
 */
#define MARGIN_SECONDS 30

/* A token of a mapping, in this backend's memory. */
typedef struct CachedToken
{
	Oid mapping; /* key */
	uint64 generation;
	TimestampTz renew_at;
	char *token; /* NULL: none */
} CachedToken;

static HTAB *cached_tokens = NULL;
static uint64 current_generation = 0;

/* The body of a request for a token; credentials only if in_body. */
static char *
build_body(const EtlServer *server, const EtlSecrets *secrets, bool in_body)
{
	static const EtlSecret sent[] = {ETL_SECRET_REFRESH_TOKEN,
									 ETL_SECRET_CLIENT_ID,
									 ETL_SECRET_CLIENT_SECRET};
	bool refresh = server->auth == ETL_AUTH_REFRESH_TOKEN;
	size_t size = 256 + (server->scope ? strlen(server->scope) * 3 : 0);
	StringInfoData body;

	for (int i = 0; i < lengthof(sent); i++)
		size += secrets->values[sent[i]] ? strlen(secrets->values[sent[i]]) * 3
										 : 0;
	initStringInfo(&body);
	enlargeStringInfo(&body, size);

	appendStringInfo(&body, "grant_type=%s",
					 refresh ? "refresh_token" : "client_credentials");
	if (server->scope != NULL)
		appendStringInfo(&body, "&scope=%s",
						 etl_url_encode(server->scope, strlen(server->scope)));
	for (int i = refresh ? 0 : 1; i < (in_body ? lengthof(sent) : 1); i++)
	{
		const char *value = secrets->values[sent[i]];
		char *encoded;

		if (value == NULL)
			continue;
		encoded = etl_url_encode(value, strlen(value));
		appendStringInfo(&body, "&%s=%s", etl_secret_name(sent[i]), encoded);
		etl_secret_wipe(encoded);
	}
	return body.data;
}

/* The client's credentials as a header, encoded as RFC 6749 2.3.1 has it. */
static char *
build_authorization(const EtlSecrets *secrets)
{
	const char *id = secrets->values[ETL_SECRET_CLIENT_ID];
	const char *secret = secrets->values[ETL_SECRET_CLIENT_SECRET];
	char *encoded = etl_url_encode(secret, strlen(secret));
	char *result =
		etl_credentials_basic(etl_url_encode(id, strlen(id)), encoded);

	etl_secret_wipe(encoded);
	return result;
}

/*
 * Sends the request and reads the answer, *status, to be wiped by the caller.
 * Nothing is sent twice that could be spent by sending it.
 */
static char *
post(const EtlServer *server, const EtlSecrets *secrets, bool private_ok,
	 bool in_body, int *status, size_t *len)
{
	EtlTransport transport = {0};
	EtlHttpRequest request = {0};
	EtlHttpSite *site = etl_http_site_for_tokens(server, private_ok);
	EtlHttpClient *client;
	EtlHttpFetch *fetch;
	char *body = build_body(server, secrets, in_body);
	char *answer;

	etl_secret_guard(body, strlen(body));
	transport.timeout_ms = ATTEMPT_TIMEOUT_MS;
	transport.connect_timeout_ms = CONNECT_TIMEOUT_MS;
	transport.retries = RETRIES;
	transport.retry_max_wait_ms = RETRY_MAX_WAIT_MS;
	transport.max_bytes = MAX_ANSWER;
	transport.max_redirects = 0;
	transport.idempotent = server->auth == ETL_AUTH_CLIENT_CREDENTIALS;
	transport.rate_limit = NAN;

	request.method = "POST";
	request.url = etl_url_text(&server->token_url);
	request.body = body;
	request.body_len = strlen(body);
	request.idempotent = transport.idempotent;
	request.whole_timeout_ms = ATTEMPT_TIMEOUT_MS;
	etl_credentials_add(&request.headers, "Content-Type",
						"application/x-www-form-urlencoded");
	etl_credentials_add(&request.headers, "Accept", "application/json");
	if (!in_body)
	{
		char *authorization = build_authorization(secrets);

		etl_secret_guard(authorization, strlen(authorization));
		etl_credentials_add(&request.headers, "Authorization", authorization);
	}

	client = etl_http_client_new(CurrentMemoryContext, site, &transport);
	fetch = etl_http_fetch_start(client, &request);
	*status = etl_http_fetch_any_response(fetch)->status;
	answer = etl_http_fetch_read_all(fetch, MAX_ANSWER, len);
	etl_secret_guard(answer, *len);
	etl_http_fetch_close(fetch);
	etl_http_client_close(client);
	return answer;
}

/* A string member as it is, or NULL. */
static const char *
member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Copies a token; NULL if it is none that could be sent. */
static char *
copy_token(const char *token)
{
	char *copy;

	if (token == NULL || token[0] == '\0' || etl_header_has_controls(token))
		return NULL;
	copy = pstrdup(token);
	etl_secret_guard(copy, strlen(copy));
	return copy;
}

/* When to ask for another token, given "expires_in", a number or string. */
static TimestampTz
renewal_time(const json_t *expires_in)
{
	double seconds = json_number_value(expires_in);

	if (json_is_string(expires_in))
		seconds = strtod(json_string_value(expires_in), NULL);
	if (!(seconds > 0) || seconds > 10.0 * 365 * SECS_PER_DAY)
		return DT_NOEND;
	seconds -= Min(MARGIN_SECONDS, seconds / 2);
	return GetCurrentTimestamp() + (int64) (seconds * USECS_PER_SEC);
}

/* Zeroes what jansson copied. */
static void
wipe_json(json_t *object)
{
	static const char *const secret_members[] = {"access_token",
												 "refresh_token", "id_token"};

	for (int i = 0; i < lengthof(secret_members); i++)
		etl_secret_wipe((char *) member(object, secret_members[i]));
}

/*
 * Takes the tokens out of an answer.  Returns false if they aren't there, with
 * *fault the error that the answer names, if it is one of the standard's, which
 * are sure to be no secrets.
 */
static bool
parse_answer(const char *text, size_t len, EtlOauthAnswer *answer,
			 const char **fault)
{
	static const char *const faults[] = {
		"invalid_request",     "invalid_client",         "invalid_grant",
		"unauthorized_client", "unsupported_grant_type", "invalid_scope"};
	json_t *volatile json = json_loadb(text, len, 0, NULL);

	memset(answer, 0, sizeof(*answer));
	*fault = NULL;
	PG_TRY();
	{
		const char *type = member(json, "token_type");
		const char *error = member(json, "error");

		if (type == NULL || pg_strcasecmp(type, "bearer") == 0)
			answer->access_token = copy_token(member(json, "access_token"));
		answer->refresh_token = copy_token(member(json, "refresh_token"));
		answer->renew_at = renewal_time(json_object_get(json, "expires_in"));
		for (int i = 0; error != NULL && i < lengthof(faults); i++)
		{
			if (strcmp(error, faults[i]) == 0)
				*fault = faults[i];
		}
	}
	PG_FINALLY();
	{
		wipe_json(json);
		json_decref(json);
	}
	PG_END_TRY();
	return answer->access_token != NULL;
}

static ETL_NORETURN void
raise_no_token(const EtlServer *server, int status, const char *fault)
{
	const char *url = etl_url_visible(etl_url_text(&server->token_url), NULL);

	if (status >= 200 && status < 300)
		ereport(ERROR,
				(errcode(ETL_ERRCODE_HTTP),
				 errmsg("token server \"%s\" gave no access token", url),
				 errdetail("The answer is not a JSON object with an "
						   "\"access_token\" of type \"Bearer\".")));
	ereport(ERROR,
			(errcode(ETL_ERRCODE_HTTP),
			 errmsg("token server \"%s\" refused the request: status %d%s%s",
					url, status, fault ? ", " : "", fault ? fault : ""),
			 fault != NULL && strcmp(fault, "invalid_grant") == 0
				 ? errhint("The refresh token is no longer valid. Obtain "
						   "another and set it with ALTER USER MAPPING.")
				 : 0));
}

void
etl_oauth_request(const EtlServer *server, const EtlSecrets *secrets,
				  bool private_ok, EtlOauthAnswer *answer)
{
	/* The standard prefers the header; a public client has no secret. */
	bool in_body = secrets->values[ETL_SECRET_CLIENT_SECRET] == NULL;

	for (;;)
	{
		const char *fault;
		int status;
		size_t len;
		char *text = post(server, secrets, private_ok, in_body, &status, &len);

		if (parse_answer(text, len, answer, &fault) && status >= 200 &&
			status < 300)
			return;

		/*
		 * Some servers look for the client's credentials in the body only.
		 * Having refused the client, they have not looked at the grant.
		 */
		if (!in_body &&
			(status == 401 ||
			 (fault != NULL && (strcmp(fault, "invalid_client") == 0 ||
								strcmp(fault, "invalid_request") == 0))))
		{
			in_body = true;
			continue;
		}
		raise_no_token(server, status, fault);
	}
}

static void
note_change(Datum arg, int cache, uint32 hash_value)
{
	current_generation++;
}

uint64
etl_oauth_generation(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(FOREIGNSERVEROID, note_change,
									  (Datum) 0);
		CacheRegisterSyscacheCallback(USERMAPPINGOID, note_change, (Datum) 0);
		registered = true;
	}
	return current_generation;
}

static void
drop_token(CachedToken *cached)
{
	etl_secret_wipe(cached->token);
	if (cached->token != NULL)
		pfree(cached->token);
	cached->token = NULL;
}

/* The mapping's entry, made if there is none. */
static CachedToken *
find_cached(Oid mapping)
{
	CachedToken *cached;
	bool found;

	if (cached_tokens == NULL)
	{
		HASHCTL ctl = {0};

		ctl.keysize = sizeof(Oid);
		ctl.entrysize = sizeof(CachedToken);
		cached_tokens = hash_create("pg_etl access tokens", 16, &ctl,
									HASH_ELEM | HASH_BLOBS);
	}
	cached = hash_search(cached_tokens, &mapping, HASH_ENTER, &found);
	if (!found)
		cached->token = NULL;
	return cached;
}

/* Asks for a token and keeps it. */
static void
fill_cached(const EtlServer *server, const EtlSecrets *secrets,
			bool private_ok, uint64 generation)
{
	MemoryContext request_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl token request",
							  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(request_context);
	EtlOauthAnswer answer;
	CachedToken *cached;

	etl_oauth_request(server, secrets, private_ok, &answer);
	cached = find_cached(secrets->mapping);
	drop_token(cached);
	cached->token = MemoryContextStrdup(TopMemoryContext, answer.access_token);
	cached->renew_at = answer.renew_at;
	cached->generation = generation;
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(request_context);
}

char *
etl_oauth_client_token(const EtlServer *server, const EtlSecrets *secrets,
					   bool private_ok, uint64 generation)
{
	CachedToken *cached = find_cached(secrets->mapping);

	if (cached->token == NULL || cached->generation != generation ||
		cached->renew_at <= GetCurrentTimestamp())
	{
		fill_cached(server, secrets, private_ok, generation);
		cached = find_cached(secrets->mapping);
	}
	return pstrdup(cached->token);
}

void
etl_oauth_forget(Oid mapping)
{
	drop_token(find_cached(mapping));
}
