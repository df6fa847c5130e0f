/*
 * options.c
 *	  Settings given by name, checked against a table.
 *
 * An SQL argument and a member of a JSON object first become one and the same
 * thing, an OptionValue, so both spellings of a setting are checked by the same
 * code.  Combinations of settings are left to those who own the tables.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "options.h"

typedef enum OptionValueKind
{
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_TEXT,
	VALUE_LIST,
	VALUE_JSON,
	VALUE_INTERVAL
} OptionValueKind;

/* A value on its way into an option. */
typedef struct OptionValue
{
	OptionValueKind kind;
	bool boolean;
	Numeric number;
	char *text;
	EtlTextList *list;
	Interval *interval;
	Jsonb *json; /* set for all kinds but VALUE_LIST if from JSON */
} OptionValue;

static int find_option(const EtlOptionTable *table, const char *name);
static ETL_NORETURN void raise_unknown_option(EtlOptionTarget *const *targets,
											  int n, const char *name);
static ETL_NORETURN void raise_wrong_type(const EtlOptionDef *def);
static void value_from_sql(OptionValue *value, const EtlOptionDef *def,
						   Oid type, Datum datum);
static void value_from_json(OptionValue *value, JsonbValue *jbv);
static void set_option(EtlOptionTarget *target, int i,
					   const OptionValue *value);
static void set_jsonb(EtlOptionTarget *target, int i, JsonbValue *jbv);

bool
etl_option_set(EtlOptionTarget *target, const char *name, Oid type,
			   Datum value, bool isnull, bool missing_ok)
{
	int i = find_option(target->table, name);

	if (i < 0)
	{
		if (missing_ok)
			return false;
		raise_unknown_option(&target, 1, name);
	}

	if (!isnull)
	{
		OptionValue option_value;

		value_from_sql(&option_value, &target->table->defs[i], type, value);
		set_option(target, i, &option_value);
	}
	return true;
}

void
etl_option_set_object(EtlOptionTarget *target, Jsonb *object)
{
	etl_option_set_object_any(&target, 1, object);
}

void
etl_option_set_object_any(EtlOptionTarget *const *targets, int n,
						  Jsonb *object)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue key;
	JsonbValue value;

	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("options must be a JSON object")));

	it = JsonbIteratorInit(&object->root);
	(void) JsonbIteratorNext(&it, &key, true);
	while ((token = JsonbIteratorNext(&it, &key, true)) == WJB_KEY)
	{
		char *name = pnstrdup(key.val.string.val, key.val.string.len);
		int t;
		int i = -1;

		for (t = 0; t < n; t++)
		{
			i = find_option(targets[t]->table, name);
			if (i >= 0)
				break;
		}
		if (i < 0)
			raise_unknown_option(targets, n, name);

		(void) JsonbIteratorNext(&it, &value, true);
		if (value.type != jbvNull)
			set_jsonb(targets[t], i, &value);
		pfree(name);
	}
	Assert(token == WJB_END_OBJECT);
}

bool
etl_option_given(const EtlOptionTarget *target, const char *name)
{
	int i = find_option(target->table, name);

	Assert(i >= 0);
	return (target->seen & (UINT64CONST(1) << i)) != 0;
}

static void
unset(EtlOptionTarget *target, int i)
{
	const EtlOptionDef *def = &target->table->defs[i];
	void *member = (char *) target->values + def->offset;

	target->seen &= ~(UINT64CONST(1) << i);
	switch (def->type)
	{
		case ETL_OPTION_BOOL:
		case ETL_OPTION_INT:
		case ETL_OPTION_ENUM:
			*(int *) member = ETL_OPTION_UNSET;
			break;
		case ETL_OPTION_INT64:
			*(int64 *) member = ETL_OPTION_UNSET;
			break;
		case ETL_OPTION_FLOAT8:
			*(double *) member = NAN;
			break;
		case ETL_OPTION_TEXT:
		case ETL_OPTION_TEXT_LIST:
		case ETL_OPTION_JSONB:
		case ETL_OPTION_INTERVAL:
			*(void **) member = NULL;
			break;
	}
}

void
etl_option_init(EtlOptionTarget *target, const EtlOptionTable *table,
				void *values)
{
	target->table = table;
	target->values = values;
	target->seen = 0;
	for (int i = 0; i < table->ndefs; i++)
		unset(target, i);
}

void
etl_option_reset(EtlOptionTarget *target, const char *name)
{
	int i = find_option(target->table, name);

	Assert(i >= 0);
	unset(target, i);
}

/* The index of an option in its table, or -1. */
static int
find_option(const EtlOptionTable *table, const char *name)
{
	Assert(table->ndefs <= 64);
	for (int i = 0; i < table->ndefs; i++)
	{
		if (strcmp(table->defs[i].name, name) == 0)
			return i;
	}
	return -1;
}

/* True if one of the first n targets has the option. */
static bool
has_option(EtlOptionTarget *const *targets, int n, const char *name)
{
	for (int t = 0; t < n; t++)
		if (find_option(targets[t]->table, name) >= 0)
			return true;
	return false;
}

static void
raise_unknown_option(EtlOptionTarget *const *targets, int n, const char *name)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int t = 0; t < n; t++)
	{
		const EtlOptionTable *table = targets[t]->table;

		for (int i = 0; i < table->ndefs; i++)
			if (!has_option(targets, t, table->defs[i].name))
				appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
								 table->defs[i].name);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unrecognized option \"%s\"", name),
					errhint("Valid options are: %s.", names.data)));
}

/* Raises that a value isn't what the option takes. */
static void
raise_wrong_type(const EtlOptionDef *def)
{
	static const char *const expected[] = {
		[ETL_OPTION_BOOL] = "true or false",
		[ETL_OPTION_INT] = "an integer",
		[ETL_OPTION_INT64] = "an integer",
		[ETL_OPTION_FLOAT8] = "a number",
		[ETL_OPTION_TEXT] = "a string",
		[ETL_OPTION_ENUM] = "a string",
		[ETL_OPTION_TEXT_LIST] = "an array of strings",
		[ETL_OPTION_JSONB] = "a JSON value",
		[ETL_OPTION_INTERVAL] = "an interval",
	};

	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("option \"%s\" must be %s", def->name,
						   expected[def->type])));
}

/* Turns a text[] into a list.  Raises 22023 for more than one dimension. */
static EtlTextList *
list_from_array(const EtlOptionDef *def, ArrayType *array)
{
	EtlTextList *list = palloc(sizeof(EtlTextList));
	Datum *datums;
	bool *nulls;

	if (ARR_NDIM(array) > 1)
		raise_wrong_type(def);

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls,
					  &list->n);
	list->items = palloc(sizeof(char *) * Max(list->n, 1));
	for (int i = 0; i < list->n; i++)
		list->items[i] = nulls[i] ? NULL : TextDatumGetCString(datums[i]);
	return list;
}

/* Reads an SQL value of a type that the readers' arguments have. */
static void
value_from_sql(OptionValue *value, const EtlOptionDef *def, Oid type,
			   Datum datum)
{
	memset(value, 0, sizeof(*value));
	switch (type)
	{
		case BOOLOID:
			value->kind = VALUE_BOOL;
			value->boolean = DatumGetBool(datum);
			break;
		case INT4OID:
			value->kind = VALUE_NUMBER;
			value->number = int64_to_numeric(DatumGetInt32(datum));
			break;
		case INT8OID:
			value->kind = VALUE_NUMBER;
			value->number = int64_to_numeric(DatumGetInt64(datum));
			break;
		case FLOAT8OID:
			value->kind = VALUE_NUMBER;
			value->number =
				DatumGetNumeric(DirectFunctionCall1(float8_numeric, datum));
			break;
		case NUMERICOID:
			value->kind = VALUE_NUMBER;
			value->number = DatumGetNumeric(datum);
			break;
		case TEXTOID:
			value->kind = VALUE_TEXT;
			value->text = TextDatumGetCString(datum);
			break;
		case TEXTARRAYOID:
			value->kind = VALUE_LIST;
			value->list = list_from_array(def, DatumGetArrayTypeP(datum));
			break;
		case INTERVALOID:
			value->kind = VALUE_INTERVAL;
			value->interval = palloc(sizeof(Interval));
			*value->interval = *DatumGetIntervalP(datum);
			break;
		case JSONBOID:
			/* the argument's own value is the setting, whatever it is */
			value->kind = VALUE_JSON;
			value->json = DatumGetJsonbPCopy(datum);
			break;
		default:
			elog(ERROR, "option \"%s\" cannot be set from type %u", def->name,
				 type);
	}
}

/* A list of the strings and nulls of a JSON array; NULL if it has others. */
static EtlTextList *
list_from_json(JsonbContainer *array)
{
	EtlTextList *list = palloc(sizeof(EtlTextList));
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbValue item;

	list->n = 0;
	list->items = palloc(sizeof(char *) * Max(JsonContainerSize(array), 1));
	(void) JsonbIteratorNext(&it, &item, true);
	while (JsonbIteratorNext(&it, &item, true) == WJB_ELEM)
	{
		char *text = NULL;

		if (item.type == jbvString)
			text = pnstrdup(item.val.string.val, item.val.string.len);
		else if (item.type == jbvNumeric)
			text = DatumGetCString(
				DirectFunctionCall1(numeric_out,
									NumericGetDatum(item.val.numeric)));
		else if (item.type != jbvNull)
			return NULL;
		list->items[list->n++] = text;
	}
	return list;
}

/* Reads a member of an options object that is not null. */
static void
value_from_json(OptionValue *value, JsonbValue *jbv)
{
	memset(value, 0, sizeof(*value));
	value->kind = VALUE_JSON;
	value->json = JsonbValueToJsonb(jbv);
	switch (jbv->type)
	{
		case jbvBool:
			value->kind = VALUE_BOOL;
			value->boolean = jbv->val.boolean;
			break;
		case jbvNumeric:
			value->kind = VALUE_NUMBER;
			value->number = jbv->val.numeric;
			break;
		case jbvString:
			value->kind = VALUE_TEXT;
			value->text = pnstrdup(jbv->val.string.val, jbv->val.string.len);
			break;
		default:
			if (jbv->type == jbvBinary &&
				JsonContainerIsArray(jbv->val.binary.data) &&
				!JsonContainerIsScalar(jbv->val.binary.data))
				value->list = list_from_json(jbv->val.binary.data);
			break;
	}
}

static void
set_jsonb(EtlOptionTarget *target, int i, JsonbValue *jbv)
{
	OptionValue value;

	value_from_json(&value, jbv);
	set_option(target, i, &value);
}

/* The index of an enum's value; 22023 if there is none. */
static int
enum_value(const EtlOptionDef *def, const char *text)
{
	StringInfoData valid;

	for (int i = 0; def->values[i] != NULL; i++)
	{
		if (pg_strcasecmp(def->values[i], text) == 0)
			return i;
	}

	initStringInfo(&valid);
	for (int i = 0; def->values[i] != NULL; i++)
		appendStringInfo(&valid, "%s%s", i > 0 ? ", " : "", def->values[i]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid value for option \"%s\": \"%s\"",
						   def->name, text),
					errhint("Valid values are: %s.", valid.data)));
}

/* An integer from min to max; 22023 if the number is none. */
static int64
integer_value(const EtlOptionDef *def, Numeric number, int64 type_max)
{
	int64 max = def->max > 0 ? def->max : type_max;
	char *digits = numeric_normalize(number);
	char *end;
	long long result;

	errno = 0;
	result = strtoll(digits, &end, 10);
	if (end == digits || *end != '\0')
		raise_wrong_type(def);
	if (errno != 0 || result < def->min || result > max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value for option \"%s\" is out of range", def->name),
				 errdetail("It must be an integer from %d to %lld.", def->min,
						   (long long) max)));
	return result;
}

/* A finite number not below min; 22023 if it is none. */
static double
float_value(const EtlOptionDef *def, Numeric number)
{
	double result =
		DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
										   NumericGetDatum(number)));

	if (isnan(result) || isinf(result) || result < def->min)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value for option \"%s\" is out of range", def->name),
				 errdetail("It must be a number not below %d.", def->min)));
	return result;
}

/* An interval as its type writes it; 22023 if it is none. */
static Interval *
interval_value(const EtlOptionDef *def, const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	Datum result = (Datum) 0;

	PG_TRY();
	{
		result = DirectFunctionCall3(interval_in, CStringGetDatum(text),
									 ObjectIdGetDatum(InvalidOid),
									 Int32GetDatum(-1));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		raise_wrong_type(def);
	}
	PG_END_TRY();
	return DatumGetIntervalP(result);
}

/* Stores a value in its member.  Raises 22023 if it doesn't fit. */
static void
set_option(EtlOptionTarget *target, int i, const OptionValue *value)
{
	const EtlOptionDef *def = &target->table->defs[i];
	void *member = (char *) target->values + def->offset;
	OptionValueKind kind = value->kind;

	if (target->seen & (UINT64CONST(1) << i))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" is given twice", def->name),
				 errhint("Give it either as an argument or in \"options\".")));
	target->seen |= UINT64CONST(1) << i;

	if (def->type == ETL_OPTION_BOOL && kind == VALUE_BOOL)
		*(int *) member = value->boolean ? 1 : 0;
	else if (def->type == ETL_OPTION_INT && kind == VALUE_NUMBER)
		*(int *) member =
			(int) integer_value(def, value->number, PG_INT32_MAX);
	else if (def->type == ETL_OPTION_INT64 && kind == VALUE_NUMBER)
		*(int64 *) member = integer_value(def, value->number, PG_INT64_MAX);
	else if (def->type == ETL_OPTION_FLOAT8 && kind == VALUE_NUMBER)
		*(double *) member = float_value(def, value->number);
	else if (def->type == ETL_OPTION_TEXT && kind == VALUE_TEXT)
		*(char **) member = value->text;
	else if (def->type == ETL_OPTION_ENUM && kind == VALUE_TEXT)
		*(int *) member = enum_value(def, value->text);
	else if (def->type == ETL_OPTION_TEXT_LIST && value->list != NULL)
		*(EtlTextList **) member = value->list;
	else if (def->type == ETL_OPTION_JSONB && value->json != NULL)
		*(Jsonb **) member = value->json;
	else if (def->type == ETL_OPTION_INTERVAL && kind == VALUE_INTERVAL)
		*(Interval **) member = value->interval;
	else if (def->type == ETL_OPTION_INTERVAL && kind == VALUE_TEXT)
		*(Interval **) member = interval_value(def, value->text);
	else
		raise_wrong_type(def);
}
