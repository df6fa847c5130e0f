/*
 * test_counts.c
 *	  What is counted to divide a file, against the parsers that are the reference.
 */
#include <stdlib.h>
#include <string.h>

#include "csv/automaton.h"
#include "csv/simd_index.h"
#include "json/json_lines.h"
#include "json/pull_parser.h"
#include "tap.h"

#define ROUNDS 20000
#define MAX_LENGTH 900

/* Pieces of text, most of which go together to good records. */
static size_t
random_text(char *buf, const char *const *pieces, unsigned n, unsigned good)
{
	size_t len = tap_random(MAX_LENGTH);
	bool odd = tap_random(3) == 0;
	size_t used = 0;

	while (used < len)
	{
		const char *piece = pieces[tap_random(odd ? n : good)];

		memcpy(buf + used, piece, strlen(piece));
		used += strlen(piece);
	}
	return used;
}

/* Line ends of any kind in n bytes. */
static uint64_t
count_line_ends(const char *s, size_t n)
{
	uint64_t count = 0;

	for (size_t i = 0; i < n; i++)
		count +=
			s[i] == '\n' || (s[i] == '\r' && (i + 1 == n || s[i + 1] != '\n'));
	return count;
}

/* Whether what was counted up to record_end is what the automaton finds. */
static const char *
check_csv(const EtlCsvSyntax *syntax, const char *buf, size_t len,
		  size_t until)
{
	EtlCsvIndexer indexer;
	EtlCsvCount count;
	EtlCsvSpan span = {0};
	uint64_t records = 0;
	uint64_t lines = 0;
	size_t at = 0;
	size_t record_end = 0;
	size_t start = 0;
	const char *problem = NULL;

	span.capacity = len + 1;
	span.ends = malloc(span.capacity * sizeof(uint32_t));
	etl_csv_index_start(&indexer, syntax);
	do
	{
		/* in steps, of which each needs a byte more than it counts */
		size_t n = 65 + tap_random(300);

		etl_csv_count(&indexer, buf + at, n < len - at ? n : len - at,
					  until > at ? until - at : 0, &count);
		if (count.record_end > 0)
			record_end = at + count.record_end;
		records += count.records;
		at += count.counted;
	} while (count.counted > 0 && !count.found && !count.anomaly);

	while (start < record_end && problem == NULL)
	{
		if (etl_csv_scan(syntax, buf + start, len - start, true, &span) !=
				ETL_CSV_SCAN_RECORD ||
			(span.flags & ETL_CSV_FAULTS))
			problem = "a fault was counted";
		start += span.consumed;
		lines++;
		if (count.found && start >= until && start < record_end)
			problem = "it went too far";
	}
	if (problem == NULL && start != record_end)
		problem = "there is no record's end";
	if (problem == NULL && lines != records)
		problem = "the number of records is wrong";
	if (problem == NULL && count.found && record_end < until)
		problem = "it didn't go far enough";
	free(span.ends);
	return problem;
}

/* The lines that are told for a single step. */
static const char *
check_csv_lines(const EtlCsvSyntax *syntax, const char *buf, size_t len)
{
	EtlCsvIndexer indexer;
	EtlCsvCount count;

	etl_csv_index_start(&indexer, syntax);
	etl_csv_count(&indexer, buf, len, (size_t) -1, &count);
	if (count.lines != count_line_ends(buf, count.record_end))
		return "the number of lines is wrong";
	if (!count.anomaly &&
		count.lines + count.open_lines +
				(count.counted > 0 && buf[count.counted - 1] == '\r' &&
				 buf[count.counted] == '\n') !=
			count_line_ends(buf, count.counted))
		return "the number of open lines is wrong";
	for (size_t i = 0; i < count.nblanks; i++)
	{
		size_t begin = count.blanks[i];

		if (begin > 0 && buf[begin - 1] != '\n' && buf[begin - 1] != '\r')
			return "a blank line begins within a line";
	}
	return NULL;
}

static void
run_csv(const char *implementation)
{
	static const char *const pieces[] = {"a,",    "bc\n",       "\"d,\ne\",",
										 "f\r\n", ",",          "\n",
										 " \n",   "\"\"\"\"\n", "g\r",
										 "\"\",", "h\"",        "\"i"};
	EtlCsvSyntax syntax = {.delimiter = ",",
						   .delimiter_len = 1,
						   .quote = '"',
						   .escape = '"'};
	const char *problem = NULL;
	char name[200];

	etl_csv_index_use(implementation);
	for (int i = 0; i < ROUNDS && problem == NULL; i++)
	{
		static char buf[MAX_LENGTH * 2];
		size_t n = random_text(buf, pieces, 12, 10);
		char *exact = malloc(n + 1);

		memcpy(exact, buf, n);
		problem = check_csv(&syntax, exact, n, tap_random((unsigned) n + 50));
		if (problem == NULL)
			problem = check_csv_lines(&syntax, exact, n);
		free(exact);
	}
	snprintf(name, sizeof(name), "csv, %s%s%s", implementation,
			 problem ? ": " : "", problem ? problem : "");
	tap_ok(problem == NULL, name);
}

static EtlJsonEvent
parse(EtlJsonPull *pull, const char **s, const char *end, bool last)
{
	EtlJsonEvent event;

	etl_json_pull_start(pull);
	do
		event = etl_json_pull(pull, s, end, last);
	while (event == ETL_JSON_VALUE || event == ETL_JSON_KEY);
	return event;
}

/* The records of a line that ends at line_end; -1 if the last may go on. */
static int
records_of_line(const char *s, const char *line_end)
{
	static EtlJsonPull pull;
	int n = 0;

	for (;;)
	{
		while (s < line_end && etl_json_is_blank(*s))
			s++;
		if (s == line_end)
			return n;
		switch (parse(&pull, &s, line_end + 1, false))
		{
			case ETL_JSON_DONE:
				n++;
				break;
			case ETL_JSON_BAD:
				return 1;
			default:
				return n == 0 ? -1 : 1;
		}
	}
}

static const char *
check_json(const char *buf, size_t len, size_t until)
{
	EtlJsonCounter counter;
	EtlJsonCount count;
	uint64_t records = 0;
	uint64_t lines = 0;
	size_t line_end = 0;
	size_t at = 0;

	etl_json_count_start(&counter, false);
	do
	{
		size_t n = 65 + tap_random(300);

		etl_json_count(&counter, buf + at, n < len - at ? n : len - at,
					   until > at ? until - at : 0, &count);
		if (count.line_end > 0)
			line_end = at + count.line_end;
		records += count.records;
		lines += count.lines;
		at += count.counted;
	} while (count.counted > 0 && !count.found && !count.odd);

	for (size_t start = 0; start < line_end;)
	{
		const char *end = memchr(buf + start, '\n', line_end - start);
		int n = end ? records_of_line(buf + start, end) : -1;

		if (n < 0)
			return "a line was counted whose record goes on";
		if (n > 1)
			return "a line was counted that has several records";
		start = (size_t) (end - buf) + 1;
		if (count.found && start >= until && start < line_end)
			return "it went too far";
		records -= (uint64_t) n;
		lines--;
	}
	if (records != 0)
		return "the number of records is wrong";
	if (lines != 0)
		return "the number of lines is wrong";
	if (count.found && line_end < until)
		return "it didn't go far enough";
	return NULL;
}

static void
run_json(const char *implementation)
{
	static const char *const pieces[] = {"{\"a\": 1}\n",
										 "{\"a\":\"b}\\\"{\\\\\"}\n",
										 "{\"c\":[1,{},[2]],\"d\":{}}\r\n",
										 "\n",
										 " \t\r\n",
										 "[{\"e\" : \"\\\\\\\\\"} , 3]\n",
										 "{\"a\": \"[\n",
										 "{}",
										 "} ",
										 "{\"f\": ",
										 "17",
										 "\\",
										 "\"",
										 "},{",
										 "\n"};
	const char *problem = NULL;
	char name[200];

	etl_json_count_use(implementation);
	for (int i = 0; i < ROUNDS && problem == NULL; i++)
	{
		static char buf[MAX_LENGTH * 2];
		size_t n = random_text(buf, pieces, 15, 5);
		char *exact = malloc(n + 1);

		memcpy(exact, buf, n);
		problem = check_json(exact, n, tap_random((unsigned) n + 50));
		free(exact);
	}
	snprintf(name, sizeof(name), "json, %s%s%s", implementation,
			 problem ? ": " : "", problem ? problem : "");
	tap_ok(problem == NULL, name);
}

int
main(void)
{
	const char *const *implementations = etl_csv_index_implementations();

	for (int i = 0; implementations[i] != NULL; i++)
		run_csv(implementations[i]);
	implementations = etl_json_count_implementations();
	for (int i = 0; implementations[i] != NULL; i++)
		run_json(implementations[i]);
	return tap_done();
}
