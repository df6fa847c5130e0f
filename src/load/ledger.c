/*
 * ledger.c
 *	  The row that a load leaves in etl.load.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "load/load.h"
#include "owner.h"

int64
etl_ledger_next_id(void)
{
	EtlOwnerScope scope;
	bool isnull;
	int64 id;

	etl_owner_begin(&scope);
	etl_owner_execute("SELECT pg_catalog.nextval('etl.load_load_id_seq')", 0,
					  NULL, NULL, NULL, SPI_OK_SELECT);
	id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									 SPI_tuptable->tupdesc, 1, &isnull));
	etl_owner_end(&scope);
	return id;
}

/* Appends the name of a member, after a comma. */
static void
append_name(StringInfo out, const char *name)
{
	appendStringInfo(out, ", \"%s\": ", name);
}

static void
append_names(StringInfo out, List *names)
{
	ListCell *lc;

	appendStringInfoChar(out, '[');
	foreach (lc, names)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(out, ", ");
		escape_json(out, lfirst(lc));
	}
	appendStringInfoChar(out, ']');
}

/* What has no column of its own, as JSON. */
static Datum
details(const EtlLoad *load)
{
	StringInfoData out;
	ListCell *lc;

	initStringInfo(&out);
	foreach (lc, load->details)
		appendStringInfo(&out, ", %s", (const char *) lfirst(lc));
	if (load->sources)
		etl_sources_append_details(load->sources, &out);
	if (load->cursor)
		etl_cursor_append_details(load->cursor, &out);
	if (load->request->slice)
	{
		append_name(&out, "slice");
		escape_json(&out, load->request->slice);
	}
	if (load->ignored != NIL)
	{
		append_name(&out, "ignored_columns");
		append_names(&out, load->ignored);
	}
	if (load->checks != NIL)
	{
		append_name(&out, "checks");
		etl_checks_append_results(load->checks, &out);
		/* for replays */
		append_name(&out, "check_definitions");
		(void) JsonbToCString(&out, &load->request->checks->root,
							  VARSIZE(load->request->checks));
	}
	/* each member stands after a comma */
	return DirectFunctionCall1(
		jsonb_in,
		CStringGetDatum(psprintf("{%s}", out.len > 0 ? out.data + 1 : "")));
}

static void
add_text(EtlParameters *p, const char *text)
{
	etl_parameters_add(p, TEXTOID,
					   text ? CStringGetTextDatum(text) : (Datum) 0,
					   text == NULL);
}

static void
add_count(EtlParameters *p, int64 count)
{
	etl_parameters_add(p, INT8OID, Int64GetDatum(count), false);
}

Datum
etl_ledger_record(const EtlLoad *load, const char *status)
{
	static const char *const insert =
		"INSERT INTO etl.load AS l (load_id, label, target, source, mode, status,"
		" started_at, finished_at, rows_read, rows_inserted, rows_updated,"
		" rows_unchanged, rows_deleted, rows_rejected, rows_suppressed,"
		" duplicates_dropped, bytes_read, requests, retries, details, owner,"
		" owner_oid) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6,"
		" $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,"
		" pg_catalog.pg_get_userbyid($21), $21) RETURNING l";
	const EtlLoadCounts *counts = &load->counts;
	MemoryContext context = CurrentMemoryContext;
	EtlParameters p = {0};
	EtlOwnerScope scope;
	MemoryContext old;
	bool isnull;
	Datum row;

	etl_sources_record(load);
	add_count(&p, load->id);
	add_text(&p, load->request->label);
	etl_parameters_add(&p, REGCLASSOID,
					   ObjectIdGetDatum(load->request->target), false);
	add_text(&p, load->request->source);
	add_text(&p, etl_load_mode_names[load->request->mode]);
	add_text(&p, status);
	etl_parameters_add(&p, TIMESTAMPTZOID,
					   TimestampTzGetDatum(load->started_at), false);
	etl_parameters_add(&p, TIMESTAMPTZOID,
					   TimestampTzGetDatum(GetCurrentTimestamp()), false);
	add_count(&p, counts->read);
	add_count(&p, counts->inserted);
	add_count(&p, counts->updated);
	add_count(&p, counts->unchanged);
	add_count(&p, counts->deleted);
	add_count(&p, counts->rejected);
	add_count(&p, counts->suppressed);
	add_count(&p, counts->duplicates_dropped);
	add_count(&p, (int64) counts->bytes);
	add_count(&p, counts->requests);
	add_count(&p, counts->retries);
	etl_parameters_add(&p, JSONBOID, details(load), false);
	etl_parameters_add(&p, OIDOID, ObjectIdGetDatum(GetUserId()), false);

	etl_owner_begin(&scope);
	etl_owner_execute(insert, p.n, p.types, p.values, p.isnull,
					  SPI_OK_INSERT_RETURNING);
	old = MemoryContextSwitchTo(context);
	row = datumCopy(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
								  1, &isnull),
					false, -1);
	MemoryContextSwitchTo(old);
	etl_owner_end(&scope);
	etl_events_tell(load, status);
	etl_progress_end();
	return row;
}
