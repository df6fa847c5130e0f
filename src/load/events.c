/*
 * events.c
 *	  Tells of a load that is done: in the server's log, and to those who LISTEN.
 *
 * Both are JSON of the same members, for programs to read.  What is sent belongs
 * to the load's transaction: nobody hears of a load that is rolled back.  Anybody
 * may LISTEN, so nothing is told of what was in the rows.
 */
#include "postgres.h"

#include "commands/async.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "guc.h"
#include "load/load.h"

#define CHANNEL "pg_etl"

/* What a payload must stay below, and how much of a text it has at first. */
#define MAX_PAYLOAD 8000
#define TEXT_LENGTH 2000

/* A member that is text, of which at most so many bytes are told. */
static void
append_text(StringInfo out, const char *name, const char *text, int most)
{
	int len;

	if (text == NULL)
		return;
	len = (int) strlen(text);
	appendStringInfo(out, ", \"%s\": ", name);
	if (len <= most)
		escape_json(out, text);
	else
		escape_json(out,
					psprintf("%s...",
							 pnstrdup(text, pg_mbcliplen(text, len, most))));
}

static void
append_count(StringInfo out, const char *name, int64 count)
{
	appendStringInfo(out, ", \"%s\": %lld", name, (long long) count);
}

/* What the load is, as the beginning of an object. */
static void
append_load(StringInfo out, const EtlLoad *load, const char *event, int most)
{
	const EtlLoadRequest *request = load->request;

	appendStringInfo(out, "{\"event\": \"%s\", \"load_id\": %lld", event,
					 (long long) load->id);
	append_text(out, "label", request->label, most);
	append_text(out, "target", load->target->name, most);
	append_text(out, "source", request->source, most);
}

static void
append_counts(StringInfo out, const EtlLoad *load, const char *status)
{
	const EtlLoadCounts *counts = &load->counts;
	TimestampTz now = GetCurrentTimestamp();

	append_text(out, "mode", etl_load_mode_names[load->request->mode],
				TEXT_LENGTH);
	append_text(out, "status", status, TEXT_LENGTH);
	append_count(out, "rows_read", counts->read);
	append_count(out, "rows_inserted", counts->inserted);
	append_count(out, "rows_updated", counts->updated);
	append_count(out, "rows_unchanged", counts->unchanged);
	append_count(out, "rows_deleted", counts->deleted);
	append_count(out, "rows_rejected", counts->rejected);
	append_count(out, "rows_suppressed", counts->suppressed);
	append_count(out, "duplicates_dropped", counts->duplicates_dropped);
	append_count(out, "bytes_read", (int64) counts->bytes);
	append_count(out, "requests", counts->requests);
	append_count(out, "retries", counts->retries);
	appendStringInfo(out, ", \"duration_ms\": %.3f}",
					 (double) (now - load->started_at) / 1000.0);
}

/* The payload of an event, short enough however long its texts are. */
static char *
payload(const EtlLoad *load, const char *event, const char *status)
{
	int most = TEXT_LENGTH;
	StringInfoData out;

	for (;;)
	{
		initStringInfo(&out);
		append_load(&out, load, event, most);
		if (status)
			append_counts(&out, load, status);
		else
		{
			append_count(&out, "rows_rejected", load->counts.rejected);
			appendStringInfoChar(&out, '}');
		}
		if (out.len < MAX_PAYLOAD)
			return out.data;
		pfree(out.data);
		most /= 2;
	}
}

static void
write_log(const EtlLoad *load, const char *status)
{
	StringInfoData out;

	initStringInfo(&out);
	append_load(&out, load, "load_finished", PG_INT32_MAX);
	append_counts(&out, load, status);
	/* the statement may have secrets in it */
	ereport(LOG, (errmsg("load %lld into %s has %s", (long long) load->id,
						 load->target->name,
						 strcmp(status, "skipped") == 0 ? "found nothing new"
														: status),
				  errdetail_internal("%s", out.data), errhidestmt(true),
				  errhidecontext(true)));
}

void
etl_events_tell(const EtlLoad *load, const char *status)
{
	if (etl_guc_log_loads)
		write_log(load, status);
	if (!etl_guc_notify_loads)
		return;
	Async_Notify(CHANNEL, payload(load, "load_finished", status));
	if (load->counts.rejected > 0)
		Async_Notify(CHANNEL, payload(load, "load_rejects", NULL));
}
