/*
 * fuzz_csv_index.c
 *	  The SIMD index against the automaton, on whatever libFuzzer finds.
 *
 * The first two bytes choose the syntax and the size of the pieces in which the
 * rest is indexed.
 */
#include "../unit/index_check.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char delimiters[] = {',', ';', '\t', ' '};
	static const int quotes[] = {'"', '\'', ETL_CSV_NONE, '"'};
	const char *const *implementations = etl_csv_index_implementations();
	EtlCsvSyntax syntax = {.delimiter_len = 1};

	if (size < 2)
		return 0;
	syntax.delimiter[0] = delimiters[data[0] & 3];
	syntax.quote = quotes[(data[0] >> 2) & 3];
	syntax.escape = syntax.quote;
	for (int i = 0; implementations[i] != NULL; i++)
	{
		const char *problem;

		etl_csv_index_use(implementations[i]);
		problem = check_index(&syntax, (const char *) data + 2, size - 2,
							  (size_t) data[1] + 1);
		if (problem != NULL)
		{
			fprintf(stderr, "%s: %s\n", implementations[i], problem);
			abort();
		}
	}
	return 0;
}
