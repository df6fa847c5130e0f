/*
 * fetch.c
 *	  A request, as its caller sees it.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "http/private.h"

/* A buffer that is full lets nothing in, so it has to be read before. */
#define MOST_HELD_BACK (ETL_HTTP_BUFFER_SIZE / 2)

/* Waiting for one fetch is when all of its client's make progress. */
static void
wait_for(EtlHttpFetch *fetch, bool (*reached)(const EtlHttpFetch *))
{
	EtlHttpClient *client = fetch->client;

	client->awaited = fetch;
	for (;;)
	{
		etl_http_client_advance(client);
		if (reached(fetch))
			break;
		etl_http_client_wait(client, true);
	}
	client->awaited = NULL;
}

static bool
is_judged(const EtlHttpFetch *fetch)
{
	return fetch->state != ETL_HTTP_WAITING && fetch->state != ETL_HTTP_SENT;
}

/* Even after a failure, what came before it is handed out first. */
static bool
is_readable(const EtlHttpFetch *fetch)
{
	const EtlHttpTransfer *transfer = fetch->transfer;

	if (fetch->state == ETL_HTTP_COMPLETE ||
		fetch->state == ETL_HTTP_REFUSED || fetch->state == ETL_HTTP_FAILED)
		return true;
	if (transfer->taken == 0 &&
		transfer->len < Min(fetch->request->hold_back, MOST_HELD_BACK))
		return false;
	return transfer->len > 0;
}

/* True if an answer was taken that is no success. */
static bool
is_unsuccessful(const EtlHttpFetch *fetch)
{
	return (fetch->state == ETL_HTTP_BODY ||
			fetch->state == ETL_HTTP_COMPLETE) &&
		   fetch->response.status >= 300;
}

static const EtlHttpResponse *
hand_out(EtlHttpFetch *fetch)
{
	if (fetch->state == ETL_HTTP_FAILED)
		etl_http_raise(fetch);
	fetch->handed = true;
	return &fetch->response;
}

/* A line break would end the header and begin another. */
static void
check_headers(const EtlHttpHeaders *headers)
{
	for (int i = 0; i < headers->n; i++)
	{
		if (strpbrk(headers->items[i].name, "\r\n:") ||
			strpbrk(headers->items[i].value, "\r\n"))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("HTTP header \"%s\" is not valid",
							headers->items[i].name),
					 errdetail("There is a line break in it, or a colon in "
							   "its name.")));
	}
}

EtlHttpFetch *
etl_http_fetch_start(EtlHttpClient *client, const EtlHttpRequest *request)
{
	MemoryContext context;
	EtlHttpFetch *fetch;

	check_headers(&request->headers);
	context = AllocSetContextCreate(client->context, "pg_etl HTTP request",
									ALLOCSET_SMALL_SIZES);
	fetch = MemoryContextAllocZero(context, sizeof(EtlHttpFetch));
	fetch->context = context;
	fetch->client = client;
	fetch->request = request;
	fetch->target = *request;
	fetch->repeatable = request->idempotent || client->idempotent ||
						strcmp(request->method, "GET") == 0 ||
						strcmp(request->method, "HEAD") == 0;
	if (client->interval_us > 0)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		fetch->turn = etl_http_pool_turn(client->pool, client->reach.server,
										 request->url);
		MemoryContextSwitchTo(old);
	}
	fetch->state = ETL_HTTP_WAITING;
	fetch->transfer = etl_http_client_transfer(client);
	dlist_push_tail(&client->fetches, &fetch->node);

	/* Over a connection that stands, this sends the request. */
	etl_http_fetch_advance(fetch);
	etl_http_client_wait(client, false);
	return fetch;
}

const EtlHttpResponse *
etl_http_fetch_response(EtlHttpFetch *fetch)
{
	wait_for(fetch, is_judged);
	if (fetch->state == ETL_HTTP_REFUSED || is_unsuccessful(fetch))
	{
		MemoryContext old = MemoryContextSwitchTo(fetch->context);

		etl_http_fail_status(fetch);
		MemoryContextSwitchTo(old);
	}
	return hand_out(fetch);
}

const EtlHttpResponse *
etl_http_fetch_any_response(EtlHttpFetch *fetch)
{
	wait_for(fetch, is_judged);

	/* Asked for the rest of a body, a refusal is no answer of its own. */
	if (fetch->state == ETL_HTTP_REFUSED && fetch->transfer->resuming)
		return etl_http_fetch_response(fetch);
	if (fetch->state == ETL_HTTP_REFUSED)
	{
		MemoryContext old = MemoryContextSwitchTo(fetch->context);

		etl_http_fetch_take_answer(fetch);
		MemoryContextSwitchTo(old);
	}
	return hand_out(fetch);
}

size_t
etl_http_fetch_read(EtlHttpFetch *fetch, char *buf, size_t cap)
{
	Assert(fetch->handed);
	if (is_readable(fetch))
		etl_http_client_drive(fetch->client);
	else
		wait_for(fetch, is_readable);
	if (fetch->transfer->len > 0)
		return etl_http_transfer_take(fetch->transfer, buf, cap);

	/* Asked for the rest of the body, the server may refuse. */
	if (fetch->state == ETL_HTTP_REFUSED)
		(void) etl_http_fetch_response(fetch);
	if (fetch->state == ETL_HTTP_FAILED)
		etl_http_raise(fetch);
	return 0;
}

bool
etl_http_fetch_ready(const EtlHttpFetch *fetch)
{
	return is_readable(fetch);
}

void
etl_http_fetch_close(EtlHttpFetch *fetch)
{
	EtlHttpClient *client = fetch->client;

	if (client->awaited == fetch)
		client->awaited = NULL;
	etl_http_transfer_reset(fetch->transfer);
	fetch->transfer->in_use = false;
	dlist_delete(&fetch->node);
	MemoryContextDelete(fetch->context);
}

char *
etl_http_fetch_read_all(EtlHttpFetch *fetch, size_t max, size_t *len)
{
	size_t capacity = 8192;
	char *data = palloc(capacity);
	size_t n;

	*len = 0;
	for (;;)
	{
		/* One byte is for the NUL, and one more tells if there are too many. */
		if (capacity - *len < 2)
		{
			capacity *= 2;
			data = repalloc_huge(data, capacity);
		}
		n = etl_http_fetch_read(fetch, data + *len, capacity - *len - 1);
		if (n == 0)
			break;
		*len += n;
		if (*len > max)
			ereport(ERROR, (errcode(ETL_ERRCODE_HTTP),
							errmsg("answer of \"%s\" is larger than %zu bytes",
								   fetch->response.url, max)));
	}
	data[*len] = '\0';
	return data;
}
