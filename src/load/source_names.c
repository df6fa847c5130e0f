/*
 * source_names.c
 *	  The names of what a source has.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "json/json_path.h"
#include "json/pull_parser.h"
#include "load/source_names.h"
#include "record/names.h"

/* So many records are looked at where only records tell the names. */
#define RECORDS_LOOKED_AT 100

/* More names are not remembered; a record may have keys that are values. */
#define MAX_IGNORED 1000

/* Longer lists of names in messages are cut. */
#define MAX_LISTED_NAMES 30

/* A name that must be there. */
typedef struct Required
{
	EtlCheck *check;
	const char *name;
	int column; /* 0-based, among those that are put; or -1 */
	bool seen;  /* in the item; where names are open, in a record */
} Required;

static void find_used(EtlSourceNames *names);
static void find_required(EtlSourceNames *names);
static void ignore(EtlLoad *load, const char *name);
static void note_unwanted(EtlLoad *load, const EtlReader *reader);
static void append_missing(StringInfo missing, const char *name);
static void fail(EtlCheck *check, StringInfo missing, const char *what,
				 const char *noun);
static void judge(EtlSourceNames *names, const char *what, const char *noun);
static bool has_field(const EtlSourceNames *names, const EtlReader *reader,
					  const Required *required);
static void meet(EtlSourceNames *names, Required *required);
static void note_key(EtlSourceNames *names, const char *key);

EtlSourceNames *
etl_source_names_new(EtlLoad *load, const EtlCall *call)
{
	EtlSourceNames *names = palloc0(sizeof(EtlSourceNames));

	names->load = load;
	names->columns = call->options->columns;
	names->context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl source names",
							  ALLOCSET_DEFAULT_SIZES);
	find_required(names);
	return names;
}

/* What the option "columns" says of a column; NULL if nothing. */
static JsonbValue *
find_mapping(const EtlSourceNames *names, const char *column)
{
	if (names->columns == NULL)
		return NULL;
	return getKeyJsonValueFromContainer(&names->columns->root, column,
										strlen(column), NULL);
}

/*
 * Which keys of a record go into columns.  Of a path that is its first step;
 * it may lead anywhere in what is there.
 */
static void
find_used(EtlSourceNames *names)
{
	TupleDesc desc = names->load->row_desc;

	for (int i = 0; i < desc->natts; i++)
	{
		char *name = NameStr(TupleDescAttr(desc, i)->attname);
		const JsonbValue *mapping = find_mapping(names, name);

		if (mapping && mapping->type == jbvString)
		{
			EtlJsonPath *path =
				etl_json_path_parse(pnstrdup(mapping->val.string.val,
											 mapping->val.string.len),
									"columns", true);

			if (path->nsteps == 0 ||
				path->steps[0].kind != ETL_JSON_STEP_MEMBER)
			{
				names->takes_all = true;
				continue;
			}
			name = path->steps[0].name;
		}
		names->used = lappend(names->used, etl_name_fold(name));
	}
}

static int
find_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return i;
	return -1;
}

static void
find_required(EtlSourceNames *names)
{
	ListCell *lc;

	foreach (lc, names->load->checks)
	{
		EtlCheck *check = lfirst(lc);

		if (check->kind != ETL_CHECK_REQUIRED_COLUMNS)
			continue;
		for (int i = 0; i < check->columns->n; i++)
		{
			Required *required = palloc0(sizeof(Required));

			required->check = check;
			required->name = check->columns->items[i];
			required->column =
				find_column(names->load->row_desc, required->name);
			names->required = lappend(names->required, required);
			names->nmissing++;
		}
	}
}

/* Remembers a name that has no place in the target. */
static void
ignore(EtlLoad *load, const char *name)
{
	MemoryContext old;
	ListCell *lc;

	if (list_length(load->ignored) >= MAX_IGNORED)
		return;
	foreach (lc, load->ignored)
		if (strcmp(lfirst(lc), name) == 0)
			return;
	old = MemoryContextSwitchTo(load->context);
	load->ignored = lappend(load->ignored, pstrdup(name));
	MemoryContextSwitchTo(old);
}

void
etl_source_names_bound(EtlSourceNames *names, const EtlReader *reader)
{
	MemoryContext old;
	ListCell *lc;

	names->watching = false;
	if (!etl_reader_names_are_open(reader))
	{
		note_unwanted(names->load, reader);
		foreach (lc, names->required)
		{
			Required *required = lfirst(lc);

			required->seen = has_field(names, reader, required);
		}
		judge(names, psprintf("\"%s\"", reader->source), "column");
		return;
	}
	names->watching =
		names->nlooked < RECORDS_LOOKED_AT || names->nmissing > 0;
	if (names->any_open)
		return;
	names->any_open = true;
	old = MemoryContextSwitchTo(names->load->context);
	find_used(names);
	MemoryContextSwitchTo(old);
}

/* Notes the fields that nobody wants. */
static void
note_unwanted(EtlLoad *load, const EtlReader *reader)
{
	bool *wanted = palloc0(sizeof(bool) * Max(reader->nfields, 1));

	for (int i = 0; i < reader->nwanted; i++)
		if (reader->wanted[i] >= 0)
			wanted[reader->wanted[i]] = true;
	for (int i = 0; i < reader->nfields; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (wanted[i])
			continue;
		if (reader->names && reader->names[i][0] != '\0')
			ignore(load, reader->names[i]);
		else
			ignore(load, psprintf("column%d", i + 1));
	}
	pfree(wanted);
}

static void
append_missing(StringInfo missing, const char *name)
{
	appendStringInfo(missing, "%s\"%s\"", missing->len > 0 ? ", " : "", name);
}

/* The check fails, for what is missing; forgets that. */
static void
fail(EtlCheck *check, StringInfo missing, const char *what, const char *noun)
{
	etl_check_fail(check, psprintf("There is no %s %s in %s.", noun,
								   missing->data, what));
	resetStringInfo(missing);
}

/* Fails the checks that require what was not seen. */
static void
judge(EtlSourceNames *names, const char *what, const char *noun)
{
	StringInfoData missing;
	ListCell *lc;

	initStringInfo(&missing);
	foreach (lc, names->required)
	{
		const Required *required = lfirst(lc);
		ListCell *next = lnext(names->required, lc);

		if (!required->seen)
			append_missing(&missing, required->name);
		if (missing.len > 0 &&
			(next == NULL ||
			 ((const Required *) lfirst(next))->check != required->check))
			fail(required->check, &missing, what, noun);
	}
}

/* How many of the columns before this one go by position. */
static int
count_positions(const EtlSourceNames *names, int column)
{
	TupleDesc desc = names->load->row_desc;
	int n = 0;

	for (int i = 0; i < column; i++)
		if (find_mapping(names, NameStr(TupleDescAttr(desc, i)->attname)) ==
			NULL)
			n++;
	return n;
}

/* Whether an item whose fields are known has the one that is required. */
static bool
has_field(const EtlSourceNames *names, const EtlReader *reader,
		  const Required *required)
{
	char *folded = etl_name_fold(required->name);

	/* the row has been bound, so what a mapping names is there */
	if (required->column >= 0 && reader->nfields > 0 &&
		find_mapping(names, required->name))
		return true;
	if (reader->names == NULL)
		return required->column >= 0 &&
			   count_positions(names, required->column) < reader->nfields;
	for (int i = 0; i < reader->nfields; i++)
	{
		const char *name = reader->names[i];

		if (strcmp(name, required->name) == 0 ||
			strcmp(etl_name_fold(name), folded) == 0 ||
			etl_name_is_cut(required->name, name))
			return true;
	}
	return false;
}

static void
meet(EtlSourceNames *names, Required *required)
{
	required->seen = true;
	names->nmissing--;
}

void
etl_source_names_look(EtlSourceNames *names, EtlScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(names->context);
	EtlJsonPull *pull = palloc(sizeof(EtlJsonPull));
	EtlJsonEvent event = ETL_JSON_DONE;
	char *record;
	const char *s;
	ListCell *lc;

	names->nlooked++;
	foreach (lc, names->required)
	{
		Required *required = lfirst(lc);

		if (!required->seen && required->column >= 0 &&
			!etl_scan_is_missing(scan, required->column))
			meet(names, required);
	}
	record = etl_scan_record_json(scan, etl_scan_record(scan));
	s = record;
	if (record)
	{
		const char *end = record + strlen(record);

		etl_json_pull_start(pull);
		do
		{
			CHECK_FOR_INTERRUPTS();
			event = etl_json_pull(pull, &s, end, true);
			if (event == ETL_JSON_KEY && pull->depth == 1 &&
				pull->key_len <= ETL_JSON_MAX_KEY)
				note_key(names, pnstrdup(pull->key, pull->key_len));
		} while (event == ETL_JSON_KEY || event == ETL_JSON_VALUE);
	}
	names->watching =
		names->nlooked < RECORDS_LOOKED_AT || names->nmissing > 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(names->context);
}

/* A record has a key. */
static void
note_key(EtlSourceNames *names, const char *key)
{
	const char *folded = etl_name_fold(key);
	ListCell *lc;

	foreach (lc, names->required)
	{
		Required *required = lfirst(lc);

		if (!required->seen && required->column < 0 &&
			(strcmp(required->name, key) == 0 ||
			 strcmp(etl_name_fold(required->name), folded) == 0))
			meet(names, required);
	}
	if (names->takes_all || names->nlooked > RECORDS_LOOKED_AT)
		return;
	foreach (lc, names->used)
		if (strcmp(lfirst(lc), folded) == 0 ||
			etl_name_is_cut(lfirst(lc), folded))
			return;
	ignore(names->load, key);
}

void
etl_source_names_end(EtlSourceNames *names)
{
	/* of no records nothing can be said */
	if (names->any_open && names->nlooked > 0)
		judge(names, "the source", "member");
}

void
etl_source_names_of_query(EtlLoad *load, TupleDesc desc)
{
	StringInfoData missing;
	ListCell *lc;

	initStringInfo(&missing);
	foreach (lc, load->checks)
	{
		EtlCheck *check = lfirst(lc);

		if (check->kind != ETL_CHECK_REQUIRED_COLUMNS)
			continue;
		for (int i = 0; i < check->columns->n; i++)
			if (find_column(desc, check->columns->items[i]) < 0)
				append_missing(&missing, check->columns->items[i]);
		if (missing.len > 0)
			fail(check, &missing, "the query", "column");
	}
}

void
etl_source_names_warn(const EtlLoad *load)
{
	int n = list_length(load->ignored);
	StringInfoData list;
	ListCell *lc;

	if (n == 0)
		return;
	initStringInfo(&list);
	foreach (lc, load->ignored)
	{
		const char *name = lfirst(lc);

		if (foreach_current_index(lc) == MAX_LISTED_NAMES)
		{
			appendStringInfo(&list, " and %d more", n - MAX_LISTED_NAMES);
			break;
		}
		appendStringInfo(&list, "%s\"%s\"",
						 foreach_current_index(lc) > 0 ? ", " : "",
						 etl_reject_excerpt(name, strlen(name), NAMEDATALEN));
	}
	ereport(WARNING,
			(errmsg_plural("%d column of the source was ignored",
						   "%d columns of the source were ignored", n, n),
			 errdetail("The target takes no value for %s.", list.data)));
}
