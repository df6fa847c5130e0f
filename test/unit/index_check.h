/*
 * index_check.h
 *	  The SIMD index held against the automaton, for the unit test and the
 *	  fuzzer.
 *
 * The rule: as far as the index goes, it finds exactly the separators that the
 * automaton finds; and it goes to the end unless the automaton finds a fault.
 */
#ifndef TEST_INDEX_CHECK_H
#define TEST_INDEX_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv/automaton.h"
#include "csv/simd_index.h"

typedef struct Separators
{
	uint32_t *positions;
	size_t count;
	size_t special_until; /* behind the last byte that isn't plain ASCII */
	bool quoted_newlines;
	bool fault;
	size_t fault_record; /* where the first faulty record begins */
} Separators;

/* What the automaton says of all records up to the first faulty one. */
static Separators
separators_by_automaton(const EtlCsvSyntax *syntax, const char *buf,
						size_t len)
{
	Separators found = {0};
	EtlCsvSpan span = {0};
	size_t start = 0;

	found.positions = malloc((len + 1) * sizeof(uint32_t));
	span.capacity = len + 1;
	span.ends = malloc(span.capacity * sizeof(uint32_t));
	while (etl_csv_scan(syntax, buf + start, len - start, true, &span) ==
		   ETL_CSV_SCAN_RECORD)
	{
		if (span.flags & ETL_CSV_FAULTS)
		{
			found.fault = true;
			found.fault_record = start;
			break;
		}
		if (span.flags & ETL_CSV_HAS_NEWLINES)
			found.quoted_newlines = true;
		for (size_t i = 0; i + 1 < span.nfields; i++)
			found.positions[found.count++] = (uint32_t) (start + span.ends[i]);
		/* The last one is the line end's last byte, if there is one. */
		if (span.consumed > span.length)
			found.positions[found.count++] =
				(uint32_t) (start + span.consumed - 1);
		start += span.consumed;
	}
	for (size_t i = 0; i < len; i++)
	{
		if (buf[i] == 0 || (unsigned char) buf[i] >= 0x80)
			found.special_until = i + 1;
	}
	free(span.ends);
	return found;
}

/*
 * Indexes buf in pieces of at most "step" bytes; returns NULL if all agrees
 * with the automaton, else what doesn't.
 */
static const char *
check_index(const EtlCsvSyntax *syntax, const char *buf, size_t len,
			size_t step)
{
	Separators expected = separators_by_automaton(syntax, buf, len);
	uint32_t *found = malloc((2 * len + 256) * sizeof(uint32_t));
	EtlCsvIndexer indexer;
	EtlCsvIndexResult result = {0};
	size_t count = 0;
	size_t pos = 0;
	size_t given = step;
	bool special = false;
	bool quoted_newlines = false;
	const char *problem = NULL;

	etl_csv_index_start(&indexer, syntax);
	while (pos < len && !result.anomaly)
	{
		size_t n = given < len - pos ? given : len - pos;

		etl_csv_index(&indexer, buf + pos, n, pos + n == len, (uint32_t) pos,
					  found + count, &result);
		pos += result.indexed;
		count += result.count;
		special |= result.special;
		quoted_newlines |= result.quoted_newlines;
		/* Nothing was indexed because more bytes are wanted. */
		given = result.indexed == 0 ? given + step : step;
	}

	if (result.anomaly && !expected.fault)
		problem = "the index sees an anomaly, the automaton no fault";
	else if (!result.anomaly && !indexer.in_quotes && expected.fault)
		problem = "the automaton sees a fault, the index nothing";
	else if (!expected.fault && count != expected.count)
		problem = "they find different numbers of separators";
	else if (!expected.fault && quoted_newlines != expected.quoted_newlines)
		problem = "they disagree about line ends in quotes";
	else if (!result.anomaly && special != (expected.special_until > 0))
		problem = "special bytes aren't told";
	for (size_t i = 0; i < count && problem == NULL; i++)
	{
		/* Behind the first fault only the automaton counts. */
		if (expected.fault && found[i] >= expected.fault_record)
			break;
		if (i >= expected.count || found[i] != expected.positions[i])
			problem = "they find different separators";
	}
	free(found);
	free(expected.positions);
	return problem;
}

#endif
