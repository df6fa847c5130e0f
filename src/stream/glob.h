/*
 * glob.h
 *	  From a pattern of paths to the files that match it.
 *
 * Within one path component: * for any characters, ? for one, [a-z] and
 * [!a-z] for one of a set, {a,b} for alternatives.  ** as a whole component
 * stands for any number of components, none included.  As in a shell, a name
 * that begins with a dot is matched only by a pattern that spells out the dot,
 * and ** does not follow symbolic links.  A set that isn't closed and braces
 * without a comma stand for themselves.
 */
#ifndef ETL_GLOB_H
#define ETL_GLOB_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* True if the pattern means anything but itself. */
extern bool etl_glob_has_magic(const char *pattern);

/* True if the path matches the pattern. */
extern bool etl_glob_match(const char *pattern, const char *path);

/*
 * Sets *paths to the palloc'd paths of all files that match, sorted by
 * strcmp(); directories are no files, anything else is.  The pattern must be
 * absolute.  A directory that can't be read, or that lies outside
 * pg_etl.allowed_directories, is an error; with noerror the result is false
 * instead.
 */
extern bool etl_glob_expand(const char *pattern, bool noerror, List **paths);

#endif
