/*
 * page_request.c
 *	  The request for one page: a place in the first request, filled.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "api/page_request.h"
#include "http/url.h"

static char *
to_utf8(const char *text)
{
	return pg_server_to_any(text, (int) strlen(text), PG_UTF8);
}

/* True if this part of a query sets the parameter. */
static bool
sets_param(const char *part, size_t len, const char *param)
{
	const char *end = part + len;

	for (; part < end && *part != '='; part++, param++)
	{
		char digits[3] = {0};
		char c = *part == '+' ? ' ' : *part;

		if (c == '%' && end - part > 2)
		{
			memcpy(digits, part + 1, 2);
			c = (char) strtol(digits, NULL, 16);
			part += 2;
		}
		if (c != *param || c == '\0')
			return false;
	}
	return *param == '\0';
}

char *
etl_page_url_set(const char *url, const char *param, const char *value)
{
	char *name = to_utf8(param);
	const char *query = strchr(url, '?');
	StringInfoData out;
	char separator = '?';

	initStringInfo(&out);
	appendBinaryStringInfo(&out, url,
						   (int) (query ? query - url : strlen(url)));
	while (query)
	{
		const char *part = query + 1;
		size_t len = strcspn(part, "&");

		query = part[len] ? part + len : NULL;
		if (len == 0 || sets_param(part, len, name))
			continue;
		appendStringInfoChar(&out, separator);
		appendBinaryStringInfo(&out, part, (int) len);
		separator = '&';
	}
	appendStringInfo(&out, "%c%s=%s", separator,
					 etl_url_encode(name, strlen(name)),
					 etl_url_encode(value, strlen(value)));
	return out.data;
}

static void
set_header(EtlHttpHeaders *headers, const char *name, const char *value)
{
	EtlHttpHeader *items = palloc(sizeof(EtlHttpHeader) * (headers->n + 1));
	int n = 0;

	for (int i = 0; i < headers->n; i++)
	{
		if (pg_strcasecmp(headers->items[i].name, name) != 0)
			items[n++] = headers->items[i];
	}
	items[n].name = pstrdup(name);
	items[n++].value = pstrdup(value);
	headers->items = items;
	headers->n = n;
}

/* The value as JSON. */
static Datum
json_value(EtlParamValue value)
{
	char *text =
		pg_any_to_server(value.text, (int) strlen(value.text), PG_UTF8);
	StringInfoData out;

	if (value.is_number)
		return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
	initStringInfo(&out);
	escape_json(&out, text);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

static List *
split_names(const char *path)
{
	List *names = NIL;

	for (;;)
	{
		size_t len = strcspn(path, ".");

		names = lappend(names, pnstrdup(path, len));
		if (path[len] == '\0')
			return names;
		path += len + 1;
	}
}

/* True if there is an object where the first n names lead to. */
static bool
has_object(Jsonb *body, List *names, int n)
{
	JsonbContainer *container = &body->root;

	for (int i = 0; i < n && JsonContainerIsObject(container); i++)
	{
		const char *name = list_nth(names, i);
		JsonbValue found;

		if (!getKeyJsonValueFromContainer(container, name, (int) strlen(name),
										  &found) ||
			found.type != jbvBinary)
			return false;
		container = found.val.binary.data;
	}
	return JsonContainerIsObject(container);
}

/* The body with the member set that the first n names lead to. */
static Jsonb *
set_member(Jsonb *body, List *names, int n, Datum value)
{
	Datum *path = palloc(sizeof(Datum) * n);
	Datum result;

	for (int i = 0; i < n; i++)
		path[i] = CStringGetTextDatum(list_nth(names, i));
	result = DirectFunctionCall4(jsonb_set, JsonbPGetDatum(body),
								 PointerGetDatum(
									 construct_array(path, n, TEXTOID, -1,
													 false, TYPALIGN_INT)),
								 value, BoolGetDatum(true));
	return DatumGetJsonbP(result);
}

/* Sets a member of the body; objects around it are made where they lack. */
static void
set_in_body(Jsonb **body, const char *path, Datum value)
{
	List *names = split_names(strncmp(path, "$.", 2) == 0 ? path + 2 : path);
	Datum object = DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));

	if (*body == NULL)
		*body = DatumGetJsonbP(object);
	for (int n = 1; n < list_length(names); n++)
	{
		if (!has_object(*body, names, n))
			*body = set_member(*body, names, n, object);
	}
	*body = set_member(*body, names, list_length(names), value);
}

void
etl_page_request_set(EtlHttpRequest *request, Jsonb **body,
					 EtlParamPlace place, const char *param,
					 EtlParamValue value)
{
	switch (place)
	{
		case ETL_PARAM_IN_QUERY:
			request->url = etl_page_url_set(request->url, param, value.text);
			break;
		case ETL_PARAM_IN_BODY:
			set_in_body(body, param, json_value(value));
			break;
		case ETL_PARAM_IN_HEADER:
			set_header(&request->headers, param, value.text);
			break;
	}
}

void
etl_page_request_set_body(EtlHttpRequest *request, const Jsonb *body)
{
	char *text =
		JsonbToCString(NULL, unconstify(JsonbContainer *, &body->root), -1);

	request->body = to_utf8(text);
	request->body_len = strlen(request->body);
}
