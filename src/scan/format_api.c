/*
 * format_api.c
 *	  Web APIs as a format: pages as items, each of them JSON or CSV.
 *
 * What the pages hold is read by the format that they have, through a call of
 * that format which has the settings of this one.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "api/pages.h"
#include "scan/formats.h"
#include "scan/inspect.h"
#include "scan/items.h"

typedef enum PageFormat
{
	PAGES_JSON,
	PAGES_CSV
} PageFormat;

static const char *const page_format_names[] = {"json", "csv", NULL};

typedef struct ApiCallOptions
{
	EtlScanOptions common;
	EtlApiOptions api;
	int format; /* PageFormat */
	EtlJsonOptions json;
	EtlCsvOptions csv;

	/* The call that reads pages, and whether it has the first one's dialect. */
	EtlCall *page_call;
	bool is_pinned;
} ApiCallOptions;

typedef struct ApiItems
{
	EtlItems base;
	EtlApiPages *pages;
} ApiItems;

#define API_OPTION(member) \
	.name = #member, .offset = offsetof(ApiCallOptions, api.member)
#define JSON_OPTION(member) \
	.name = #member, .offset = offsetof(ApiCallOptions, json.member)
#define CSV_OPTION(member) \
	.name = #member, .offset = offsetof(ApiCallOptions, csv.member)

static const EtlOptionDef api_defs[] = {
	{JSON_OPTION(records), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(columns), .type = ETL_OPTION_JSONB},
	{API_OPTION(pagination), .type = ETL_OPTION_JSONB},
	{API_OPTION(method), .type = ETL_OPTION_TEXT},
	{API_OPTION(body), .type = ETL_OPTION_JSONB},
	{ETL_SCAN_OPTION(server), .type = ETL_OPTION_TEXT},
	{.name = "format",
	 .offset = offsetof(ApiCallOptions, format),
	 .type = ETL_OPTION_ENUM,
	 .values = page_format_names},
	{API_OPTION(max_pages), .type = ETL_OPTION_INT, .min = 1},
	{API_OPTION(timeout), .type = ETL_OPTION_INTERVAL},
	{API_OPTION(deadline), .type = ETL_OPTION_INTERVAL},
	{API_OPTION(concurrency), .type = ETL_OPTION_INT, .min = 1, .max = 64},
	{API_OPTION(allow_no_records), .type = ETL_OPTION_BOOL},
	{ETL_SCAN_OPTION(on_error), .type = ETL_OPTION_ENUM,
	 .values = etl_on_error_names},
	{ETL_SCAN_OPTION(reject_limit), .type = ETL_OPTION_INT64},
	{ETL_SCAN_OPTION(reject_limit_percent), .type = ETL_OPTION_FLOAT8},
	{ETL_TRANSPORT_OPTION(rate_limit), .type = ETL_OPTION_FLOAT8},
	{ETL_TRANSPORT_OPTION(idempotent), .type = ETL_OPTION_BOOL},
	ETL_TRANSPORT_OPTIONS,

	/* how pages are read */
	{JSON_OPTION(missing), .type = ETL_OPTION_ENUM,
	 .values = etl_json_missing_names},
	{CSV_OPTION(delimiter), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(quote), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(escape), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(header), .type = ETL_OPTION_BOOL},
	{CSV_OPTION(null_strings), .type = ETL_OPTION_TEXT_LIST},
	{CSV_OPTION(quoted_nulls), .type = ETL_OPTION_BOOL},
	{CSV_OPTION(comment), .type = ETL_OPTION_TEXT},
	{CSV_OPTION(skip), .type = ETL_OPTION_INT},
	{CSV_OPTION(header_rows), .type = ETL_OPTION_INT},
	{CSV_OPTION(stop_at_blank), .type = ETL_OPTION_BOOL},
	{CSV_OPTION(skip_footer), .type = ETL_OPTION_INT},
	{CSV_OPTION(trim_fields), .type = ETL_OPTION_BOOL},
	{CSV_OPTION(ragged), .type = ETL_OPTION_ENUM,
	 .values = etl_csv_ragged_names},
	{ETL_SCAN_OPTION(decimal_separator), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(thousands_separator), .type = ETL_OPTION_TEXT},
	{ETL_SCAN_OPTION(date_formats), .type = ETL_OPTION_JSONB},
	{JSON_OPTION(encoding), .type = ETL_OPTION_TEXT},
	{JSON_OPTION(compression), .type = ETL_OPTION_ENUM,
	 .values = etl_compression_names},
};

static void check_options(const EtlCall *call);
static EtlItems *open_items(const EtlCall *call, MemoryContext query);
static EtlReader *open_page(EtlStream *raw, const char *name,
							const EtlCall *call, int width);
static char *describe(const EtlCall *call, EtlReader *reader);
static char *pinned_options(const EtlCall *call, EtlReader *reader,
							bool for_record);
static const char *missed(const EtlCall *call, EtlReader *reader);
static const EtlFormat *record_format(const EtlCall *call);

const EtlFormat etl_format_api = {
	.name = "api",
	.field_noun = "member",
	.bytes_per_field = 20,
	.items_title = "Pages",
	.table = {api_defs, lengthof(api_defs)},
	.options_size = sizeof(ApiCallOptions),
	.check_options = check_options,
	.items = open_items,
	.open = open_page,
	.describe = describe,
	.pinned_options = pinned_options,
	.missed = missed,
	.record_format = record_format,
	.inspect = etl_inspect_api,
};

static inline ApiCallOptions *
api_options(const EtlCall *call)
{
	return (ApiCallOptions *) call->options;
}

static inline bool
has_csv_pages(const EtlCall *call)
{
	return api_options(call)->format == PAGES_CSV;
}

static const EtlFormat *
record_format(const EtlCall *call)
{
	return has_csv_pages(call) ? &etl_format_csv : &etl_format_json;
}

EtlCall *
etl_api_page_call(const EtlCall *call)
{
	return api_options(call)->page_call;
}

/* A call of the pages' format, for pages of this call. */
static EtlCall *
make_page_call(const EtlCall *call)
{
	const ApiCallOptions *options = api_options(call);
	EtlCall *page_call = etl_call_new(record_format(call));

	page_call->source = call->source;
	*page_call->options = options->common;
	if (has_csv_pages(call))
	{
		EtlCsvOptions *csv = &((EtlCsvCallOptions *) page_call->options)->csv;

		*csv = options->csv;
		csv->encoding = options->json.encoding;
		csv->compression = options->json.compression;
	}
	else
	{
		EtlJsonOptions *json =
			&((EtlJsonCallOptions *) page_call->options)->json;

		*json = options->json;
		json->format = ETL_OPTION_UNSET;
		json->keep_envelope = true;
	}
	return page_call;
}

/* Options that pages of the other format have are refused. */
static void
check_page_options(const EtlCall *call)
{
	const EtlOptionTable *table = &call->format->table;
	bool is_csv = has_csv_pages(call);

	for (int i = 0; i < table->ndefs; i++)
	{
		size_t offset = table->defs[i].offset;
		bool is_of_csv = offset >= offsetof(ApiCallOptions, csv) &&
						 offset < offsetof(ApiCallOptions, page_call);
		bool is_of_json = offset == offsetof(ApiCallOptions, json.records) ||
						  offset == offsetof(ApiCallOptions, json.missing);

		if (etl_option_given(&call->target, table->defs[i].name) &&
			(is_csv ? is_of_json : is_of_csv))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"%s\" is not for pages in the "
							"format %s",
							table->defs[i].name, is_csv ? "csv" : "json"),
					 errhint("The option \"format\" tells the pages' "
							 "format.")));
	}
}

static void
check_options(const EtlCall *call)
{
	ApiCallOptions *options = api_options(call);

	check_page_options(call);
	options->api.is_csv = has_csv_pages(call);
	options->api.records = options->json.records;
	options->page_call = make_page_call(call);
	record_format(call)->check_options(options->page_call);
	etl_api_check_options(&options->api);
}

static bool
api_next(EtlItems *items)
{
	ApiItems *self = (ApiItems *) items;
	bool found = etl_api_pages_advance(self->pages);

	items->name = etl_api_pages_name(self->pages);
	if (found)
		items->key = etl_api_pages_key(self->pages);
	return found;
}

static EtlStream *
api_open(EtlItems *items)
{
	return etl_api_pages_stream(((ApiItems *) items)->pages);
}

static void
api_ended(EtlItems *items, EtlReader *reader)
{
	etl_api_pages_ended(((ApiItems *) items)->pages, reader);
}

static EtlHttpCounts
api_counts(const EtlItems *items)
{
	return etl_api_pages_counts(((const ApiItems *) items)->pages);
}

static void
api_close(EtlItems *items)
{
	etl_api_pages_close(((ApiItems *) items)->pages);
}

static const EtlItemsOps api_ops = {
	.next = api_next,
	.open = api_open,
	.ended = api_ended,
	.counts = api_counts,
	.close = api_close,
};

static EtlItems *
open_items(const EtlCall *call, MemoryContext query)
{
	const ApiCallOptions *options = api_options(call);
	ApiItems *self = palloc0(sizeof(ApiItems));

	self->base.ops = &api_ops;
	self->base.many = true;
	self->pages =
		etl_api_pages_open(query, etl_http_site_open(options->common.server),
						   call->source, &options->common.transport,
						   &options->api);
	self->base.has_secret = etl_api_pages_have_secret(self->pages);
	return &self->base;
}

/*
 * Makes all later pages be read as the first one is: a page of few records
 * tells less of its dialect.
 */
static void
pin_dialect(const EtlCall *call, EtlReader *reader)
{
	ApiCallOptions *options = api_options(call);
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(options));
	EtlCall *pinned = etl_call_new(&etl_format_csv);
	char *text = etl_csv_reader_pinned_options(reader, false);

	etl_option_set_object(
		&pinned->target,
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))));
	*pinned->options = options->common;
	pinned->source = call->source;
	options->page_call = pinned;
	options->is_pinned = true;
	MemoryContextSwitchTo(old);
}

static EtlReader *
open_page(EtlStream *raw, const char *name, const EtlCall *call, int width)
{
	const ApiCallOptions *options = api_options(call);
	EtlReader *reader =
		options->page_call->format->open(raw, name, options->page_call, width);

	if (has_csv_pages(call) && !options->is_pinned && reader->nfields > 0)
		pin_dialect(call, reader);
	return reader;
}

static char *
describe(const EtlCall *call, EtlReader *reader)
{
	EtlCall *page_call = api_options(call)->page_call;

	return psprintf("%s pages: %s", page_call->format->name,
					page_call->format->describe(page_call, reader));
}

static char *
pinned_options(const EtlCall *call, EtlReader *reader, bool for_record)
{
	EtlCall *page_call = api_options(call)->page_call;

	return page_call->format->pinned_options(page_call, reader, for_record);
}

static const char *
missed(const EtlCall *call, EtlReader *reader)
{
	EtlCall *page_call = api_options(call)->page_call;

	return page_call->format->missed
			   ? page_call->format->missed(page_call, reader)
			   : NULL;
}
