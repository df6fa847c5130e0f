/*
 * foreign_keys.h
 *	  Foreign keys of the tables that rows are stored in.
 *
 * The server checks them itself, a row at a time, by triggers.  Here rows whose
 * key has no parent are found beforehand, many at a time, so that they needn't
 * be stored and undone; and keys that refer to the target itself are told apart,
 * since they are checked only when all rows are in.
 */
#ifndef ETL_LOAD_FOREIGN_KEYS_H
#define ETL_LOAD_FOREIGN_KEYS_H

#include "postgres.h"

#include "commands/trigger.h"
#include "utils/tuplestore.h"

#include "load/heap_rel.h"

/* A foreign key of the target, whose partitions have copies of it. */
typedef struct EtlKeyGroup
{
	Oid constraint; /* the topmost one */
	Oid referenced; /* relation */
	int nkeys;
	AttrNumber columns[INDEX_MAX_KEYS]; /* of the referenced relation */
	Oid operators[INDEX_MAX_KEYS];      /* referenced = referring */
	Oid types[INDEX_MAX_KEYS];          /* of the referring columns */
	bool match_full;
	bool late; /* it refers to the target itself */
} EtlKeyGroup;

/* The same as one table has it. */
typedef struct EtlForeignKey
{
	EtlKeyGroup *group;
	char *name;
	AttrNumber columns[INDEX_MAX_KEYS];

	/* With a late one: the columns that other rows refer to, or 0. */
	AttrNumber own_key[INDEX_MAX_KEYS];
} EtlForeignKey;

typedef struct EtlForeignKeys
{
	List *groups;  /* of EtlKeyGroup */
	List *targets; /* OIDs of relations that the load's rows may be in */
	bool unusable; /* looking for parents fails, for whatever reason */
} EtlForeignKeys;

/* The foreign keys of a target, in the current memory context. */
extern EtlForeignKeys *etl_foreign_keys_new(Relation target);

/*
 * The foreign key that a trigger of rel checks when a row is inserted; NULL if
 * it is none, or one that can't be looked up here.
 */
extern EtlForeignKey *etl_foreign_key_of(EtlForeignKeys *keys, Relation rel,
										 const Trigger *trigger);

typedef enum EtlKeyNulls
{
	ETL_KEY_COMPLETE,
	ETL_KEY_EXEMPT, /* nulls, so nothing is referred to */
	ETL_KEY_MIXED   /* some nulls, which the key doesn't allow */
} EtlKeyNulls;

/* Takes the key's values out of a row of its table. */
extern EtlKeyNulls etl_foreign_key_values(const EtlForeignKey *key,
										  HeapTuple tuple, TupleDesc desc,
										  Datum *values, bool *isnull);

/* What the server says of a row that violates the key. */
extern void etl_foreign_key_refuse(const EtlForeignKey *key, Relation rel,
								   const Datum *values, const bool *isnull,
								   EtlRefusal *refusal, const char **column);

/*
 * Marks rows as held back whose keys have no parent, and returns how many.
 * Where no trigger could yet make a parent they are refused as well; what that
 * needs is allocated in refusals.
 */
extern int etl_foreign_keys_sift(EtlForeignKeys *keys, EtlLoadRow *rows, int n,
								 MemoryContext refusals);

/* A tuplestore, as queries know it. */
typedef struct EtlKeyRows
{
	const char *name;
	Tuplestorestate *rows;
	TupleDesc desc;
	double estimate; /* of its rows, for the planner */
} EtlKeyRows;

/*
 * Runs a query over n tuplestores and the referenced relation as the server's
 * own check runs: as that relation's owner, without row-level security.  Each
 * row of the result is an int8, given to receive.
 */
extern void etl_foreign_keys_query(const EtlKeyGroup *group, const char *sql,
								   const EtlKeyRows *tables, int n,
								   void (*receive)(void *arg, int64 number),
								   void *arg);

/*
 * Appends the condition that the key made of columns prefix1, prefix2, ... has
 * no parent.
 */
extern void etl_foreign_keys_append_missing(StringInfo out,
											const EtlKeyGroup *group,
											const char *prefix);

#endif
