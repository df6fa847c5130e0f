/*
 * checks.c
 *	  The user's checks of a load: what was given, and what came of it.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "utils/acl.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "load/checks.h"
#include "reject/reject.h"

/* Longer lists of names in messages are cut. */
#define MAX_LISTED_NAMES 30

static const char *const on_fail_names[] = {"reject", "abort", "warn", NULL};

/* The members of a check. */
typedef struct CheckOptions
{
	char *name;
	int on_fail;
	char *check;
	char *query;
	EtlTextList *not_null;
	EtlTextList *unique;
	Jsonb *accepted_values;
	EtlTextList *required_columns;
} CheckOptions;

#define CHECK_OPTION(member) \
	.name = #member, .offset = offsetof(CheckOptions, member)

/* Those that say what is checked come first, in the order of EtlCheckKind. */
static const EtlOptionDef check_defs[] = {
	{CHECK_OPTION(check), .type = ETL_OPTION_TEXT},
	{CHECK_OPTION(query), .type = ETL_OPTION_TEXT},
	{CHECK_OPTION(not_null), .type = ETL_OPTION_TEXT_LIST},
	{CHECK_OPTION(unique), .type = ETL_OPTION_TEXT_LIST},
	{CHECK_OPTION(accepted_values), .type = ETL_OPTION_JSONB},
	{CHECK_OPTION(required_columns), .type = ETL_OPTION_TEXT_LIST},
	{CHECK_OPTION(name), .type = ETL_OPTION_TEXT},
	{CHECK_OPTION(on_fail), .type = ETL_OPTION_ENUM, .values = on_fail_names},
};

#define NKINDS (ETL_CHECK_REQUIRED_COLUMNS + 1)

static const EtlOptionTable check_table = {check_defs, lengthof(check_defs)};

static EtlCheck *parse_check(Jsonb *object, const EtlTarget *target);
static EtlCheckKind find_kind(const EtlOptionTarget *given);
static void check_columns(const EtlCheck *check, const EtlTarget *target);
static void check_accepted(const EtlCheck *check, const EtlTarget *target);
static void name_checks(List *checks);

/* The element of the array that is being parsed, for errors. */
static void
element_context(void *arg)
{
	errcontext("element %d of \"checks\"", *(int *) arg);
}

List *
etl_checks_parse(Jsonb *checks, const EtlTarget *target)
{
	ErrorContextCallback callback;
	List *result = NIL;
	int n = 0;

	if (checks == NULL)
		return NIL;
	if (!JB_ROOT_IS_ARRAY(checks) || JB_ROOT_IS_SCALAR(checks))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"checks\" must be a JSON array"),
						errhint("Such as '[{\"check\": \"amount > 0\"}]'.")));
	callback.callback = element_context;
	callback.arg = &n;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	while (n < (int) JB_ROOT_COUNT(checks))
	{
		JsonbValue *element =
			getIthJsonbValueFromContainer(&checks->root, n++);
		EtlCheck *check;

		if (element->type != jbvBinary ||
			!JsonContainerIsObject(element->val.binary.data))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("a check must be a JSON object")));
		check = parse_check(JsonbValueToJsonb(element), target);
		check->index = n - 1;
		result = lappend(result, check);
	}
	error_context_stack = callback.previous;
	name_checks(result);
	return result;
}

static EtlCheck *
parse_check(Jsonb *object, const EtlTarget *target)
{
	EtlCheck *check = palloc0(sizeof(EtlCheck));
	CheckOptions options = {0};
	EtlOptionTarget given;

	etl_option_init(&given, &check_table, &options);
	etl_option_set_object(&given, object);
	check->kind = find_kind(&given);
	check->name = options.name;
	check->text = options.check ? options.check : options.query;
	check->accepted = options.accepted_values;
	check->columns = options.not_null ? options.not_null
					 : options.unique ? options.unique
									  : options.required_columns;
	if (options.on_fail != ETL_OPTION_UNSET)
		check->on_fail = (EtlOnFail) options.on_fail;
	else
		check->on_fail = etl_check_is_of_rows(check) ? ETL_ON_FAIL_REJECT
													 : ETL_ON_FAIL_ABORT;

	if (check->on_fail == ETL_ON_FAIL_REJECT && !etl_check_is_of_rows(check))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a check of kind \"%s\" cannot reject single rows",
						check_defs[check->kind].name),
				 check->kind == ETL_CHECK_UNIQUE
					 ? errhint("Give the target a unique index: rows whose "
							   "key is there already are rejected then.")
					 : errhint("Valid values for \"on_fail\" are \"abort\" "
							   "and \"warn\".")));
	if (check->name && check->name[0] == '\0')
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the name of a check must not be empty")));
	check_columns(check, target);
	if (check->accepted)
		check_accepted(check, target);
	return check;
}

/* Which of the members that say what is checked was given; one must be. */
static EtlCheckKind
find_kind(const EtlOptionTarget *given)
{
	int found = -1;
	int n = 0;

	for (int i = 0; i < NKINDS; i++)
		if (etl_option_given(given, check_defs[i].name))
		{
			found = i;
			n++;
		}
	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 n == 0 ? errmsg("a check must say what it checks")
						: errmsg("a check must check one thing only"),
				 errhint("Give one of \"check\", \"query\", \"not_null\", "
						 "\"unique\", \"accepted_values\", "
						 "\"required_columns\".")));
	return (EtlCheckKind) found;
}

/* Columns must be named; those of the target must exist. */
static void
check_columns(const EtlCheck *check, const EtlTarget *target)
{
	const char *kind = check_defs[check->kind].name;

	if (check->columns && check->columns->n == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" names no column", kind)));
	for (int i = 0; check->columns && i < check->columns->n; i++)
	{
		if (check->columns->items[i] == NULL)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("\"%s\" must not hold nulls", kind)));
		if (check->kind != ETL_CHECK_REQUIRED_COLUMNS)
			(void) etl_check_column(target, check->columns->items[i]);
	}
}

/* {"column": [value, ...], ...} */
static void
check_accepted(const EtlCheck *check, const EtlTarget *target)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;

	if (!JB_ROOT_IS_OBJECT(check->accepted) ||
		JB_ROOT_COUNT(check->accepted) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"accepted_values\" must be an object"),
						errhint("Such as {\"status\": [\"new\", "
								"\"paid\"]}.")));
	iterator = JsonbIteratorInit(&check->accepted->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			(void) etl_check_column(target, pnstrdup(value.val.string.val,
													 value.val.string.len));
		else if (token == WJB_VALUE &&
				 (value.type != jbvBinary ||
				  !JsonContainerIsArray(value.val.binary.data) ||
				  JsonContainerSize(value.val.binary.data) == 0))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("\"accepted_values\" must give an array of "
								   "values for each column")));
	}
}

static EtlCheck *
find_name(List *checks, const char *name)
{
	ListCell *lc;

	foreach (lc, checks)
	{
		EtlCheck *check = lfirst(lc);

		if (check->name && strcmp(check->name, name) == 0)
			return check;
	}
	return NULL;
}

/* Names must differ; checks without one are named by what they are. */
static void
name_checks(List *checks)
{
	ListCell *lc;

	foreach (lc, checks)
	{
		EtlCheck *check = lfirst(lc);

		if (check->name && find_name(checks, check->name) != check)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("two checks have the name \"%s\"", check->name)));
	}
	foreach (lc, checks)
	{
		EtlCheck *check = lfirst(lc);
		char *name = pstrdup(check_defs[check->kind].name);

		if (check->name)
			continue;
		for (int i = 2; find_name(checks, name); i++)
			name = psprintf("%s_%d", check_defs[check->kind].name, i);
		check->name = name;
	}
}

bool
etl_check_is_of_rows(const EtlCheck *check)
{
	return check->kind == ETL_CHECK_CONDITION ||
		   check->kind == ETL_CHECK_NOT_NULL ||
		   check->kind == ETL_CHECK_ACCEPTED_VALUES;
}

int
etl_check_column(const EtlTarget *target, const char *name)
{
	StringInfoData list;
	int n = 0;

	initStringInfo(&list);
	for (int i = 0; i < target->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(target->desc, i);

		if (attribute->attisdropped)
			continue;
		if (strcmp(NameStr(attribute->attname), name) == 0)
			return i;
		if (n++ < MAX_LISTED_NAMES)
			appendStringInfo(&list, "%s\"%s\"", n > 1 ? ", " : "",
							 NameStr(attribute->attname));
	}
	if (n > MAX_LISTED_NAMES)
		appendStringInfo(&list, " and %d more", n - MAX_LISTED_NAMES);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of %s does not exist", name, target->name),
			 errdetail("It has the columns %s.", list.data)));
}

Bitmapset *
etl_check_selectable(const EtlTarget *target)
{
	Oid relid = RelationGetRelid(target->rel);
	bool all =
		pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
	Bitmapset *columns = NULL;

	for (int i = 0; i < target->desc->natts; i++)
		if (!TupleDescAttr(target->desc, i)->attisdropped &&
			(all || pg_attribute_aclcheck(relid, i + 1, GetUserId(),
										  ACL_SELECT) == ACLCHECK_OK))
			columns = bms_add_member(columns, i);
	return columns;
}

void
etl_check_privileges(const EtlTarget *target, const Bitmapset *columns)
{
	Bitmapset *lacking = bms_difference(columns, etl_check_selectable(target));
	int i = bms_next_member(lacking, -1);

	if (i >= 0)
		aclcheck_error_col(ACLCHECK_NO_PRIV,
						   get_relkind_objtype(target->rel->rd_rel->relkind),
						   RelationGetRelationName(target->rel),
						   NameStr(TupleDescAttr(target->desc, i)->attname));
}

/* An error's position is one in the check's text, not in the query. */
static void
scope_context(void *arg)
{
	const EtlCheckScope *scope = arg;
	int position = geterrposition();

	if (scope->text && position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(scope->text);
	}
	errcontext("check \"%s\"", scope->name);
}

void
etl_check_begin(EtlCheckScope *scope, const char *name, const char *text)
{
	scope->name = name;
	scope->text = text;
	scope->callback.callback = scope_context;
	scope->callback.arg = scope;
	scope->callback.previous = error_context_stack;
	error_context_stack = &scope->callback;
}

void
etl_check_end(EtlCheckScope *scope)
{
	error_context_stack = scope->callback.previous;
}

void
etl_check_note(EtlCheck *check, const char *description)
{
	if (check->failures++ == 0)
		check->first =
			MemoryContextStrdup(GetMemoryChunkContext(check), description);
}

void
etl_check_fail(EtlCheck *check, const char *detail)
{
	if (check->on_fail == ETL_ON_FAIL_ABORT)
		ereport(ERROR, (errcode(ETL_ERRCODE_CHECK_FAILED),
						errmsg("check \"%s\" failed", check->name),
						errdetail_internal("%s", detail)));
	etl_check_note(check, detail);
}

void
etl_checks_warn(List *checks)
{
	ListCell *lc;

	foreach (lc, checks)
	{
		const EtlCheck *check = lfirst(lc);

		if (check->on_fail != ETL_ON_FAIL_WARN || check->failures == 0)
			continue;
		if (etl_check_is_of_rows(check))
			ereport(WARNING,
					(errcode(ETL_ERRCODE_CHECK_FAILED),
					 errmsg_plural("%lld row fails check \"%s\"",
								   "%lld rows fail check \"%s\"",
								   (unsigned long) check->failures,
								   (long long) check->failures, check->name),
					 errdetail("The first: %s", check->first)));
		else
			ereport(WARNING, (errcode(ETL_ERRCODE_CHECK_FAILED),
							  errmsg("check \"%s\" failed", check->name),
							  errdetail_internal("%s", check->first)));
	}
}

void
etl_checks_append_results(List *checks, StringInfo out)
{
	ListCell *lc;

	appendStringInfoChar(out, '{');
	foreach (lc, checks)
	{
		const EtlCheck *check = lfirst(lc);

		if (foreach_current_index(lc) > 0)
			appendStringInfoString(out, ", ");
		escape_json(out, check->name);
		appendStringInfo(out, ": {\"on_fail\": \"%s\", ",
						 on_fail_names[check->on_fail]);
		if (etl_check_is_of_rows(check))
			appendStringInfo(out, "\"failed\": %lld}",
							 (long long) check->failures);
		else
			appendStringInfo(out, "\"passed\": %s}",
							 check->failures == 0 ? "true" : "false");
	}
	appendStringInfoChar(out, '}');
}
