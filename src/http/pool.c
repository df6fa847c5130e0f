/*
 * pool.c
 *	  What the clients of a query share.
 *
 * A place in a query may be scanned many times, as the inner side of a lateral
 * join is, and each scan has a client of its own.  So that connections are kept
 * alive from one to the next, a client that is closed stays with its query, and
 * the next one that may reach the same takes its place.
 *
 * A query is known by its memory context, with which its pool goes.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "http/private.h"

static dlist_head pools = DLIST_STATIC_INIT(pools);

static void
forget_pool(void *arg)
{
	dlist_delete(&((EtlHttpPool *) arg)->node);
}

/* The pool of a query, made if there is none. */
EtlHttpPool *
etl_http_pool_of(MemoryContext query)
{
	dlist_iter iter;
	MemoryContext context;
	EtlHttpPool *pool;

	dlist_foreach(iter, &pools)
	{
		pool = dlist_container(EtlHttpPool, node, iter.cur);
		if (pool->query == query)
			return pool;
	}
	context = AllocSetContextCreate(query, "pg_etl HTTP connections",
									ALLOCSET_SMALL_SIZES);
	pool = MemoryContextAllocZero(context, sizeof(EtlHttpPool));
	pool->query = query;
	pool->context = context;
	dlist_init(&pool->idle);
	slist_init(&pool->turns);
	dlist_push_head(&pools, &pool->node);
	pool->on_reset.func = forget_pool;
	pool->on_reset.arg = pool;
	MemoryContextRegisterResetCallback(context, &pool->on_reset);
	return pool;
}

static bool
same_reach(const EtlHttpReach *a, const EtlHttpReach *b)
{
	return a->server == b->server && a->private_ok == b->private_ok &&
		   a->link_local_ok == b->link_local_ok;
}

EtlHttpClient *
etl_http_pool_take(EtlHttpPool *pool, const EtlHttpReach *reach)
{
	dlist_iter iter;

	dlist_foreach(iter, &pool->idle)
	{
		EtlHttpClient *client = dlist_container(EtlHttpClient, node, iter.cur);

		if (same_reach(&client->reach, reach))
		{
			dlist_delete(&client->node);
			return client;
		}
	}
	return NULL;
}

/*
 * Whose turn it is at the URL's origin, as long as the pool lives.  What is
 * asked for through a server counts apart from what isn't.
 */
EtlHttpTurn *
etl_http_pool_turn(EtlHttpPool *pool, Oid server, const char *url)
{
	slist_iter iter;
	EtlUrl origin;
	EtlHttpTurn *turn;

	if (etl_url_parse(url, &origin) != ETL_URL_OK)
		elog(ERROR, "malformed URL to request");
	slist_foreach(iter, &pool->turns)
	{
		turn = slist_container(EtlHttpTurn, node, iter.cur);
		if (turn->server == server &&
			etl_url_same_origin(&turn->origin, &origin))
			return turn;
	}
	turn = MemoryContextAllocZero(pool->context, sizeof(EtlHttpTurn));
	turn->server = server;
	turn->origin.secure = origin.secure;
	turn->origin.host = MemoryContextStrdup(pool->context, origin.host);
	turn->origin.port = origin.port;
	slist_push_head(&pool->turns, &turn->node);
	return turn;
}
