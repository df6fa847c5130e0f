/*
 * items.h
 *	  What a call reads, one after the other: files, pages, or one value.
 *
 * Call order: next until it is false; after each next, open, and when the
 * reader over the stream has come to its end, ended; close at any time, when the
 * reader is closed.
 */
#ifndef ETL_ITEMS_H
#define ETL_ITEMS_H

#include "postgres.h"

#include "http/client.h"
#include "record/record.h"
#include "stream/stream.h"

typedef struct EtlItems EtlItems;
struct EtlCall;

typedef struct EtlItemsOps
{
	/* Goes to the next item, and sets name and key; false if there is none. */
	bool (*next)(EtlItems *self);

	/*
	 * The item's bytes as they come, in the current memory context.  NULL if
	 * it turns out that there is no such item, and so no other.
	 */
	EtlStream *(*open)(EtlItems *self);

	/*
	 * Learns from the item's reader, which is at its EOF and still open, what
	 * may come next.  May be NULL.
	 */
	void (*ended)(EtlItems *self, EtlReader *reader);

	/* What was done over the network so far. */
	EtlHttpCounts (*counts)(const EtlItems *self);

	/* Releases what the items hold open; so does their memory context. */
	void (*close)(EtlItems *self);
} EtlItemsOps;

typedef struct EtlItemStart
{
	int64 lines;
	int64 records;
	int64 bytes;
} EtlItemStart;

struct EtlItems
{
	const EtlItemsOps *ops;

	/* The item's name, as users see it; NULL before the first. */
	const char *name;

	/* Tells apart items of one name; 0 where no two have the same. */
	uint64 key;

	/* Where the item is a piece of what it is named after: what lay before. */
	EtlItemStart start;

	/* From the start: */
	bool many;       /* there are several, or may be */
	bool has_secret; /* it is a URL with parts that are not shown */
};

/*
 * The items of a call, in the current memory context; checks that the current
 * user may read them.  Connections are shared within the query of that memory
 * context; see http/client.h.
 */
extern EtlItems *etl_items_open(const struct EtlCall *call,
								MemoryContext query);

/* The items of a call that reads the n files of another process's list. */
extern EtlItems *etl_items_open_files(const struct EtlCall *call, char **paths,
									  int n);

static inline bool
etl_items_next(EtlItems *items)
{
	return items->ops->next(items);
}

static inline EtlStream *
etl_items_stream(EtlItems *items)
{
	return items->ops->open(items);
}

static inline void
etl_items_ended(EtlItems *items, EtlReader *reader)
{
	if (items->ops->ended)
		items->ops->ended(items, reader);
}

static inline EtlHttpCounts
etl_items_counts(const EtlItems *items)
{
	return items->ops->counts(items);
}

static inline void
etl_items_close(EtlItems *items)
{
	items->ops->close(items);
}

#endif
