/*
 * api_options.c
 *	  The settings of etl_read_api, checked.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "api/pages_private.h"

/* A thousand years; longer intervals are as good as this. */
#define MAX_MILLISECONDS (INT64CONST(366) * 1000 * (USECS_PER_DAY / 1000))

/* An interval's length; days have 24 hours and months 30 days. */
int64
etl_api_milliseconds(const Interval *interval)
{
	int64 days = (int64) interval->month * DAYS_PER_MONTH + interval->day;

	return Min(days * (USECS_PER_DAY / 1000) + interval->time / 1000,
			   MAX_MILLISECONDS);
}

static void
check_positive(const Interval *interval, const char *option)
{
	if (interval && etl_api_milliseconds(interval) <= 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"%s\" must be at least a millisecond",
							   option)));
}

bool
etl_api_is_post(const EtlApiOptions *options)
{
	return options->method && pg_strcasecmp(options->method, "POST") == 0;
}

/* A header that requests shall have must be one that users may give. */
static void
check_header(const char *name)
{
	StringInfoData object;

	initStringInfo(&object);
	appendStringInfoChar(&object, '{');
	escape_json(&object, name);
	appendStringInfoString(&object, ": \"\"}");
	(void) etl_http_site_headers(DatumGetJsonbP(
		DirectFunctionCall1(jsonb_in, CStringGetDatum(object.data))));
}

bool
etl_api_counts_records(const EtlApiOptions *options)
{
	EtlJsonPath *path;

	if (options->records == NULL)
		return true;
	path = etl_json_path_parse(options->records, "records", true);
	for (int i = 0; i < path->nsteps - 1; i++)
	{
		if (path->steps[i].kind == ETL_JSON_STEP_ALL)
			return false;
	}
	return true;
}

static void
check_pagination(const EtlApiOptions *options)
{
	EtlPagination *pagination = etl_pagination_parse(options->pagination);

	if (options->is_csv && etl_pagination_reads_envelope(pagination))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("pagination cannot go by a path where pages "
							   "are CSV"),
						errhint("Headers and parameters work there, too.")));
	if (pagination->place == ETL_PARAM_IN_BODY && !etl_api_is_post(options))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("pagination cannot go by the body of requests "
							   "that have none"),
						errhint("Say method => 'POST'.")));
	if (pagination->place == ETL_PARAM_IN_BODY && options->body &&
		!JB_ROOT_IS_OBJECT(options->body))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("pagination can only go by a body that is a "
							   "JSON object")));
	if (pagination->type == ETL_PAGINATION_OFFSET && pagination->size == 0 &&
		!etl_api_counts_records(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("pagination of type \"offset\" needs \"limit\" where "
						"records are gathered from several arrays")));
	if (pagination->place == ETL_PARAM_IN_HEADER)
		check_header(pagination->param);
}

void
etl_api_check_options(const EtlApiOptions *options)
{
	if (options->method && !etl_api_is_post(options) &&
		pg_strcasecmp(options->method, "GET") != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid value for option \"method\": \"%s\"",
							   options->method),
						errhint("Valid values are: GET, POST.")));
	if (options->body && !etl_api_is_post(options))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"body\" needs the method POST"),
						errhint("Say method => 'POST'.")));
	check_positive(options->timeout, "timeout");
	check_positive(options->deadline, "deadline");
	check_pagination(options);
}
