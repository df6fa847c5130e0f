/*
 * heap_writer.c
 *	  Stores rows in tables of the server's own kind, as COPY does, but so that
 *	  bad rows can be told apart.
 *
 * What a row's values tell is judged before it is stored.  Duplicate keys are
 * taken as values, too: rows are stored together and then entered into the
 * indexes, which report conflicts; a row with one is deleted again at once.
 * Where that happens often, conflicts are looked for first.  What is left to be
 * raised as an error are triggers, foreign keys, races and limits of indexes.
 *
 * AFTER ROW triggers fire at the end of each store(), statement triggers once.
 * Where a trigger wants transition tables, rows go into these when they stand,
 * and the user's AFTER ROW triggers fire with the statement's.  Where foreign
 * keys refer to the target itself, late.c takes over when all rows are in.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/hio.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/execPartition.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "load/foreign_keys.h"
#include "load/heap_rel.h"
#include "load/late.h"
#include "load/writer.h"

/* Of so many rows one conflict makes it worthwhile to look for them first. */
#define ROWS_PER_CONFLICT 32

typedef struct HeapWriter
{
	EtlWriter base;
	MemoryContext context;
	ResultRelInfo *root;

	/* Of a partitioned target. */
	ModifyTableState *mtstate;
	PartitionTupleRouting *routing;
	HTAB *rels;     /* by ResultRelInfo */
	List *pending;  /* rels that have rows pending */
	List *entering; /* rels whose indexes get entries in this store() */

	HeapRel
		*rel; /* of the row prepared last; of the target if it's one table */
	TupleTableSlot *prepared; /* that row, in rel's form */

	TransitionCaptureState *transition; /* NULL if no trigger wants it */
	EtlForeignKeys *foreign_keys;
	EtlLate *late; /* NULL if nothing has to wait for the end */
	BulkInsertState bulk;
	HeapRel *bulk_rel; /* whose buffer it holds, or NULL */
	MemoryContext store_context;
	CommandId command; /* by which the pending rows were stored */
	TupleTableSlot *slots[ETL_HEAP_REL_ROWS]; /* made at need */
} HeapWriter;

typedef struct RelEntry
{
	ResultRelInfo *info; /* key */
	HeapRel *rel;
} RelEntry;

static bool prepare(EtlWriter *self, TupleTableSlot *slot, EtlRefusal *refusal,
					const char **column);
static EtlLoadRow *add(EtlWriter *self, TupleTableSlot *slot, EtlBatch *batch,
					   const EtlPlace *place);
static void store(EtlWriter *self, EtlLoadRow *rows, int n);
static int sift(EtlWriter *self, EtlLoadRow *rows, int n);
static void stored(EtlWriter *self, EtlLoadRow *rows, int n);
static void settle(EtlWriter *self);
static void finish(EtlWriter *self);

static void set_up_routing(HeapWriter *writer);
static HeapRel *find_rel(HeapWriter *writer, ResultRelInfo *info,
						 bool is_target);
static bool route(void *arg, EtlRefusal *refusal);
static void store_one(HeapWriter *writer, EtlLoadRow *row);
static void store_pending(HeapWriter *writer, HeapRel *rel);
static void enter_rows(HeapWriter *writer, HeapRel *rel);
static bool enter_row(HeapWriter *writer, HeapRel *rel, EtlLoadRow *row);
static void after_row(HeapWriter *writer, HeapRel *rel, EtlLoadRow *row);

static const EtlWriterOps heap_ops = {
	.prepare = prepare,
	.add = add,
	.store = store,
	.sift = sift,
	.stored = stored,
	.settle = settle,
	.finish = finish,
};

EtlWriter *
etl_heap_writer_new(EtlTarget *target, EState *estate)
{
	HeapWriter *writer = palloc0(sizeof(HeapWriter));
	ResultRelInfo *root = makeNode(ResultRelInfo);
	TriggerDesc *triggers;

	writer->base.ops = &heap_ops;
	writer->base.target = target;
	writer->base.estate = estate;
	writer->context = CurrentMemoryContext;
	writer->root = root;
	writer->store_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl store",
							  ALLOCSET_DEFAULT_SIZES);
	ExecInitResultRelation(estate, root, 1);
	etl_compat_check_insertable(root);
	ExecOpenIndices(root, false);
	triggers = root->ri_TrigDesc;
	writer->foreign_keys = etl_foreign_keys_new(target->rel);
	AfterTriggerBeginQuery();
	if (triggers && triggers->trig_insert_new_table)
		writer->transition =
			MakeTransitionCaptureState(triggers, RelationGetRelid(target->rel),
									   CMD_INSERT);
	if (target->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		set_up_routing(writer);
	else
		writer->rel = find_rel(writer, root, true);

	writer->base.may_fail =
		writer->routing || triggers || root->ri_NumIndices > 0;
	ExecBSInsertTriggers(estate, root);
	return &writer->base;
}

TupleDesc
etl_heap_writer_row_desc(const EtlLoadRow *row)
{
	return row->rel->desc;
}

static void
set_up_routing(HeapWriter *writer)
{
	HASHCTL ctl = {.keysize = sizeof(ResultRelInfo *),
				   .entrysize = sizeof(RelEntry),
				   .hcxt = writer->context};
	ModifyTableState *mtstate = makeNode(ModifyTableState);

	mtstate->ps.state = writer->base.estate;
	mtstate->operation = CMD_INSERT;
	mtstate->mt_nrels = 1;
	mtstate->resultRelInfo = writer->root;
	mtstate->rootResultRelInfo = writer->root;
	writer->mtstate = mtstate;
	writer->routing = ExecSetupPartitionTupleRouting(writer->base.estate,
													 writer->base.target->rel);
	writer->rels = hash_create("pg_etl partitions", 64, &ctl,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static HeapRel *
find_rel(HeapWriter *writer, ResultRelInfo *info, bool is_target)
{
	MemoryContext old;
	RelEntry *entry = NULL;
	HeapRel *rel;
	bool found = false;

	if (writer->rels)
	{
		entry = hash_search(writer->rels, &info, HASH_ENTER, &found);
		if (found)
			return entry->rel;
	}
	old = MemoryContextSwitchTo(writer->context);
	rel = etl_heap_rel_new(info, writer->base.estate, is_target,
						   writer->foreign_keys);
	if (writer->transition)
		etl_heap_rel_use_transition(rel);
	if (rel->has_late_keys && writer->late == NULL)
		writer->late = etl_late_new(&writer->base, writer->foreign_keys);
	if (!is_target)
		rel->map = etl_compat_root_to_partition(info, writer->base.estate);
	if (rel->map)
	{
		TupleDesc desc = writer->base.target->desc;

		rel->to_target = convert_tuples_by_name(rel->desc, desc);
		rel->target_slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	}
	MemoryContextSwitchTo(old);
	if (entry)
		entry->rel = rel;
	return rel;
}

typedef struct Routed
{
	HeapWriter *writer;
	TupleTableSlot *slot;
	ResultRelInfo *info;
} Routed;

/* Finds the partition; an error if there is none. */
static bool
route(void *arg, EtlRefusal *refusal)
{
	Routed *routed = arg;
	HeapWriter *writer = routed->writer;

	routed->info =
		ExecFindPartition(writer->mtstate, writer->root, writer->routing,
						  routed->slot, writer->base.estate);
	return true;
}

/* Fills the generated columns of the target's row in, from the partition's. */
static void
show_generated(const HeapRel *rel, TupleTableSlot *slot)
{
	for (int i = 0; i < rel->desc->natts; i++)
	{
		int column = rel->map->attnums[i] - 1;

		if (column < 0 || TupleDescAttr(rel->desc, i)->attgenerated == '\0' ||
			TupleDescAttr(rel->desc, i)->attisdropped)
			continue;
		slot->tts_values[column] = rel->slot->tts_values[i];
		slot->tts_isnull[column] = rel->slot->tts_isnull[i];
	}
}

static bool
prepare(EtlWriter *self, TupleTableSlot *slot, EtlRefusal *refusal,
		const char **column)
{
	HeapWriter *writer = (HeapWriter *) self;
	TupleTableSlot *target_slot = slot;

	*column = NULL;
	if (writer->routing)
	{
		/* what it opens must stay open, so no subtransaction */
		EtlGuard guard = {ETL_GUARD_PLAIN, false, false};
		Routed routed = {writer, slot, NULL};

		if (!etl_guard_call(&guard, route, &routed, refusal))
		{
			refusal->stage = ETL_STAGE_CONSTRAINT;
			return false;
		}
		writer->rel = find_rel(writer, routed.info, false);
		if (writer->rel->map)
			slot = execute_attr_map_slot(writer->rel->map, slot,
										 writer->rel->slot);
	}
	writer->prepared = slot;
	self->known_when_stored = writer->rel->has_before_triggers;
	if (writer->rel->has_before_triggers)
		return true;
	if (!etl_heap_rel_judge(writer->rel, self->estate, slot, refusal, column))
		return false;
	if (self->checks && writer->rel->map && writer->rel->has_generated)
		show_generated(writer->rel, target_slot);
	return true;
}

static EtlLoadRow *
add(EtlWriter *self, TupleTableSlot *slot, EtlBatch *batch,
	const EtlPlace *place)
{
	HeapWriter *writer = (HeapWriter *) self;
	EtlLoadRow *row =
		etl_batch_add(batch, writer->rel->form, writer->prepared->tts_values,
					  writer->prepared->tts_isnull);

	/* what doesn't fit a page may yet be made to fit, or else is refused */
	if (unlikely(row->tuple.t_len > MaxHeapTupleSize))
		self->may_fail = true;
	row->rel = writer->rel;
	etl_batch_set_place(batch, row, place, self->may_fail);
	return row;
}

/* What indexes hold between entries belongs to the subtransaction. */
static void
end_entries(HeapWriter *writer, bool rolled_back)
{
	ListCell *lc;

	foreach (lc, writer->entering)
	{
		HeapRel *rel = lfirst(lc);

		etl_compat_end_index_entries(rel->info, rolled_back);
		rel->entering = false;
	}
	list_free(writer->entering);
	writer->entering = NIL;
}

static void
store(EtlWriter *self, EtlLoadRow *rows, int n)
{
	HeapWriter *writer = (HeapWriter *) self;
	MemoryContext old;
	ListCell *lc;

	/* what an error has left behind */
	foreach (lc, writer->pending)
		((HeapRel *) lfirst(lc))->npending = 0;
	writer->pending = NIL;
	end_entries(writer, true);
	MemoryContextReset(writer->store_context);
	old = MemoryContextSwitchTo(writer->store_context);
	writer->bulk = GetBulkInsertState();
	writer->bulk_rel = NULL;
	AfterTriggerBeginQuery();

	for (int i = 0; i < n; i++)
	{
		EtlLoadRow *row = &rows[i];
		HeapRel *rel = row->rel;

		if (row->held_back)
			continue;
		if (row->failed_check)
		{
			row->fate = ETL_FATE_REFUSED;
			continue;
		}
		row->fate = ETL_FATE_STORED;
		row->recheck = NIL;
		if (rel->has_before_triggers)
		{
			store_one(writer, row);
			continue;
		}
		if (rel->npending == 0)
			writer->pending = lappend(writer->pending, rel);
		rel->pending[rel->npending++] = row;
		if (rel->npending == ETL_HEAP_REL_ROWS)
		{
			store_pending(writer, rel);
			writer->pending = list_delete_ptr(writer->pending, rel);
		}
	}
	foreach (lc, writer->pending)
		store_pending(writer, lfirst(lc));
	writer->pending = NIL;

	FreeBulkInsertState(writer->bulk);
	end_entries(writer, false);
	self->stage = ETL_STAGE_TRIGGER;
	/* by a state of their own, of which an error leaves nothing */
	AfterTriggerEndQuery(NULL);
	MemoryContextSwitchTo(old);
}

/* Keeps what triggers have made of the row for those who want to see it. */
static void
keep_stored(HeapWriter *writer, EtlLoadRow *row, TupleTableSlot *slot)
{
	MemoryContext old;

	if (!writer->base.keep_stored && writer->transition == NULL)
		return;
	if (row->stored)
		heap_freetuple(row->stored);
	old = MemoryContextSwitchTo(writer->base.refusals);
	row->stored = ExecCopySlotHeapTuple(slot);
	MemoryContextSwitchTo(old);
}

HeapTuple
etl_heap_writer_stored_row(EtlWriter *self, EtlLoadRow *row)
{
	HeapTuple tuple = row->stored ? row->stored : &row->tuple;

	return row->rel->to_target
			   ? execute_attr_map_tuple(tuple, row->rel->to_target)
			   : tuple;
}

/* Checks the row in slot, which is about to be stored; false if it fails. */
static bool
check_row(HeapWriter *writer, EtlLoadRow *row, TupleTableSlot *slot)
{
	EtlWriter *self = &writer->base;
	HeapRel *rel = row->rel;

	if (self->checks == NULL)
		return true;
	self->stage = ETL_STAGE_CHECK;
	if (rel->to_target)
		slot = execute_attr_map_slot(rel->to_target->attrMap, slot,
									 rel->target_slot);
	etl_row_checks_judge_stored(self->checks, slot, row, self->refusals);
	if (row->failed_check == NULL)
		return true;
	row->fate = ETL_FATE_REFUSED;
	self->check_failed = true;
	return false;
}

/*
 * The state of bulk insertion, for this table.  It takes the buffer that it
 * holds for the right one if just the block's number fits.
 */
static BulkInsertState
bulk_for(HeapWriter *writer, HeapRel *rel)
{
	if (writer->bulk_rel != rel)
		ReleaseBulkInsertStatePin(writer->bulk);
	writer->bulk_rel = rel;
	return writer->bulk;
}

/* A row whose table has triggers that run before it is stored. */
static void
store_one(HeapWriter *writer, EtlLoadRow *row)
{
	EState *estate = writer->base.estate;
	HeapRel *rel = row->rel;
	ResultRelInfo *info = rel->info;
	TupleTableSlot *slot = rel->tuple;

	CHECK_FOR_INTERRUPTS();
	ResetPerTupleExprContext(estate);
	ExecForceStoreHeapTuple(&row->tuple, slot, false);
	slot->tts_tableOid = RelationGetRelid(info->ri_RelationDesc);
	writer->base.stage = ETL_STAGE_TRIGGER;
	if (!ExecBRInsertTriggers(estate, info, slot))
	{
		row->fate = ETL_FATE_SUPPRESSED;
		return;
	}
	writer->base.stage = ETL_STAGE_CONSTRAINT;
	if (rel->has_generated)
		ExecComputeStoredGenerated(info, estate, slot, CMD_INSERT);
	if (info->ri_RelationDesc->rd_att->constr)
		ExecConstraints(info, slot, estate);
	if (info->ri_RelationDesc->rd_rel->relispartition)
		ExecPartitionCheck(info, slot, estate, true);
	if (!check_row(writer, row, slot))
		return;
	writer->base.stage = ETL_STAGE_CONSTRAINT;
	table_tuple_insert(info->ri_RelationDesc, slot, GetCurrentCommandId(true),
					   0, bulk_for(writer, rel));
	(void) enter_row(writer, rel, row);
	after_row(writer, rel, row);
	keep_stored(writer, row, slot);
	ExecClearTuple(slot);
}

static TupleTableSlot *
slot_for(HeapWriter *writer, int i)
{
	if (unlikely(writer->slots[i] == NULL))
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		writer->slots[i] = MakeSingleTupleTableSlot(writer->base.target->desc,
													&TTSOpsHeapTuple);
		MemoryContextSwitchTo(old);
	}
	return writer->slots[i];
}

/* A copy that lives as long as the batch, of which there may be many. */
static EtlRefusal *
copy_refusal(HeapWriter *writer, const EtlRefusal *refusal)
{
	MemoryContext old = MemoryContextSwitchTo(writer->base.refusals);
	EtlRefusal *copy = palloc(sizeof(EtlRefusal));

	*copy = *refusal;
	copy->message = pstrdup(refusal->message);
	if (refusal->detail)
		copy->detail = pstrdup(refusal->detail);
	if (refusal->hint)
		copy->hint = pstrdup(refusal->hint);
	if (refusal->constraint_name)
		copy->constraint_name = pstrdup(refusal->constraint_name);
	MemoryContextSwitchTo(old);
	return copy;
}

/* True if the row in slot has no conflict; else it is refused. */
static bool
probe(HeapWriter *writer, HeapRel *rel, EtlLoadRow *row, TupleTableSlot *slot)
{
	EState *estate = writer->base.estate;
	MemoryContext old =
		MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	EtlRefusal refusal;
	bool ok =
		etl_heap_rel_probe(rel, estate, slot, &refusal, &row->refused_column);

	MemoryContextSwitchTo(old);
	if (!ok)
	{
		row->fate = ETL_FATE_REFUSED;
		row->refusal = copy_refusal(writer, &refusal);
	}
	return ok;
}

/* Leaves out those of the pending rows that are known to have conflicts. */
static void
probe_pending(HeapWriter *writer, HeapRel *rel)
{
	int n = 0;

	for (int i = 0; i < rel->npending; i++)
	{
		EtlLoadRow *row = rel->pending[i];

		CHECK_FOR_INTERRUPTS();
		ResetPerTupleExprContext(writer->base.estate);
		ExecStoreHeapTuple(&row->tuple, rel->tuple, false);
		if (probe(writer, rel, row, rel->tuple))
			rel->pending[n++] = row;
	}
	ExecClearTuple(rel->tuple);
	rel->npending = n;
}

static void
store_pending(HeapWriter *writer, HeapRel *rel)
{
	Relation heap = rel->info->ri_RelationDesc;
	int asked = rel->npending;
	int refused;

	CHECK_FOR_INTERRUPTS();
	writer->base.stage = ETL_STAGE_CONSTRAINT;
	if (rel->probing)
		probe_pending(writer, rel);
	if (rel->npending > 0)
	{
		for (int i = 0; i < rel->npending; i++)
			ExecStoreHeapTuple(&rel->pending[i]->tuple, slot_for(writer, i),
							   false);
		writer->command = GetCurrentCommandId(true);
		table_multi_insert(heap, writer->slots, rel->npending, writer->command,
						   0, bulk_for(writer, rel));
		enter_rows(writer, rel);
		for (int i = 0; i < rel->npending; i++)
			ExecClearTuple(writer->slots[i]);
	}

	refused = asked - rel->npending;
	for (int i = 0; i < rel->npending; i++)
		refused += rel->pending[i]->fate == ETL_FATE_REFUSED;
	rel->probing = refused > asked / ROWS_PER_CONFLICT;
	rel->npending = 0;
}

/* Puts the row, which is in the table, into slot with all that is known. */
static TupleTableSlot *
stored_slot(HeapRel *rel, EtlLoadRow *row)
{
	TupleTableSlot *slot = rel->tuple;

	ExecStoreHeapTuple(row->stored ? row->stored : &row->tuple, slot, false);
	slot->tts_tid = row->tuple.t_self;
	slot->tts_tableOid = RelationGetRelid(rel->info->ri_RelationDesc);
	return slot;
}

/*
 * Takes the row out of the table again; then looks whether it must stay out.
 * The server remembers each pair of commands that stored and deleted a row, so
 * rows stored together are deleted by one command.
 */
static void
resolve_conflict(HeapWriter *writer, HeapRel *rel, EtlLoadRow *row)
{
	EState *estate = writer->base.estate;
	CommandId command = writer->command;
	TupleTableSlot *slot;
	bool conflict = true;

	while (conflict)
	{
		CHECK_FOR_INTERRUPTS();
		if (GetCurrentCommandId(false) == command)
			CommandCounterIncrement();
		simple_heap_delete(rel->info->ri_RelationDesc, &row->tuple.t_self);
		ResetPerTupleExprContext(estate);
		slot = stored_slot(rel, row);
		/* waits for who is about to store that key, or has */
		if (!probe(writer, rel, row, slot))
			return;
		command = GetCurrentCommandId(true);
		table_tuple_insert(rel->info->ri_RelationDesc, slot, command, 0,
						   bulk_for(writer, rel));
		row->tuple.t_self = slot->tts_tid;
		conflict = enter_row(writer, rel, row);
	}
}

/* Makes the index entries of the row in rel->tuple. */
static bool
enter_row(HeapWriter *writer, HeapRel *rel, EtlLoadRow *row)
{
	bool conflict = false;

	if (!rel->entering)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		writer->entering = lappend(writer->entering, rel);
		rel->entering = true;
		MemoryContextSwitchTo(old);
	}
	if (rel->info->ri_NumIndices > 0)
		row->recheck = etl_compat_insert_index_entries(
			rel->info, rel->tuple, writer->base.estate,
			rel->has_before_triggers ? NIL : rel->arbiters, &conflict);
	return conflict;
}

/*
 * Makes the index entries of the pending rows, and queues their triggers.  A
 * conflict is resolved before the next row is entered: who waits for another
 * transaction must not have shown keys that come later, or two loads of the
 * same keys would wait for each other.
 */
static void
enter_rows(HeapWriter *writer, HeapRel *rel)
{
	EState *estate = writer->base.estate;

	for (int i = 0; i < rel->npending; i++)
		rel->pending[i]->tuple.t_self = writer->slots[i]->tts_tid;
	for (int i = 0; i < rel->npending && rel->info->ri_NumIndices > 0; i++)
	{
		EtlLoadRow *row = rel->pending[i];

		CHECK_FOR_INTERRUPTS();
		ResetPerTupleExprContext(estate);
		(void) stored_slot(rel, row);
		if (enter_row(writer, rel, row))
			resolve_conflict(writer, rel, row);
	}
	if (!rel->has_after_triggers[ETL_TRIGGERS_AT_BATCH])
		return;
	for (int i = 0; i < rel->npending; i++)
		if (rel->pending[i]->fate == ETL_FATE_STORED)
		{
			ResetPerTupleExprContext(estate);
			(void) stored_slot(rel, rel->pending[i]);
			after_row(writer, rel, rel->pending[i]);
		}
	ExecClearTuple(rel->tuple);
}

/*
 * Queues the AFTER ROW triggers of the row in rel->tuple; with transition tables
 * only those that tell whether the row stands.
 */
static void
after_row(HeapWriter *writer, HeapRel *rel, EtlLoadRow *row)
{
	row->tuple.t_self = rel->tuple->tts_tid;
	if (rel->has_after_triggers[ETL_TRIGGERS_AT_BATCH])
		ExecARInsertTriggers(writer->base.estate, rel->info, rel->tuple,
							 row->recheck, NULL);
}

static int
sift(EtlWriter *self, EtlLoadRow *rows, int n)
{
	HeapWriter *writer = (HeapWriter *) self;

	return etl_foreign_keys_sift(writer->foreign_keys, rows, n,
								 self->refusals);
}

/* Gives a row that stands to the transition tables. */
static void
capture(void *arg, HeapRel *rel, HeapTuple tuple)
{
	HeapWriter *writer = arg;
	TupleTableSlot *slot = rel->tuple;

	ResetPerTupleExprContext(writer->base.estate);
	ExecStoreHeapTuple(tuple, slot, false);
	slot->tts_tid = tuple->t_self;
	slot->tts_tableOid = RelationGetRelid(rel->info->ri_RelationDesc);
	etl_heap_rel_arm(rel, ETL_TRIGGERS_WITH_STATEMENT);
	ExecARInsertTriggers(writer->base.estate, rel->info, slot, NIL,
						 writer->transition);
	etl_heap_rel_arm(rel, ETL_TRIGGERS_AT_BATCH);
	ExecClearTuple(slot);
}

/* Keeps what has to be done with rows that stand. */
static void
stored(EtlWriter *self, EtlLoadRow *rows, int n)
{
	HeapWriter *writer = (HeapWriter *) self;

	if (!writer->transition && !writer->late)
		return;
	for (int i = 0; i < n; i++)
	{
		EtlLoadRow *row = &rows[i];
		HeapTuple tuple = &row->tuple;

		CHECK_FOR_INTERRUPTS();
		if (row->fate != ETL_FATE_STORED)
			continue;
		/* which may have changed it on its way */
		if (row->rel->has_before_triggers)
			tuple = etl_heap_rel_fetch(row->rel, &tuple->t_self);
		if (row->rel->has_late_keys)
			etl_late_add(writer->late, row, tuple, writer->transition != NULL);
		else if (writer->transition)
			capture(writer, row->rel, tuple);
		if (tuple != &row->tuple)
			heap_freetuple(tuple);
	}
}

static void
settle(EtlWriter *self)
{
	HeapWriter *writer = (HeapWriter *) self;
	MemoryContext old;

	if (writer->late == NULL)
		return;
	etl_late_check(writer->late);
	if (writer->transition)
		etl_late_each(writer->late, capture, writer);
	etl_late_end(writer->late);
	old = MemoryContextSwitchTo(writer->context);
	writer->late = etl_late_new(self, writer->foreign_keys);
	MemoryContextSwitchTo(old);
}

static void
finish(EtlWriter *self)
{
	HeapWriter *writer = (HeapWriter *) self;

	/* where the last rows were undone */
	end_entries(writer, true);
	if (writer->late)
		etl_late_end(writer->late);
	ExecASInsertTriggers(self->estate, writer->root, writer->transition);
	AfterTriggerEndQuery(NULL);
	for (int i = 0; i < ETL_HEAP_REL_ROWS && writer->slots[i]; i++)
		ExecDropSingleTupleTableSlot(writer->slots[i]);
	ExecResetTupleTable(self->estate->es_tupleTable, false);
	if (writer->routing)
		ExecCleanupTupleRouting(writer->mtstate, writer->routing);
	ExecCloseResultRelations(self->estate);
	ExecCloseRangeTableRelations(self->estate);
}
