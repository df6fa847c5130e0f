/*
 * wait.c
 *	  libcurl within PostgreSQL's wait loop.
 *
 * libcurl never waits itself.  It names, through callbacks, the sockets that it
 * wants to hear about and the time at which it wants to be called; here they are
 * waited for together with the latch and the postmaster's death.
 */
#include "postgres.h"

#include <signal.h>
#include <stdlib.h>

#include "miscadmin.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "http/private.h"

#define MAX_EVENTS 16

/* The sockets that a set of events holds besides the latch and the postmaster. */
#define OTHER_EVENTS 2

/* Called by libcurl when its interest in a socket changes. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	EtlHttpLoop *loop = arg;
	int i;

	loop->changed = true;
	for (i = 0; i < loop->nsockets; i++)
	{
		if (loop->sockets[i].fd == fd)
			break;
	}
	if (what == CURL_POLL_REMOVE)
	{
		if (i < loop->nsockets)
			loop->sockets[i] = loop->sockets[--loop->nsockets];
		return 0;
	}
	if (i == loop->capacity)
	{
		int capacity = Max(2 * loop->capacity, 8);
		EtlHttpSocket *sockets =
			realloc(loop->sockets, capacity * sizeof(EtlHttpSocket));

		if (sockets == NULL)
		{
			loop->failed = true;
			return -1;
		}
		loop->sockets = sockets;
		loop->capacity = capacity;
	}
	loop->sockets[i].fd = fd;
	loop->sockets[i].what = what;
	loop->nsockets = Max(loop->nsockets, i + 1);
	return 0;
}

/* Called by libcurl to tell when it wants to be called. */
static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	EtlHttpLoop *loop = arg;

	loop->timer = timeout_ms < 0
					  ? INT64_MAX
					  : etl_http_now() + timeout_ms * INT64CONST(1000);
	return 0;
}

/*
 * Sets up libcurl; whatever it holds then is released by etl_http_loop_close().
 */
void
etl_http_loop_open(EtlHttpLoop *loop)
{
	static bool initialized = false;

	if (!initialized && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not initialize libcurl")));
	initialized = true;

	loop->timer = INT64_MAX;
	loop->changed = true;
	loop->multi = curl_multi_init();
	if (loop->multi == NULL ||
		curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket) !=
			CURLM_OK ||
		curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop) !=
			CURLM_OK ||
		curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer) !=
			CURLM_OK ||
		curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop) != CURLM_OK)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

void
etl_http_loop_close(EtlHttpLoop *loop)
{
	if (loop->multi)
		(void) curl_multi_cleanup(loop->multi);
	loop->multi = NULL;
	free(loop->sockets);
	loop->sockets = NULL;
	loop->nsockets = 0;
	loop->capacity = 0;
	if (loop->set)
		FreeWaitEventSet(loop->set);
	loop->set = NULL;
}

/*
 * Calls libcurl for a socket, or for its timers.  It may start a thread to
 * resolve a name, and that must not catch the signals meant for us.
 */
static void
call_curl(EtlHttpLoop *loop, curl_socket_t fd, int what)
{
	sigset_t all;
	sigset_t old;
	int running;
	CURLMcode code;

	sigfillset(&all);
	(void) pthread_sigmask(SIG_SETMASK, &all, &old);
	code = curl_multi_socket_action(loop->multi, fd, what, &running);
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (code == CURLM_OUT_OF_MEMORY || loop->failed)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (code != CURLM_OK)
		elog(ERROR, "libcurl failed: %s", curl_multi_strerror(code));
}

/* Takes note of the attempts that have ended. */
static void
collect_ended(EtlHttpLoop *loop)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left)) != NULL)
	{
		CURLcode result = message->data.result;
		char *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
								 &transfer);

		/* The message is gone with this. */
		etl_http_transfer_stop((EtlHttpTransfer *) transfer, result,
							   ETL_HTTP_STOP_NONE);
	}
}

/* A set of events can't forget one, so a new one is made. */
static void
renew_set(EtlHttpLoop *loop, MemoryContext context)
{
	if (!loop->changed)
		return;
	if (loop->set)
		FreeWaitEventSet(loop->set);
	loop->set = NULL;
	loop->set =
		etl_compat_wait_event_set(context, loop->nsockets + OTHER_EVENTS);
	AddWaitEventToSet(loop->set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch,
					  NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(loop->set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET,
						  NULL, NULL);
	for (int i = 0; i < loop->nsockets; i++)
	{
		int what = loop->sockets[i].what;
		uint32 events = (what & CURL_POLL_IN ? WL_SOCKET_READABLE : 0) |
						(what & CURL_POLL_OUT ? WL_SOCKET_WRITEABLE : 0);

		if (events != 0)
			AddWaitEventToSet(loop->set, events, loop->sockets[i].fd, NULL,
							  NULL);
	}
	loop->changed = false;
}

/* Milliseconds from now to a moment, rounded up so as not to wake too early. */
static long
wait_ms(int64 now, int64 until)
{
	if (until <= now)
		return 0;
	return (long) Min((until - now + 999) / 1000, (int64) 60 * 60 * 1000);
}

void
etl_http_loop_run(EtlHttpLoop *loop, MemoryContext context, int64 until)
{
	WaitEvent events[MAX_EVENTS];
	int n;

	CHECK_FOR_INTERRUPTS();
	renew_set(loop, context);
	n = WaitEventSetWait(loop->set,
						 wait_ms(etl_http_now(), Min(until, loop->timer)),
						 events, MAX_EVENTS, PG_WAIT_EXTENSION);
	for (int i = 0; i < n; i++)
	{
		int what = 0;

		if (events[i].events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
			continue;
		}
		if (events[i].events & WL_SOCKET_READABLE)
			what |= CURL_CSELECT_IN;
		if (events[i].events & WL_SOCKET_WRITEABLE)
			what |= CURL_CSELECT_OUT;
		if (what != 0)
			call_curl(loop, events[i].fd, what);
	}
	if (loop->timer <= etl_http_now())
	{
		/* libcurl sets it anew if it wants more. */
		loop->timer = INT64_MAX;
		call_curl(loop, CURL_SOCKET_TIMEOUT, 0);
	}
	collect_ended(loop);
}
