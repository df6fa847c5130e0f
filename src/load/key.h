/*
 * key.h
 *	  Keys of rows in schema etl that texts of any length tell apart.
 */
#ifndef ETL_LOAD_KEY_H
#define ETL_LOAD_KEY_H

#include "postgres.h"

/* A hash of n texts, as a bytea: what an index can hold. */
extern Datum etl_load_key(int n, ...);

#endif
