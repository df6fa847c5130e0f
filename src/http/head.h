/*
 * head.h
 *	  What the head of an HTTP answer says.
 *
 * The head is the text as it came: header lines that end with CR LF or LF, the
 * status line first.  Nothing here allocates; values are spans of the head.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_HTTP_HEAD_H
#define ETL_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part of a text; data is NULL if there is none. */
typedef struct EtlHttpSpan
{
	const char *data;
	size_t len;
} EtlHttpSpan;

/*
 * The next header line from *pos on, which is advanced; false at the end.
 * What is no header line is passed over.  Values come without spaces around.
 */
extern bool etl_http_head_next(EtlHttpSpan head, size_t *pos,
							   EtlHttpSpan *name, EtlHttpSpan *value);

/* The value of the first header of a name, in any case. */
extern EtlHttpSpan etl_http_head_find(EtlHttpSpan head, const char *name);

/* True if the span has this text, in any case. */
extern bool etl_http_span_is(EtlHttpSpan span, const char *text);

/* A number of digits only, at most 18 of them; -1 for anything else. */
extern int64_t etl_http_parse_number(EtlHttpSpan span);

/*
 * A date in one of the three forms that HTTP knows, as seconds since 1970;
 * false for anything else.
 */
extern bool etl_http_parse_date(EtlHttpSpan span, int64_t *seconds);

/* Content-Range: "bytes first-last/total", or "bytes * /total" (no space). */
typedef struct EtlHttpContentRange
{
	int64_t first; /* -1: the range can't be satisfied */
	int64_t last;
	int64_t total; /* -1: unknown */
} EtlHttpContentRange;

extern bool etl_http_parse_content_range(EtlHttpSpan span,
										 EtlHttpContentRange *range);

/* The length of the body as sent; -1 if the head doesn't tell. */
extern int64_t etl_http_head_length(EtlHttpSpan head);

/*
 * What If-Range may say to get the rest of the same thing: the ETag, unless it
 * is weak, else Last-Modified, unless the thing was so young that it may have
 * changed again within that second.
 */
extern EtlHttpSpan etl_http_head_validator(EtlHttpSpan head);

#endif
