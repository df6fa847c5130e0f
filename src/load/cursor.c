/*
 * cursor.c
 *	  Incremental loads: the rows of etl.cursor.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "http/site.h"
#include "load/cursor.h"
#include "load/cursor_value.h"
#include "load/key.h"
#include "load/load.h"
#include "options.h"
#include "owner.h"

/* The members of "incremental". */
typedef struct IncrementalOptions
{
	char *column;
	char *param;
	Jsonb *start;
	Jsonb *lag;
	int format;
	char *name;
} IncrementalOptions;

struct EtlCursor
{
	IncrementalOptions options;
	struct EtlLoad *load;
	MemoryContext context;

	/* Its row. */
	char *source;
	Datum key;
	char *stored; /* its value; NULL: none */

	/* The column. */
	int column; /* 0-based, of a source's rows */
	EtlCursorType type;
	FmgrInfo *compare;
	Oid collation;

	/* The largest value so far. */
	Datum largest;
	bool has_largest;
	bool moved;
	bool seen; /* some row had a value */
	char *sent;
	char *reached;
};

#define INCREMENTAL_OPTION(member) \
	.name = #member, .offset = offsetof(IncrementalOptions, member)

static const EtlOptionDef incremental_defs[] = {
	{INCREMENTAL_OPTION(column), .type = ETL_OPTION_TEXT},
	{INCREMENTAL_OPTION(param), .type = ETL_OPTION_TEXT},
	{INCREMENTAL_OPTION(start), .type = ETL_OPTION_JSONB},
	{INCREMENTAL_OPTION(lag), .type = ETL_OPTION_JSONB},
	{INCREMENTAL_OPTION(format), .type = ETL_OPTION_ENUM,
	 .values = etl_cursor_format_names},
	{INCREMENTAL_OPTION(name), .type = ETL_OPTION_TEXT},
};

static const EtlOptionTable incremental_table = {incremental_defs,
												 lengthof(incremental_defs)};

static void find_column(EtlCursor *cursor);
static void lock_row(EtlCursor *cursor);
static void set_param(const EtlCursor *cursor, EtlCall *call,
					  const char *value);

static void
check_member(const char *value, const char *name)
{
	if (value == NULL || value[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"incremental\" needs the member \"%s\"",
						name),
				 errhint("For example: {\"column\": \"updated_at\", "
						 "\"param\": \"since\"}.")));
}

EtlCursor *
etl_cursor_parse(Jsonb *option, const EtlCall *call,
				 const EtlLoadRequest *request)
{
	EtlCursor *cursor = palloc0(sizeof(EtlCursor));
	EtlOptionTarget target;

	cursor->context = CurrentMemoryContext;
	etl_option_init(&target, &incremental_table, &cursor->options);
	etl_option_set_object(&target, option);
	check_member(cursor->options.column, "column");
	check_member(cursor->options.param, "param");
	if (etl_source_is_file(call->source, call->options->server))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"incremental\" is for URLs, not for files"),
				 errhint("Files that were loaded before are passed over with "
						 "skip_loaded => true.")));
	if (request->mode == ETL_LOAD_REPLACE || request->mode == ETL_LOAD_SLICE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mode \"%s\" cannot be incremental",
						etl_load_mode_names[request->mode]),
				 errdetail("It would remove the rows that are not asked for "
						   "again.")));
	return cursor;
}

/* A string or number as text; NULL if none was given. */
static char *
scalar_text(Jsonb *value, const char *name)
{
	JsonbValue scalar;

	if (value == NULL)
		return NULL;
	if (JB_ROOT_IS_SCALAR(value) && JsonbExtractScalar(&value->root, &scalar))
	{
		if (scalar.type == jbvString)
			return pnstrdup(scalar.val.string.val, scalar.val.string.len);
		if (scalar.type == jbvNumeric)
			return DatumGetCString(
				DirectFunctionCall1(numeric_out,
									NumericGetDatum(scalar.val.numeric)));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be a string or a number", name)));
}

/* Says whose value can't be read. */
static void
value_error_context(void *arg)
{
	const EtlCursor *cursor = arg;

	errcontext("cursor of column \"%s\" for \"%s\"", cursor->options.column,
			   cursor->source);
}

/*
 * The start: a value of the column's type, if a format is given; else, or if it
 * is a number, what the server understands.
 */
static char *
start_to_send(const EtlCursor *cursor, EtlCursorFormat format)
{
	const IncrementalOptions *options = &cursor->options;
	char *start = scalar_text(options->start, "start");
	JsonbValue value;

	if (start == NULL || options->format == ETL_OPTION_UNSET)
		return start;
	(void) JsonbExtractScalar(&options->start->root, &value);
	if (value.type == jbvNumeric)
		return start;
	return etl_cursor_value_format(
		&cursor->type, etl_cursor_value_parse(&cursor->type, start), format);
}

/* What the request shall ask for; NULL: everything. */
static char *
value_to_send(EtlCursor *cursor)
{
	const IncrementalOptions *options = &cursor->options;
	ErrorContextCallback callback = {error_context_stack, value_error_context,
									 cursor};
	char *lag = scalar_text(options->lag, "lag");
	EtlCursorFormat format = options->format == ETL_OPTION_UNSET
								 ? ETL_CURSOR_ISO
								 : (EtlCursorFormat) options->format;

	if (cursor->stored == NULL)
		return start_to_send(cursor, format);
	error_context_stack = &callback;
	cursor->largest = etl_cursor_value_parse(&cursor->type, cursor->stored);
	cursor->has_largest = true;
	error_context_stack = callback.previous;
	if (lag == NULL)
		return etl_cursor_value_format(&cursor->type, cursor->largest, format);
	return etl_cursor_value_format(
		&cursor->type,
		etl_cursor_value_before(&cursor->type, cursor->largest, lag), format);
}

void
etl_cursor_open(EtlCursor *cursor, EtlLoad *load, EtlCall *call)
{
	const char *url = load->request->url;
	const char *name = cursor->options.name ? cursor->options.name : "";

	cursor->load = load;
	find_column(cursor);
	cursor->source =
		etl_http_site_visible_url(etl_http_site_open(call->options->server),
								  url);
	cursor->key = etl_load_key(3, url, cursor->options.column, name);
	lock_row(cursor);
	cursor->sent = value_to_send(cursor);
	if (cursor->sent)
		set_param(cursor, call, cursor->sent);
}

static void
find_column(EtlCursor *cursor)
{
	TupleDesc desc = etl_load_source_desc(cursor->load);
	Form_pg_attribute attribute = NULL;
	TypeCacheEntry *type;
	const IncrementalOptions *options = &cursor->options;

	for (int i = 0; i < desc->natts && attribute == NULL; i++)
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname),
				   options->column) == 0)
		{
			cursor->column = i;
			attribute = TupleDescAttr(desc, i);
		}
	if (attribute == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the target has no column \"%s\" that could be loaded",
						options->column),
				 errdetail("Option \"incremental\" names it.")));
	type = lookup_type_cache(attribute->atttypid, TYPECACHE_CMP_PROC_FINFO);
	if (!OidIsValid(type->cmp_proc))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("values of type %s have no order",
							   format_type_be(attribute->atttypid)),
						errdetail("Option \"incremental\" needs one of column "
								  "\"%s\".",
								  options->column)));
	cursor->compare = &type->cmp_proc_finfo;
	cursor->collation = attribute->attcollation;
	etl_cursor_type_init(&cursor->type, attribute->atttypid,
						 attribute->atttypmod);
	etl_cursor_type_check(&cursor->type, scalar_text(options->lag, "lag"),
						  options->format != ETL_OPTION_UNSET);
}

/* Makes the row if it isn't there, and locks it. */
static void
lock_row(EtlCursor *cursor)
{
	static const char *const insert =
		"INSERT INTO etl.cursor (target, key, source, column_name, name,"
		" updated_at, owner, owner_oid) VALUES ($1, $2, $3, $4, $5, $6,"
		" pg_catalog.pg_get_userbyid($7), $7)"
		" ON CONFLICT (target, key) DO NOTHING";
	static const char *const find =
		"SELECT value FROM etl.cursor WHERE target = $1 AND key = $2"
		" FOR UPDATE";
	const EtlLoad *load = cursor->load;
	const char *name = cursor->options.name ? cursor->options.name : "";
	Oid types[] = {REGCLASSOID, BYTEAOID,       TEXTOID, TEXTOID,
				   TEXTOID,     TIMESTAMPTZOID, OIDOID};
	Datum values[] = {ObjectIdGetDatum(load->request->target),
					  cursor->key,
					  CStringGetTextDatum(cursor->source),
					  CStringGetTextDatum(cursor->options.column),
					  CStringGetTextDatum(name),
					  TimestampTzGetDatum(load->started_at),
					  ObjectIdGetDatum(GetUserId())};
	bool found = false;

	/* it may be removed in between */
	while (!found)
	{
		MemoryContext context = CurrentMemoryContext;
		EtlOwnerScope scope;

		CHECK_FOR_INTERRUPTS();
		etl_owner_begin(&scope);
		etl_owner_execute(insert, 7, types, values, NULL, SPI_OK_INSERT);
		etl_owner_execute(find, 2, types, values, NULL, SPI_OK_SELECT);
		if (SPI_processed > 0)
		{
			char *value =
				SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

			found = true;
			if (value)
				cursor->stored = MemoryContextStrdup(context, value);
		}
		etl_owner_end(&scope);
	}
}

/* Adds the parameter to those of the call. */
static void
set_param(const EtlCursor *cursor, EtlCall *call, const char *value)
{
	const char *param = cursor->options.param;
	Jsonb **params = &call->options->transport.params;
	JsonbValue found;
	StringInfoData object;
	Datum added;

	initStringInfo(&object);
	appendStringInfoChar(&object, '{');
	escape_json(&object, param);
	appendStringInfoString(&object, ": ");
	escape_json(&object, value);
	appendStringInfoChar(&object, '}');
	added = DirectFunctionCall1(jsonb_in, CStringGetDatum(object.data));
	if (*params == NULL)
	{
		*params = DatumGetJsonbP(added);
		return;
	}
	if (getKeyJsonValueFromContainer(&(*params)->root, param,
									 (int) strlen(param), &found))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("parameter \"%s\" is given twice", param),
						errdetail("It is a member of \"params\", and option "
								  "\"incremental\" sets it.")));
	*params = DatumGetJsonbP(
		DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(*params), added));
}

void
etl_cursor_see(EtlCursor *cursor, const Datum *values, const bool *isnull)
{
	Datum value = values[cursor->column];
	MemoryContext old;

	if (isnull[cursor->column] ||
		!etl_cursor_value_is_finite(&cursor->type, value))
		return;
	cursor->seen = true;
	if (cursor->has_largest &&
		DatumGetInt32(FunctionCall2Coll(cursor->compare, cursor->collation,
										value, cursor->largest)) <= 0)
		return;
	old = MemoryContextSwitchTo(cursor->context);
	if (cursor->has_largest && !cursor->type.by_value)
		pfree(DatumGetPointer(cursor->largest));
	cursor->largest =
		datumCopy(value, cursor->type.by_value, cursor->type.length);
	cursor->has_largest = true;
	cursor->moved = true;
	MemoryContextSwitchTo(old);
}

void
etl_cursor_close(EtlCursor *cursor)
{
	const EtlLoad *load = cursor->load;
	EtlOwnerScope scope;

	if (!cursor->seen && load->counts.read > load->counts.rejected)
		ereport(WARNING,
				(errmsg("no row has a value of column \"%s\"",
						cursor->options.column),
				 errdetail("The cursor of the incremental load stays where it "
						   "is.")));
	cursor->reached = cursor->stored;
	if (!cursor->moved)
		return;
	cursor->reached = etl_cursor_value_text(&cursor->type, cursor->largest);

	etl_owner_begin(&scope);
	etl_owner_execute(
		"UPDATE etl.cursor SET value = $3, load_id = $4, updated_at = $5"
		" WHERE target = $1 AND key = $2",
		5, (Oid[]){REGCLASSOID, BYTEAOID, TEXTOID, INT8OID, TIMESTAMPTZOID},
		(Datum[]){ObjectIdGetDatum(load->request->target), cursor->key,
				  CStringGetTextDatum(cursor->reached),
				  Int64GetDatum(load->id),
				  TimestampTzGetDatum(load->started_at)},
		NULL, SPI_OK_UPDATE);
	etl_owner_end(&scope);
}

static void
append_text(StringInfo out, const char *text)
{
	if (text)
		escape_json(out, text);
	else
		appendStringInfoString(out, "null");
}

void
etl_cursor_append_details(const EtlCursor *cursor, StringInfo out)
{
	appendStringInfoString(out, ", \"incremental\": {\"column\": ");
	escape_json(out, cursor->options.column);
	appendStringInfoString(out, ", \"sent\": ");
	append_text(out, cursor->sent);
	appendStringInfoString(out, ", \"before\": ");
	append_text(out, cursor->stored);
	appendStringInfoString(out, ", \"after\": ");
	append_text(out, cursor->reached);
	appendStringInfoChar(out, '}');
}
