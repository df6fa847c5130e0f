/*
 * row_checks.c
 *	  The user's own checks of single rows.
 *
 * Each check becomes one or several conditions.  What is an expression is
 * evaluated under a guard, so an error that it raises is the row's.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "load/row_checks.h"

/* Values in messages are cut. */
#define MAX_VALUE_CHARS 80

/* One of the things that a row has to satisfy. */
typedef struct Condition
{
	EtlCheck *check;
	int column;       /* 0-based, or -1 */
	ExprState *state; /* NULL: the column is not null */
} Condition;

struct EtlRowChecks
{
	const EtlTarget *target;
	EState *estate;
	Condition *conditions;
	int nconditions;
	EtlCheck *slice; /* that the row is in the slice, or NULL */
	EtlGuard guard;
	bool has_expressions;
	Bitmapset *columns;
	int nchecks;
};

typedef struct Evaluation
{
	EtlRowChecks *checks;
	TupleTableSlot *slot;
	int next;            /* condition */
	Bitmapset *answered; /* checks that have warned already */
} Evaluation;

static void add_check(EtlRowChecks *checks, EtlCheck *check);
static void add_condition(EtlRowChecks *checks, EtlCheck *check, int column,
						  Node *expression);
static Node *parse_condition(const EtlTarget *target, const char *text);
static void add_accepted(EtlRowChecks *checks, EtlCheck *check);
static void use_columns(EtlRowChecks *checks, Node *expression);
static bool evaluate(void *arg, EtlRefusal *refusal);
static void tell(const EtlRowChecks *checks, const Condition *condition,
				 TupleTableSlot *slot, EtlRefusal *refusal);

EtlRowChecks *
etl_row_checks_new(const EtlTarget *target, List *list, const char *slice,
				   EState *estate)
{
	EtlRowChecks *checks = palloc0(sizeof(EtlRowChecks));
	ListCell *lc;

	checks->target = target;
	checks->estate = estate;
	checks->nchecks = list_length(list);
	if (slice)
	{
		EtlCheck *check = palloc0(sizeof(EtlCheck));

		check->kind = ETL_CHECK_CONDITION;
		check->on_fail = ETL_ON_FAIL_REJECT;
		check->index = checks->nchecks;
		check->name = pstrdup("slice");
		check->text = pstrdup(slice);
		checks->slice = check;
		add_check(checks, check);
	}
	foreach (lc, list)
		if (etl_check_is_of_rows(lfirst(lc)))
			add_check(checks, lfirst(lc));
	return checks->nconditions > 0 ? checks : NULL;
}

const Bitmapset *
etl_row_checks_columns(const EtlRowChecks *checks)
{
	return checks->columns;
}

static void
add_check(EtlRowChecks *checks, EtlCheck *check)
{
	EtlCheckScope scope;

	etl_check_begin(&scope, check->name, check->text);
	if (check->kind == ETL_CHECK_CONDITION)
		add_condition(checks, check, -1,
					  parse_condition(checks->target, check->text));
	else if (check->kind == ETL_CHECK_ACCEPTED_VALUES)
		add_accepted(checks, check);
	else
		for (int i = 0; i < check->columns->n; i++)
			add_condition(checks, check,
						  etl_check_column(checks->target,
										   check->columns->items[i]),
						  NULL);
	etl_check_end(&scope);
}

static Var *
make_var(const EtlTarget *target, int column)
{
	Form_pg_attribute attribute = TupleDescAttr(target->desc, column);

	return makeVar(1, column + 1, attribute->atttypid, attribute->atttypmod,
				   attribute->attcollation, 0);
}

/* Adds a condition; without an expression, that the column is not null. */
static void
add_condition(EtlRowChecks *checks, EtlCheck *check, int column,
			  Node *expression)
{
	const EtlTarget *target = checks->target;
	Condition *condition;
	EtlGuard guard;

	if (column >= 0)
		checks->columns = bms_add_member(checks->columns, column);
	if (expression == NULL &&
		etl_compat_is_virtual(TupleDescAttr(target->desc, column)))
	{
		NullTest *test = makeNode(NullTest);

		test->arg = (Expr *) make_var(target, column);
		test->nulltesttype = IS_NOT_NULL;
		test->location = -1;
		expression = (Node *) test;
	}
	if (checks->nconditions == 0)
		checks->conditions = palloc(sizeof(Condition));
	else
		checks->conditions =
			repalloc(checks->conditions,
					 sizeof(Condition) * (checks->nconditions + 1));
	condition = &checks->conditions[checks->nconditions++];
	condition->check = check;
	condition->column = column;
	condition->state = NULL;
	if (expression == NULL)
	{
		etl_check_privileges(target, checks->columns);
		return;
	}
	use_columns(checks, expression);
	etl_check_privileges(target, checks->columns);
	expression = etl_compat_expand_virtual(expression, target->rel);
	guard = etl_guard_for_expression(expression);
	checks->guard.level = Max(checks->guard.level, guard.level);
	checks->has_expressions = true;
	condition->state = ExecPrepareExpr((Expr *) expression, checks->estate);
}

/* The columns that the expression looks at. */
static void
use_columns(EtlRowChecks *checks, Node *expression)
{
	TupleDesc desc = checks->target->desc;
	Bitmapset *attributes = NULL;
	int member = -1;

	pull_varattnos(expression, 1, &attributes);
	while ((member = bms_next_member(attributes, member)) >= 0)
	{
		int attno = member + FirstLowInvalidHeapAttributeNumber;

		if (attno < 0)
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("a check cannot use system columns")));
		if (attno > 0)
			checks->columns = bms_add_member(checks->columns, attno - 1);
		for (int i = 0; attno == 0 && i < desc->natts; i++)
			if (!TupleDescAttr(desc, i)->attisdropped)
				checks->columns = bms_add_member(checks->columns, i);
	}
}

/* The only expression of what the parser takes for a SELECT without SELECT. */
static Node *
only_expression(const char *text)
{
	List *parsed = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	const SelectStmt *select =
		(const SelectStmt *) linitial_node(RawStmt, parsed)->stmt;
	const ResTarget *target =
		select->targetList ? linitial_node(ResTarget, select->targetList)
						   : NULL;

	if (list_length(select->targetList) != 1 || target->name ||
		select->distinctClause || select->fromClause || select->whereClause ||
		select->groupClause || select->havingClause || select->windowClause ||
		select->sortClause || select->limitCount || select->limitOffset ||
		select->lockingClause)
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
						errmsg("the condition must be one expression"),
						errdetail("It is: %s", text)));
	return target->val;
}

/* A condition, as one of a CHECK constraint. */
static Node *
parse_condition(const EtlTarget *target, const char *text)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *item;
	Node *expression = only_expression(text);

	pstate->p_sourcetext = text;
	item = addRangeTableEntryForRelation(pstate, target->rel, RowExclusiveLock,
										 NULL, false, true);
	addNSItemToQuery(pstate, item, false, true, true);
	expression = transformExpr(pstate, expression, EXPR_KIND_CHECK_CONSTRAINT);
	expression = coerce_to_boolean(pstate, expression, "CHECK");
	assign_expr_collations(pstate, expression);
	free_parsestate(pstate);
	return expression;
}

/* A value of the type from its JSON form. */
static Datum
accepted_value(const JsonbValue *value, Oid type, int32 typmod)
{
	Oid input;
	Oid typioparam;
	char *text;

	switch (value->type)
	{
		case jbvString:
			text = pnstrdup(value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			text = DatumGetCString(
				DirectFunctionCall1(numeric_out,
									NumericGetDatum(value->val.numeric)));
			break;
		case jbvBool:
			text = pstrdup(value->val.boolean ? "true" : "false");
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("accepted values must be strings, numbers or "
							"booleans"),
					 value->type == jbvNull
						 ? errhint("Null is accepted anyway; \"not_null\" "
								   "forbids it.")
						 : 0));
	}
	getTypeInputInfo(type, &input, &typioparam);
	return OidInputFunctionCall(input, text, typioparam, typmod);
}

/* column = ANY (values), by the equality of the column's type. */
static Node *
accepted_expression(const EtlTarget *target, int column,
					const JsonbContainer *values)
{
	Form_pg_attribute attribute = TupleDescAttr(target->desc, column);
	int32 typmod = attribute->atttypmod;
	Oid type = getBaseTypeAndTypmod(attribute->atttypid, &typmod);
	Oid operator= lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	Oid array_type = get_array_type(type);
	int n = (int) JsonContainerSize(values);
	Datum *datums = palloc(sizeof(Datum) * n);
	Expr *var = (Expr *) make_var(target, column);
	ScalarArrayOpExpr *result = makeNode(ScalarArrayOpExpr);
	int16 len;
	bool by_value;
	char align;
	ArrayType *array;

	if (!OidIsValid(operator) || !OidIsValid(array_type))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("values of column \"%s\" cannot be compared "
							   "with a list",
							   NameStr(attribute->attname)),
						errdetail("Its type is %s.", format_type_be(type))));
	for (int i = 0; i < n; i++)
		datums[i] = accepted_value(
			getIthJsonbValueFromContainer((JsonbContainer *) values, i), type,
			typmod);
	get_typlenbyvalalign(type, &len, &by_value, &align);
	array = construct_array(datums, n, type, len, by_value, align);
	if (type != attribute->atttypid)
		var = (Expr *) makeRelabelType(var, type, typmod,
									   attribute->attcollation,
									   COERCE_IMPLICIT_CAST);
	result->opno = operator;
	result->opfuncid = get_opcode(operator);
	result->useOr = true;
	result->inputcollid = attribute->attcollation;
	result->args =
		list_make2(var, makeConst(array_type, -1, attribute->attcollation, -1,
								  PointerGetDatum(array), false, false));
	result->location = -1;
	return (Node *) result;
}

static void
add_accepted(EtlRowChecks *checks, EtlCheck *check)
{
	JsonbIterator *iterator = JsonbIteratorInit(&check->accepted->root);
	JsonbIteratorToken token;
	JsonbValue value;
	int column = -1;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			column = etl_check_column(checks->target,
									  pnstrdup(value.val.string.val,
											   value.val.string.len));
		else if (token == WJB_VALUE)
			add_condition(checks, check, column,
						  accepted_expression(checks->target, column,
											  value.val.binary.data));
	}
}

/* Whether the row satisfies the condition. */
static bool
holds(const EtlRowChecks *checks, const Condition *condition,
	  TupleTableSlot *slot)
{
	ExprContext *econtext;
	bool isnull;
	Datum result;

	if (condition->state == NULL)
		return !slot_attisnull(slot, condition->column + 1);
	econtext = GetPerTupleExprContext(checks->estate);
	econtext->ecxt_scantuple = slot;
	result = ExecEvalExprSwitchContext(condition->state, econtext, &isnull);
	if (isnull)
		return condition->check != checks->slice;
	return DatumGetBool(result);
}

/* Goes on to the next condition that doesn't hold; true if there is none. */
static bool
evaluate(void *arg, EtlRefusal *refusal)
{
	Evaluation *e = arg;

	for (; e->next < e->checks->nconditions; e->next++)
	{
		const Condition *condition = &e->checks->conditions[e->next];

		if (likely(holds(e->checks, condition, e->slot)) ||
			bms_is_member(condition->check->index, e->answered))
			continue;
		tell(e->checks, condition, e->slot, refusal);
		return false;
	}
	return true;
}

/* Fills the refusal of a row for which the condition doesn't hold. */
static void
tell(const EtlRowChecks *checks, const Condition *condition,
	 TupleTableSlot *slot, EtlRefusal *refusal)
{
	const EtlCheck *check = condition->check;
	const char *name =
		condition->column >= 0
			? NameStr(TupleDescAttr(checks->target->desc, condition->column)
						  ->attname)
			: NULL;

	if (check == checks->slice)
	{
		etl_refusal_set(refusal, ETL_ERRCODE_CHECK_FAILED,
						pstrdup("row is outside of the slice"));
		refusal->detail = psprintf("The slice is: %s", check->text);
		return;
	}
	etl_refusal_set(refusal, ETL_ERRCODE_CHECK_FAILED,
					psprintf("row fails check \"%s\"", check->name));
	if (check->kind == ETL_CHECK_CONDITION)
		refusal->detail = psprintf("It is not true that: %s", check->text);
	else if (check->kind == ETL_CHECK_NOT_NULL)
		refusal->detail = psprintf("Column \"%s\" is null.", name);
	else
	{
		bool isnull;
		Datum value = slot_getattr(slot, condition->column + 1, &isnull);
		Oid output;
		bool is_varlena;
		char *text;

		getTypeOutputInfo(
			TupleDescAttr(checks->target->desc, condition->column)->atttypid,
			&output, &is_varlena);
		/* one that isn't stored has a value only in the condition */
		text = isnull ? NULL : OidOutputFunctionCall(output, value);
		refusal->detail =
			text ? psprintf("Value \"%s\" of column \"%s\" is not among the "
							"accepted ones.",
							etl_reject_excerpt(text, strlen(text),
											   MAX_VALUE_CHARS),
							name)
				 : psprintf("The value of column \"%s\" is not among the "
							"accepted ones.",
							name);
	}
}

/* Notes that a check that only warns has failed. */
static EtlWarned *
add_warned(EtlWarned *warned, EtlCheck *check, const EtlRefusal *refusal,
		   const char *column)
{
	EtlWarned *result = palloc(sizeof(EtlWarned));

	result->next = warned;
	result->check = check;
	/* what the check is called is told anyway */
	result->message = refusal->sqlerrcode == ETL_ERRCODE_CHECK_FAILED
						  ? refusal->detail
						  : refusal->message;
	result->column = column;
	return result;
}

void
etl_row_checks_judge(EtlRowChecks *checks, TupleTableSlot *slot,
					 EtlVerdict *verdict)
{
	Evaluation e = {checks, slot, 0, NULL};

	verdict->failed = NULL;
	verdict->warned = NULL;
	for (;;)
	{
		const Condition *condition;
		bool ok = checks->has_expressions
					  ? etl_guard_call(&checks->guard, evaluate, &e,
									   &verdict->refusal)
					  : evaluate(&e, &verdict->refusal);

		if (likely(ok))
			return;
		condition = &checks->conditions[e.next];
		verdict->column = condition->column >= 0
							  ? NameStr(TupleDescAttr(checks->target->desc,
													  condition->column)
											->attname)
							  : NULL;
		if (condition->check->on_fail != ETL_ON_FAIL_WARN)
		{
			verdict->failed = condition->check;
			verdict->refusal.stage = ETL_STAGE_CHECK;
			verdict->refusal.constraint_name = condition->check->name;
			return;
		}
		verdict->warned = add_warned(verdict->warned, condition->check,
									 &verdict->refusal, verdict->column);
		e.answered = bms_add_member(e.answered, condition->check->index);
		e.next++;
	}
}

EtlWarned *
etl_warned_copy(const EtlWarned *warned)
{
	EtlWarned *result = NULL;

	for (; warned; warned = warned->next)
	{
		EtlWarned *copy = palloc(sizeof(EtlWarned));

		*copy = *warned;
		copy->message = pstrdup(warned->message);
		copy->next = result;
		result = copy;
	}
	return result;
}

void
etl_row_checks_judge_stored(EtlRowChecks *checks, TupleTableSlot *slot,
							EtlLoadRow *row, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	EtlVerdict verdict;

	etl_row_checks_judge(checks, slot, &verdict);
	row->warned = verdict.warned;
	row->failed_check = verdict.failed;
	if (verdict.failed)
	{
		row->refusal = palloc(sizeof(EtlRefusal));
		*row->refusal = verdict.refusal;
		row->refused_column = verdict.column;
	}
	MemoryContextSwitchTo(old);
}

void
etl_row_checks_note(const EtlWarned *warned, const EtlPlace *place)
{
	for (; warned; warned = warned->next)
	{
		EtlReject reject = {0};

		if (warned->check->failures > 0)
		{
			warned->check->failures++;
			continue;
		}
		reject.message = warned->message;
		reject.column_name = warned->column;
		reject.source = place->source;
		reject.line = place->line;
		reject.record_no = place->record_no;
		etl_check_note(warned->check,
					   psprintf("%s, %s",
								etl_reject_excerpt(place->source,
												   strlen(place->source),
												   MAXPGPATH),
								etl_reject_describe(&reject)));
	}
}
