/*
 * share.h
 *	  What the processes share that run one call together.
 *
 * The leader sets it up in the memory of a parallel query; each process has an
 * EtlShare of its own that refers to it.  What is to be read is handed out in
 * order: items as a whole, or pieces of a file that is large.  What is rejected is
 * written to files that all can read, one for each process, and the leader deals
 * with it when the others have ended.
 *
 * Whoever needs to know what is handed out next takes a turn.  Where a piece ends
 * is known only from where it begins, and that only from the piece before; finding
 * it takes a small part of the time that reading it does.
 */
#ifndef ETL_SHARE_H
#define ETL_SHARE_H

#include "postgres.h"

#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/fd.h"
#include "storage/sharedfileset.h"
#include "storage/spin.h"
#include "utils/dsa.h"

#include "scan/scan.h"

#define ETL_SHARE_DESCRIPTION 256

/* What one process did in this pass; others read it when it has ended. */
typedef struct EtlParticipant
{
	EtlScanCounts counts;
	pg_atomic_uint64 rejects_bytes; /* written to its file of rejects */
} EtlParticipant;

/* In shared memory. */
typedef struct EtlShared
{
	/* Whose turn it is. */
	slock_t mutex;
	bool taken;
	ConditionVariable free_again;

	/* What is to be read.  From here on for those who have a turn. */
	int nitems;
	dsa_pointer paths; /* of files, each with its NUL; or invalid */
	Size paths_size;
	int next_item;

	/* The item that is being handed out in pieces, from division.begin on. */
	int divided_item; /* -1: none */
	EtlDivision division;
	EtlFileIdentity identity;

	uint64 handed_out;         /* items and pieces */
	pg_atomic_uint64 read;     /* to their end, of these */
	pg_atomic_uint64 rejected; /* records */
	int pass;                  /* counts up from 0 */
	int described_item;        /* -1: none */
	char description[ETL_SHARE_DESCRIPTION];

	/* The files of rejects. */
	dsm_handle segment;
	SharedFileSet files;

	int nparticipants;
	EtlParticipant participants[FLEXIBLE_ARRAY_MEMBER];
} EtlShared;

/* One process's view of it. */
typedef struct EtlShare
{
	EtlShared *shared;
	MemoryContext context; /* where this lives */
	int me;                /* which participant; 0 is the leader */
	char **paths;          /* NULL if the source is no list of files */
	int npaths;

	EtlScanCounts before; /* what it had done before this pass */

	/* What this process reads. */
	int item;      /* -1 before the first */
	bool in_piece; /* of a file */

	/* Its file of rejects. */
	File file; /* 0: not made yet */
	uint64 file_size;
	int reasons;      /* rejects that were written in full */
	int written_item; /* whose rejects were written last */
} EtlShare;

extern Size etl_share_size(int nparticipants);

/*
 * The leader: makes ready what is shared, then begins a pass over what call reads;
 * call is NULL if there is nothing to read.
 */
extern void etl_share_init(EtlShared *shared, dsm_segment *segment,
						   int nparticipants);
extern void etl_share_begin_pass(EtlShared *shared, dsa_area *area,
								 const EtlCall *call, MemoryContext query);

/*
 * A process's view for one pass, in the current memory context; the history is
 * that of its scan.
 */
extern EtlShare *etl_share_attach(EtlShared *shared, dsa_area *area, int me,
								  EtlScanHistory *history);

/*
 * A process has done its part of a pass, or need not go on: tells the others what
 * it did, and closes its files.
 */
extern void etl_share_leave(EtlShare *share, EtlScanHistory *history);

/* Takes a turn, and gives it back. */
extern void etl_share_lock(EtlShared *shared);
extern void etl_share_unlock(EtlShared *shared);

/* True if all was handed out and read to its end. */
extern bool etl_share_is_complete(EtlShared *shared);

/*
 * The leader: deals with what was rejected in this pass, in the order of the
 * source.  Raises what a limit raises.
 */
extern void etl_share_settle(EtlShare *share, EtlScanHistory *history,
							 const EtlCall *call);

#endif
