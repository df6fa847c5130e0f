/*
 * url.c
 *	  http and https URLs: parsed, joined, compared, shown.
 */
#include "postgres.h"

#include <ctype.h>
#include <curl/curl.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "http/url.h"

#define MASK "***"

/*
 * Parameters that hold secrets: keys and tokens of many services, and the
 * signatures of links that grant access.
 */
static const char *const secret_params[] = {
	"access_key",
	"access_token",
	"api-key",
	"api_key",
	"apikey",
	"appid",
	"auth",
	"auth_token",
	"client_secret",
	"key",
	"passwd",
	"password",
	"private_token",
	"pwd",
	"refresh_token",
	"secret",
	"sig",
	"signature",
	"token",
	"x-amz-credential",
	"x-amz-security-token",
	"x-amz-signature",
	"x-goog-credential",
	"x-goog-signature",
};

/* Copies a part of a URL and frees libcurl's; NULL if there is none. */
static char *
get_part(CURLU *handle, CURLUPart part, unsigned int flags)
{
	char *value = NULL;
	char *copy = NULL;

	if (curl_url_get(handle, part, &value, flags) == CURLUE_OK)
	{
		size_t size = strlen(value) + 1;

		copy = palloc_extended(size, MCXT_ALLOC_NO_OOM);
		if (copy != NULL)
			memcpy(copy, value, size);
		curl_free(value);
		if (copy == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	return copy;
}

/* Returns -1 if c is no hexadecimal digit. */
static int
hex_value(char c)
{
	c = pg_ascii_tolower((unsigned char) c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Where the path of a URL begins, or of a text that is relative to one. */
static const char *
find_path(const char *text)
{
	const char *authority = strstr(text, "://");

	if (authority != NULL && authority == text + strcspn(text, ":/?#"))
		authority += strlen("://");
	else if (strncmp(text, "//", 2) == 0)
		authority = text + 2;
	else
		return text;
	return authority + strcspn(authority, "/?#\\");
}

/*
 * The text as all versions of libcurl take it in one way, palloc'd: spaces and
 * bytes beyond ASCII encoded behind the host, encodings in upper case, and no
 * encoded dots in the path, which could be dot segments.  NULL if there are
 * control characters in it.
 */
static char *
normalize(const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);
	const char *path = find_path(utf8);
	const char *query = path + strcspn(path, "?#");
	char *result = palloc(strlen(utf8) * 3 + 1);
	char *out = result;

	for (const char *in = utf8; *in; in++)
	{
		unsigned char c = *in;
		int high = in >= path && c == '%' ? hex_value(in[1]) : -1;
		int low = high < 0 ? -1 : hex_value(in[2]);

		if (c < ' ' || c == 0x7f)
			return NULL;
		if (low >= 0)
		{
			c = high * 16 + low;
			in += 2;
		}
		if (low >= 0 ? !(c == '.' && in < query)
					 : in >= path && (c == ' ' || c >= 0x80))
		{
			*out++ = '%';
			*out++ = digits[c >> 4];
			*out++ = digits[c & 15];
		}
		else
			*out++ = c;
	}
	*out = '\0';
	return result;
}

/* Takes the parts of a URL out of its handle. */
static EtlUrlFault
get_url(CURLU *handle, EtlUrl *url)
{
	char *scheme = get_part(handle, CURLUPART_SCHEME, 0);
	char *port = get_part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);

	if (scheme == NULL ||
		(strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return ETL_URL_WRONG_SCHEME;
	url->secure = strcmp(scheme, "https") == 0;
	url->host = get_part(handle, CURLUPART_HOST, CURLU_PUNYCODE);
	url->path = get_part(handle, CURLUPART_PATH, 0);
	url->query = get_part(handle, CURLUPART_QUERY, 0);

	/* A zone would say which network card to use. */
	if (url->host == NULL || url->path == NULL || port == NULL ||
		get_part(handle, CURLUPART_ZONEID, 0) != NULL)
		return ETL_URL_MALFORMED;
	url->port = atoi(port);
	if (url->port == 0)
		return ETL_URL_MALFORMED;
	for (char *c = url->host; *c; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	return ETL_URL_OK;
}

/* True if the text's scheme is followed by two slashes, or it has none. */
static bool
has_usual_slashes(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz"
							"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return text[n] != ':' || (strncmp(text + n, "://", 3) == 0 &&
							  text[n + 3] != '/' && text[n + 3] != '\\');
}

/* Has libcurl parse a text in normal form, and takes the parts. */
static EtlUrlFault
parse_normal(CURLU *handle, const char *base, const char *text, EtlUrl *url)
{
	CURLUcode code = CURLUE_OK;

	if (base != NULL)
		code = curl_url_set(handle, CURLUPART_URL, base, 0);
	if (code == CURLUE_OK)
		code = curl_url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER);
	switch (code)
	{
		case CURLUE_OK:
			return get_url(handle, url);
		case CURLUE_USER_NOT_ALLOWED:
			return ETL_URL_USERINFO;
		case CURLUE_UNSUPPORTED_SCHEME:
		case CURLUE_BAD_SCHEME:
			return ETL_URL_WRONG_SCHEME;
		default:
			return ETL_URL_MALFORMED;
	}
}

static EtlUrlFault
parse(const char *base, const char *text, EtlUrl *url)
{
	volatile EtlUrlFault fault = ETL_URL_MALFORMED;
	CURLU *handle;

	memset(url, 0, sizeof(*url));
	if (text == NULL)
		return ETL_URL_MALFORMED;
	handle = curl_url();
	if (handle == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	PG_TRY();
	{
		fault = parse_normal(handle, base, text, url);
	}
	PG_FINALLY();
	{
		curl_url_cleanup(handle);
	}
	PG_END_TRY();
	return fault;
}

EtlUrlFault
etl_url_parse(const char *text, EtlUrl *url)
{
	const char *normal = normalize(text);

	/* what libcurl says of nothing depends on its version */
	if (text[0] == '\0')
		return ETL_URL_WRONG_SCHEME;

	/* libcurl forgives one slash and three, other programs don't. */
	if (normal != NULL && !has_usual_slashes(normal))
		normal = NULL;
	return parse(NULL, normal, url);
}

EtlUrlFault
etl_url_resolve(const EtlUrl *base, const char *text, EtlUrl *url)
{
	return parse(etl_url_text(base), normalize(text), url);
}

char *
etl_url_text(const EtlUrl *url)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "%s://%s", url->secure ? "https" : "http",
					 url->host);
	if (url->port != (url->secure ? 443 : 80))
		appendStringInfo(&out, ":%d", url->port);
	appendStringInfoString(&out, url->path);
	if (url->query != NULL)
		appendStringInfo(&out, "?%s", url->query);
	return out.data;
}

/* The text without percent-encoding, palloc'd. */
static char *
decode(const char *text, size_t len)
{
	char *result = palloc(len + 1);
	char *out = result;
	const char *end = text + len;

	while (text < end)
	{
		int high = *text == '%' && end - text > 2 ? hex_value(text[1]) : -1;
		int low = high < 0 ? -1 : hex_value(text[2]);

		*out++ = low < 0 ? *text : (char) (high * 16 + low);
		text += low < 0 ? 1 : 3;
	}
	*out = '\0';
	return result;
}

static bool
is_secret_param(const char *name, size_t len, const char *secret_param)
{
	char *decoded = decode(name, len);

	/* A plus may stand for a space. */
	if (secret_param != NULL && strchr(secret_param, ' ') != NULL)
	{
		for (char *c = decoded; *c; c++)
			*c = *c == '+' ? ' ' : *c;
	}
	if (secret_param != NULL && strcmp(decoded, secret_param) == 0)
		return true;
	for (int i = 0; i < lengthof(secret_params); i++)
	{
		if (pg_strcasecmp(decoded, secret_params[i]) == 0)
			return true;
	}
	return false;
}

/* The length of the part of an authority that is userinfo, with its "@". */
static size_t
userinfo_length(const char *authority)
{
	size_t len = strcspn(authority, "/?#\\");

	while (len > 0 && authority[len - 1] != '@')
		len--;
	return len;
}

char *
etl_url_visible(const char *text, const char *secret_param)
{
	StringInfoData out;
	const char *authority = strstr(text, "://");
	const char *query = strchr(text, '?');

	initStringInfo(&out);
	if (authority != NULL && (query == NULL || authority < query))
	{
		size_t len;

		authority += strlen("://");
		len = userinfo_length(authority);
		appendBinaryStringInfo(&out, text, authority - text);
		appendStringInfoString(&out, len > 0 ? MASK "@" : "");
		text = authority + len;
	}
	if (query == NULL || query < text)
		query = text + strlen(text);
	appendBinaryStringInfo(&out, text, query - text);

	while (*query != '\0')
	{
		const char *param = query + 1;
		size_t len = strcspn(param, "&;");
		const char *equals = memchr(param, '=', len);

		appendStringInfoChar(&out, *query);
		query = param + len;
		if (equals != NULL &&
			is_secret_param(param, equals - param, secret_param))
		{
			appendBinaryStringInfo(&out, param, equals + 1 - param);
			appendStringInfoString(&out, MASK);
		}
		else
			appendBinaryStringInfo(&out, param, len);
	}
	return out.data;
}

bool
etl_url_same_origin(const EtlUrl *a, const EtlUrl *b)
{
	return a->secure == b->secure && a->port == b->port &&
		   strcmp(a->host, b->host) == 0;
}

/*
 * Whether a server might find dot segments in the path, which libcurl has left
 * there: encoded ones, even twice, behind encoded slashes, or backslashes.
 */
static bool
has_hidden_dots(const char *path)
{
	char *decoded = decode(path, strlen(path));
	char *twice = decode(decoded, strlen(decoded));

	for (char *c = twice; *c; c++)
	{
		size_t n;

		if (*c != '/' && *c != '\\')
			continue;
		n = strcspn(c + 1, "/\\;");
		if ((n == 1 || n == 2) && c[1] == '.' && c[n] == '.')
			return true;
	}
	return false;
}

bool
etl_url_is_below(const EtlUrl *base, const EtlUrl *url)
{
	size_t len = strlen(base->path);

	if (len > 0 && base->path[len - 1] == '/')
		len--;
	if (len == 0)
		return true;
	return strncmp(base->path, url->path, len) == 0 &&
		   (url->path[len] == '/' || url->path[len] == '\0') &&
		   !has_hidden_dots(url->path);
}

char *
etl_url_encode(const char *text, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	char *result = palloc(len * 3 + 1);
	char *out = result;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = text[i];

		if ((c < 128 && isalnum(c)) || (c != '\0' && strchr("-._~", c)))
			*out++ = c;
		else
		{
			*out++ = '%';
			*out++ = digits[c >> 4];
			*out++ = digits[c & 15];
		}
	}
	*out = '\0';
	return result;
}

void
etl_url_add_param(EtlUrl *url, const char *name, const char *value)
{
	char *name_utf8 = pg_server_to_any(name, strlen(name), PG_UTF8);
	char *value_utf8 = pg_server_to_any(value, strlen(value), PG_UTF8);
	bool first = url->query == NULL || url->query[0] == '\0';

	url->query =
		psprintf("%s%s%s=%s", first ? "" : url->query, first ? "" : "&",
				 etl_url_encode(name_utf8, strlen(name_utf8)),
				 etl_url_encode(value_utf8, strlen(value_utf8)));
}

bool
etl_url_scalar(const JsonbValue *value, char **text)
{
	switch (value->type)
	{
		case jbvNull:
			*text = NULL;
			return true;
		case jbvBool:
			*text = pstrdup(value->val.boolean ? "true" : "false");
			return true;
		case jbvNumeric:
			*text = DatumGetCString(
				DirectFunctionCall1(numeric_out,
									NumericGetDatum(value->val.numeric)));
			return true;
		case jbvString:
			*text = pnstrdup(value->val.string.val, value->val.string.len);
			return true;
		default:
			return false;
	}
}

/* Adds a parameter that is a scalar, or each item of an array. */
static void
add_json_param(EtlUrl *url, const char *name, const JsonbValue *value)
{
	char *text;

	if (etl_url_scalar(value, &text))
	{
		if (text != NULL)
			etl_url_add_param(url, name, text);
		return;
	}
	if (value->type == jbvBinary &&
		JsonContainerIsArray(value->val.binary.data))
	{
		JsonbIterator *it = JsonbIteratorInit(value->val.binary.data);
		JsonbValue item;
		JsonbIteratorToken token = JsonbIteratorNext(&it, &item, true);

		while ((token = JsonbIteratorNext(&it, &item, true)) == WJB_ELEM &&
			   etl_url_scalar(&item, &text))
		{
			if (text != NULL)
				etl_url_add_param(url, name, text);
		}
		if (token == WJB_END_ARRAY)
			return;
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("parameter \"%s\" must be a string, number, "
						   "boolean, or an array of them",
						   name)));
}

void
etl_url_add_params(EtlUrl *url, const Jsonb *params)
{
	JsonbIterator *it;
	JsonbValue key;
	JsonbValue value;

	if (!JB_ROOT_IS_OBJECT(params))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"params\" must be a JSON object")));

	it = JsonbIteratorInit(&((Jsonb *) params)->root);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		char *name = pnstrdup(key.val.string.val, key.val.string.len);

		(void) JsonbIteratorNext(&it, &value, true);
		add_json_param(url, name, &value);
	}
}
