/*
 * scan.h
 *	  One call of a reader function, run: source -> decode -> reader -> row.
 *
 * The executor node, the plain set-returning function and the load all drive
 * this; what differs between formats stands behind EtlFormat.
 */
#ifndef ETL_SCAN_H
#define ETL_SCAN_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "commands/explain.h"
#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"

#include "options.h"
#include "record/record.h"
#include "reject/reject.h"
#include "row/row.h"
#include "stream/source.h"

/* What all formats' options have in common. */
typedef struct EtlScanOptions
{
	Jsonb	   *columns;
	int			on_error;		/* EtlOnError */
	int64		reject_limit;
	double		reject_limit_percent;
	char	   *server;
	char	   *decimal_separator;
	char	   *thousands_separator;
	Jsonb	   *date_formats;
} EtlScanOptions;

/* A call: which function, on what, with which settings. */
typedef struct EtlCall
{
	const struct EtlFormat *format;
	bool		is_content;		/* etl_parse_*: the first argument is content */
	char	   *source;			/* else its text */
	const char *content;		/* detoasted bytes, owned by the call */
	size_t		content_len;
	EtlScanOptions common;
	void	   *options;		/* the format's own struct */
} EtlCall;

/* What a format brings. */
typedef struct EtlFormat
{
	const char *name;			/* csv, json, api */
	const char *field_noun;		/* for messages */
	EtlOptionTable table;		/* its own options */
	size_t		options_size;
	void		(*init_options) (void *options);
	void		(*check_options) (const void *options);

	/* Opens a reader over raw, which becomes owned by it. */
	EtlReader  *(*open) (EtlStream *raw, const char *name,
						 const EtlCall *call, int min_width);

	/* Prints what was chosen into EXPLAIN. */
	void		(*explain) (EtlReader *reader, ExplainState *es);

	/* The chosen settings as JSON, for dead letters. */
	char	   *(*pinned_options) (EtlReader *reader);
} EtlFormat;

#endif
