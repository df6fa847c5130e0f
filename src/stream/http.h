/*
 * http.h
 *	  A stream over the body of an HTTP answer.
 */
#ifndef ETL_STREAM_HTTP_H
#define ETL_STREAM_HTTP_H

#include "postgres.h"

#include "http/client.h"
#include "stream/stream.h"

/*
 * The body of a fetch that has been started, which becomes owned by the stream:
 * closing one closes the other.  Waits for the answer, so raises whatever
 * etl_http_fetch_response() does.  name is borrowed; max_bytes bounds what is
 * decoded from the body as the client bounds the body, and is "unset" for no
 * limit.
 */
extern EtlStream *etl_stream_open_http(EtlHttpFetch *fetch, const char *name,
									   int64 max_bytes);

#endif
