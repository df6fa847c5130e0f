/*
 * test_link_header.c
 *	  Which link a Link header names as the next.
 */
#include "api/link_header.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

typedef struct Case
{
	const char *value;
	const char *next; /* NULL for none */
} Case;

static const Case cases[] = {
	{"", NULL},
	{"<u>; rel=\"next\"", "u"},
	{"<u>;rel=next", "u"},
	{" <u> ; rel = \"next\" ", "u"},
	{"<u>; REL=NEXT", "u"},
	{"<>; rel=next", ""},
	{"<https://example.com/?a=1&b=2>; rel=\"next\"",
	 "https://example.com/?a=1&b=2"},
	/* several */
	{"<a>; rel=\"prev\", <b>; rel=\"next\", <c>; rel=\"last\"", "b"},
	{"<a>; rel=prev,<b>; rel=next", "b"},
	{"<a>; rel=next, <b>; rel=next", "a"},
	{"<a>; rel=prev", NULL},
	{"<a>, <b>; rel=next", "b"},
	/* commas and semicolons in targets and quotes */
	{"<a,b;c>; rel=next", "a,b;c"},
	{"<a>; title=\"x, <y>; rel=next\"; rel=prev, <b>; rel=next", "b"},
	{"<a>; title=\"say \\\"next\\\", <y>\"; rel=next", "a"},
	{"<a>; title=\"rel=next\"", NULL},
	/* lists of relations, and names that only begin alike */
	{"<a>; rel=\"last next\"", "a"},
	{"<a>; rel=\" next  last\"", "a"},
	{"<a>; rel=\"nextpage\"", NULL},
	{"<a>; rel=\"nex\"", NULL},
	{"<a>; rel=\"http://example.com/next\"", NULL},
	{"<a>; rel*=next", NULL},
	/* only the first rel counts; other anchors don't */
	{"<a>; rel=prev; rel=next", NULL},
	{"<a>; rel=next; rel=prev", "a"},
	{"<a>; anchor=\"/other\"; rel=next, <b>; rel=next", "b"},
	/* parameters without values, empty ones */
	{"<a>; async; rel=next", "a"},
	{"<a>;; ;rel=next", "a"},
	{"<a>; rel=; rel=next", NULL},
	{"<a>; rel", NULL},
	/* what is no link */
	{"next", NULL},
	{"<a", NULL},
	{"<a>; rel=\"next", "a"},
	{"<a>; rel=\"next\\", NULL},
	{"a; rel=next", NULL},
	{"junk <a>; rel=next", "a"},
	{",,, <a>; rel=next,,", "a"},
	{"<a> junk; rel=next, <b>; rel=next", "b"},
};

/* A copy without a terminator shows the sanitizer what lies outside. */
static bool
finds(const Case *c)
{
	size_t len = strlen(c->value);
	char *copy = malloc(len + (len == 0));
	const char *target;
	size_t target_len;
	bool found;
	bool as_expected;

	memcpy(copy, c->value, len);
	found = etl_link_header_find(copy, len, "next", &target, &target_len);
	as_expected = found == (c->next != NULL) &&
				  (!found || (target_len == strlen(c->next) &&
							  memcmp(target, c->next, target_len) == 0));
	free(copy);
	return as_expected;
}

/* Whatever the bytes, a target lies within the value and in <>. */
static bool
holds_for_any_bytes(void)
{
	static const char bytes[] = "<>;,=\" \\relnxta";

	for (int round = 0; round < 20000; round++)
	{
		size_t len = tap_random(40);
		char *value = malloc(len + (len == 0));
		const char *target;
		size_t n;

		for (size_t i = 0; i < len; i++)
			value[i] = bytes[tap_random(sizeof(bytes) - 1)];
		if (etl_link_header_find(value, len, "next", &target, &n) &&
			(target <= value || target + n >= value + len ||
			 target[-1] != '<' || target[n] != '>'))
			return false;
		free(value);
	}
	return true;
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(finds(&cases[i]), cases[i].value);
	tap_ok(holds_for_any_bytes(), "any bytes");
	return tap_done();
}
