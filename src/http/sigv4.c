/*
 * sigv4.c
 *	  Requests signed as Amazon's services demand it: Signature Version 4.
 *
 * Ours rather than libcurl's, of which the versions in use sign a query as it
 * is written, unsorted.  What servers sign is their own idea of the URL, so the
 * URL is sent in canonical form, where there is but one idea.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "http/credentials.h"
#include "http/digest.h"
#include "http/secrets.h"
#include "http/sigv4.h"
#include "http/sigv4_canonical.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

/* Dates as they are written: day, and day with time. */
typedef struct SigningTime
{
	char day[9];
	char second[17];
} SigningTime;

static void
format_time(pg_time_t now, SigningTime *time)
{
	struct pg_tm *tm = pg_gmtime(&now);

	if (tm == NULL)
		elog(ERROR, "could not convert the current time");
	(void) pg_strftime(time->day, sizeof(time->day), "%Y%m%d", tm);
	(void) pg_strftime(time->second, sizeof(time->second), "%Y%m%dT%H%M%SZ",
					   tm);
}

static bool
is_s3(const EtlSigv4Key *key)
{
	return strcmp(key->service, "s3") == 0;
}

/* Puts path and query in the form that is sent. */
static void
normalize(const EtlSigv4Key *key, EtlUrl *url)
{
	char *path = palloc(ETL_SIGV4_SIZE(strlen(url->path)));

	etl_sigv4_path(url->path, is_s3(key) ? ETL_SIGV4_OBJECT : ETL_SIGV4_ONCE,
				   path);
	url->path = path;
	if (url->query != NULL)
	{
		size_t size = ETL_SIGV4_SIZE(strlen(url->query));
		char *query = palloc(size);
		int n = 1;

		for (const char *c = url->query; *c; c++)
			n += *c == '&';
		etl_sigv4_query(url->query, query, palloc(size),
						palloc(sizeof(EtlSigv4Param) * n));
		url->query = query;
	}
}

/* The path as it is signed: all services but S3 encode it once more. */
static const char *
signed_path(const EtlSigv4Key *key, const char *path)
{
	char *twice;

	if (is_s3(key))
		return path;
	twice = palloc(ETL_SIGV4_SIZE(strlen(path)));
	etl_sigv4_path(path, ETL_SIGV4_AGAIN, twice);
	return twice;
}

static bool
is_signed(const char *name)
{
	return pg_strcasecmp(name, "Content-Type") == 0 ||
		   pg_strcasecmp(name, "Range") == 0 ||
		   pg_strncasecmp(name, "X-Amz-", strlen("X-Amz-")) == 0;
}

/* The value without blanks around it, and single ones within. */
static char *
fold_blanks(const char *value)
{
	char *result = palloc(strlen(value) + 1);
	char *out = result;

	for (; *value; value++)
	{
		bool blank = *value == ' ' || *value == '\t';

		if (!blank)
			*out++ = *value;
		else if (out > result && out[-1] != ' ')
			*out++ = ' ';
	}
	if (out > result && out[-1] == ' ')
		out--;
	*out = '\0';
	return result;
}

static int
compare_headers(const void *a, const void *b)
{
	return strcmp(((const EtlHttpHeader *) a)->name,
				  ((const EtlHttpHeader *) b)->name);
}

/* Adds a header to those that are signed, its name in lower case. */
static void
add_signed(EtlHttpHeaders *headers, const char *name, const char *value)
{
	etl_credentials_add(headers, name, fold_blanks(value));
	for (char *c = headers->items[headers->n - 1].name; *c; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
}

/* The headers that are signed, sorted. */
static EtlHttpHeaders
signed_headers(const EtlHttpRequest *request, const EtlHttpHeaders *added,
			   const EtlUrl *url)
{
	EtlHttpHeaders headers = {0};

	if (url->port == (url->secure ? 443 : 80))
		add_signed(&headers, "host", url->host);
	else
		add_signed(&headers, "host", psprintf("%s:%d", url->host, url->port));
	for (int i = 0; i < request->headers.n; i++)
	{
		if (is_signed(request->headers.items[i].name))
			add_signed(&headers, request->headers.items[i].name,
					   request->headers.items[i].value);
	}
	for (int i = 0; i < added->n; i++)
		add_signed(&headers, added->items[i].name, added->items[i].value);
	qsort(headers.items, headers.n, sizeof(EtlHttpHeader), compare_headers);
	return headers;
}

/* The names of headers, as they are listed. */
static char *
header_names(const EtlHttpHeaders *headers)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < headers->n; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ";" : "",
						 headers->items[i].name);
	return names.data;
}

/* The request in canonical form, hashed. */
static void
hash_request(const EtlSigv4Key *key, const char *method, const EtlUrl *url,
			 const EtlHttpHeaders *headers, const char *payload_hash,
			 char out[ETL_DIGEST_HEX_SIZE])
{
	StringInfoData text;
	uint8 digest[PG_SHA256_DIGEST_LENGTH];

	initStringInfo(&text);
	appendStringInfo(&text, "%s\n%s\n%s\n", method,
					 signed_path(key, url->path),
					 url->query ? url->query : "");
	for (int i = 0; i < headers->n; i++)
		appendStringInfo(&text, "%s:%s\n", headers->items[i].name,
						 headers->items[i].value);
	appendStringInfo(&text, "\n%s\n%s", header_names(headers), payload_hash);
	etl_digest_sha256(text.data, text.len, digest);
	etl_digest_hex(digest, out);

	/* A session token was in it. */
	explicit_bzero(text.data, text.len);
}

/* Signs a text with the key of a day, region and service. */
static void
sign_text(const EtlSigv4Key *key, const SigningTime *time, const char *text,
		  char out[ETL_DIGEST_HEX_SIZE])
{
	const char *const steps[] = {time->day, key->region, key->service,
								 "aws4_request", text};
	char *secret = etl_credentials_concat("AWS4", key->secret_access_key);
	uint8 digest[2][PG_SHA256_DIGEST_LENGTH];

	etl_digest_hmac(secret, strlen(secret), steps[0], strlen(steps[0]),
					digest[0]);
	etl_secret_wipe(secret);
	for (int i = 1; i < lengthof(steps); i++)
		etl_digest_hmac(digest[(i + 1) % 2], PG_SHA256_DIGEST_LENGTH, steps[i],
						strlen(steps[i]), digest[i % 2]);
	etl_digest_hex(digest[(lengthof(steps) - 1) % 2], out);
	explicit_bzero(digest, sizeof(digest));
}

void
etl_sigv4_sign(const EtlSigv4Key *key, const EtlHttpRequest *request,
			   const EtlUrl *url, pg_time_t now,
			   EtlHttpCredentials *credentials)
{
	EtlUrl sent = *url;
	SigningTime time;
	EtlHttpHeaders headers;
	uint8 digest[PG_SHA256_DIGEST_LENGTH];
	char payload_hash[ETL_DIGEST_HEX_SIZE];
	char request_hash[ETL_DIGEST_HEX_SIZE];
	char signature[ETL_DIGEST_HEX_SIZE];
	char *scope;

	format_time(now, &time);
	normalize(key, &sent);
	credentials->url = etl_url_text(&sent);

	etl_digest_sha256(request->body ? request->body : "",
					  request->body ? request->body_len : 0, digest);
	etl_digest_hex(digest, payload_hash);
	etl_credentials_add(&credentials->headers, "X-Amz-Date",
						pstrdup(time.second));
	etl_credentials_add(&credentials->headers, "X-Amz-Content-Sha256",
						pstrdup(payload_hash));
	if (key->session_token != NULL)
		etl_credentials_add(&credentials->headers, "X-Amz-Security-Token",
							pstrdup(key->session_token));

	headers = signed_headers(request, &credentials->headers, &sent);
	hash_request(key, request->method, &sent, &headers, payload_hash,
				 request_hash);
	scope =
		psprintf("%s/%s/%s/aws4_request", time.day, key->region, key->service);
	sign_text(key, &time,
			  psprintf(ALGORITHM "\n%s\n%s\n%s", time.second, scope,
					   request_hash),
			  signature);
	etl_credentials_add(
		&credentials->headers, "Authorization",
		psprintf(ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
				 key->access_key_id, scope, header_names(&headers),
				 signature));
}
