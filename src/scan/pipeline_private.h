/*
 * pipeline_private.h
 *	  What the files that run a call share.
 *
 * pipeline.c reads a call's items one after the other.  Where several processes
 * read them, pieces.c decides with the others what this one reads next, and
 * share_rejects.c brings together what they reject.
 */
#ifndef ETL_PIPELINE_PRIVATE_H
#define ETL_PIPELINE_PRIVATE_H

#include "scan/items.h"
#include "scan/scan.h"
#include "scan/share.h"

struct EtlScanHistory
{
	MemoryContext context;
	EState *estate;
	EtlScanCounts counts;
	char *description;       /* of the last item, if instrumented */
	EtlRejectPolicy *policy; /* NULL until the first item is open */
	EtlScanListener *listener;

	/* Reading together with other processes; NULL: alone. */
	EtlShare *share;
	EtlScanCounts *processes; /* what they did, in the leader; 0 is unused */
	int nprocesses;

	/* The store for rejects, and the pinned options it was opened with. */
	EtlRejectSink *store;
	char *store_options;
	List *stores; /* all there were */
};

struct EtlScan
{
	EtlCall *call;
	const EtlFormat *format;
	EtlScanHistory *history;
	EtlItems *items;
	EtlShare *share; /* what this process reads is told there; or NULL */
	EtlRow *row;     /* NULL if the format forms its rows */
	int width;       /* ordinary columns */
	int64 records;   /* of the items before this one */
	bool ended;

	MemoryContext item_context;
	MemoryContext record_context;

	/* The current item. */
	int64 nitems; /* how many there were, with this one */
	bool open;
	EtlStream *raw;
	EtlReader *reader;

	/* How much of it is in the history's counters already. */
	uint64 counted_bytes;
	int64 counted_records;
	EtlHttpCounts counted_http;

	/* For the error context. */
	enum
	{
		READING,
		CONVERTING,
		REJECTING
	} phase;
	EtlRecord record;

	/* Rows formed ahead, and the fields that they were made of. */
	const EtlField *ahead_fields;
	int ahead;
	int next_ahead;
	int not_ahead; /* records to read one by one first */
};

/* pipeline.c */

/*
 * Opens the item that the scan's items stand on, in two steps; false if it turns
 * out that there is none.
 */
extern bool etl_scan_open_stream(EtlScan *scan);
extern void etl_scan_open_reader(EtlScan *scan);

/* The open item was read to its end. */
extern void etl_scan_item_ended(EtlScan *scan);

/* Closes the open item. */
extern void etl_scan_close_item(EtlScan *scan);

/* The options that read a single record of the open item; palloc'd. */
extern char *etl_scan_record_options(EtlScan *scan);

/*
 * Makes the history's policy ready for rejects of the call, which are stored with
 * those options where they are stored.  new_pass: they are the first of a pass.
 */
extern void etl_scan_open_policy(EtlScanHistory *history, const EtlCall *call,
								 char *record_options, bool new_pass);

/* Makes scan->record the one that the last row came from. */
extern void etl_scan_know_record(EtlScan *scan);

/* listen.c: whether who listens wants the item, whose stream is open. */
extern bool etl_scan_item_is_wanted(EtlScan *scan);

/* pieces.c: see there. */
extern bool etl_pieces_next(EtlScan *scan);
extern void etl_pieces_ended(EtlScan *scan);

/* share_rejects.c: deals with a reject of a scan that has a share. */
extern void etl_share_put(EtlScan *scan, const EtlReject *reject,
						  bool record_stands);

#endif
