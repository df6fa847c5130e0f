/*
 * access.c
 *	  Which URLs the setting pg_etl.allowed_urls allows.
 */
#include "postgres.h"

#include <ctype.h>

#include "http/access.h"

typedef struct Pattern
{
	EtlUrl url;
	bool any_host;
	bool subdomains; /* of the URL's host, and not that itself */
} Pattern;

/* Parses one item, trimmed. */
static bool
parse_pattern(const char *item, Pattern *pattern)
{
	const char *host = strstr(item, "://");
	const char *rest;
	char *text;

	memset(pattern, 0, sizeof(*pattern));
	if (host == NULL)
		return false;
	host += strlen("://");
	rest = host;
	if (rest[0] == '*' && rest[1] == '.')
	{
		pattern->subdomains = true;
		rest += 2;
	}
	else if (rest[0] == '*' && strchr(":/", rest[1]) != NULL)
	{
		pattern->any_host = true;
		rest++;
	}

	/* The parser takes no "*", but wants a host. */
	text = psprintf("%.*s%s%s", (int) (host - item), item,
					pattern->any_host ? "any" : "", rest);
	return etl_url_parse(text, &pattern->url) == ETL_URL_OK &&
		   pattern->url.query == NULL && strchr(text, '#') == NULL;
}

bool
etl_access_parse(const char *setting, List **patterns, char **bad)
{
	const char *item = setting;
	bool ok = true;

	*patterns = NIL;
	while (item != NULL)
	{
		size_t len = strcspn(item, ",");
		const char *next = item[len] == ',' ? item + len + 1 : NULL;
		Pattern *pattern = palloc(sizeof(Pattern));
		char *text;

		while (len > 0 && isspace((unsigned char) *item))
		{
			item++;
			len--;
		}
		while (len > 0 && isspace((unsigned char) item[len - 1]))
			len--;
		text = pnstrdup(item, len);
		if (len > 0 && parse_pattern(text, pattern))
			*patterns = lappend(*patterns, pattern);
		else if (len > 0 || next != NULL || *patterns != NIL)
		{
			*bad = text;
			ok = false;
		}
		item = next;
	}
	return ok;
}

static bool
host_fits(const Pattern *pattern, const char *host)
{
	size_t suffix = strlen(pattern->url.host);
	size_t len = strlen(host);

	if (pattern->any_host)
		return true;
	if (!pattern->subdomains)
		return strcmp(pattern->url.host, host) == 0;
	return len > suffix + 1 && host[len - suffix - 1] == '.' &&
		   strcmp(host + len - suffix, pattern->url.host) == 0;
}

bool
etl_access_allows(const List *patterns, const EtlUrl *url)
{
	ListCell *cell;

	foreach (cell, patterns)
	{
		const Pattern *pattern = lfirst(cell);

		if (pattern->url.secure == url->secure &&
			pattern->url.port == url->port && host_fits(pattern, url->host) &&
			etl_url_is_below(&pattern->url, url))
			return true;
	}
	return false;
}
