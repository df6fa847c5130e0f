/*
 * headers.c
 *	  The headers that users give, checked.
 *
 * Credentials have no place in arguments: those are in the text of queries,
 * and so in views, logs and statistics.
 */
#include "postgres.h"

#include "http/headers.h"
#include "http/site.h"
#include "http/url.h"

/* Headers that carry credentials, beside those whose name holds a word. */
static const char *const credential_headers[] = {
	"Cookie",          "Ocp-Apim-Subscription-Key",
	"Private-Token",   "X-Amz-Security-Token",
	"X-Auth",          "X-Auth-Key",
	"X-Auth-User",     "X-CSRF-Token",
	"X-Gitlab-Token",  "X-RapidAPI-Key",
	"X-Session-Id",    "X-Session-Token",
	"X-Shopify-Token", "X-Token",
	"X-Vault-Token",
};

static const char *const credential_words[] = {
	"authorization", "api-key",      "apikey",       "api_key",  "auth-token",
	"auth_token",    "access-token", "access_token", "password", "secret",
};

/* Headers that are the transport's own. */
static const char *const transport_headers[] = {
	"Accept-Encoding", "Connection", "Content-Encoding", "Content-Length",
	"Expect",          "Host",       "If-Range",         "Keep-Alive",
	"Range",           "TE",         "Trailer",          "Transfer-Encoding",
	"Upgrade",
};

static bool
is_one_of(const char *name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (pg_strcasecmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
carries_credentials(const char *name)
{
	char *lower = pstrdup(name);

	for (char *c = lower; *c; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	for (int i = 0; i < lengthof(credential_words); i++)
	{
		if (strstr(lower, credential_words[i]) != NULL)
			return true;
	}
	return is_one_of(name, credential_headers, lengthof(credential_headers));
}

bool
etl_header_is_name(const char *name)
{
	return name[0] != '\0' &&
		   strspn(name, "abcdefghijklmnopqrstuvwxyz"
						"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						"0123456789!#$%&'*+-.^_`|~") == strlen(name);
}

bool
etl_header_has_controls(const char *value)
{
	for (; *value; value++)
	{
		if (((unsigned char) *value < ' ' && *value != '\t') ||
			*value == '\177')
			return true;
	}
	return false;
}

bool
etl_header_is_transport(const char *name)
{
	return is_one_of(name, transport_headers, lengthof(transport_headers)) ||
		   pg_strncasecmp(name, "Proxy-", strlen("Proxy-")) == 0;
}

/* Raises 22023 for a header that users may not give. */
static void
check_header(const char *name, const char *value)
{
	if (!etl_header_is_name(name))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid header name \"%s\"", name)));
	if (carries_credentials(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("header \"%s\" must not be given as an argument",
						name),
				 errdetail("It carries credentials, which arguments would "
						   "show to others."),
				 errhint("Create a server with CREATE SERVER ... FOREIGN DATA "
						 "WRAPPER pg_etl, keep the credentials in a user "
						 "mapping, and name the server.")));
	if (etl_header_is_transport(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("header \"%s\" must not be given as an argument",
						name),
				 errdetail("It is set where it is needed.")));
	if (value == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("header \"%s\" must be a string", name)));
	if (etl_header_has_controls(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("header \"%s\" must not contain line breaks or other "
						"control characters",
						name)));
}

EtlHttpHeaders
etl_http_site_headers(const Jsonb *headers)
{
	EtlHttpHeaders result = {0};
	JsonbIterator *it;
	JsonbValue key;
	JsonbValue value;

	if (headers == NULL)
		return result;
	if (!JB_ROOT_IS_OBJECT(headers))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"headers\" must be a JSON object")));

	result.items =
		palloc(sizeof(EtlHttpHeader) * Max(JB_ROOT_COUNT(headers), 1));
	it = JsonbIteratorInit(&((Jsonb *) headers)->root);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		EtlHttpHeader *header = &result.items[result.n++];

		header->name = pnstrdup(key.val.string.val, key.val.string.len);
		(void) JsonbIteratorNext(&it, &value, true);
		if (!etl_url_scalar(&value, &header->value))
			header->value = NULL;
		check_header(header->name, header->value);
	}
	return result;
}
