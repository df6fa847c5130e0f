/*
 * json_walk.h
 *	  From a value's tokens to the members that somebody wants.
 *
 * Walks over the tokens of one value as json_index.h finds them, checks that
 * they are JSON, and notes where the wanted parts are.  Whatever nobody wants
 * is checked all the same.  What the tokens don't show is left to the caller:
 * control characters in strings, escapes, encoding; the index says where to
 * look.
 *
 * What is wanted is a tree.  A place is where a value may be: the record
 * itself, a member, an element.  It tells which slots the value goes to and,
 * as a node, which places inside it matter:
 *
 *		place (record) -> node -> key "id" -> place -> slots
 *		                       -> key "address" -> place -> node -> ...
 *
 * A node knows the keys that it has met, wanted or not, as they are written in
 * the source; one that it hasn't is put to the caller.  Since records mostly
 * have the same members in the same order, each key remembers which came next.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_JSON_WALK_H
#define ETL_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/pull_parser.h"

typedef enum EtlJsonType
{
	ETL_JSON_TYPE_NONE, /* there is no such value */
	ETL_JSON_TYPE_NULL,
	ETL_JSON_TYPE_BOOLEAN,
	ETL_JSON_TYPE_NUMBER,
	ETL_JSON_TYPE_STRING,
	ETL_JSON_TYPE_OBJECT,
	ETL_JSON_TYPE_ARRAY
} EtlJsonType;

/* A value found. */
typedef struct EtlJsonSlot
{
	const char *data; /* a string's is behind its quote */
	uint32_t len;     /* and ends before the other */
	EtlJsonType type;
	bool exact; /* it has the wanted name, not one like it */
} EtlJsonSlot;

/* Where a value goes. */
typedef struct EtlJsonTarget
{
	int slot;
	bool exact;
} EtlJsonTarget;

typedef struct EtlJsonNode EtlJsonNode;

typedef struct EtlJsonPlace
{
	const EtlJsonTarget *targets;
	int ntargets;
	EtlJsonNode *node; /* NULL: nothing inside is wanted */
} EtlJsonPlace;

/* A key as it is written in the source, and what its value is wanted for. */
typedef struct EtlJsonKey
{
	EtlJsonPlace place;
	const char *name;
	uint32_t len;
	uint64_t head;           /* up to 8 of its first bytes */
	struct EtlJsonKey *next; /* which came behind it last; may be NULL */
	struct EtlJsonKey *same; /* others in the same bucket */
} EtlJsonKey;

typedef struct EtlJsonElement
{
	uint32_t index;
	EtlJsonPlace place;
} EtlJsonElement;

#define ETL_JSON_BUCKETS 64

struct EtlJsonNode
{
	EtlJsonKey *first; /* which came first last; may be NULL */
	EtlJsonKey *buckets[ETL_JSON_BUCKETS];

	const EtlJsonElement *elements; /* wanted ones of an array, ascending */
	int nelements;

	/* All slots that are filled from inside. */
	const int *slots;
	int nslots;

	void *owner; /* the caller's */
};

typedef enum EtlJsonWalkStatus
{
	ETL_JSON_WALK_DONE,
	ETL_JSON_WALK_MORE, /* the value has more tokens than there are */
	ETL_JSON_WALK_BAD
} EtlJsonWalkStatus;

/* Behind the tokens there must be so many zeros. */
#define ETL_JSON_TOKEN_SLACK 4

typedef struct EtlJsonWalk
{
	const char *buf;            /* tokens count from here; buf[0] is NUL */
	const uint32_t *tokens_end; /* behind the last token */

	/*
   * Makes a key of a node that doesn't know it, of n > 0 or 0 bytes.  Must
   * not return NULL.
   */
	EtlJsonKey *(*new_key)(void *arg, EtlJsonNode *node, const char *name,
						   size_t n);
	void *arg;

	EtlJsonSlot *slots; /* types NONE at first */

	/* Private. */
	const uint32_t *stopped; /* at the token that can't be */
	int depth;
} EtlJsonWalk;

/*
 * Walks over the object or array at *token and, if it is DONE, moves *token
 * behind its closing bracket.
 */
extern EtlJsonWalkStatus etl_json_walk(EtlJsonWalk *walk,
									   const uint32_t **token,
									   const EtlJsonPlace *place);

/* Bits that a key's first bytes, up to 8, are known by. */
static inline uint64_t
etl_json_key_head(const char *name, size_t n)
{
	uint64_t head = 0;

	__builtin_memcpy(&head, name, n < 8 ? n : 8);
	return head;
}

static inline unsigned
etl_json_key_bucket(uint64_t head, size_t n)
{
	return (unsigned) (((head ^ n) * UINT64_C(0x9E3779B97F4A7C15)) >> 58);
}

#endif
