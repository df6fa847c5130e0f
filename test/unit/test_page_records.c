/*
 * test_page_records.c
 *	  What a page has between its brackets, and whether its records differ.
 */
#include "api/page_records.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

typedef struct Case
{
	const char *page;
	const char *envelope;
	const char *records; /* NULL: not to be found */
} Case;

static const Case cases[] = {
	{"[1,2]", "[]", "1,2"},
	{"[]", "[]", ""},
	{"[[],[]]", "[]", "[],[]"},
	{" \n[1]\r\n", "[]", "1"},
	{"{\"t\":1,\"data\":[ {\"a\":1} ],\"n\":2}\n",
	 "{\"t\":1,\"data\":[],\"n\":2}", "{\"a\":1}"},
	{"{\"data\":[\"]\",\"[\"]}", "{\"data\":[]}", "\"]\",\"[\""},
	/* brackets beside the records, too */
	{"{\"a\":[],\"b\":[[1]],\"c\":[]}", "{\"a\":[],\"b\":[],\"c\":[]}", "[1]"},
	/* the record is the page */
	{"{\"a\":1}", "{\"a\":1}", ""},
	/* several arrays, another page, another encoding, nothing */
	{"{\"a\":[1],\"b\":[2]}", "{\"a\":[],\"b\":[]}", NULL},
	{"{\"a\":[1],\"b\":2}", "{\"a\":[],\"b\":3}", NULL},
	{"\xff\xfe[", "[]", NULL},
	{"", "[]", NULL},
};

typedef struct Differing
{
	const char *records;
	int n;
	bool differ;
} Differing;

static const Differing differing[] = {
	{"1", 1, false},
	{"1,2", 2, true},
	{"1,1", 2, false},
	{"{\"a\":1}, {\"a\":1}, {\"a\":1}", 3, false},
	{"{\"a\":1},\n\t\t{\"a\":1},\n\t\t{\"a\":2}", 3, true},
	{"{\"a\":1},\n\t\t{\"a\":1},\n\t\t{\"a\":1}", 3, false},
	{"[1,2],[1,2]", 2, false},
	{"12,12,12", 3, false},
	{"1,1,1,2", 4, true},
	{"11,11111", 2, true},
	/* nothing that could be two records */
	{"", 2, true},
	{",", 2, true},
};

/* Copies, so that a sanitizer sees any byte read outside. */
static char *
exact(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	return copy;
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		char *page = exact(c->page);
		char *envelope = exact(c->envelope);
		const char *records;
		size_t len;
		bool found =
			etl_page_records_find(page, strlen(c->page), envelope,
								  strlen(c->envelope), &records, &len);

		tap_ok(found ? c->records && len == strlen(c->records) &&
						   memcmp(records, c->records, len) == 0
					 : c->records == NULL,
			   c->page);
		free(page);
		free(envelope);
	}
	for (size_t i = 0; i < sizeof(differing) / sizeof(differing[0]); i++)
	{
		const Differing *d = &differing[i];
		char *records = exact(d->records);

		tap_ok(etl_page_records_differ(records, strlen(d->records), d->n) ==
				   d->differ,
			   d->records);
		free(records);
	}
	return tap_done();
}
