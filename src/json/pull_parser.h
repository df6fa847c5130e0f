/*
 * pull_parser.h
 *	  The reference for what JSON is, one byte at a time.
 *
 * Takes text in pieces of any size, remembers where in the grammar of RFC 8259
 * it stands, and stops where the caller may want to know: before each value,
 * behind each key, and when the outermost value is complete.  It knows nothing
 * of what lies around that value.
 *
 * Where JSON is read fast, by an index (json_walk.h), this parser is asked only
 * to say what is wrong; and it passes over what lies around the records, which
 * may be larger than memory.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_JSON_PULL_PARSER_H
#define ETL_JSON_PULL_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Arrays and objects inside each other; the server's own parser takes more. */
#define ETL_JSON_MAX_DEPTH 4096

/* A key's first bytes are kept, as they are written. */
#define ETL_JSON_MAX_KEY 1024

typedef enum EtlJsonEvent
{
	ETL_JSON_MORE,  /* all bytes are taken, the value goes on */
	ETL_JSON_VALUE, /* a value begins at the next byte, which isn't taken */
	ETL_JSON_KEY,   /* a member's name was taken */
	ETL_JSON_DONE,  /* the outermost value is complete */
	ETL_JSON_BAD    /* *s is at the fault; problem tells what it is */
} EtlJsonEvent;

typedef struct EtlJsonPull
{
	/* Set by the caller after etl_json_pull_start(). */
	bool utf8;           /* strings must be valid UTF-8 */
	bool allow_controls; /* control characters in strings are no fault */

	/* The key taken last, without quotes, escapes as they are. */
	char key[ETL_JSON_MAX_KEY];
	size_t key_len; /* may be more than is kept */

	int depth;           /* open arrays and objects */
	const char *problem; /* after BAD: what was expected or is wrong */

	/* Private. */
	unsigned state;
	bool told;           /* the value at hand was announced */
	bool key_string;     /* the string at hand is a key */
	const char *literal; /* what is left of it */
	int hex_digits;      /* of \u, still to come */
	unsigned char low;   /* what the next byte of a character may be */
	unsigned char high;
	int trail; /* bytes of a character still to come */
	uint64_t objects[ETL_JSON_MAX_DEPTH / 64]; /* bit: level is an object */
} EtlJsonPull;

/* Stands before a value. */
extern void etl_json_pull_start(EtlJsonPull *pull);

/*
 * Takes bytes from *s, which is moved, up to end or the next event.  With last
 * no bytes follow: what is incomplete is BAD then.
 */
extern EtlJsonEvent etl_json_pull(EtlJsonPull *pull, const char **s,
								  const char *end, bool last);

/* After VALUE: the caller has taken the value. */
extern void etl_json_pull_taken(EtlJsonPull *pull);

/* True if the innermost open value is an object; depth must not be 0. */
static inline bool
etl_json_pull_in_object(const EtlJsonPull *pull)
{
	unsigned level = (unsigned) pull->depth - 1;

	return (pull->objects[level / 64] >> level % 64 & 1) != 0;
}

static inline bool
etl_json_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/*
 * Checks one value of n bytes, blanks around it allowed.  NULL if it is JSON,
 * else what is wrong, and *at is where.
 */
extern const char *etl_json_check(const char *s, size_t n, bool utf8,
								  size_t *at);

#endif
