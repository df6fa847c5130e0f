/*
 * sniff_titles.c
 *	  Records that look like a table's but stand above it: titles that a spreadsheet
 *	  padded, pairs of key and value, prose.
 *
 * None of them is passed over unless what follows shows that it is none of the
 * table's: a blank line, more columns, or more records.
 */
#include "csv/sniff_private.h"

/* A table below may have fewer records than so many pairs of key and value. */
#define MAX_PAIRS 6

/* Fields that hold more than blanks. */
uint32_t
sniff_count_filled(const SniffParse *parse, const SniffRecord *record)
{
	uint32_t filled = 0;

	for (uint32_t c = 0; c < record->nfields; c++)
	{
		size_t len;
		const char *cell = sniff_cell(parse, record, c, &len);

		sniff_trim(&cell, &len);
		filled += len > 0;
	}
	return filled;
}

/* True if blanks follow the delimiters, as they do in prose. */
bool
sniff_looks_like_prose(const SniffParse *parse, const SniffRecord *record)
{
	for (uint32_t c = 1; c < record->nfields; c++)
	{
		size_t len;
		const char *cell = sniff_raw_cell(parse, record, c, &len);

		if (len > 1 && cell[0] == ' ')
			return true;
	}
	return false;
}

/* True if the first cell is "key:". */
static bool
is_key(const SniffParse *parse, const SniffRecord *record)
{
	size_t len;
	const char *cell = sniff_cell(parse, record, 0, &len);

	return len > 1 && cell[len - 1] == ':';
}

/* True if the column below the first record has values of one kind only. */
static bool
is_of_one_kind(const SniffColumn *column)
{
	for (int kind = 0; kind < SNIFF_NKINDS; kind++)
		if (sniff_is_typed((SniffKind) kind) &&
			column->kinds[kind] == column->filled)
			return column->filled > 0;
	return false;
}

/*
 * True if the body, which leaves its block's first record aside, is no table but
 * pairs of key and value above one that has so many records: two columns of
 * which the first has names only, and not a header above values of one kind.
 * Many pairs above fewer records are a table, unless each key ends with a colon.
 */
static bool
are_pairs(const SniffBody *body, size_t records)
{
	const SniffBlock *block = &body->block;
	bool keys = true;
	size_t len;
	const char *cell;

	for (uint32_t c = 2; c < block->width; c++)
		if (body->columns[c].filled > 0)
			return false;
	for (size_t r = block->first; r <= block->last; r++)
	{
		const SniffRecord *record = &body->parse->records[r];

		if (record->comment || record->nfields != block->width)
			continue;
		cell = sniff_cell(body->parse, record, 0, &len);
		if (!sniff_is_name(cell, len))
			return false;
		keys = keys && is_key(body->parse, record);
	}
	if (keys)
		return true;
	cell =
		sniff_cell(body->parse, &body->parse->records[block->first], 1, &len);
	if (is_of_one_kind(&body->columns[1]) &&
		!sniff_is_typed(sniff_kind(cell, len)))
		return false;
	return block->matches <= MAX_PAIRS || block->matches < records;
}

/*
 * Finds a table before the block: three records or more that agree, shut off by
 * a blank line, and no mere pairs of key and value.
 */
bool
sniff_find_earlier(const SniffParse *parse, SniffBlock *block, bool *oom)
{
	SniffParse before = *parse;
	SniffBlock earlier;
	SniffBody body;
	uint32_t width;
	size_t next;
	bool table;

	before.nrecords = block->first;
	if (sniff_widths(&before, &width, 1) == 0 ||
		!sniff_block(&before, width, &earlier))
		return false;
	next = sniff_next_live(parse, earlier.last + 1);
	if (earlier.matches < 3 || earlier.matches * 5 < earlier.total * 4 ||
		!parse->records[next].after_blank)
		return false;
	if (!sniff_body_init(&body, &before, &earlier, earlier.first + 1))
	{
		*oom = true;
		return false;
	}
	table = !are_pairs(&body, block->matches) &&
			(sniff_header_votes(&body, earlier.first) > 0 || body.ntyped > 0);
	sniff_body_free(&body);
	if (table)
		*block = earlier;
	return table;
}

/*
 * Where the block is but pairs of key and value, and a blank line stands behind
 * them, takes the wider table that follows.
 */
void
sniff_skip_pairs(const SniffParse *parse, SniffBlock *block, bool *oom)
{
	SniffParse rest = *parse;
	size_t next = sniff_next_live(parse, block->last + 1);
	SniffBlock later;
	SniffBody body;
	uint32_t width;

	if (next >= parse->nrecords || !parse->records[next].after_blank)
		return;
	rest.records += next;
	rest.nrecords -= next;
	if (sniff_widths(&rest, &width, 1) == 0 || width <= 2 ||
		width < block->width || !sniff_block(&rest, width, &later) ||
		later.matches < 2 || later.matches * 5 < later.total * 4)
		return;
	if (!sniff_body_init(&body, parse, block, block->first + 1))
	{
		*oom = true;
		return;
	}
	if (are_pairs(&body, later.matches))
	{
		*block = later;
		block->first += next;
		block->last += next;
	}
	sniff_body_free(&body);
}

/*
 * True if the record may be a title that a spreadsheet padded with delimiters,
 * or a pair of key and value above a table that is wide enough to tell them
 * apart.  An empty one passes as well.
 */
static bool
is_padded_title(const SniffParse *parse, const SniffRecord *record,
				uint32_t filled, uint32_t width)
{
	size_t len;
	const char *cell = sniff_cell(parse, record, 0, &len);

	if (filled == 0)
		return true;
	if (!sniff_is_name(cell, len))
		return false;
	if (filled == 1)
		return true;
	cell = sniff_cell(parse, record, 1, &len);
	return filled == 2 &&
		   (is_key(parse, record) || width > SNIFF_MAX_PAIRED_WIDTH) &&
		   sniff_kind(cell, len) != SNIFF_EMPTY;
}

/* Makes the block begin at a later record; what is before are titles. */
static void
begin_at(const SniffParse *parse, SniffBlock *block, size_t row)
{
	block->top = row;
	for (; block->first < row; block->first++)
	{
		const SniffRecord *record = &parse->records[block->first];

		block->total -= !record->comment;
		block->matches -= !record->comment && record->nfields == block->width;
	}
}

/*
 * Takes prose off the block that has as many commas as its records, but other
 * lines above it, and such or blank ones behind it.
 */
static void
skip_prose(const SniffParse *parse, SniffBlock *block)
{
	size_t row = block->first;
	bool apart = false;

	if (sniff_next_live(parse, 0) == row ||
		!sniff_looks_like_prose(parse, &parse->records[row]))
		return;
	while ((row = sniff_next_live(parse, row + 1)) <= block->last)
	{
		const SniffRecord *record = &parse->records[row];

		apart |= record->after_blank || record->nfields != block->width;
		if (!apart || sniff_looks_like_prose(parse, record))
			return;
		if (record->nfields == block->width)
		{
			begin_at(parse, block, row);
			return;
		}
	}
}

/*
 * Takes padded titles and pairs off the block: a blank or empty line shuts them
 * off from records with more, or all are "key:" and something, or a lone cell.
 */
void
sniff_skip_titles(const SniffParse *parse, SniffBlock *block)
{
	size_t row = block->first;
	uint32_t most = 0;
	uint32_t filled = 0;
	bool titles = false;
	bool blank = false;
	bool keys = true;

	skip_prose(parse, block);
	for (row = block->first; row <= block->last;
		 row = sniff_next_live(parse, row + 1))
	{
		const SniffRecord *record = &parse->records[row];

		filled = sniff_count_filled(parse, record);
		blank |= filled == 0 || (record->after_blank && titles);
		if (!is_padded_title(parse, record, filled, block->width))
			break;
		titles |= filled > 0;
		keys = keys && is_key(parse, record);
		most = filled > most ? filled : most;
	}
	if (row <= block->last && titles &&
		(most > 1 ? (blank || keys) && filled > most
				  : blank || (filled >= 3 && block->matches > 2)))
		begin_at(parse, block, row);
}
