/*
 * json_wanted.c
 *	  From the fields that somebody wants to the tree that finds them.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "record/names.h"
#include "json/reader_private.h"

/* A record may bring keys that no other has; then all are forgotten. */
#define MAX_KEYS 10000

/* A member that is wanted, and what of it. */
typedef struct Member
{
	const char *name;
	const char *folded; /* NULL: only exactly this name will do */
	EtlJsonPlace place;
} Member;

/* Those of a node. */
typedef struct Members
{
	Member *items;
	int n;
} Members;

int
etl_json_find_field(EtlReader *self, const char *name, bool is_path,
					bool as_json)
{
	EtlJsonReader *reader = (EtlJsonReader *) self;
	MemoryContext old = MemoryContextSwitchTo(reader->context);
	EtlJsonField *field;

	if (reader->nknown == reader->known_capacity)
	{
		reader->known_capacity = 2 * reader->known_capacity + 16;
		if (reader->known == NULL)
			reader->known =
				palloc(reader->known_capacity * sizeof(EtlJsonField));
		else
			reader->known = repalloc(reader->known, reader->known_capacity *
														sizeof(EtlJsonField));
	}
	field = &reader->known[reader->nknown];
	field->name = pstrdup(name);
	field->any_case = !is_path || *name != '$';
	field->as_json = as_json;
	if (is_path)
		field->path = etl_json_path_parse(name, "columns", false);
	else
	{
		field->path = palloc(sizeof(EtlJsonPath));
		field->path->nsteps = 1;
		field->path->steps = palloc(sizeof(EtlJsonStep));
		field->path->steps[0].kind = ETL_JSON_STEP_MEMBER;
		field->path->steps[0].name = field->name;
	}
	MemoryContextSwitchTo(old);
	reader->base.nfields = ++reader->nknown;
	return reader->nknown - 1;
}

static EtlJsonNode *
node_of(EtlJsonReader *reader, EtlJsonPlace *place)
{
	if (place->node == NULL)
	{
		place->node = palloc0(sizeof(EtlJsonNode));
		place->node->owner = palloc0(sizeof(Members));
		reader->nodes = lappend(reader->nodes, place->node);
	}
	return place->node;
}

static EtlJsonPlace *
member_place(EtlJsonNode *node, const char *name, bool any_case)
{
	Members *members = node->owner;
	Member *member;

	for (int i = 0; i < members->n; i++)
	{
		member = &members->items[i];
		if (strcmp(member->name, name) == 0 &&
			(member->folded != NULL) == any_case)
			return &member->place;
	}
	members->items =
		members->items == NULL
			? palloc(sizeof(Member))
			: repalloc(members->items, (members->n + 1) * sizeof(Member));
	member = &members->items[members->n++];
	memset(member, 0, sizeof(*member));
	member->name = name;
	member->folded = any_case ? etl_name_fold(name) : NULL;
	return &member->place;
}

static EtlJsonPlace *
element_place(EtlJsonNode *node, uint32 index)
{
	EtlJsonElement *elements;
	int i = 0;

	while (i < node->nelements && node->elements[i].index < index)
		i++;
	if (i < node->nelements && node->elements[i].index == index)
		return unconstify(EtlJsonPlace *, &node->elements[i].place);
	elements = palloc0((node->nelements + 1) * sizeof(EtlJsonElement));
	if (node->nelements > 0)
	{
		memcpy(elements, node->elements, i * sizeof(EtlJsonElement));
		memcpy(elements + i + 1, node->elements + i,
			   (node->nelements - i) * sizeof(EtlJsonElement));
	}
	elements[i].index = index;
	node->elements = elements;
	node->nelements++;
	return &elements[i].place;
}

static void
add_target(EtlJsonPlace *place, EtlJsonTarget target)
{
	EtlJsonTarget *targets =
		palloc((place->ntargets + 1) * sizeof(EtlJsonTarget));

	if (place->ntargets > 0)
		memcpy(targets, place->targets,
			   place->ntargets * sizeof(EtlJsonTarget));
	targets[place->ntargets++] = target;
	place->targets = targets;
}

static void
add_slot(EtlJsonNode *node, int slot)
{
	int *slots = palloc((node->nslots + 1) * sizeof(int));

	if (node->nslots > 0)
		memcpy(slots, node->slots, node->nslots * sizeof(int));
	slots[node->nslots++] = slot;
	node->slots = slots;
}

static void
add_field(EtlJsonReader *reader, const EtlJsonField *field, int slot)
{
	EtlJsonPlace *place = &reader->record_place;
	EtlJsonTarget target = {slot, true};

	for (int i = 0; i < field->path->nsteps; i++)
	{
		const EtlJsonStep *step = &field->path->steps[i];
		EtlJsonNode *node = node_of(reader, place);

		add_slot(node, slot);
		place = step->kind == ETL_JSON_STEP_MEMBER
					? member_place(node, step->name, field->any_case)
					: element_place(node, step->index);
	}
	add_target(place, target);
}

/* Puts what is wanted of a member into that of a key. */
static void
merge_place(EtlJsonPlace *into, const EtlJsonPlace *from, bool exact)
{
	for (int i = 0; i < from->ntargets; i++)
		add_target(into, (EtlJsonTarget){from->targets[i].slot, exact});
	if (from->node != NULL)
		into->node = from->node;
}

/* What a key is wanted for. */
static void
match_key(EtlJsonReader *reader, EtlJsonKey *key, const Members *members)
{
	char *text = etl_json_name_text(reader, key->name, key->len);
	char *folded = NULL;

	if (text == NULL)
		return;
	for (int i = 0; i < members->n; i++)
	{
		const Member *member = &members->items[i];

		if (strcmp(member->name, text) == 0)
		{
			merge_place(&key->place, &member->place, true);
			continue;
		}
		if (member->folded == NULL)
			continue;
		if (folded == NULL)
			folded = etl_name_fold(text);
		if (strcmp(member->folded, folded) == 0 ||
			etl_name_is_cut(member->name, text) ||
			etl_name_is_cut(member->folded, folded))
			merge_place(&key->place, &member->place, false);
	}
}

/* The walk's callback; see json_walk.h. */
static EtlJsonKey *
new_key(void *arg, EtlJsonNode *node, const char *name, size_t n)
{
	EtlJsonReader *reader = arg;
	MemoryContext old = MemoryContextSwitchTo(reader->keys_context);
	EtlJsonKey *key = palloc0(sizeof(EtlJsonKey));
	char *copy = palloc_extended(n + 8, MCXT_ALLOC_HUGE);
	EtlJsonKey **bucket;

	memcpy(copy, name, n);
	memset(copy + n, 0, 8);
	key->name = copy;
	key->len = (uint32) n;
	key->head = etl_json_key_head(copy, n);
	match_key(reader, key, node->owner);
	MemoryContextSwitchTo(old);

	bucket = &node->buckets[etl_json_key_bucket(key->head, n)];
	key->same = *bucket;
	*bucket = key;
	reader->nkeys++;
	return key;
}

void
etl_json_forget_keys(EtlJsonReader *reader)
{
	ListCell *lc;

	if (reader->nkeys <= MAX_KEYS)
		return;
	foreach (lc, reader->nodes)
	{
		EtlJsonNode *node = lfirst(lc);

		node->first = NULL;
		memset(node->buckets, 0, sizeof(node->buckets));
	}
	MemoryContextReset(reader->keys_context);
	reader->nkeys = 0;
}

void
etl_json_prepare_wanted(EtlJsonReader *reader)
{
	MemoryContext old = MemoryContextSwitchTo(reader->context);
	int n = reader->base.nwanted;

	reader->slots = palloc0(Max(n, 1) * sizeof(EtlJsonSlot));
	reader->fields = palloc0(Max(n, 1) * sizeof(EtlField));
	for (int i = 0; i < n; i++)
	{
		const EtlJsonField *field;

		if (reader->base.wanted[i] < 0)
			continue;
		field = &reader->known[reader->base.wanted[i]];
		add_field(reader, field, i);
		if (field->path->nsteps > 0 &&
			field->path->steps[0].kind == ETL_JSON_STEP_MEMBER)
			reader->objects_only = true;
	}
	reader->walk.new_key = new_key;
	reader->walk.arg = reader;
	reader->walk.slots = reader->slots;
	reader->prepared = true;
	MemoryContextSwitchTo(old);
}

static void
reject_missing(EtlJsonReader *reader, const EtlJsonField *field)
{
	MemoryContext old = MemoryContextSwitchTo(etl_json_record_context(reader));
	char *message = psprintf("record has no member \"%s\"", field->name);

	MemoryContextSwitchTo(old);
	etl_json_reject(reader, ETL_STAGE_STRUCTURE,
					ERRCODE_SQL_JSON_MEMBER_NOT_FOUND, message, NULL,
					reader->length);
	reader->base.reject.column_name = field->name;
	reader->base.reject.hint =
		"To read missing members as null, say missing => 'null'.";
}

/* A record without members, where some are wanted. */
static void
reject_no_object(EtlJsonReader *reader)
{
	const char *kind;

	switch (reader->cursor->buf[reader->cursor->start])
	{
		case '[':
			kind = "It is an array.";
			break;
		case '"':
			kind = "It is a string.";
			break;
		case 't':
		case 'f':
			kind = "It is a boolean.";
			break;
		case 'n':
			kind = "It is null.";
			break;
		default:
			kind = "It is a number.";
			break;
	}
	etl_json_reject(reader, ETL_STAGE_STRUCTURE,
					ERRCODE_INVALID_PARAMETER_VALUE,
					"record is not a JSON object", kind, reader->length);
	reader->base.reject.hint =
		"The option \"records\" tells where the records are; "
		"columns => '{\"column\": \"$\"}' reads each as a whole.";
}

bool
etl_json_take_wanted(EtlJsonReader *reader)
{
	EtlReject refused;
	bool any_refused = false;

	if (reader->objects_only &&
		reader->cursor->buf[reader->cursor->start] != '{')
	{
		reject_no_object(reader);
		return false;
	}
	for (int i = 0; i < reader->base.nwanted; i++)
	{
		int wanted = reader->base.wanted[i];
		EtlField *field = &reader->fields[i];
		const EtlJsonField *known;

		if (wanted < 0)
		{
			field->data = NULL;
			field->len = 0;
			field->kind = ETL_FIELD_NULL;
			continue;
		}
		known = &reader->known[wanted];
		if (!etl_json_take_value(reader, &reader->slots[i], known->as_json,
								 field))
		{
			if (!any_refused)
				refused = reader->base.reject;
			any_refused = true;
			field->kind = ETL_FIELD_REFUSED;
		}
		if (field->kind == ETL_FIELD_MISSING &&
			reader->options->missing == ETL_JSON_MISSING_ERROR)
		{
			reject_missing(reader, known);
			return false;
		}
	}
	if (any_refused)
		reader->base.reject = refused;
	return true;
}

bool
etl_json_take_plain(EtlJsonReader *reader, EtlField *fields)
{
	for (int i = 0; i < reader->base.nwanted; i++)
	{
		const EtlJsonSlot *slot = &reader->slots[i];
		EtlField *field = &fields[i];

		field->data = slot->data;
		field->len = slot->len;
		switch (slot->type)
		{
			case ETL_JSON_TYPE_NONE:
				if (reader->options->missing == ETL_JSON_MISSING_ERROR)
					return false;
				field->kind = ETL_FIELD_MISSING;
				break;
			case ETL_JSON_TYPE_NULL:
				field->kind = ETL_FIELD_NULL;
				break;
			case ETL_JSON_TYPE_STRING:
				if (reader->known[reader->base.wanted[i]].as_json)
				{
					field->data--;
					field->len += 2;
					field->kind = ETL_FIELD_JSON;
					break;
				}
				field->kind = ETL_FIELD_TEXT;
				if (reader->escapes &&
					!etl_json_take_value(reader, slot, false, field))
					return false;
				break;
			default:
				field->kind = ETL_FIELD_JSON;
				break;
		}
	}
	return true;
}
