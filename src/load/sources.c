/*
 * sources.c
 *	  What was loaded of which file or URL: the rows of etl.loaded_source.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "load/key.h"
#include "load/load.h"
#include "load/sources.h"
#include "owner.h"

/* So many names of sources that were passed over are told. */
#define NAMES_TOLD 10

/* One that is read. */
typedef struct Source
{
	char *name;
	char *version;
	bool claimed; /* its row is there */
} Source;

struct EtlSources
{
	const EtlLoad *load;
	MemoryContext context;
	bool skips;     /* asks what was loaded before */
	bool replaces;  /* the sources are judged together */
	bool read_all;  /* it is known that all have to be read */
	bool see_again; /* one of several is new */

	/* The load whose rows would be replaced; 0: not known yet, or none. */
	int64 previous;
	int64 previous_sources; /* -1: not known yet */

	List *read; /* of Source, those whose version is known */
	int64 nread;
	List *skipped; /* names, the first ones */
	int64 nskipped;
};

/* The parameters that all statements here begin with. */
typedef struct Statement
{
	Oid types[9];
	Datum values[9];
	bool isnull[9];
} Statement;

EtlSources *
etl_sources_new(const EtlLoad *load)
{
	EtlSources *sources = palloc0(sizeof(EtlSources));

	sources->load = load;
	sources->context = CurrentMemoryContext;
	sources->skips = load->request->skip_loaded;
	sources->replaces = load->request->mode == ETL_LOAD_REPLACE ||
						load->request->mode == ETL_LOAD_SLICE;
	sources->read_all = !sources->skips;
	sources->previous_sources = -1;
	return sources;
}

/* Runs a statement that yields at most one number; 0 if there is none. */
static int64
ask_number(const char *text, int nargs, Statement *statement)
{
	EtlOwnerScope scope;
	bool isnull = true;
	int64 result = 0;

	etl_owner_begin(&scope);
	etl_owner_execute(text, nargs, statement->types, statement->values,
					  statement->isnull, SPI_OK_SELECT);
	if (SPI_processed > 0)
		result =
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
										SPI_tuptable->tupdesc, 1, &isnull));
	etl_owner_end(&scope);
	return isnull ? 0 : result;
}

static void
set(Statement *statement, int i, Oid type, Datum value)
{
	statement->types[i] = type;
	statement->values[i] = value;
	statement->isnull[i] = false;
}

/* What tells a version of a source from all others. */
static Datum
source_key(const EtlLoad *load, const char *name, const char *version)
{
	/* names of URLs that have secrets may be the same */
	const char *url = load->request->url;

	return etl_load_key(2, url ? url : name, version);
}

/*
 * Finds the load that this one would replace: the last into the target, or into
 * the slice, if it replaced what there was.  Replayed dead letters are a part of
 * the load that they come from.
 */
static void
find_previous(EtlSources *sources)
{
	static const char *const last =
		"SELECT CASE WHEN l.mode = $3 THEN l.load_id END FROM etl.load AS l"
		" WHERE l.target = $1 AND l.status = 'succeeded'"
		" AND ($2 IS NULL OR l.mode <> 'slice'"
		"  OR l.details ->> 'slice' = $2)"
		" AND NOT pg_catalog.jsonb_exists(l.details, 'replayed')"
		" ORDER BY l.finished_at DESC, l.load_id DESC LIMIT 1";
	static const char *const count =
		"SELECT pg_catalog.count(*) FROM etl.loaded_source"
		" WHERE target = $1 AND load_id = $2";
	const EtlLoadRequest *request = sources->load->request;
	Statement statement = {0};

	set(&statement, 0, REGCLASSOID, ObjectIdGetDatum(request->target));
	statement.types[1] = TEXTOID;
	statement.isnull[1] = request->slice == NULL;
	if (request->slice)
		statement.values[1] = CStringGetTextDatum(request->slice);
	set(&statement, 2, TEXTOID,
		CStringGetTextDatum(etl_load_mode_names[request->mode]));
	sources->previous = ask_number(last, 3, &statement);
	set(&statement, 1, INT8OID, Int64GetDatum(sources->previous));
	sources->previous_sources = ask_number(count, 2, &statement);
}

/* Whether the load that would be replaced read just this. */
static bool
was_previous(EtlSources *sources, const char *name, const char *version)
{
	static const char *const find =
		"SELECT load_id FROM etl.loaded_source"
		" WHERE target = $1 AND key = $2 AND load_id = $3";
	Statement statement = {0};

	if (sources->previous_sources < 0)
		find_previous(sources);
	if (sources->previous_sources == 0)
		return false;
	set(&statement, 0, REGCLASSOID,
		ObjectIdGetDatum(sources->load->request->target));
	set(&statement, 1, BYTEAOID, source_key(sources->load, name, version));
	set(&statement, 2, INT8OID, Int64GetDatum(sources->previous));
	return ask_number(find, 3, &statement) != 0;
}

/* Writes the row of a source; false if it's there and is to be left alone. */
static bool
write_row(const EtlLoad *load, const char *name, const char *version,
		  bool overwrite)
{
	static const char *const claim =
		"INSERT INTO etl.loaded_source (target, source, fingerprint, key,"
		" load_id, loaded_at, owner, owner_oid)"
		" VALUES ($1, $2, $3, $4, $5, $6,"
		" pg_catalog.pg_get_userbyid($7), $7)"
		" ON CONFLICT (target, key) DO NOTHING";
	static const char *const record =
		"INSERT INTO etl.loaded_source (target, source, fingerprint, key,"
		" load_id, loaded_at, owner, owner_oid)"
		" VALUES ($1, $2, $3, $4, $5, $6,"
		" pg_catalog.pg_get_userbyid($7), $7)"
		" ON CONFLICT (target, key) DO UPDATE SET load_id = EXCLUDED.load_id,"
		" loaded_at = EXCLUDED.loaded_at, owner = EXCLUDED.owner,"
		" owner_oid = EXCLUDED.owner_oid";
	Statement statement = {0};
	EtlOwnerScope scope;
	bool written;

	set(&statement, 0, REGCLASSOID, ObjectIdGetDatum(load->request->target));
	set(&statement, 1, TEXTOID, CStringGetTextDatum(name));
	set(&statement, 2, TEXTOID, CStringGetTextDatum(version));
	set(&statement, 3, BYTEAOID, source_key(load, name, version));
	set(&statement, 4, INT8OID, Int64GetDatum(load->id));
	set(&statement, 5, TIMESTAMPTZOID, TimestampTzGetDatum(load->started_at));
	set(&statement, 6, OIDOID, ObjectIdGetDatum(GetUserId()));
	etl_owner_begin(&scope);
	etl_owner_execute(overwrite ? record : claim, 7, statement.types,
					  statement.values, statement.isnull, SPI_OK_INSERT);
	written = SPI_processed > 0;
	etl_owner_end(&scope);
	return written;
}

/* Passes over a source. */
static bool
skip(EtlSources *sources, const char *name)
{
	MemoryContext old = MemoryContextSwitchTo(sources->context);

	if (sources->nskipped++ < NAMES_TOLD)
		sources->skipped = lappend(sources->skipped, pstrdup(name));
	MemoryContextSwitchTo(old);
	return false;
}

/* Remembers a source that is read. */
static void
note_read(EtlSources *sources, const char *name, const char *version,
		  bool claimed)
{
	MemoryContext old = MemoryContextSwitchTo(sources->context);
	Source *source = palloc(sizeof(Source));

	source->name = pstrdup(name);
	source->version = pstrdup(version);
	source->claimed = claimed;
	sources->read = lappend(sources->read, source);
	MemoryContextSwitchTo(old);
}

/* Whether the source is one of those that the previous load read. */
static bool
take_together(EtlSources *sources, const char *name, const char *version)
{
	if (version && was_previous(sources, name, version))
		return skip(sources, name);
	if (sources->nskipped == 0)
	{
		sources->read_all = true;
		return true;
	}
	/* those before it are needed, too, and come first */
	sources->see_again = true;
	return false;
}

bool
etl_sources_take(EtlSources *sources, const char *name, const char *version)
{
	bool claimed = false;

	if (sources->see_again)
		return false;
	if (!sources->read_all)
	{
		if (sources->replaces)
		{
			if (!take_together(sources, name, version))
				return false;
		}
		else if (version)
		{
			claimed = write_row(sources->load, name, version, false);
			if (!claimed)
				return skip(sources, name);
		}
	}
	sources->nread++;
	if (version)
		note_read(sources, name, version, claimed);
	return true;
}

bool
etl_sources_see_again(EtlSources *sources)
{
	/* a source that is gone is a change, too */
	if (sources->replaces && sources->nskipped > 0 && !sources->read_all &&
		sources->nskipped != sources->previous_sources)
		sources->see_again = true;
	if (!sources->see_again)
		return false;
	sources->see_again = false;
	sources->read_all = true;
	sources->nskipped = 0;
	sources->skipped = NIL;
	return true;
}

bool
etl_sources_all_skipped(const EtlSources *sources)
{
	return sources->nread == 0 && sources->nskipped > 0;
}

/* After all of the target was replaced, nothing that was loaded before is there. */
static void
forget_others(const EtlLoad *load)
{
	Oid types[] = {REGCLASSOID, INT8OID};
	Datum values[] = {ObjectIdGetDatum(load->request->target),
					  Int64GetDatum(load->id)};
	EtlOwnerScope scope;

	etl_owner_begin(&scope);
	etl_owner_execute("DELETE FROM etl.loaded_source"
					  " WHERE target = $1 AND load_id <> $2",
					  2, types, values, NULL, SPI_OK_DELETE);
	etl_owner_end(&scope);
}

void
etl_sources_record(const EtlLoad *load)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl sources",
							  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ListCell *lc;

	foreach (lc, load->sources ? load->sources->read : NIL)
	{
		const Source *source = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (!source->claimed)
			(void) write_row(load, source->name, source->version, true);
		MemoryContextReset(context);
	}
	if (load->request->mode == ETL_LOAD_REPLACE && !load->skipped)
		forget_others(load);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

void
etl_sources_append_details(const EtlSources *sources, StringInfo out)
{
	ListCell *lc;

	if (sources->skips || sources->nread != 1)
		appendStringInfo(out, ", \"sources\": %lld",
						 (long long) sources->nread);
	if (!sources->skips)
		return;
	appendStringInfo(out, ", \"sources_skipped\": %lld, \"skipped\": [",
					 (long long) sources->nskipped);
	foreach (lc, sources->skipped)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(out, ", ");
		escape_json(out, lfirst(lc));
	}
	appendStringInfoChar(out, ']');
}
