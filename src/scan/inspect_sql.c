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

#include "quote.h"
#include "scan/inspect_private.h"

/* "name type, ..."; perhaps without the columns that some items lack. */
static void
append_columns(StringInfo out, const EtlInspection *inspection, bool lacking,
			   const char *separator)
{
	bool first = true;

	for (int i = 0; i < inspection->ncolumns; i++)
	{
		if (inspection->columns[i].lacking && !lacking)
			continue;
		if (!first)
			appendStringInfoString(out, separator);
		first = false;
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
	append_columns(&out, inspection, true, ",\n    ");
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

		if (column->inferred.format == NULL || column->lacking)
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

void
etl_inspection_append_field(StringInfo out, const EtlInspection *inspection,
							int i)
{
	if (etl_call_record_format(inspection->call)->has_positions)
		appendStringInfo(out, "%d", i + 1);
	else
		escape_json(out, inspection->columns[i].field);
}

char *
etl_inspection_column_fields(const EtlInspection *inspection)
{
	StringInfoData out;
	bool any = false;

	initStringInfo(&out);
	for (int i = 0; i < inspection->ncolumns; i++)
	{
		const EtlInspectedColumn *column = &inspection->columns[i];

		CHECK_FOR_INTERRUPTS();
		if (column->field == NULL || column->lacking ||
			etl_inspected_finds_field(column))
			continue;
		appendStringInfoString(&out, any ? ", " : "{");
		escape_json(&out, column->name);
		appendStringInfoString(&out, ": ");
		etl_inspection_append_field(&out, inspection, i);
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
	const EtlCall *call = inspection->call;
	char *text = call->format->pinned_options(call, inspection->reader, false);
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
			(inspection->varying & (UINT64CONST(1) << i)) ||
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

static void
append_json_option(StringInfo out, const EtlOptionDef *def, const void *member)
{
	switch (def->type)
	{
		case ETL_OPTION_BOOL:
			appendStringInfoString(out,
								   *(const int *) member ? "true" : "false");
			break;
		case ETL_OPTION_INT:
			appendStringInfo(out, "%d", *(const int *) member);
			break;
		case ETL_OPTION_INT64:
			appendStringInfo(out, "%lld", (long long) *(const int64 *) member);
			break;
		case ETL_OPTION_FLOAT8:
			appendStringInfo(out, "%.*g", DBL_DIG, *(const double *) member);
			break;
		default:
			Assert(def->type == ETL_OPTION_JSONB);
			(void) JsonbToCString(out, &(*(Jsonb *const *) member)->root, -1);
			break;
	}
}

/* The transport's settings, which not every reader has arguments for. */
static void
append_transport(StringInfo out, const EtlCall *call)
{
	const EtlOptionTable *table = call->target.table;
	StringInfoData json;

	initStringInfo(&json);
	for (int i = 0; i < table->ndefs; i++)
	{
		const EtlOptionDef *def = &table->defs[i];

		if (!etl_call_transport_given(call, i))
			continue;
		appendStringInfo(&json, "%s\"%s\": ", json.len > 0 ? ", " : "{",
						 def->name);
		append_json_option(&json, def,
						   (char *) call->target.values + def->offset);
	}
	if (json.len > 0)
	{
		appendStringInfoChar(&json, '}');
		append_argument(out, "options", json.data);
	}
}

/* The settings as arguments. */
static void
append_settings(StringInfo out, const EtlInspection *inspection)
{
	if (inspection->reader)
		append_pinned(out, inspection);
	append_argument(out, "columns", etl_inspection_column_fields(inspection));
	append_argument(out, "date_formats",
					etl_inspection_date_formats(inspection));
	if (list_length(inspection->null_strings) != 1 ||
		strcmp(linitial(inspection->null_strings), "") != 0)
		append_null_strings(out, inspection->null_strings);
	if (inspection->decimal_separator != '.')
		append_argument(out, "decimal_separator",
						psprintf("%c", inspection->decimal_separator));
	if (inspection->thousands_separator != 0)
		append_argument(out, "thousands_separator",
						psprintf("%c", inspection->thousands_separator));
	append_reject_options(out, inspection->call->options);
	append_argument(out, "server", inspection->call->options->server);
	append_transport(out, inspection->call);
}

char *
etl_inspection_query(const EtlInspection *inspection, const char *schema)
{
	StringInfoData out;
	int common = 0;

	for (int i = 0; i < inspection->ncolumns; i++)
		common += inspection->columns[i].lacking == NULL;
	if (common == 0)
		return NULL;
	initStringInfo(&out);
	appendStringInfoString(&out, "SELECT * FROM ");
	etl_quote_qualified(&out, schema,
						psprintf("etl_read_%s",
								 inspection->call->format->name));
	appendStringInfoChar(&out, '(');
	etl_quote_literal(&out, inspection->source);
	/* the API's function hasn't an argument for each setting */
	if (inspection->call->format == &etl_format_api)
		append_argument(&out, "options", etl_inspection_settings(inspection));
	else
		append_settings(&out, inspection);
	appendStringInfoString(&out, ") AS t(");
	append_columns(&out, inspection, false, ", ");
	appendStringInfoChar(&out, ')');
	return out.data;
}
