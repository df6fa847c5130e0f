/*
 * inspect_fields.c
 *	  Which field of each item is which column of an inspection.
 *
 * The first item that isn't empty says which columns there are.  What reads all
 * items alike holds for all of them: a column that a later item lacks, and a
 * setting that a later item needs otherwise, are noted, so that the statements
 * made of the inspection do without.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "csv/csv_reader.h"
#include "quote.h"
#include "scan/inspect_private.h"

/* True if both names are the same but for case and surrounding blanks. */
static bool
is_same_name(const char *a, const char *b)
{
	size_t a_len;
	size_t b_len;

	a += strspn(a, " \t\r\n");
	b += strspn(b, " \t\r\n");
	a_len = strlen(a);
	b_len = strlen(b);
	while (a_len > 0 && strchr(" \t\r\n", a[a_len - 1]))
		a_len--;
	while (b_len > 0 && strchr(" \t\r\n", b[b_len - 1]))
		b_len--;
	return a_len == b_len && pg_strncasecmp(a, b, a_len) == 0;
}

/* The field of this name, as reading finds it, or -1. */
static int
field_named(const EtlReader *reader, const char *name)
{
	for (int i = 0; i < reader->nfields; i++)
	{
		if (strcmp(reader->names[i], name) == 0)
			return i;
	}
	for (int i = 0; i < reader->nfields; i++)
	{
		if (is_same_name(reader->names[i], name))
			return i;
	}
	return -1;
}

/* The field that a member of the columns option means, or -1. */
static int
mapped_field(const EtlReader *reader, const JsonbValue *value)
{
	char *text;

	if (value->type == jbvNumeric)
	{
		int position = DatumGetInt32(
			DirectFunctionCall1(numeric_int4,
								NumericGetDatum(value->val.numeric)));

		return position <= reader->nfields ? position - 1 : -1;
	}
	if (value->type != jbvString || reader->names == NULL)
		return -1;
	text = pnstrdup(value->val.string.val, (Size) value->val.string.len);
	return field_named(reader, text);
}

/* Columns that the user named are called so. */
static void
apply_mapping(EtlInspection *result, const EtlReader *reader)
{
	Jsonb *mapping = result->call->options->columns;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue value;

	if (mapping == NULL)
		return;
	it = JsonbIteratorInit(&mapping->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		char *name;
		int field;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, (Size) value.val.string.len);
		(void) JsonbIteratorNext(&it, &value, true);
		field = mapped_field(reader, &value);
		if (field < 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("\"%s\" has no %s for \"%s\"", reader->source,
							result->call->format->field_noun, name)));
		result->columns[field].name = name;
		result->columns[field].renamed = false;
	}
}

/*
 * True if reading finds the column's field by the column's name: it is the
 * field's, or what an identifier of that is cut to, and no special column's.
 */
static bool
is_found_by_name(const EtlInspectedColumn *column)
{
	const char *field = column->field + strspn(column->field, " \t\r\n");

	return strncmp(column->name, "etl_", 4) != 0 &&
		   (is_same_name(field, column->name) ||
			(strlen(field) >= NAMEDATALEN &&
			 strncmp(field, column->name, strlen(column->name)) == 0));
}

void
etl_inspection_set_columns(EtlInspection *result, EtlReader *reader)
{
	char **names = etl_csv_reader_column_names(reader);

	result->reader = reader;
	result->item = pstrdup(reader->source);
	result->ncolumns = reader->nfields;
	result->columns =
		palloc0(sizeof(EtlInspectedColumn) * Max(reader->nfields, 1));
	for (int i = 0; i < reader->nfields; i++)
	{
		EtlInspectedColumn *column = &result->columns[i];

		column->name = names[i];
		column->field = reader->names ? reader->names[i] : NULL;
		column->renamed = column->field && !is_found_by_name(column);
	}
	apply_mapping(result, reader);
}

/*
 * Reading a later item finds a column by its name, or, where that isn't its
 * field's, at its position.
 */
static int
position_in(const EtlReader *reader, const EtlInspectedColumn *column, int i)
{
	bool is_there = i < reader->nfields;

	if (reader->names == NULL || column->field == NULL)
		return is_there ? i : -1;
	if (is_there && strcmp(reader->names[i], column->field) == 0)
		return i;
	return etl_inspected_finds_field(column)
			   ? field_named(reader, column->field)
			   : -1;
}

/* A member of the object as SQL text, or "" if it hasn't that. */
static char *
member_text(const Jsonb *object, const char *name)
{
	StringInfoData out;
	JsonbValue buffer;
	JsonbValue *value =
		getKeyJsonValueFromContainer((JsonbContainer *) &object->root, name,
									 (int) strlen(name), &buffer);

	initStringInfo(&out);
	if (value)
		etl_quote_json(&out, value);
	return out.data;
}

static Jsonb *
pinned_options(const EtlCall *call, EtlReader *reader)
{
	char *text = call->format->pinned_options(call, reader, false);

	return DatumGetJsonbP(
		DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/*
 * Notes the settings that the item needs otherwise than the first.  Columns go
 * by name in all items or in none, so the first one's header decides that; and
 * each item may be compressed in its own way anyhow.
 */
void
etl_inspection_compare_settings(EtlInspection *result, EtlReader *reader)
{
	const EtlOptionTable *table = result->call->target.table;
	Jsonb *first = pinned_options(result->call, result->reader);
	Jsonb *other = pinned_options(result->call, reader);

	for (int i = 0; i < table->ndefs; i++)
	{
		const char *name = table->defs[i].name;

		if (strcmp(member_text(first, name), member_text(other, name)) == 0)
			continue;
		if (strcmp(name, "header") == 0 || strcmp(name, "header_rows") == 0)
			result->headers_differ = true;
		else if (strcmp(name, "compression") != 0)
			result->varying |= UINT64CONST(1) << i;
	}
}

int *
etl_inspection_positions(EtlInspection *result, EtlReader *reader)
{
	int *positions = palloc(sizeof(int) * Max(result->ncolumns, 1));

	for (int i = 0; i < result->ncolumns; i++)
	{
		EtlInspectedColumn *column = &result->columns[i];

		CHECK_FOR_INTERRUPTS();
		positions[i] =
			reader == result->reader ? i : position_in(reader, column, i);
		if (positions[i] < 0 && column->lacking == NULL && reader->nfields > 0)
			column->lacking = pstrdup(reader->source);
	}
	if (reader != result->reader && reader->nfields > 0)
		etl_inspection_compare_settings(result, reader);
	return positions;
}

void
etl_inspection_warn_items(EtlInspection *result)
{
	const EtlOptionTable *table = result->call->target.table;

	if (result->headers_differ)
		result->warnings =
			lappend(result->warnings,
					pstrdup("not all files look as if they had as many header "
							"rows as the first; the query takes it as given "
							"that they have"));
	for (int i = 0; i < table->ndefs; i++)
	{
		if (result->varying & (UINT64CONST(1) << i))
			result->warnings =
				lappend(result->warnings,
						psprintf("not all files have the same %s, so the "
								 "query leaves it to detection",
								 table->defs[i].name));
	}
	for (int i = 0; i < result->ncolumns; i++)
	{
		const EtlInspectedColumn *column = &result->columns[i];

		if (column->lacking)
			result->warnings =
				lappend(result->warnings,
						psprintf("\"%s\" lacks column \"%s\", so the query "
								 "leaves it out",
								 column->lacking, column->name));
	}
}
