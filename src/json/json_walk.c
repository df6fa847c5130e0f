/*
 * json_walk.c
 *	  From a value's tokens to the members that somebody wants.
 *
 * Every function takes the token that a value begins with and returns the one
 * behind it, or NULL if the value is bad or goes on behind the last token; the
 * token that was looked at last tells which.  The zeros behind the last token
 * point to a NUL, which stands nowhere in JSON, so nothing is counted while
 * walking.
 */
#include "json/json_walk.h"

#include <string.h>

static const uint32_t *
stop(EtlJsonWalk *walk, const uint32_t *token)
{
	walk->stopped = token;
	return NULL;
}

/* Behind a number; NULL if it is none. */
static inline const char *
pass_number(const char *s)
{
	s += *s == '-';
	if (*s == '0')
		s++;
	else
	{
		if (*s < '1' || *s > '9')
			return NULL;
		do
			s++;
		while (*s >= '0' && *s <= '9');
	}
	if (*s == '.')
	{
		s++;
		if (*s < '0' || *s > '9')
			return NULL;
		do
			s++;
		while (*s >= '0' && *s <= '9');
	}
	if (*s == 'e' || *s == 'E')
	{
		s++;
		s += *s == '+' || *s == '-';
		if (*s < '0' || *s > '9')
			return NULL;
		do
			s++;
		while (*s >= '0' && *s <= '9');
	}
	return s;
}

/*
 * Behind the number or literal at s, which is followed by the token at "next";
 * NULL if it is neither.
 */
static inline const char *
pass_word(const char *s, const char *next, EtlJsonType *type)
{
	switch (*s)
	{
		case 't':
			*type = ETL_JSON_TYPE_BOOLEAN;
			s = memcmp(s, "true", 4) == 0 ? s + 4 : NULL;
			break;
		case 'f':
			*type = ETL_JSON_TYPE_BOOLEAN;
			s = memcmp(s, "false", 5) == 0 ? s + 5 : NULL;
			break;
		case 'n':
			*type = ETL_JSON_TYPE_NULL;
			s = memcmp(s, "null", 4) == 0 ? s + 4 : NULL;
			break;
		default:
			*type = ETL_JSON_TYPE_NUMBER;
			s = pass_number(s);
			break;
	}
	/* What isn't the next token is a blank, or belongs to this one. */
	if (s == NULL || (s != next && !etl_json_is_blank(*s)))
		return NULL;
	return s;
}

/* The closing quote of a string that is followed by the token at "next". */
static inline const char *
closing_quote(const char *next)
{
	do
		next--;
	while (*next != '"');
	return next;
}

/*
 * Walks over an array or object of which nothing is wanted, whatever is in it,
 * without recursion.
 */
static const uint32_t *
skip_container(EtlJsonWalk *walk, const uint32_t *token)
{
	const char *buf = walk->buf;
	uint64_t objects[ETL_JSON_MAX_DEPTH / 64];
	int room = ETL_JSON_MAX_DEPTH - walk->depth;
	int depth = 0;
	bool in_object;
	EtlJsonType type;

open:
	if (depth == room)
		return stop(walk, token);
	in_object = buf[*token] == '{';
	objects[depth / 64] =
		(objects[depth / 64] & ~((uint64_t) 1 << depth % 64)) |
		(uint64_t) in_object << depth % 64;
	depth++;
	token++;
	if (buf[*token] == (in_object ? '}' : ']'))
		goto close;
	if (!in_object)
		goto value;
member:
	if (buf[token[0]] != '"')
		return stop(walk, token);
	if (buf[token[1]] != ':')
		return stop(walk, token + 1);
	token += 2;
value:
	switch (buf[*token])
	{
		case '{':
		case '[':
			goto open;
		case '"':
			token++;
			break;
		case '\0':
		case '}':
		case ']':
		case ':':
		case ',':
			return stop(walk, token);
		default:
			if (token[1] == 0)
				return stop(walk, token + 1);
			if (!pass_word(buf + token[0], buf + token[1], &type))
				return stop(walk, token);
			token++;
			break;
	}
behind_value:
	if (buf[*token] == ',')
	{
		token++;
		if (in_object)
			goto member;
		goto value;
	}
	if (buf[*token] != (in_object ? '}' : ']'))
		return stop(walk, token);
close:
	token++;
	if (--depth == 0)
		return token;
	in_object = (objects[(depth - 1) / 64] >> (depth - 1) % 64 & 1) != 0;
	goto behind_value;
}

static const uint32_t *walk_value(EtlJsonWalk *walk, const uint32_t *token,
								  const EtlJsonPlace *place);

static inline void
fill_slots(EtlJsonWalk *walk, const EtlJsonPlace *place, const char *data,
		   const char *end, EtlJsonType type)
{
	int i;

	for (i = 0; i < place->ntargets; i++)
	{
		const EtlJsonTarget *target = &place->targets[i];
		EtlJsonSlot *slot = &walk->slots[target->slot];

		/* Of equal names the last one counts. */
		if (slot->exact && !target->exact)
			continue;
		slot->data = data;
		slot->len = (uint32_t) (end - data);
		slot->type = type;
		slot->exact = target->exact;
	}
}

/* An earlier member of the same name may have filled these. */
static void
clear_slots(EtlJsonWalk *walk, const EtlJsonNode *node)
{
	int i;

	for (i = 0; i < node->nslots; i++)
		walk->slots[node->slots[i]].type = ETL_JSON_TYPE_NONE;
}

static inline bool
is_key(const EtlJsonKey *key, const char *name, size_t n, uint64_t head)
{
	return key->len == n && key->head == head &&
		   (n <= 8 || memcmp(key->name + 8, name + 8, n - 8) == 0);
}

static EtlJsonKey *
find_key(EtlJsonWalk *walk, EtlJsonNode *node, const char *name, size_t n,
		 uint64_t head)
{
	EtlJsonKey *key = node->buckets[etl_json_key_bucket(head, n)];

	while (key != NULL && !is_key(key, name, n, head))
		key = key->same;
	return key ? key : walk->new_key(walk->arg, node, name, n);
}

/* The first bytes of a name, of which 8 can be read. */
static inline uint64_t
load_head(const char *name, size_t n)
{
	uint64_t head;

	memcpy(&head, name, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	if (n < 8)
		head &= n == 0 ? 0 : ~UINT64_C(0) << (8 - n) * 8;
#else
	if (n < 8)
		head &= (UINT64_C(1) << n * 8) - 1;
#endif
	return head;
}

static const uint32_t *
walk_object(EtlJsonWalk *walk, const uint32_t *token, EtlJsonNode *node)
{
	const char *buf = walk->buf;
	EtlJsonKey **expected = &node->first;

	token++;
	if (buf[*token] == '}')
		return token + 1;
	for (;;)
	{
		const char *name;
		size_t n;
		uint64_t head;
		EtlJsonKey *key;

		if (buf[token[0]] != '"')
			return stop(walk, token);
		if (buf[token[1]] != ':')
			return stop(walk, token + 1);
		name = buf + token[0] + 1;
		n = (size_t) (closing_quote(buf + token[1]) - name);
		head = load_head(name, n);
		key = *expected;
		if (key == NULL || !is_key(key, name, n, head))
			*expected = key = find_key(walk, node, name, n, head);
		expected = &key->next;

		token = walk_value(walk, token + 2, &key->place);
		if (token == NULL)
			return NULL;
		if (buf[*token] != ',')
			break;
		token++;
	}
	if (buf[*token] != '}')
		return stop(walk, token);
	return token + 1;
}

static const uint32_t *
walk_array(EtlJsonWalk *walk, const uint32_t *token, EtlJsonNode *node)
{
	static const EtlJsonPlace nothing = {NULL, 0, NULL};
	const char *buf = walk->buf;
	int taken = 0;
	uint32_t index = 0;

	token++;
	if (buf[*token] == ']')
		return token + 1;
	for (;;)
	{
		const EtlJsonPlace *place = &nothing;

		if (taken < node->nelements && node->elements[taken].index == index++)
			place = &node->elements[taken++].place;
		token = walk_value(walk, token, place);
		if (token == NULL)
			return NULL;
		if (buf[*token] != ',')
			break;
		token++;
	}
	if (buf[*token] != ']')
		return stop(walk, token);
	return token + 1;
}

static const uint32_t *
walk_container(EtlJsonWalk *walk, const uint32_t *token,
			   const EtlJsonPlace *place)
{
	bool object = walk->buf[*token] == '{';
	const uint32_t *end;

	if (place->node == NULL)
		end = skip_container(walk, token);
	else
	{
		if (walk->depth == ETL_JSON_MAX_DEPTH)
			return stop(walk, token);
		walk->depth++;
		end = object ? walk_object(walk, token, place->node)
					 : walk_array(walk, token, place->node);
		walk->depth--;
	}
	if (end != NULL && place->ntargets > 0)
		fill_slots(walk, place, walk->buf + *token, walk->buf + end[-1] + 1,
				   object ? ETL_JSON_TYPE_OBJECT : ETL_JSON_TYPE_ARRAY);
	return end;
}

static inline const uint32_t *
walk_value(EtlJsonWalk *walk, const uint32_t *token, const EtlJsonPlace *place)
{
	const char *s = walk->buf + token[0];
	const char *next = walk->buf + token[1];
	const char *end;
	EtlJsonType type;

	if (place->node != NULL)
		clear_slots(walk, place->node);
	switch (*s)
	{
		case '{':
		case '[':
			return walk_container(walk, token, place);
		case '\0':
		case '}':
		case ']':
		case ':':
		case ',':
			return stop(walk, token);
		case '"':
			if (*next == '\0')
				return stop(walk, token + 1);
			if (place->ntargets > 0)
				fill_slots(walk, place, s + 1, closing_quote(next),
						   ETL_JSON_TYPE_STRING);
			return token + 1;
		default:
			if (*next == '\0')
				return stop(walk, token + 1);
			end = pass_word(s, next, &type);
			if (end == NULL)
				return stop(walk, token);
			if (place->ntargets > 0)
				fill_slots(walk, place, s, end, type);
			return token + 1;
	}
}

EtlJsonWalkStatus
etl_json_walk(EtlJsonWalk *walk, const uint32_t **token,
			  const EtlJsonPlace *place)
{
	const uint32_t *end;

	walk->depth = 0;
	end = walk_container(walk, *token, place);
	if (end != NULL)
	{
		*token = end;
		return ETL_JSON_WALK_DONE;
	}
	return walk->stopped < walk->tokens_end ? ETL_JSON_WALK_BAD
											: ETL_JSON_WALK_MORE;
}
