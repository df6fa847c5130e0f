/*
 * late.c
 *	  What can only be said of rows when all of them are in.
 *
 * Rows are kept in a tuplestore, which spills to disk: where they are stored,
 * where they came from, and for each key both what they refer to and what they
 * are referred to by.
 *
 *		until nothing is left to remove:
 *			for each key: remove the rows without parent, and the tree below them
 *			fire the triggers; if that fails for some rows, undo all of it and
 *			remove these
 *
 * The server's own check is among the triggers, so what is looked up before
 * only has to find what it would refuse.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "load/late.h"

/* Rows whose triggers fire together. */
#define FIRED_ROWS 8192

/* What is kept of a row, before the keys. */
enum
{
	KEPT_NUMBER,
	KEPT_REL,
	KEPT_TID,
	KEPT_SINK,
	KEPT_SOURCE,
	KEPT_ITEM,
	KEPT_LINE,
	KEPT_RECORD_NO,
	KEPT_OFFSET,
	KEPT_RAW,
	KEPT_COLUMNS
};

/* What is noted of a row that has to be removed. */
enum
{
	DOOMED_NUMBER,
	DOOMED_STAGE, /* null: the key in question is to blame */
	DOOMED_SQLERRCODE,
	DOOMED_MESSAGE,
	DOOMED_DETAIL,
	DOOMED_HINT,
	DOOMED_CONSTRAINT,
	DOOMED_COLUMNS
};

struct EtlLate
{
	EtlWriter *writer;
	List *groups; /* those of the keys that are checked here */
	MemoryContext context;
	MemoryContext row_context;
	TupleDesc desc;
	Tuplestorestate *rows;
	TupleTableSlot *slot;
	int64 nrows; /* numbered so far */

	TupleDesc doomed_desc;
	Tuplestorestate *doomed; /* in ascending order of numbers */
	TupleTableSlot *doomed_slot;
};

typedef struct Fired
{
	int64 number;
	HeapRel *rel;
	ItemPointerData tid;
} Fired;

static bool remove_orphans(EtlLate *late, EtlKeyGroup *group);
static void remove_doomed(EtlLate *late, EtlKeyGroup *group);
static bool fire_all(EtlLate *late);

static Tuplestorestate *
new_store(EtlLate *late)
{
	MemoryContext old = MemoryContextSwitchTo(late->context);
	Tuplestorestate *store = tuplestore_begin_heap(false, false, work_mem);

	MemoryContextSwitchTo(old);
	return store;
}

/* The columns of what is kept: those above, then key and own key of each group. */
static TupleDesc
kept_desc(List *groups)
{
	static const Oid types[KEPT_COLUMNS] = {INT8OID, INT8OID, TIDOID,  INT8OID,
											TEXTOID, INT8OID, INT8OID, INT8OID,
											INT8OID, BYTEAOID};
	int n = KEPT_COLUMNS;
	TupleDesc desc;
	ListCell *lc;

	foreach (lc, groups)
		n += 2 * ((EtlKeyGroup *) lfirst(lc))->nkeys;
	desc = CreateTemplateTupleDesc(n);
	for (n = 0; n < KEPT_COLUMNS; n++)
		TupleDescInitEntry(desc, n + 1, n == 0 ? "number" : psprintf("_%d", n),
						   types[n], -1, 0);
	foreach (lc, groups)
	{
		const EtlKeyGroup *group = lfirst(lc);
		int g = foreach_current_index(lc);

		for (int i = 0; i < group->nkeys; i++)
			TupleDescInitEntry(desc, ++n, psprintf("key%d_%d", g, i + 1),
							   group->types[i], -1, 0);
		for (int i = 0; i < group->nkeys; i++)
			TupleDescInitEntry(desc, ++n, psprintf("own%d_%d", g, i + 1),
							   get_atttype(group->referenced,
										   group->columns[i]),
							   -1, 0);
	}
	return desc;
}

static TupleDesc
doomed_desc(void)
{
	TupleDesc desc = CreateTemplateTupleDesc(DOOMED_COLUMNS);

	TupleDescInitEntry(desc, DOOMED_NUMBER + 1, "number", INT8OID, -1, 0);
	TupleDescInitEntry(desc, DOOMED_STAGE + 1, "stage", INT4OID, -1, 0);
	TupleDescInitEntry(desc, DOOMED_SQLERRCODE + 1, "sqlerrcode", INT4OID, -1,
					   0);
	for (int i = DOOMED_MESSAGE; i < DOOMED_COLUMNS; i++)
		TupleDescInitEntry(desc, i + 1, psprintf("text%d", i), TEXTOID, -1, 0);
	return desc;
}

EtlLate *
etl_late_new(EtlWriter *writer, EtlForeignKeys *keys)
{
	EtlLate *late = palloc0(sizeof(EtlLate));
	ListCell *lc;

	late->writer = writer;
	late->context = CurrentMemoryContext;
	late->row_context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl late row",
							  ALLOCSET_DEFAULT_SIZES);
	foreach (lc, keys->groups)
		if (((EtlKeyGroup *) lfirst(lc))->late)
			late->groups = lappend(late->groups, lfirst(lc));
	late->desc = kept_desc(late->groups);
	late->rows = new_store(late);
	late->slot = MakeSingleTupleTableSlot(late->desc, &TTSOpsMinimalTuple);
	late->doomed_desc = doomed_desc();
	late->doomed_slot =
		MakeSingleTupleTableSlot(late->doomed_desc, &TTSOpsMinimalTuple);
	return late;
}

static int
list_position(List *list, void *element)
{
	ListCell *lc;

	foreach (lc, list)
		if (lfirst(lc) == element)
			return foreach_current_index(lc);
	pg_unreachable();
}

static const EtlForeignKey *
key_in_group(const HeapRel *rel, const EtlKeyGroup *group)
{
	ListCell *lc;

	foreach (lc, rel->foreign_keys)
		if (((const EtlForeignKey *) lfirst(lc))->group == group)
			return lfirst(lc);
	return NULL;
}

/* Fills in the keys; false if none of them refers to anything. */
static bool
keep_keys(EtlLate *late, const HeapRel *rel, HeapTuple tuple, Datum *values,
		  bool *isnull)
{
	int n = KEPT_COLUMNS;
	bool refers = false;
	ListCell *lc;

	foreach (lc, late->groups)
	{
		const EtlKeyGroup *group = lfirst(lc);
		const EtlForeignKey *key = key_in_group(rel, group);

		memset(isnull + n, true, 2 * group->nkeys);
		if (key != NULL)
		{
			refers |= etl_foreign_key_values(key, tuple, rel->desc, values + n,
											 isnull + n) != ETL_KEY_EXEMPT;
			for (int i = 0; i < group->nkeys; i++)
				if (key->own_key[i] != 0)
					values[n + group->nkeys + i] =
						heap_getattr(tuple, key->own_key[i], rel->desc,
									 &isnull[n + group->nkeys + i]);
		}
		n += 2 * group->nkeys;
	}
	return refers;
}

void
etl_late_add(EtlLate *late, const EtlLoadRow *row, HeapTuple tuple, bool all)
{
	const EtlPlace *place = &row->place;
	MemoryContext old = MemoryContextSwitchTo(late->row_context);
	Datum *values = palloc(sizeof(Datum) * late->desc->natts);
	bool *isnull = palloc0(late->desc->natts);

	if (keep_keys(late, row->rel, tuple, values, isnull) || all ||
		row->rel->has_user_triggers)
	{
		values[KEPT_NUMBER] = Int64GetDatum(late->nrows++);
		values[KEPT_REL] = Int64GetDatum((int64) (intptr_t) row->rel);
		values[KEPT_TID] = PointerGetDatum(&row->tuple.t_self);
		values[KEPT_SINK] = Int64GetDatum((int64) (intptr_t) place->sink);
		values[KEPT_SOURCE] = CStringGetTextDatum(place->source);
		values[KEPT_ITEM] = Int64GetDatum(place->item);
		values[KEPT_LINE] = Int64GetDatum(place->line);
		values[KEPT_RECORD_NO] = Int64GetDatum(place->record_no);
		values[KEPT_OFFSET] = Int64GetDatum(place->offset);
		isnull[KEPT_RAW] = place->raw == NULL;
		if (place->raw)
			values[KEPT_RAW] = PointerGetDatum(
				cstring_to_text_with_len(place->raw, place->raw_len));
		tuplestore_putvalues(late->rows, late->desc, values, isnull);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(late->row_context);
}

/* Begins to read what is kept; queries have read it with pointers of theirs. */
static void
rewind_kept(EtlLate *late)
{
	tuplestore_select_read_pointer(late->rows, 0);
	tuplestore_rescan(late->rows);
}

/* The next row kept, deformed in the slot. */
static bool
next_kept(EtlLate *late)
{
	CHECK_FOR_INTERRUPTS();
	if (!tuplestore_gettupleslot(late->rows, true, false, late->slot))
		return false;
	slot_getallattrs(late->slot);
	return true;
}

static HeapRel *
kept_rel(const EtlLate *late)
{
	return (HeapRel *) (intptr_t) DatumGetInt64(
		late->slot->tts_values[KEPT_REL]);
}

static ItemPointer
kept_tid(const EtlLate *late)
{
	return (ItemPointer) DatumGetPointer(late->slot->tts_values[KEPT_TID]);
}

void
etl_late_check(EtlLate *late)
{
	bool again;

	CommandCounterIncrement();
	do
	{
		ListCell *lc;

		/* a row that one key removes may be the parent by another */
		do
		{
			again = false;
			foreach (lc, late->groups)
				again |= remove_orphans(late, lfirst(lc));
		} while (again && list_length(late->groups) > 1);
		again = !fire_all(late);
	} while (again);
}

/* SELECT of the numbers of rows without parent. */
static char *
orphans_query(const EtlKeyGroup *group, int g)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT k.number FROM etl_rows k WHERE ");
	/* which asks for more than IS NOT NULL where a column is a row itself */
	for (int i = 1; i <= group->nkeys; i++)
		appendStringInfo(&sql, "k.key%d_%d IS DISTINCT FROM NULL AND ", g, i);
	etl_foreign_keys_append_missing(&sql, group, psprintf("k.key%d_", g));
	appendStringInfoString(&sql, " ORDER BY 1");
	return sql.data;
}

/*
 * SELECT of the numbers of the rows in etl_orphans, and of those that refer to
 * one of them, and so on.  Each row refers to one, so none comes twice.
 */
static char *
below_query(const EtlKeyGroup *group, int g)
{
	StringInfoData own;
	StringInfoData match;

	initStringInfo(&own);
	initStringInfo(&match);
	for (int i = 1; i <= group->nkeys; i++)
	{
		appendStringInfo(&own, ", k.own%d_%d AS own%d", g, i, i);
		appendStringInfoString(&match, i > 1 ? " AND " : "");
		generate_operator_clause(&match, psprintf("o.own%d", i),
								 get_atttype(group->referenced,
											 group->columns[i - 1]),
								 group->operators[i - 1],
								 psprintf("k.key%d_%d", g, i),
								 group->types[i - 1]);
	}
	return psprintf("WITH RECURSIVE orphan AS (SELECT k.number%s"
					" FROM etl_orphans JOIN etl_rows k USING (number)"
					" UNION ALL SELECT k.number%s"
					" FROM orphan o JOIN etl_rows k ON %s)"
					" SELECT number FROM orphan ORDER BY 1",
					own.data, own.data, match.data);
}

static void
doom(void *arg, int64 number)
{
	EtlLate *late = arg;
	Datum values[DOOMED_COLUMNS] = {Int64GetDatum(number)};
	bool isnull[DOOMED_COLUMNS] = {false};

	memset(isnull + 1, true, DOOMED_COLUMNS - 1);
	tuplestore_putvalues(late->doomed, late->doomed_desc, values, isnull);
}

static bool
remove_orphans(EtlLate *late, EtlKeyGroup *group)
{
	int g = list_position(late->groups, group);
	EtlKeyRows tables[] = {{"etl_rows", late->rows, late->desc,
							tuplestore_tuple_count(late->rows)},
						   {"etl_orphans", NULL, late->doomed_desc, 1e12}};

	late->doomed = new_store(late);
	etl_foreign_keys_query(group, orphans_query(group, g), tables, 1, doom,
						   late);
	if (tuplestore_tuple_count(late->doomed) == 0)
	{
		tuplestore_end(late->doomed);
		return false;
	}

	/*
	 * A chain may be long and each of its links a round.  So the rows have to be
	 * hashed, once, which they are if the orphans seem to be more and there is
	 * no other way to join.
	 */
	tables[1].rows = late->doomed;
	late->doomed = new_store(late);
	etl_foreign_keys_query(group, below_query(group, g), tables, 2, doom,
						   late);
	tuplestore_end(tables[1].rows);
	remove_doomed(late, group);
	tuplestore_end(late->doomed);
	return true;
}

static bool
next_doomed(EtlLate *late, int64 *number)
{
	if (!tuplestore_gettupleslot(late->doomed, true, false, late->doomed_slot))
		return false;
	slot_getallattrs(late->doomed_slot);
	*number = DatumGetInt64(late->doomed_slot->tts_values[DOOMED_NUMBER]);
	return true;
}

static char *
doomed_text(const EtlLate *late, int column)
{
	return late->doomed_slot->tts_isnull[column]
			   ? NULL
			   : TextDatumGetCString(late->doomed_slot->tts_values[column]);
}

/* Why the row in both slots is removed. */
static void
find_refusal(const EtlLate *late, const EtlKeyGroup *group, EtlLoadRow *row)
{
	const Datum *values = late->doomed_slot->tts_values;
	EtlRefusal *refusal = palloc0(sizeof(EtlRefusal));

	row->refusal = refusal;
	if (late->doomed_slot->tts_isnull[DOOMED_STAGE])
	{
		const EtlForeignKey *key = key_in_group(row->rel, group);
		Datum keys[INDEX_MAX_KEYS];
		bool nulls[INDEX_MAX_KEYS];

		(void) etl_foreign_key_values(key, &row->tuple, row->rel->desc, keys,
									  nulls);
		etl_foreign_key_refuse(key, row->rel->info->ri_RelationDesc, keys,
							   nulls, refusal, &row->refused_column);
		return;
	}
	refusal->stage = (EtlStage) DatumGetInt32(values[DOOMED_STAGE]);
	refusal->sqlerrcode = DatumGetInt32(values[DOOMED_SQLERRCODE]);
	refusal->message = doomed_text(late, DOOMED_MESSAGE);
	refusal->detail = doomed_text(late, DOOMED_DETAIL);
	refusal->hint = doomed_text(late, DOOMED_HINT);
	refusal->constraint_name = doomed_text(late, DOOMED_CONSTRAINT);
}

static void
find_place(const EtlLate *late, EtlPlace *place)
{
	const Datum *values = late->slot->tts_values;

	memset(place, 0, sizeof(EtlPlace));
	place->sink =
		(EtlRejectSink *) (intptr_t) DatumGetInt64(values[KEPT_SINK]);
	place->source = TextDatumGetCString(values[KEPT_SOURCE]);
	place->item = DatumGetInt64(values[KEPT_ITEM]);
	place->line = DatumGetInt64(values[KEPT_LINE]);
	place->record_no = DatumGetInt64(values[KEPT_RECORD_NO]);
	place->offset = DatumGetInt64(values[KEPT_OFFSET]);
	if (!late->slot->tts_isnull[KEPT_RAW])
	{
		const bytea *raw = DatumGetByteaPP(values[KEPT_RAW]);

		place->raw = VARDATA_ANY(raw);
		place->raw_len = VARSIZE_ANY_EXHDR(raw);
	}
}

/* Removes the row in the slots from its table, and tells the load. */
static void
remove_row(EtlLate *late, const EtlKeyGroup *group)
{
	MemoryContext old = MemoryContextSwitchTo(late->row_context);
	HeapRel *rel = kept_rel(late);
	HeapTuple tuple = etl_heap_rel_fetch(rel, kept_tid(late));

	/* what a trigger has changed since has been checked as it was */
	if (tuple != NULL)
	{
		EtlLoadRow row = {.tuple = *tuple, .rel = rel};

		find_refusal(late, group, &row);
		find_place(late, &row.place);
		simple_heap_delete(rel->info->ri_RelationDesc, &tuple->t_self);
		late->writer->removed(late->writer->removed_arg, &row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(late->row_context);
}

/* Removes the rows that are doomed, and keeps the others. */
static void
remove_doomed(EtlLate *late, EtlKeyGroup *group)
{
	Tuplestorestate *others = new_store(late);
	int64 number;
	bool more = next_doomed(late, &number);

	rewind_kept(late);
	while (next_kept(late))
	{
		if (more &&
			number == DatumGetInt64(late->slot->tts_values[KEPT_NUMBER]))
		{
			remove_row(late, group);
			more = next_doomed(late, &number);
		}
		else
			tuplestore_puttupleslot(others, late->slot);
	}
	ExecClearTuple(late->slot);
	ExecClearTuple(late->doomed_slot);
	tuplestore_end(late->rows);
	late->rows = others;
	CommandCounterIncrement();
}

/* Fires the triggers of rows; raises what they raise. */
static void
fire(EtlLate *late, const Fired *rows, int n)
{
	EState *estate = late->writer->estate;
	MemoryContext old;

	AfterTriggerBeginQuery();
	for (int i = 0; i < n; i++)
	{
		HeapRel *rel = rows[i].rel;
		MemoryContext old = MemoryContextSwitchTo(late->row_context);
		HeapTuple tuple = etl_heap_rel_fetch(rel, (ItemPointer) &rows[i].tid);

		CHECK_FOR_INTERRUPTS();
		if (tuple != NULL)
		{
			ResetPerTupleExprContext(estate);
			ExecStoreHeapTuple(tuple, rel->tuple, false);
			rel->tuple->tts_tid = tuple->t_self;
			rel->tuple->tts_tableOid =
				RelationGetRelid(rel->info->ri_RelationDesc);
			etl_heap_rel_arm(rel, ETL_TRIGGERS_AT_END);
			ExecARInsertTriggers(estate, rel->info, rel->tuple, NIL, NULL);
			etl_heap_rel_arm(rel, ETL_TRIGGERS_AT_BATCH);
			ExecClearTuple(rel->tuple);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(late->row_context);
	}
	/* by a state of their own, of which an error leaves nothing */
	old = MemoryContextSwitchTo(late->row_context);
	AfterTriggerEndQuery(NULL);
	MemoryContextSwitchTo(old);
	MemoryContextReset(late->row_context);
}

/* Notes a row for which a trigger has failed. */
static void
doom_by_error(EtlLate *late, const Fired *row, const ErrorData *error)
{
	const EtlRefusal *refusal =
		etl_writer_refusal(late->writer, error, ETL_STAGE_TRIGGER);
	const char *const texts[] = {refusal->message, refusal->detail,
								 refusal->hint, refusal->constraint_name};
	Datum values[DOOMED_COLUMNS] = {0};
	bool isnull[DOOMED_COLUMNS] = {false};

	values[DOOMED_NUMBER] = Int64GetDatum(row->number);
	values[DOOMED_STAGE] = Int32GetDatum(refusal->stage);
	values[DOOMED_SQLERRCODE] = Int32GetDatum(refusal->sqlerrcode);
	for (int i = 0; i < lengthof(texts); i++)
	{
		isnull[DOOMED_MESSAGE + i] = texts[i] == NULL;
		if (texts[i])
			values[DOOMED_MESSAGE + i] = CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(late->doomed, late->doomed_desc, values, isnull);
}

/* Fires the triggers of rows, in halves where they fail. */
static void
fire_apart(EtlLate *late, const Fired *rows, int n)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		fire(late, rows, n);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error == NULL)
		return;
	if (!etl_error_is_about_data(error->sqlerrcode))
		ReThrowError(error);
	if (n == 1)
		doom_by_error(late, rows, error);
	FreeErrorData(error);
	if (n > 1)
	{
		fire_apart(late, rows, n / 2);
		fire_apart(late, rows + n / 2, n - n / 2);
	}
}

static void
fire_kept(EtlLate *late)
{
	Fired *rows = palloc(sizeof(Fired) * FIRED_ROWS);
	int n = 0;

	rewind_kept(late);
	while (next_kept(late))
	{
		rows[n].number = DatumGetInt64(late->slot->tts_values[KEPT_NUMBER]);
		rows[n].rel = kept_rel(late);
		ItemPointerCopy(kept_tid(late), &rows[n].tid);
		if (++n == FIRED_ROWS)
		{
			fire_apart(late, rows, n);
			n = 0;
		}
	}
	ExecClearTuple(late->slot);
	if (n > 0)
		fire_apart(late, rows, n);
	pfree(rows);
}

/*
 * Fires the triggers of all rows.  False, with all that they have done undone,
 * if there were rows for which they failed; these have been removed.
 */
static bool
fire_all(EtlLate *late)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	bool ok;

	late->doomed = new_store(late);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	fire_kept(late);
	ok = tuplestore_tuple_count(late->doomed) == 0;
	if (ok)
		ReleaseCurrentSubTransaction();
	else
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (!ok)
		remove_doomed(late, NULL);
	tuplestore_end(late->doomed);
	return ok;
}

void
etl_late_each(EtlLate *late,
			  void (*function)(void *arg, HeapRel *rel, HeapTuple tuple),
			  void *arg)
{
	rewind_kept(late);
	while (next_kept(late))
	{
		MemoryContext old = MemoryContextSwitchTo(late->row_context);
		HeapRel *rel = kept_rel(late);
		HeapTuple tuple = etl_heap_rel_fetch(rel, kept_tid(late));

		if (tuple != NULL)
			function(arg, rel, tuple);
		MemoryContextSwitchTo(old);
		MemoryContextReset(late->row_context);
	}
	ExecClearTuple(late->slot);
}

void
etl_late_end(EtlLate *late)
{
	tuplestore_end(late->rows);
	ExecDropSingleTupleTableSlot(late->slot);
	ExecDropSingleTupleTableSlot(late->doomed_slot);
}
