/*
 * scan.h
 *	  One call of a reader function, run: source -> decode -> reader -> row.
 *
 * A call is a function's evaluated arguments, checked.  A scan runs a call once
 * and hands out its rows; it knows nothing of executors.  A history holds what
 * must outlive a scan where the same place in a query runs several.  The
 * executor node, the plain set-returning function and the load all drive these;
 * what differs between formats stands behind EtlFormat.
 */
#ifndef ETL_SCAN_H
#define ETL_SCAN_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"

#include "compat.h"
#include "http/request.h"
#include "options.h"
#include "record/record.h"
#include "reject/reject.h"
#include "row/row.h"
#include "stream/source.h"

/* What all formats' options have in common. */
typedef struct EtlScanOptions
{
	Jsonb *columns;
	int on_error; /* EtlOnError */
	int64 reject_limit;
	double reject_limit_percent;
	char *server;
	char *decimal_separator;
	char *thousands_separator;
	Jsonb *date_formats;
	EtlTransport transport;
} EtlScanOptions;

/* In the table of a struct that begins with EtlScanOptions. */
#define ETL_SCAN_OPTION(member) \
	.name = #member, .offset = offsetof(EtlScanOptions, member)

/* In the same way, a setting of the transport. */
#define ETL_TRANSPORT_OPTION(member) \
	.name = #member, .offset = offsetof(EtlScanOptions, transport.member)

#define ETL_TRANSPORT_RANGE(member, option_type, low, high) \
	{ \
		ETL_TRANSPORT_OPTION(member), .type = option_type, .min = low, \
									  .max = high \
	}

/* Those that every format's table ends with. */
#define ETL_TRANSPORT_OPTIONS \
	ETL_TRANSPORT_RANGE(headers, ETL_OPTION_JSONB, 0, 0), \
		ETL_TRANSPORT_RANGE(params, ETL_OPTION_JSONB, 0, 0), \
		ETL_TRANSPORT_RANGE(timeout_ms, ETL_OPTION_INT, 1, 0), \
		ETL_TRANSPORT_RANGE(connect_timeout_ms, ETL_OPTION_INT, 1, 0), \
		ETL_TRANSPORT_RANGE(retries, ETL_OPTION_INT, 0, 100), \
		ETL_TRANSPORT_RANGE(retry_max_wait_ms, ETL_OPTION_INT, 0, 0), \
		ETL_TRANSPORT_RANGE(max_bytes, ETL_OPTION_INT64, 1, 0), \
		ETL_TRANSPORT_RANGE(max_redirects, ETL_OPTION_INT, 0, 5)

/* A call: which format, on what, with which settings. */
typedef struct EtlCall
{
	const struct EtlFormat *format;

	/* What is read: the text of a source, or else content. */
	char *source;
	const char *content; /* detoasted, lives as long as the call */
	size_t content_len;
	bool content_is_text; /* in the database encoding */

	/* A domain over the row's type that rows must be values of, or 0. */
	Oid row_domain;

	/* The settings: a struct that begins with EtlScanOptions. */
	EtlScanOptions *options;
	EtlOptionTarget target;

	/*
	 * How the item to be opened is read, where another process has opened it
	 * to read it in pieces; or NULL.
	 */
	const EtlDivision *division;
} EtlCall;

/* What a format brings. */
typedef struct EtlFormat
{
	const char *name;        /* csv, json, api */
	const char *field_noun;  /* for messages */
	bool has_positions;      /* fields can be told by their position */
	const char *items_title; /* for EXPLAIN; NULL: "Items" */

	/* A field with all that goes with it, where nothing better is known. */
	int bytes_per_field;

	/* Several processes may read one call's files. */
	bool parallel;

	/* Of a struct that begins with EtlScanOptions, of this size. */
	EtlOptionTable table;
	size_t options_size;

	/* Checks combinations that no single option shows; 22023. */
	void (*check_options)(const EtlCall *call);

	/*
	 * What a call reads; see items.h.  NULL where it is a source, or content.
	 */
	struct EtlItems *(*items)(const EtlCall *call, MemoryContext query);

	/*
	 * Opens a reader over raw, which becomes owned by it.  width is the number
	 * of ordinary columns, for sources whose fields go by position.
	 */
	EtlReader *(*open)(EtlStream *raw, const char *name, const EtlCall *call,
					   int width);

	/*
	 * Fills the columns of a function whose columns are fixed, in the current
	 * memory context; returns false if the record is no row.  NULL where the
	 * user declares the columns.
	 */
	bool (*form)(const EtlCall *call, EtlReader *reader,
				 const EtlRecord *record, Datum *values, bool *isnull);

	/* What was chosen, in a few words, palloc'd. */
	char *(*describe)(const EtlCall *call, EtlReader *reader);

	/*
	 * The chosen settings as JSON, palloc'd: those that read a single record by
	 * itself, for dead letters, or else the whole source.
	 */
	char *(*pinned_options)(const EtlCall *call, EtlReader *reader,
							bool for_record);

	/*
	 * After an item's EOF: the path at which there seem to be records, where
	 * nothing of what was wanted was found; NULL if there is nothing to say.
	 * May be NULL.
	 */
	const char *(*missed)(const EtlCall *call, EtlReader *reader);

	/* The format that reads a single record by itself; NULL: this one. */
	const struct EtlFormat *(*record_format)(const EtlCall *call);

	/* Looks at the call's source; see inspect.h.  May be NULL. */
	struct EtlInspection *(*inspect)(EtlCall *call, int64 sample_rows);
} EtlFormat;

extern const EtlFormat etl_format_csv;
extern const EtlFormat etl_format_csv_rows;
extern const EtlFormat etl_format_json;
extern const EtlFormat etl_format_api;

/*
 * A call of the format with no setting given, in the current memory context.
 * The caller sets source or content, sets options through target, and then
 * calls etl_call_check(), which raises 22023 for what doesn't fit together.
 */
extern EtlCall *etl_call_new(const EtlFormat *format);
extern void etl_call_check(const EtlCall *call);

/* Whether option i of the call's table is the transport's and was given. */
extern bool etl_call_transport_given(const EtlCall *call, int i);

/* The format that reads a single record of the call by itself. */
extern const EtlFormat *etl_call_record_format(const EtlCall *call);

/* The policy that the call asks for. */
extern EtlOnError etl_call_on_error(const EtlCall *call);

/* What was done so far, for EXPLAIN. */
typedef struct EtlScanCounts
{
	int64 items;
	int64 pieces; /* of items that several processes read */
	uint64 bytes; /* of the source, before decompression */
	int64 records;
	int64 rejects;
	int64 requests; /* over the network */
	int64 retries;
} EtlScanCounts;

/* Adds other to counts, times so much. */
extern void etl_scan_counts_add(EtlScanCounts *counts,
								const EtlScanCounts *other, int factor);

typedef struct EtlScanHistory EtlScanHistory;
typedef struct EtlScan EtlScan;

/*
 * Who runs a scan for more than its rows: a load.  Rejects are judged by its
 * policy, whose sink the scan sets from item to item, and columns that an item
 * lacks are no error: etl_scan_is_missing() tells.
 */
typedef struct EtlScanListener EtlScanListener;
struct EtlScanListener
{
	EtlRejectPolicy *policy;
	int64 load_id; /* of dead letters */
	Oid target;    /* the same */

	/*
	 * Where rejects of the item that is opened next go to; NULL: where the call
	 * says.
	 */
	EtlRejectSink *sink;

	/*
	 * Returns false to pass over the item.  version tells its content from
	 * what the same name had at other times; NULL if nothing does.  May be
	 * NULL.
	 */
	bool (*item_opened)(EtlScanListener *self, const char *name,
						const char *version);

	/* The version is a checksum, for which items are read twice; or is one
	 * where there is no other. */
	bool by_checksum;
	bool needs_version;

	/*
	 * Learns the names of an item's fields, as EtlReader has them, and which
	 * of them are wanted; not where names are open.  May be NULL.
	 */
	void (*item_bound)(EtlScanListener *self, const EtlReader *reader);
};

/*
 * A history, in the current memory context.  estate is the query's, or NULL.
 */
extern EtlScanHistory *etl_scan_history_new(EState *estate);

/* For scans that somebody listens to, with no query around them. */
extern EtlScanHistory *
etl_scan_history_new_listened(EtlScanListener *listener);

/* Writes the dead letters of a history that has no query. */
extern void etl_scan_history_flush(EtlScanHistory *history);
extern EtlScanCounts etl_scan_history_counts(const EtlScanHistory *history);

/*
 * What each of the *n processes did that have read together, the leader first; no
 * process if this one has read alone.
 */
extern const EtlScanCounts *
etl_scan_history_processes(const EtlScanHistory *history, int *n);

/*
 * What the reader of the last item chose, or NULL if none was opened or the
 * query is not instrumented.
 */
extern const char *etl_scan_history_description(const EtlScanHistory *history);

/* No more scans will come: warns of rejects that no warning has told yet. */
extern void etl_scan_history_end(EtlScanHistory *history);

/*
 * Starts a scan, in the current memory context, which the caller deletes or
 * resets after etl_scan_end().  Nothing outside that context needs cleaning up
 * after an error.  needed holds the 0-based columns of desc that the caller
 * will look at, or is NULL for all; none is an empty set with a member that is
 * no column.  Checks privileges and opens the source.
 */
extern EtlScan *etl_scan_begin(EtlCall *call, TupleDesc desc,
							   const Bitmapset *needed,
							   EtlScanHistory *history);

/*
 * Fills one row's values, which live until the next call; false at the end,
 * when all that the scan held open has been closed.
 */
extern bool etl_scan_next(EtlScan *scan, Datum *values, bool *isnull);

/*
 * The record that the last row was made of; what it points to lives until the
 * next call, and so does the sink, or NULL, that rejects of its item go to.
 */
extern const EtlRecord *etl_scan_record(EtlScan *scan);
extern const char *etl_scan_item_name(const EtlScan *scan);
extern EtlRejectSink *etl_scan_sink(const EtlScan *scan);

/* The record's own bytes in the source's encoding; live until the next call. */
extern const char *etl_scan_raw_bytes(EtlScan *scan, const EtlRecord *record,
									  size_t *len);

/* The record as the text of a JSON object, palloc'd, or NULL if it has none. */
extern char *etl_scan_record_json(EtlScan *scan, const EtlRecord *record);

/* Whether that record has no field at all for a 0-based column of the row. */
extern bool etl_scan_is_missing(EtlScan *scan, int column);

/* Ends a scan, at its end or before. */
extern void etl_scan_end(EtlScan *scan);

/*
 * Brings the history up to date with a scan that is under way.  When one has
 * ended, its history knows all.
 */
extern void etl_scan_report(EtlScan *scan);

#endif
