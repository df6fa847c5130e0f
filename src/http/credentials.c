/*
 * credentials.c
 *	  Building what is added to a request.
 */
#include "postgres.h"

#include "common/base64.h"

#include "http/credentials.h"
#include "http/secrets.h"

void
etl_credentials_add(EtlHttpHeaders *headers, const char *name, char *value)
{
	size_t size = sizeof(EtlHttpHeader) * (headers->n + 1);

	headers->items =
		headers->items == NULL ? palloc(size) : repalloc(headers->items, size);
	headers->items[headers->n].name = pstrdup(name);
	headers->items[headers->n].value = value;
	headers->n++;
}

char *
etl_credentials_concat(const char *a, const char *b)
{
	size_t len = strlen(a);
	char *result = palloc(len + strlen(b) + 1);

	strcpy(result, a);
	strcpy(result + len, b);
	return result;
}

char *
etl_credentials_basic(const char *user, const char *password)
{
	static const char scheme[] = "Basic ";
	char *name = etl_credentials_concat(user, ":");
	char *pair = etl_credentials_concat(name, password);
	int len = strlen(pair);
	int size = pg_b64_enc_len(len);
	char *value = palloc0(strlen(scheme) + size + 1);

	/* What is encoded is of type uint8 in newer servers. */
	strcpy(value, scheme);
	if (pg_b64_encode((void *) pair, len, value + strlen(scheme), size) < 0)
		elog(ERROR, "could not encode credentials");
	etl_secret_wipe(pair);
	pfree(pair);
	pfree(name);
	return value;
}

void
etl_http_credentials_clear(EtlHttpCredentials *credentials)
{
	etl_secret_wipe(credentials->url);
	for (int i = 0; i < credentials->headers.n; i++)
		etl_secret_wipe(credentials->headers.items[i].value);
	memset(credentials, 0, sizeof(*credentials));
}
