/*
 * judge.c
 *	  What becomes of a fetch after each attempt.
 *
 *		WAITING -> SENT -> BODY -> COMPLETE
 *		   ^        |       |
 *		   +--------+-------+   a retry, a redirect, the rest of a body
 *		            |       |
 *		         REFUSED  FAILED
 *
 * Everything here happens while some fetch of the client is waited for, not
 * necessarily this one.  So a failure is noted down and raised when its own
 * caller asks: rows of an earlier page still come out before a later page's
 * error.  For the same reason a redirect, which may be forbidden, waits until
 * its fetch is the one waited for.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "http/private.h"
#include "http/retry.h"

/* The longest wait that we choose ourselves before a retry. */
#define BACKOFF_CAP_MS 30000

/*
 * A body may come in many pieces as long as each attempt brings some, but not
 * in endlessly many: this many times the retries.
 */
#define MOST_BREAKS 20

/* How long the body of an answer that isn't wanted is waited for. */
#define ERROR_BODY_PATIENCE_US 2000000

/* How late a request may be without the next one being put off as well. */
#define RATE_TOLERANCE_US 20000

static bool
deadline_passed(const EtlHttpFetch *fetch)
{
	return fetch->request->deadline != 0 &&
		   GetCurrentTimestamp() >= fetch->request->deadline;
}

static int64
idle_limit(const EtlHttpFetch *fetch)
{
	const EtlHttpTransfer *transfer = fetch->transfer;

	if (transfer->answered && !transfer->wanted)
		return Min(fetch->client->idle_limit_us, ERROR_BODY_PATIENCE_US);
	return fetch->client->idle_limit_us;
}

/* Ends an attempt that takes too long. */
static void
check_patience(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;
	int64 whole_us = fetch->request->whole_timeout_ms * INT64CONST(1000);
	EtlHttpStop stop = ETL_HTTP_STOP_NONE;

	if (transfer->ended)
		return;
	if (deadline_passed(fetch))
		stop = ETL_HTTP_STOP_DEADLINE;
	else if (transfer->idle_us >= idle_limit(fetch))
		stop = ETL_HTTP_STOP_IDLE;
	else if (whole_us > 0 && transfer->spent_us >= whole_us)
		stop = ETL_HTTP_STOP_WHOLE;
	if (stop != ETL_HTTP_STOP_NONE)
		etl_http_transfer_stop(transfer, CURLE_OPERATION_TIMEDOUT, stop);
}

/* Lets the next attempt begin at once, or as soon as the rate allows. */
static void
go_on(EtlHttpFetch *fetch)
{
	fetch->not_before = 0;
	fetch->state = ETL_HTTP_WAITING;
}

/* Begins again where the request began; what was received stays. */
static void
start_over(EtlHttpFetch *fetch)
{
	fetch->target = *fetch->request;
	fetch->redirects = 0;
	list_free(fetch->visited);
	fetch->visited = NIL;
	go_on(fetch);
}

/*
 * Plans another attempt; asked_ms is the wait that the server asks for, -1 if
 * it doesn't.  False if there is none to be had.
 */
static bool
retry_later(EtlHttpFetch *fetch, int64 asked_ms)
{
	EtlHttpClient *client = fetch->client;
	int64 cap_ms = Min(BACKOFF_CAP_MS, client->retry_max_wait_ms);
	int64 wait_ms = asked_ms;

	if (fetch->failures >= client->retries ||
		fetch->breaks >= client->retries * MOST_BREAKS)
	{
		if (fetch->breaks > 0)
			fetch->gave_up =
				psprintf("It was tried %d times.", fetch->breaks + 1);
		return false;
	}
	if (wait_ms < 0)
		wait_ms =
			etl_http_retry_backoff(fetch->failures, cap_ms,
								   pg_prng_double(&pg_global_prng_state));
	if (wait_ms > client->retry_max_wait_ms)
	{
		fetch->gave_up =
			psprintf("The server asks to wait " INT64_FORMAT
					 " s, longer than \"retry_max_wait_ms\" allows.",
					 (wait_ms + 999) / 1000);
		return false;
	}
	if (fetch->request->deadline != 0 &&
		GetCurrentTimestamp() + wait_ms * INT64CONST(1000) >=
			fetch->request->deadline)
	{
		fetch->gave_up = pstrdup("The deadline is too close to try again.");
		return false;
	}

	fetch->failures++;
	fetch->breaks++;
	client->counts.retries++;
	start_over(fetch);
	fetch->not_before = etl_http_now() + wait_ms * INT64CONST(1000);
	return true;
}

/* Whether an attempt that failed without an answer may do better next time. */
static bool
may_pass(const EtlHttpTransfer *transfer)
{
	if (transfer->refused_address)
		return false;
	switch (transfer->stop)
	{
		case ETL_HTTP_STOP_IDLE:
		case ETL_HTTP_STOP_WHOLE:
			return true;
		case ETL_HTTP_STOP_NONE:
			break;
		default:
			return false;
	}
	switch (transfer->result)
	{
		case CURLE_COULDNT_RESOLVE_HOST:
		case CURLE_COULDNT_CONNECT:
		case CURLE_PARTIAL_FILE:
		case CURLE_OPERATION_TIMEDOUT:
		case CURLE_GOT_NOTHING:
		case CURLE_UNSUPPORTED_PROTOCOL: /* the answer is no HTTP */
		case CURLE_WEIRD_SERVER_REPLY:
		case CURLE_SEND_ERROR:
		case CURLE_RECV_ERROR:
			return true;
		default:
			return false;
	}
}

/* Whether what was received so far can be kept, or isn't missed. */
static bool
can_go_on(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;

	/* The body of an answer that is no success isn't worth it. */
	if (!fetch->repeatable || fetch->response.status >= 300)
		return false;
	if (transfer->received == 0 || fetch->validator != NULL)
		return true;
	if (transfer->taken == 0)
	{
		etl_http_transfer_discard_body(transfer);
		return true;
	}
	fetch->gave_up = pstrdup("The rest can't be asked for, because the server "
							 "doesn't say how to (Accept-Ranges, ETag, "
							 "Last-Modified).");
	return false;
}

/* Judges an attempt that ended without an answer, or within the body. */
static void
judge_break(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;

	if (transfer->received > fetch->received)
		fetch->failures = 0;
	fetch->received = transfer->received;
	if (!may_pass(transfer) || !can_go_on(fetch) || !retry_later(fetch, -1))
		etl_http_fail_attempt(fetch);
}

/* Forgets the body of an answer that isn't wanted. */
static void
discard_answer(EtlHttpFetch *fetch)
{
	/* Asked for the rest, it went nowhere, and the buffer holds what is. */
	if (!fetch->transfer->resuming)
		etl_http_transfer_discard_body(fetch->transfer);
}

static bool
was_visited(const EtlHttpFetch *fetch, const char *url)
{
	ListCell *cell;

	foreach (cell, fetch->visited)
	{
		if (strcmp(lfirst(cell), url) == 0)
			return true;
	}
	return strcmp(fetch->target.url, url) == 0;
}

/* 303 always asks for a GET; so do, for POST, the older ones by custom. */
static bool
becomes_get(int status, const char *method)
{
	if (status == 303)
		return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
	return (status == 301 || status == 302) && strcmp(method, "POST") == 0;
}

/* Follows a redirect; raises an error if it leads where we may not go. */
static void
follow(EtlHttpFetch *fetch, EtlHttpSpan location)
{
	EtlHttpRequest *target = &fetch->target;
	char *url;

	if (fetch->redirects >= fetch->client->max_redirects)
	{
		etl_http_fail(fetch, "there were too many redirects", NULL);
		return;
	}
	if (becomes_get(fetch->transfer->status, target->method))
	{
		target->method = "GET";
		target->body = NULL;
		target->body_len = 0;
		list_free(fetch->visited);
		fetch->visited = NIL;
	}
	else
		fetch->visited = lappend(fetch->visited, (char *) target->url);

	/* A body may hold what only the server that it was made for may know. */
	url = etl_http_site_follow(fetch->client->site, target->url,
							   pnstrdup(location.data, location.len),
							   target->body == NULL);
	if (fetch->visited != NIL && was_visited(fetch, url))
	{
		etl_http_fail(fetch, "redirects go round in a circle", NULL);
		return;
	}
	target->url = url;
	fetch->redirects++;
	discard_answer(fetch);
	go_on(fetch);
}

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
		   status == 308;
}

/*
 * Judges the answer to a request for the rest of a body that isn't that rest.
 * True if it is dealt with.
 */
static bool
judge_wrong_rest(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;
	EtlHttpContentRange range;

	/* It broke off behind the last byte, which we couldn't know. */
	if (transfer->status == 416 &&
		etl_http_parse_content_range(etl_http_head_find(etl_http_transfer_head(
															transfer),
														"Content-Range"),
									 &range) &&
		range.first < 0 && range.total == transfer->received &&
		transfer->total < 0)
	{
		etl_http_transfer_stop(transfer, CURLE_OK, ETL_HTTP_STOP_NONE);
		fetch->state = ETL_HTTP_COMPLETE;
		return true;
	}
	if (transfer->status != 200 && transfer->status != 206)
		return false;
	if (transfer->taken == 0 && retry_later(fetch, -1))
		etl_http_transfer_discard_body(transfer);
	else
	{
		fetch->gave_up = psprintf("It broke off after " INT64_FORMAT " bytes. "
								  "Asked for the rest, the server sent "
								  "something else.",
								  transfer->received);
		etl_http_fail(fetch, "the body is incomplete", NULL);
	}
	return true;
}

/* Judges an answer that isn't the body. */
static void
judge_answer(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;
	EtlHttpSpan head = etl_http_transfer_head(transfer);
	EtlHttpSpan location = etl_http_head_find(head, "Location");
	int status = transfer->status;

	if (is_redirect(status) && location.data != NULL)
	{
		if (fetch->client->awaited == fetch)
			follow(fetch, location);
		return;
	}
	if (transfer->resuming && judge_wrong_rest(fetch))
		return;
	if (status == 206)
	{
		etl_http_fail(fetch, "the server sent a part of what was asked for",
					  NULL);
		return;
	}
	if (status == 401 && !fetch->renewed)
	{
		fetch->renewed = true;
		if (etl_http_site_renew(fetch->client->site))
			start_over(fetch);
	}
	else if (etl_http_retry_status(status) && fetch->repeatable)
		(void) retry_later(fetch,
						   etl_http_retry_asked(status, head, time(NULL)));
	if (fetch->state == ETL_HTTP_SENT)
	{
		fetch->state = ETL_HTTP_REFUSED;

		/* Who knows of a success waits for its body, not for an answer. */
		if (fetch->handed)
			etl_http_fail_status(fetch);
	}
	else
		discard_answer(fetch);
}

/* Whether a body that breaks off can be resumed, and by which validator. */
static char *
find_validator(const EtlHttpFetch *fetch, EtlHttpSpan head)
{
	EtlHttpSpan validator = etl_http_head_validator(head);

	if (validator.data == NULL || fetch->response.status != 200 ||
		strcmp(fetch->target.method, "GET") != 0 ||
		etl_http_span_is(etl_http_head_find(head, "Accept-Ranges"), "none") ||
		etl_http_header(&fetch->request->headers, "Range") != NULL)
		return NULL;
	return pnstrdup(validator.data, validator.len);
}

/* The coding's name; false if we don't know it. */
static bool
find_coding(EtlHttpSpan head, const char **coding)
{
	EtlHttpSpan value = etl_http_head_find(head, "Content-Encoding");

	if (etl_http_span_is(value, "gzip") || etl_http_span_is(value, "x-gzip"))
		*coding = "gzip";
	else if (etl_http_span_is(value, "zstd"))
		*coding = "zstd";
	else
	{
		*coding = NULL;
		return value.len == 0 || etl_http_span_is(value, "identity");
	}
	return true;
}

static EtlHttpHeaders
copy_headers(EtlHttpSpan head)
{
	EtlHttpHeaders headers = {0};
	EtlHttpSpan name;
	EtlHttpSpan value;
	size_t pos = 0;

	while (etl_http_head_next(head, &pos, &name, &value))
		headers.n++;
	headers.items = palloc(Max(headers.n, 1) * sizeof(EtlHttpHeader));
	headers.n = 0;
	pos = 0;
	while (etl_http_head_next(head, &pos, &name, &value))
	{
		EtlHttpHeader *item = &headers.items[headers.n++];

		item->name = pnstrdup(name.data, name.len);
		item->value = pnstrdup(value.data, value.len);
	}
	return headers;
}

/* Takes what the transfer was answered as the answer, whatever its status. */
void
etl_http_fetch_take_answer(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;
	EtlHttpSpan head = etl_http_transfer_head(transfer);
	EtlHttpResponse *response = &fetch->response;
	const char *coding;

	if (transfer->resuming && !transfer->restarted)
	{
		fetch->state = ETL_HTTP_BODY;
		return;
	}
	if (!find_coding(head, &coding))
	{
		etl_http_fail(fetch, "the answer has an unknown Content-Encoding",
					  NULL);
		return;
	}
	if (fetch->handed && (coding == NULL) != (response->coding == NULL))
	{
		etl_http_fail(fetch, "the server changed its answer", NULL);
		return;
	}
	fetch->state = ETL_HTTP_BODY;
	response->coding = coding;
	response->status = transfer->status;
	response->url =
		etl_http_site_visible_url(fetch->client->site, fetch->target.url);
	response->headers = copy_headers(head);
	response->content_length = etl_http_head_length(head);
	fetch->validator = find_validator(fetch, head);
}

static void
advance_sent(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;

	check_patience(fetch);
	if (!transfer->answered)
	{
		if (transfer->ended)
			judge_break(fetch);
	}
	else if (transfer->wanted)
		etl_http_fetch_take_answer(fetch);
	else if (transfer->ended ||
			 transfer->excerpt_len == sizeof(transfer->excerpt))
		judge_answer(fetch);
}

static void
advance_body(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;

	check_patience(fetch);
	if (!transfer->ended)
		return;

	/* A server may send less of the rest than it was asked for. */
	if (transfer->result == CURLE_OK && transfer->resuming &&
		transfer->received < transfer->total)
		transfer->result = CURLE_PARTIAL_FILE;

	if (transfer->result == CURLE_OK && transfer->stop == ETL_HTTP_STOP_NONE)
		fetch->state = ETL_HTTP_COMPLETE;
	else
		judge_break(fetch);
}

/* Takes the next place in the queue of requests, if it is time for it. */
static bool
take_turn(EtlHttpFetch *fetch)
{
	EtlHttpTurn *turn = fetch->turn;
	int64 now = etl_http_now();

	if (now < fetch->not_before || (turn && now < turn->next_send))
		return false;
	if (turn && now - turn->next_send > RATE_TOLERANCE_US)
		turn->next_send = now;
	if (turn)
		turn->next_send += fetch->client->interval_us;
	return true;
}

/* Does for a fetch what is due. */
void
etl_http_fetch_advance(EtlHttpFetch *fetch)
{
	MemoryContext old = MemoryContextSwitchTo(fetch->context);

	if (fetch->state == ETL_HTTP_WAITING)
	{
		if (deadline_passed(fetch))
			etl_http_fail(fetch, "the deadline has passed", NULL);
		else if (take_turn(fetch))
			etl_http_attempt_begin(fetch);
	}
	else if (fetch->state == ETL_HTTP_SENT)
		advance_sent(fetch);
	if (fetch->state == ETL_HTTP_BODY)
		advance_body(fetch);
	MemoryContextSwitchTo(old);
}

/*
 * When a fetch needs to be looked after if nothing comes, by the clock of
 * etl_http_now().
 */
int64
etl_http_fetch_due(const EtlHttpFetch *fetch, int64 now)
{
	const EtlHttpTransfer *transfer = fetch->transfer;
	int64 due = INT64_MAX;

	if (fetch->state == ETL_HTTP_WAITING)
		due = Max(fetch->not_before, fetch->turn ? fetch->turn->next_send : 0);
	else if (fetch->state != ETL_HTTP_SENT && fetch->state != ETL_HTTP_BODY)
		return due;
	else if (transfer->ended)
		return due;
	else if (!transfer->paused)
	{
		if (transfer->sent)
			due = now + idle_limit(fetch) - transfer->idle_us;
		if (fetch->request->whole_timeout_ms > 0)
			due = Min(due,
					  now - transfer->spent_us +
						  fetch->request->whole_timeout_ms * INT64CONST(1000));
	}
	if (fetch->request->deadline != 0)
		due = Min(due, now + fetch->request->deadline - GetCurrentTimestamp());
	return due;
}
