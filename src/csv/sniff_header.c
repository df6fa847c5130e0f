/*
 * sniff_header.c
 *	  Whether the first records of a table are names rather than values.
 *
 * Each column votes: a text above values of a known form is a name, a value of
 * a known form above others isn't.  Among texts, a form that the column's cells
 * share (codes, fixed lengths) and the cell doesn't is a weaker sign, and a
 * text that comes again in the column is a value.  Where nothing tells, a first
 * record that could be names (filled, distinct, no values, no sentences) is
 * taken for them: most files have a header.  The same goes for a file with one
 * record.
 */
#include "csv/sniff_private.h"

#include <stdlib.h>
#include <string.h>

/* Body records looked at. */
#define MAX_BODY 300

/* Header lines a table may have. */
#define MAX_HEADER_ROWS 4

/* A table that has more than one of them has this many columns and records. */
#define MIN_DEEP_WIDTH 3
#define MIN_DEEP_RECORDS 3

/* Texts this many times as long as the cell above them are prose. */
#define PROSE_FACTOR 3

static bool
is_row(const SniffBody *body, size_t r)
{
	const SniffRecord *record = &body->parse->records[r];

	return !record->comment && record->nfields == body->block.width;
}

static void
add_cell(SniffColumn *column, const char *cell, size_t len)
{
	SniffKind kind = sniff_kind(cell, len);
	uint64_t shape;

	column->kinds[kind]++;
	if (kind == SNIFF_EMPTY)
		return;
	shape = sniff_shape(cell, len);
	if (column->filled++ == 0)
	{
		column->shape = shape;
		column->min_length = (uint32_t) len;
	}
	column->same_shape += shape == column->shape;
	if (len < column->min_length)
		column->min_length = (uint32_t) len;
	column->total_length += len;
	if (len > column->max_length)
		column->max_length = (uint32_t) len;
}

/*
 * Looks at the block's records from the given one on.  False when out of
 * memory; else sniff_body_free() is due.
 */
bool
sniff_body_init(SniffBody *body, const SniffParse *parse,
				const SniffBlock *block, size_t from)
{
	memset(body, 0, sizeof(*body));
	body->parse = parse;
	body->block = *block;
	body->from = from;
	body->to = from;
	body->columns = calloc(block->width, sizeof(SniffColumn));
	if (body->columns == NULL)
		return false;

	for (; body->to <= block->last && body->rows < MAX_BODY; body->to++)
	{
		const SniffRecord *record = &parse->records[body->to];

		if (!is_row(body, body->to))
			continue;
		body->rows++;
		for (uint32_t c = 0; c < block->width; c++)
		{
			size_t len;
			const char *cell = sniff_cell(parse, record, c, &len);

			add_cell(&body->columns[c], cell, len);
		}
	}
	for (uint32_t c = 0; c < block->width; c++)
	{
		SniffColumn *column = &body->columns[c];

		for (int kind = 0; kind < SNIFF_NKINDS; kind++)
			if (sniff_is_typed((SniffKind) kind) && column->kinds[kind] > 0 &&
				column->kinds[kind] * 2 >= column->filled)
				column->typed = true;
		body->ntyped += column->typed;
	}
	return true;
}

void
sniff_body_free(SniffBody *body)
{
	free(body->columns);
	body->columns = NULL;
}

/* Columns that both the record and the table have. */
static uint32_t
common_width(const SniffBody *body, size_t row)
{
	uint32_t nfields = body->parse->records[row].nfields;

	return nfields < body->block.width ? nfields : body->block.width;
}

/*
 * True if the record has a value where the body has such values, and isn't
 * mostly empty where the body never is, as names of groups of columns are.
 */
bool
sniff_is_data(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];
	uint32_t n = common_width(body, row);
	uint32_t full = 0;
	uint32_t missing = 0;
	bool value = false;

	for (uint32_t c = 0; c < n; c++)
	{
		const SniffColumn *column = &body->columns[c];
		size_t len;
		const char *cell = sniff_cell(body->parse, record, c, &len);
		SniffKind kind = sniff_kind(cell, len);

		value |= column->typed && sniff_is_typed(kind);
		full += column->filled == body->rows;
		missing += column->filled == body->rows && kind == SNIFF_EMPTY;
	}
	return value && (full == 0 || missing * 2 < full);
}

/* True if the text is found in column c of the body as well. */
static bool
recurs(const SniffBody *body, uint32_t c, const char *text, size_t n)
{
	for (size_t r = body->from; r < body->to; r++)
	{
		size_t len;
		const char *cell;

		if (!is_row(body, r))
			continue;
		cell = sniff_cell(body->parse, &body->parse->records[r], c, &len);
		if (len == n && memcmp(cell, text, n) == 0)
			return true;
	}
	return false;
}

/* The vote of a text above texts. */
static double
text_vote(const SniffBody *body, uint32_t c, const char *text, size_t n)
{
	const SniffColumn *column = &body->columns[c];
	bool same_length = column->min_length == column->max_length;
	bool same_shape = column->same_shape * 10 >= column->filled * 9;

	if (recurs(body, c, text, n))
		return -1;
	if (column->filled < 3)
		return 0;
	if (same_length || same_shape)
	{
		if (same_length && n != column->max_length)
			return 0.5;
		if (same_shape && sniff_shape(text, n) != column->shape)
			return 0.5;
		return same_length && same_shape ? -0.5 : 0;
	}
	return sniff_is_name(text, n) &&
				   n * PROSE_FACTOR < column->total_length / column->filled
			   ? 0.25
			   : 0;
}

/* The year that the text is, 0 if it is none. */
static int
read_year(const char *s, size_t n)
{
	int year = 0;

	for (size_t p = 0; n == 4 && p < n && s[p] >= '0' && s[p] <= '9'; p++)
		year = year * 10 + (s[p] - '0');
	return year >= 1800 && year <= 2200 ? year : 0;
}

/* True if column c of the body has years or dates. */
static bool
has_dates(const SniffBody *body, uint32_t c)
{
	if (body->columns[c].kinds[SNIFF_DATE] > 0)
		return true;
	for (size_t r = body->from; r < body->to; r++)
	{
		size_t len;
		const char *cell;

		if (!is_row(body, r))
			continue;
		cell = sniff_cell(body->parse, &body->parse->records[r], c, &len);
		if (read_year(cell, len) != 0)
			return true;
	}
	return false;
}

/*
 * True if the record's values are names of columns although they look like
 * values: years or dates, two or more of them, above columns that have none.
 * Three years that follow each other may stand above anything.
 */
static bool
has_date_names(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];
	uint32_t n = common_width(body, row);
	bool clear = true;
	bool series = true;
	int previous = 0;
	int count = 0;

	for (uint32_t c = 0; c < n; c++)
	{
		size_t len;
		const char *cell = sniff_cell(body->parse, record, c, &len);
		SniffKind kind = sniff_kind(cell, len);
		int year = read_year(cell, len);

		if (!sniff_is_typed(kind))
			continue;
		if (year == 0 && kind != SNIFF_DATE)
			return false;
		clear = clear && !has_dates(body, c);
		series = series && year != 0 &&
				 (count == 0 || year == previous + 1 || year == previous - 1);
		previous = year;
		count++;
	}
	return (clear && count >= 2) || (series && count >= 3);
}

/* Sums up what the columns say: above 0 the record is a header, below it isn't. */
double
sniff_header_votes(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];
	uint32_t n = common_width(body, row);
	bool dates = has_date_names(body, row);
	double votes = dates ? 1 : 0;

	for (uint32_t c = 0; c < n; c++)
	{
		size_t len;
		const char *cell = sniff_cell(body->parse, record, c, &len);
		SniffKind kind = sniff_kind(cell, len);

		if (body->columns[c].filled == 0 || kind == SNIFF_EMPTY)
			continue;
		if (dates && sniff_is_typed(kind))
			continue;
		if (body->columns[c].typed)
			votes += sniff_is_typed(kind) ? -1 : 1;
		else if (sniff_is_typed(kind))
			votes -= 0.5;
		else
			votes += text_vote(body, c, cell, len);
	}
	return votes;
}

/* True if the record's filled cells could all be names, and most are filled. */
bool
sniff_could_be_names(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];
	uint32_t filled = 0;

	for (uint32_t c = 0; c < record->nfields; c++)
	{
		size_t len;
		const char *cell = sniff_cell(body->parse, record, c, &len);

		if (sniff_kind(cell, len) == SNIFF_EMPTY)
			continue;
		filled++;
		if (!sniff_is_name(cell, len))
			return false;
	}
	return filled > 0 && filled * 4 >= record->nfields * 3;
}

/* *certain is set if the columns told, and may be NULL. */
bool
sniff_is_header(const SniffBody *body, size_t row, bool *certain)
{
	double votes = sniff_header_votes(body, row);

	if (certain != NULL)
		*certain = votes != 0 || body->ntyped > 0;
	if (votes != 0)
		return votes > 0;
	return body->ntyped == 0 && sniff_could_be_names(body, row);
}

/*
 * How many records from row on are header lines: the header, and behind it
 * those that have texts, and no value, above the columns of values.  In a small
 * table such a record is more likely one of bad values.
 */
int
sniff_header_rows(const SniffBody *body, size_t row)
{
	int rows = 1;

	while (body->block.width >= MIN_DEEP_WIDTH && rows < MAX_HEADER_ROWS &&
		   row + rows + MIN_DEEP_RECORDS <= body->block.last)
	{
		const SniffRecord *record = &body->parse->records[row + rows];
		uint32_t texts = 0;

		if (!is_row(body, row + rows) || record->after_blank ||
			record->faults != 0)
			break;
		for (uint32_t c = 0; c < body->block.width; c++)
		{
			size_t len;
			const char *cell = sniff_cell(body->parse, record, c, &len);
			SniffKind kind = sniff_kind(cell, len);

			if (!body->columns[c].typed || kind == SNIFF_EMPTY)
				continue;
			if (!sniff_is_name(cell, len))
				return rows;
			texts++;
		}
		if (texts < 2 || texts * 4 < body->ntyped * 3)
			break;
		rows++;
	}
	return rows;
}
