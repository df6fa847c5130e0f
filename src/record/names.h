/*
 * names.h
 *	  When a source's name is meant by a column's.
 */
#ifndef ETL_NAMES_H
#define ETL_NAMES_H

#include "postgres.h"

/* A name in lower case without surrounding blanks, palloc'd. */
extern char *etl_name_fold(const char *name);

/* True if name is what an identifier of long_name is cut to. */
extern bool etl_name_is_cut(const char *name, const char *long_name);

#endif
