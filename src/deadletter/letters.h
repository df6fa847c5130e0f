/*
 * letters.h
 *	  Dead letters that are taken up again: replayed, discarded, purged.
 *
 * Whoever may see a dead letter (the policies of etl.dead_letter say who) may do
 * all of that with it.  Statements run as the owner of schema etl, and judge
 * what the current user may do by themselves.
 */
#ifndef ETL_DEADLETTER_LETTERS_H
#define ETL_DEADLETTER_LETTERS_H

#include "postgres.h"

#include "executor/spi.h"
#include "utils/jsonb.h"

#include "deadletter/table.h"
#include "reject/reject.h"

/* Which pending dead letters: those for which all of it holds. */
typedef struct EtlLetterFilter
{
	Oid target; /* InvalidOid: any */
	bool has_load;
	int64 load_id;
	Datum ids; /* bigint[]; 0: any */
} EtlLetterFilter;

/* Letters that can be read by one scan into one table. */
typedef struct EtlLetterGroup
{
	Oid target; /* InvalidOid: they have none */
	char *format;
	Jsonb *options;
	Jsonb *checks;  /* those of single rows that their loads made; or NULL */
	bool by_record; /* they have no bytes, but an object */
	int64 first_id; /* the lowest number */
	Datum load_ids; /* bigint[], 0 for those of no load */
} EtlLetterGroup;

/*
 * The groups that the filter's letters make, in the current memory context.
 * Without any filter, only those whose target the user may insert into.
 */
extern List *etl_letters_groups(const EtlLetterFilter *filter);

/*
 * A cursor over a group's letters in order of their numbers, which locks each as
 * it comes; waits for those that others have locked.  Needs an SPI connection,
 * as the next.
 */
extern Portal etl_letters_open(const EtlLetterFilter *filter,
							   const EtlLetterGroup *group);

/* Its next letters; none at the end. */
extern SPITupleTable *etl_letters_fetch(Portal portal);

/* What the cursor's rows hold, from 1. */
typedef enum EtlLetterColumn
{
	ETL_LETTER_ID = 1,
	ETL_LETTER_SOURCE,
	ETL_LETTER_LINE,
	ETL_LETTER_RECORD_NO,
	ETL_LETTER_BYTE_OFFSET,
	ETL_LETTER_RAW,
	ETL_LETTER_RECORD,
	ETL_LETTER_TOO_LARGE /* the record was */
} EtlLetterColumn;

/* Why a letter's replay has failed, and what is left of it; or NULL. */
typedef struct EtlLetterFailure
{
	int64 id;
	EtlStage stage;
	int sqlerrcode;
	char *message;
	char *detail;
	char *column_name;
	char *constraint_name;
	bytea *raw;
	Jsonb *record;
} EtlLetterFailure;

/* Writes what became of n letters that are locked. */
extern void etl_letters_replayed(const Datum *ids, int n, int64 load_id);
extern void etl_letters_failed(const EtlLetterFailure *failures, int n);

#endif
