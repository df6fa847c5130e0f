/*
 * transfer.c
 *	  One attempt of a request, as libcurl carries it out.
 *
 * The callbacks run inside of libcurl: they neither palloc nor ereport.
 */
#include "postgres.h"

#include <stdlib.h>

#include "http/address.h"
#include "http/mask.h"
#include "http/transfer.h"

#define MAX_HEAD_SIZE (256 * 1024)

/* How much libcurl takes from a socket at a time. */
#define RECEIVE_SIZE (64 * 1024)

/* Unless the request names another. */
#define USER_AGENT "pg_etl"

EtlHttpTransfer *
etl_http_transfer_new(void)
{
	EtlHttpTransfer *transfer = calloc(1, sizeof(EtlHttpTransfer));

	if (transfer == NULL)
		return NULL;
	transfer->buf = malloc(ETL_HTTP_BUFFER_SIZE);
	transfer->easy = curl_easy_init();
	if (transfer->buf == NULL || transfer->easy == NULL)
	{
		etl_http_transfer_free(transfer);
		return NULL;
	}
	return transfer;
}

/* Hides the credentials where the server has sent them back to us. */
static void
mask_credentials(EtlHttpTransfer *transfer)
{
	struct curl_slist *item = transfer->headers;

	for (int i = 0; item != NULL; item = item->next, i++)
	{
		const char *value;
		const char *word;

		if (i < transfer->nplain)
			continue;
		value = strchr(item->data, ':');
		if (value == NULL)
			continue;
		value += strspn(value, ": ");
		word = strrchr(value, ' ');
		word = word ? word + 1 : value;
		etl_http_mask(transfer->excerpt, transfer->excerpt_len, word,
					  strlen(word));
	}
}

/* Takes the handle out of libcurl's hands and zeroes the credentials. */
static void
detach(EtlHttpTransfer *transfer)
{
	if (transfer->multi)
		(void) curl_multi_remove_handle(transfer->multi, transfer->easy);
	transfer->multi = NULL;

	mask_credentials(transfer);
	for (struct curl_slist *item = transfer->headers; item; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	transfer->nheaders = 0;
	transfer->nplain = 0;
	if (transfer->easy)
		curl_easy_reset(transfer->easy);
}

void
etl_http_transfer_free(EtlHttpTransfer *transfer)
{
	detach(transfer);
	if (transfer->easy)
		curl_easy_cleanup(transfer->easy);
	free(transfer->head);
	free(transfer->buf);
	free(transfer);
}

void
etl_http_transfer_discard_body(EtlHttpTransfer *transfer)
{
	transfer->start = 0;
	transfer->len = 0;
	transfer->received = 0;
	transfer->taken = 0;
}

void
etl_http_transfer_rewind(EtlHttpTransfer *transfer)
{
	detach(transfer);
	transfer->ranged = false;
	transfer->resuming = false;
	transfer->total = -1;
	transfer->validator = NULL;
	transfer->sent = false;
	transfer->answered = false;
	transfer->wanted = false;
	transfer->restarted = false;
	transfer->ended = false;
	transfer->result = CURLE_OK;
	transfer->stop = ETL_HTTP_STOP_NONE;
	transfer->refused_address = false;
	transfer->refused_link_local = false;
	transfer->moved = false;
	transfer->idle_us = 0;
	transfer->spent_us = 0;
	transfer->status = 0;
	transfer->head_len = 0;
	transfer->excerpt_len = 0;
	transfer->error[0] = '\0';
	transfer->paused = false;
}

void
etl_http_transfer_reset(EtlHttpTransfer *transfer)
{
	etl_http_transfer_rewind(transfer);
	etl_http_transfer_discard_body(transfer);
}

bool
etl_http_transfer_header(EtlHttpTransfer *transfer, const char *name,
						 const char *value)
{
	/* To libcurl, "name:" means to leave a header out, "name;" an empty one. */
	const char *separator = value == NULL      ? ":"
							: value[0] == '\0' ? ";"
											   : ": ";
	size_t size;
	char *line;
	struct curl_slist *list;

	if (value == NULL)
		value = "";
	size = strlen(name) + strlen(separator) + strlen(value) + 1;
	line = malloc(size);
	if (line == NULL)
		return false;
	snprintf(line, size, "%s%s%s", name, separator, value);
	list = curl_slist_append(transfer->headers, line);
	explicit_bzero(line, size);
	free(line);
	if (list == NULL)
		return false;
	transfer->headers = list;
	transfer->nheaders++;
	return true;
}

/* Ends the attempt from within a callback, which then returns an error. */
static size_t
give_up(EtlHttpTransfer *transfer, EtlHttpStop stop)
{
	transfer->stop = stop;
	return 0;
}

/*
 * Whether the answer to a request for the rest of a body is that rest.  A
 * server that begins anew is welcome as long as nobody has seen anything.
 */
static bool
is_rest(EtlHttpTransfer *transfer)
{
	EtlHttpSpan head = etl_http_transfer_head(transfer);
	EtlHttpSpan tag = etl_http_head_find(head, "ETag");
	EtlHttpContentRange range;

	if (transfer->status == 200 && transfer->taken == 0)
	{
		etl_http_transfer_discard_body(transfer);
		transfer->restarted = true;
		return true;
	}
	if (transfer->status != 206 ||
		!etl_http_parse_content_range(etl_http_head_find(head,
														 "Content-Range"),
									  &range) ||
		range.first != transfer->received)
		return false;
	if (transfer->total < 0)
		transfer->total = range.total;
	if (range.total >= 0 && range.total != transfer->total)
		return false;
	return transfer->validator[0] != '"' || tag.data == NULL ||
		   etl_http_span_is(tag, transfer->validator);
}

static size_t
end_head(EtlHttpTransfer *transfer, size_t n)
{
	int64 length;
	long status = 0;

	(void) curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	transfer->status = (int) status;

	/* 100 and the like only announce the answer. */
	if (status < 200)
		return n;

	transfer->answered = true;
	if (transfer->resuming)
		transfer->wanted = is_rest(transfer);
	else
		transfer->wanted = status < 300 && (status != 206 || transfer->ranged);
	if (!transfer->wanted || transfer->max_bytes < 0)
		return n;
	length = etl_http_head_length(etl_http_transfer_head(transfer));
	if (length > transfer->max_bytes - transfer->received)
		return give_up(transfer, ETL_HTTP_STOP_BODY);
	return n;
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	EtlHttpTransfer *transfer = arg;

	transfer->moved = true;

	/* Trailers, which come behind the body, are of no use. */
	if (transfer->answered)
		return n;
	if (n >= 5 && memcmp(data, "HTTP/", 5) == 0)
		transfer->head_len = 0;
	if (transfer->head_len + n > MAX_HEAD_SIZE)
		return give_up(transfer, ETL_HTTP_STOP_HEAD);
	if (transfer->head_len + n > transfer->head_capacity)
	{
		size_t capacity = Max(2 * transfer->head_capacity,
							  Max(transfer->head_len + n, 4096));
		char *head = realloc(transfer->head, capacity);

		if (head == NULL)
			return give_up(transfer, ETL_HTTP_STOP_MEMORY);
		transfer->head = head;
		transfer->head_capacity = capacity;
	}
	memcpy(transfer->head + transfer->head_len, data, n);
	transfer->head_len += n;

	if ((n == 2 && data[0] == '\r') || (n == 1 && data[0] == '\n'))
		return end_head(transfer, n);
	return n;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	EtlHttpTransfer *transfer = arg;

	transfer->moved = true;
	if (!transfer->wanted)
	{
		size_t room = sizeof(transfer->excerpt) - transfer->excerpt_len;
		size_t part = Min(n, room);

		memcpy(transfer->excerpt + transfer->excerpt_len, data, part);
		transfer->excerpt_len += part;

		/* The buffer may hold the beginning of a body that is wanted. */
		if (transfer->resuming)
			return n;
	}
	else if (transfer->max_bytes >= 0 &&
			 (int64) n > transfer->max_bytes - transfer->received)
		return give_up(transfer, ETL_HTTP_STOP_BODY);

	if (n > ETL_HTTP_BUFFER_SIZE - transfer->len)
	{
		transfer->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (n > ETL_HTTP_BUFFER_SIZE - transfer->start - transfer->len)
	{
		memmove(transfer->buf, transfer->buf + transfer->start, transfer->len);
		transfer->start = 0;
	}
	memcpy(transfer->buf + transfer->start + transfer->len, data, n);
	transfer->len += n;
	transfer->received += n;
	if (transfer->wanted)
		transfer->counts->bytes += n;
	return n;
}

/* Called when there is a connection, just before the request goes out. */
static int
on_connected(void *arg, char *remote_address, char *local_address,
			 int remote_port, int local_port)
{
	EtlHttpTransfer *transfer = arg;

	if (!transfer->sent)
		transfer->counts->requests++;
	transfer->sent = true;
	transfer->moved = true;
	return CURL_PREREQFUNC_OK;
}

static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	EtlHttpTransfer *transfer = arg;

	if (!etl_http_site_allows_address(transfer->site, &address->addr))
	{
		transfer->refused_address = true;
		transfer->refused_link_local =
			etl_address_kind(&address->addr) == ETL_ADDRESS_LINK_LOCAL;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
				  address->protocol);
}

/* What is the same for all requests. */
static bool
set_common(EtlHttpTransfer *transfer)
{
	CURL *easy = transfer->easy;
	bool ok = true;

#define SET(option, value) \
	ok &= curl_easy_setopt(easy, CURLOPT_##option, value) == CURLE_OK

	SET(PRIVATE, transfer);
	SET(ERRORBUFFER, transfer->error);
	SET(HTTPHEADER, transfer->headers);
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, transfer);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, transfer);
	SET(PREREQFUNCTION, on_connected);
	SET(PREREQDATA, transfer);
	SET(OPENSOCKETFUNCTION, on_open_socket);
	SET(OPENSOCKETDATA, transfer);

	/* Signals and threads are the server's business. */
	SET(NOSIGNAL, 1L);
	SET(QUICK_EXIT, 1L);

	/* What was checked is what is asked for, of whom was checked. */
	SET(PROTOCOLS_STR, "http,https");
	SET(REDIR_PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 0L);
	SET(PATH_AS_IS, 1L);
	SET(NETRC, (long) CURL_NETRC_IGNORED);
	SET(PROXY, "");
	SET(NOPROXY, "*");
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 2L);
	SET(SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);

	/* Offsets count the bytes as sent. */
	SET(HTTP_CONTENT_DECODING, 0L);
	SET(HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	SET(TCP_KEEPALIVE, 1L);
	SET(USERAGENT, USER_AGENT);
#undef SET

	/*
	 * After an attempt without a connection libcurl still has its old buffer,
	 * and refuses another size.
	 */
	(void) curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long) RECEIVE_SIZE);
	return ok;
}

bool
etl_http_transfer_start(EtlHttpTransfer *transfer, CURLM *multi)
{
	if (!set_common(transfer) ||
		curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
		return false;
	transfer->multi = multi;
	return true;
}

void
etl_http_transfer_stop(EtlHttpTransfer *transfer, CURLcode result,
					   EtlHttpStop stop)
{
	transfer->ended = true;
	transfer->result = result;
	if (transfer->stop == ETL_HTTP_STOP_NONE)
		transfer->stop = stop;
	transfer->paused = false;
	detach(transfer);
}

size_t
etl_http_transfer_take(EtlHttpTransfer *transfer, char *buf, size_t cap)
{
	size_t n = Min(cap, transfer->len);

	memcpy(buf, transfer->buf + transfer->start, n);
	transfer->start += n;
	transfer->len -= n;
	transfer->taken += n;
	if (transfer->len == 0)
		transfer->start = 0;

	if (transfer->paused && transfer->len <= ETL_HTTP_BUFFER_SIZE / 2)
	{
		transfer->paused = false;
		if (curl_easy_pause(transfer->easy, CURLPAUSE_CONT) != CURLE_OK)
			etl_http_transfer_stop(transfer, CURLE_WRITE_ERROR,
								   ETL_HTTP_STOP_NONE);
	}
	return n;
}
