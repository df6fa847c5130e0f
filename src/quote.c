/*
 * quote.c
 *	  SQL text made of names and values.
 */
#include "postgres.h"

#include "quote.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

void
etl_quote_identifier(StringInfo out, const char *name)
{
	appendStringInfoString(out, quote_identifier(name));
}

void
etl_quote_literal(StringInfo out, const char *value)
{
	appendStringInfoString(out, quote_literal_cstr(value));
}

void
etl_quote_qualified(StringInfo out, const char *schema, const char *name)
{
	if (schema)
	{
		etl_quote_identifier(out, schema);
		appendStringInfoChar(out, '.');
	}
	etl_quote_identifier(out, name);
}

static void
quote_container(StringInfo out, JsonbContainer *container)
{
	JsonbIterator *it;
	JsonbValue value;
	bool first = true;

	if (JsonContainerIsObject(container))
	{
		etl_quote_literal(out, JsonbToCString(NULL, container, -1));
		return;
	}
	appendStringInfoString(out, "ARRAY[");
	it = JsonbIteratorInit(container);
	(void) JsonbIteratorNext(&it, &value, false); /* the array itself */
	while (JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
	{
		if (!first)
			appendStringInfoString(out, ", ");
		first = false;
		etl_quote_json(out, &value);
	}
	appendStringInfoString(out, "]::text[]");
}

void
etl_quote_json(StringInfo out, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			appendStringInfoString(out, "NULL");
			break;
		case jbvBool:
			appendStringInfoString(out, value->val.boolean ? "true" : "false");
			break;
		case jbvNumeric:
			appendStringInfoString(out, numeric_normalize(value->val.numeric));
			break;
		case jbvString:
			etl_quote_literal(out, pnstrdup(value->val.string.val,
											(Size) value->val.string.len));
			break;
		case jbvBinary:
			quote_container(out, value->val.binary.data);
			break;
		default:
			elog(ERROR, "unexpected type of a JSON value: %d",
				 (int) value->type);
	}
}
