/*
 * retry.c
 *	  When an HTTP request is worth another attempt, and how long to wait first.
 */
#include "http/retry.h"

/* The longest wait after the first failure. */
#define BASE_MS 250

/*
 * From here on a reset time is no duration but a moment: in seconds, a duration
 * of three years and the year 1973; in milliseconds, the year 5138 and 1973.
 */
#define FIRST_EPOCH_SECOND INT64_C(100000000)
#define FIRST_EPOCH_MILLISECOND INT64_C(100000000000)

bool
etl_http_retry_status(int status)
{
	switch (status)
	{
		case 408: /* the server waited too long for the request */
		case 425: /* too early */
		case 429: /* too many requests */
		case 500:
		case 502:
		case 503:
		case 504:
			return true;
		default:
			return false;
	}
}

/* Seconds to wait as milliseconds; -1 for what isn't in the future. */
static int64_t
wait_of(int64_t seconds)
{
	if (seconds <= 0)
		return -1;
	return seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
}

static int64_t
parse_retry_after(EtlHttpSpan value, int64_t now)
{
	int64_t seconds = etl_http_parse_number(value);
	int64_t moment;

	if (seconds >= 0)
		return wait_of(seconds);
	if (etl_http_parse_date(value, &moment))
		return wait_of(moment - now);
	return -1;
}

/* The whole part of a number; -1 for anything else. */
static int64_t
parse_decimal(EtlHttpSpan value)
{
	for (size_t i = 0; i < value.len; i++)
	{
		if (value.data[i] == '.')
			value.len = i;
	}
	return etl_http_parse_number(value);
}

static int64_t
parse_reset(EtlHttpSpan value, int64_t now)
{
	int64_t number = parse_decimal(value);

	if (number >= FIRST_EPOCH_MILLISECOND)
		return number > now * 1000 ? number - now * 1000 : -1;
	if (number >= FIRST_EPOCH_SECOND)
		return wait_of(number - now);
	return wait_of(number);
}

int64_t
etl_http_retry_asked(int status, EtlHttpSpan head, int64_t now)
{
	int64_t wait;

	(void) etl_http_parse_date(etl_http_head_find(head, "Date"), &now);
	wait = parse_retry_after(etl_http_head_find(head, "Retry-After"), now);

	/* Other answers tell the rate's state too, but didn't fail for it. */
	if (wait >= 0 || (status != 429 && status != 503))
		return wait;
	wait = wait_of(parse_decimal(etl_http_head_find(head, "RateLimit-Reset")));
	if (wait < 0)
		wait = parse_reset(etl_http_head_find(head, "X-RateLimit-Reset"), now);
	return wait;
}

int64_t
etl_http_retry_backoff(int n, int64_t cap_ms, double random)
{
	int64_t limit = BASE_MS;

	while (n-- > 0 && limit < cap_ms)
		limit *= 2;
	if (limit > cap_ms)
		limit = cap_ms;
	return (int64_t) (random * (double) limit);
}
