/*
 * confine.c
 *	  Opens files, within pg_etl.allowed_directories where that is set.
 *
 * Turns a path into a descriptor of a regular file.  Descriptors are plain
 * ones, not virtual: a virtual one may be reopened by name at any time, and
 * then nobody would have checked what it refers to.  Who may read files at all
 * is decided in source.c.
 */
#include "postgres.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/varlena.h"

#include "confine.h"
#include "guc.h"

/* Search permission is all that a directory on the way must grant. */
#ifdef O_PATH
#define WALK_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#else
#define WALK_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#endif

/* A FIFO that takes the file's place between stat and open must not block. */
#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Returned instead of a descriptor, beside -1 for a failure in errno. */
#define REFUSED (-2)

/* Returns whether the setting confines at all; items are char *. */
static bool
allowed_directories(List **directories)
{
	char *copy;

	*directories = NIL;
	if (etl_guc_allowed_directories == NULL ||
		etl_guc_allowed_directories[strspn(etl_guc_allowed_directories,
										   " \t")] == '\0')
		return false;
	copy = pstrdup(etl_guc_allowed_directories);

	/* A list that can't be parsed confines to nothing at all. */
	if (!SplitDirectoriesString(copy, ',', directories))
		*directories = NIL;
	return true;
}

static bool
is_within(const char *directory, const char *path)
{
	size_t len = strlen(directory);

	if (len == 1)
		return true;
	return strncmp(directory, path, len) == 0 &&
		   (path[len] == '/' || path[len] == '\0');
}

/* Judges a path that realpath() made. */
static bool
is_allowed(List *directories, const char *resolved)
{
	char buf[PATH_MAX];
	ListCell *cell;

	if (is_within("/proc", resolved))
		return false;
	if (realpath(DataDir, buf) == NULL || is_within(buf, resolved))
		return false;

	foreach (cell, directories)
	{
		const char *directory = lfirst(cell);

		if (directory[0] == '/' && realpath(directory, buf) != NULL &&
			is_within(buf, resolved))
			return true;
	}
	return false;
}

/*
 * Resolves as much of an absolute path as exists.  Returns false, with errno
 * telling why, if that isn't all of it.
 */
static bool
resolve(const char *path, char resolved[PATH_MAX])
{
	char *copy;
	int saved_errno;

	if (realpath(path, resolved) != NULL)
		return true;
	saved_errno = errno;

	copy = pstrdup(path);
	do
	{
		char *slash = strrchr(copy, '/');

		if (slash == NULL || slash == copy)
		{
			strcpy(resolved, "/");
			break;
		}
		*slash = '\0';
	} while (realpath(copy, resolved) == NULL);
	pfree(copy);
	errno = saved_errno;
	return false;
}

bool
etl_confine_allows(const char *path)
{
	List *directories;
	char resolved[PATH_MAX];

	if (!allowed_directories(&directories))
		return true;
	(void) resolve(path, resolved);
	return is_allowed(directories, resolved);
}

static void
refuse(const char *name)
{
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied to read \"%s\"", name),
					errdetail("It is outside the directories that the setting "
							  "\"%s\" allows.",
							  "pg_etl.allowed_directories")));
}

void
etl_confine_check(const char *path, const char *name)
{
	if (!etl_confine_allows(path))
		refuse(name);
}

void
etl_confine_raise(const char *name)
{
	/*
	 * Some servers call these internal errors.  EINVAL is what a name gives
	 * that changes while it is being resolved.
	 */
	if (errno == ELOOP || errno == ENAMETOOLONG || errno == EINVAL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FILE),
						errmsg("could not open file \"%s\": %m", name)));
	ereport(ERROR, (errcode_for_file_access(),
					errmsg("could not open file \"%s\": %m", name)));
}

static void
check_regular(mode_t mode, const char *name)
{
	const char *kind;

	if (S_ISREG(mode))
		return;
	if (S_ISDIR(mode))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("\"%s\" is a directory", name),
						errhint("Name the files in it with a pattern such as "
								"\"%s/*.csv\".",
								name)));
	kind = S_ISFIFO(mode)   ? "a named pipe"
		   : S_ISSOCK(mode) ? "a socket"
							: "a device";
	ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
					errmsg("\"%s\" is not a regular file", name),
					errdetail("It is %s.", kind)));
}

/*
 * Opens the directory that holds the last component of a resolved path, and
 * points *last at that.  Returns REFUSED if the way leads through the data
 * directory under another name.
 */
static int
walk_to_parent(char *resolved, const char **last)
{
	struct stat data_dir;
	struct stat st;
	char *component = resolved + 1;
	int fd = open("/", WALK_FLAGS);

	if (fd < 0 || stat(DataDir, &data_dir) != 0)
		goto failed;
	for (;;)
	{
		char *slash = strchr(component, '/');
		int next;

		if (slash == NULL)
			break;
		*slash = '\0';
		next = openat(fd, component, WALK_FLAGS);
		if (next < 0)
			goto failed;
		close(fd);
		fd = next;
		if (fstat(fd, &st) != 0)
			goto failed;
		if (st.st_dev == data_dir.st_dev && st.st_ino == data_dir.st_ino)
		{
			close(fd);
			return REFUSED;
		}
		component = slash + 1;
	}
	*last = component;
	return fd;

failed:
	if (fd >= 0)
	{
		int saved_errno = errno;

		close(fd);
		errno = saved_errno;
	}
	return -1;
}

/*
 * Opens a file by its resolved path, which is scribbled on.  *st is filled as
 * soon as the file is found, also if it isn't opened for not being regular.
 */
static int
open_resolved(char *resolved, struct stat *st)
{
	const char *last;
	int directory = walk_to_parent(resolved, &last);
	int fd = -1;
	int saved_errno;

	if (directory < 0)
		return directory;
	if (fstatat(directory, last, st, AT_SYMLINK_NOFOLLOW) == 0)
	{
		if (S_ISREG(st->st_mode))
			fd = openat(directory, last, OPEN_FLAGS | O_NOFOLLOW);
		else
			errno = S_ISLNK(st->st_mode) ? ELOOP : EINVAL;
	}
	saved_errno = errno;
	close(directory);
	errno = saved_errno;
	return fd;
}

/* The kernel's process files, wherever they are mounted. */
static bool
is_process_file(const struct stat *st)
{
	struct stat proc;

	return stat("/proc", &proc) == 0 && st->st_dev == proc.st_dev;
}

static int
open_confined(List *directories, const char *path, const char *name,
			  struct stat *st)
{
	char resolved[PATH_MAX];
	bool exists = resolve(path, resolved);
	int fd;

	if (!is_allowed(directories, resolved))
		refuse(name);
	if (!exists)
		return -1;

	/* Only the root itself has no last component. */
	if (resolved[1] == '\0')
		check_regular(S_IFDIR, name);

	fd = open_resolved(resolved, st);

	/* A link in a resolved path has been put there since. */
	if (fd == REFUSED || (fd < 0 && (errno == ELOOP || errno == ENOTDIR)))
		refuse(name);
	if (fd >= 0 && is_process_file(st))
	{
		close(fd);
		refuse(name);
	}
	return fd;
}

int
etl_confine_open(const char *path, const char *name, int64 *size)
{
	List *directories;
	struct stat st;
	int fd = -1;

	memset(&st, 0, sizeof(st));
	if (allowed_directories(&directories))
		fd = open_confined(directories, path, name, &st);
	else if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		fd = open(path, OPEN_FLAGS);

	if (fd < 0)
	{
		if (st.st_mode != 0)
			check_regular(st.st_mode, name);
		etl_confine_raise(name);
	}

	/* What was opened counts, not what was there a moment before. */
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
	{
		int saved_errno = errno;

		close(fd);
		if (!S_ISREG(st.st_mode))
			check_regular(st.st_mode, name);
		errno = saved_errno;
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not stat file \"%s\": %m", name)));
	}
	*size = st.st_size;
	return fd;
}
