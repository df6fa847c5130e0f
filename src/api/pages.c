/*
 * pages.c
 *	  The pages of an API: requests in order, each page's end telling the next.
 *
 * A page is asked for, waits in a queue while others are read, is the one at
 * hand, and is gone when the next one is.  What it needs lives in a memory
 * context of its own, so memory doesn't grow with the number of pages.
 *
 * Every request is remembered by a hash, so that a server that leads in a circle
 * is noticed; every page is compared with the one before, so that a server that
 * doesn't understand what it is asked is, too.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/int.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "api/pages_private.h"
#include "decode/compression.h"
#include "stream/http.h"

#define ETL_ERRCODE_PAGINATION_LOOP MAKE_SQLSTATE('X', 'E', '0', '0', '3')

#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_CONCURRENCY 4

/*
 * Pages up to this size have come as a whole before their first row is seen: a
 * broken one is asked for again, and one that was there before is noticed.
 */
#define AHEAD_BYTES (256 * 1024)

/*
 * So many requests are remembered.  Then a new list begins, and a circle is
 * noticed a round later.
 */
#define MAX_REMEMBERED 100000

/*
 * Credentials that are shorter aren't masked in a page's name, which may be a
 * link of the server's making: they would be found by chance.
 */
#define SHORTEST_IN_NAME 4

/* Of a page that isn't what was expected, so much is shown. */
#define EXCERPT_BYTES 1024

static void set_requests(EtlApiPages *pages, const char *url);
static EtlJsonPath *records_path(const EtlApiOptions *options);
static EtlApiPage *numbered_page(EtlApiPages *pages);
static void drop_page(EtlApiPage *page);
static void check_is_json(const EtlApiPages *pages);

EtlApiPages *
etl_api_pages_open(MemoryContext query, EtlHttpSite *site, const char *url,
				   const EtlTransport *transport, const EtlApiOptions *options)
{
	EtlApiPages *pages = palloc0(sizeof(EtlApiPages));

	pages->context = CurrentMemoryContext;
	pages->site = site;
	pages->options = options;
	pages->transport = transport;
	pages->pagination = etl_pagination_parse(options->pagination);
	pages->records = records_path(options);
	pages->next_number = pages->pagination->start;
	pages->end_number = PG_INT64_MAX;
	pages->step = 1;
	pages->step_is_sure = pages->pagination->type == ETL_PAGINATION_PAGE;
	set_requests(pages, url);
	pages->client = etl_http_client_new(query, site, transport);
	return pages;
}

bool
etl_api_pages_have_secret(const EtlApiPages *pages)
{
	const char *url = pages->first.url;

	return strcmp(etl_http_site_visible_url(pages->site, url), url) != 0;
}

bool
etl_api_pages_advance(EtlApiPages *pages)
{
	if (pages->asked == 0)
		etl_api_pages_ask(pages, etl_pagination_is_numbered(pages->pagination)
									 ? numbered_page(pages)
									 : etl_api_page_new(pages));
	if (pages->page)
		drop_page(pages->page);
	pages->page = NULL;
	if (pages->queue == NIL)
		return false;
	pages->page = linitial(pages->queue);
	pages->queue = list_delete_first(pages->queue);
	pages->advanced++;
	return true;
}

const char *
etl_api_pages_name(const EtlApiPages *pages)
{
	return pages->page ? pages->page->name : NULL;
}

uint64
etl_api_pages_key(const EtlApiPages *pages)
{
	return pages->page->key;
}

/* True if the answer's status is one that means that there are no more. */
static bool
is_past_end(EtlApiPages *pages)
{
	const EtlTextList *statuses = pages->pagination->end_status;
	int status;

	if (statuses == NULL || pages->advanced == 1)
		return false;
	status = etl_http_fetch_any_response(pages->page->fetch)->status;
	for (int i = 0; i < statuses->n; i++)
	{
		if (statuses->items[i] && atoi(statuses->items[i]) == status)
			return true;
	}
	return false;
}

EtlStream *
etl_api_pages_stream(EtlApiPages *pages)
{
	EtlApiPage *page = pages->page;
	EtlCompression coding;
	EtlStream *stream;

	if (is_past_end(pages))
	{
		etl_api_pages_end(pages);
		return NULL;
	}
	page->response = etl_http_fetch_response(page->fetch);
	stream = etl_stream_open_http(page->fetch, page->name,
								  pages->transport->max_bytes);
	page->fetch = NULL;
	stream = etl_decompress(stream, ETL_COMPRESSION_NONE, &coding);
	page->stream = etl_page_stream_new(stream, AHEAD_BYTES);
	if (!pages->options->is_csv)
		check_is_json(pages);
	etl_api_pages_check_new(pages);
	return page->stream;
}

EtlHttpCounts
etl_api_pages_counts(const EtlApiPages *pages)
{
	return etl_http_client_counts(pages->client);
}

void
etl_api_pages_close(EtlApiPages *pages)
{
	etl_api_pages_end(pages);
	if (pages->page)
		drop_page(pages->page);
	pages->page = NULL;
	etl_http_client_close(pages->client);
}

void
etl_api_pages_end(EtlApiPages *pages)
{
	ListCell *cell;

	foreach (cell, pages->queue)
		drop_page(lfirst(cell));
	list_free(pages->queue);
	pages->queue = NIL;
}

/*
 * Where the member is that holds the records; NULL if that is the page itself,
 * or there is more than one.
 */
static EtlJsonPath *
records_path(const EtlApiOptions *options)
{
	EtlJsonPath *path;

	if (options->records == NULL || !etl_api_counts_records(options))
		return NULL;
	path = etl_json_path_parse(options->records, "records", true);
	if (path->nsteps > 0 &&
		path->steps[path->nsteps - 1].kind == ETL_JSON_STEP_ALL)
		path->nsteps--;
	return path->nsteps > 0 ? path : NULL;
}

static void
drop_page(EtlApiPage *page)
{
	if (page->fetch)
		etl_http_fetch_close(page->fetch);
	MemoryContextDelete(page->context);
}

/* Gives a request a header that the user didn't. */
static void
add_header(EtlHttpHeaders *headers, const char *name, const char *value)
{
	if (etl_http_header(headers, name))
		return;
	headers->items = headers->n == 0
						 ? palloc(sizeof(EtlHttpHeader))
						 : repalloc(headers->items,
									sizeof(EtlHttpHeader) * (headers->n + 1));
	headers->items[headers->n].name = pstrdup(name);
	headers->items[headers->n++].value = pstrdup(value);
}

/* What all requests have in common. */
static void
set_requests(EtlApiPages *pages, const char *url)
{
	const EtlApiOptions *options = pages->options;
	EtlHttpRequest *request = &pages->first;

	request->method = etl_api_is_post(options) ? "POST" : "GET";
	request->url =
		etl_http_site_url(pages->site, url, pages->transport->params);
	if (pages->transport->headers)
		request->headers = etl_http_site_headers(pages->transport->headers);
	add_header(&request->headers, "Accept",
			   options->is_csv ? "text/csv, */*;q=0.1"
							   : "application/json, */*;q=0.1");
	if (etl_api_is_post(options))
		add_header(&request->headers, "Content-Type", "application/json");
	request->idempotent =
		!etl_api_is_post(options) || pages->transport->idempotent == 1;
	request->accept_gzip = true;
	request->hold_back = AHEAD_BYTES;
	request->whole_timeout_ms =
		options->timeout
			? (int) Min(etl_api_milliseconds(options->timeout), PG_INT32_MAX)
			: DEFAULT_TIMEOUT_MS;
	if (options->deadline)
		request->deadline = TimestampTzPlusMilliseconds(
			GetCurrentTimestamp(), etl_api_milliseconds(options->deadline));
}

EtlApiPage *
etl_api_page_new(EtlApiPages *pages)
{
	MemoryContext context =
		AllocSetContextCreate(pages->context, "pg_etl page",
							  ALLOCSET_SMALL_SIZES);
	EtlApiPage *page = MemoryContextAllocZero(context, sizeof(EtlApiPage));

	page->context = context;
	page->request = pages->first;
	page->body = pages->options->body;
	return page;
}

static EtlParamValue
number_value(int64 number)
{
	EtlParamValue value = {psprintf("%lld", (long long) number), true};

	return value;
}

/* Page or offset next_number. */
static EtlApiPage *
numbered_page(EtlApiPages *pages)
{
	const EtlPagination *pagination = pages->pagination;
	EtlApiPage *page = etl_api_page_new(pages);
	MemoryContext old = MemoryContextSwitchTo(page->context);

	page->number = pages->next_number;
	etl_page_request_set(&page->request, &page->body, pagination->place,
						 pagination->param, number_value(page->number));
	if (pagination->size > 0)
		etl_page_request_set(&page->request, &page->body, pagination->place,
							 pagination->size_param,
							 number_value(pagination->size));
	MemoryContextSwitchTo(old);
	return page;
}

static uint64
hash_text(uint64 hash, const char *s, size_t len)
{
	return hash_combine64(hash, hash_bytes_extended((const unsigned char *) s,
													(int) len, len));
}

/* What tells a request from all others of these pages. */
static uint64
request_key(const EtlHttpRequest *request)
{
	uint64 hash = hash_text(0, request->url, strlen(request->url));

	for (int i = 0; i < request->headers.n; i++)
	{
		const char *value = request->headers.items[i].value;

		hash = hash_text(hash, value, strlen(value));
	}
	if (request->body)
		hash = hash_text(hash, request->body, request->body_len);
	return hash;
}

char *
etl_api_pages_show(const EtlApiPages *pages, const char *text, size_t len)
{
	char *masked = palloc(len + 1);
	StringInfoData out;

	memcpy(masked, text, len);
	etl_http_site_mask(pages->site, masked, len, 0);
	initStringInfo(&out);
	for (size_t i = 0; i < len;)
	{
		int n = pg_encoding_verifymbchar(GetDatabaseEncoding(), masked + i,
										 (int) Min(len - i, 8));

		if (n > 0 && (unsigned char) masked[i] >= ' ')
			appendBinaryStringInfo(&out, masked + i, n);
		else
			appendStringInfoChar(&out, ' ');
		i += Max(n, 1);
	}
	return out.data;
}

char *
etl_api_pages_excerpt(const EtlApiPages *pages)
{
	size_t len;
	const char *head = etl_page_stream_head(pages->page->stream, &len);

	return etl_api_pages_show(pages, head, Min(len, EXCERPT_BYTES));
}

/* Remembers a request to be made; raises XE003 if it was made before. */
static void
remember(EtlApiPages *pages, const EtlApiPage *page)
{
	bool found;

	if (pages->remembered &&
		hash_get_num_entries(pages->remembered) >= MAX_REMEMBERED)
	{
		hash_destroy(pages->remembered);
		pages->remembered = NULL;
	}
	if (pages->remembered == NULL)
	{
		HASHCTL ctl = {.keysize = sizeof(uint64),
					   .entrysize = sizeof(uint64),
					   .hcxt = pages->context};

		pages->remembered = hash_create("pg_etl pages", 64, &ctl,
										HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	(void) hash_search(pages->remembered, &page->key, HASH_ENTER, &found);
	if (found)
		etl_api_pages_raise_loop(
			pages, pages->asked + 1,
			page->cursor ? psprintf("Its cursor is \"%s\" again.",
									etl_api_pages_show(pages, page->cursor,
													   strlen(page->cursor)))
						 : psprintf("Its URL is \"%s\" again.", page->name));
}

void
etl_api_pages_ask(EtlApiPages *pages, EtlApiPage *page)
{
	MemoryContext old = MemoryContextSwitchTo(page->context);

	if (page->body)
		etl_page_request_set_body(&page->request, page->body);
	page->name = etl_http_site_visible_url(pages->site, page->request.url);
	etl_http_site_mask(pages->site, page->name, strlen(page->name),
					   SHORTEST_IN_NAME);
	page->key = request_key(&page->request);
	if (!etl_pagination_is_numbered(pages->pagination))
		remember(pages, page);
	page->fetch = etl_http_fetch_start(pages->client, &page->request);
	MemoryContextSwitchTo(pages->context);
	pages->queue = lappend(pages->queue, page);
	MemoryContextSwitchTo(old);
	pages->asked++;
}

/*
 * Asks for the numbered pages that may be asked for now.  Those before the one
 * at hand, and it itself, have been consumed.
 */
void
etl_api_pages_ask_ahead(EtlApiPages *pages)
{
	int concurrency = pages->options->concurrency == ETL_OPTION_UNSET
						  ? DEFAULT_CONCURRENCY
						  : pages->options->concurrency;
	int64 last = pages->advanced + (pages->step_is_sure ? concurrency : 1);

	if (pages->options->max_pages != ETL_OPTION_UNSET)
		last = Min(last, pages->options->max_pages);
	while (pages->asked < last && pages->next_number < pages->end_number)
	{
		etl_api_pages_ask(pages, numbered_page(pages));
		if (pg_add_s64_overflow(pages->next_number, pages->step,
								&pages->next_number))
			pages->next_number = PG_INT64_MAX;
	}
}

void
etl_api_pages_raise_loop(const EtlApiPages *pages, int64 n, const char *detail)
{
	const char *param = pages->pagination->param;

	ereport(ERROR,
			(errcode(ETL_ERRCODE_PAGINATION_LOOP),
			 errmsg("page %lld of \"%s\" was there before", (long long) n,
					etl_http_site_visible_url(pages->site, pages->first.url)),
			 errdetail_internal("%s", detail),
			 param ? errhint("The server may not know the parameter \"%s\"; "
							 "the setting \"pagination\" tells which one it "
							 "takes.",
							 param)
				   : errhint("The setting \"pagination\" tells how to get the "
							 "next page.")));
}

void
etl_api_pages_check_new(const EtlApiPages *pages)
{
	EtlPageDigest digest;

	if (pages->last_records == 0 ||
		!etl_page_stream_digest(pages->page->stream, &digest) ||
		digest.hash != pages->last_digest.hash ||
		digest.size != pages->last_digest.size)
		return;
	etl_api_pages_raise_loop(
		pages, pages->advanced,
		psprintf("Its %llu bytes are those of the page before.",
				 (unsigned long long) digest.size));
}

/* True if the bytes, which don't begin with a blank, may begin a page. */
static bool
begins_as_page(const char *s, size_t len)
{
	static const char *const literals[] = {"true", "false", "null"};
	unsigned char first = (unsigned char) s[0];

	/* byte order marks and compressed data, of which one begins as text */
	if (first < ' ' || first > 0x7e || (len >= 3 && memcmp(s, "BZh", 3) == 0))
		return true;
	for (int i = 0; i < (int) lengthof(literals); i++)
	{
		if (strncmp(s, literals[i], Min(len, strlen(literals[i]))) == 0)
			return true;
	}
	return strchr("{[\"-0123456789", first) != NULL;
}

/*
 * Raises an error if the page at hand begins as no JSON does.  It isn't left to
 * the reader, to which it would be bad records: whatever on_error says of
 * those, a page to log in on is no page of the API.
 */
static void
check_is_json(const EtlApiPages *pages)
{
	const EtlApiPage *page = pages->page;
	const char *type =
		etl_http_header(&page->response->headers, "Content-Type");
	size_t len;
	const char *head = etl_page_stream_head(page->stream, &len);
	size_t blanks = 0;

	while (blanks < len && memchr(" \t\r\n", head[blanks], 4))
		blanks++;
	if (blanks == len || begins_as_page(head + blanks, len - blanks))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("\"%s\" is not JSON", page->name),
			 type ? errdetail("It is of type %s and begins: %s",
							  etl_api_pages_show(pages, type, strlen(type)),
							  etl_api_pages_excerpt(pages))
				  : errdetail("It begins: %s", etl_api_pages_excerpt(pages))));
}
