/*
 * input.c
 *	  From what a load is given to rows of its target.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "load/input.h"

/* What stands for the target's column where there is none. */
#define IGNORED (-1)
#define UNUSED (-2)

/* One of the input's columns. */
typedef struct InputColumn
{
	int index;       /* 0-based, of the target's; or one of these */
	ExprState *cast; /* NULL: none is needed */
	EtlGuard guard;  /* for the cast */
	bool missing;    /* in the row that comes next */
} InputColumn;

/* One of the target's columns that has a default. */
typedef struct Default
{
	int index; /* 0-based */
	ExprState *value;
	bool is_check; /* it only checks whether a domain takes null */
	EtlGuard guard;
	bool always; /* the input never has it */
	int column;  /* of the input, or -1 */
} Default;

struct EtlInput
{
	EtlTarget *target;
	EState *estate;
	ExprContext *econtext; /* for the input's rows */
	TupleDesc desc;
	InputColumn *columns;
	bool is_plain; /* no casts: values go over as they are */
	bool any_missing;
	Default *defaults;
	int ndefaults;
	Bitmapset *with_defaults;
	Bitmapset *lacking; /* target's columns that the input never has */
	Bitmapset *absent;
	List *absent_sets; /* all that there were */
	MemoryContext context;
};

typedef struct Evaluation
{
	ExprState *state;
	ExprContext *econtext;
	Datum *value;
	bool *isnull;
} Evaluation;

static int find_target(const EtlTarget *target, const char *name);
static void add_cast(EtlInput *input, int i);
static void find_defaults(EtlInput *input);

EtlInput *
etl_input_new(EtlTarget *target, TupleDesc desc, const Bitmapset *unused,
			  EState *estate)
{
	EtlInput *input = palloc0(sizeof(EtlInput));
	int matched = 0;

	input->context = CurrentMemoryContext;
	input->target = target;
	input->estate = estate;
	input->econtext = CreateExprContext(estate);
	input->desc = desc;
	input->columns = palloc0(sizeof(InputColumn) * Max(desc->natts, 1));
	input->is_plain = true;
	for (int i = 0; i < desc->natts; i++)
	{
		InputColumn *column = &input->columns[i];
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		column->index = bms_is_member(i, unused)
							? UNUSED
							: find_target(target, NameStr(attribute->attname));
		if (column->index < 0)
			continue;
		matched++;
		add_cast(input, i);
	}
	if (matched == 0 && desc->natts > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("no column of the query has the name of a column of "
						"%s",
						target->name),
				 errhint("Name the query's columns as the target's, with "
						 "AS.")));
	find_defaults(input);
	return input;
}

/*
 * The 0-based column of the target that a source may fill; else -1.  42501 for
 * one that this user may not.
 */
static int
find_target(const EtlTarget *target, const char *name)
{
	AttrNumber attno = get_attnum(RelationGetRelid(target->rel), name);

	if (list_member_int(target->forbidden, attno))
		aclcheck_error_col(ACLCHECK_NO_PRIV, OBJECT_COLUMN,
						   RelationGetRelationName(target->rel), name);
	return list_member_int(target->attnos, attno) ? attno - 1 : IGNORED;
}

/*
 * Makes column i of the input fit its target: as an INSERT would, and text as
 * the type's input function does, so that staging tables of text can be loaded.
 */
static void
add_cast(EtlInput *input, int i)
{
	InputColumn *column = &input->columns[i];
	Form_pg_attribute from = TupleDescAttr(input->desc, i);
	Form_pg_attribute to = TupleDescAttr(input->target->desc, column->index);
	Node *var;
	Node *cast;

	if (from->atttypid == to->atttypid &&
		(to->atttypmod < 0 || from->atttypmod == to->atttypmod))
		return;
	var = (Node *) makeVar(1, i + 1, from->atttypid, from->atttypmod,
						   from->attcollation, 0);
	cast = coerce_to_target_type(NULL, var, from->atttypid, to->atttypid,
								 to->atttypmod, COERCION_ASSIGNMENT,
								 COERCE_IMPLICIT_CAST, -1);
	if (cast == NULL && TypeCategory(from->atttypid) == TYPCATEGORY_STRING)
		cast = coerce_to_target_type(NULL, var, from->atttypid, to->atttypid,
									 to->atttypmod, COERCION_EXPLICIT,
									 COERCE_IMPLICIT_CAST, -1);
	if (cast == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" is of type %s but the query's is of "
						"type %s",
						NameStr(to->attname), format_type_be(to->atttypid),
						format_type_be(from->atttypid)),
				 errhint("Cast the query's column.")));
	column->guard = etl_guard_for_expression(cast);
	if (column->guard.level == ETL_GUARD_PLAIN)
		column->guard = etl_guard_for_type(to->atttypid);
	column->cast = ExecPrepareExpr((Expr *) cast, input->estate);
	input->is_plain = false;
}

/* What checks that a domain takes null; NULL if the type is no domain. */
static Node *
domain_null(Form_pg_attribute attribute)
{
	int32 typmod = attribute->atttypmod;
	Oid base = getBaseTypeAndTypmod(attribute->atttypid, &typmod);

	if (base == attribute->atttypid)
		return NULL;
	return coerce_to_domain((Node *) makeNullConst(base, typmod,
												   attribute->attcollation),
							base, typmod, attribute->atttypid,
							COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1,
							false);
}

/* The input's column for a column of the target, or -1. */
static int
input_column(const EtlInput *input, int index)
{
	for (int i = 0; i < input->desc->natts; i++)
		if (input->columns[i].index == index)
			return i;
	return -1;
}

static void
add_default(EtlInput *input, int index)
{
	Relation rel = input->target->rel;
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), index);
	Default *def = &input->defaults[input->ndefaults];
	Node *expression = NULL;

	def->index = index;
	def->column = input_column(input, index);
	def->always = def->column < 0;
	if (def->always)
		input->lacking = bms_add_member(input->lacking, index);
	if (!input->target->by_insert && attribute->attgenerated == '\0')
	{
		expression = build_column_default(rel, index + 1);
		if (expression == NULL)
		{
			expression = domain_null(attribute);
			def->is_check = expression != NULL;
		}
	}
	if (input->target->by_insert && !def->always)
		input->with_defaults =
			bms_add_member(input->with_defaults, def->column);
	if (expression == NULL)
		return;
	def->guard = etl_guard_for_expression(expression);
	def->value = ExecPrepareExpr((Expr *) expression, input->estate);
	if (!def->always)
		input->with_defaults =
			bms_add_member(input->with_defaults, def->column);
	input->ndefaults++;
}

static void
find_defaults(EtlInput *input)
{
	TupleDesc desc = input->target->desc;

	input->defaults = palloc0(sizeof(Default) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			add_default(input, i);
	if (input->target->by_insert)
		input->absent = input->lacking;
}

bool
etl_input_is_direct(const EtlInput *input)
{
	if (!input->is_plain || input->ndefaults > 0 || input->target->by_insert ||
		input->desc->natts != input->target->desc->natts)
		return false;
	for (int i = 0; i < input->desc->natts; i++)
		if (input->columns[i].index != i)
			return false;
	return true;
}

List *
etl_input_ignored(const EtlInput *input)
{
	List *names = NIL;

	for (int i = 0; i < input->desc->natts; i++)
		if (input->columns[i].index == IGNORED)
			names =
				lappend(names, pstrdup(NameStr(
								   TupleDescAttr(input->desc, i)->attname)));
	return names;
}

void
etl_input_lacks(EtlInput *input, int column)
{
	input->columns[column].missing = true;
	input->any_missing = true;
}

const Bitmapset *
etl_input_with_defaults(const EtlInput *input)
{
	return input->with_defaults;
}

const Bitmapset *
etl_input_absent(const EtlInput *input)
{
	return input->absent;
}

/* Evaluates what may raise an error about data. */
static bool
evaluate(void *arg, EtlRefusal *refusal)
{
	const Evaluation *evaluation = arg;

	*evaluation->value =
		ExecEvalExprSwitchContext(evaluation->state, evaluation->econtext,
								  evaluation->isnull);
	return true;
}

/* The value of a default; an error in computing it is nobody's record's fault. */
static bool
form_default(EtlInput *input, const Default *def, TupleTableSlot *slot,
			 EtlRefusal *refusal, const char **column)
{
	ExprContext *econtext = input->econtext;
	Evaluation evaluation = {def->value, econtext,
							 &slot->tts_values[def->index],
							 &slot->tts_isnull[def->index]};

	if (!def->is_check)
		return evaluate(&evaluation, refusal);
	if (etl_guard_call(&def->guard, evaluate, &evaluation, refusal))
		return true;
	refusal->stage = ETL_STAGE_CONSTRAINT;
	*column =
		NameStr(TupleDescAttr(slot->tts_tupleDescriptor, def->index)->attname);
	return false;
}

/* Finds, or keeps, the set of columns that this row has no value for. */
static void
note_absent(EtlInput *input)
{
	MemoryContext old = MemoryContextSwitchTo(input->context);
	Bitmapset *absent = bms_copy(input->lacking);
	ListCell *lc;

	for (int i = 0; i < input->desc->natts; i++)
		if (input->columns[i].missing && input->columns[i].index >= 0)
			absent = bms_add_member(absent, input->columns[i].index);
	input->absent = NULL;
	foreach (lc, input->absent_sets)
		if (bms_equal(absent, lfirst(lc)))
			input->absent = lfirst(lc);
	if (input->absent == NULL)
	{
		input->absent = absent;
		input->absent_sets = lappend(input->absent_sets, absent);
	}
	else
		bms_free(absent);
	MemoryContextSwitchTo(old);
}

/* Casts or copies one value. */
static bool
form_value(EtlInput *input, int i, TupleTableSlot *row, TupleTableSlot *slot,
		   EtlRefusal *refusal, const char **column)
{
	const InputColumn *c = &input->columns[i];
	Evaluation evaluation = {c->cast, input->econtext,
							 &slot->tts_values[c->index],
							 &slot->tts_isnull[c->index]};

	if (c->cast == NULL)
	{
		slot->tts_values[c->index] = row->tts_values[i];
		slot->tts_isnull[c->index] = row->tts_isnull[i];
		return true;
	}
	input->econtext->ecxt_scantuple = row;
	if (etl_guard_call(&c->guard, evaluate, &evaluation, refusal))
		return true;
	*column =
		NameStr(TupleDescAttr(slot->tts_tupleDescriptor, c->index)->attname);
	return false;
}

bool
etl_input_form(EtlInput *input, TupleTableSlot *row, TupleTableSlot *slot,
			   EtlRefusal *refusal, const char **column)
{
	TupleDesc desc = slot->tts_tupleDescriptor;
	bool ok = true;

	*column = NULL;
	ExecClearTuple(slot);
	if (!input->is_plain || input->ndefaults > 0)
		ResetExprContext(input->econtext);
	memset(slot->tts_isnull, true, sizeof(bool) * desc->natts);
	for (int i = 0; i < input->desc->natts && ok; i++)
		if (input->columns[i].index >= 0)
			ok = form_value(input, i, row, slot, refusal, column);
	for (int i = 0; i < input->ndefaults && ok; i++)
	{
		const Default *def = &input->defaults[i];

		if (def->always || input->columns[def->column].missing)
			ok = form_default(input, def, slot, refusal, column);
	}
	if (input->any_missing)
	{
		if (input->target->by_insert)
			note_absent(input);
		for (int i = 0; i < input->desc->natts; i++)
			input->columns[i].missing = false;
		input->any_missing = false;
	}
	else if (input->target->by_insert)
		input->absent = input->lacking;
	ExecStoreVirtualTuple(slot);
	return ok;
}
