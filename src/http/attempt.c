/*
 * attempt.c
 *	  How an attempt of a request is put together.
 *
 * The request's own headers come first, then what we need, then the
 * credentials, which are made anew for each attempt and handed to the transfer,
 * the only one that keeps them, for as long as the attempt lasts.
 */
#include "postgres.h"

#include "http/private.h"

static void
add_header(EtlHttpFetch *fetch, const char *name, const char *value)
{
	if (!etl_http_transfer_header(fetch->transfer, name, value))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

static void
check_setopt(CURLcode code)
{
	if (code == CURLE_OUT_OF_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (code != CURLE_OK)
		elog(ERROR, "libcurl refused an option: %s", curl_easy_strerror(code));
}

/*
 * Asks for the rest if there is something to go on from.  If-Range makes a
 * server whose file has changed send all of the new one.
 */
static void
add_range(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;
	char range[64];

	if (transfer->received == 0)
		return;
	Assert(fetch->validator != NULL);
	snprintf(range, sizeof(range), "bytes=" INT64_FORMAT "-",
			 transfer->received);
	add_header(fetch, "Range", range);
	add_header(fetch, "If-Range", fetch->validator);
	transfer->resuming = true;
	transfer->validator = fetch->validator;
	transfer->total = fetch->response.content_length;
}

static void
add_headers(EtlHttpFetch *fetch)
{
	const EtlHttpRequest *request = &fetch->target;

	for (int i = 0; i < request->headers.n; i++)
		add_header(fetch, request->headers.items[i].name,
				   request->headers.items[i].value);
	if (etl_http_header(&request->headers, "Accept-Encoding") == NULL)
		add_header(fetch, "Accept-Encoding",
				   request->accept_gzip ? "gzip" : "identity");
	fetch->transfer->ranged =
		etl_http_header(&request->headers, "Range") != NULL;
	add_range(fetch);

	/* libcurl would wait for a "100 Continue", and guess a type. */
	if (etl_http_header(&request->headers, "Expect") == NULL)
		add_header(fetch, "Expect", NULL);
	if (etl_http_header(&request->headers, "Content-Type") == NULL)
		add_header(fetch, "Content-Type", NULL);
}

static void
set_method(CURL *easy, const EtlHttpRequest *request)
{
	bool post = strcmp(request->method, "POST") == 0;

	if (request->body != NULL || post)
	{
		const char *body = request->body ? request->body : "";
		size_t len = request->body ? request->body_len : 0;

		check_setopt(curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
									  (curl_off_t) len));
		check_setopt(curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body));
	}
	else if (strcmp(request->method, "HEAD") == 0)
		check_setopt(curl_easy_setopt(easy, CURLOPT_NOBODY, 1L));
	else
		check_setopt(curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L));

	if (!post && strcmp(request->method, "HEAD") != 0)
		check_setopt(
			curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method));
}

/* Sets whom to trust. */
static void
set_authorities(CURL *easy, const char *authorities)
{
	if (authorities)
	{
		struct curl_blob blob;

		blob.data = unconstify(char *, authorities);
		blob.len = strlen(authorities);
		blob.flags = CURL_BLOB_COPY;
		check_setopt(curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob));
	}
	/*
	 * Of the system's two forms one will do.  Taking in the file costs 20 ms,
	 * which libcurl spares further connections if it has nothing else.
	 */
	if (authorities || curl_version_info(CURLVERSION_NOW)->cainfo)
		check_setopt(curl_easy_setopt(easy, CURLOPT_CAPATH, NULL));
}

static void
set_connection(EtlHttpFetch *fetch)
{
	CURL *easy = fetch->transfer->easy;

	check_setopt(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
								  (long) fetch->client->connect_timeout_ms));
	set_authorities(easy, etl_http_site_authorities(fetch->client->site));

	/*
	 * On a connection that the server has just closed, libcurl would send the
	 * request again by itself.
	 */
	if (!fetch->repeatable)
		check_setopt(curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L));
}

/* Adds the credentials and sets the URL, which may hold one. */
static void
add_credentials(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;
	const char *url = fetch->target.url;
	EtlHttpCredentials credentials = {0};
	bool ok = true;

	etl_http_site_sign(fetch->client->site, &fetch->target, url, &credentials);
	transfer->nplain = transfer->nheaders;
	for (int i = 0; i < credentials.headers.n; i++)
		ok &= etl_http_transfer_header(transfer,
									   credentials.headers.items[i].name,
									   credentials.headers.items[i].value);
	if (credentials.url)
		url = credentials.url;
	ok &= curl_easy_setopt(transfer->easy, CURLOPT_URL, url) == CURLE_OK;
	etl_http_credentials_clear(&credentials);
	if (!ok)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

/*
 * Starts the next attempt; doesn't wait, but for a token where one is needed.
 * Raises an error if there are no credentials to be had.
 */
void
etl_http_attempt_begin(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;

	etl_http_transfer_rewind(transfer);

	/* The length that an answer to HEAD tells is no limit's business. */
	transfer->max_bytes = strcmp(fetch->target.method, "HEAD") == 0
							  ? -1
							  : fetch->client->max_bytes;
	add_headers(fetch);
	set_method(transfer->easy, &fetch->target);
	set_connection(fetch);
	add_credentials(fetch);
	if (!etl_http_transfer_start(transfer, fetch->client->loop.multi))
		elog(ERROR, "libcurl refused a request");
	fetch->state = ETL_HTTP_SENT;
}
