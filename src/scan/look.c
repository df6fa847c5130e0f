/*
 * look.c
 *	  etl_sniff_csv and etl_describe: what a source holds, before reading it.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "csv/csv_options.h"
#include "csv/csv_reader.h"
#include "quote.h"
#include "scan/call.h"
#include "scan/inspect_private.h"
#include "scan/look.h"

PG_FUNCTION_INFO_V1(etl_sniff_csv);
PG_FUNCTION_INFO_V1(etl_describe);

EtlInspection *
etl_look(const char *source, const char *format, Jsonb *options,
		 int64 sample_rows)
{
	EtlCall *call = etl_call_new(format ? etl_format_find(format)
										: etl_format_detect(source, options));

	call->source = pstrdup(source);
	if (options)
		etl_option_set_object(&call->target, options);
	etl_call_check(call);
	return etl_inspect(call, sample_rows);
}

char *
etl_look_schema(Oid function)
{
	return FunctionIsVisible(function)
			   ? NULL
			   : get_namespace_name(get_func_namespace(function));
}

char *
etl_look_table_name(const EtlInspection *inspection)
{
	char *name = pstrdup(inspection->item);
	char *base;
	char *dot;

	/* what is asked of a URL's path is no part of its name */
	if (name[0] != '/')
		name[strcspn(name, "?#")] = '\0';
	base = strrchr(name, '/');
	if (base)
		name = base + 1;
	dot = strchr(name + (name[0] == '.'), '.');
	if (dot)
		*dot = '\0';
	return name[0] ? name : pstrdup("loaded");
}

static void
check_sample_rows(int32 sample_rows)
{
	if (sample_rows < -1 || sample_rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample_rows must be at least 1, or -1 for the whole "
						"source")));
}

static Datum
text_array(const List *strings)
{
	Datum *elements = palloc(sizeof(Datum) * Max(list_length(strings), 1));
	ListCell *cell;
	int n = 0;

	foreach (cell, strings)
		elements[n++] = CStringGetTextDatum((const char *) lfirst(cell));
	return PointerGetDatum(
		construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
jsonb_datum(const char *text)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

/* A text value; null if there is none. */
static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text ? CStringGetTextDatum(text) : (Datum) 0;
}

static Datum
byte_datum(int byte)
{
	char c = (char) byte;

	return PointerGetDatum(
		cstring_to_text_with_len(&c, byte == ETL_CSV_NONE ? 0 : 1));
}

static void
append_member(StringInfo out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(out, ", \"%s\": ", name);
	escape_json(out, value);
}

/* The columns as a JSON array of objects. */
static char *
columns_json(const EtlInspection *inspection)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (int i = 0; i < inspection->ncolumns; i++)
	{
		const EtlInspectedColumn *column = &inspection->columns[i];
		const EtlInferred *inferred = &column->inferred;

		appendStringInfo(&out, "%s{\"name\": ", i > 0 ? ", " : "");
		escape_json(&out, column->name);
		append_member(&out, "type", inferred->type);
		appendStringInfo(&out, ", \"nullable\": %s",
						 inferred->nullable ? "true" : "false");
		append_member(&out, "format", inferred->format);
		if (column->field && strcmp(column->field, column->name) != 0)
			append_member(&out, "field", column->field);
		append_member(&out, "example", inferred->example);
		append_member(&out, "note", inferred->note);
		appendStringInfoChar(&out, '}');
	}
	appendStringInfoChar(&out, ']');
	return out.data;
}

static const char *
newline_name(EtlCsvNewline newline)
{
	switch (newline)
	{
		case ETL_CSV_CRLF:
			return "CRLF";
		case ETL_CSV_CR:
			return "CR";
		case ETL_CSV_MIXED:
			return "mixed";
		default:
			return "LF";
	}
}

/* Makes the call of etl_sniff_csv's arguments: all but two are settings. */
static EtlCall *
sniff_call(FunctionCallInfo fcinfo, int32 *sample_rows)
{
	EtlCallSite *site = etl_call_site_new(fcinfo->flinfo->fn_oid, NULL);
	EtlCall *call = etl_call_new(&etl_format_csv);
	Jsonb *object = NULL;

	*sample_rows = 0;
	for (int i = 0; i < site->nargs; i++)
	{
		const char *name = site->names[i];
		bool isnull = PG_ARGISNULL(i);

		if (strcmp(name, "source") == 0)
			call->source =
				isnull ? NULL : TextDatumGetCString(PG_GETARG_DATUM(i));
		else if (strcmp(name, "sample_rows") == 0)
			*sample_rows = isnull ? ETL_LOOK_SAMPLE_ROWS : PG_GETARG_INT32(i);
		else if (strcmp(name, "options") != 0)
			(void) etl_option_set(&call->target, name, site->types[i],
								  PG_GETARG_DATUM(i), isnull, false);
		else if (!isnull)
			object = PG_GETARG_JSONB_P(i);
	}
	if (object)
		etl_option_set_object(&call->target, object);
	etl_call_check(call);
	check_sample_rows(*sample_rows);
	return call;
}

/*
 * etl_sniff_csv(source, ...) returns one row: the dialect, the columns, and
 * statements that pin them.
 */
Datum
etl_sniff_csv(PG_FUNCTION_ARGS)
{
	TupleDesc desc;
	Datum values[20];
	bool nulls[20] = {false};
	int32 sample_rows;
	EtlCall *call = sniff_call(fcinfo, &sample_rows);
	EtlInspection *inspection;
	const EtlCsvDialect *dialect;
	const EtlEncoding *encoding;
	char *formats_json;
	StringInfoData target;
	int n = 0;

	if (call->source == NULL)
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	inspection = etl_inspect(call, sample_rows);
	dialect = etl_csv_reader_dialect(inspection->reader);
	encoding = etl_csv_reader_encoding(inspection->reader);
	formats_json = etl_inspection_date_formats(inspection);
	initStringInfo(&target);
	etl_quote_identifier(&target, etl_look_table_name(inspection));

	values[n++] = CStringGetTextDatum(
		etl_csv_syntax_text(dialect->syntax.delimiter,
							dialect->syntax.delimiter_len, encoding));
	values[n++] = byte_datum(dialect->syntax.quote);
	values[n++] = byte_datum(dialect->syntax.escape);
	nulls[n] = dialect->syntax.comment_len == 0;
	values[n++] = CStringGetTextDatum(
		etl_csv_syntax_text(dialect->syntax.comment,
							dialect->syntax.comment_len, encoding));
	values[n++] = CStringGetTextDatum(newline_name(dialect->newline));
	values[n++] = CStringGetTextDatum(etl_encoding_name(encoding));
	values[n++] = CStringGetTextDatum(
		etl_compression_names[etl_csv_reader_compression(inspection->reader)]);
	values[n++] = BoolGetDatum(dialect->header_rows > 0);
	values[n++] = Int32GetDatum(dialect->skip);
	values[n++] = jsonb_datum(columns_json(inspection));
	values[n++] = Int32GetDatum(dialect->header_rows);
	values[n++] = BoolGetDatum(dialect->stop_at_blank);
	values[n++] = Int32GetDatum(dialect->skip_footer);
	values[n++] = text_array(inspection->null_strings);
	values[n++] =
		CStringGetTextDatum(psprintf("%c", inspection->decimal_separator));
	nulls[n] = inspection->thousands_separator == 0;
	values[n++] =
		CStringGetTextDatum(psprintf("%c", inspection->thousands_separator));
	nulls[n] = formats_json == NULL;
	values[n++] = formats_json ? jsonb_datum(formats_json) : (Datum) 0;
	values[n] = text_or_null(etl_inspection_create_table(inspection,
														 target.data, false),
							 &nulls[n]);
	n++;
	values[n] = text_or_null(etl_inspection_query(inspection,
												  etl_look_schema(
													  fcinfo->flinfo->fn_oid)),
							 &nulls[n]);
	n++;
	values[n++] = text_array(inspection->warnings);
	Assert(n == desc->natts);

	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* "first; second", of which either may be NULL. */
static char *
join_notes(char *first, char *second)
{
	return first && second ? psprintf("%s; %s", first, second)
						   : (first ? first : second);
}

/* What is to be said of a column, or NULL. */
static char *
column_note(const EtlInspection *inspection, int i)
{
	const EtlInspectedColumn *column = &inspection->columns[i];
	char *note = column->inferred.note;
	StringInfoData mapping;

	if (column->lacking)
		note = join_notes(psprintf("\"%s\" lacks it", column->lacking), note);
	if (!column->renamed)
		return note;
	initStringInfo(&mapping);
	appendStringInfoString(&mapping, "columns => '{");
	escape_json(&mapping, column->name);
	appendStringInfoString(&mapping, ": ");
	etl_inspection_append_field(&mapping, inspection, i);
	appendStringInfoString(&mapping, "}' reads it");
	note = join_notes(mapping.data, note);
	if (!inspection->call->format->has_positions)
		return note;
	return join_notes(column->field[0]
						  ? psprintf("the source calls it \"%s\"",
									 column->field)
						  : pstrdup("the source gives it no name"),
					  note);
}

/* etl_describe(source, format, sample_rows, options): a row a column. */
Datum
etl_describe(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	EtlInspection *inspection;
	int32 sample_rows =
		PG_ARGISNULL(2) ? ETL_LOOK_SAMPLE_ROWS : PG_GETARG_INT32(2);

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	check_sample_rows(sample_rows);
	inspection =
		etl_look(text_to_cstring(PG_GETARG_TEXT_PP(0)),
				 PG_ARGISNULL(1) ? NULL
								 : text_to_cstring(PG_GETARG_TEXT_PP(1)),
				 PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3), sample_rows);
	for (int i = 0; i < inspection->ncolumns; i++)
	{
		const EtlInspectedColumn *column = &inspection->columns[i];
		const EtlInferred *inferred = &column->inferred;
		char *note = column_note(inspection, i);
		Datum values[6];
		bool nulls[6] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(column->name);
		values[2] = CStringGetTextDatum(inferred->type);
		values[3] = BoolGetDatum(inferred->nullable);
		nulls[4] = inferred->example == NULL;
		if (!nulls[4])
			values[4] = CStringGetTextDatum(inferred->example);
		values[5] = text_or_null(note, &nulls[5]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
