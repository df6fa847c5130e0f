/*
 * json_missed.c
 *	  Where records seem to be in a document that was read as one record.
 *
 * For the eyes of who finds nothing in it; no record is read by it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "json/reader_private.h"

/* Nobody looks for records in more objects inside each other. */
#define MAX_DEPTH 4

/* Arrays of objects in a document, those inside others not counted. */
typedef struct Finder
{
	StringInfoData names[MAX_DEPTH]; /* of the members on the way */
	int array_depth; /* that elements of the array at hand have; 0: none */
	bool at_first;   /* its first element comes next */
	char *path;      /* of the first array of objects */
	bool several;
} Finder;

/* Appends a step to a member; false if it has no text in this encoding. */
static bool
append_step(const EtlJsonReader *reader, StringInfo path,
			const StringInfoData *name)
{
	char *text = etl_json_name_text(reader, name->data, (size_t) name->len);

	if (text == NULL)
		return false;
	if (text[0] != '\0' && text[strcspn(text, ".[]'\"\\ *")] == '\0')
	{
		appendStringInfo(path, ".%s", text);
		return true;
	}
	appendStringInfoString(path, "[\"");
	for (const char *s = text; *s; s++)
	{
		if (*s == '"' || *s == '\\')
			appendStringInfoChar(path, '\\');
		appendStringInfoChar(path, *s);
	}
	appendStringInfoString(path, "\"]");
	return true;
}

/* An array of objects was found: keeps its path. */
static void
take_array(const EtlJsonReader *reader, Finder *finder)
{
	StringInfoData path;

	finder->several = finder->path != NULL;
	initStringInfo(&path);
	appendStringInfoChar(&path, '$');
	for (int i = 0; i < finder->array_depth - 1; i++)
	{
		if (!append_step(reader, &path, &finder->names[i]))
			finder->several = true;
	}
	appendStringInfoString(&path, "[*]");
	finder->path = path.data;
}

/* A value begins with the character. */
static void
take_value(const EtlJsonReader *reader, Finder *finder, int depth, char c)
{
	if (finder->array_depth > 0 && depth >= finder->array_depth)
	{
		if (finder->at_first && c == '{')
			take_array(reader, finder);
		finder->at_first = false;
		return;
	}
	finder->array_depth = 0;
	if (c == '[' && depth > 0 && depth <= MAX_DEPTH)
	{
		finder->array_depth = depth + 1;
		finder->at_first = true;
	}
}

static void
take_name(Finder *finder, const EtlJsonPull *pull)
{
	StringInfo name;

	if (pull->depth > MAX_DEPTH)
		return;
	name = &finder->names[pull->depth - 1];
	resetStringInfo(name);
	appendBinaryStringInfo(name, pull->key,
						   (int) Min(pull->key_len, ETL_JSON_MAX_KEY));
	if (pull->key_len > ETL_JSON_MAX_KEY)
		finder->several = true;
}

/* The path of the only array of objects in an object, palloc'd; or NULL. */
static char *
find_array(EtlJsonReader *reader, const char *s, size_t n)
{
	EtlJsonPull *pull = &reader->value_pull;
	const char *end = s + n;
	Finder finder = {0};
	EtlJsonEvent event;

	for (int i = 0; i < MAX_DEPTH; i++)
		initStringInfo(&finder.names[i]);
	etl_json_pull_start(pull);
	do
	{
		CHECK_FOR_INTERRUPTS();
		event = etl_json_pull(pull, &s, end, true);
		if (event == ETL_JSON_VALUE)
			take_value(reader, &finder, pull->depth, *s);
		else if (event == ETL_JSON_KEY)
			take_name(&finder, pull);
	} while ((event == ETL_JSON_VALUE || event == ETL_JSON_KEY) &&
			 !finder.several);
	return finder.several || event != ETL_JSON_DONE ? NULL : finder.path;
}

void
etl_json_note_missed(EtlJsonReader *reader, const EtlRecord *record)
{
	MemoryContext old;

	if (reader->lines || reader->base.nwanted == 0 || record->raw[0] != '{')
		return;
	for (int i = 0; i < reader->base.nwanted; i++)
	{
		if (record->fields[i].kind != ETL_FIELD_MISSING)
			return;
	}
	old = MemoryContextSwitchTo(reader->context);
	reader->missed = find_array(reader, record->raw, record->raw_len);
	MemoryContextSwitchTo(old);
}

const char *
etl_json_reader_missed(EtlReader *self)
{
	return self->records == 1 ? ((EtlJsonReader *) self)->missed : NULL;
}
