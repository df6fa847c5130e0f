/*
 * inspect_json.c
 *	  A look at JSON: the members of its records, as columns.
 *
 * No header names them, so a column appears when a member is first seen.  What
 * is a number, a string or nested the source says itself: only within those
 * kinds are types inferred.  A member that holds objects or arrays becomes
 * jsonb; a note tells how to reach inside.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "csv/csv_names.h"
#include "reject/reject.h"
#include "scan/inspect_private.h"
#include "scan/items.h"
#include "json/json_reader.h"

/* Of keys that are shown in an example, in bytes. */
#define MAX_EXAMPLE_KEY 32

/* A column in the making. */
typedef struct Member
{
	char *name; /* the column that the user wants, else the member's name */
	char *path; /* of one that the user wants, else NULL */
	EtlInference *inference;
	int64 records;     /* that have it */
	int64 last_record; /* the last of them */
	bool has_nested;
	bool has_plain;
	char inner[MAX_EXAMPLE_KEY]; /* a key of an object, or "" */
} Member;

/* The name of a member, not NUL-terminated, and which it is. */
typedef struct NameEntry
{
	struct
	{
		const char *s;
		size_t n;
	} key;
	int member;
} NameEntry;

typedef struct JsonInspector
{
	EtlInspection *result;
	MemoryContext context;
	HTAB *names;
	Member *members;
	int nmembers;
	int capacity;
	int nmapped; /* the first ones: what the columns option names */
	int *wanted; /* the fields of those, and that of the whole record */
	Member whole;
	int64 rows; /* records seen, bad ones too */
	int64 rejects;
	int64 scalars; /* records that are no objects */
	bool overflow; /* there are more members than a row has columns */
	char *first_reject;
	int reject_code; /* its SQLSTATE */
} JsonInspector;

static uint32
hash_name(const void *key, Size size)
{
	const NameEntry *entry = key;

	return hash_bytes((const unsigned char *) entry->key.s,
					  (int) entry->key.n);
}

static int
compare_names(const void *a, const void *b, Size size)
{
	const NameEntry *left = a;
	const NameEntry *right = b;

	return left->key.n != right->key.n ||
		   memcmp(left->key.s, right->key.s, left->key.n) != 0;
}

static void
init_member(Member *member, char *name, char *path)
{
	memset(member, 0, sizeof(*member));
	member->name = name;
	member->path = path;
	member->inference = etl_infer_new(1, true);
}

/* Appends a member, whose name is palloc'd; returns its index. */
static int
add_member(JsonInspector *inspector, char *name, char *path)
{
	if (inspector->nmembers == inspector->capacity)
	{
		inspector->capacity *= 2;
		inspector->members =
			repalloc(inspector->members,
					 sizeof(Member) * (size_t) inspector->capacity);
	}
	init_member(&inspector->members[inspector->nmembers], name, path);
	return inspector->nmembers++;
}

/* True if the path is that of the member of this name. */
static bool
is_path_of(const char *path, const char *name, size_t n)
{
	if (path[0] == '$' && path[1] == '.')
		path += 2;
	return strlen(path) == n && memcmp(path, name, n) == 0;
}

/*
 * The member of this name, perhaps a new one; NULL if there is no room, or the
 * user has it under another name.
 */
static Member *
find_member(JsonInspector *inspector, const char *name, size_t n,
			int likely_at)
{
	NameEntry key = {{name, n}, 0};
	NameEntry *entry;
	bool found;

	if (likely_at < inspector->nmembers && likely_at >= inspector->nmapped &&
		strlen(inspector->members[likely_at].name) == n &&
		memcmp(inspector->members[likely_at].name, name, n) == 0)
		return &inspector->members[likely_at];

	entry = hash_search(inspector->names, &key, HASH_FIND, NULL);
	if (entry)
		return entry->member < 0 ? NULL : &inspector->members[entry->member];
	if (inspector->nmembers >= MaxHeapAttributeNumber)
	{
		inspector->overflow = true;
		return NULL;
	}

	key.key.s = MemoryContextAlloc(inspector->context, n + 1);
	memcpy(unconstify(char *, key.key.s), name, n);
	unconstify(char *, key.key.s)[n] = '\0';
	entry = hash_search(inspector->names, &key, HASH_ENTER, &found);
	entry->member = -1;
	for (int i = 0; i < inspector->nmapped; i++)
		if (is_path_of(inspector->members[i].path, name, n))
			return NULL;
	entry->member = add_member(inspector, unconstify(char *, key.key.s), NULL);
	return &inspector->members[entry->member];
}

/* How many of n bytes, from the first, need no quoting in a path. */
static size_t
plain_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n &&
		   ((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			(s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
		i++;
	return i;
}

/* Keeps the first key of an object if it needs no quoting in a path. */
static void
keep_inner_key(Member *member, const EtlField *value)
{
	const char *s = value->data + 1;
	const char *end = value->data + value->len;
	size_t n;

	while (s < end && strchr(" \t\r\n", *s) != NULL)
		s++;
	if (s == end || *s++ != '"')
		return;
	n = plain_length(s, (size_t) (end - s));
	if (n > 0 && n < MAX_EXAMPLE_KEY && s[n] == '"')
		memcpy(member->inner, s, n);
}

static void
infer_field(Member *member, const EtlField *field, const EtlRecord *record)
{
	bool is_value = field->kind >= ETL_FIELD_TEXT;
	bool is_nested = field->kind == ETL_FIELD_JSON &&
					 (field->data[0] == '{' || field->data[0] == '[');

	if (field->kind == ETL_FIELD_MISSING)
		return;
	if (member->last_record != record->record_no)
		member->records++;
	member->last_record = record->record_no;
	member->has_nested |= is_nested;
	member->has_plain |= is_value && !is_nested;
	if (is_nested && field->data[0] == '{' && member->inner[0] == '\0')
		keep_inner_key(member, field);
	etl_infer_value(member->inference, 0, field, record->line);
}

static void
infer_record(JsonInspector *inspector, EtlReader *reader,
			 const EtlRecord *record)
{
	int n;
	const EtlJsonMember *members = etl_json_reader_members(reader, &n);
	int at = inspector->nmapped;

	for (int i = 0; i < inspector->nmapped; i++)
		infer_field(&inspector->members[i], &record->fields[i], record);
	if (members == NULL)
	{
		inspector->scalars++;
		infer_field(&inspector->whole, &record->fields[inspector->nmapped],
					record);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		Member *member =
			find_member(inspector, members[i].name, members[i].name_len, at);

		/* Mostly they stand in the same order. */
		if (member == NULL)
			continue;
		infer_field(member, &members[i].value, record);
		at = (int) (member - inspector->members) + 1;
	}
}

/* Asks the reader for what the user named, and for the whole record. */
static void
bind_reader(JsonInspector *inspector, EtlReader *reader)
{
	int n = inspector->nmapped;

	for (int i = 0; i < n; i++)
		inspector->wanted[i] =
			reader->ops->find_field(reader, inspector->members[i].path, true,
									false);
	inspector->wanted[n] =
		reader->ops->find_field(reader, inspector->whole.path, true, false);
	etl_reader_want(reader, inspector->wanted, n + 1);
}

/* Feeds the records of one item; false when the sample is full. */
static bool
inspect_records(JsonInspector *inspector, EtlReader *reader, int64 sample_rows)
{
	bind_reader(inspector, reader);
	for (int i = 0; i < inspector->nmembers; i++)
		inspector->members[i].last_record = 0;
	for (;;)
	{
		EtlRecord record;

		CHECK_FOR_INTERRUPTS();
		if (sample_rows >= 0 && inspector->rows >= sample_rows)
			return false;
		switch (etl_reader_next(reader, &record))
		{
			case ETL_READ_EOF:
				return true;
			case ETL_READ_REJECT:
				if (inspector->rejects++ == 0)
				{
					inspector->reject_code = reader->reject.sqlerrcode;
					inspector->first_reject =
						etl_reject_describe(&reader->reject);
				}
				break;
			case ETL_READ_RECORD:
				infer_record(inspector, reader, &record);
				break;
		}
		inspector->rows++;
	}
}

/* Columns that the user named come first. */
static void
add_mapped_members(JsonInspector *inspector, Jsonb *columns)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue value;

	if (columns == NULL)
		return;
	it = JsonbIteratorInit(&columns->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		char *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		(void) JsonbIteratorNext(&it, &value, true);
		if (value.type != jbvString)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"columns\" gives no %s for column \"%s\"",
							inspector->result->call->format->field_noun, name),
					 errdetail("A name or a path is expected.")));
		add_member(inspector, name,
				   pnstrdup(value.val.string.val, value.val.string.len));
	}
	inspector->nmapped = inspector->nmembers;
}

static JsonInspector *
make_inspector(EtlCall *call)
{
	JsonInspector *inspector = palloc0(sizeof(JsonInspector));
	HASHCTL ctl = {.keysize = offsetof(NameEntry, member),
				   .entrysize = sizeof(NameEntry),
				   .hash = hash_name,
				   .match = compare_names,
				   .hcxt = CurrentMemoryContext};

	inspector->context = CurrentMemoryContext;
	inspector->result = palloc0(sizeof(EtlInspection));
	inspector->result->call = call;
	inspector->result->source = call->source;
	inspector->names =
		hash_create("members", 64, &ctl,
					HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	inspector->capacity = 64;
	inspector->members = palloc(sizeof(Member) * 64);
	add_mapped_members(inspector, call->options->columns);
	inspector->wanted = palloc(sizeof(int) * (inspector->nmapped + 1));
	init_member(&inspector->whole, pstrdup("value"), pstrdup("$"));
	return inspector;
}

/* Reads the sample. */
static void
inspect_source(JsonInspector *inspector, EtlCall *call, int64 sample_rows)
{
	EtlInspection *result = inspector->result;
	EtlItems *items = etl_items_open(call, CurrentMemoryContext);
	bool more = true;

	result->nitems = items->many ? 2 : 1;
	result->has_secret = items->has_secret;
	while (more && etl_items_next(items))
	{
		EtlStream *raw = etl_items_stream(items);
		EtlReader *reader;

		if (raw == NULL)
			break;
		reader = call->format->open(raw, items->name, call, 0);
		more = inspect_records(inspector, reader, sample_rows);
		if (more)
			etl_items_ended(items, reader);

		/* the first reader stays, for what it chose, but reads no more */
		etl_stream_close(raw);
		if (result->reader == NULL)
		{
			result->reader = reader;
			result->item = pstrdup(reader->source);
			reader->source = result->item;
		}
		else
		{
			etl_inspection_compare_settings(result, reader);
			etl_reader_close(reader);
		}
	}
	etl_items_close(items);
}

/* The path to a member, by its exact name; palloc'd. */
static char *
member_path(const char *name)
{
	StringInfoData path;

	if (name[0] != '\0' && plain_length(name, strlen(name)) == strlen(name))
		return psprintf("$.%s", name);
	initStringInfo(&path);
	appendStringInfoString(&path, "$.\"");
	for (; *name != '\0'; name++)
	{
		if (*name == '"' || *name == '\\')
			appendStringInfoChar(&path, '\\');
		appendStringInfoChar(&path, *name);
	}
	appendStringInfoChar(&path, '"');
	return path.data;
}

/* The type of a column, and what is to be said of it. */
static EtlInferred
settle_type(const Member *member, int64 records)
{
	const char *name = member->name;
	EtlInferred inferred = etl_infer_result(member->inference, 0);

	inferred.nullable |= member->records < records;
	if (member->has_nested && member->has_plain)
		inferred.type = "jsonb";
	else if (member->has_nested && strcmp(inferred.type, "jsonb") != 0)
		inferred.type = "json"; /* such as jsonb refuses */
	if (member->inner[0] != '\0' && member->path == NULL &&
		inferred.note == NULL &&
		plain_length(name, strlen(name)) == strlen(name))
		inferred.note = psprintf("columns => '{\"%s_%s\": \"$.%s.%s\"}' "
								 "reaches inside",
								 name, member->inner, name, member->inner);
	return inferred;
}

static void
settle_columns(JsonInspector *inspector)
{
	EtlInspection *result = inspector->result;
	int64 records = inspector->rows - inspector->rejects;
	char **names;

	if (inspector->nmembers == inspector->nmapped && inspector->scalars > 0)
	{
		add_member(inspector, NULL, NULL);
		inspector->members[inspector->nmembers - 1] = inspector->whole;
	}
	result->ncolumns = inspector->nmembers;
	result->columns =
		palloc0(sizeof(EtlInspectedColumn) * Max(result->ncolumns, 1));
	names = palloc(sizeof(char *) * Max(result->ncolumns, 1));
	for (int i = 0; i < result->ncolumns; i++)
		names[i] = inspector->members[i].name;
	names = etl_csv_column_names(names, result->ncolumns);
	for (int i = 0; i < result->ncolumns; i++)
	{
		const Member *member = &inspector->members[i];
		bool is_mapped = i < inspector->nmapped;
		EtlInspectedColumn *column = &result->columns[i];

		column->name = names[i];
		column->field = member->path ? member->path : member->name;
		column->renamed =
			!is_mapped && (member->path || !etl_inspected_finds_field(column));
		if (column->renamed && !member->path)
			column->field = member_path(member->name);
		column->inferred = settle_type(member, records);
	}
	if (inspector->overflow)
		result->columns[result->ncolumns - 1].inferred.note =
			pstrdup("there are more members than a row has columns; "
					"etl_record has all");
}

/* Raises an error if there are bad records, but no good one. */
static void
check_rejects(const JsonInspector *inspector)
{
	if (inspector->rejects > 0 && inspector->rejects == inspector->rows)
		ereport(ERROR,
				(errcode(inspector->reject_code),
				 errmsg("\"%s\" has no good record", inspector->result->item),
				 errdetail("The first: %s", inspector->first_reject)));
}

EtlInspection *
etl_inspect_json(EtlCall *call, int64 sample_rows)
{
	JsonInspector *inspector = make_inspector(call);
	EtlInspection *result = inspector->result;
	const EtlScanOptions *options = call->options;

	inspect_source(inspector, call, sample_rows);
	check_rejects(inspector);
	settle_columns(inspector);
	etl_inspection_apply_date_formats(result);
	result->null_strings = list_make1("");
	result->decimal_separator =
		options->decimal_separator ? options->decimal_separator[0] : '.';
	result->thousands_separator =
		options->thousands_separator ? options->thousands_separator[0] : 0;
	return result;
}
