/*
 * pagination.c
 *	  How a page tells of the next one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "api/pagination.h"
#include "compat.h"

/* The setting as it is given. */
typedef struct Given
{
	int type;
	char *path;
	char *header;
	char *param;
	int in;
	char *stop;
	int64 start;
	char *size_param; /* limit_param */
	int64 size;       /* limit */
	char *total;      /* total_pages */
	EtlTextList *end_status;
} Given;

static const char *const type_names[] = {"auto",   "link_header", "next_url",
										 "cursor", "page",        "offset",
										 "none",   NULL};
static const char *const place_names[] = {"query", "body", "header", NULL};

#define GIVEN(member) .offset = offsetof(Given, member)
#define TYPE \
	{ \
		.name = "type", GIVEN(type), .type = ETL_OPTION_ENUM, \
		.values = type_names \
	}
#define TEXT(key, member) \
	{ \
		.name = key, GIVEN(member), .type = ETL_OPTION_TEXT \
	}
#define NUMBER(key, member, least) \
	{ \
		.name = key, GIVEN(member), .type = ETL_OPTION_INT64, .min = least \
	}
#define PLACE \
	{ \
		.name = "in", GIVEN(in), .type = ETL_OPTION_ENUM, \
		.values = place_names \
	}
#define END_STATUS \
	{ \
		.name = "end_status", GIVEN(end_status), .type = ETL_OPTION_TEXT_LIST \
	}

static const EtlOptionDef plain_defs[] = {TYPE};
static const EtlOptionDef next_url_defs[] = {TYPE, TEXT("path", path)};
static const EtlOptionDef cursor_defs[] = {
	TYPE,  TEXT("path", path), TEXT("header", header), TEXT("param", param),
	PLACE, TEXT("stop", stop)};
static const EtlOptionDef page_defs[] = {TYPE,
										 TEXT("param", param),
										 PLACE,
										 NUMBER("start", start, 0),
										 TEXT("size_param", size_param),
										 NUMBER("size", size, 1),
										 TEXT("total_pages", total),
										 END_STATUS};
static const EtlOptionDef offset_defs[] = {TYPE,
										   TEXT("param", param),
										   PLACE,
										   NUMBER("start", start, 0),
										   TEXT("limit_param", size_param),
										   NUMBER("limit", size, 1),
										   TEXT("total", total),
										   END_STATUS};

static const EtlOptionTable tables[] = {
	[ETL_PAGINATION_AUTO] = {plain_defs, lengthof(plain_defs)},
	[ETL_PAGINATION_LINK_HEADER] = {plain_defs, lengthof(plain_defs)},
	[ETL_PAGINATION_NEXT_URL] = {next_url_defs, lengthof(next_url_defs)},
	[ETL_PAGINATION_CURSOR] = {cursor_defs, lengthof(cursor_defs)},
	[ETL_PAGINATION_PAGE] = {page_defs, lengthof(page_defs)},
	[ETL_PAGINATION_OFFSET] = {offset_defs, lengthof(offset_defs)},
	[ETL_PAGINATION_NONE] = {plain_defs, lengthof(plain_defs)},
};

/*
 * Where auto looks for the next page: first for its URL, then for a cursor,
 * which the request then has in the parameter.
 */
static const char *const url_paths[] = {
	"$.next",
	"$.next.href",
	"$.next_url",
	"$.nextUrl",
	"$.next_page_url",
	"$.next_link",
	"$.nextLink",
	"$['@odata.nextLink']",
	"$.links.next",
	"$.links.next.href",
	"$._links.next",
	"$._links.next.href",
	"$.paging.next",
	"$.paging.next.link",
	"$.pagination.next",
	"$.pagination.next_url",
	"$.pagination.links.next",
	"$.meta.next",
	"$.meta.next_url",
};

static const struct
{
	const char *path;
	const char *param;
} cursor_paths[] = {
	{"$.next_cursor", "cursor"},
	{"$.nextCursor", "cursor"},
	{"$.next_page_token", "page_token"},
	{"$.nextPageToken", "pageToken"},
	{"$.meta.next_cursor", "cursor"},
	{"$.paging.next_cursor", "cursor"},
	{"$.paging.next.after", "after"},
	{"$.pagination.next_cursor", "cursor"},
	{"$.response_metadata.next_cursor", "cursor"},
};

/* Members that tell whether there is more, and where they stand. */
static const char *const more_names[] = {"has_more",      "hasMore",
										 "has_next",      "hasNext",
										 "has_next_page", "hasNextPage"};
static const char *const more_parents[] = {NULL,        "meta",
										   "paging",    "pagination",
										   "page_info", "pageInfo"};

static void
pagination_error_context(void *arg)
{
	errcontext("setting \"pagination\"");
}

static ETL_NORETURN void
raise_lacks(const char *type, const char *what)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("pagination of type \"%s\" needs %s", type, what)));
}

/* The setting's type. */
static EtlPaginationType
type_of(const Jsonb *object)
{
	static const EtlOptionTable type_table = {plain_defs, 1};
	JsonbValue type = {.type = jbvNull};
	EtlOptionTarget target;
	Given given;

	if (JB_ROOT_IS_OBJECT(object))
		(void) getKeyJsonValueFromContainer((JsonbContainer *) &object->root,
											"type", strlen("type"), &type);
	if (type.type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("pagination must be a JSON object with a member "
						"\"type\""),
				 errhint("Valid types are: auto, link_header, next_url, "
						 "cursor, page, offset, none.")));

	etl_option_init(&target, &type_table, &given);
	(void) etl_option_set(&target, "type", TEXTOID,
						  PointerGetDatum(
							  cstring_to_text_with_len(type.val.string.val,
													   type.val.string.len)),
						  false, false);
	return (EtlPaginationType) given.type;
}

/* True if the path's member is one like has_more, which is false at the end. */
static bool
tells_of_more(const EtlJsonPath *path)
{
	const char *name = path->steps[path->nsteps - 1].name;
	char *lower = name ? asc_tolower(name, strlen(name)) : "";

	return strstr(lower, "more") != NULL || strstr(lower, "next") != NULL;
}

static EtlJsonPath *
optional_path(const char *text, const char *option)
{
	return text ? etl_envelope_path(text, option) : NULL;
}

static char *
or_default(char *text, const char *value)
{
	return text ? text : pstrdup(value);
}

static void
set_cursor(EtlPagination *pagination, const Given *given)
{
	if ((given->path == NULL) == (given->header == NULL))
		raise_lacks("cursor", "either \"path\" or \"header\"");
	pagination->path = optional_path(given->path, "path");
	pagination->header = given->header;
	pagination->param = or_default(given->param, "cursor");
	pagination->stop = optional_path(given->stop, "stop");
	pagination->stop_is_false =
		pagination->stop && tells_of_more(pagination->stop);
}

static void
check_statuses(const EtlTextList *statuses)
{
	for (int i = 0; statuses && i < statuses->n; i++)
	{
		if (statuses->items[i] == NULL || atoi(statuses->items[i]) < 300)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"end_status\" must be an array of HTTP "
							"statuses that are no success")));
	}
}

static void
set_page(EtlPagination *pagination, const Given *given)
{
	if (given->size_param && given->size == ETL_OPTION_UNSET)
		raise_lacks("page", "\"size\" where there is \"size_param\"");
	pagination->param = or_default(given->param, "page");
	pagination->start = given->start == ETL_OPTION_UNSET ? 1 : given->start;
	if (given->size != ETL_OPTION_UNSET)
	{
		pagination->size = given->size;
		pagination->size_param = or_default(given->size_param, "per_page");
	}
	pagination->total = optional_path(given->total, "total_pages");
	check_statuses(given->end_status);
	pagination->end_status = given->end_status;
}

static void
set_offset(EtlPagination *pagination, const Given *given)
{
	if (given->size_param && given->size == ETL_OPTION_UNSET)
		raise_lacks("offset", "\"limit\" where there is \"limit_param\"");
	pagination->param = or_default(given->param, "offset");
	pagination->start = given->start == ETL_OPTION_UNSET ? 0 : given->start;
	if (given->size != ETL_OPTION_UNSET)
	{
		pagination->size = given->size;
		pagination->size_param = or_default(given->size_param, "limit");
	}
	pagination->total = optional_path(given->total, "total");
	check_statuses(given->end_status);
	pagination->end_status = given->end_status;
}

EtlPagination *
etl_pagination_parse(const Jsonb *object)
{
	EtlPagination *pagination = palloc0(sizeof(EtlPagination));
	ErrorContextCallback callback = {.callback = pagination_error_context,
									 .previous = error_context_stack};
	EtlOptionTarget target;
	Given given = {0};

	if (object == NULL)
		return pagination;

	error_context_stack = &callback;
	pagination->type = type_of(object);
	etl_option_init(&target, &tables[pagination->type], &given);
	etl_option_set_object(&target, unconstify(Jsonb *, object));
	if (given.in > 0)
		pagination->place = (EtlParamPlace) given.in;
	switch (pagination->type)
	{
		case ETL_PAGINATION_NEXT_URL:
			if (given.path == NULL)
				raise_lacks("next_url", "\"path\"");
			pagination->path = etl_envelope_path(given.path, "path");
			break;
		case ETL_PAGINATION_CURSOR:
			set_cursor(pagination, &given);
			break;
		case ETL_PAGINATION_PAGE:
			set_page(pagination, &given);
			break;
		case ETL_PAGINATION_OFFSET:
			set_offset(pagination, &given);
			break;
		case ETL_PAGINATION_AUTO:
		case ETL_PAGINATION_LINK_HEADER:
		case ETL_PAGINATION_NONE:
			break;
	}
	error_context_stack = callback.previous;
	return pagination;
}

bool
etl_pagination_reads_envelope(const EtlPagination *pagination)
{
	return pagination->path || pagination->stop || pagination->total;
}

bool
etl_pagination_is_numbered(const EtlPagination *pagination)
{
	return pagination->type == ETL_PAGINATION_PAGE ||
		   pagination->type == ETL_PAGINATION_OFFSET;
}

static bool
looks_like_url(EtlEnvelopeValue value)
{
	return value.kind == ETL_ENVELOPE_STRING &&
		   (value.text[0] == '/' || value.text[0] == '?' ||
			pg_strncasecmp(value.text, "http://", 7) == 0 ||
			pg_strncasecmp(value.text, "https://", 8) == 0);
}

/* Whether the page says that there is more: 1, that there isn't: 0, or -1. */
static int
says_more(const EtlEnvelope *envelope)
{
	for (int i = 0; i < (int) lengthof(more_parents); i++)
	{
		for (int j = 0; j < (int) lengthof(more_names); j++)
		{
			EtlEnvelopeValue value =
				etl_envelope_member(envelope, more_parents[i], more_names[j]);

			if (value.kind == ETL_ENVELOPE_FALSE)
				return 0;
			if (value.kind == ETL_ENVELOPE_TRUE)
				return 1;
		}
	}
	return -1;
}

void
etl_pagination_detect(EtlPagination *pagination, const EtlEnvelope *envelope,
					  EtlParamPlace place, const char *page_name)
{
	const char *unclear = NULL;

	pagination->type = ETL_PAGINATION_NONE;
	for (int i = 0; i < (int) lengthof(url_paths); i++)
	{
		EtlJsonPath *path = etl_envelope_path(url_paths[i], "path");
		EtlEnvelopeValue value = etl_envelope_find(envelope, path);

		if (looks_like_url(value))
		{
			pagination->type = ETL_PAGINATION_NEXT_URL;
			pagination->path = path;
			return;
		}
		if (!etl_envelope_is_none(value) && value.kind < ETL_ENVELOPE_ARRAY)
			unclear = url_paths[i];
	}
	for (int i = 0; i < (int) lengthof(cursor_paths); i++)
	{
		EtlJsonPath *path = etl_envelope_path(cursor_paths[i].path, "path");
		EtlEnvelopeValue value = etl_envelope_find(envelope, path);

		if (!etl_envelope_is_none(value) && value.text != NULL)
		{
			pagination->type = ETL_PAGINATION_CURSOR;
			pagination->path = path;
			pagination->place = place;
			pagination->param = pstrdup(cursor_paths[i].param);
			return;
		}
	}
	if (unclear || says_more(envelope) == 1)
		ereport(WARNING,
				(errmsg("there may be more pages than \"%s\"", page_name),
				 unclear ? errdetail("Its member %s holds no URL.", unclear)
						 : errdetail("It says that there is more, but not "
									 "where."),
				 errhint("Tell how to get them with the setting "
						 "\"pagination\"; the type \"none\" says that this "
						 "is all.")));
}

bool
etl_pagination_says_end(const EtlPagination *pagination,
						const EtlEnvelope *envelope)
{
	EtlEnvelopeValue value;

	if (pagination->type == ETL_PAGINATION_LINK_HEADER || envelope == NULL)
		return false;
	if (pagination->stop == NULL)
		return says_more(envelope) == 0;
	value = etl_envelope_find(envelope, pagination->stop);
	return pagination->stop_is_false ? value.kind == ETL_ENVELOPE_FALSE
									 : value.kind == ETL_ENVELOPE_TRUE;
}
