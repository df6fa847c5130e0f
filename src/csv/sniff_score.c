/*
 * sniff_score.c
 *	  How much the bytes look like a table under one syntax.
 *
 * The score is a product, so a candidate must do well in every respect:
 *
 *	  prior      how usual the delimiter is: prose has blanks, times have colons
 *	  regular    share of records with the table's width, in the table
 *	  coverage   share of the sample's records that the table explains
 *	  width      (w - 1) / w: more columns don't come about by chance
 *	  cells      how many cells look like values, and like one value each
 */
#include "csv/sniff_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Records of a candidate's table whose cells are looked at. */
#define MAX_TYPED_RECORDS 200

/* The commonest widths of a candidate that are tried as its table's. */
#define MAX_TRIED_WIDTHS 3

/* By how much a less common width must look better. */
#define RARER_WIDTH 1.5

/*
 * A tab in nearly every record is a delimiter, however ragged the records are:
 * so much of that share stands in for regularity.
 */
#define HELD_WEIGHT 0.6

/* For plain text with a blank behind each delimiter. */
#define SPACED_WEIGHT 0.5

/* The same below a first record of one field, such as "name" above "Lee, Ann". */
#define TITLED_WEIGHT 0.15

/* For a table that leaves nothing over. */
#define ENTIRE_BONUS 1.25

/* True if the field would be read otherwise without its quotes. */
static bool
needs_quotes(const EtlCsvSyntax *syntax, const char *cell, size_t len)
{
	if (memchr(cell + 1, '\n', len - 2) != NULL ||
		memchr(cell + 1, '\r', len - 2) != NULL ||
		memchr(cell + 1, syntax->quote, len - 2) != NULL)
		return true;
	for (size_t p = 1; p + (size_t) syntax->delimiter_len < len; p++)
		if (memcmp(cell + p, syntax->delimiter,
				   (size_t) syntax->delimiter_len) == 0)
			return true;
	return false;
}

/* Counts what doesn't depend on the width. */
static void
count_records(const SniffParse *parse, SniffCandidate *candidate)
{
	size_t held = 0;

	for (size_t i = 0; i < parse->nrecords; i++)
	{
		const SniffRecord *record = &parse->records[i];
		bool quoted = false;
		bool needed = false;
		bool doubled = false;

		if (record->comment)
			continue;
		if (candidate->live++ == 0)
			candidate->titled = record->nfields == 1;
		held += record->nfields > 1;
		if (record->faults != 0)
		{
			candidate->faulty++;
			continue;
		}
		if (parse->syntax.quote == ETL_CSV_NONE ||
			memchr(parse->sample->buf + record->offset, parse->syntax.quote,
				   record->length) == NULL)
			continue;
		for (uint32_t c = 0; c < record->nfields && !needed; c++)
		{
			size_t len;
			const char *cell = sniff_raw_cell(parse, record, c, &len);

			if (!etl_csv_is_quoted(&parse->syntax, cell, len))
				continue;
			quoted = true;
			needed = needs_quotes(&parse->syntax, cell, len);
			doubled |= memchr(cell + 1, parse->syntax.quote, len - 2) != NULL;
		}
		candidate->quoted += quoted;
		candidate->needed += needed;
		candidate->doubled += doubled;
	}
	if (candidate->live > 0)
		candidate->held = (double) held / (double) candidate->live;
}

/* How much a cell speaks for being cut out in the right places: 0 to 1. */
static double
cell_points(const SniffParse *parse, const SniffRecord *record, uint32_t i,
			SniffKind *kind)
{
	static const double points[SNIFF_NKINDS] = {
		[SNIFF_EMPTY] = 0.5, [SNIFF_NUMBER] = 1.0,  [SNIFF_DATE] = 1.0,
		[SNIFF_TIME] = 1.0,  [SNIFF_ADDRESS] = 1.0, [SNIFF_BOOL] = 1.0,
		[SNIFF_WORD] = 0.5,  [SNIFF_TEXT] = 0.3,    [SNIFF_MIXED] = 0.05};
	size_t len;
	const char *cell = sniff_raw_cell(parse, record, i, &len);

	if (etl_csv_is_quoted(&parse->syntax, cell, len) && record->faults == 0)
	{
		*kind = sniff_kind(cell + 1, len - 2);
		return points[*kind] < 0.9 ? 0.9 : points[*kind];
	}
	*kind = sniff_kind(cell, len);

	/* A blank behind each delimiter is part of it. */
	if (i > 0 && len > 1 && cell[0] == ' ')
		return points[*kind] * 0.7;
	return points[*kind];
}

/* True if a blank stands before what is in field i. */
static bool
follows_blank(const SniffParse *parse, const SniffRecord *record, uint32_t i)
{
	size_t len;
	const char *cell = sniff_raw_cell(parse, record, i, &len);

	return cell[-1] == ' ' || (len > 0 && cell[0] == ' ');
}

/*
 * The mean of cell_points() over the columns; a column that is always empty
 * counts nothing.  *plain is set if nothing but plain text was seen, *spaced if
 * a blank is behind every delimiter.
 */
static double
table_points(SniffSearch *search, const SniffBlock *block, bool *plain,
			 bool *spaced)
{
	const SniffParse *parse = &search->parse;
	double *sums = calloc(block->width, sizeof(double));
	bool *filled = calloc(block->width, sizeof(bool));
	size_t records = 0;
	double total = 0;

	*plain = true;
	*spaced = true;
	if (sums == NULL || filled == NULL)
		search->oom = true;
	for (size_t r = block->first;
		 !search->oom && r <= block->last && records < MAX_TYPED_RECORDS; r++)
	{
		const SniffRecord *record = &parse->records[r];

		if (record->nfields != block->width || record->comment)
			continue;
		records++;
		for (uint32_t c = 0; c < block->width; c++)
		{
			SniffKind kind;
			double points = cell_points(parse, record, c, &kind);

			sums[c] += points;
			filled[c] |= kind != SNIFF_EMPTY;
			*spaced &= c == 0 || follows_blank(parse, record, c);
			if (kind != SNIFF_EMPTY && points >= 0.7)
				*plain = false;
		}
	}
	for (uint32_t c = 0; !search->oom && records > 0 && c < block->width; c++)
		total += filled[c] ? sums[c] / (double) records : 0;
	free(sums);
	free(filled);
	return total / block->width;
}

/* Scores the parse as a table of the given width; keeps the best. */
static void
score_width(SniffSearch *search, uint32_t width, double prior,
			SniffCandidate *candidate)
{
	const SniffParse *parse = &search->parse;
	SniffBlock block;
	double regular;
	double coverage;
	double score;
	size_t good = 0;
	bool plain;
	bool spaced;

	if (!sniff_block(parse, width, &block))
		return;
	for (size_t r = block.first; r <= block.last; r++)
		good += parse->records[r].nfields == width &&
				!parse->records[r].comment && parse->records[r].faults == 0;
	regular = (double) block.matches / (double) block.total;
	coverage = (double) block.matches / (double) candidate->live;
	if (sniff_is_control(&parse->syntax))
	{
		regular = fmax(regular, HELD_WEIGHT * candidate->held);
		coverage = fmax(coverage, HELD_WEIGHT * candidate->held);
	}
	score = prior * regular * sqrt(regular) * coverage *
			((double) (width - 1) / width) *
			(1 - 0.5 * (1 - (double) good / (double) block.matches)) *
			table_points(search, &block, &plain, &spaced);

	/* From the first record to the last, the header included: no accident. */
	if (block.total == candidate->live && block.matches == block.total)
		score *= ENTIRE_BONUS;

	/*
	 * Prose, too, has stretches of lines with as many commas or words each, so
	 * where nothing but text was found the other signs count again, and once
	 * more if blanks follow.
	 */
	if (plain && !sniff_is_control(&parse->syntax))
	{
		score *= regular * coverage * prior * prior * prior;
		if (spaced)
			score *= regular * coverage *
					 (candidate->titled ? TITLED_WEIGHT : SPACED_WEIGHT);
	}
	if (score > candidate->score *
					(block.matches < candidate->matches ? RARER_WIDTH : 1))
	{
		candidate->matches = block.matches;
		candidate->score = score;
		candidate->width = width;
		candidate->good = good;
	}
}

/*
 * Tries a syntax on the search's sample.  With search->oom set the result is
 * worth nothing.
 */
SniffCandidate
sniff_score(SniffSearch *search, const EtlCsvSyntax *syntax, double prior)
{
	SniffCandidate candidate = {.syntax = *syntax, .width = 1};
	uint32_t widths[MAX_TRIED_WIDTHS];
	int nwidths;

	if (search->oom ||
		!sniff_parse(&search->parse, search->sample, syntax, search->limit))
	{
		search->oom = true;
		return candidate;
	}
	sniff_mark_remarks(&search->parse);
	count_records(&search->parse, &candidate);
	nwidths = sniff_widths(&search->parse, widths, MAX_TRIED_WIDTHS);
	candidate.narrow = nwidths == 0;
	if (candidate.narrow)
		candidate.good = candidate.live - candidate.faulty;
	for (int w = 0; w < nwidths; w++)
		score_width(search, widths[w], prior, &candidate);
	return candidate;
}
