/*
 * next_page.c
 *	  What a page that was read says of the next one.
 */
#include "postgres.h"

#include "common/int.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "api/link_header.h"
#include "api/page_records.h"
#include "api/pages_private.h"
#include "http/headers.h"
#include "json/json_reader.h"

/*
 * What the page at hand says besides its records.  NULL if it says nothing, or
 * nothing that can be understood and nobody needs to.
 */
static EtlEnvelope *
read_envelope(EtlApiPages *pages, EtlReader *reader)
{
	const EtlPagination *pagination = pages->pagination;
	bool is_needed = etl_pagination_reads_envelope(pagination);
	const char *text;
	size_t len;
	EtlEnvelope *envelope;

	/* lines are records, and there is nothing besides them */
	if (pages->options->is_csv ||
		etl_json_reader_format(reader) == ETL_JSON_NDJSON)
		return NULL;
	text = etl_json_reader_envelope(reader, &len);
	if (text == NULL && is_needed)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("\"%s\" has more than 1 MB besides its records",
						pages->page->name),
				 errhint("The option \"records\" tells where they are.")));
	if (text == NULL || len == 0)
		return NULL;
	envelope = etl_envelope_parse(text, len);
	if (envelope == NULL && is_needed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("\"%s\" is not one JSON value, so where the next "
						"page is cannot be told",
						pages->page->name)));
	return envelope;
}

/* True if the page says of itself that it is an error. */
static bool
is_error(const EtlEnvelope *envelope)
{
	return !etl_envelope_is_none(
			   etl_envelope_member(envelope, NULL, "error")) ||
		   !etl_envelope_is_none(
			   etl_envelope_member(envelope, NULL, "errors"));
}

/*
 * Raises an error if the page without records doesn't have what holds them:
 * always of the first page, unless the user expects that, and of any that says
 * that it is an error.
 */
static void
check_records(const EtlApiPages *pages, const EtlEnvelope *envelope)
{
	bool is_excused =
		pages->advanced > 1 || pages->options->allow_no_records == 1;
	StringInfoData members;

	if (pages->records == NULL || envelope == NULL ||
		(is_excused && !is_error(envelope)) ||
		etl_envelope_find(envelope, pages->records).kind !=
			ETL_ENVELOPE_ABSENT)
		return;
	initStringInfo(&members);
	etl_envelope_append_members(envelope, &members);
	ereport(ERROR,
			(errcode(ERRCODE_SQL_JSON_MEMBER_NOT_FOUND),
			 errmsg("\"%s\" has nothing at \"%s\"", pages->page->name,
					pages->options->records),
			 is_error(envelope)
				 ? errdetail("It begins: %s", etl_api_pages_excerpt(pages))
			 : members.len > 0
				 ? errdetail("Its members are: %s.",
							 etl_api_pages_show(pages, members.data,
												members.len))
				 : errdetail("It is no object."),
			 is_excused || is_error(envelope)
				 ? 0
				 : errhint("The option \"records\" tells where the records "
						   "are.  If pages without records lack that member, "
						   "say options => '{\"allow_no_records\": true}'.")));
}

/* The link to the next page in the answer's headers, or NULL. */
static const char *
next_link(const EtlApiPages *pages)
{
	const EtlHttpHeaders *headers = &pages->page->response->headers;

	for (int i = 0; i < headers->n; i++)
	{
		const char *value = headers->items[i].value;
		const char *target;
		size_t len;

		if (pg_strcasecmp(headers->items[i].name, "Link") == 0 &&
			etl_link_header_find(value, strlen(value), "next", &target, &len))
			return pnstrdup(target, len);
	}
	return NULL;
}

/* Asks for the page that the one at hand names as the next; NULL for none. */
static void
ask_for_url(EtlApiPages *pages, const char *url)
{
	EtlApiPage *page;
	MemoryContext old;

	if (url == NULL)
	{
		etl_api_pages_end(pages);
		return;
	}
	page = etl_api_page_new(pages);
	old = MemoryContextSwitchTo(page->context);
	page->request.url =
		etl_http_site_follow(pages->site, pages->page->response->url, url,
							 false);
	MemoryContextSwitchTo(old);
	etl_api_pages_ask(pages, page);
}

static void
ask_for_cursor(EtlApiPages *pages, EtlParamValue cursor)
{
	const EtlPagination *pagination = pages->pagination;
	EtlApiPage *page = etl_api_page_new(pages);
	MemoryContext old = MemoryContextSwitchTo(page->context);

	if (pagination->place == ETL_PARAM_IN_HEADER &&
		etl_header_has_controls(cursor.text))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("cursor of \"%s\" cannot be a header's value",
							   pages->page->name)));
	page->cursor = pstrdup(cursor.text);
	etl_page_request_set(&page->request, &page->body, pagination->place,
						 pagination->param, cursor);
	MemoryContextSwitchTo(old);
	etl_api_pages_ask(pages, page);
}

/* Goes on to where a member leads. */
static void
ask_by_member(EtlApiPages *pages, const EtlEnvelope *envelope)
{
	bool is_url = pages->pagination->type == ETL_PAGINATION_NEXT_URL;
	EtlEnvelopeValue value =
		etl_envelope_find(envelope, pages->pagination->path);
	EtlParamValue cursor = {value.text, value.kind == ETL_ENVELOPE_NUMBER};

	if (etl_envelope_is_none(value))
		etl_api_pages_end(pages);
	else if (value.text == NULL || (is_url && cursor.is_number))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("what the pagination's path leads to in \"%s\" is no %s",
					pages->page->name, is_url ? "URL" : "cursor"),
			 is_url ? errdetail("It must be a string.")
					: errdetail("It must be a string or number.")));
	else if (is_url)
		ask_for_url(pages,
					pg_any_to_server(value.text, (int) strlen(value.text),
									 PG_UTF8));
	else
		ask_for_cursor(pages, cursor);
}

static void
ask_by_header(EtlApiPages *pages)
{
	const char *text = etl_http_header(&pages->page->response->headers,
									   pages->pagination->header);
	EtlParamValue cursor = {text, false};

	if (text == NULL || text[0] == '\0')
		etl_api_pages_end(pages);
	else
		ask_for_cursor(pages, cursor);
}

/* Learns from a page how many there are, if it says so. */
static void
set_total(EtlApiPages *pages, const EtlEnvelope *envelope)
{
	const EtlPagination *pagination = pages->pagination;
	EtlEnvelopeValue value;
	char *end;
	int64 total;

	if (pagination->total == NULL)
		return;
	value = etl_envelope_find(envelope, pagination->total);
	if (value.text == NULL)
		return;
	errno = 0;
	total = strtoll(value.text, &end, 10);
	if (end == value.text || *end != '\0' || errno != 0)
		return;
	pages->end_number = total;
	/* pages are counted from 1, mostly */
	if (pagination->type == ETL_PAGINATION_PAGE && pagination->start > 0 &&
		total < PG_INT64_MAX)
		pages->end_number++;
}

/*
 * Settles by how much an offset grows.  That is the limit, if pages may have as
 * many records; if the first one has fewer, the server may have a smaller limit
 * of its own, so nothing is fetched ahead until a second page has as many.
 */
static void
set_step(EtlApiPages *pages, int64 records)
{
	int64 size = pages->pagination->size;

	if (pages->pagination->type == ETL_PAGINATION_PAGE)
		return;
	if (!etl_api_counts_records(pages->options))
	{
		pages->step = size;
		pages->step_is_sure = true;
	}
	else if (pages->advanced == 1)
	{
		pages->step = records;
		pages->step_is_sure = records >= size;
	}
	else if (!pages->step_is_sure)
	{
		pages->step_is_sure = records == pages->step;
		pages->step = records;
	}
}

/* Goes on by number. */
static void
ask_by_number(EtlApiPages *pages, const EtlEnvelope *envelope, int64 records)
{
	bool was_sure = pages->step_is_sure && pages->advanced > 1;
	int64 next;

	if (records > 0)
	{
		set_total(pages, envelope);
		set_step(pages, records);
	}
	if (records == 0 ||
		pg_add_s64_overflow(pages->page->number, pages->step, &next) ||
		next >= pages->end_number)
	{
		etl_api_pages_end(pages);
		return;
	}
	if (!was_sure)
		pages->next_number = next;
	etl_api_pages_ask_ahead(pages);
}

/* Settles what auto means; what is found is for all pages. */
static void
detect(EtlApiPages *pages, const EtlEnvelope *envelope)
{
	MemoryContext old = MemoryContextSwitchTo(pages->context);

	etl_pagination_detect(pages->pagination, envelope,
						  etl_api_is_post(pages->options) ? ETL_PARAM_IN_BODY
														  : ETL_PARAM_IN_QUERY,
						  pages->page->name);
	MemoryContextSwitchTo(old);
}

/* Asks for the page after the one at hand, if there is one. */
static void
ask_next(EtlApiPages *pages, const EtlEnvelope *envelope, int64 records)
{
	switch (pages->pagination->type)
	{
		case ETL_PAGINATION_LINK_HEADER:
			ask_for_url(pages, next_link(pages));
			break;
		case ETL_PAGINATION_NEXT_URL:
			ask_by_member(pages, envelope);
			break;
		case ETL_PAGINATION_CURSOR:
			if (pages->pagination->header)
				ask_by_header(pages);
			else
				ask_by_member(pages, envelope);
			break;
		case ETL_PAGINATION_PAGE:
		case ETL_PAGINATION_OFFSET:
			ask_by_number(pages, envelope, records);
			break;
		case ETL_PAGINATION_AUTO:
		case ETL_PAGINATION_NONE:
			etl_api_pages_end(pages);
			break;
	}
}

/*
 * The records of the page at hand, as bytes; false if they aren't known.  They
 * are of a JSON page that was read ahead as a whole.
 */
static bool
find_records(const EtlApiPages *pages, EtlReader *reader, const char **records,
			 size_t *len)
{
	EtlPageDigest page;
	const char *head;
	size_t head_len;
	const char *envelope;
	size_t envelope_len;

	if (pages->options->is_csv)
		return false;
	envelope = etl_json_reader_envelope(reader, &envelope_len);
	head = etl_page_stream_head(pages->page->stream, &head_len);
	return envelope != NULL &&
		   etl_page_stream_digest(pages->page->stream, &page) &&
		   page.size == head_len &&
		   etl_page_records_find(head, head_len, envelope, envelope_len,
								 records, len);
}

/*
 * Raises XE003 if the page at hand has the records of the one before, whatever
 * stands beside them, such as the time.  Records that are all the same tell no
 * page from another.
 */
static void
check_new_records(EtlApiPages *pages, EtlReader *reader)
{
	EtlPageDigest digest = {0};
	const char *records;
	size_t len;

	if (reader->records > 0 && find_records(pages, reader, &records, &len))
	{
		digest = etl_page_digest(records, len);
		if (reader->records == pages->last_records &&
			digest.hash == pages->last_records_digest.hash &&
			digest.size == pages->last_records_digest.size &&
			etl_page_records_differ(records, len, reader->records))
			etl_api_pages_raise_loop(pages, pages->advanced,
									 psprintf("Its %lld records are those of "
											  "the page before.",
											  (long long) reader->records));
	}
	pages->last_records_digest = digest;
}

void
etl_api_pages_ended(EtlApiPages *pages, EtlReader *reader)
{
	EtlPagination *pagination = pages->pagination;
	MemoryContext old = MemoryContextSwitchTo(pages->page->context);
	EtlEnvelope *envelope;

	etl_api_pages_check_new(pages);
	check_new_records(pages, reader);
	(void) etl_page_stream_digest(pages->page->stream, &pages->last_digest);
	pages->last_records = reader->records;

	if (pagination->type == ETL_PAGINATION_AUTO && next_link(pages))
		pagination->type = ETL_PAGINATION_LINK_HEADER;
	envelope = read_envelope(pages, reader);
	if (reader->records == 0)
		check_records(pages, envelope);

	if (pages->advanced == pages->options->max_pages)
		etl_api_pages_end(pages);
	else
	{
		if (pagination->type == ETL_PAGINATION_AUTO)
			detect(pages, envelope);
		if (etl_pagination_says_end(pagination, envelope))
			etl_api_pages_end(pages);
		else
			ask_next(pages, envelope, reader->records);
	}
	MemoryContextSwitchTo(old);
}
