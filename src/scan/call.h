/*
 * call.h
 *	  From a reader function and its arguments to an EtlCall.
 *
 * Settings are known by the arguments' names, so all overloads of all reader
 * functions share one way of reading them.
 */
#ifndef ETL_CALL_H
#define ETL_CALL_H

#include "postgres.h"

#include "fmgr.h"

#include "scan/scan.h"

/* One of our SQL functions, by its C entry point. */
typedef struct EtlReaderFunction
{
	PGFunction entry;
	const EtlFormat *format;
	bool is_content; /* the first argument is content, not a source */
} EtlReaderFunction;

/* The function with this entry point, or NULL if it is none of ours. */
extern const EtlReaderFunction *etl_reader_function_find(PGFunction entry);

/* What is known of a function before its arguments are. */
typedef struct EtlCallSite
{
	const EtlReaderFunction *function;
	int nargs;
	char **names;
	Oid *types;
} EtlCallSite;

/* Looks up the argument names of a function, in the current context. */
extern EtlCallSite *etl_call_site_new(Oid funcid,
									  const EtlReaderFunction *function);

/* The index of an argument, or -1. */
extern int etl_call_site_argument(const EtlCallSite *site, const char *name);

/*
 * Makes a call of evaluated arguments, in the current memory context; they must
 * live as long.  Returns NULL if there is nothing to read, because the source
 * is null.
 */
extern EtlCall *etl_call_from_arguments(const EtlCallSite *site,
										const NullableDatum *args);

#endif
