/*
 * replay.h
 *	  A replay: dead letters in, rows of their target out.
 */
#ifndef ETL_DEADLETTER_REPLAY_H
#define ETL_DEADLETTER_REPLAY_H

#include "postgres.h"

#include "deadletter/letters.h"
#include "load/load.h"
#include "scan/scan.h"

/* What has become of letters. */
typedef struct EtlReplayCounts
{
	int64 replayed;
	int64 pending;
} EtlReplayCounts;

/* The format as one that reads letters; see etl_replay_letters(). */
extern const EtlFormat *etl_replay_format(const EtlFormat *format);

/*
 * Puts the letters of the cursor, of which first holds the first, into a load
 * that has begun, reading each by itself with call, whose format is one of the
 * above; desc is the row that they make.  Finishes the load, and writes what
 * became of each letter.
 */
extern EtlReplayCounts etl_replay_letters(EtlLoad *load, EtlCall *call,
										  TupleDesc desc, Portal portal,
										  SPITupleTable *first);

#endif
