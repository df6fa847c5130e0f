/*
 * confine.h
 *	  Opens files, within pg_etl.allowed_directories where that is set.
 *
 * Confinement is about what a name finally refers to, so symbolic links and
 * ".." are resolved first; the resolved path is then opened one component at a
 * time without following any link.  So what was checked is what is opened,
 * however names are swapped in between.  Confinement binds superusers too, and
 * the server's own data directory and /proc are never within it.
 */
#ifndef ETL_CONFINE_H
#define ETL_CONFINE_H

#include "postgres.h"

/*
 * True if the path lies within the allowed directories, or if there are none.
 * Of a path that doesn't exist, the deepest ancestor that does is judged, so
 * the answer tells nothing about what lies outside.  Never raises an error.
 */
extern bool etl_confine_allows(const char *path);

/* The same, but raises 42501.  name stands in the message. */
extern void etl_confine_check(const char *path, const char *name);

/*
 * Opens a regular file for reading and returns its descriptor, which the
 * caller must close; never waits for a FIFO's writer.  Errors: 42501 outside
 * the allowed directories, 42809 for anything but a regular file, 58P01 and the
 * like for what the system says.  *size is the file's size.
 */
extern int etl_confine_open(const char *path, const char *name, int64 *size);

/*
 * Raises the error that errno stands for, after a file was not to be found or
 * opened.
 */
extern void etl_confine_raise(const char *name);

#endif
