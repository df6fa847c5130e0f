/*
 * sniff_parse.c
 *	  The sample as records under one syntax.
 *
 * The automaton decides what a record is, so detection and reading can't
 * differ.  Blank lines are left out but remembered with the record behind them.
 */
#include "csv/sniff_private.h"

#include <stdlib.h>
#include <string.h>

/* Widths counted at a time; a sample with more has no common one. */
#define MAX_WIDTHS 64

/* Makes room for one more record. */
static bool
grow_records(SniffParse *parse)
{
	size_t size = parse->records_size == 0 ? 512 : parse->records_size * 2;
	SniffRecord *records;

	if (parse->nrecords < parse->records_size)
		return true;
	records = realloc(parse->records, size * sizeof(SniffRecord));
	if (records == NULL)
		return false;
	parse->records = records;
	parse->records_size = size;
	return true;
}

static bool
grow_ends(SniffParse *parse)
{
	size_t size = parse->ends_size == 0 ? 4096 : parse->ends_size * 2;
	uint32_t *ends = realloc(parse->ends, size * sizeof(uint32_t));

	if (ends == NULL)
		return false;
	parse->ends = ends;
	parse->ends_size = size;
	return true;
}

/* Finds the fields of the record at start; false when out of memory. */
static bool
scan_record(SniffParse *parse, const char *start, size_t len, EtlCsvSpan *span)
{
	if (parse->ends_size == 0 && !grow_ends(parse))
		return false;
	for (;;)
	{
		span->ends = parse->ends + parse->nends;
		span->capacity = parse->ends_size - parse->nends;
		if (etl_csv_scan(&parse->syntax, start, len, true, span) ==
			ETL_CSV_SCAN_RECORD)
			return true;

		/* There are bytes and no more will come: it is for lack of space. */
		if (!grow_ends(parse))
			return false;
	}
}

/* Physical lines that a record with quoted line ends takes. */
static uint32_t
count_lines(const char *s, size_t n)
{
	uint32_t lines = 0;

	for (size_t p = 0; p < n; p++)
	{
		if (s[p] == '\n')
			lines++;
		else if (s[p] == '\r' && (p + 1 == n || s[p + 1] != '\n'))
			lines++;
	}
	return lines;
}

/*
 * Splits the sample into records; stops at the first one that begins at or
 * behind limit.  parse is zeroed or from an earlier call.  False when out of
 * memory; sniff_parse_free() is due in any case.
 */
bool
sniff_parse(SniffParse *parse, const SniffSample *sample,
			const EtlCsvSyntax *syntax, size_t limit)
{
	size_t offset = 0;
	uint32_t line = sample->line;
	bool after_blank = false;

	parse->sample = sample;
	parse->syntax = *syntax;
	parse->nrecords = 0;
	parse->nends = 0;
	while (offset < limit && offset < sample->len)
	{
		const char *start = sample->buf + offset;
		SniffRecord *record;
		EtlCsvSpan span;

		if (!grow_records(parse) ||
			!scan_record(parse, start, sample->len - offset, &span))
			return false;
		offset += span.consumed;
		record = &parse->records[parse->nrecords];
		record->offset = (uint32_t) (start - sample->buf);
		record->length = (uint32_t) span.length;
		record->line = line;
		record->nfields = (uint32_t) span.nfields;
		record->first_end = parse->nends;
		record->faults = (uint8_t) (span.flags & ETL_CSV_FAULTS);
		record->eol = (uint8_t) (span.consumed - span.length);
		record->eol_first = record->eol > 0 ? start[span.length] : '\0';
		record->after_blank = after_blank;
		record->comment = false;
		line += span.flags & ETL_CSV_HAS_NEWLINES
					? count_lines(start, span.consumed)
					: 1;
		after_blank = span.length == 0;
		if (after_blank)
			continue;
		parse->nrecords++;
		parse->nends += span.nfields;
	}
	parse->lines = line;
	return true;
}

void
sniff_parse_free(SniffParse *parse)
{
	free(parse->records);
	free(parse->ends);
	memset(parse, 0, sizeof(*parse));
}

/* Field i of a record as it stands. */
const char *
sniff_raw_cell(const SniffParse *parse, const SniffRecord *record, uint32_t i,
			   size_t *len)
{
	const uint32_t *ends = parse->ends + record->first_end;
	uint32_t start =
		i == 0 ? 0 : ends[i - 1] + (uint32_t) parse->syntax.delimiter_len;

	*len = ends[i] - start;
	return parse->sample->buf + record->offset + start;
}

/* The same without its quotes; escapes inside stay. */
const char *
sniff_cell(const SniffParse *parse, const SniffRecord *record, uint32_t i,
		   size_t *len)
{
	const char *cell = sniff_raw_cell(parse, record, i, len);

	if (etl_csv_is_quoted(&parse->syntax, cell, *len))
	{
		cell++;
		*len -= 2;
	}
	return cell;
}

/*
 * Finds the stretch in which records of the given width outweigh others most.
 * False if there is no such record.
 *
 * The weight of others is what tells an odd record inside the table from lines
 * before it that happen to have its width: few fields come about by chance.
 */
bool
sniff_block(const SniffParse *parse, uint32_t width, SniffBlock *block)
{
	int penalty = width >= 4 ? 4 : 9;
	long sum = 0;
	long best = 0;
	size_t start = 0;

	memset(block, 0, sizeof(*block));
	block->width = width;
	for (size_t i = 0; i < parse->nrecords; i++)
	{
		if (parse->records[i].comment)
			continue;
		if (parse->records[i].nfields != width)
		{
			sum -= penalty;
			continue;
		}
		if (sum <= 0)
		{
			start = i;
			sum = 0;
		}
		sum += 10;
		if (sum > best)
		{
			best = sum;
			block->first = start;
			block->last = i;
		}
	}
	if (best == 0)
		return false;
	for (size_t i = block->first; i <= block->last; i++)
	{
		block->total += !parse->records[i].comment;
		block->matches +=
			!parse->records[i].comment && parse->records[i].nfields == width;
	}
	return true;
}

/*
 * The widths above 1 that most records have, weightiest first; returns how
 * many.  Ties go to the wider.
 */
int
sniff_widths(const SniffParse *parse, uint32_t *widths, int max)
{
	uint32_t seen[MAX_WIDTHS];
	double weights[MAX_WIDTHS];
	int nseen = 0;
	int found = 0;

	for (size_t i = 0; i < parse->nrecords; i++)
	{
		uint32_t width = parse->records[i].nfields;
		int w = 0;

		if (width < 2 || parse->records[i].comment)
			continue;
		while (w < nseen && seen[w] != width)
			w++;
		if (w == nseen)
		{
			if (nseen == MAX_WIDTHS)
				continue;
			seen[nseen] = width;
			weights[nseen++] = 0;
		}
		weights[w] += (double) (width - 1) / width;
	}
	while (found < max && found < nseen)
	{
		int best = found;

		for (int w = found + 1; w < nseen; w++)
			if (weights[w] > weights[best] ||
				(weights[w] == weights[best] && seen[w] > seen[best]))
				best = w;
		widths[found] = seen[best];
		seen[best] = seen[found];
		weights[best] = weights[found];
		found++;
	}
	return found;
}
