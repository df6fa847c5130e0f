/*
 * failure.c
 *	  What is said when a fetch has failed.
 *
 * URLs are shown as users may see them.  What a server sends is shown in part,
 * made harmless: it may be in any encoding, and it may echo what we sent, so
 * credentials are masked in it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "http/private.h"
#include "http/retry.h"

static const char *
visible_url(const EtlHttpFetch *fetch)
{
	return etl_http_site_visible_url(fetch->client->site, fetch->target.url);
}

/* Appends a text of unknown origin: printable, valid in our encoding. */
static void
append_harmless(StringInfo out, const char *s, size_t len)
{
	bool utf8 = GetDatabaseEncoding() == PG_UTF8;

	while (len > 0)
	{
		int n = 1;

		if ((unsigned char) *s < ' ' || *s == 0x7f)
		{
			/* One space stands for a run of control characters. */
			if (out->len > 0 && out->data[out->len - 1] != ' ')
				appendStringInfoChar(out, ' ');
		}
		else if ((unsigned char) *s < 0x80)
			appendStringInfoChar(out, *s);
		else
		{
			n = utf8 ? pg_encoding_verifymbchar(PG_UTF8, s, len) : -1;
			if (n > 0)
				appendBinaryStringInfo(out, s, n);
			else
				appendStringInfoChar(out, '?');
			n = Max(n, 1);
		}
		s += n;
		len -= n;
	}
}

static void
end_attempt(EtlHttpTransfer *transfer)
{
	if (!transfer->ended)
		etl_http_transfer_stop(transfer, CURLE_ABORTED_BY_CALLBACK,
							   ETL_HTTP_STOP_NONE);
}

static void
note_failure(EtlHttpFetch *fetch, int sqlstate, char *message, char *detail,
			 const char *hint)
{
	EtlHttpTransfer *transfer = fetch->transfer;

	end_attempt(transfer);

	/* What belongs to an answer that wasn't taken is not for reading. */
	if ((fetch->state == ETL_HTTP_SENT || fetch->state == ETL_HTTP_REFUSED) &&
		(!transfer->resuming || transfer->restarted))
		etl_http_transfer_discard_body(transfer);

	fetch->failure.sqlstate = sqlstate;
	fetch->failure.message = message;
	fetch->failure.detail = detail;
	fetch->failure.hint = hint;
	fetch->state = ETL_HTTP_FAILED;
}

/* Ends the fetch with XE002 for a reason that follows "failed: ". */
void
etl_http_fail(EtlHttpFetch *fetch, const char *reason, const char *hint)
{
	note_failure(fetch, ETL_ERRCODE_HTTP,
				 psprintf("HTTP request to \"%s\" failed: %s",
						  visible_url(fetch), reason),
				 fetch->gave_up, hint);
}

static const char *
status_hint(int status, bool repeatable)
{
	if (etl_http_retry_status(status) && !repeatable)
		return "Option \"idempotent\" allows to send the request again.";
	switch (status)
	{
		case 401:
		case 403:
			return "Credentials come from the user mapping of a foreign "
				   "server.";
		case 429:
			return "Set \"rate_limit\", or raise \"retries\" or "
				   "\"retry_max_wait_ms\".";
		default:
			return NULL;
	}
}

/* Ends the fetch for an answer that is no success. */
void
etl_http_fail_status(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;
	StringInfoData detail;

	/* Only then are credentials masked in what was answered. */
	end_attempt(transfer);
	etl_http_site_mask(fetch->client->site, transfer->excerpt,
					   transfer->excerpt_len, 0);
	initStringInfo(&detail);
	if (fetch->gave_up)
		appendStringInfoString(&detail, fetch->gave_up);
	if (transfer->excerpt_len > 0)
	{
		if (detail.len > 0)
			appendStringInfoChar(&detail, ' ');
		appendStringInfoString(&detail, "The server answered: ");
		append_harmless(&detail, transfer->excerpt, transfer->excerpt_len);
	}
	note_failure(fetch, ETL_ERRCODE_HTTP,
				 psprintf("HTTP request to \"%s\" failed with status %d",
						  visible_url(fetch), transfer->status),
				 detail.len > 0 ? detail.data : NULL,
				 status_hint(transfer->status, fetch->repeatable));
}

static bool
is_tls_failure(CURLcode code)
{
	switch (code)
	{
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_ISSUER_ERROR:
		case CURLE_SSL_CACERT_BADFILE:
			return true;
		default:
			return false;
	}
}

/* What libcurl says of an attempt's end. */
static void
fail_curl(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;
	const char *text = transfer->error[0]
						   ? transfer->error
						   : curl_easy_strerror(transfer->result);
	StringInfoData reason;

	initStringInfo(&reason);
	append_harmless(&reason, text, strlen(text));
	if (transfer->received > 0)
		appendStringInfo(&reason,
						 " (after " INT64_FORMAT " bytes of the body)",
						 transfer->received);
	etl_http_fail(fetch, reason.data,
				  is_tls_failure(transfer->result)
					  ? "The certificate must be valid for the server's name. "
						"Option \"ca_file\" of a foreign server names "
						"authorities of your own."
					  : NULL);
}

/* Ends the fetch because its address may not be connected to. */
static void
fail_address(EtlHttpFetch *fetch)
{
	bool link_local = fetch->transfer->refused_link_local;

	note_failure(
		fetch, ERRCODE_INSUFFICIENT_PRIVILEGE,
		psprintf("address of \"%s\" is not allowed", visible_url(fetch)),
		pstrdup(link_local ? "It is link-local, or one at which clouds hand "
							 "out the credentials of machines."
						   : "It is loopback, private or otherwise "
							 "special."),
		link_local ? "Only a foreign server whose base_url has such an "
					 "address for its host reaches it, with option "
					 "\"allow_private\"."
				   : "Option \"allow_private\" of a foreign server and the "
					 "setting \"pg_etl.allow_private_addresses\" allow such "
					 "addresses.");
}

/* Ends the fetch for what ended its last attempt. */
void
etl_http_fail_attempt(EtlHttpFetch *fetch)
{
	EtlHttpTransfer *transfer = fetch->transfer;

	if (transfer->refused_address)
	{
		fail_address(fetch);
		return;
	}
	switch (transfer->stop)
	{
		case ETL_HTTP_STOP_NONE:
			fail_curl(fetch);
			break;
		case ETL_HTTP_STOP_IDLE:
			etl_http_fail(fetch,
						  psprintf("nothing came for " INT64_FORMAT " ms",
								   fetch->client->idle_limit_us / 1000),
						  "Raise \"timeout_ms\" if the server needs longer.");
			break;
		case ETL_HTTP_STOP_WHOLE:
			etl_http_fail(fetch,
						  psprintf("it took longer than %d ms",
								   fetch->request->whole_timeout_ms),
						  NULL);
			break;
		case ETL_HTTP_STOP_DEADLINE:
			etl_http_fail(fetch, "the deadline has passed", NULL);
			break;
		case ETL_HTTP_STOP_HEAD:
			etl_http_fail(fetch, "the head of the answer is too large", NULL);
			break;
		case ETL_HTTP_STOP_BODY:
			note_failure(
				fetch, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
				psprintf("answer of \"%s\" is larger than " INT64_FORMAT
						 " bytes",
						 visible_url(fetch), fetch->client->max_bytes),
				NULL, "Raise \"max_bytes\" if that is expected.");
			break;
		case ETL_HTTP_STOP_MEMORY:
			note_failure(fetch, ERRCODE_OUT_OF_MEMORY,
						 pstrdup("out of memory"), NULL, NULL);
			break;
	}
}

void
etl_http_raise(const EtlHttpFetch *fetch)
{
	const EtlHttpFailure *failure = &fetch->failure;

	Assert(fetch->state == ETL_HTTP_FAILED);
	ereport(ERROR,
			(errcode(failure->sqlstate),
			 errmsg_internal("%s", failure->message),
			 failure->detail ? errdetail_internal("%s", failure->detail) : 0,
			 failure->hint ? errhint("%s", failure->hint) : 0));
}
