/*
 * transfer.h
 *	  One attempt of a request, as libcurl carries it out.
 *
 * A transfer owns an easy handle and what its callbacks write to: the answer's
 * head, and a buffer of body bytes.  It is malloc'd and raises no errors, since
 * callbacks may do neither; what goes wrong is a flag that others look at.
 *
 * The buffer outlives the attempt: a resumed body goes on in the same one.
 *
 *		received so far
 *		|-- taken by the caller --|-- in the buffer --|-- still to come --|
 *
 * A full buffer pauses the connection.
 */
#ifndef ETL_HTTP_TRANSFER_H
#define ETL_HTTP_TRANSFER_H

#include "postgres.h"

#include <curl/curl.h>

#include "http/client.h"
#include "http/head.h"

#define ETL_HTTP_BUFFER_SIZE (512 * 1024)
#define ETL_HTTP_EXCERPT_SIZE 1024

/* Why we ended an attempt ourselves. */
typedef enum EtlHttpStop
{
	ETL_HTTP_STOP_NONE,
	ETL_HTTP_STOP_IDLE,     /* no byte for too long */
	ETL_HTTP_STOP_WHOLE,    /* the attempt took too long */
	ETL_HTTP_STOP_DEADLINE, /* time is up for all attempts */
	ETL_HTTP_STOP_HEAD,     /* the head is too large */
	ETL_HTTP_STOP_BODY,     /* the body is too large */
	ETL_HTTP_STOP_MEMORY    /* malloc failed */
} EtlHttpStop;

typedef struct EtlHttpTransfer EtlHttpTransfer;

struct EtlHttpTransfer
{
	EtlHttpTransfer *next; /* of the same client */
	bool in_use;           /* belongs to a fetch */

	CURL *easy;
	CURLM *multi; /* that the handle is in, or NULL */
	struct curl_slist *headers;
	int nheaders;
	int nplain; /* of these; the rest are credentials */
	char error[CURL_ERROR_SIZE];

	/* Set by those who start attempts. */
	const EtlHttpSite *site;
	EtlHttpCounts *counts;
	int64 max_bytes; /* of the body; -1: no limit */

	/* What the attempt asks for, and what a resumed one must answer with. */
	bool ranged; /* a part, by the caller's own wish */
	bool resuming;
	int64 total;           /* -1: unknown */
	const char *validator; /* as sent in If-Range; borrowed */

	/* How far this attempt has come. */
	bool sent;      /* the request is on its way */
	bool answered;  /* the head is complete */
	bool wanted;    /* the answer is the body, or its rest */
	bool restarted; /* it begins anew where the rest was asked for */
	bool ended;     /* result tells how */
	CURLcode result;
	EtlHttpStop stop;
	bool refused_address;
	bool refused_link_local; /* it is of that kind */
	bool moved;              /* something came since somebody looked */
	int64 idle_us;           /* waited since something came */
	int64 spent_us;          /* waited in all */

	/* The answer. */
	int status;
	char *head;
	size_t head_len;
	size_t head_capacity;
	char excerpt[ETL_HTTP_EXCERPT_SIZE]; /* of a body that isn't wanted */
	size_t excerpt_len;

	/* The body. */
	char *buf;
	size_t start; /* of the bytes that nobody has taken yet */
	size_t len;   /* how many these are */
	int64 received;
	int64 taken;
	bool paused;
};

/* Returns NULL if memory is short. */
extern EtlHttpTransfer *etl_http_transfer_new(void);

/* Ends what is under way and frees everything. */
extern void etl_http_transfer_free(EtlHttpTransfer *transfer);

/* Makes a transfer ready for a fetch. */
extern void etl_http_transfer_reset(EtlHttpTransfer *transfer);

/* Forgets the body so far; what comes is a new one. */
extern void etl_http_transfer_discard_body(EtlHttpTransfer *transfer);

/* Makes a transfer ready for another attempt of the same fetch. */
extern void etl_http_transfer_rewind(EtlHttpTransfer *transfer);

/*
 * Adds a header, or, if value is NULL, leaves out one that libcurl would add;
 * false if memory is short.
 */
extern bool etl_http_transfer_header(EtlHttpTransfer *transfer,
									 const char *name, const char *value);

/*
 * Starts an attempt for which the caller has set URL, method and body; false if
 * libcurl refuses.
 */
extern bool etl_http_transfer_start(EtlHttpTransfer *transfer, CURLM *multi);

/*
 * Ends the attempt, whatever state it is in, and zeroes its credentials.  The
 * buffer stays.
 */
extern void etl_http_transfer_stop(EtlHttpTransfer *transfer, CURLcode result,
								   EtlHttpStop stop);

/* Copies up to cap bytes out of the buffer, and lets a paused one go on. */
extern size_t etl_http_transfer_take(EtlHttpTransfer *transfer, char *buf,
									 size_t cap);

static inline EtlHttpSpan
etl_http_transfer_head(const EtlHttpTransfer *transfer)
{
	EtlHttpSpan head = {transfer->head, transfer->head_len};

	return head;
}

#endif
