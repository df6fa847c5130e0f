/*
 * heap_rel.h
 *	  A table that rows are stored in: the target, or a partition of it.
 *
 * What is known of it is looked up once: which constraints a row can be judged
 * by before it is stored, which indexes report conflicts, which triggers fire.
 */
#ifndef ETL_LOAD_HEAP_REL_H
#define ETL_LOAD_HEAP_REL_H

#include "postgres.h"

#include "access/attmap.h"
#include "access/tupconvert.h"
#include "nodes/execnodes.h"

#include "load/batch.h"

/* The rows that are handed to the table at once. */
#define ETL_HEAP_REL_ROWS 1000

/* When AFTER ROW triggers fire. */
typedef enum EtlTriggerTime
{
	ETL_TRIGGERS_AT_BATCH,       /* when the row's batch has been stored */
	ETL_TRIGGERS_AT_END,         /* when all rows have, some at a time */
	ETL_TRIGGERS_WITH_STATEMENT, /* with the statement's triggers */
	ETL_TRIGGER_TIMES
} EtlTriggerTime;

struct EtlForeignKeys;

typedef struct HeapRel
{
	ResultRelInfo *info;
	TupleDesc desc;                /* of its rows */
	EtlTupleForm *form;            /* the same */
	AttrMap *map;                  /* from the target's rows, or NULL */
	TupleConversionMap *to_target; /* back to them, or NULL */
	TupleTableSlot *target_slot;   /* for those, if to_target is set */
	TupleTableSlot *slot;          /* for rows that are being judged */
	TupleTableSlot *tuple;         /* for one that is being stored */

	/* Triggers that run before a row is stored, so rows go one by one. */
	bool has_before_triggers;
	bool has_user_triggers; /* of rows, of any kind */

	/* AFTER ROW triggers: whether there are any that fire then, and for each
	 * trigger when it does and how it is enabled. */
	bool has_after_triggers[ETL_TRIGGER_TIMES];
	EtlTriggerTime armed;
	EtlTriggerTime *times;
	char *enabled;

	List *foreign_keys; /* of EtlForeignKey */
	bool has_late_keys; /* some of them are checked at the load's end */

	int nnot_null;
	int *not_null; /* 0-based columns */

	/* What else a row is judged by, and what evaluating that takes. */
	bool has_generated;
	bool check_partition; /* the partition's own constraint */
	int nchecks;
	ExprState **checks;
	char **check_names;
	EtlGuard guard;
	bool is_judged; /* there is any of it */

	/* Unique and exclusion constraints that hold at once: OIDs of indexes. */
	List *arbiters;
	bool entering; /* entries are being made in its indexes */
	bool probing;  /* conflicts are looked for before a row is stored */

	/* Rows that wait to be stored together. */
	int npending;
	EtlLoadRow *pending[ETL_HEAP_REL_ROWS];
} HeapRel;

/* Looks up what is known of a table, in the current memory context. */
extern HeapRel *etl_heap_rel_new(ResultRelInfo *info, EState *estate,
								 bool is_target,
								 struct EtlForeignKeys *foreign_keys);

/*
 * From now on only those AFTER ROW triggers are queued that fire then.  With
 * transition tables, the user's own fire with the statement's.
 */
extern void etl_heap_rel_arm(HeapRel *rel, EtlTriggerTime time);

/* Tells that some trigger of the target's wants transition tables. */
extern void etl_heap_rel_use_transition(HeapRel *rel);

/*
 * A copy of the row that is stored there, in the current memory context; NULL
 * if it isn't there any more, since a trigger has changed it.
 */
extern HeapTuple etl_heap_rel_fetch(HeapRel *rel, ItemPointer tid);

/*
 * Judges a row, which is in rel's own form, as far as its values tell; fills in
 * generated columns.  False with *refusal and *column filled.
 */
extern bool etl_heap_rel_judge(HeapRel *rel, EState *estate,
							   TupleTableSlot *slot, EtlRefusal *refusal,
							   const char **column);

/*
 * True if no row in the table, of whichever transaction, conflicts with the one
 * in slot; waits for transactions that are under way.  Else fills the refusal.
 */
extern bool etl_heap_rel_probe(HeapRel *rel, EState *estate,
							   TupleTableSlot *slot, EtlRefusal *refusal,
							   const char **column);

#endif
