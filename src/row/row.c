/*
 * row.c
 *	  Fields to Datums: one record to one row.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "row/convert_json.h"
#include "row/hint.h"
#include "row/private.h"

/* Digits of an int64, with sign and end. */
#define MAX_INT64_TEXT 21

static void
set_date_pattern(void *arg, int index, const JsonbValue *value)
{
	EtlRow *row = arg;
	int i;

	if (value->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"date_formats\" gives no pattern for column "
						"\"%s\"",
						NameStr(TupleDescAttr(row->desc, index)->attname)),
				 errdetail("A pattern as in to_timestamp is expected.")));
	for (i = 0; i < row->ncolumns; i++)
		if (row->columns[i].index == index)
			etl_column_set_date_pattern(&row->columns[i],
										pnstrdup(value->val.string.val,
												 value->val.string.len));
}

/* Where the text of a column comes from. */
static EtlOrigin
column_origin(const EtlRow *row, int index)
{
	EtlOrigin origin;

	if (row->mappings[index].name == NULL &&
		row->mappings[index].position == 0 &&
		etl_row_is_special(NameStr(TupleDescAttr(row->desc, index)->attname),
						   &origin))
		return origin;
	return ETL_ORIGIN_FIELD;
}

EtlRow *
etl_row_new(TupleDesc desc, const Bitmapset *needed,
			const EtlRowOptions *options)
{
	EtlRow *row = palloc0(sizeof(EtlRow));
	EtlNumberFormat number_format;
	int i;

	row->desc = desc;
	row->field_noun = options->field_noun ? options->field_noun : "field";
	row->has_positions = options->has_positions;
	row->null_on_error = options->null_on_error;
	row->may_lack = options->may_lack;
	row->bound = AllocSetContextCreate(CurrentMemoryContext, "pg_etl binding",
									   ALLOCSET_SMALL_SIZES);
	etl_arena_init(&row->arena, CurrentMemoryContext);
	etl_row_parse_mappings(row, options->columns);
	number_format.decimal =
		options->decimal_separator ? options->decimal_separator : '.';
	number_format.thousands = options->thousands_separator;

	row->columns = palloc(Max(desc->natts, 1) * sizeof(EtlColumn));
	for (i = 0; i < desc->natts; i++)
	{
		EtlColumn *column = &row->columns[row->ncolumns];

		if (TupleDescAttr(desc, i)->attisdropped ||
			(needed && !options->convert_all && !bms_is_member(i, needed)))
			continue;
		etl_column_init(column, TupleDescAttr(desc, i),
						!options->convert_all && !options->null_on_error);
		column->origin = column_origin(row, i);
		if (column->origin == ETL_ORIGIN_FIELD)
			etl_column_set_number_format(column, &number_format);
		row->ncolumns++;
	}
	etl_row_for_each_member(desc, options->date_formats, "date_formats",
							set_date_pattern, row);
	if (OidIsValid(options->domain))
		row->domain =
			etl_row_domain_new(options->domain, !options->convert_all &&
													!options->null_on_error);
	return row;
}

bool
etl_row_needs_subtransaction(TupleDesc desc, const EtlRowOptions *options)
{
	int i;

	if (!options->convert_all && !options->null_on_error)
		return false;
	if (OidIsValid(options->domain) &&
		etl_guard_for_type(options->domain).level == ETL_GUARD_SUBTRANSACTION)
		return true;
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped &&
			etl_guard_for_type(attribute->atttypid).level ==
				ETL_GUARD_SUBTRANSACTION)
			return true;
	}
	return false;
}

/* Takes the reader's own reject as the refusal of a value. */
static bool
refuse_by_reader(const EtlReader *reader, EtlRefusal *refusal)
{
	etl_refusal_set(refusal, reader->reject.sqlerrcode,
					pstrdup(reader->reject.message));
	refusal->stage = reader->reject.stage;
	return false;
}

/*
 * The text of a special column.  Returns false, with *refusal filled, if the
 * reader can't give it.
 */
static bool
special_text(EtlRow *row, const EtlColumn *column, EtlReader *reader,
			 const EtlRecord *record, const char **text, size_t *length,
			 EtlRefusal *refusal)
{
	char *number;
	int64 value;

	switch (column->origin)
	{
		case ETL_ORIGIN_SOURCE:
			*text = reader->source;
			*length = row->source_length;
			return true;
		case ETL_ORIGIN_RAW:
			*text = etl_reader_raw_text(reader, record, length);
			return *text || refuse_by_reader(reader, refusal);
		case ETL_ORIGIN_RECORD:
			*text = etl_reader_record_json(reader, record);
			*length = *text ? strlen(*text) : 0;
			return *text || refuse_by_reader(reader, refusal);
		case ETL_ORIGIN_LINE:
			value = record->line;
			break;
		case ETL_ORIGIN_RECORD_NO:
			value = record->record_no;
			break;
		default:
			value = record->offset;
			break;
	}
	number = etl_arena_alloc(&row->arena, MAX_INT64_TEXT);
	*length = (size_t) pg_lltoa(value, number);
	*text = number;
	return true;
}

/*
 * The value of a column that isn't a field which the fast converter took.
 * Returns false, with *refusal filled, if it is refused.
 */
static bool
form_slowly(EtlRow *row, EtlColumn *column, EtlReader *reader,
			const EtlRecord *record, Datum *value, bool *isnull,
			EtlRefusal *refusal)
{
	const EtlField *field;

	*value = (Datum) 0;
	*isnull = false;
	field = column->field >= 0 ? &record->fields[column->field] : NULL;
	if (column->origin != ETL_ORIGIN_FIELD)
	{
		const char *text;
		size_t length;

		return special_text(row, column, reader, record, &text, &length,
							refusal) &&
			   (column->convert(&column->conversion, &row->arena, text, length,
								value) ||
				etl_column_convert_slowly(column, &row->arena, ETL_FIELD_TEXT,
										  text, length, value, refusal));
	}
	if (field && field->kind == ETL_FIELD_REFUSED)
		return refuse_by_reader(reader, refusal);
	if (field && field->kind >= ETL_FIELD_TEXT)
		return etl_column_convert_slowly(column, &row->arena, field->kind,
										 field->data, field->len, value,
										 refusal);
	*isnull = true;
	return etl_column_accept_null(column, refusal);
}

/* True if a refused value of the column may become NULL. */
static bool
accepts_null(EtlColumn *column)
{
	EtlRefusal ignored;

	return etl_column_accept_null(column, &ignored);
}

/* Column is NULL if the row as a whole was refused. */
static void
fill_reject(EtlReject *reject, const EtlColumn *column,
			const EtlRefusal *refusal, EtlReader *reader,
			const EtlRecord *record)
{
	const char *hint = NULL;

	memset(reject, 0, sizeof *reject);
	reject->stage = refusal->stage;
	reject->sqlerrcode = refusal->sqlerrcode;
	reject->message = refusal->message;
	reject->detail = refusal->detail;
	reject->hint = refusal->hint;
	reject->column_name = column ? column->name : NULL;
	reject->constraint_name = refusal->constraint_name;
	reject->source = reader->source;
	reject->line = record->line;
	reject->record_no = record->record_no;
	reject->offset = record->offset;
	reject->raw = etl_reader_raw_bytes(reader, record, &reject->raw_len);
	if (column && column->field >= 0 &&
		record->fields[column->field].kind > ETL_FIELD_NULL)
	{
		reject->value = record->fields[column->field].data;
		reject->value_len = record->fields[column->field].len;
		if (refusal->stage == ETL_STAGE_CONVERSION &&
			column->date_pattern == NULL && !column->has_number_format)
			hint = etl_hint_for_value(column->base_type, column->name,
									  !etl_reader_names_are_open(reader),
									  reject->value, reject->value_len);
		if (hint != NULL)
			reject->hint = hint;
	}
}

bool
etl_row_is_missing(const EtlRow *row, const EtlField *fields, int column)
{
	for (int i = 0; i < row->ncolumns; i++)
	{
		const EtlColumn *c = &row->columns[i];

		if (c->index == column)
			return c->origin == ETL_ORIGIN_FIELD &&
				   (c->field < 0 ||
					fields[c->field].kind == ETL_FIELD_MISSING);
	}
	return true;
}

TupleDesc
etl_row_copy_desc(TupleDesc desc)
{
	TupleDesc copy = CreateTupleDescCopy(desc);

	for (int i = 0; i < desc->natts; i++)
		TupleDescAttr(copy, i)->attgenerated =
			TupleDescAttr(desc, i)->attgenerated;
	return copy;
}

bool
etl_row_is_special_name(const char *name)
{
	EtlOrigin origin;

	return etl_row_is_special(name, &origin);
}

int
etl_row_ordinary_columns(TupleDesc desc)
{
	EtlOrigin origin;
	int n = 0;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped &&
			!etl_row_is_special(NameStr(attribute->attname), &origin))
			n++;
	}
	return n;
}

/*
 * Appends what column is bound to; false if its name tells that.  Where names
 * are open they find the same fields in any record; else only positions do.
 */
static bool
append_binding(const EtlRow *row, const EtlColumn *column,
			   const char *separator, StringInfo out)
{
	const char *path = row->mappings[column->index].name;

	if (column->field < 0 || (row->names_are_open && path == NULL))
		return false;
	appendStringInfoString(out, separator);
	escape_json(out, column->name);
	appendStringInfoString(out, ": ");
	if (row->names_are_open)
		escape_json(out, path);
	else
		appendStringInfo(out, "%d", row->wanted[column->field] + 1);
	return true;
}

void
etl_row_append_columns(const EtlRow *row, StringInfo out)
{
	const char *separator = "";

	appendStringInfoChar(out, '{');
	for (int i = 0; i < row->ncolumns; i++)
		if (append_binding(row, &row->columns[i], separator, out))
			separator = ", ";
	appendStringInfoChar(out, '}');
}

/* Sets all columns to null, before those that are needed are filled. */
static inline void
clear_values(EtlRow *row, Datum *values, bool *isnull)
{
	if (row->values == values)
		return;
	row->values = values;
	memset(values, 0, row->desc->natts * sizeof(Datum));
	memset(isnull, true, row->desc->natts * sizeof(bool));
}

int
etl_row_many(const EtlRow *row)
{
	return row->many;
}

void
etl_row_prepare_many(EtlRow *row)
{
	size_t size = (size_t) ETL_ROW_MANY * Max(row->ncolumns, 1);

	row->many = 0;
	if (row->ncolumns > ETL_ROW_MANY || row->domain)
		return;
	if (row->convert_many == NULL)
	{
		etl_arena_init(&row->many_arena, row->arena.context);
		row->convert_many =
			MemoryContextAlloc(row->arena.context,
							   Max(row->ncolumns, 1) * sizeof(EtlConvertMany));
		row->many_values =
			MemoryContextAlloc(row->arena.context, size * sizeof(Datum));
		row->many_nulls = MemoryContextAlloc(row->arena.context, size);
	}
	for (int i = 0; i < row->ncolumns; i++)
	{
		const EtlColumn *column = &row->columns[i];
		EtlConvertMany convert = etl_convert_find_many(column->convert);

		if (convert == NULL)
			convert = etl_convert_json_find_many(column->convert);
		if (convert == NULL || column->field < 0 || column->judges_null)
			return;
		row->convert_many[i] = convert;
		row->many_index[i] = column->index;
	}
	row->many = ETL_ROW_MANY;
}

void
etl_row_form_many(EtlRow *row, const EtlField *fields, int nwanted, int n)
{
	Assert(n <= row->many);
	etl_arena_reset(&row->many_arena);
	memset(row->declined, false, n);
	for (int i = 0; i < row->ncolumns; i++)
	{
		const EtlColumn *column = &row->columns[i];

		row->convert_many[i](&column->conversion, &row->many_arena,
							 fields + column->field, (size_t) nwanted, n,
							 row->many_values + i * ETL_ROW_MANY,
							 row->many_nulls + i * ETL_ROW_MANY,
							 row->declined);
	}
}

bool
etl_row_take(EtlRow *row, int i, Datum *values, bool *isnull)
{
	const Datum *value;
	const bool *null;

	if (unlikely(row->declined[i]))
		return false;
	clear_values(row, values, isnull);
	value = row->many_values + i;
	null = row->many_nulls + i;
	for (int c = 0; c < row->ncolumns; c++)
	{
		int index = row->many_index[c];

		values[index] = *value;
		isnull[index] = *null;
		value += ETL_ROW_MANY;
		null += ETL_ROW_MANY;
	}
	return true;
}

EtlRowStatus
etl_row_form(EtlRow *row, EtlReader *reader, const EtlRecord *record,
			 Datum *values, bool *isnull, EtlReject *reject)
{
	EtlRowStatus status = ETL_ROW_OK;
	EtlColumn *column = row->columns;
	EtlColumn *end = column + row->ncolumns;

	etl_arena_reset(&row->arena);
	clear_values(row, values, isnull);

	for (; column < end; column++)
	{
		EtlRefusal refusal;
		bool nulled;

		if (likely(column->field >= 0))
		{
			const EtlField *field = &record->fields[column->field];

			if (likely(field->kind >= ETL_FIELD_TEXT) &&
				likely(column->convert(&column->conversion, &row->arena,
									   field->data, field->len,
									   &values[column->index])))
			{
				isnull[column->index] = false;
				continue;
			}
		}
		if (form_slowly(row, column, reader, record, &values[column->index],
						&isnull[column->index], &refusal))
			continue;

		nulled = row->null_on_error && accepts_null(column);
		if (status == ETL_ROW_OK || !nulled)
			fill_reject(reject, column, &refusal, reader, record);
		if (!nulled)
			return ETL_ROW_REJECT;
		values[column->index] = (Datum) 0;
		isnull[column->index] = true;
		status = ETL_ROW_NULLED;
	}
	if (unlikely(row->domain != NULL))
	{
		EtlRefusal refusal;

		if (!etl_row_domain_accepts(row->domain, row->desc, values, isnull,
									&refusal))
		{
			fill_reject(reject, NULL, &refusal, reader, record);
			return ETL_ROW_REJECT;
		}
	}
	return status;
}
