/*
 * nested.c
 *	  JSON arrays and objects as values of arrays and composite types.
 *
 * The server does it: json_to_record() is asked for a record of the one column,
 * and given an object of the one member.  So nested values follow its rules to
 * the letter, and its messages know the column's name.  It keeps what it finds
 * out of the type from call to call.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "row/nested.h"

struct EtlNested
{
	FmgrInfo function;
	ReturnSetInfo result_info; /* tells json_to_record() the column */
	char *prefix;              /* of the object: {"name": */
	int prefix_len;
};

bool
etl_nested_is_for(Oid base_type)
{
	return OidIsValid(get_element_type(base_type)) ||
		   get_typtype(base_type) == TYPTYPE_COMPOSITE;
}

EtlNested *
etl_nested_new(MemoryContext context, const char *name, Oid type, int32 typmod)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	EtlNested *nested = palloc0(sizeof(EtlNested));
	TupleDesc desc = CreateTemplateTupleDesc(1);
	StringInfoData prefix;

	TupleDescInitEntry(desc, 1, name, type, typmod, 0);
	fmgr_info(F_JSON_TO_RECORD, &nested->function);
	nested->result_info.type = T_ReturnSetInfo;
	nested->result_info.expectedDesc = BlessTupleDesc(desc);

	initStringInfo(&prefix);
	appendStringInfoChar(&prefix, '{');
	escape_json(&prefix, name);
	appendStringInfoChar(&prefix, ':');
	nested->prefix = prefix.data;
	nested->prefix_len = prefix.len;
	MemoryContextSwitchTo(old);
	return nested;
}

/* An object whose one member is the n bytes, as a json value. */
static Datum
make_object(const EtlNested *nested, const char *s, size_t n)
{
	size_t size = VARHDRSZ + nested->prefix_len + n + 1;
	text *object = palloc(size);
	char *p = VARDATA(object);

	SET_VARSIZE(object, size);
	memcpy(p, nested->prefix, nested->prefix_len);
	p += nested->prefix_len;
	memcpy(p, s, n);
	p[n] = '}';
	return PointerGetDatum(object);
}

Datum
etl_nested_read(EtlNested *nested, const char *s, size_t n)
{
	LOCAL_FCINFO(fcinfo, 1);
	HeapTupleData tuple;
	Datum value;
	bool isnull;

	InitFunctionCallInfoData(*fcinfo, &nested->function, 1, InvalidOid, NULL,
							 (fmNodePtr) &nested->result_info);
	fcinfo->args[0].value = make_object(nested, s, n);
	fcinfo->args[0].isnull = false;
	tuple.t_data = DatumGetHeapTupleHeader(FunctionCallInvoke(fcinfo));
	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	value = heap_getattr(&tuple, 1, nested->result_info.expectedDesc, &isnull);
	Assert(!isnull);
	return value;
}
