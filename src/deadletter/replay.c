/*
 * replay.c
 *	  etl_replay_dead_letters: rejected records, repaired or not, into the tables
 *	  that they were for.
 *
 * A replay is a load whose source is dead letters.  Letters that are read in one
 * way into one table make one load, with the settings that the letters keep and
 * those that the user gives, which come before.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "deadletter/replay.h"
#include "options.h"
#include "scan/call.h"
#include "scan/look.h"

PG_FUNCTION_INFO_V1(etl_replay_dead_letters);

/* Settings of a replay that are none of its letters' format. */
typedef struct ReplayOptions
{
	Jsonb *checks;
} ReplayOptions;

static const EtlOptionDef replay_defs[] = {
	{.name = "checks",
	 .offset = offsetof(ReplayOptions, checks),
	 .type = ETL_OPTION_JSONB},
};

static const EtlOptionTable replay_table = {replay_defs,
											lengthof(replay_defs)};

static Datum replay_group(const EtlLetterFilter *filter,
						  const EtlLetterGroup *group, Jsonb *options);

/* The table that a group goes into. */
static Oid
group_target(const EtlLetterFilter *filter, const EtlLetterGroup *group)
{
	if (OidIsValid(filter->target))
		return filter->target;
	if (!OidIsValid(group->target))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dead letter %lld has no target",
						(long long) group->first_id),
				 errdetail("A query rejected it, not a load."),
				 errhint("Name the table that it is to go into with the "
						 "argument \"target\".")));
	if (get_rel_name(group->target) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the target of dead letter %lld doesn't exist any "
						"more",
						(long long) group->first_id),
				 errhint("To replay it into another table, name that with "
						 "the argument \"target\", and the dead letter with "
						 "\"ids\".")));
	return group->target;
}

/* The object without members that are none of the columns of desc. */
static Jsonb *
without_unknown(Jsonb *object, TupleDesc desc, List **unknown)
{
	JsonbParseState *state = NULL;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;
	JsonbValue key;
	bool known = false;

	if (object == NULL || !JB_ROOT_IS_OBJECT(object))
		return object;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	iterator = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			char *name = pnstrdup(value.val.string.val, value.val.string.len);

			key = value;
			known = false;
			for (int i = 0; i < desc->natts; i++)
				if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) ==
					0)
					known = true;
			if (!known)
				*unknown = lappend(*unknown, name);
		}
		else if (token == WJB_VALUE && known)
		{
			pushJsonbValue(&state, WJB_KEY, &key);
			pushJsonbValue(&state, WJB_VALUE, &value);
		}
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* True if the object has a member of that name. */
static bool
has_member(Jsonb *object, const char *name)
{
	JsonbValue value;

	return object && JB_ROOT_IS_OBJECT(object) &&
		   getKeyJsonValueFromContainer(&object->root, name,
										(int) strlen(name), &value) != NULL;
}

/*
 * The settings that a letter keeps and the user's, which come before; checks
 * that each of these is a setting of the letter's format.
 */
static Jsonb *
merge_options(const EtlLetterGroup *group, Jsonb *given)
{
	if (group->options == NULL)
		return given;
	if (given == NULL)
		return group->options;
	if (!JB_ROOT_IS_OBJECT(given))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("options must be a JSON object")));
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
											  JsonbPGetDatum(group->options),
											  JsonbPGetDatum(given)));
}

/* The call that reads the group's letters, and the request that it makes. */
static EtlCall *
make_call(const EtlLetterGroup *group, Jsonb *given, EtlLoadRequest *request)
{
	EtlCall *call =
		etl_call_new(etl_replay_format(etl_format_find(group->format)));
	Jsonb *options = merge_options(group, given);
	ReplayOptions own = {.checks = group->checks};
	EtlOptionTarget own_target;
	EtlOptionTarget *targets[2] = {&call->target, &own_target};

	etl_option_init(&own_target, &replay_table, &own);
	if (options)
		etl_option_set_object_any(targets, 2, options);
	if (!etl_option_given(&own_target, "checks"))
		own.checks = group->checks;
	if (call->options->on_error == ETL_OPTION_UNSET)
		call->options->on_error = ETL_ON_ERROR_DEAD_LETTER;
	if (call->options->on_error == ETL_ON_ERROR_SKIP)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"on_error\": \"skip\""),
				 errdetail("A dead letter that can't be replayed stays one."),
				 errhint("Valid values are \"abort\", \"null\" and "
						 "\"dead_letter\".  To get rid of dead letters use "
						 "etl_discard_dead_letters().")));
	etl_call_check(call);
	request->on_error = (EtlOnError) call->options->on_error;
	request->reject_limit = call->options->reject_limit;
	request->reject_limit_percent = call->options->reject_limit_percent;
	request->checks = own.checks;
	return call;
}

/*
 * Settings that a letter keeps may name columns that the target has no more;
 * what the user names must be there, and is left to be found out: false.
 */
static bool
forget_lost_columns(EtlLoad *load, EtlCall *call, Jsonb *given, TupleDesc desc)
{
	List *lost = NIL;
	List *unused = NIL;

	if (has_member(given, "columns"))
		(void) without_unknown(call->options->columns, desc, &lost);
	else
		call->options->columns =
			without_unknown(call->options->columns, desc, &load->ignored);
	if (!has_member(given, "date_formats"))
		call->options->date_formats =
			without_unknown(call->options->date_formats, desc, &unused);
	if (load->ignored != NIL)
		ereport(WARNING,
				(errmsg("%s has no column \"%s\" any more", load->target->name,
						(const char *) linitial(load->ignored)),
				 errdetail("What dead letters have for it is ignored."),
				 errhint("Tell which field goes where with the option "
						 "\"columns\".")));
	return lost == NIL;
}

/*
 * The columns that fields of a CSV record go into: a record by itself has no
 * header, so a column that has no position has no field.
 */
static TupleDesc
columns_with_position(const EtlLoad *load, const EtlCall *call,
					  TupleDesc target)
{
	TupleDesc desc;
	int n = 0;
	bool *wanted = palloc0(sizeof(bool) * Max(target->natts, 1));

	for (int i = 0; i < target->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(target, i)->attname);

		wanted[i] = has_member(call->options->columns, name) ||
					etl_row_is_special_name(name);
		n += wanted[i];
	}
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("no column of the dead letters is one of %s",
						load->target->name),
				 errhint("Tell which field goes where with the option "
						 "\"columns\", as in {\"columns\": {\"id\": 1}}.")));
	desc = CreateTemplateTupleDesc(n);
	n = 0;
	for (int i = 0; i < target->natts; i++)
		if (wanted[i])
			TupleDescCopyEntry(desc, ++n, target, i + 1);
	return BlessTupleDesc(desc);
}

/*
 * A query's rows have all they have in the object, columns like etl_line, too,
 * which a source would have beside its fields.
 */
static void
map_special_columns(EtlCall *call, TupleDesc desc)
{
	StringInfoData out;
	Jsonb *columns = call->options->columns;

	initStringInfo(&out);
	for (int i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);

		if (!etl_row_is_special_name(name) || has_member(columns, name))
			continue;
		appendStringInfoString(&out, out.len == 0 ? "{" : ", ");
		escape_json(&out, name);
		appendStringInfo(&out, ": \"$.%s\"", name);
	}
	if (out.len == 0)
		return;
	appendStringInfoChar(&out, '}');
	columns = DatumGetJsonbP(
		DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data)));
	if (call->options->columns)
		columns = DatumGetJsonbP(
			DirectFunctionCall2(jsonb_concat,
								JsonbPGetDatum(call->options->columns),
								JsonbPGetDatum(columns)));
	call->options->columns = columns;
}

/* The rows that the letters make. */
static TupleDesc
letters_desc(EtlLoad *load, const EtlLetterGroup *group, EtlCall *call,
			 Jsonb *given)
{
	TupleDesc desc = etl_load_source_desc(load);

	if (!forget_lost_columns(load, call, given, desc))
		return desc;
	if (call->format->has_positions && call->options->columns)
		return columns_with_position(load, call, desc);
	if (group->by_record)
		map_special_columns(call, desc);
	return desc;
}

static void
add_detail(EtlLoad *load, const char *name, int64 count)
{
	load->details = lappend(load->details,
							psprintf("\"%s\": %lld", name, (long long) count));
}

/* Replays a group; its row of etl.load, or 0 if others have taken all of it. */
static Datum
replay_group(const EtlLetterFilter *filter, const EtlLetterGroup *group,
			 Jsonb *options)
{
	MemoryContext context = CurrentMemoryContext;
	EtlLoadRequest request = {.mode = ETL_LOAD_APPEND,
							  .source = "dead letters"};
	Portal portal;
	SPITupleTable *first;
	Datum result = (Datum) 0;

	SPI_connect();
	MemoryContextSwitchTo(context);
	portal = etl_letters_open(filter, group);
	first = etl_letters_fetch(portal);
	if (first->numvals > 0)
	{
		EtlReplayCounts counts;
		EtlCall *call;
		EtlLoad *load;
		TupleDesc desc;

		request.target = group_target(filter, group);
		call = make_call(group, options, &request);
		load = etl_load_begin(&request);
		desc = letters_desc(load, group, call, options);
		counts = etl_replay_letters(load, call, desc, portal, first);
		add_detail(load, "replayed", counts.replayed);
		add_detail(load, "pending", counts.pending);
		result = etl_ledger_record(load, "succeeded");
	}
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextSwitchTo(context);
	return result;
}

static void
put_result(ReturnSetInfo *result, Datum row)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(row);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header),
						   .t_data = header};

	ItemPointerSetInvalid(&tuple.t_self);
	tuplestore_puttuple(result->setResult, &tuple);
}

/* etl_replay_dead_letters(target, load_id, ids, options) RETURNS SETOF etl.load */
Datum
etl_replay_dead_letters(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	EtlLetterFilter filter = {0};
	Jsonb *options = PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3);
	MemoryContext context;
	MemoryContext old;
	ListCell *lc;

	PreventCommandIfReadOnly("etl_replay_dead_letters()");
	PreventCommandIfParallelMode("etl_replay_dead_letters()");
	filter.target = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	filter.has_load = !PG_ARGISNULL(1);
	filter.load_id = filter.has_load ? PG_GETARG_INT64(1) : 0;
	filter.ids = PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2);
	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "pg_etl replay",
									ALLOCSET_DEFAULT_SIZES);
	foreach (lc, etl_letters_groups(&filter))
	{
		Datum row;

		old = MemoryContextSwitchTo(context);
		row = replay_group(&filter, lfirst(lc), options);
		if (row != (Datum) 0)
			put_result(result, row);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	return (Datum) 0;
}
