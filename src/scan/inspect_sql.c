/*
 * inspect_sql.c
 *	  What an inspection found, as SQL.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "csv/csv_reader.h"
#include "quote.h"
#include "scan/inspect.h"

/* "name type, ..." */
static void
append_columns(StringInfo out, const EtlInspection *inspection,
			   const char *separator)
{
	for (int i = 0; i < inspection->ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoString(out, separator);
		etl_quote_identifier(out, inspection->columns[i].name);
		appendStringInfo(out, " %s", inspection->columns[i].inferred.type);
	}
}

char *
etl_inspection_create_table(const EtlInspection *inspection,
							const char *target, bool if_not_exists)
{
	StringInfoData out;

	if (inspection->ncolumns == 0)
		return NULL;
	initStringInfo(&out);
	appendStringInfo(&out, "CREATE TABLE %s%s (\n    ",
					 if_not_exists ? "IF NOT EXISTS " : "", target);
	append_columns(&out, inspection, ",\n    ");
	appendStringInfoString(&out, "\n)");
	return out.data;
}

char *
etl_inspection_date_formats(const EtlInspection *inspection)
{
	StringInfoData out;
	bool any = false;

	initStringInfo(&out);
	for (int i = 0; i < inspection->ncolumns; i++)
	{
		const EtlInspectedColumn *column = &inspection->columns[i];

		if (column->inferred.format == NULL)
			continue;
		appendStringInfoString(&out, any ? ", " : "{");
		escape_json(&out, column->name);
		appendStringInfoString(&out, ": ");
		escape_json(&out, column->inferred.format);
		any = true;
	}
	if (!any)
		return NULL;
	appendStringInfoChar(&out, '}');
	return out.data;
}

/*
 * True if a column's name finds its field by itself when the source is read.
 * Where several fields have one name, only the first one's column has it too.
 */
static bool
finds_its_field(const EtlInspectedColumn *column)
{
	return strcmp(column->field, column->name) == 0 &&
		   strncmp(column->name, "etl_", 4) != 0;
}

/* {"column": position} for columns whose name isn't their field's. */
static char *
column_positions(const EtlInspection *inspection)
{
	StringInfoData out;
	bool any = false;

	initStringInfo(&out);
	for (int i = 0; i < inspection->ncolumns; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (inspection->columns[i].field == NULL ||
			finds_its_field(&inspection->columns[i]))
			continue;
		appendStringInfoString(&out, any ? ", " : "{");
		escape_json(&out, inspection->columns[i].name);
		appendStringInfo(&out, ": %d", i + 1);
		any = true;
	}
	if (!any)
		return NULL;
	appendStringInfoChar(&out, '}');
	return out.data;
}

static void
append_argument(StringInfo out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(out, ", %s => ", name);
	etl_quote_literal(out, value);
}

/* The reader's pinned options as named arguments, in the options' order. */
static void
append_pinned(StringInfo out, const EtlInspection *inspection)
{
	const EtlOptionTable *table = inspection->call->target.table;
	char *text = etl_csv_reader_pinned_options(inspection->reader, false);
	Jsonb *object =
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));

	for (int i = 0; i < table->ndefs; i++)
	{
		const char *name = table->defs[i].name;
		JsonbValue buffer;
		JsonbValue *value =
			getKeyJsonValueFromContainer(&object->root, name,
										 (int) strlen(name), &buffer);

		/*
		 * Those for null are settled by the inspection, and several files
		 * may be compressed each in its own way.
		 */
		if (value == NULL || strcmp(name, "null_strings") == 0 ||
			(strcmp(name, "compression") == 0 && inspection->nitems > 1 &&
			 !etl_option_given(&inspection->call->target, name)))
			continue;
		appendStringInfo(out, ", %s => ", name);
		etl_quote_json(out, value);
	}
}

/* What the user said of bad records. */
static void
append_reject_options(StringInfo out, const EtlScanOptions *options)
{
	if (options->on_error != ETL_OPTION_UNSET)
		append_argument(out, "on_error",
						etl_on_error_names[options->on_error]);
	if (options->reject_limit != ETL_OPTION_UNSET)
		appendStringInfo(out, ", reject_limit => %lld",
						 (long long) options->reject_limit);
	if (!isnan(options->reject_limit_percent))
		appendStringInfo(out, ", reject_limit_percent => %.*g", DBL_DIG,
						 options->reject_limit_percent);
}

static void
append_null_strings(StringInfo out, const List *strings)
{
	ListCell *cell;
	bool first = true;

	appendStringInfoString(out, ", null_strings => ARRAY[");
	foreach (cell, strings)
	{
		if (!first)
			appendStringInfoString(out, ", ");
		first = false;
		etl_quote_literal(out, (const char *) lfirst(cell));
	}
	appendStringInfoString(out, "]::text[]");
}

char *
etl_inspection_query(const EtlInspection *inspection, const char *schema)
{
	StringInfoData out;

	if (inspection->ncolumns == 0)
		return NULL;
	initStringInfo(&out);
	appendStringInfoString(&out, "SELECT * FROM ");
	etl_quote_qualified(&out, schema,
						psprintf("etl_read_%s",
								 inspection->call->format->name));
	appendStringInfoChar(&out, '(');
	etl_quote_literal(&out, inspection->source);
	if (inspection->reader)
		append_pinned(&out, inspection);
	append_argument(&out, "columns", column_positions(inspection));
	append_argument(&out, "date_formats",
					etl_inspection_date_formats(inspection));
	if (list_length(inspection->null_strings) != 1 ||
		strcmp(linitial(inspection->null_strings), "") != 0)
		append_null_strings(&out, inspection->null_strings);
	if (inspection->decimal_separator != '.')
		append_argument(&out, "decimal_separator",
						psprintf("%c", inspection->decimal_separator));
	if (inspection->thousands_separator != 0)
		append_argument(&out, "thousands_separator",
						psprintf("%c", inspection->thousands_separator));
	append_reject_options(&out, inspection->call->options);
	append_argument(&out, "server", inspection->call->options->server);
	appendStringInfoString(&out, ") AS t(");
	append_columns(&out, inspection, ", ");
	appendStringInfoChar(&out, ')');
	return out.data;
}
