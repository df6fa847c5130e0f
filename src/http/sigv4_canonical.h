/*
 * sigv4_canonical.h
 *	  Paths and queries in the form that AWS signs.
 *
 * Plain C.  The caller gives memory of the sizes that are named.
 */
#ifndef ETL_SIGV4_CANONICAL_H
#define ETL_SIGV4_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>

/* Enough for the output of either function, given its input's length. */
#define ETL_SIGV4_SIZE(len) ((len) *3 + 2)

/* A parameter in canonical form. */
typedef struct EtlSigv4Param
{
	const char *name;
	const char *value;
} EtlSigv4Param;

typedef enum EtlSigv4Encoding
{
	ETL_SIGV4_ONCE,   /* what is encoded already is encoded anew */
	ETL_SIGV4_AGAIN,  /* it is encoded twice */
	ETL_SIGV4_OBJECT, /* once, and an encoded slash is a slash: S3 */
} EtlSigv4Encoding;

/* Percent-encodes all of a path but slashes and unreserved characters. */
extern void etl_sigv4_path(const char *path, EtlSigv4Encoding encoding,
						   char *out);

/*
 * Encodes a query's parameters and sorts them.  A plus is a space, as servers
 * take it.  work is as large as out; params has room for one more than the
 * query has "&".
 */
extern void etl_sigv4_query(const char *query, char *out, char *work,
							EtlSigv4Param *params);

#endif
