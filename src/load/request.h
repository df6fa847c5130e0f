/*
 * request.h
 *	  What a load is asked to do: the arguments of etl_load and its kin, checked.
 */
#ifndef ETL_LOAD_REQUEST_H
#define ETL_LOAD_REQUEST_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "reject/reject.h"

typedef enum EtlLoadMode
{
	ETL_LOAD_APPEND,
	ETL_LOAD_REPLACE,
	ETL_LOAD_SLICE
} EtlLoadMode;

/* The names users give, in enum order, NULL-terminated. */
extern const char *const etl_load_mode_names[];

/* How "replace" makes room for the new rows. */
typedef enum EtlReplaceBy
{
	ETL_REPLACE_BY_DELETE,
	ETL_REPLACE_BY_REWRITE
} EtlReplaceBy;

typedef struct EtlLoadRequest
{
	Oid target;
	EtlLoadMode mode;
	char *slice; /* with mode slice: a condition over the target */
	EtlReplaceBy replace_by;
	EtlOnError on_error;
	int64 reject_limit;          /* -1: none */
	double reject_limit_percent; /* NaN: none */
	Jsonb *checks;               /* NULL: none */
	bool skip_loaded;
	bool by_checksum; /* what tells whether a source was loaded */
	char *label;      /* NULL: none */

	/* What is loaded, for the ledger: the source without secrets, or "query". */
	char *source;
	char *url; /* all of it, with secrets, to tell it from others; or NULL */
	bool is_file;
	int64 bytes_total; /* of all files; 0: not known */
} EtlLoadRequest;

#endif
