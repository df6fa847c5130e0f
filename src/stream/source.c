/*
 * source.c
 *	  From the user's "source" text to the streams that it names.
 *
 * This is where it is decided who may read what: the role's privilege is
 * checked before anything is looked up, so a source that somebody may not read
 * doesn't tell whether it exists.  Confinement to directories is checked here
 * for names and in confine.c for what they refer to.  Who may reach which URL
 * is decided by the site, which http/ makes of it.
 */
#include "postgres.h"

#include <ctype.h>
#include <sys/stat.h>

#include "catalog/pg_authid.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "confine.h"
#include "stream/glob.h"
#include "stream/http.h"
#include "stream/source.h"

/* No system takes a longer path. */
#define MAX_SOURCE_PATH 4096

typedef enum SourceKind
{
	SOURCE_PATH, /* begins with a slash */
	SOURCE_FILE_URL,
	SOURCE_HTTP_URL,
	SOURCE_OTHER_URL,
	SOURCE_RELATIVE
} SourceKind;

/* The length of "scheme:" if a URL's scheme is what s begins with, else 0. */
static size_t
scheme_length(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char) s[0]))
		return 0;
	while (isalnum((unsigned char) s[n]) || (s[n] && strchr("+-.", s[n])))
		n++;
	return strncmp(s + n, "://", 3) == 0 ? n + 1 : 0;
}

static SourceKind
classify(const char *source)
{
	size_t n = scheme_length(source);

	if (source[0] == '/')
		return SOURCE_PATH;
	if (n == 0)
		return SOURCE_RELATIVE;
	if (n == 5 && pg_strncasecmp(source, "file:", n) == 0)
		return SOURCE_FILE_URL;
	if ((n == 5 && pg_strncasecmp(source, "http:", n) == 0) ||
		(n == 6 && pg_strncasecmp(source, "https:", n) == 0))
		return SOURCE_HTTP_URL;
	return SOURCE_OTHER_URL;
}

/* Returns -1 if c is no hexadecimal digit. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = pg_tolower((unsigned char) c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * The path that a file:// URL names, palloc'd; NULL, with *why set, if it
 * names none.
 */
static char *
path_of_file_url(const char *url, const char **why)
{
	const char *in = url + strlen("file://");
	char *path = palloc(strlen(in) + 1);
	char *out = path;

	if (pg_strncasecmp(in, "localhost/", 10) == 0)
		in += strlen("localhost");
	if (*in != '/')
	{
		*why = "A file URL has three slashes before an absolute path.";
		return NULL;
	}
	while (*in)
	{
		int high;
		int low;

		if (*in != '%')
		{
			*out++ = *in++;
			continue;
		}
		high = hex_value(in[1]);
		low = high < 0 ? -1 : hex_value(in[2]);
		if (low < 0 || high * 16 + low == 0)
		{
			*why = "\"%\" must be followed by two hexadecimal digits that "
				   "do not make a zero byte.";
			return NULL;
		}
		*out++ = high * 16 + low;
		in += 3;
	}
	*out = '\0';
	return path;
}

static bool
may_read_files(void)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES);
}

static void
raise_bad_source(const char *source, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid source \"%s\"", source), errdetail("%s", why),
			 errhint("A source is an absolute path such as "
					 "\"/data/in.csv\", a pattern such as "
					 "\"/data/*.csv\", or a URL such as "
					 "\"https://example.com/in.csv\" or "
					 "\"file:///data/in.csv\".")));
}

/*
 * The path or pattern that the source, which is no http or https URL, names; an
 * error if it names none.
 */
static char *
path_of_source(const char *source)
{
	const char *why = NULL;
	char *path = NULL;

	switch (classify(source))
	{
		case SOURCE_PATH:
			path = pstrdup(source);
			break;
		case SOURCE_FILE_URL:
			path = path_of_file_url(source, &why);
			break;
		case SOURCE_HTTP_URL:
		case SOURCE_OTHER_URL:
			/* The rest of a URL may hold a password, so it isn't shown. */
			raise_bad_source(pnstrdup(source, scheme_length(source)),
							 "There is no such kind of URL.");
			break;
		case SOURCE_RELATIVE:
			why = source[0] == '\0' ? "It is empty."
									: "Relative paths are only for the option "
									  "\"server\".";
			break;
	}
	if (path && strlen(path) >= MAX_SOURCE_PATH)
	{
		/* Not even the message should hold it all. */
		source = pnstrdup(source, pg_mbcliplen(source, strlen(source), 64));
		why = "It is longer than any path can be.";
	}
	if (why)
		raise_bad_source(source, why);
	return path;
}

/*
 * The name by which users see a path: itself, but with bytes escaped that are
 * not valid in the database's encoding, for names go into text values.
 */
static char *
visible_name(char *path)
{
	const char *s = path;
	size_t left = strlen(path);
	char *name;
	char *out;

	if (pg_verifymbstr(path, left, true))
		return path;
	name = palloc(left * 4 + 1);
	out = name;
	while (left > 0)
	{
		int n = pg_encoding_verifymbchar(GetDatabaseEncoding(), s, left);

		if (n > 0)
			memcpy(out, s, n);
		else
		{
			snprintf(out, 5, "\\x%02x", (unsigned char) *s);
			n = 1;
			out += 3;
		}
		out += n;
		s += n;
		left -= n;
	}
	*out = '\0';
	return name;
}

/*
 * Sets *paths to what the path stands for.  A file of exactly that name goes
 * before its meaning as a pattern.  Returns false, only with noerror, if a
 * directory can't be read.
 */
static bool
expand_path(char *path, bool noerror, List **paths)
{
	struct stat st;

	if (lstat(path, &st) == 0 || !etl_glob_has_magic(path))
	{
		*paths = list_make1(path);
		return true;
	}
	return etl_glob_expand(path, noerror, paths);
}

static void
check_exists(const char *path, const char *name)
{
	struct stat st;

	if (stat(path, &st) != 0)
		etl_confine_raise(name);
}

/* A source of one item, whose name the caller sets. */
static EtlSource *
single_item(void)
{
	EtlSource *result = palloc0(sizeof(EtlSource));

	result->nitems = 1;
	result->names = palloc(sizeof(char *));
	return result;
}

static EtlSource *
open_url(const char *source, const char *server, const EtlTransport *transport,
		 MemoryContext query)
{
	EtlHttpSite *site = etl_http_site_open(server);
	EtlSource *result = single_item();
	EtlHttpRequest *request = &result->request;

	request->method = "GET";
	request->url = etl_http_site_url(site, source, transport->params);
	request->idempotent = true;
	request->hold_back = ETL_HTTP_HOLD_BACK;
	if (transport->headers)
		request->headers = etl_http_site_headers(transport->headers);
	result->names[0] = etl_http_site_visible_url(site, request->url);
	result->has_secret = strcmp(result->names[0], request->url) != 0;
	result->max_bytes = transport->max_bytes;
	result->client = etl_http_client_new(query, site, transport);
	return result;
}

/* The path or pattern of a source that the user may read. */
static char *
check_files(const char *source)
{
	char *path = path_of_source(source);

	if (!may_read_files())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read files of the server"),
				 errdetail("Only superusers and roles with the privileges of "
						   "\"%s\" may read them.",
						   "pg_read_server_files")));
	etl_confine_check(path, visible_name(path));
	return path;
}

EtlSource *
etl_source_open_files(const char *source, char **paths, int n)
{
	EtlSource *result = palloc0(sizeof(EtlSource));

	(void) check_files(source);
	result->nitems = n;
	result->paths = paths;
	result->names = palloc(sizeof(char *) * Max(n, 1));
	for (int i = 0; i < n; i++)
		result->names[i] = visible_name(paths[i]);
	return result;
}

static EtlSource *
open_files(const char *source)
{
	EtlSource *result;
	char *path = check_files(source);
	List *paths;
	ListCell *cell;

	(void) expand_path(path, false, &paths);
	if (paths == NIL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FILE),
						errmsg("no file matches \"%s\"", visible_name(path))));

	result = palloc0(sizeof(EtlSource));
	result->paths = palloc(sizeof(char *) * list_length(paths));
	result->names = palloc(sizeof(char *) * list_length(paths));
	foreach (cell, paths)
	{
		result->paths[result->nitems] = lfirst(cell);
		result->names[result->nitems] = visible_name(lfirst(cell));
		result->nitems++;
	}

	/* What a pattern found exists; a literal path was not looked at so far. */
	if (result->paths[0] == path)
		check_exists(path, result->names[0]);
	list_free(paths);
	return result;
}

EtlSource *
etl_source_open(const char *source, const char *server,
				const EtlTransport *transport, MemoryContext query)
{
	if (server || classify(source) == SOURCE_HTTP_URL)
		return open_url(source, server, transport, query);
	return open_files(source);
}

void
etl_source_close(EtlSource *source)
{
	if (source->client)
		etl_http_client_close(source->client);
	source->client = NULL;
}

EtlSource *
etl_source_from_content(const char *data, size_t len)
{
	EtlSource *result = single_item();

	result->names[0] = pstrdup("content");
	result->content = data;
	result->content_len = len;
	return result;
}

static char *
copy_header(const EtlHttpResponse *response, const char *name)
{
	const char *value = etl_http_header(&response->headers, name);

	return value ? pstrdup(value) : NULL;
}

/* What tells versions apart: the tag, else the time, with the length. */
static char *
validators_version(const EtlValidators *validators)
{
	if (validators->etag)
		return psprintf("etag %s", validators->etag);
	if (validators->last_modified)
		return psprintf("size %lld, modified %s",
						(long long) validators->content_length,
						validators->last_modified);
	return NULL;
}

/* Sends the request, and keeps what the answer says of the content. */
static EtlStream *
fetch_url(EtlSource *source)
{
	EtlHttpFetch *fetch =
		etl_http_fetch_start(source->client, &source->request);
	const EtlHttpResponse *response = etl_http_fetch_response(fetch);
	EtlStream *stream;

	source->validators.etag = copy_header(response, "ETag");
	source->validators.last_modified = copy_header(response, "Last-Modified");
	source->validators.content_length = response->content_length;
	stream = etl_stream_open_http(fetch, source->names[0], source->max_bytes);
	stream->version = validators_version(&source->validators);
	return stream;
}

EtlStream *
etl_source_stream(EtlSource *source, int i)
{
	Assert(i >= 0 && i < source->nitems);
	if (source->client)
		return fetch_url(source);
	if (source->paths == NULL)
		return etl_stream_open_memory(source->content, source->content_len,
									  source->names[i]);
	return etl_stream_open_file(source->paths[i], source->names[i]);
}

EtlHttpCounts
etl_source_counts(const EtlSource *source)
{
	static const EtlHttpCounts none = {0};

	return source->client ? etl_http_client_counts(source->client) : none;
}

bool
etl_source_is_file(const char *source, const char *server)
{
	SourceKind kind = classify(source);

	return server == NULL && (kind == SOURCE_PATH || kind == SOURCE_FILE_URL);
}

char *
etl_source_visible(const char *source)
{
	if (etl_source_is_file(source, NULL))
		return pstrdup(source);
	return etl_http_site_visible_url(NULL, source);
}

int64
etl_source_estimate_size(const char *source, const char *server)
{
	const char *why;
	char *path = NULL;
	SourceKind kind = classify(source);
	List *paths;
	ListCell *cell;
	int64 size = 0;

	if (server || !may_read_files())
		return -1;
	if (kind == SOURCE_FILE_URL)
		path = path_of_file_url(source, &why);
	else if (kind == SOURCE_PATH)
		path = pstrdup(source);
	if (path == NULL || strlen(path) >= MAX_SOURCE_PATH ||
		!etl_confine_allows(path) || !expand_path(path, true, &paths) ||
		paths == NIL)
		return -1;

	foreach (cell, paths)
	{
		struct stat st;

		CHECK_FOR_INTERRUPTS();
		if (!etl_confine_allows(lfirst(cell)) ||
			stat(lfirst(cell), &st) != 0 || !S_ISREG(st.st_mode))
			return -1;
		size += st.st_size;
	}
	return size;
}
