/*
 * test_simd_index.c
 *	  Every implementation of the index against the automaton, on random input.
 */
#include "index_check.h"
#include "tap.h"

#define ROUNDS 60000
#define MAX_LENGTH 700

/* Few kinds of bytes, so that all their combinations turn up. */
static size_t
random_input(char *buf, bool well_formed)
{
	static const char odd[] = {',', '"', '\n', '\r',       'a',
							   'b', ';', 0,    (char) 0xC3};
	size_t len = tap_random(MAX_LENGTH);
	size_t n = 0;

	while (n < len)
	{
		if (!well_formed)
			buf[n++] = odd[tap_random(tap_random(4) == 0 ? 9 : 6)];
		else
		{
			/* A field, perhaps quoted, and what ends it. */
			bool quoted = tap_random(3) == 0;
			unsigned content = tap_random(tap_random(8) == 0 ? 90 : 9);

			if (quoted)
				buf[n++] = '"';
			while (content-- > 0 && n < MAX_LENGTH)
			{
				char c = quoted ? odd[tap_random(7)] : 'x';

				buf[n++] = c;
				if (c == '"')
					buf[n++] = c;
			}
			if (quoted)
				buf[n++] = '"';
			buf[n++] = tap_random(4) == 0 ? '\n' : ',';
			if (tap_random(12) == 0)
			{
				buf[n - 1] = '\r';
				if (tap_random(2) == 0)
					buf[n++] = '\n';
			}
		}
	}
	return n;
}

static void
run(const char *implementation, bool well_formed, int quote)
{
	EtlCsvSyntax syntax = {.delimiter = ",",
						   .delimiter_len = 1,
						   .quote = quote,
						   .escape = quote};
	char name[200];
	const char *problem = NULL;

	etl_csv_index_use(implementation);
	for (int i = 0; i < ROUNDS && problem == NULL; i++)
	{
		static char buf[MAX_LENGTH * 3];
		size_t n = random_input(buf, well_formed);
		/* A copy of its exact size, so that reading beyond is seen. */
		char *exact = malloc(n > 0 ? n : 1);

		memcpy(exact, buf, n);
		problem = check_index(&syntax, exact, n, 1 + tap_random(300));
		free(exact);
	}
	snprintf(name, sizeof(name), "%s, %s input, %s%s%s", implementation,
			 well_formed ? "well-formed" : "odd",
			 quote == ETL_CSV_NONE ? "no quote" : "quotes",
			 problem ? ": " : "", problem ? problem : "");
	tap_ok(problem == NULL, name);
}

int
main(void)
{
	const char *const *implementations = etl_csv_index_implementations();

	for (int i = 0; implementations[i] != NULL; i++)
	{
		run(implementations[i], true, '"');
		run(implementations[i], false, '"');
		run(implementations[i], false, ETL_CSV_NONE);
	}
	return tap_done();
}
