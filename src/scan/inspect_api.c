/*
 * inspect_api.c
 *	  A look at a web API: the members or columns of its pages.
 *
 * JSON pages are looked at as JSON sources are, one after the other.  CSV pages
 * all have the columns of the first.
 */
#include "postgres.h"

#include <float.h>

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "scan/formats.h"
#include "scan/inspect_private.h"

/* Those that an inspection settles itself. */
static const char *const settled[] = {"columns", "date_formats",
									  "null_strings", "decimal_separator",
									  "thousands_separator"};

EtlInspection *
etl_inspect_api(EtlCall *call, int64 sample_rows)
{
	EtlCall *page_call = etl_api_page_call(call);
	EtlInspection *result;

	if (page_call->format == &etl_format_json)
		return etl_inspect_json(call, sample_rows);
	if (etl_option_given(&call->target, "method"))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("CSV pages can only be looked at where the "
							   "method is not given"),
						errhint("They can be read with a column definition "
								"list.")));
	result = etl_inspect_csv(page_call, sample_rows);
	result->call = call;
	return result;
}

static bool
is_settled(const char *name)
{
	for (int i = 0; i < lengthof(settled); i++)
	{
		if (strcmp(settled[i], name) == 0)
			return true;
	}
	return false;
}

/* Begins a member of an object's text, unless value is NULL. */
static void
append_member(StringInfo out, const char *name, const char *json)
{
	if (json == NULL)
		return;
	appendStringInfoString(out, out->len > 0 ? ", " : "{");
	escape_json(out, name);
	appendStringInfo(out, ": %s", json);
}

static char *
json_string(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	escape_json(&out, text);
	return out.data;
}

static char *
json_strings(const char *const *texts, int n)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (int i = 0; i < n; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "",
						 texts[i] ? json_string(texts[i]) : "null");
	appendStringInfoChar(&out, ']');
	return out.data;
}

/* A setting that was given, as JSON. */
static char *
setting_json(const EtlOptionDef *def, const void *member)
{
	switch (def->type)
	{
		case ETL_OPTION_BOOL:
			return *(const int *) member ? "true" : "false";
		case ETL_OPTION_INT:
			return psprintf("%d", *(const int *) member);
		case ETL_OPTION_INT64:
			return psprintf("%lld", (long long) *(const int64 *) member);
		case ETL_OPTION_FLOAT8:
			return psprintf("%.*g", DBL_DIG, *(const double *) member);
		case ETL_OPTION_TEXT:
			return json_string(*(char *const *) member);
		case ETL_OPTION_ENUM:
			return json_string(def->values[*(const int *) member]);
		case ETL_OPTION_TEXT_LIST:
		{
			const EtlTextList *list = *(EtlTextList *const *) member;

			return json_strings((const char *const *) list->items, list->n);
		}
		case ETL_OPTION_INTERVAL:
			return json_string(DatumGetCString(DirectFunctionCall1(
				interval_out,
				IntervalPGetDatum(*(Interval *const *) member))));
		case ETL_OPTION_JSONB:
			return JsonbToCString(NULL, &(*(Jsonb *const *) member)->root, -1);
	}
	return NULL;
}

/* What the reader chose and the user didn't. */
static void
append_chosen(StringInfo out, const EtlInspection *inspection)
{
	const EtlCall *call = inspection->call;
	const EtlOptionTable *table = call->target.table;
	char *text = call->format->pinned_options(call, inspection->reader, false);
	Jsonb *object =
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));

	for (int i = 0; i < table->ndefs; i++)
	{
		const char *name = table->defs[i].name;
		JsonbValue value;

		if (!is_settled(name) && !etl_option_given(&call->target, name) &&
			(inspection->varying & (UINT64CONST(1) << i)) == 0 &&
			getKeyJsonValueFromContainer(&object->root, name,
										 (int) strlen(name), &value))
			append_member(out, name,
						  JsonbToCString(NULL,
										 &JsonbValueToJsonb(&value)->root,
										 -1));
	}
}

char *
etl_inspection_settings(const EtlInspection *inspection)
{
	const EtlCall *call = inspection->call;
	const EtlOptionTable *table = call->target.table;
	char decimal[] = {inspection->decimal_separator, '\0'};
	char thousands[] = {inspection->thousands_separator, '\0'};
	int nnulls = list_length(inspection->null_strings);
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < table->ndefs; i++)
	{
		const EtlOptionDef *def = &table->defs[i];

		if (etl_option_given(&call->target, def->name) &&
			!is_settled(def->name))
			append_member(&out, def->name,
						  setting_json(def, (char *) call->target.values +
												def->offset));
	}
	if (inspection->reader)
		append_chosen(&out, inspection);
	append_member(&out, "columns", etl_inspection_column_fields(inspection));
	append_member(&out, "date_formats",
				  etl_inspection_date_formats(inspection));
	if (nnulls != 1 || strcmp(linitial(inspection->null_strings), "") != 0)
	{
		const char **nulls = palloc(sizeof(char *) * Max(nnulls, 1));

		for (int i = 0; i < nnulls; i++)
			nulls[i] = list_nth(inspection->null_strings, i);
		append_member(&out, "null_strings", json_strings(nulls, nnulls));
	}
	if (decimal[0] != '.')
		append_member(&out, "decimal_separator", json_string(decimal));
	if (thousands[0] != '\0')
		append_member(&out, "thousands_separator", json_string(thousands));
	if (out.len == 0)
		appendStringInfoChar(&out, '{');
	appendStringInfoChar(&out, '}');
	return out.data;
}
