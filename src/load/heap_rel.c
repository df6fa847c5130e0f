/*
 * heap_rel.c
 *	  A table that rows are stored in: what a row there has to satisfy.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "catalog/index.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "load/foreign_keys.h"
#include "load/heap_rel.h"

typedef struct Judged
{
	HeapRel *rel;
	EState *estate;
	TupleTableSlot *slot;
} Judged;

static void find_triggers(HeapRel *rel, EtlForeignKeys *foreign_keys);
static void find_checks(HeapRel *rel, EState *estate);
static void find_not_null(HeapRel *rel);
static void find_generated(HeapRel *rel);
static void find_arbiters(HeapRel *rel);
static bool judge(void *arg, EtlRefusal *refusal);

HeapRel *
etl_heap_rel_new(ResultRelInfo *info, EState *estate, bool is_target,
				 EtlForeignKeys *foreign_keys)
{
	HeapRel *rel = palloc0(sizeof(HeapRel));
	Relation heap = info->ri_RelationDesc;

	rel->info = info;
	/* a copy is nobody's to pin, so slots can be used in subtransactions */
	rel->desc = CreateTupleDescCopyConstr(RelationGetDescr(heap));
	rel->form = etl_tuple_form_new(rel->desc);
	rel->slot = MakeSingleTupleTableSlot(rel->desc, &TTSOpsVirtual);
	rel->tuple = MakeSingleTupleTableSlot(rel->desc, &TTSOpsHeapTuple);
	rel->check_partition = is_target && heap->rd_rel->relispartition;
	find_triggers(rel, foreign_keys);
	find_not_null(rel);
	find_generated(rel);
	find_checks(rel, estate);
	find_arbiters(rel);
	rel->is_judged =
		rel->has_generated || rel->check_partition || rel->nchecks > 0;
	return rel;
}

/* True for the triggers by which the server checks constraints when rows come. */
static bool
is_constraint_check(const Trigger *trigger)
{
	return trigger->tgfoid == F_RI_FKEY_CHECK_INS ||
		   trigger->tgfoid == F_UNIQUE_KEY_RECHECK;
}

/* True if the trigger fires in this session. */
static bool
fires(const Trigger *trigger)
{
	return trigger->tgenabled != TRIGGER_DISABLED &&
		   trigger->tgenabled !=
			   (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA
					? TRIGGER_FIRES_ON_ORIGIN
					: TRIGGER_FIRES_ON_REPLICA);
}

static bool
is_after_row(const Trigger *trigger)
{
	return TRIGGER_FOR_ROW(trigger->tgtype) &&
		   TRIGGER_FOR_INSERT(trigger->tgtype) &&
		   TRIGGER_FOR_AFTER(trigger->tgtype);
}

static void
put_off_user_triggers(HeapRel *rel, EtlTriggerTime time)
{
	const TriggerDesc *triggers = rel->info->ri_TrigDesc;

	for (int i = 0; i < triggers->numtriggers; i++)
		if (is_after_row(&triggers->triggers[i]) &&
			!is_constraint_check(&triggers->triggers[i]))
			rel->times[i] = time;
}

void
etl_heap_rel_use_transition(HeapRel *rel)
{
	if (rel->info->ri_TrigDesc)
	{
		put_off_user_triggers(rel, ETL_TRIGGERS_WITH_STATEMENT);
		rel->armed = ETL_TRIGGER_TIMES;
		etl_heap_rel_arm(rel, ETL_TRIGGERS_AT_BATCH);
	}
}

void
etl_heap_rel_arm(HeapRel *rel, EtlTriggerTime time)
{
	TriggerDesc *triggers = rel->info->ri_TrigDesc;

	if (triggers == NULL || rel->armed == time)
		return;
	rel->armed = time;
	memset(rel->has_after_triggers, 0, sizeof(rel->has_after_triggers));
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		Trigger *trigger = &triggers->triggers[i];

		if (!is_after_row(trigger))
			continue;
		rel->has_after_triggers[rel->times[i]] |=
			rel->enabled[i] != TRIGGER_DISABLED;
		trigger->tgenabled =
			rel->times[i] == time ? rel->enabled[i] : TRIGGER_DISABLED;
	}
}

HeapTuple
etl_heap_rel_fetch(HeapRel *rel, ItemPointer tid)
{
	HeapTupleData tuple = {.t_self = *tid};
	HeapTuple copy;
	Buffer buffer;

	if (!heap_fetch(rel->info->ri_RelationDesc, SnapshotSelf, &tuple, &buffer,
					false))
		return NULL;
	copy = heap_copytuple(&tuple);
	ReleaseBuffer(buffer);
	return copy;
}

/*
 * Triggers of rows.  What the executor has is a copy, so what is said of them
 * there holds for this load only: constraints aren't deferred, whatever the
 * transaction says.
 */
static void
find_triggers(HeapRel *rel, EtlForeignKeys *foreign_keys)
{
	TriggerDesc *triggers = rel->info->ri_TrigDesc;

	if (triggers == NULL)
		return;
	rel->has_before_triggers =
		triggers->trig_insert_before_row || triggers->trig_insert_instead_row;
	rel->has_user_triggers = rel->has_before_triggers;
	rel->times = palloc0(sizeof(EtlTriggerTime) * triggers->numtriggers);
	rel->enabled = palloc0(triggers->numtriggers);
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		Trigger *trigger = &triggers->triggers[i];
		EtlForeignKey *key;

		rel->enabled[i] = trigger->tgenabled;
		if (!is_after_row(trigger))
			continue;
		trigger->tgdeferrable = false;
		trigger->tginitdeferred = false;
		rel->has_user_triggers |= !is_constraint_check(trigger);
		key = etl_foreign_key_of(foreign_keys, rel->info->ri_RelationDesc,
								 trigger);
		if (key == NULL || !fires(trigger))
			continue;
		rel->foreign_keys = lappend(rel->foreign_keys, key);
		rel->has_late_keys |= key->group->late;
		if (key->group->late)
			rel->times[i] = ETL_TRIGGERS_AT_END;
	}
	/* rows may yet be removed, so what triggers do has to wait */
	if (rel->has_late_keys)
		put_off_user_triggers(rel, ETL_TRIGGERS_AT_END);
	rel->armed = ETL_TRIGGER_TIMES;
	etl_heap_rel_arm(rel, ETL_TRIGGERS_AT_BATCH);
}

static void
find_not_null(HeapRel *rel)
{
	rel->not_null = palloc(sizeof(int) * Max(rel->desc->natts, 1));
	for (int i = 0; i < rel->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(rel->desc, i);

		if (attribute->attnotnull && !attribute->attisdropped &&
			!etl_compat_is_virtual(attribute))
			rel->not_null[rel->nnot_null++] = i;
	}
}

static void
be_stricter(EtlGuard *guard, Node *expression)
{
	EtlGuard other = etl_guard_for_expression(expression);

	guard->level = Max(guard->level, other.level);
}

static void
find_generated(HeapRel *rel)
{
	TupleDesc desc = RelationGetDescr(rel->info->ri_RelationDesc);

	if (desc->constr == NULL || !desc->constr->has_generated_stored)
		return;
	rel->has_generated = true;
	for (int i = 0; i < desc->constr->num_defval; i++)
	{
		const AttrDefault *def = &desc->constr->defval[i];

		if (TupleDescAttr(desc, def->adnum - 1)->attgenerated != '\0')
			be_stricter(&rel->guard, stringToNode(def->adbin));
	}
}

static void
add_check(HeapRel *rel, EState *estate, Node *expression, char *name)
{
	if (expression == NULL)
		return;
	be_stricter(&rel->guard, expression);
	rel->checks[rel->nchecks] = ExecPrepareExpr((Expr *) expression, estate);
	rel->check_names[rel->nchecks++] = name;
}

static void
find_checks(HeapRel *rel, EState *estate)
{
	Relation heap = rel->info->ri_RelationDesc;
	TupleConstr *constr = RelationGetDescr(heap)->constr;
	int n = constr ? constr->num_check : 0;

	if (rel->check_partition)
	{
		Node *expression = (Node *) RelationGetPartitionQual(heap);

		be_stricter(&rel->guard, expression);
	}
	rel->checks = palloc(sizeof(ExprState *) * (n + rel->desc->natts));
	rel->check_names = palloc0(sizeof(char *) * (n + rel->desc->natts));
	for (int i = 0; i < n; i++)
		add_check(rel, estate, etl_compat_check_expression(heap, i),
				  constr->check[i].ccname);
	for (int i = 0; i < rel->desc->natts; i++)
		add_check(rel, estate, etl_compat_virtual_not_null(heap, i), NULL);
}

/* Indexes whose conflicts can be taken as values. */
static void
find_arbiters(HeapRel *rel)
{
	for (int i = 0; i < rel->info->ri_NumIndices; i++)
	{
		Relation index = rel->info->ri_IndexRelationDescs[i];
		IndexInfo *info = rel->info->ri_IndexRelationInfo[i];

		/* an exclusion constraint may wait for another's row with ours in */
		if (!info->ii_Unique || info->ii_ExclusionOps ||
			!index->rd_index->indimmediate)
			continue;
		if (info->ii_UniqueOps == NULL)
			BuildSpeculativeIndexInfo(index, info);
		rel->arbiters = lappend_oid(rel->arbiters, RelationGetRelid(index));
	}
}

bool
etl_heap_rel_judge(HeapRel *rel, EState *estate, TupleTableSlot *slot,
				   EtlRefusal *refusal, const char **column)
{
	Judged judged = {rel, estate, slot};

	*column = NULL;
	if (rel->is_judged &&
		!etl_guard_call(&rel->guard, judge, &judged, refusal))
	{
		refusal->stage = ETL_STAGE_CONSTRAINT;
		return false;
	}
	for (int i = 0; i < rel->nnot_null; i++)
	{
		int index = rel->not_null[i];

		if (likely(!slot->tts_isnull[index]))
			continue;
		*column = NameStr(TupleDescAttr(rel->desc, index)->attname);
		etl_refusal_set(
			refusal, ERRCODE_NOT_NULL_VIOLATION,
			psprintf("null value in column \"%s\" of relation \"%s\" violates "
					 "not-null constraint",
					 *column,
					 RelationGetRelationName(rel->info->ri_RelationDesc)));
		refusal->stage = ETL_STAGE_CONSTRAINT;
		return false;
	}
	return true;
}

/* Generated columns, the partition's constraint, check constraints. */
static bool
judge(void *arg, EtlRefusal *refusal)
{
	const Judged *judged = arg;
	HeapRel *rel = judged->rel;
	const char *relation = RelationGetRelationName(rel->info->ri_RelationDesc);
	ExprContext *econtext = GetPerTupleExprContext(judged->estate);

	econtext->ecxt_scantuple = judged->slot;
	if (rel->has_generated)
	{
		ExecComputeStoredGenerated(rel->info, judged->estate, judged->slot,
								   CMD_INSERT);
		slot_getallattrs(judged->slot);
	}
	if (rel->check_partition &&
		!ExecPartitionCheck(rel->info, judged->slot, judged->estate, false))
	{
		etl_refusal_set(refusal, ERRCODE_CHECK_VIOLATION,
						psprintf("new row for relation \"%s\" violates "
								 "partition constraint",
								 relation));
		return false;
	}
	econtext->ecxt_scantuple = judged->slot;
	for (int i = 0; i < rel->nchecks; i++)
	{
		if (likely(ExecCheck(rel->checks[i], econtext)))
			continue;
		if (rel->check_names[i] == NULL)
		{
			etl_refusal_set(refusal, ERRCODE_NOT_NULL_VIOLATION,
							psprintf("new row for relation \"%s\" has a null "
									 "generated column that must not be null",
									 relation));
			return false;
		}
		etl_refusal_set(refusal, ERRCODE_CHECK_VIOLATION,
						psprintf("new row for relation \"%s\" violates check "
								 "constraint \"%s\"",
								 relation, rel->check_names[i]));
		refusal->constraint_name = pstrdup(rel->check_names[i]);
		return false;
	}
	return true;
}

/* Tells of a row that has a key which is there already. */
static void
refuse_duplicate(HeapRel *rel, EState *estate, int i, TupleTableSlot *slot,
				 EtlRefusal *refusal, const char **column)
{
	Relation index = rel->info->ri_IndexRelationDescs[i];
	IndexInfo *info = rel->info->ri_IndexRelationInfo[i];
	Datum values[INDEX_MAX_KEYS];
	bool isnull[INDEX_MAX_KEYS];
	char *key;

	etl_refusal_set(refusal, ERRCODE_UNIQUE_VIOLATION,
					psprintf("duplicate key value violates unique constraint "
							 "\"%s\"",
							 RelationGetRelationName(index)));
	refusal->stage = ETL_STAGE_CONSTRAINT;
	refusal->constraint_name = pstrdup(RelationGetRelationName(index));
	FormIndexDatum(info, slot, estate, values, isnull);
	key = BuildIndexValueDescription(index, values, isnull);
	if (key)
		refusal->detail = psprintf("Key %s already exists.", key);
	if (info->ii_NumIndexKeyAttrs == 1 && info->ii_IndexAttrNumbers[0] > 0)
		*column = NameStr(TupleDescAttr(slot->tts_tupleDescriptor,
										info->ii_IndexAttrNumbers[0] - 1)
							  ->attname);
}

bool
etl_heap_rel_probe(HeapRel *rel, EState *estate, TupleTableSlot *slot,
				   EtlRefusal *refusal, const char **column)
{
	ItemPointerData conflict;

	*column = NULL;
	for (int i = 0; i < rel->info->ri_NumIndices; i++)
	{
		Oid index = RelationGetRelid(rel->info->ri_IndexRelationDescs[i]);

		if (!list_member_oid(rel->arbiters, index) ||
			etl_compat_check_index(rel->info, slot, estate, &conflict, index))
			continue;
		refuse_duplicate(rel, estate, i, slot, refusal, column);
		return false;
	}
	return true;
}
