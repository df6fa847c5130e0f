/*
 * private.h
 *	  What the files of the HTTP client share.
 *
 *		fetch.c     a request, as its caller sees it
 *		judge.c     what becomes of it after each attempt
 *		attempt.c   how an attempt is put together
 *		failure.c   what is said when there is no more attempt
 *		transfer.c  one attempt, as libcurl carries it out
 *		client.c    the settings, the attempts under way, the clock
 *		pool.c      what the clients of a query share
 *		wait.c      libcurl within PostgreSQL's wait loop
 *		head.c      what an answer's head says
 *		retry.c     when to try again
 *		mask.c      hiding secrets in what a server sends
 */
#ifndef ETL_HTTP_PRIVATE_H
#define ETL_HTTP_PRIVATE_H

#include "postgres.h"

#include <time.h>

#include "lib/ilist.h"
#include "nodes/pg_list.h"
#include "storage/latch.h"

#include "compat.h"
#include "http/client.h"
#include "http/transfer.h"
#include "http/url.h"

/* A socket that libcurl wants to be told about. */
typedef struct EtlHttpSocket
{
	curl_socket_t fd;
	int what; /* CURL_POLL_... */
} EtlHttpSocket;

/*
 * libcurl's side of waiting.  Sockets are malloc'd, since callbacks add them.
 */
typedef struct EtlHttpLoop
{
	CURLM *multi;
	EtlHttpSocket *sockets;
	int nsockets;
	int capacity;
	int64 timer;       /* when libcurl wants to be called; INT64_MAX: never */
	bool failed;       /* malloc failed in a callback */
	bool changed;      /* set is out of date */
	WaitEventSet *set; /* NULL: none yet */
} EtlHttpLoop;

/* When a server may be asked next, whichever client asks. */
typedef struct EtlHttpTurn
{
	slist_node node;
	Oid server;
	EtlUrl origin;
	int64 next_send; /* before then, no request may be sent */
} EtlHttpTurn;

/* What the clients of a query share. */
typedef struct EtlHttpPool
{
	dlist_node node;
	MemoryContext query;   /* whose pool it is */
	MemoryContext context; /* the pool's own */
	MemoryContextCallback on_reset;
	dlist_head idle;  /* clients that were closed */
	slist_head turns; /* of servers whose rate is limited */
} EtlHttpPool;

struct EtlHttpClient
{
	dlist_node node; /* while it is idle */
	EtlHttpPool *pool;
	EtlHttpReach reach; /* of all sites that it has served */
	MemoryContext context;
	MemoryContextCallback on_reset;
	EtlHttpSite *site; /* NULL while it is idle */
	EtlHttpLoop loop;
	EtlHttpTransfer *transfers; /* all, in use or not */
	int reserved;               /* descriptors counted by fd.c */
	dlist_head fetches;         /* in the order of their start */
	EtlHttpFetch *awaited;      /* what the caller waits for, if anything */
	int64 driven_at;            /* when things were last set going */

	/* The transport's settings with defaults filled in. */
	int64 idle_limit_us;
	int connect_timeout_ms;
	int retries;
	int64 retry_max_wait_ms;
	int64 max_bytes;
	int max_redirects;
	bool idempotent;
	int64 interval_us; /* between two requests */

	EtlHttpCounts counts;
};

/* Why a fetch failed; raised when its caller next asks for something. */
typedef struct EtlHttpFailure
{
	int sqlstate;
	char *message;
	char *detail; /* NULL: none */
	const char *hint;
} EtlHttpFailure;

typedef enum EtlHttpFetchState
{
	ETL_HTTP_WAITING,  /* for the time of the next attempt */
	ETL_HTTP_SENT,     /* an attempt without an answer that could be judged */
	ETL_HTTP_BODY,     /* an answer was taken, its body is coming */
	ETL_HTTP_COMPLETE, /* all of it has come */
	ETL_HTTP_REFUSED,  /* the last answer is no success */
	ETL_HTTP_FAILED
} EtlHttpFetchState;

struct EtlHttpFetch
{
	dlist_node node;
	MemoryContext context;
	EtlHttpClient *client;
	const EtlHttpRequest *request;
	EtlHttpTurn *turn; /* to wait for; NULL: any time will do */
	EtlHttpTransfer *transfer;
	EtlHttpFetchState state;

	/* The next attempt, or the one under way. */
	int64 not_before;
	EtlHttpRequest target; /* the request as redirects have changed it */
	int redirects;         /* on the way there */
	List *visited;         /* char *: URLs asked with the same method */
	bool repeatable; /* may be sent again when it is unsure if it arrived */

	/* What went wrong so far. */
	int failures;   /* in a row, without a new byte of the body */
	int breaks;     /* failures in all */
	int64 received; /* when an attempt last failed */
	bool renewed;   /* 401 was answered by renewing the credentials */
	char *gave_up;  /* why there is no more attempt, a sentence; or NULL */
	EtlHttpFailure failure;

	/* What was answered. */
	EtlHttpResponse response;
	bool handed;     /* somebody knows the response */
	char *validator; /* to resume with; NULL: can't be */
};

/* Microseconds of a clock that is never set. */
static inline int64
etl_http_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* wait.c */
extern void etl_http_loop_open(EtlHttpLoop *loop);
extern void etl_http_loop_close(EtlHttpLoop *loop);

/* Has libcurl do all it can, then waits until the moment of until for more. */
extern void etl_http_loop_run(EtlHttpLoop *loop, MemoryContext context,
							  int64 until);

/* pool.c */
extern EtlHttpPool *etl_http_pool_of(MemoryContext query);

/* A client that was closed and has the same reach; NULL if there is none. */
extern EtlHttpClient *etl_http_pool_take(EtlHttpPool *pool,
										 const EtlHttpReach *reach);
extern EtlHttpTurn *etl_http_pool_turn(EtlHttpPool *pool, Oid server,
									   const char *url);

/* client.c */
extern EtlHttpTransfer *etl_http_client_transfer(EtlHttpClient *client);
extern void etl_http_client_advance(EtlHttpClient *client);
extern void etl_http_client_wait(EtlHttpClient *client, bool block);
extern void etl_http_client_drive(EtlHttpClient *client);

/* attempt.c */
extern void etl_http_attempt_begin(EtlHttpFetch *fetch);

/* judge.c */
extern void etl_http_fetch_take_answer(EtlHttpFetch *fetch);
extern void etl_http_fetch_advance(EtlHttpFetch *fetch);
extern int64 etl_http_fetch_due(const EtlHttpFetch *fetch, int64 now);

/*
 * failure.c: each says why the fetch failed and ends it.  The caller of the
 * fetch is told when it next asks for something.
 */
extern void etl_http_fail(EtlHttpFetch *fetch, const char *reason,
						  const char *hint);
extern void etl_http_fail_status(EtlHttpFetch *fetch);
extern void etl_http_fail_attempt(EtlHttpFetch *fetch);
extern ETL_NORETURN void etl_http_raise(const EtlHttpFetch *fetch);

#endif
