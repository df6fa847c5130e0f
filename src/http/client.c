/*
 * client.c
 *	  The requests of one scan: their settings, their attempts, their clock.
 *
 * Whatever lies outside of PostgreSQL's memory hangs on the client itself, not
 * on its fetches, whose memory is gone by the time the reset callback runs.
 *
 * Patience is counted only while we wait.  A caller may take its time between
 * two reads, and a server can't be blamed for what we didn't listen to.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "http/private.h"
#include "options.h"

#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_CONNECT_TIMEOUT_MS 10000
#define DEFAULT_RETRIES 5
#define DEFAULT_RETRY_MAX_WAIT_MS 60000
#define MOST_REDIRECTS 5

/* How often fetches that nobody waits for are looked after. */
#define DRIVE_INTERVAL_US 1000

static void
release_client(void *arg)
{
	EtlHttpClient *client = arg;
	EtlHttpTransfer *next;

	for (EtlHttpTransfer *t = client->transfers; t; t = next)
	{
		next = t->next;
		etl_http_transfer_free(t);
	}
	client->transfers = NULL;
	etl_http_loop_close(&client->loop);
	while (client->reserved > 0)
	{
		ReleaseExternalFD();
		client->reserved--;
	}
}

static int
given_or(int value, int otherwise)
{
	return value == ETL_OPTION_UNSET ? otherwise : value;
}

/* The time between two requests; the lower rate of two holds. */
static int64
request_interval(double a, double b)
{
	double rate = isnan(a) ? b : isnan(b) ? a : Min(a, b);

	if (isnan(rate) || rate <= 0)
		return 0;
	return (int64) Min(1000000.0 / rate, 86400e6);
}

static void
read_settings(EtlHttpClient *client, const EtlTransport *transport)
{
	client->idle_limit_us =
		given_or(transport->timeout_ms, DEFAULT_TIMEOUT_MS) * INT64CONST(1000);
	client->connect_timeout_ms =
		given_or(transport->connect_timeout_ms, DEFAULT_CONNECT_TIMEOUT_MS);
	client->retries = given_or(transport->retries, DEFAULT_RETRIES);
	client->retry_max_wait_ms =
		given_or(transport->retry_max_wait_ms, DEFAULT_RETRY_MAX_WAIT_MS);
	client->max_bytes = transport->max_bytes;
	client->max_redirects =
		Min(given_or(transport->max_redirects, MOST_REDIRECTS),
			MOST_REDIRECTS);
	client->idempotent = transport->idempotent == 1;
	client->interval_us =
		request_interval(transport->rate_limit,
						 etl_http_site_rate_limit(client->site));
}

/* A client without connections. */
static EtlHttpClient *
make_client(EtlHttpPool *pool, const EtlHttpReach *reach)
{
	MemoryContext context =
		AllocSetContextCreate(pool->context, "pg_etl HTTP client",
							  ALLOCSET_SMALL_SIZES);
	EtlHttpClient *client =
		MemoryContextAllocZero(context, sizeof(EtlHttpClient));

	client->pool = pool;
	client->reach = *reach;
	client->context = context;
	dlist_init(&client->fetches);
	client->on_reset.func = release_client;
	client->on_reset.arg = client;
	MemoryContextRegisterResetCallback(context, &client->on_reset);
	etl_http_loop_open(&client->loop);
	return client;
}

EtlHttpClient *
etl_http_client_new(MemoryContext query, EtlHttpSite *site,
					const EtlTransport *transport)
{
	EtlHttpPool *pool = etl_http_pool_of(query);
	const EtlHttpReach *reach = etl_http_site_reach(site);
	EtlHttpClient *client = etl_http_pool_take(pool, reach);

	if (client == NULL)
		client = make_client(pool, reach);
	client->site = site;
	memset(&client->counts, 0, sizeof(client->counts));
	read_settings(client, transport);
	return client;
}

EtlHttpCounts
etl_http_client_counts(const EtlHttpClient *client)
{
	return client->counts;
}

void
etl_http_client_close(EtlHttpClient *client)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &client->fetches)
		etl_http_fetch_close(dlist_container(EtlHttpFetch, node, iter.cur));
	client->site = NULL;
	dlist_push_head(&client->pool->idle, &client->node);
}

/* A transfer for a fetch: one that is free, or a new one. */
EtlHttpTransfer *
etl_http_client_transfer(EtlHttpClient *client)
{
	EtlHttpTransfer *transfer;

	for (transfer = client->transfers; transfer; transfer = transfer->next)
	{
		if (!transfer->in_use)
			break;
	}
	if (transfer == NULL)
	{
		if (!AcquireExternalFD())
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("too many files are open for another connection"),
					 errhint("Raise the setting \"%s\".",
							 "max_files_per_process")));
		client->reserved++;
		transfer = etl_http_transfer_new();
		if (transfer == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
		transfer->next = client->transfers;
		client->transfers = transfer;
	}
	etl_http_transfer_reset(transfer);
	transfer->in_use = true;
	transfer->site = client->site;
	transfer->counts = &client->counts;
	return transfer;
}

/* Does for every fetch what is due. */
void
etl_http_client_advance(EtlHttpClient *client)
{
	dlist_iter iter;

	dlist_foreach(iter, &client->fetches)
		etl_http_fetch_advance(dlist_container(EtlHttpFetch, node, iter.cur));
}

/* Books the time spent waiting on the attempts that kept us waiting. */
static void
book_time(EtlHttpClient *client, int64 elapsed)
{
	for (EtlHttpTransfer *t = client->transfers; t; t = t->next)
	{
		if (t->paused)
			continue;
		t->spent_us += elapsed;
		t->idle_us += elapsed;
		if (t->moved || !t->sent)
			t->idle_us = 0;
		t->moved = false;
	}
}

/*
 * Lets the network make progress; waits for some, or for what is due next, if
 * block.
 */
void
etl_http_client_wait(EtlHttpClient *client, bool block)
{
	int64 before = etl_http_now();
	int64 until = block ? INT64_MAX : before;
	dlist_iter iter;

	dlist_foreach(iter, &client->fetches) until =
		Min(until,
			etl_http_fetch_due(dlist_container(EtlHttpFetch, node, iter.cur),
							   before));
	etl_http_loop_run(&client->loop, client->context, until);
	client->driven_at = etl_http_now();
	book_time(client, client->driven_at - before);
}

/*
 * Keeps all fetches going for a caller that needs not wait.  Cheap if called
 * often.
 */
void
etl_http_client_drive(EtlHttpClient *client)
{
	if (etl_http_now() - client->driven_at < DRIVE_INTERVAL_US)
		return;
	etl_http_client_wait(client, false);
	etl_http_client_advance(client);
}
