/*
 * foreign_keys.c
 *	  Foreign keys of the tables that rows are stored in.
 *
 * Parents are looked for by one query a key, an anti-join with the rows' keys.
 * It compares as the constraint does, and runs as the server's own check does,
 * except that it locks nothing: rows that pass are still checked by the server
 * when they are stored.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "load/foreign_keys.h"
#include "quote.h"

/* Rows fetched from a query at once. */
#define FETCH_ROWS 1024

static EtlKeyGroup *find_group(EtlForeignKeys *keys, Oid constraint,
							   HeapTuple tuple);
static void find_own_key(EtlForeignKey *key, Relation rel);

EtlForeignKeys *
etl_foreign_keys_new(Relation target)
{
	EtlForeignKeys *keys = palloc0(sizeof(EtlForeignKeys));
	Oid relid = RelationGetRelid(target);

	keys->targets = list_make1_oid(relid);
	if (target->rd_rel->relispartition)
		keys->targets =
			list_concat(keys->targets, get_partition_ancestors(relid));
	if (target->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		keys->targets =
			list_concat_unique_oid(keys->targets,
								   find_all_inheritors(relid, NoLock, NULL));
	return keys;
}

/* The constraint that this one is a partition's copy of, or itself. */
static Oid
topmost(Oid constraint)
{
	for (;;)
	{
		HeapTuple tuple =
			SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
		Oid parent;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for constraint %u", constraint);
		parent = ((Form_pg_constraint) GETSTRUCT(tuple))->conparentid;
		ReleaseSysCache(tuple);
		if (!OidIsValid(parent))
			return constraint;
		constraint = parent;
	}
}

EtlForeignKey *
etl_foreign_key_of(EtlForeignKeys *keys, Relation rel, const Trigger *trigger)
{
	EtlForeignKey *key;
	Form_pg_constraint form;
	AttrNumber referenced[INDEX_MAX_KEYS];
	Oid operators[INDEX_MAX_KEYS];
	HeapTuple tuple;
	int nkeys;

	if (trigger->tgfoid != F_RI_FKEY_CHECK_INS)
		return NULL;
	tuple =
		SearchSysCache1(CONSTROID, ObjectIdGetDatum(trigger->tgconstraint));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u",
			 trigger->tgconstraint);
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (etl_compat_has_period(form))
	{
		ReleaseSysCache(tuple);
		return NULL;
	}
	key = palloc0(sizeof(EtlForeignKey));
	key->name = pstrdup(NameStr(form->conname));
	DeconstructFkConstraintRow(tuple, &nkeys, key->columns, referenced,
							   operators, NULL, NULL, NULL, NULL);
	key->group = find_group(keys, topmost(trigger->tgconstraint), tuple);
	ReleaseSysCache(tuple);
	for (int i = 0; i < key->group->nkeys; i++)
		key->group->types[i] =
			TupleDescAttr(RelationGetDescr(rel), key->columns[i] - 1)
				->atttypid;
	if (key->group->late)
		find_own_key(key, rel);
	return key;
}

static EtlKeyGroup *
find_group(EtlForeignKeys *keys, Oid constraint, HeapTuple tuple)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	AttrNumber referring[INDEX_MAX_KEYS];
	EtlKeyGroup *group;
	ListCell *lc;

	foreach (lc, keys->groups)
	{
		group = lfirst(lc);
		if (group->constraint == constraint)
			return group;
	}
	group = palloc0(sizeof(EtlKeyGroup));
	group->constraint = constraint;
	group->referenced = form->confrelid;
	group->match_full = form->confmatchtype == FKCONSTR_MATCH_FULL;
	group->late = list_member_oid(keys->targets, form->confrelid);
	DeconstructFkConstraintRow(tuple, &group->nkeys, referring, group->columns,
							   group->operators, NULL, NULL, NULL, NULL);
	keys->groups = lappend(keys->groups, group);
	return group;
}

/* Finds the columns of rel by which its rows are referred to. */
static void
find_own_key(EtlForeignKey *key, Relation rel)
{
	const EtlKeyGroup *group = key->group;
	Oid relid = RelationGetRelid(rel);

	if (relid != group->referenced &&
		!(rel->rd_rel->relispartition &&
		  list_member_oid(get_partition_ancestors(relid), group->referenced)))
		return;
	for (int i = 0; i < group->nkeys; i++)
		key->own_key[i] =
			get_attnum(relid, get_attname(group->referenced, group->columns[i],
										  false));
}

EtlKeyNulls
etl_foreign_key_values(const EtlForeignKey *key, HeapTuple tuple,
					   TupleDesc desc, Datum *values, bool *isnull)
{
	int nulls = 0;

	for (int i = 0; i < key->group->nkeys; i++)
	{
		values[i] = heap_getattr(tuple, key->columns[i], desc, &isnull[i]);
		nulls += isnull[i];
	}
	if (nulls == 0)
		return ETL_KEY_COMPLETE;
	return key->group->match_full && nulls < key->group->nkeys
			   ? ETL_KEY_MIXED
			   : ETL_KEY_EXEMPT;
}

/* True if the user may see the key's columns of rel, so the detail may show them. */
static bool
may_show(const EtlForeignKey *key, Relation rel)
{
	Oid relid = RelationGetRelid(rel);

	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	for (int i = 0; i < key->group->nkeys; i++)
		if (pg_attribute_aclcheck(relid, key->columns[i], GetUserId(),
								  ACL_SELECT) != ACLCHECK_OK)
			return false;
	return true;
}

/* Key (a, b)=(1, x) is not present in table "t". */
static char *
missing_detail(const EtlForeignKey *key, Relation rel, const Datum *values)
{
	const char *referenced = get_rel_name(key->group->referenced);
	StringInfoData names;
	StringInfoData texts;

	if (!may_show(key, rel))
		return psprintf("Key is not present in table \"%s\".", referenced);
	initStringInfo(&names);
	initStringInfo(&texts);
	for (int i = 0; i < key->group->nkeys; i++)
	{
		const char *separator = i > 0 ? ", " : "";
		Form_pg_attribute attribute =
			TupleDescAttr(RelationGetDescr(rel), key->columns[i] - 1);
		Oid output;
		bool is_varlena;

		getTypeOutputInfo(attribute->atttypid, &output, &is_varlena);
		appendStringInfo(&names, "%s%s", separator,
						 NameStr(attribute->attname));
		appendStringInfo(&texts, "%s%s", separator,
						 OidOutputFunctionCall(output, values[i]));
	}
	return psprintf("Key (%s)=(%s) is not present in table \"%s\".",
					names.data, texts.data, referenced);
}

void
etl_foreign_key_refuse(const EtlForeignKey *key, Relation rel,
					   const Datum *values, const bool *isnull,
					   EtlRefusal *refusal, const char **column)
{
	bool mixed = false;

	for (int i = 0; i < key->group->nkeys; i++)
		mixed |= isnull[i];
	etl_refusal_set(refusal, ERRCODE_FOREIGN_KEY_VIOLATION,
					psprintf("insert or update on table \"%s\" violates "
							 "foreign key constraint \"%s\"",
							 RelationGetRelationName(rel), key->name));
	refusal->stage = ETL_STAGE_CONSTRAINT;
	refusal->constraint_name = pstrdup(key->name);
	refusal->detail =
		mixed ? pstrdup("MATCH FULL does not allow mixing of null and nonnull "
						"key values.")
			  : missing_detail(key, rel, values);
	*column = NULL;
	if (key->group->nkeys == 1)
		*column = pstrdup(
			NameStr(TupleDescAttr(RelationGetDescr(rel), key->columns[0] - 1)
						->attname));
}

void
etl_foreign_keys_append_missing(StringInfo out, const EtlKeyGroup *group,
								const char *prefix)
{
	Oid relid = group->referenced;

	/* partitions are part of a table, children of other kinds are not */
	appendStringInfo(out, "NOT EXISTS (SELECT FROM %s",
					 get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE
						 ? ""
						 : "ONLY ");
	etl_quote_qualified(out, get_namespace_name(get_rel_namespace(relid)),
						get_rel_name(relid));
	appendStringInfoString(out, " p WHERE ");
	for (int i = 0; i < group->nkeys; i++)
	{
		StringInfoData parent;

		initStringInfo(&parent);
		appendStringInfoString(&parent, "p.");
		etl_quote_identifier(&parent,
							 get_attname(relid, group->columns[i], false));
		if (i > 0)
			appendStringInfoString(out, " AND ");
		generate_operator_clause(out, parent.data,
								 get_atttype(relid, group->columns[i]),
								 group->operators[i],
								 psprintf("%s%d", prefix, i + 1),
								 group->types[i]);
	}
	appendStringInfoChar(out, ')');
}

/*
 * The snapshot in which parents are looked for: that of the server's check,
 * which in partitioned tables sees what has been committed since.
 */
static void
push_snapshot(Oid referenced)
{
	CommandCounterIncrement();
	if (get_rel_relkind(referenced) == RELKIND_PARTITIONED_TABLE)
		PushActiveSnapshot(GetLatestSnapshot());
	else
		PushActiveSnapshot(GetTransactionSnapshot());
}

/* Makes a tuplestore known to the queries of the current SPI connection. */
static void
register_rows(const EtlKeyRows *table)
{
	EphemeralNamedRelation relation =
		palloc0(sizeof(EphemeralNamedRelationData));
	int result;

	relation->md.name = pstrdup(table->name);
	relation->md.tupdesc = table->desc;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = table->estimate;
	relation->reldata = table->rows;
	result = SPI_register_relation(relation);
	if (result != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register rows: %s",
			 SPI_result_code_string(result));
}

/* Until the current level of settings ends. */
static void
pin_setting(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

static void
run_query(const char *sql, void (*receive)(void *arg, int64 number), void *arg)
{
	SPIPlanPtr plan = SPI_prepare(sql, 0, NULL);
	Portal portal;

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	do
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool isnull;

			receive(arg, DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i],
													 SPI_tuptable->tupdesc, 1,
													 &isnull)));
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
}

void
etl_foreign_keys_query(const EtlKeyGroup *group, const char *sql,
					   const EtlKeyRows *tables, int n,
					   void (*receive)(void *arg, int64 number), void *arg)
{
	Relation referenced = table_open(group->referenced, RowShareLock);
	Oid user;
	int security;
	int level;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(referenced->rd_rel->relowner,
						   security | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_NOFORCE_RLS);
	level = NewGUCNestLevel();
	pin_setting("search_path", "pg_catalog, pg_temp");
	SPI_connect();
	for (int i = 0; i < n; i++)
		register_rows(&tables[i]);
	/* a tuplestore is joined with another round by round: see late.c */
	if (n > 1)
	{
		pin_setting("enable_mergejoin", "off");
		pin_setting("enable_nestloop", "off");
	}
	push_snapshot(group->referenced);
	run_query(sql, receive, arg);
	PopActiveSnapshot();
	SPI_finish();
	AtEOXact_GUC(true, level);
	SetUserIdAndSecContext(user, security);
	table_close(referenced, NoLock);
}

/* The rows of a batch whose parents are looked for. */
typedef struct Sifting
{
	EtlKeyGroup *group;
	EtlLoadRow *rows;
	Tuplestorestate *keys;
	TupleDesc desc; /* number, key1, key2, ... */
	MemoryContext refusals;
	int nheld;
	int *orphans; /* numbers of rows */
	int norphans;
} Sifting;

static EtlForeignKey *
key_in_group(const HeapRel *rel, const EtlKeyGroup *group)
{
	ListCell *lc;

	foreach (lc, rel->foreign_keys)
		if (((EtlForeignKey *) lfirst(lc))->group == group)
			return lfirst(lc);
	return NULL;
}

/* Holds a row back, and refuses it unless a trigger may yet make it good. */
static void
hold_back(Sifting *sifting, EtlLoadRow *row)
{
	const HeapRel *rel = row->rel;
	const EtlForeignKey *key = key_in_group(rel, sifting->group);
	Datum values[INDEX_MAX_KEYS];
	bool isnull[INDEX_MAX_KEYS];
	MemoryContext old;

	row->held_back = true;
	sifting->nheld++;
	if (rel->has_user_triggers)
		return;
	old = MemoryContextSwitchTo(sifting->refusals);
	(void) etl_foreign_key_values(key, &row->tuple, rel->desc, values, isnull);
	row->fate = ETL_FATE_REFUSED;
	row->refusal = palloc0(sizeof(EtlRefusal));
	etl_foreign_key_refuse(key, rel->info->ri_RelationDesc, values, isnull,
						   row->refusal, &row->refused_column);
	MemoryContextSwitchTo(old);
}

/* Only notes it: the query runs with the rights of somebody else. */
static void
receive_orphan(void *arg, int64 number)
{
	Sifting *sifting = arg;

	sifting->orphans[sifting->norphans++] = (int) number;
}

static TupleDesc
keys_desc(const EtlKeyGroup *group)
{
	TupleDesc desc = CreateTemplateTupleDesc(group->nkeys + 1);

	TupleDescInitEntry(desc, 1, "number", INT8OID, -1, 0);
	for (int i = 0; i < group->nkeys; i++)
		TupleDescInitEntry(desc, i + 2, psprintf("key%d", i + 1),
						   group->types[i], -1, 0);
	return desc;
}

/* Collects the keys to look for; those that are wrong as they stand are held. */
static void
collect_keys(Sifting *sifting, int n)
{
	for (int i = 0; i < n; i++)
	{
		EtlLoadRow *row = &sifting->rows[i];
		const EtlForeignKey *key = key_in_group(row->rel, sifting->group);
		Datum values[INDEX_MAX_KEYS + 1];
		bool isnull[INDEX_MAX_KEYS + 1] = {false};

		if (row->held_back || key == NULL)
			continue;
		CHECK_FOR_INTERRUPTS();
		switch (etl_foreign_key_values(key, &row->tuple, row->rel->desc,
									   values + 1, isnull + 1))
		{
			case ETL_KEY_EXEMPT:
				break;
			case ETL_KEY_MIXED:
				hold_back(sifting, row);
				break;
			case ETL_KEY_COMPLETE:
				values[0] = Int64GetDatum(i);
				tuplestore_putvalues(sifting->keys, sifting->desc, values,
									 isnull);
				break;
		}
	}
}

/* Runs the query, under a guard. */
static bool
find_orphans(void *arg, EtlRefusal *refusal)
{
	Sifting *sifting = arg;
	EtlKeyRows keys = {"etl_keys", sifting->keys, sifting->desc,
					   tuplestore_tuple_count(sifting->keys)};
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT k.number FROM etl_keys k WHERE ");
	etl_foreign_keys_append_missing(&sql, sifting->group, "k.key");
	etl_foreign_keys_query(sifting->group, sql.data, &keys, 1, receive_orphan,
						   sifting);
	return true;
}

int
etl_foreign_keys_sift(EtlForeignKeys *keys, EtlLoadRow *rows, int n,
					  MemoryContext refusals)
{
	EtlGuard guard = {ETL_GUARD_SUBTRANSACTION, false, false};
	int nheld = 0;
	ListCell *lc;

	foreach (lc, keys->groups)
	{
		Sifting sifting = {.group = lfirst(lc),
						   .rows = rows,
						   .refusals = refusals};
		EtlRefusal refusal;

		if (sifting.group->late || keys->unusable)
			continue;
		sifting.desc = keys_desc(sifting.group);
		sifting.keys = tuplestore_begin_heap(false, false, work_mem);
		collect_keys(&sifting, n);

		/*
		 * An operator may refuse a value; which one, the server's own check
		 * will tell.
		 */
		if (tuplestore_tuple_count(sifting.keys) > 0)
		{
			sifting.orphans =
				palloc(sizeof(int) * tuplestore_tuple_count(sifting.keys));
			if (!etl_guard_call(&guard, find_orphans, &sifting, &refusal))
			{
				keys->unusable = true;
				sifting.norphans = 0;
			}
			for (int i = 0; i < sifting.norphans; i++)
				hold_back(&sifting, &rows[sifting.orphans[i]]);
			pfree(sifting.orphans);
		}
		tuplestore_end(sifting.keys);
		nheld += sifting.nheld;
	}
	return nheld;
}
