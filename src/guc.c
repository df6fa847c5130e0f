/*
 * guc.c
 *	  The extension's settings.
 *
 * What they mean for reading is decided where they are used; here are only
 * their ranges and defaults, and why.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "guc.h"
#include "http/access.h"

/*
 * A record becomes one datum, and with its raw bytes one tuple, which must be
 * smaller than MaxAllocSize; what lies between is room for the other columns.
 */
#define MAX_RECORD_SIZE (1000 * 1024 * 1024)

/*
 * A table of equal rows shrinks to a 7,000th with xz, a 10,000th with bzip2 and
 * a 12,000th with zstd; where one column counts up, to a 200th at most; gzip
 * never passes 1,032.  So the default lets through what a table may be, and
 * stops archives that are made to grow by a million.
 */
#define DEFAULT_DECOMPRESSION_RATIO 20000

/*
 * What one process reads before it asks for more: large against what asking
 * costs, small against the caches and against a file, so that no process is left
 * with much to do when the others have finished.
 */
#define DEFAULT_PIECE_SIZE (1024 * 1024)

int etl_guc_max_record_size = 64 * 1024 * 1024;
char *etl_guc_allowed_directories = NULL;
int etl_guc_max_decompression_ratio = DEFAULT_DECOMPRESSION_RATIO;
char *etl_guc_allowed_urls = NULL;
bool etl_guc_allow_private_addresses = false;
int etl_guc_parallel_piece_size = DEFAULT_PIECE_SIZE;
bool etl_guc_log_loads = false;
bool etl_guc_notify_loads = true;

static bool check_allowed_directories(char **newval, void **extra,
									  GucSource source);
static bool check_allowed_urls(char **newval, void **extra, GucSource source);

void
etl_guc_init(void)
{
	DefineCustomIntVariable("pg_etl.max_record_size",
							"Sets the size of the largest record.",
							"A larger record is a bad record.",
							&etl_guc_max_record_size, 64 * 1024 * 1024, 1024,
							MAX_RECORD_SIZE, PGC_USERSET, GUC_UNIT_BYTE, NULL,
							NULL, NULL);

	DefineCustomStringVariable("pg_etl.allowed_directories",
							   "Lists the directories that files may be read "
							   "from.",
							   "If empty, file privileges alone decide.",
							   &etl_guc_allowed_directories, "", PGC_SUSET,
							   GUC_LIST_INPUT, check_allowed_directories, NULL,
							   NULL);

	DefineCustomIntVariable("pg_etl.max_decompression_ratio",
							"Sets how many times its compressed size a source "
							"may grow to.",
							"Zero turns the limit off.",
							&etl_guc_max_decompression_ratio,
							DEFAULT_DECOMPRESSION_RATIO, 0, INT_MAX, PGC_SUSET,
							0, NULL, NULL, NULL);

	DefineCustomStringVariable("pg_etl.allowed_urls",
							   "Lists the URLs that may be read without a "
							   "server.",
							   "Superusers may read any.",
							   &etl_guc_allowed_urls, "", PGC_SUSET,
							   GUC_LIST_INPUT, check_allowed_urls, NULL, NULL);

	DefineCustomBoolVariable("pg_etl.allow_private_addresses",
							 "Allows connections to private addresses.",
							 "Loopback and other special addresses are "
							 "private, too.",
							 &etl_guc_allow_private_addresses, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("pg_etl.parallel_piece_size",
							"Sets the size of the pieces in which several "
							"processes read a file.",
							"This is for testing.",
							&etl_guc_parallel_piece_size, DEFAULT_PIECE_SIZE,
							1, 1024 * 1024 * 1024, PGC_USERSET,
							GUC_UNIT_BYTE | GUC_NOT_IN_SAMPLE, NULL, NULL,
							NULL);

	DefineCustomBoolVariable("pg_etl.log_loads",
							 "Logs each load that is done.",
							 "The log entry's detail is a JSON object.",
							 &etl_guc_log_loads, false, PGC_SUSET, 0, NULL,
							 NULL, NULL);

	DefineCustomBoolVariable("pg_etl.notify_loads",
							 "Notifies the channel pg_etl of each load that "
							 "is done.",
							 "A transaction that notifies cannot be prepared.",
							 &etl_guc_notify_loads, true, PGC_USERSET, 0, NULL,
							 NULL, NULL);

	MarkGUCPrefixReserved("pg_etl");
}

/*
 * Accepts a list of absolute paths.
 *
 * Only a user who types the setting can be told what is wrong with it.  If what
 * comes from elsewhere were refused, loading the library would put the default
 * in its place, which allows everything; accepted, it allows nothing.
 */
static bool
check_allowed_directories(char **newval, void **extra, GucSource source)
{
	char *copy;
	List *directories;
	ListCell *lc;
	bool ok = true;

	if (source < PGC_S_INTERACTIVE)
		return true;

	copy = pstrdup(*newval);
	if (!SplitDirectoriesString(copy, ',', &directories))
	{
		GUC_check_errdetail("List syntax is invalid.");
		ok = false;
	}
	else
	{
		foreach (lc, directories)
		{
			const char *directory = lfirst(lc);

			if (!is_absolute_path(directory))
			{
				GUC_check_errdetail("\"%s\" is not an absolute path.",
									directory);
				ok = false;
				break;
			}
		}
	}

	list_free_deep(directories);
	pfree(copy);
	return ok;
}

/*
 * Accepts a list of URLs.  What comes from elsewhere than a user who types it
 * is accepted, too, as in check_allowed_directories(); bad items then allow
 * nothing.
 */
static bool
check_allowed_urls(char **newval, void **extra, GucSource source)
{
	List *patterns;
	char *bad;

	if (source < PGC_S_INTERACTIVE ||
		etl_access_parse(*newval, &patterns, &bad))
		return true;
	GUC_check_errdetail("\"%s\" is not an http or https URL without query.",
						bad);
	return false;
}
