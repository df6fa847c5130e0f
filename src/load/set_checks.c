/*
 * set_checks.c
 *	  The user's checks of all rows of a load together.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/queryenvironment.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "load/set_checks.h"
#include "quote.h"
#include "reject/reject.h"

#define BATCH_NAME "etl_batch"

/* Keys in messages are cut. */
#define MAX_KEY_CHARS 200

/* A column of etl_batch. */
typedef struct BatchColumn
{
	int index;        /* 0-based, in the target */
	ExprState *value; /* of one that isn't stored, else NULL */
} BatchColumn;

struct EtlSetChecks
{
	const EtlTarget *target;
	List *checks; /* of EtlCheck */
	Bitmapset *visible;
	TupleDesc desc; /* of etl_batch */
	BatchColumn *columns;
	Tuplestorestate *rows;

	/* For a row that is being added. */
	Datum *target_values;
	bool *target_isnull;
	Datum *values;
	bool *isnull;
	EState *estate; /* NULL unless something is evaluated */
	TupleTableSlot *slot;
};

static void describe_batch(EtlSetChecks *checks);
static void connect(EtlSetChecks *checks);
static void check_columns(const EtlSetChecks *checks, const EtlCheck *check);
static SPIPlanPtr prepare(const EtlCheck *check);
static char *unique_query(const EtlCheck *check);
static void run_query(EtlCheck *check);
static void run_unique(EtlCheck *check);

EtlSetChecks *
etl_set_checks_new(const EtlTarget *target, List *list)
{
	EtlSetChecks *checks = palloc0(sizeof(EtlSetChecks));
	ListCell *lc;

	foreach (lc, list)
	{
		const EtlCheck *check = lfirst(lc);

		if (check->kind == ETL_CHECK_QUERY || check->kind == ETL_CHECK_UNIQUE)
			checks->checks = lappend(checks->checks, lfirst(lc));
	}
	if (checks->checks == NIL)
		return NULL;
	checks->target = target;
	checks->visible = etl_check_selectable(target);
	checks->rows = tuplestore_begin_heap(false, false, work_mem);
	describe_batch(checks);

	/* what is wrong with them is told before anything is loaded */
	connect(checks);
	foreach (lc, checks->checks)
	{
		check_columns(checks, lfirst(lc));
		(void) prepare(lfirst(lc));
	}
	SPI_finish();
	return checks;
}

const Bitmapset *
etl_set_checks_columns(const EtlSetChecks *checks)
{
	return checks->visible;
}

/* What etl_batch looks like: what of the target the user may see. */
static void
describe_batch(EtlSetChecks *checks)
{
	TupleDesc from = checks->target->desc;
	int natts = bms_num_members(checks->visible);
	int index = -1;

	checks->desc = CreateTemplateTupleDesc(natts);
	checks->columns = palloc0(sizeof(BatchColumn) * Max(natts, 1));
	for (int i = 0; i < natts; i++)
	{
		BatchColumn *column = &checks->columns[i];

		index = bms_next_member(checks->visible, index);
		TupleDescCopyEntry(checks->desc, i + 1, from, index + 1);
		column->index = index;
		if (!etl_compat_is_virtual(TupleDescAttr(from, index)))
			continue;
		if (checks->estate == NULL)
		{
			checks->estate = CreateExecutorState();
			checks->slot = MakeSingleTupleTableSlot(from, &TTSOpsHeapTuple);
		}
		column->value = ExecPrepareExpr(
			(Expr *) etl_compat_virtual_expression(checks->target->rel, index),
			checks->estate);
	}
	checks->target_values = palloc(sizeof(Datum) * Max(from->natts, 1));
	checks->target_isnull = palloc(sizeof(bool) * Max(from->natts, 1));
	checks->values = palloc(sizeof(Datum) * Max(natts, 1));
	checks->isnull = palloc(sizeof(bool) * Max(natts, 1));
}

/* The value of a column that isn't stored. */
static void
compute(EtlSetChecks *checks, const BatchColumn *column, HeapTuple row, int i)
{
	ExprContext *econtext = GetPerTupleExprContext(checks->estate);

	ExecStoreHeapTuple(row, checks->slot, false);
	econtext->ecxt_scantuple = checks->slot;
	checks->values[i] =
		ExecEvalExprSwitchContext(column->value, econtext, &checks->isnull[i]);
}

void
etl_set_checks_add(EtlSetChecks *checks, HeapTuple row)
{
	heap_deform_tuple(row, checks->target->desc, checks->target_values,
					  checks->target_isnull);
	if (checks->estate)
		ResetPerTupleExprContext(checks->estate);
	for (int i = 0; i < checks->desc->natts; i++)
	{
		const BatchColumn *column = &checks->columns[i];

		checks->values[i] = checks->target_values[column->index];
		checks->isnull[i] = checks->target_isnull[column->index];
		if (column->value)
			compute(checks, column, row, i);
	}
	tuplestore_putvalues(checks->rows, checks->desc, checks->values,
						 checks->isnull);
}

/* Connects to SPI, where etl_batch is known then. */
static void
connect(EtlSetChecks *checks)
{
	EphemeralNamedRelation batch;
	int result;

	SPI_connect();
	batch = palloc0(sizeof(EphemeralNamedRelationData));
	batch->md.name = pstrdup(BATCH_NAME);
	batch->md.tupdesc = checks->desc;
	batch->md.reliddesc = InvalidOid;
	batch->md.enrtype = ENR_NAMED_TUPLESTORE;
	batch->md.enrtuples = (double) tuplestore_tuple_count(checks->rows);
	batch->reldata = checks->rows;
	result = SPI_register_relation(batch);
	if (result != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register %s: %s", BATCH_NAME,
			 SPI_result_code_string(result));
}

/* What "unique" names must be visible; queries find out by themselves. */
static void
check_columns(const EtlSetChecks *checks, const EtlCheck *check)
{
	EtlCheckScope scope;
	Bitmapset *columns = NULL;

	etl_check_begin(&scope, check->name, NULL);
	for (int i = 0; check->columns && i < check->columns->n; i++)
		columns = bms_add_member(columns,
								 etl_check_column(checks->target,
												  check->columns->items[i]));
	etl_check_privileges(checks->target, columns);
	etl_check_end(&scope);
}

/* The plan of a check; 22023 and 42804 for a query that doesn't answer. */
static SPIPlanPtr
prepare(const EtlCheck *check)
{
	bool is_unique = check->kind == ETL_CHECK_UNIQUE;
	const char *sql = is_unique ? unique_query(check) : check->text;
	EtlCheckScope scope;
	SPIPlanPtr plan;
	const CachedPlanSource *source;
	const Query *query;

	etl_check_begin(&scope, check->name, NULL);
	plan = SPI_prepare(sql, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	source = list_length(SPI_plan_get_plan_sources(plan)) == 1
				 ? linitial(SPI_plan_get_plan_sources(plan))
				 : NULL;
	query = source && list_length(source->query_list) == 1
				? linitial_node(Query, source->query_list)
				: NULL;
	if (query == NULL || query->commandType != CMD_SELECT ||
		query->hasModifyingCTE || query->rowMarks != NIL ||
		source->resultDesc == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the query of a check must be one SELECT that "
							   "only reads")));
	if (!is_unique &&
		(source->resultDesc->natts != 1 ||
		 getBaseType(TupleDescAttr(source->resultDesc, 0)->atttypid) !=
			 BOOLOID))
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("the query of a check must return one boolean"),
						errhint("Such as: SELECT count(*) >= 100 FROM %s",
								BATCH_NAME)));
	etl_check_end(&scope);
	return plan;
}

/*
 * One row for the first key that several rows have: its columns, the number of
 * those rows, and the number of such keys.  Rows with nulls in the key have
 * none, as in a unique index.
 */
static char *
unique_query(const EtlCheck *check)
{
	StringInfoData keys;
	StringInfoData nulls;

	initStringInfo(&keys);
	initStringInfo(&nulls);
	for (int i = 0; i < check->columns->n; i++)
	{
		appendStringInfoString(&keys, i > 0 ? ", " : "");
		etl_quote_identifier(&keys, check->columns->items[i]);
		appendStringInfoString(&nulls, i > 0 ? " AND " : "");
		etl_quote_identifier(&nulls, check->columns->items[i]);
		appendStringInfoString(&nulls, " IS NOT NULL");
	}
	return psprintf("SELECT %s, pg_catalog.count(*), "
					"pg_catalog.count(*) OVER () FROM %s WHERE %s GROUP BY %s "
					"HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 "
					"LIMIT 1",
					keys.data, BATCH_NAME, nulls.data, keys.data);
}

/* Runs the plan, for at most two rows; it sees all that was loaded. */
static void
execute(SPIPlanPtr plan)
{
	int result;

	PushActiveSnapshot(GetTransactionSnapshot());
	result = SPI_execute_plan(plan, NULL, NULL, true, 2);
	PopActiveSnapshot();
	if (result != SPI_OK_SELECT)
		elog(ERROR, "query of a check failed: %s",
			 SPI_result_code_string(result));
}

void
etl_set_checks_run(EtlSetChecks *checks)
{
	ListCell *lc;

	connect(checks);
	foreach (lc, checks->checks)
	{
		EtlCheck *check = lfirst(lc);

		if (check->kind == ETL_CHECK_UNIQUE)
			run_unique(check);
		else
			run_query(check);
	}
	SPI_finish();
	tuplestore_end(checks->rows);
	if (checks->estate)
	{
		ExecDropSingleTupleTableSlot(checks->slot);
		FreeExecutorState(checks->estate);
	}
}

static void
run_query(EtlCheck *check)
{
	SPIPlanPtr plan = prepare(check);
	EtlCheckScope scope;
	bool isnull;
	Datum value;

	etl_check_begin(&scope, check->name, NULL);
	execute(plan);
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("the query of a check must return one row"),
				 SPI_processed == 0 ? errdetail("It has returned none.")
									: errdetail("It has returned several.")));
	etl_check_end(&scope);
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						  &isnull);
	if (isnull || !DatumGetBool(value))
		etl_check_fail(check,
					   psprintf("The query has returned %s: %s",
								isnull ? "null" : "false", check->text));
}

/* "(a, b)=(1, x)", of the row that unique_query() has returned. */
static char *
describe_key(const EtlCheck *check)
{
	StringInfoData names;
	StringInfoData values;

	initStringInfo(&names);
	initStringInfo(&values);
	for (int i = 0; i < check->columns->n; i++)
	{
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 check->columns->items[i]);
		appendStringInfo(&values, "%s%s", i > 0 ? ", " : "",
						 SPI_getvalue(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, i + 1));
	}
	return psprintf("(%s)=(%s)", names.data,
					etl_reject_excerpt(values.data, values.len,
									   MAX_KEY_CHARS));
}

static void
run_unique(EtlCheck *check)
{
	SPIPlanPtr plan = prepare(check);
	int n = check->columns->n;
	EtlCheckScope scope;
	HeapTuple row;
	TupleDesc desc;
	bool isnull;
	int64 rows;
	int64 keys;
	char *detail;

	etl_check_begin(&scope, check->name, NULL);
	execute(plan);
	etl_check_end(&scope);
	if (SPI_processed == 0)
		return;
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	rows = DatumGetInt64(SPI_getbinval(row, desc, n + 1, &isnull));
	keys = DatumGetInt64(SPI_getbinval(row, desc, n + 2, &isnull));
	detail = psprintf("%lld rows have the key %s.", (long long) rows,
					  describe_key(check));
	if (keys > 1)
		detail = psprintf("%s So it is with %lld other keys.", detail,
						  (long long) keys - 1);
	etl_check_fail(check, detail);
}
