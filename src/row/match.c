/*
 * match.c
 *	  Which of the source's fields each column is.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#include "record/names.h"
#include "record/scalar.h"
#include "row/private.h"

/* Longer lists of names in messages are cut. */
#define MAX_LISTED_NAMES 30
#define MAX_LISTED_BYTES 1000

/* A name this many changes away is a near match. */
#define MAX_DISTANCE 3

static const struct
{
	const char *name;
	EtlOrigin origin;
} specials[] = {
	{"etl_source", ETL_ORIGIN_SOURCE},
	{"etl_line", ETL_ORIGIN_LINE},
	{"etl_record_no", ETL_ORIGIN_RECORD_NO},
	{"etl_offset", ETL_ORIGIN_OFFSET},
	{"etl_raw", ETL_ORIGIN_RAW},
	{"etl_record", ETL_ORIGIN_RECORD},
};

bool
etl_row_is_special(const char *name, EtlOrigin *origin)
{
	int i;

	for (i = 0; i < lengthof(specials); i++)
	{
		if (strcmp(name, specials[i].name) == 0)
		{
			*origin = specials[i].origin;
			return true;
		}
	}
	return false;
}

/* Appends a quoted name; false, with the rest told, if the list is too long. */
static bool
list_name(StringInfo list, const char *name, int i, int n)
{
	if (i == MAX_LISTED_NAMES || list->len > MAX_LISTED_BYTES)
	{
		appendStringInfo(list, " and %d more", n - i);
		return false;
	}
	if (i > 0)
		appendStringInfoString(list, ", ");
	appendStringInfo(list, "\"%s\"", name);
	return true;
}

static void
unknown_column(TupleDesc desc, const char *option, const char *name)
{
	StringInfoData list;
	int i;
	int n = 0;

	initStringInfo(&list);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped &&
			!list_name(&list, NameStr(attribute->attname), n++, desc->natts))
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" names column \"%s\", which the row lacks",
					option, name),
			 errdetail("The row's columns are %s.", list.data)));
}

static int
find_attribute(TupleDesc desc, const char *name)
{
	int i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped &&
			strcmp(NameStr(attribute->attname), name) == 0)
			return i;
	}
	return -1;
}

void
etl_row_for_each_member(TupleDesc desc, Jsonb *object, const char *option,
						EtlMemberCallback callback, void *arg)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;
	int index = -1;

	if (object == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be a JSON object", option)));
	iterator = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			char *name = pnstrdup(value.val.string.val, value.val.string.len);

			index = find_attribute(desc, name);
			if (index < 0)
				unknown_column(desc, option, name);
			pfree(name);
		}
		else if (token == WJB_VALUE)
			callback(arg, index, &value);
	}
}

/* The number as a position, or 0 if it is none. */
static int
numeric_position(const JsonbValue *value)
{
	char *text = DatumGetCString(
		DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	int64 position;

	if (!etl_scalar_int64(text, strlen(text), &position) || position < 1 ||
		position > PG_INT32_MAX)
		return 0;
	return (int) position;
}

static void
set_mapping(void *arg, int index, const JsonbValue *value)
{
	EtlRow *row = arg;
	EtlMapping *mapping = &row->mappings[index];

	if (value->type == jbvString)
		mapping->name = pnstrdup(value->val.string.val, value->val.string.len);
	else if (value->type == jbvNumeric && row->has_positions)
		mapping->position = numeric_position(value);
	if (mapping->name == NULL && mapping->position == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"columns\" gives no %s for column \"%s\"",
						row->field_noun,
						NameStr(TupleDescAttr(row->desc, index)->attname)),
				 row->has_positions
					 ? errdetail("A name or a position, counted from 1, is "
								 "expected.")
					 : errdetail("A name or a path is expected.")));
}

void
etl_row_parse_mappings(EtlRow *row, Jsonb *columns)
{
	row->mappings = palloc0(Max(row->desc->natts, 1) * sizeof(EtlMapping));
	etl_row_for_each_member(row->desc, columns, "columns", set_mapping, row);
}

typedef struct FieldName
{
	const char *name;
	int field;
} FieldName;

/* The names of a reader, sorted so that the first of equals comes first. */
typedef struct Names
{
	EtlReader *reader;
	FieldName *exact;  /* NULL until they are needed, like the next */
	FieldName *folded; /* lower case, trimmed */
} Names;

static int
compare_names(const void *a, const void *b)
{
	const FieldName *left = a;
	const FieldName *right = b;
	int result = strcmp(left->name, right->name);

	return result ? result : left->field - right->field;
}

/* The reader's names, sorted; palloc'd. */
static FieldName *
sort_names(const EtlReader *reader, bool fold)
{
	FieldName *names = palloc(Max(reader->nfields, 1) * sizeof(FieldName));
	int i;

	for (i = 0; i < reader->nfields; i++)
	{
		names[i].name =
			fold ? etl_name_fold(reader->names[i]) : reader->names[i];
		names[i].field = i;
	}
	qsort(names, reader->nfields, sizeof(FieldName), compare_names);
	return names;
}

/* The first field with this name, or -1. */
static int
search_names(const FieldName *names, int n, const char *name)
{
	int low = 0;
	int high = n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (strcmp(names[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && strcmp(names[low].name, name) == 0 ? names[low].field
														 : -1;
}

/* The position of the field with this name, or -1. */
static int
find_name(Names *names, const char *name)
{
	EtlReader *reader = names->reader;
	char *folded;
	int field;
	int i;

	if (names->exact == NULL)
		names->exact = sort_names(reader, false);
	field = search_names(names->exact, reader->nfields, name);
	if (field >= 0)
		return field;

	if (names->folded == NULL)
		names->folded = sort_names(reader, true);
	folded = etl_name_fold(name);
	field = search_names(names->folded, reader->nfields, folded);
	if (field >= 0)
		return field;

	/* Identifiers are cut to 63 bytes, the names in sources are not. */
	for (i = 0; i < reader->nfields; i++)
		if (etl_name_is_cut(name, reader->names[i]))
			return i;
	for (i = 0; i < reader->nfields; i++)
		if (etl_name_is_cut(folded, names->folded[i].name))
			return names->folded[i].field;
	return -1;
}

/* A name that is nearly this one, or NULL. */
static const char *
find_near_name(const Names *names, const char *name)
{
	char *folded = etl_name_fold(name);
	int length = (int) strlen(folded);
	int nearest = Min(MAX_DISTANCE, length / 2) + 1;
	const char *result = NULL;
	int i;

	for (i = 0; i < names->reader->nfields; i++)
	{
		const char *other = names->folded[i].name;
		int other_length = (int) strlen(other);
		int distance;

		if (other_length >= NAMEDATALEN || length >= NAMEDATALEN)
			continue;
		distance =
			varstr_levenshtein_less_equal(folded, length, other, other_length,
										  1, 1, 1, nearest, true);
		if (distance < nearest)
		{
			nearest = distance;
			result = names->reader->names[names->folded[i].field];
		}
	}
	return result;
}

/* Raises 42703 for a column that the source's names lack. */
static void
missing_name(const EtlRow *row, const Names *names, const char *column,
			 const char *wanted)
{
	EtlReader *reader = names->reader;
	const char *near_name = find_near_name(names, wanted);
	StringInfoData list;
	int i;

	initStringInfo(&list);
	for (i = 0; i < reader->nfields; i++)
		if (!list_name(&list, reader->names[i], i, reader->nfields))
			break;
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("\"%s\" has no %s \"%s\"", reader->source,
						   row->field_noun, wanted),
					reader->nfields > 0
						? errdetail("It has the %s%s %s.", row->field_noun,
									reader->nfields == 1 ? "" : "s", list.data)
						: errdetail("It has no %ss.", row->field_noun),
					near_name ? errhint("Perhaps you mean \"%s\": columns => "
										"'{\"%s\": \"%s\"}'.",
										near_name, column, near_name)
					: reader->names_hint ? errhint("%s", reader->names_hint)
										 : 0));
}

/* Raises 42703 for a position that the source lacks. */
static void
missing_position(const EtlRow *row, const EtlReader *reader,
				 const char *column, int position)
{
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("\"%s\" has no %s %d for column \"%s\"",
						   reader->source, row->field_noun, position, column),
					errdetail("It has %d.", reader->nfields)));
}

/*
 * The 0-based field of a column; -1 if the source may lack it.  next counts the
 * columns that go by position.
 */
static int
match_column(const EtlRow *row, Names *names, int index, int *next)
{
	EtlReader *reader = names->reader;
	Form_pg_attribute attribute = TupleDescAttr(row->desc, index);
	const char *name = NameStr(attribute->attname);
	const EtlMapping *mapping = &row->mappings[index];
	int position = mapping->position;
	int field;

	/* Nothing is known of the fields of an empty source. */
	if (reader->names == NULL && reader->nfields == 0)
		return -1;
	if (reader->names == NULL && mapping->name)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
						errmsg("\"%s\" has no %s \"%s\"", reader->source,
							   row->field_noun, mapping->name),
						errdetail("Its fields have no names."),
						errhint("Give a position, counted from 1: columns => "
								"'{\"%s\": 1}'.",
								name)));
	if (reader->names == NULL && position == 0)
		position = ++*next;
	if (position > 0)
	{
		if (position <= reader->nfields)
			return position - 1;
		if (row->may_lack && mapping->position == 0)
			return -1;
		missing_position(row, reader, name, position);
	}

	field = find_name(names, mapping->name ? mapping->name : name);
	if (field < 0 &&
		(mapping->name || (attribute->attgenerated == '\0' && !row->may_lack)))
		missing_name(row, names, name, mapping->name ? mapping->name : name);
	return field;
}

/* Raises 42703 where the source may lack columns, but lacks all. */
static void
no_name_matches(const EtlRow *row, const EtlReader *reader)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < reader->nfields; i++)
		if (!list_name(&list, reader->names[i], i, reader->nfields))
			break;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("no %s of \"%s\" has the name of a column of the target",
					row->field_noun, reader->source),
			 errdetail("It has the %s%s %s.", row->field_noun,
					   reader->nfields == 1 ? "" : "s", list.data),
			 errhint("Tell which one goes where with the option \"columns\", "
					 "or that the source has no header with \"header\": "
					 "false.")));
}

/* The fields of all columns of the row, -1 for none. */
static int *
match_columns(const EtlRow *row, EtlReader *reader)
{
	Names names = {reader, NULL, NULL};
	int *fields = palloc(Max(row->desc->natts, 1) * sizeof(int));
	int next = 0;
	int matched = 0;
	int i;

	for (i = 0; i < row->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row->desc, i);
		const EtlMapping *mapping = &row->mappings[i];
		EtlOrigin origin;

		fields[i] = -1;
		if (attribute->attisdropped ||
			(etl_row_is_special(NameStr(attribute->attname), &origin) &&
			 mapping->name == NULL && mapping->position == 0))
			continue;
		fields[i] = match_column(row, &names, i, &next);
		matched += fields[i] >= 0;
	}
	if (row->may_lack && matched == 0 && reader->names != NULL &&
		reader->nfields > 0)
		no_name_matches(row, reader);
	return fields;
}

/*
 * The same where names are open: fields are made by asking for them.  *nfields
 * becomes their number.
 */
static int *
find_fields(const EtlRow *row, EtlReader *reader, int *nfields)
{
	int *fields = palloc(Max(row->desc->natts, 1) * sizeof(int));

	for (int i = 0; i < row->desc->natts; i++)
		fields[i] = -1;
	for (int i = 0; i < row->ncolumns; i++)
	{
		EtlColumn *column = &row->columns[i];
		const char *path = row->mappings[column->index].name;
		bool as_json = etl_column_wants_json(column);

		if (column->origin != ETL_ORIGIN_FIELD)
			continue;
		fields[column->index] =
			reader->ops->find_field(reader, path ? path : column->name,
									path != NULL, as_json);
		*nfields = Max(*nfields, fields[column->index] + 1);
		if (as_json)
			etl_column_trust_json(column);
	}
	return fields;
}

void
etl_row_bind(EtlRow *row, EtlReader *reader)
{
	MemoryContext old;
	int *fields;
	int *slots;
	int nfields = reader->nfields;
	int nwanted = 0;
	int i;

	MemoryContextReset(row->bound);
	old = MemoryContextSwitchTo(row->bound);
	row->names_are_open = etl_reader_names_are_open(reader);
	fields = row->names_are_open ? find_fields(row, reader, &nfields)
								 : match_columns(row, reader);

	/* Each field is wanted once, in the source's order. */
	slots = palloc0(Max(nfields, 1) * sizeof(int));
	for (i = 0; i < row->ncolumns; i++)
		if (fields[row->columns[i].index] >= 0)
			slots[fields[row->columns[i].index]] = 1;
	row->wanted = palloc(Max(nfields, 1) * sizeof(int));
	for (i = 0; i < nfields; i++)
	{
		if (slots[i])
		{
			slots[i] = nwanted;
			row->wanted[nwanted++] = i;
		}
	}
	for (i = 0; i < row->ncolumns; i++)
	{
		int field = fields[row->columns[i].index];

		row->columns[i].field = field >= 0 ? slots[field] : -1;
	}
	row->source_length = strlen(reader->source);
	MemoryContextSwitchTo(old);
	etl_row_prepare_many(row);
	etl_reader_want(reader, row->wanted, nwanted);
}
