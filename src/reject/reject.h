/*
 * reject.h
 *	  The door through which a bad record leaves.
 *
 * Readers and rows hand out rejects as values; here it is decided what becomes
 * of them: the first one is raised (abort), they are counted (skip, null), or
 * they are stored (dead_letter).  Limits are kept here, and the one warning at
 * the end comes from here.
 *
 * Where rejects are stored is not known here: the store registers itself.
 */
#ifndef ETL_REJECT_H
#define ETL_REJECT_H

#include "postgres.h"

#include "compat.h"
#include "record/record.h"

typedef enum EtlOnError
{
	ETL_ON_ERROR_ABORT,
	ETL_ON_ERROR_SKIP,
	ETL_ON_ERROR_NULL,
	ETL_ON_ERROR_DEAD_LETTER
} EtlOnError;

/* The names users give, in enum order, NULL-terminated. */
extern const char *const etl_on_error_names[];

#define ETL_ERRCODE_REJECT_LIMIT MAKE_SQLSTATE('X', 'E', '0', '0', '1')
#define ETL_ERRCODE_CHECK_FAILED MAKE_SQLSTATE('X', 'E', '0', '0', '4')

typedef struct EtlRejectSink EtlRejectSink;

typedef struct EtlRejectSinkOps
{
	/* Takes a copy of what it needs. */
	void (*put)(EtlRejectSink *self, const EtlReject *reject);

	/* Makes what was put durable with the transaction. */
	void (*flush)(EtlRejectSink *self);
} EtlRejectSinkOps;

struct EtlRejectSink
{
	const EtlRejectSinkOps *ops;

	/*
	 * Which records it has, if it outlives one policy (etl_reject_seen_new());
	 * else NULL, and the policy keeps that.
	 */
	struct HTAB *seen;
};

/* A memory of which records were rejected, in that context. */
extern struct HTAB *etl_reject_seen_new(MemoryContext context);

/* What a store is told about where the rejects come from. */
typedef struct EtlRejectOrigin
{
	const char *format;    /* csv, json, api */
	const char *options;   /* JSON text: pinned dialect and column order,
								 * no secrets */
	struct EState *estate; /* the query, for stores that write at its
								 * end; NULL: they write when flushed */
	int64 load_id;         /* the load that rejects, or 0 */
	Oid target;            /* where it loads to, or 0 */
} EtlRejectOrigin;

/*
 * Opens a store for rejects.  Raises 25006 where nothing can be written.  The
 * store decides when it writes; it flushes by itself at the query's end.
 */
typedef EtlRejectSink *(*EtlRejectStoreOpen)(const EtlRejectOrigin *origin);

/* Raises what opening a store would raise where nothing can be written. */
typedef void (*EtlRejectStoreCheck)(void);

extern void etl_reject_register_store(EtlRejectStoreOpen open,
									  EtlRejectStoreCheck check);
extern void etl_reject_check_store(void);
extern EtlRejectSink *etl_reject_open_store(const EtlRejectOrigin *origin);

/* How many of the first reasons are kept for XE001's detail. */
#define ETL_REJECT_SAMPLES 3

/*
 * The policy of one scan, which may pass over its source many times.  Limits
 * are for one pass; a record that several passes reject counts, is stored and
 * is warned of once.
 */
typedef struct EtlRejectPolicy
{
	EtlOnError on_error;
	int64 limit;          /* -1: none */
	double limit_percent; /* NaN: none */
	EtlRejectSink *sink;  /* with DEAD_LETTER */

	int64 rejected; /* records */
	int64 nulled;   /* records of which values became NULL */
	char *first;    /* the first reason, palloc'd in context */
	MemoryContext context;

	/*
	 * Each record is rejected once and in any order, so there is nothing to
	 * remember.
	 */
	bool single_pass;

	/*
	 * Tells apart sources of one name: set it to a hash of content that is
	 * given as a value, leave it 0 for files.
	 */
	uint64 source_key;

	/* The rest is the policy's own. */
	int64 pass_rejected; /* in this pass */
	char *samples[ETL_REJECT_SAMPLES];
	int nsamples;
	int64 unwarned_rejected;
	int64 unwarned_nulled;
	char *unwarned_first;
	struct HTAB *seen; /* how far each source's rejects are known */
} EtlRejectPolicy;

/* With DEAD_LETTER a sink must be there when the first record is rejected. */
extern EtlRejectPolicy *etl_reject_policy_new(EtlOnError on_error, int64 limit,
											  double limit_percent,
											  EtlRejectSink *sink);

/*
 * Deals with a bad record: raises its error, or counts and stores it.  Raises
 * XE001 when the count passes the limit.
 */
extern void etl_reject_record(EtlRejectPolicy *policy,
							  const EtlReject *reject);

/* The same for a record that stands, with values replaced by NULL. */
extern void etl_reject_values(EtlRejectPolicy *policy,
							  const EtlReject *reject);

/*
 * A new pass begins, over the same source or another, whether or not the last
 * one has come to the end.
 */
extern void etl_reject_restart(EtlRejectPolicy *policy);

/*
 * The pass has ended after so many records (rejects included): judges the
 * percentage (XE001), flushes the sink, and warns if there were rejects.
 */
extern void etl_reject_finish(EtlRejectPolicy *policy, int64 records);

/*
 * Warns of what no warning has told yet: for a scan that is closed before its
 * source ended.
 */
extern void etl_reject_warn(EtlRejectPolicy *policy);

/*
 * Raises the reject as an error: its SQLSTATE, message, detail and hint, and as
 * context the source, line, column and an excerpt.
 */
extern ETL_NORETURN void etl_reject_raise(const EtlReject *reject);

/* "line 12, column amount: ..." in one line, palloc'd. */
extern char *etl_reject_describe(const EtlReject *reject);

/*
 * At most max_chars characters of s, palloc'd.  Control characters and bytes
 * that are no text in the database encoding are escaped; "..." marks what was
 * cut off.
 */
extern char *etl_reject_excerpt(const char *s, size_t len, int max_chars);

#endif
