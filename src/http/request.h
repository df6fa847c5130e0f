/*
 * request.h
 *	  What is asked of an HTTP server, and what it answers.
 */
#ifndef ETL_HTTP_REQUEST_H
#define ETL_HTTP_REQUEST_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

/*
 * The transport's settings as users give them; "unset" as in options.h, and
 * then the server's or the default.
 */
typedef struct EtlTransport
{
	Jsonb *headers;         /* object of strings; no credentials */
	Jsonb *params;          /* object of scalars or arrays of them */
	int timeout_ms;         /* longest wait for the next byte; 30 s */
	int connect_timeout_ms; /* 10 s */
	int retries;            /* of one request; 5 */
	int retry_max_wait_ms;  /* longest wait before one retry; 60 s */
	int64 max_bytes;        /* of one body; no limit */
	int max_redirects;      /* at most and by default 5 */
	int idempotent;         /* retry methods other than GET and HEAD too */
	double rate_limit;      /* requests a second; no limit */
} EtlTransport;

typedef struct EtlHttpHeader
{
	char *name;
	char *value;
} EtlHttpHeader;

typedef struct EtlHttpHeaders
{
	int n;
	EtlHttpHeader *items;
} EtlHttpHeaders;

/*
 * One request, without credentials, which are added to each attempt.  Borrowed
 * by the fetch until that is closed.
 */
typedef struct EtlHttpRequest
{
	const char *method; /* GET, HEAD, POST, ... */
	const char *url;    /* absolute and checked: etl_http_site_url() */
	EtlHttpHeaders headers;
	const char *body; /* NULL for none */
	size_t body_len;
	bool idempotent;  /* may be sent again when it is unsure if it arrived */
	bool accept_gzip; /* ask for Content-Encoding gzip */
	size_t hold_back; /* how much of the body to hold; see below */
	int whole_timeout_ms; /* for one attempt with its body; 0: none */
	TimestampTz deadline; /* for all attempts; 0: none */
} EtlHttpRequest;

/*
 * As long as no byte was handed out, a body that breaks off can be asked for
 * anew, also where the rest alone can't.  So nothing is handed out before so
 * much has come, or all; readers look at as much before their first record.
 */
#define ETL_HTTP_HOLD_BACK (256 * 1024)

/* An answer: what stands before its body. */
typedef struct EtlHttpResponse
{
	int status;
	const char *url; /* after redirects, as users may see it */
	EtlHttpHeaders headers;
	int64 content_length; /* of the body as sent; -1 if unknown */
	const char *coding;   /* Content-Encoding: gzip or zstd; NULL for none */
} EtlHttpResponse;

/* The value of a header, whose name has any case, or NULL. */
extern const char *etl_http_header(const EtlHttpHeaders *headers,
								   const char *name);

#endif
