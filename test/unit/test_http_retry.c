/*
 * test_http_retry.c
 *	  Unit tests of http/head.c, http/retry.c and http/mask.c.
 *
 * Prints TAP; exits with 1 if a test fails.
 */
#include "http/mask.h"
#include "http/retry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tap.h"

/* 2026-11-20 12:00:00 UTC. */
#define NOW INT64_C(1795176000)

/*
 * A span in a block of its exact size, so that a sanitizer sees any byte read
 * outside.
 */
static EtlHttpSpan
exact(const char *text)
{
	EtlHttpSpan span = {NULL, strlen(text)};
	char *copy = malloc(span.len ? span.len : 1);

	memcpy(copy, text, span.len);
	span.data = copy;
	return span;
}

static void
release(EtlHttpSpan span)
{
	free((char *) span.data);
}

static bool
has(const char *head, const char *name, const char *value)
{
	EtlHttpSpan span = exact(head);
	EtlHttpSpan found = etl_http_head_find(span, name);
	bool ok;

	if (value == NULL)
		ok = found.data == NULL;
	else
		ok = found.data != NULL && found.len == strlen(value) &&
			 memcmp(found.data, value, found.len) == 0;
	release(span);
	return ok;
}

static void
test_head(void)
{
	const char *head = "HTTP/1.1 200 OK\r\nETag:\t\"a\" \r\n"
					   "X:1\nx: 2\r\n folded: no\r\nEmpty:\r\n"
					   "Content-Length: 12\r\n\r\n";

	tap_ok(has(head, "etag", "\"a\""), "a value comes without blanks");
	tap_ok(has(head, "X", "1"), "the first of two headers is found");
	tap_ok(has(head, "folded", NULL), "a continued line is no header");
	tap_ok(has(head, "Empty", ""), "an empty value is a value");
	tap_ok(has(head, "Content", NULL), "names match as a whole");
	tap_ok(has("", "X", NULL), "nothing is found in nothing");
	tap_ok(has("X: 1", "X", "1"), "the last line may lack its end");
	tap_ok(has(": 1\r\n:\r\n:", "", NULL), "a line without name is no header");
}

static int64_t
length_of(const char *head)
{
	EtlHttpSpan span = exact(head);
	int64_t length = etl_http_head_length(span);

	release(span);
	return length;
}

static void
test_length(void)
{
	tap_ok(length_of("Content-Length: 12\r\n") == 12, "length");
	tap_ok(length_of("Content-Length: -12\r\n") == -1, "negative length");
	tap_ok(length_of("Content-Length: 99999999999999999999\r\n") == -1,
		   "length that overflows");
	tap_ok(length_of("Content-Length: 1\nTransfer-Encoding: chunked\n") == -1,
		   "chunks make the length void");
	tap_ok(length_of("Date: x\r\n") == -1, "no length");
}

static int64_t
date_of(const char *text)
{
	EtlHttpSpan span = exact(text);
	int64_t seconds;
	bool ok = etl_http_parse_date(span, &seconds);

	release(span);
	return ok ? seconds : -1;
}

static void
test_dates(void)
{
	bool ok = true;

	tap_ok(date_of("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777, "RFC 9110");
	tap_ok(date_of("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777, "RFC 850");
	tap_ok(date_of("Sun Nov  6 08:49:37 1994") == 784111777, "asctime");
	tap_ok(date_of("Fri, 20 Nov 2026 12:00:00 GMT") == NOW, "now");
	tap_ok(date_of("Fri, 20 Foo 2026 12:00:00 GMT") == -1, "no such month");
	tap_ok(date_of("Fri, 20 Nov 2026 25:00:00 GMT") == -1, "no such hour");
	tap_ok(date_of("Fri, -1 Nov 2026 12:00:00 GMT") == -1, "no such day");
	tap_ok(date_of("2026-11-20T12:00:00Z") == -1, "ISO 8601 isn't HTTP's");
	tap_ok(date_of("") == -1, "an empty date");
	tap_ok(date_of("Sun, 06 Nov 1994 08:49:37 GMT+1") == -1, "another zone");
	tap_ok(date_of("Sun, 06 Nov 1994 08:49:37 GMT                            "
				   "                                              ") == -1,
		   "a long date");

	for (int i = 0; i < 20000; i++)
	{
		time_t moment = (time_t) tap_random(UINT32_MAX) + tap_random(1000);
		char text[64];

		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT",
				 gmtime(&moment));
		ok &= date_of(text) == (int64_t) moment;
	}
	tap_ok(ok, "random dates agree with the C library");
}

static bool
range_is(const char *text, int64_t first, int64_t last, int64_t total)
{
	EtlHttpSpan span = exact(text);
	EtlHttpContentRange range;
	bool ok = etl_http_parse_content_range(span, &range) &&
			  range.first == first && range.last == last &&
			  range.total == total;

	release(span);
	return ok;
}

static bool
range_fails(const char *text)
{
	EtlHttpSpan span = exact(text);
	EtlHttpContentRange range;
	bool ok = !etl_http_parse_content_range(span, &range);

	release(span);
	return ok;
}

static void
test_ranges(void)
{
	EtlHttpSpan none = {NULL, 0};
	EtlHttpContentRange range;

	tap_ok(range_is("bytes 5-9/10", 5, 9, 10), "range");
	tap_ok(range_is("Bytes  5-9/*", 5, 9, -1), "range of unknown total");
	tap_ok(range_is("bytes */10", -1, -1, 10), "unsatisfied range");
	tap_ok(range_fails("bytes */*"), "unsatisfied range without total");
	tap_ok(range_fails("bytes 5-10/10"), "range behind the end");
	tap_ok(range_fails("bytes 9-5/10"), "range backwards");
	tap_ok(range_fails("bytes 5-/10"), "range without end");
	tap_ok(range_fails("bytes -5/10"), "range without beginning");
	tap_ok(range_fails("items 5-9/10"), "range of other units");
	tap_ok(range_fails("bytes 5-9"), "range without slash");
	tap_ok(range_fails("bytes"), "range without anything");
	tap_ok(range_fails("bytes 5-9/x"), "range of a nonsensical total");
	tap_ok(!etl_http_parse_content_range(none, &range), "no range");
}

static bool
validator_is(const char *head, const char *expected)
{
	EtlHttpSpan span = exact(head);
	EtlHttpSpan found = etl_http_head_validator(span);
	bool ok = expected ? etl_http_span_is(found, expected) : !found.data;

	release(span);
	return ok;
}

static void
test_validators(void)
{
#define MODIFIED "Last-Modified: Fri, 20 Nov 2026 12:00:00 GMT\r\n"
	tap_ok(validator_is("ETag: \"a\"\r\n" MODIFIED, "\"a\""), "strong ETag");
	tap_ok(validator_is("ETag: W/\"a\"\r\n" MODIFIED, NULL), "weak ETag");
	tap_ok(validator_is("ETag: a\r\n", NULL), "ETag without quotes");
	tap_ok(validator_is("ETag: \"\r\n", NULL), "ETag of one quote");
	tap_ok(validator_is(MODIFIED, "Fri, 20 Nov 2026 12:00:00 GMT"),
		   "Last-Modified");
	tap_ok(validator_is(MODIFIED "Date: Fri, 20 Nov 2026 12:00:01 GMT\r\n",
						"Fri, 20 Nov 2026 12:00:00 GMT"),
		   "Last-Modified a second ago");
	tap_ok(validator_is(MODIFIED "Date: Fri, 20 Nov 2026 12:00:00 GMT\r\n",
						NULL),
		   "Last-Modified in this very second");
	tap_ok(validator_is("Last-Modified: yesterday\r\n", NULL),
		   "Last-Modified that is no date");
	tap_ok(validator_is("", NULL), "no validator");
}

static bool
asks(int status, const char *head, int64_t expected)
{
	EtlHttpSpan span = exact(head);
	int64_t wait = etl_http_retry_asked(status, span, NOW);

	release(span);
	return wait == expected;
}

static void
test_asked(void)
{
	tap_ok(asks(503, "Retry-After: 7\r\n", 7000), "seconds");
	tap_ok(asks(500, "Retry-After: 7\r\n", 7000), "of any status");
	tap_ok(asks(503, "Retry-After: 0\r\n", -1), "no seconds count as absent");
	tap_ok(asks(503, "Retry-After: -7\r\n", -1), "nor do negative ones");
	tap_ok(asks(503, "Retry-After: soon\r\n", -1), "nor does nonsense");
	tap_ok(asks(503, "Retry-After: 999999999999999999\r\n", INT64_MAX),
		   "an endless wait is the longest there is");
	tap_ok(asks(503, "Retry-After: Fri, 20 Nov 2026 12:00:30 GMT\r\n", 30000),
		   "a date");
	tap_ok(asks(503, "Retry-After: Fri, 20 Nov 2026 11:59:30 GMT\r\n", -1),
		   "a date in the past counts as absent");
	tap_ok(asks(503,
				"Date: Fri, 20 Nov 2026 13:00:00 GMT\r\n"
				"Retry-After: Fri, 20 Nov 2026 13:00:30 GMT\r\n",
				30000),
		   "a date is compared with the server's clock");
	tap_ok(asks(429, "RateLimit-Reset: 9\r\n", 9000), "RateLimit-Reset");
	tap_ok(asks(503, "RateLimit-Reset: 9.7\r\n", 9000), "with a fraction");
	tap_ok(asks(500, "RateLimit-Reset: 9\r\n", -1),
		   "another failure doesn't wait for the rate's sake");
	tap_ok(asks(429, "Retry-After: 2\r\nRateLimit-Reset: 9\r\n", 2000),
		   "Retry-After comes first");
	tap_ok(asks(429, "Retry-After: 0\r\nX-RateLimit-Reset: 9\r\n", 9000),
		   "where it isn't absent");
	tap_ok(asks(429, "X-RateLimit-Reset: 1795176020\r\n", 20000),
		   "seconds since 1970");
	tap_ok(asks(429, "X-RateLimit-Reset: 1795176020.5\r\n", 20000),
		   "seconds since 1970 with a fraction");
	tap_ok(asks(429, "X-RateLimit-Reset: 1795176020500\r\n", 20500),
		   "milliseconds since 1970");
	tap_ok(asks(429, "X-RateLimit-Reset: 1795175999\r\n", -1),
		   "a second that has passed");
	tap_ok(asks(429, "X-RateLimit-Reset: 1795175999000\r\n", -1),
		   "a millisecond that has passed");
	tap_ok(asks(429, "", -1), "nothing asked");
}

static void
test_backoff(void)
{
	bool within = true;
	int64_t longest = 0;

	for (int i = 0; i < 100000; i++)
	{
		int n = (int) tap_random(100);
		double random = tap_random(1 << 20) / (double) (1 << 20);
		int64_t wait = etl_http_retry_backoff(n, 30000, random);
		int64_t limit = n < 7 ? INT64_C(250) << n : 30000;

		within &= wait >= 0 && wait < limit;
		longest = wait > longest ? wait : longest;
	}
	tap_ok(within, "jitter stays below its limit");
	tap_ok(longest > 29000, "and makes use of it");
	tap_ok(etl_http_retry_backoff(0, 30000, 0.999) == 249, "the first wait");
	tap_ok(etl_http_retry_backoff(3, 30000, 0.5) == 1000, "the fourth wait");
	tap_ok(etl_http_retry_backoff(9, 0, 0.5) == 0, "no wait allowed");
}

static void
test_statuses(void)
{
	static const int again[] = {408, 425, 429, 500, 502, 503, 504};
	int n = 0;
	bool ok = true;

	for (int status = 100; status < 600; status++)
		n += etl_http_retry_status(status);
	for (int i = 0; i < 7; i++)
		ok &= etl_http_retry_status(again[i]);
	tap_ok(ok && n == 7, "seven statuses are worth another attempt");
}

static bool
masked(const char *text, const char *secret, const char *expected)
{
	size_t len = strlen(text);
	EtlHttpSpan span = exact(text);
	EtlHttpSpan hidden = exact(secret);
	bool ok;

	etl_http_mask((char *) span.data, len, hidden.data, hidden.len);
	ok = strlen(expected) == len && memcmp(span.data, expected, len) == 0;
	release(span);
	release(hidden);
	return ok;
}

static void
test_masks(void)
{
	tap_ok(masked("a secret, secret", "secret", "a ******, ******"),
		   "secrets are masked");
	tap_ok(masked("secre", "secret", "*****"), "one that is cut off is, too");
	tap_ok(masked("the sec", "secret", "the sec"), "unless little is left");
	tap_ok(masked("a%20se%63ret&", "a secret", "************&"),
		   "one that is percent-encoded is");
	tap_ok(masked("/?u=a%2fsecr%2565t", "a/secret", "/?u=**************"),
		   "even twice, and not all of it");
	tap_ok(masked("x%2541bc x%41bc xAbc", "x%41bc", "******** ****** xAbc"),
		   "one that looks encoded itself is, and nothing else");
	tap_ok(masked("secre%7", "secret", "secre%7"), "half a code is no byte");
	tap_ok(masked("ssecret", "secret", "s******"), "one behind its beginning");
	tap_ok(masked("the other, \"the\"", "the", "*** other, \"***\""),
		   "a short one is masked as a word");
	tap_ok(masked("X-Key: ab\r\n?k=ab&a%62=tab%20ab", "ab",
				  "X-Key: **\r\n?k=**&****=tab%20**"),
		   "whatever is around it");
	tap_ok(masked("a1", "1", "a1"), "but not within another");
	tap_ok(masked("a", "ab", "a"), "nor a part of it");
	tap_ok(masked("any", "", "any"), "nothing isn't looked for");
	tap_ok(masked("", "secret", ""), "nor anything in nothing");
}

int
main(void)
{
	test_head();
	test_length();
	test_dates();
	test_ranges();
	test_validators();
	test_asked();
	test_backoff();
	test_statuses();
	test_masks();
	return tap_done();
}
