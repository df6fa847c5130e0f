/*
 * letters.c
 *	  Statements over etl.dead_letter, and the functions that need no more.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "deadletter/letters.h"
#include "owner.h"

PG_FUNCTION_INFO_V1(etl_discard_dead_letters);
PG_FUNCTION_INFO_V1(etl_purge_dead_letters);

/*
 * Whether a user, an oid, may see the letter d, as the policies have it; "all":
 * policies don't hold for the user.
 */
#define MAY_SEE(user, all) \
	"(" all " OR (d.owner = pg_catalog.pg_get_userbyid(d.owner_oid)" \
	" AND pg_catalog.pg_has_role(" user ", d.owner_oid, 'USAGE'))" \
	" OR pg_catalog.has_any_column_privilege(" user ", d.target, 'INSERT'))"

/*
 * The filter over pending letters.  Letters that have no target, or none any
 * more, are meant only where they are named.
 */
#define FILTER \
	"d.status = 'pending'" \
	" AND ($2 IS NULL OR d.load_id = $2)" \
	" AND ($3 IS NULL OR d.dead_letter_id = ANY ($3))" \
	" AND ($1 IS NULL OR d.target = $1 OR ($3 IS NOT NULL AND" \
	" (d.target IS NULL OR NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c" \
	" WHERE c.oid = d.target))))" \
	" AND " MAY_SEE("$4", "$5")

#define FILTER_PARAMETERS 5

/* What the letters' loads have checked, as far as single rows tell. */
#define LOAD_CHECKS \
	"(SELECT load_id, pg_catalog.jsonb_path_query_array(" \
	"details -> 'check_definitions', '$[*] ? (exists (@.check) ||" \
	" exists (@.not_null) || exists (@.accepted_values))') AS checks" \
	" FROM etl.load WHERE details ? 'check_definitions')"

/*
 * Each time so many letters are replayed, in one subtransaction; other sessions
 * keep track of 64 of these for free.
 */
#define LETTERS_AT_ONCE 8192

/* The parameters that FILTER has; to be called as the user. */
static void
add_filter(EtlParameters *p, const EtlLetterFilter *filter)
{
	etl_parameters_add(p, REGCLASSOID, ObjectIdGetDatum(filter->target),
					   !OidIsValid(filter->target));
	etl_parameters_add(p, INT8OID, Int64GetDatum(filter->load_id),
					   !filter->has_load);
	etl_parameters_add(p, INT8ARRAYOID, filter->ids, filter->ids == (Datum) 0);
	etl_parameters_add(p, OIDOID, ObjectIdGetDatum(GetUserId()), false);
	etl_parameters_add(p, BOOLOID,
					   BoolGetDatum(has_bypassrls_privilege(GetUserId())),
					   false);
	Assert(p->n == FILTER_PARAMETERS);
}

static uint64
execute(const char *statement, EtlParameters *p, int expected)
{
	EtlOwnerScope scope;
	uint64 processed;

	etl_owner_begin(&scope);
	etl_owner_execute(statement, p->n, p->types, p->values, p->isnull,
					  expected);
	processed = SPI_processed;
	etl_owner_end(&scope);
	return processed;
}

/* A copy of a value of the current result, in the current context; 0: null. */
static Datum
copy_value(HeapTuple tuple, TupleDesc desc, int column)
{
	bool isnull;
	Datum value = SPI_getbinval(tuple, desc, column, &isnull);

	if (isnull)
		return (Datum) 0;
	if (TupleDescAttr(desc, column - 1)->attbyval)
		return value;
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
}

List *
etl_letters_groups(const EtlLetterFilter *filter)
{
	static const char *const statement =
		"SELECT d.target, d.format, d.options, l.checks, d.raw IS NULL,"
		" pg_catalog.min(d.dead_letter_id), pg_catalog.array_agg(DISTINCT"
		" COALESCE(d.load_id, 0)) FROM etl.dead_letter AS d LEFT JOIN"
		" " LOAD_CHECKS " AS l ON l.load_id = d.load_id WHERE " FILTER
		" AND ($6 OR pg_catalog.has_any_column_privilege($4, d.target,"
		" 'INSERT')) GROUP BY 1, 2, 3, 4, 5 ORDER BY 6";
	MemoryContext context = CurrentMemoryContext;
	EtlParameters p = {0};
	EtlOwnerScope scope;
	List *groups = NIL;

	add_filter(&p, filter);
	etl_parameters_add(&p, BOOLOID,
					   BoolGetDatum(OidIsValid(filter->target) ||
									filter->has_load ||
									filter->ids != (Datum) 0),
					   false);
	etl_owner_begin(&scope);
	etl_owner_execute(statement, p.n, p.types, p.values, p.isnull,
					  SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple tuple = SPI_tuptable->vals[i];
		TupleDesc desc = SPI_tuptable->tupdesc;
		MemoryContext old = MemoryContextSwitchTo(context);
		EtlLetterGroup *group = palloc0(sizeof(EtlLetterGroup));

		group->target = DatumGetObjectId(copy_value(tuple, desc, 1));
		group->format = SPI_getvalue(tuple, desc, 2);
		group->options = (Jsonb *) DatumGetPointer(copy_value(tuple, desc, 3));
		group->checks = (Jsonb *) DatumGetPointer(copy_value(tuple, desc, 4));
		group->by_record = DatumGetBool(copy_value(tuple, desc, 5));
		group->first_id = DatumGetInt64(copy_value(tuple, desc, 6));
		group->load_ids = copy_value(tuple, desc, 7);
		groups = lappend(groups, group);
		MemoryContextSwitchTo(old);
	}
	etl_owner_end(&scope);
	return groups;
}

Portal
etl_letters_open(const EtlLetterFilter *filter, const EtlLetterGroup *group)
{
	static const char *const statement =
		"SELECT d.dead_letter_id, d.source, d.line, d.record_no,"
		" d.byte_offset, d.raw, d.record, d.sqlstate = '54000' FROM etl.dead_letter AS d"
		" WHERE " FILTER " AND d.format = $6"
		" AND (d.options = $7 OR ($7 IS NULL AND d.options IS NULL))"
		" AND (d.target = $8 OR ($8 IS NULL AND d.target IS NULL))"
		" AND (d.raw IS NULL) = $9 AND COALESCE(d.load_id, 0) = ANY ($10)"
		" ORDER BY d.dead_letter_id FOR UPDATE";
	EtlParameters p = {0};
	char nulls[lengthof(p.isnull)];
	EtlOwnerScope scope;
	Portal portal;

	add_filter(&p, filter);
	etl_parameters_add(&p, TEXTOID, CStringGetTextDatum(group->format), false);
	etl_parameters_add(&p, JSONBOID, PointerGetDatum(group->options),
					   group->options == NULL);
	etl_parameters_add(&p, REGCLASSOID, ObjectIdGetDatum(group->target),
					   !OidIsValid(group->target));
	etl_parameters_add(&p, BOOLOID, BoolGetDatum(group->by_record), false);
	etl_parameters_add(&p, INT8ARRAYOID, group->load_ids, false);
	for (int i = 0; i < p.n; i++)
		nulls[i] = p.isnull[i] ? 'n' : ' ';
	etl_owner_begin(&scope);
	portal = SPI_cursor_open_with_args(NULL, statement, p.n, p.types, p.values,
									   nulls, false, 0);
	etl_owner_end(&scope);
	return portal;
}

SPITupleTable *
etl_letters_fetch(Portal portal)
{
	MemoryContext context = CurrentMemoryContext;

	SPI_cursor_fetch(portal, true, LETTERS_AT_ONCE);
	MemoryContextSwitchTo(context);
	return SPI_tuptable;
}

void
etl_letters_replayed(const Datum *ids, int n, int64 load_id)
{
	EtlParameters p = {0};

	if (n == 0)
		return;
	etl_parameters_add(&p, INT8ARRAYOID,
					   PointerGetDatum(
						   construct_array(unconstify(Datum *, ids), n,
										   INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
					   false);
	etl_parameters_add(&p, INT8OID, Int64GetDatum(load_id), false);
	(void) execute("UPDATE etl.dead_letter SET status = 'replayed',"
				   " resolved_at = pg_catalog.now(), replay_load_id = $2"
				   " WHERE dead_letter_id = ANY ($1)",
				   &p, SPI_OK_UPDATE);
}

/* Arrays of the failures' members. */
typedef enum FailureArray
{
	FAILURE_ID,
	FAILURE_STAGE,
	FAILURE_SQLSTATE,
	FAILURE_MESSAGE,
	FAILURE_DETAIL,
	FAILURE_COLUMN,
	FAILURE_CONSTRAINT,
	FAILURE_RAW,
	FAILURE_RECORD,
	FAILURE_ARRAYS
} FailureArray;

static const Oid failure_types[FAILURE_ARRAYS] = {INT8OID, TEXTOID,  TEXTOID,
												  TEXTOID, TEXTOID,  TEXTOID,
												  TEXTOID, BYTEAOID, JSONBOID};

static const Oid failure_array_types[FAILURE_ARRAYS] = {
	INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,  TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID, TEXTARRAYOID, BYTEAARRAYOID, JSONBARRAYOID};

static Datum
text_or_null(const char *text)
{
	return text ? CStringGetTextDatum(etl_deadletter_printable(text))
				: (Datum) 0;
}

static Datum
failure_value(const EtlLetterFailure *failure, FailureArray array)
{
	switch (array)
	{
		case FAILURE_ID:
			return Int64GetDatum(failure->id);
		case FAILURE_STAGE:
			return CStringGetTextDatum(etl_stage_name(failure->stage));
		case FAILURE_SQLSTATE:
			return CStringGetTextDatum(unpack_sql_state(failure->sqlerrcode));
		case FAILURE_MESSAGE:
			return text_or_null(failure->message);
		case FAILURE_DETAIL:
			return text_or_null(failure->detail);
		case FAILURE_COLUMN:
			return text_or_null(failure->column_name);
		case FAILURE_CONSTRAINT:
			return text_or_null(failure->constraint_name);
		case FAILURE_RAW:
			return PointerGetDatum(failure->raw);
		case FAILURE_RECORD:
			return PointerGetDatum(failure->record);
		case FAILURE_ARRAYS:
			break;
	}
	return (Datum) 0;
}

void
etl_letters_failed(const EtlLetterFailure *failures, int n)
{
	static const char *const statement =
		"UPDATE etl.dead_letter AS d SET attempts = d.attempts + 1,"
		" stage = f.stage, sqlstate = f.sqlstate, message = f.message,"
		" detail = f.detail, column_name = f.column_name,"
		" constraint_name = f.constraint_name,"
		" raw = COALESCE(f.raw, d.raw), record = COALESCE(f.record, d.record)"
		" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
		" pg_catalog.unnest($3), pg_catalog.unnest($4),"
		" pg_catalog.unnest($5), pg_catalog.unnest($6),"
		" pg_catalog.unnest($7), pg_catalog.unnest($8),"
		" pg_catalog.unnest($9)) AS f(dead_letter_id, stage, sqlstate,"
		" message, detail, column_name, constraint_name, raw, record)"
		" WHERE d.dead_letter_id = f.dead_letter_id";
	EtlParameters p = {0};
	Datum *values = palloc(sizeof(Datum) * Max(n, 1));
	bool *isnull = palloc(sizeof(bool) * Max(n, 1));
	int lower_bound = 1;

	if (n == 0)
		return;
	for (int array = 0; array < FAILURE_ARRAYS; array++)
	{
		bool is_id = array == FAILURE_ID;

		for (int i = 0; i < n; i++)
		{
			values[i] = failure_value(&failures[i], array);
			isnull[i] = !is_id && values[i] == (Datum) 0;
		}
		etl_parameters_add(
			&p, failure_array_types[array],
			PointerGetDatum(construct_md_array(
				values, isnull, 1, &n, &lower_bound, failure_types[array],
				is_id ? (int) sizeof(int64) : -1, is_id && FLOAT8PASSBYVAL,
				is_id ? TYPALIGN_DOUBLE : TYPALIGN_INT)),
			false);
	}
	(void) execute(statement, &p, SPI_OK_UPDATE);
}

/* etl_discard_dead_letters(target, load_id, ids) RETURNS bigint */
Datum
etl_discard_dead_letters(PG_FUNCTION_ARGS)
{
	EtlLetterFilter filter = {0};
	EtlParameters p = {0};

	PreventCommandIfReadOnly("etl_discard_dead_letters()");
	filter.target = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	filter.has_load = !PG_ARGISNULL(1);
	filter.load_id = filter.has_load ? PG_GETARG_INT64(1) : 0;
	filter.ids = PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2);
	add_filter(&p, &filter);
	PG_RETURN_INT64(
		(int64) execute("UPDATE etl.dead_letter AS d SET status = 'discarded',"
						" resolved_at = pg_catalog.now() WHERE " FILTER,
						&p, SPI_OK_UPDATE));
}

/* etl_purge_dead_letters(older_than) RETURNS bigint */
Datum
etl_purge_dead_letters(PG_FUNCTION_ARGS)
{
	static const Interval zero = {0};
	EtlParameters p = {0};

	PreventCommandIfReadOnly("etl_purge_dead_letters()");
	if (PG_ARGISNULL(0))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"older_than\" must not be null")));
	if (DatumGetBool(DirectFunctionCall2(interval_lt, PG_GETARG_DATUM(0),
										 IntervalPGetDatum(&zero))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"older_than\" must not be negative")));
	etl_parameters_add(&p, INTERVALOID, PG_GETARG_DATUM(0), false);
	etl_parameters_add(&p, OIDOID, ObjectIdGetDatum(GetUserId()), false);
	etl_parameters_add(&p, BOOLOID,
					   BoolGetDatum(has_bypassrls_privilege(GetUserId())),
					   false);
	PG_RETURN_INT64((int64) execute(
		"DELETE FROM etl.dead_letter AS d WHERE d.status IN ('replayed',"
		" 'discarded') AND d.resolved_at <= pg_catalog.now() - $1"
		" AND " MAY_SEE("$2", "$3"),
		&p, SPI_OK_DELETE));
}
