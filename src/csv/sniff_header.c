/*
 * sniff_header.c
 *	  Whether the first records of a table are names rather than values.
 *
 * Each column votes: a text above values of a known form is a name, a value of
 * a known form above others isn't.  Among texts, a form that the column's cells
 * share (codes, fixed lengths) and the cell doesn't is a weaker sign, and a
 * text that comes again in the column is a value.  Where nothing tells, a first
 * record that could be names (filled, no values, no sentences) is taken for
 * them, unless it looks just like the texts below it and has no word that names
 * usually have: most files have a header.  The same goes for a file with one
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

/* Records that texts of a first one are compared with. */
#define MIN_LIKE_RECORDS 4

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

static bool
is_same(const SniffBody *body, size_t a, size_t b)
{
	const SniffRecord *left = &body->parse->records[a];
	const SniffRecord *right = &body->parse->records[b];
	const char *buf = body->parse->sample->buf;

	return left->length == right->length &&
		   memcmp(buf + left->offset, buf + right->offset, left->length) == 0;
}

/* True if the whole record comes again. */
static bool
is_repeated(const SniffBody *body, size_t row)
{
	for (size_t r = body->from; r < body->to; r++)
		if (r != row && is_row(body, r) && is_same(body, r, row))
			return true;
	return false;
}

/*
 * True if the text, which column c of row has, is found in that column of the
 * body as well.  The header may come again as a whole, where files were joined.
 */
static bool
recurs(const SniffBody *body, size_t row, uint32_t c, const char *text,
	   size_t n)
{
	for (size_t r = body->from; r < body->to; r++)
	{
		size_t len;
		const char *cell;

		if (!is_row(body, r) ||
			(body->block.width > 1 && is_same(body, r, row)))
			continue;
		cell = sniff_cell(body->parse, &body->parse->records[r], c, &len);
		if (len == n && memcmp(cell, text, n) == 0)
			return true;
	}
	return false;
}

/* The vote of a text above texts. */
static double
text_vote(const SniffBody *body, size_t row, uint32_t c, const char *text,
		  size_t n)
{
	const SniffColumn *column = &body->columns[c];
	bool same_length = column->min_length == column->max_length;
	bool same_shape = column->same_shape * 10 >= column->filled * 9;

	if (recurs(body, row, c, text, n))
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

	sniff_trim(&s, &n);
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
			votes += text_vote(body, row, c, cell, len);
	}
	return votes;
}

/* The number that a word in cell c ends with, -1 if none; *stem is its rest. */
static long
read_number(const SniffParse *parse, const SniffRecord *record, uint32_t c,
			const char **stem, size_t *stem_len)
{
	long number = 0;
	size_t len;
	size_t p;

	*stem = sniff_cell(parse, record, c, &len);
	sniff_trim(stem, &len);
	for (p = len; p > 0 && (*stem)[p - 1] >= '0' && (*stem)[p - 1] <= '9';)
		p--;
	if (p == 0 || p == len || len - p > 6 ||
		sniff_kind(*stem, len) != SNIFF_WORD)
		return -1;
	*stem_len = p;
	for (; p < len; p++)
		number = number * 10 + ((*stem)[p] - '0');
	return number;
}

/* True if cell c + 1 goes on where c ends, as "q2" does after "q1". */
static bool
counts_on(const SniffParse *parse, const SniffRecord *record, uint32_t c)
{
	const char *stem;
	const char *next_stem;
	size_t len;
	size_t next_len;
	long number = read_number(parse, record, c, &stem, &len);

	return number >= 0 &&
		   read_number(parse, record, c + 1, &next_stem, &next_len) ==
			   number + 1 &&
		   len == next_len && memcmp(stem, next_stem, len) == 0;
}

/* True if cell c could be a name, if only as one of a numbered series. */
static bool
could_be_name(const SniffParse *parse, const SniffRecord *record, uint32_t c)
{
	size_t len;
	const char *cell = sniff_cell(parse, record, c, &len);

	return sniff_is_name(cell, len) ||
		   (c + 1 < record->nfields && counts_on(parse, record, c)) ||
		   (c > 0 && counts_on(parse, record, c - 1));
}

/*
 * True if the record's filled cells could all be names, and most are filled.
 * Empty ones don't count where the body has no column, or an empty one.
 */
bool
sniff_could_be_names(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];
	uint32_t filled = 0;
	uint32_t n = 0;

	for (uint32_t c = 0; c < record->nfields; c++)
	{
		size_t len;
		const char *cell = sniff_cell(body->parse, record, c, &len);
		bool empty = sniff_kind(cell, len) == SNIFF_EMPTY;

		n += !empty || (c < body->block.width && body->columns[c].filled > 0);
		if (empty)
			continue;
		filled++;
		if (!could_be_name(body->parse, record, c))
			return false;
	}
	return filled > 0 && (filled * 4 >= n * 3 || filled >= body->block.width);
}

/* How a text looks at a glance. */
typedef struct Look
{
	bool upper;   /* begins with a capital */
	bool shouted; /* has no small letter */
	bool blank;
	bool joined; /* has an underscore or a hump, as in "fullName" */
} Look;

static Look
look_at(const char *s, size_t n)
{
	Look look = {.shouted = true};

	sniff_trim(&s, &n);
	look.upper = n > 0 && s[0] >= 'A' && s[0] <= 'Z';
	for (size_t p = 0; p < n; p++)
	{
		bool small = s[p] >= 'a' && s[p] <= 'z';

		look.shouted = look.shouted && !small;
		look.blank |= s[p] == ' ';
		look.joined |= s[p] == '_' || (small && p + 1 < n && s[p + 1] >= 'A' &&
									   s[p + 1] <= 'Z');
	}
	return look;
}

/* True if the text looks like most in column c of the body. */
static bool
fits(const SniffBody *body, uint32_t c, const char *text, size_t n)
{
	const SniffColumn *column = &body->columns[c];
	Look look = look_at(text, n);
	uint32_t upper = 0;
	uint32_t shouted = 0;
	uint32_t blank = 0;
	uint32_t joined = 0;
	uint32_t filled = 0;

	if (n * 3 < column->min_length * 2 || n * 2 > column->max_length * 3)
		return false;
	for (size_t r = body->from; r < body->to; r++)
	{
		size_t len;
		const char *cell;
		Look other;

		if (!is_row(body, r))
			continue;
		cell = sniff_cell(body->parse, &body->parse->records[r], c, &len);
		if (sniff_kind(cell, len) == SNIFF_EMPTY)
			continue;
		other = look_at(cell, len);
		filled++;
		upper += other.upper == look.upper;
		shouted += other.shouted == look.shouted;
		blank += other.blank == look.blank;
		joined += other.joined == look.joined;
	}
	return upper * 2 > filled && shouted * 2 > filled && blank * 5 > filled &&
		   joined * 2 > filled;
}

/*
 * True if texts above texts are rather a record like those below: none has a
 * word that names of columns have, and each looks like what is below it, or all
 * of it comes again.
 */
static bool
is_like_below(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];
	bool repeated = body->block.width > 1 && is_repeated(body, row);

	if (!repeated && (body->rows < MIN_LIKE_RECORDS || body->block.width < 2))
		return false;
	for (uint32_t c = 0; c < common_width(body, row); c++)
	{
		size_t len;
		const char *cell = sniff_cell(body->parse, record, c, &len);

		if (sniff_kind(cell, len) == SNIFF_EMPTY)
			continue;
		if (sniff_has_header_word(cell, len) ||
			(!repeated && !fits(body, c, cell, len)))
			return false;
	}
	return true;
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
	return body->ntyped == 0 && sniff_could_be_names(body, row) &&
		   !is_like_below(body, row);
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
			if (!could_be_name(body->parse, record, c))
				return rows;
			texts++;
		}
		if (texts < 2 || texts * 4 < body->ntyped * 3)
			break;
		rows++;
	}
	return rows;
}
