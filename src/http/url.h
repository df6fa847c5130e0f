/*
 * url.h
 *	  http and https URLs: parsed, joined, compared, shown.
 *
 * libcurl's parser does the work, so what is checked here is what will be
 * requested.  A parsed URL is in normal form: scheme and host in lower case,
 * the host in ASCII, the path without dot segments, no fragment, no userinfo.
 */
#ifndef ETL_URL_H
#define ETL_URL_H

#include "postgres.h"

#include "utils/jsonb.h"

typedef struct EtlUrl
{
	bool secure; /* https */
	char *host;  /* an address of IPv6 in brackets */
	int port;
	char *path;  /* begins with a slash */
	char *query; /* without the question mark; NULL if there is none */
} EtlUrl;

/* Why a text is no URL. */
typedef enum EtlUrlFault
{
	ETL_URL_OK,
	ETL_URL_MALFORMED,
	ETL_URL_WRONG_SCHEME,
	ETL_URL_USERINFO
} EtlUrlFault;

/*
 * Parses an absolute URL, given in the database's encoding.  The parts are
 * palloc'd.
 */
extern EtlUrlFault etl_url_parse(const char *text, EtlUrl *url);

/* Parses one that may be relative to base. */
extern EtlUrlFault etl_url_resolve(const EtlUrl *base, const char *text,
								   EtlUrl *url);

/* The URL as it is requested, palloc'd. */
extern char *etl_url_text(const EtlUrl *url);

/*
 * A text that is a URL, or is to be one, as it may be shown: with userinfo
 * masked, and the values of parameters that by their names are secrets, or that
 * are named secret_param (or NULL).
 */
extern char *etl_url_visible(const char *text, const char *secret_param);

extern bool etl_url_same_origin(const EtlUrl *a, const EtlUrl *b);

/*
 * Whether the URL's path begins with base's, by whole segments.  A path that
 * some server might take for one with ".." in it is within none but "/".
 */
extern bool etl_url_is_below(const EtlUrl *base, const EtlUrl *url);

/*
 * Adds an object's members to the query, those of an array one by one; nulls
 * are left out.  Raises 22023 for what is no scalar.
 */
extern void etl_url_add_params(EtlUrl *url, const Jsonb *params);
extern void etl_url_add_param(EtlUrl *url, const char *name,
							  const char *value);

/* Percent-encodes all but letters, digits and "-._~". */
extern char *etl_url_encode(const char *text, size_t len);

/*
 * The text of a JSON scalar, palloc'd; NULL for null.  Returns false for an
 * object or array.
 */
extern bool etl_url_scalar(const JsonbValue *value, char **text);

#endif
