/*
 * call.c
 *	  From a reader function and its arguments to an EtlCall.
 *
 * An argument's name is the name of its setting.  Only three are no settings:
 * the first, which is what is read, "row_type", which only tells the parser a
 * type, and "options", whose members are settings again.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "http/site.h"
#include "scan/call.h"

static void set_source(EtlCall *call, const EtlCallSite *site, Datum value);
static void check_separators(const EtlScanOptions *options);
static void check_transport(const EtlCall *call);

EtlCallSite *
etl_call_site_new(Oid funcid, const EtlReaderFunction *function)
{
	EtlCallSite *site = palloc0(sizeof(EtlCallSite));
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	Oid *types;
	char **names;
	char *modes;
	int n;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", funcid);
	n = get_func_arg_info(tuple, &types, &names, &modes);
	ReleaseSysCache(tuple);
	if (names == NULL)
		elog(ERROR, "function %u has no argument names", funcid);

	site->function = function;
	site->names = palloc(sizeof(char *) * n);
	site->types = palloc(sizeof(Oid) * n);
	for (int i = 0; i < n; i++)
	{
		if (modes != NULL && modes[i] != FUNC_PARAM_IN)
			continue;
		site->names[site->nargs] = names[i];
		site->types[site->nargs] = types[i];
		site->nargs++;
	}
	return site;
}

int
etl_call_site_argument(const EtlCallSite *site, const char *name)
{
	for (int i = 0; i < site->nargs; i++)
	{
		if (strcmp(site->names[i], name) == 0)
			return i;
	}
	return -1;
}

EtlCall *
etl_call_from_arguments(const EtlCallSite *site, const NullableDatum *args)
{
	EtlCall *call;
	Jsonb *object = NULL;

	if (args[0].isnull)
		return NULL;

	call = etl_call_new(site->function->format);
	set_source(call, site, args[0].value);
	for (int i = 1; i < site->nargs; i++)
	{
		if (strcmp(site->names[i], "row_type") == 0)
			continue;
		if (strcmp(site->names[i], "options") == 0)
		{
			if (!args[i].isnull)
				object = DatumGetJsonbP(args[i].value);
			continue;
		}
		(void) etl_option_set(&call->target, site->names[i], site->types[i],
							  args[i].value, args[i].isnull, false);
	}
	if (object)
		etl_option_set_object(&call->target, object);
	etl_call_check(call);
	return call;
}

EtlCall *
etl_call_new(const EtlFormat *format)
{
	EtlCall *call = palloc0(sizeof(EtlCall));

	call->format = format;
	call->options = palloc0(format->options_size);
	/* not in every format's table */
	call->options->transport.idempotent = ETL_OPTION_UNSET;
	call->options->transport.rate_limit = NAN;
	etl_option_init(&call->target, &format->table, call->options);
	return call;
}

void
etl_call_check(const EtlCall *call)
{
	check_separators(call->options);
	check_transport(call);
	if (call->source == NULL && call->options->server != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"server\" is for sources, not for "
							   "content")));
	if (call->options->reject_limit_percent > 100)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"reject_limit_percent\" must be at "
							   "most 100")));
	call->format->check_options(call);
}

const EtlFormat *
etl_call_record_format(const EtlCall *call)
{
	return call->format->record_format ? call->format->record_format(call)
									   : call->format;
}

EtlOnError
etl_call_on_error(const EtlCall *call)
{
	if (call->options->on_error == ETL_OPTION_UNSET)
		return ETL_ON_ERROR_ABORT;
	return (EtlOnError) call->options->on_error;
}

/* Takes over the first argument, without copying content that is plain. */
static void
set_source(EtlCall *call, const EtlCallSite *site, Datum value)
{
	struct varlena *content;

	if (!site->function->is_content)
	{
		call->source = TextDatumGetCString(value);
		return;
	}
	call->content_is_text = (site->types[0] != BYTEAOID);
	if (site->types[0] == JSONBOID)
	{
		Jsonb *jsonb = DatumGetJsonbP(value);

		call->content = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
		call->content_len = strlen(call->content);
		return;
	}
	content = PG_DETOAST_DATUM_PACKED(value);
	call->content = VARDATA_ANY(content);
	call->content_len = VARSIZE_ANY_EXHDR(content);
}

/* True for what may stand between digits without being taken for a part. */
static bool
is_separator(const char *text, bool or_blank)
{
	unsigned char c = (unsigned char) text[0];

	if (c == '\0' || text[1] != '\0')
		return false;
	return (or_blank && c == ' ') ||
		   (c < 0x80 && ispunct(c) && c != '-' && c != '+');
}

static void
check_separators(const EtlScanOptions *options)
{
	const char *decimal = options->decimal_separator;
	const char *thousands = options->thousands_separator;

	if (decimal && !is_separator(decimal, false))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"decimal_separator\" must be one ASCII "
						"punctuation character other than a sign")));
	if (thousands && thousands[0] != '\0' && !is_separator(thousands, true))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"thousands_separator\" must be a blank "
						"or one ASCII punctuation character other than "
						"a sign, or empty for none")));
	if (thousands && thousands[0] == (decimal ? decimal[0] : '.'))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("decimal and thousands separators must "
							   "differ")));
}

bool
etl_call_transport_given(const EtlCall *call, int i)
{
	size_t begin = offsetof(EtlScanOptions, transport);
	size_t offset = call->target.table->defs[i].offset;

	return offset >= begin && offset < begin + sizeof(EtlTransport) &&
		   (call->target.seen & (UINT64CONST(1) << i)) != 0;
}

/* The transport's settings are for what has to be fetched. */
static void
check_transport(const EtlCall *call)
{
	const EtlOptionTable *table = call->target.table;
	const char *server = call->options->server;
	const EtlTransport *transport = &call->options->transport;
	bool fetched = call->source && !etl_source_is_file(call->source, server);

	for (int i = 0; i < table->ndefs && !fetched; i++)
	{
		if (etl_call_transport_given(call, i))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("option \"%s\" is for URLs, not for %s",
								   table->defs[i].name,
								   call->source ? "files" : "content")));
	}
	if (transport->headers)
		(void) etl_http_site_headers(transport->headers);
	if (transport->rate_limit <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"rate_limit\" must be positive")));
}
