/*
 * source.c
 *	  From the user's "source" text to the streams that it names.
 *
 * This is where it is decided who may read what: the role's privilege is
 * checked before anything is looked up, so a source that somebody may not read
 * doesn't tell whether it exists.  Confinement to directories is checked here
 * for names and in confine.c for what they refer to.
 */
#include "postgres.h"

#include <ctype.h>
#include <sys/stat.h>

#include "catalog/pg_authid.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "stream/confine.h"
#include "stream/glob.h"
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
					 "\"/data/*.csv\", or a file URL such as "
					 "\"file:///data/in.csv\".")));
}

static void
raise_no_urls(void)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("reading from URLs is not available in this "
						   "version")));
}

/* The path or pattern that the source names; an error if it names none. */
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
			raise_no_urls();
			break;
		case SOURCE_OTHER_URL:
			/* The rest of a URL may hold a password, so it isn't shown. */
			raise_bad_source(pnstrdup(source, scheme_length(source)),
							 "There is no such kind of URL.");
			break;
		case SOURCE_RELATIVE:
			why = source[0] == '\0' ? "It is empty."
									: "Relative paths are not allowed.";
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

EtlSource *
etl_source_open(const char *source, const char *server)
{
	EtlSource *result;
	char *path;
	List *paths;
	ListCell *cell;

	if (server)
	{
		(void) GetForeignServerByName(server, false);
		raise_no_urls();
	}
	path = path_of_source(source);
	if (!may_read_files())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read files of the server"),
				 errdetail("Only superusers and roles with the privileges of "
						   "\"%s\" may read them.",
						   "pg_read_server_files")));
	etl_confine_check(path, visible_name(path));

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
etl_source_from_content(const char *data, size_t len)
{
	EtlSource *result = palloc0(sizeof(EtlSource));

	result->nitems = 1;
	result->names = palloc(sizeof(char *));
	result->names[0] = pstrdup("content");
	result->content = data;
	result->content_len = len;
	return result;
}

EtlStream *
etl_source_stream(const EtlSource *source, int i)
{
	Assert(i >= 0 && i < source->nitems);
	if (source->paths == NULL)
		return etl_stream_open_memory(source->content, source->content_len,
									  source->names[i]);
	return etl_stream_open_file(source->paths[i], source->names[i]);
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
