/*
 * test_automaton.c
 *	  What a CSV record is: the automaton's answers, case by case.
 *
 * A case is an input and what should come out, written with [] around fields,
 * one record after the other; S and U before a record stand for its faults.
 * Each input is scanned whole and again with its bytes trickling in.
 */
#include "csv/automaton.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

typedef struct Case
{
	const char *input;
	const char *expected;
	const char *delimiter; /* NULL: comma */
	int quote;             /* 0: double quote */
	int escape;            /* 0: the quote */
} Case;

static const Case cases[] = {
	{"a,b\nc,d\n", "[a][b] [c][d]", NULL, 0, 0},
	{"a,b\r\nc,d", "[a][b] [c][d]", NULL, 0, 0},
	{"a,b\rc,d\r", "[a][b] [c][d]", NULL, 0, 0},
	{"a\n\r\nb\r\rc", "[a] [] [b] [] [c]", NULL, 0, 0},
	{"", "", NULL, 0, 0},
	{"\n", "[]", NULL, 0, 0},
	{",", "[][]", NULL, 0, 0},
	{"a,", "[a][]", NULL, 0, 0},
	{"\"a\",\"b,c\"\n", "[a][b,c]", NULL, 0, 0},
	{"\"a\nb\",c\nd,e", "[a\nb][c] [d][e]", NULL, 0, 0},
	{"\"a\"\"b\",\"\"\"\",\"\"", "[a\"b][\"][]", NULL, 0, 0},
	{"\"a\"\r\n\"b\"", "[a] [b]", NULL, 0, 0},
	/* Stray quotes on one line: data. */
	{"a\"b,c\nd,e", "S[a\"b][c] [d][e]", NULL, 0, 0},
	{"\"te\"xt\",c\nd,e", "S[te\"xt][c] [d][e]", NULL, 0, 0},
	{"\"a\" ,b\nc,d", "S[\"a\" ][b] [c][d]", NULL, 0, 0},
	{"5\" pipe,6\n", "S[5\" pipe][6]", NULL, 0, 0},
	{"\"a,b,\"c, d\",e\nf,g", "S[\"a][b][c, d][e] [f][g]", NULL, 0, 0},
	/* Quotes that would swallow the lines after them: cut. */
	{"1,\"abc,2\n3,\"def\",4\n5,x,6\n",
	 "SU[1][\"abc][2] [3][def][4] [5][x][6]", NULL, 0, 0},
	{"1,\"abc\n2,def\n", "U[1][\"abc] [2][def]", NULL, 0, 0},
	{"\"abc\"x,1\n\"d\",2\n", "S[\"abc\"x][1] [d][2]", NULL, 0, 0},
	{"1,\"a\nb\"c\n2,d\n", "SU[1][\"a] S[b\"c] [2][d]", NULL, 0, 0},
	{"\"", "U[\"]", NULL, 0, 0},
	{"\"a", "U[\"a]", NULL, 0, 0},
	/* A good record of many lines keeps its stray quote to itself. */
	{"\"a\nb\",c\"d\n1,2\n", "S[a\nb][c\"d] [1][2]", NULL, 0, 0},
	/* No quote. */
	{"\"a,b\"\n", "[\"a][b\"]", NULL, ETL_CSV_NONE, ETL_CSV_NONE},
	/* Other quotes, other delimiters. */
	{"'a,b','it''s'\n", "[a,b][it's]", NULL, '\'', 0},
	{"a::b:c::'::'\n", "[a][b:c][::]", "::", '\'', 0},
	{"a, b, \"c, d\"\n", "[a][b][c, d]", ", ", 0, 0},
	{"a||||b|\n", "[a][][b|]", "||", 0, 0},
	/* An escape of its own. */
	{"\"a\\\"b\",\"c\\\\\"\n", "[a\"b][c\\]", NULL, 0, '\\'},
	{"a\\,b,c\n", "[a,b][c]", NULL, 0, '\\'},
	{"a\\\nb,c\nd,\\N\n", "[a\nb][c] [d][\\N]", NULL, 0, '\\'},
	{"\"a\"\"b\",c\n", "S[a\"\"b][c]", NULL, 0, ETL_CSV_NONE},
};

/* Writes what the automaton finds in the way of the cases. */
static void
scan_all(const EtlCsvSyntax *syntax, const char *input, size_t step, char *out)
{
	size_t len = strlen(input);
	size_t start = 0;
	size_t given = 0;
	uint32_t ends[64];
	EtlCsvSpan span = {.ends = ends, .capacity = 64};
	char *begin = out;

	for (;;)
	{
		EtlCsvScan result = etl_csv_scan(syntax, input + start, given - start,
										 given == len, &span);
		size_t from = 0;

		if (result == ETL_CSV_SCAN_MORE)
		{
			given = given + step < len ? given + step : len;
			continue;
		}
		if (result == ETL_CSV_SCAN_EOF)
			break;
		if (out > begin)
			*out++ = ' ';
		if (span.flags & ETL_CSV_FAULT_STRAY_QUOTE)
			*out++ = 'S';
		if (span.flags & ETL_CSV_FAULT_UNTERMINATED)
			*out++ = 'U';
		for (size_t i = 0; i < span.nfields; i++)
		{
			*out++ = '[';
			out += etl_csv_content(syntax, input + start + from,
								   span.ends[i] - from, out);
			*out++ = ']';
			from = span.ends[i] + syntax->delimiter_len;
		}
		start += span.consumed;
	}
	*out = '\0';
}

static void
run(const Case *c)
{
	const char *delimiter = c->delimiter ? c->delimiter : ",";
	EtlCsvSyntax syntax = {.delimiter_len = (int) strlen(delimiter),
						   .quote = c->quote ? c->quote : '"'};
	char out[1000];
	bool ok = true;

	memcpy(syntax.delimiter, delimiter, strlen(delimiter));
	syntax.escape = c->escape ? c->escape : syntax.quote;
	for (size_t step = 1; step < 100; step += 33)
	{
		scan_all(&syntax, c->input, step, out);
		if (strcmp(out, c->expected) != 0)
		{
			printf("# input    %s\n# expected %s\n# found    %s\n", c->input,
				   c->expected, out);
			ok = false;
		}
	}
	tap_ok(ok, c->expected[0] ? c->expected : "nothing");
}

/* A span that is too small says so instead of writing beyond it. */
static void
test_space(void)
{
	EtlCsvSyntax syntax = {.delimiter = ",",
						   .delimiter_len = 1,
						   .quote = '"',
						   .escape = '"'};
	uint32_t *ends = malloc(3 * sizeof(uint32_t));
	EtlCsvSpan span = {.ends = ends, .capacity = 3};

	tap_ok(etl_csv_scan(&syntax, "a,b,c\n", 6, true, &span) ==
			   ETL_CSV_SCAN_RECORD,
		   "three fields fit three ends");
	tap_ok(etl_csv_scan(&syntax, "a,b,c,d\n", 8, true, &span) ==
			   ETL_CSV_SCAN_SPACE,
		   "four don't");
	free(ends);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run(&cases[i]);
	test_space();
	return tap_done();
}
