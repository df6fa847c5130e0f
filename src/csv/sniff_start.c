/*
 * sniff_start.c
 *	  Where the table begins, and how many of its first records are header lines.
 *
 * What stands before the table is passed over by the reader, so a record is
 * taken for that on good evidence only: it is text rather than fields, or the
 * table behind it has a header of its own, or a blank line shuts it off.  A
 * header or a record of the wrong width stays in the table.
 */
#include "csv/sniff_private.h"

#include <string.h>

/* Records of the table's width that may stand before its header. */
#define MAX_PADDED_PREAMBLE 20

/* Above a table this wide a lone word is a title. */
#define TITLED_WIDTH 4

/* Records between a title and a header that are looked at. */
#define MAX_BETWEEN 4

/* Records that may be header lines are no evidence for what the body holds. */
#define MANY_RECORDS 8
#define HEADER_RECORDS 3

/* True if the width is that of a record with a delimiter too few or too many. */
static bool
is_near(uint32_t nfields, uint32_t width)
{
	uint32_t slack = width < 8 ? 1 : width / 4;

	return width >= 3 && nfields >= 2 && nfields + slack >= width &&
		   nfields <= width + slack;
}

/*
 * True if another delimiter would split the record into fields that fit the
 * body: names, or values where the body has values.  Blanks are between words
 * of prose, too, so a few of them prove nothing.
 */
bool
sniff_has_other_delimiter(const SniffBody *body, const SniffRecord *record)
{
	const char *start = body->parse->sample->buf + record->offset;
	uint32_t width = body->block.width;

	for (const char *d = width >= 7 ? ",;\t| " : ",;\t|"; *d != '\0'; d++)
	{
		const char *s = start;
		uint32_t fields = 0;
		uint32_t names = 0;
		uint32_t values = 0;

		while (fields <= width)
		{
			size_t rest = (size_t) (start + record->length - s);
			const char *end = memchr(s, *d, rest);
			size_t len = end == NULL ? rest : (size_t) (end - s);

			names += len == 0 || sniff_is_name(s, len);
			values += fields < width && body->columns[fields].typed &&
					  sniff_is_typed(sniff_kind(s, len));
			fields++;
			if (end == NULL)
				break;
			s = end + 1;
		}
		if (width >= 3 && fields == width &&
			(names == width || (values > 0 && values * 2 >= body->ntyped)))
			return true;
	}
	return false;
}

/* True if the record is text that nobody meant to be split into fields. */
static bool
is_remark(const SniffBody *body, const SniffRecord *record)
{
	SniffKind kind;
	size_t len;
	const char *text;

	if (record->nfields > 1)
		return sniff_looks_like_prose(body->parse, record);
	if (sniff_has_other_delimiter(body, record))
		return false;
	text = sniff_cell(body->parse, record, 0, &len);
	kind = sniff_kind(text, len);
	return kind >= SNIFF_WORD && (memchr(text, ' ', len) != NULL ||
								  body->block.width >= TITLED_WIDTH);
}

/* True if the record is a list of names. */
static bool
is_name_list(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];

	return record->nfields > 1 &&
		   !sniff_looks_like_prose(body->parse, record) &&
		   sniff_could_be_names(body, row);
}

/*
 * True if the record, which stands before the table's header, is to be passed
 * over: titles padded with delimiters, which look like a header with few names
 * but aren't followed by values.
 */
static bool
is_before_header(const SniffBody *body, size_t row)
{
	const SniffParse *parse = body->parse;
	const SniffRecord *record = &parse->records[row];

	if (record->comment || record->nfields != body->block.width ||
		!sniff_is_header(body, row, NULL))
		return true;
	return sniff_count_filled(parse, record) * 3 <= body->block.width &&
		   row + 1 < body->block.last && !sniff_is_data(body, row + 1);
}

/* True if the record names groups of columns ("2023,,2024,"). */
static bool
is_group_row(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];

	return !record->comment && record->nfields == body->block.width &&
		   !body->parse->records[row + 1].after_blank &&
		   sniff_count_filled(body->parse, record) >= 2;
}

/*
 * A header stands directly above its values.  If a record of another width, or a
 * blank line, comes between, and then a list of names, that is the header.
 */
static size_t
nearer_header(const SniffBody *body, size_t row)
{
	const SniffParse *parse = body->parse;
	bool apart = false;

	for (size_t r = row + 1; r <= row + MAX_BETWEEN && r < body->block.last;
		 r++)
	{
		const SniffRecord *record = &parse->records[r];

		if (record->comment)
			continue;
		apart |= record->after_blank || record->nfields != body->block.width;
		if (record->nfields == body->block.width)
			return apart && sniff_could_be_names(body, r) &&
						   sniff_is_header(body, r, NULL)
					   ? r
					   : row;
	}
	return row;
}

/*
 * Finds the header among the block's first records, and the lines that belong
 * to it.  Only a table with values shows what isn't data.  False if there is
 * no header.
 */
static bool
find_header(const SniffBody *body, const EtlCsvPinned *pinned,
			SniffStart *start)
{
	size_t row = body->block.first;
	size_t top;

	for (int passed = 0; row < body->block.last && is_before_header(body, row);
		 row++)
		if (body->ntyped == 0 || sniff_is_data(body, row) ||
			++passed > MAX_PADDED_PREAMBLE)
			break;
	if (!sniff_is_header(body, row, &start->certain))
		return false;
	if (!pinned->header_rows)
		row = nearer_header(body, row);
	for (top = row; top > body->block.first && is_group_row(body, top - 1);)
		top--;
	start->row = top;
	start->header_rows = (int) (row - top) + sniff_header_rows(body, row);
	return true;
}

/* The record above row that is no comment or title; row if there is none. */
static size_t
previous_live(const SniffBody *body, size_t row)
{
	size_t p = row;

	while (p > body->block.top)
		if (!body->parse->records[--p].comment)
			return p;
	return row;
}

/* True if the record's last field is the only empty one. */
static bool
ends_with_delimiter(const SniffParse *parse, const SniffRecord *record)
{
	size_t len;

	(void) sniff_cell(parse, record, record->nfields - 1, &len);
	return len == 0 &&
		   sniff_count_filled(parse, record) == record->nfields - 1;
}

/*
 * True if the record is neither a remark nor a pair of key and value, perhaps
 * padded to the table's width or with a delimiter at its end.
 */
static bool
is_like_data(const SniffBody *body, const SniffRecord *record)
{
	uint32_t filled;

	if (record->nfields <= 2 || is_remark(body, record))
		return false;
	filled = sniff_count_filled(body->parse, record);
	return filled > 2 ||
		   (filled == 2 && record->nfields != body->block.width &&
			!ends_with_delimiter(body->parse, record));
}

/*
 * True if records stand above row that are neither remarks nor names of groups
 * of columns: what looks like a header there is but an odd record.
 */
static bool
is_below_records(const SniffBody *body, size_t row)
{
	const SniffParse *parse = body->parse;
	bool blank = false;
	int count = 0;

	for (;;)
	{
		size_t above = previous_live(body, row);

		blank |= parse->records[row].after_blank;
		if (above == row)
			return false;
		if (is_like_data(body, &parse->records[above]))
		{
			if (!blank && !is_name_list(body, above))
				return true;
			if (++count > HEADER_RECORDS)
				return true;
		}
		else if (!blank)
			return false;
		row = above;
	}
}

/*
 * Looks above the block for a header of another width: the first list of names
 * with no blank line behind it, or the file's only record before a blank line.
 * Two names above many columns are rather a pair of key and value.  False if
 * there is none.
 */
static bool
find_ragged_header(const SniffBody *body, SniffStart *start)
{
	const SniffParse *parse = body->parse;
	uint32_t least = body->block.width > SNIFF_MAX_PAIRED_WIDTH ? 3 : 2;
	size_t row = body->block.first;
	size_t above = previous_live(body, row);
	size_t found = row;
	uint32_t width = 0;

	if (parse->records[row].after_blank)
	{
		if (previous_live(body, above) == above && above != row &&
			is_name_list(body, above))
			found = above;
	}
	else
		for (; above != row; above = previous_live(body, row))
		{
			row = above;
			if (is_name_list(body, row) &&
				(parse->records[row].nfields >= least || width < least))
			{
				found = row;
				width = parse->records[row].nfields;
			}
			if (parse->records[row].after_blank)
				break;
		}
	if (found == body->block.first)
		return false;
	start->row = found;
	start->header_rows = 1;
	start->certain = body->ntyped > 0;
	return true;
}

/* True if the record is a name and something, and perhaps a last delimiter. */
static bool
is_pair(const SniffBody *body, const SniffRecord *record)
{
	size_t len;
	const char *cell = sniff_cell(body->parse, record, 0, &len);

	return record->nfields <= 3 && record->nfields < body->block.width &&
		   sniff_is_name(cell, len) &&
		   sniff_count_filled(body->parse, record) == 2 &&
		   (record->nfields == 2 || ends_with_delimiter(body->parse, record));
}

/*
 * Where all records above the block, remarks aside, are pairs of key and value,
 * and two or more, none of them belongs to the table.
 */
static void
skip_pairs_above(SniffBody *body)
{
	const SniffParse *parse = body->parse;
	size_t pairs = 0;

	for (size_t row = body->block.top; row < body->block.first; row++)
	{
		const SniffRecord *record = &parse->records[row];

		if (record->comment ||
			(record->nfields == 1 && is_remark(body, record)))
			continue;
		if (!is_pair(body, record))
			return;
		pairs++;
	}
	if (pairs >= 2)
		body->block.top = body->block.first;
}

/*
 * True if a record above the block isn't part of its table: it is a remark, or
 * a blank line is between and it doesn't look like a record either.
 */
static bool
is_preamble(const SniffBody *body, size_t row, size_t paragraph)
{
	const SniffRecord *record = &body->parse->records[row];

	if (record->comment || is_remark(body, record))
		return true;
	return row < paragraph && !is_near(record->nfields, body->block.width) &&
		   !is_like_data(body, record);
}

/*
 * Begins with the first record above the block that is no preamble, although
 * its width is odd; it may be the header.
 */
static void
find_ragged_start(const SniffBody *body, SniffStart *start)
{
	const SniffParse *parse = body->parse;
	size_t paragraph = body->block.first;
	size_t row = body->block.top;

	while (paragraph > row && !parse->records[paragraph].after_blank)
		paragraph--;
	for (size_t r = row; r < body->block.first; r++)
	{
		if (is_like_data(body, &parse->records[r]))
			break;
		if (is_remark(body, &parse->records[r]))
			row = r;
	}
	while (row < body->block.first && is_preamble(body, row, paragraph))
		row++;
	start->row = row;
	start->header_rows =
		row < body->block.first && sniff_is_header(body, row, &start->certain);
}

/* Finds where the block's table begins.  False when out of memory. */
bool
sniff_find_start(const SniffParse *parse, const SniffBlock *block,
				 const EtlCsvPinned *pinned, SniffStart *start)
{
	size_t from =
		block->first + (block->matches > MANY_RECORDS ? HEADER_RECORDS : 1);
	SniffBody body;
	SniffStart ragged;
	bool found;
	bool shut_off;
	bool names;

	if (!sniff_body_init(&body, parse, block, from))
		return false;
	skip_pairs_above(&body);
	found = find_header(&body, pinned, start);
	shut_off = parse->records[block->first].after_blank;
	names = found && sniff_could_be_names(&body, start->row);
	if (is_below_records(&body, found ? start->row : block->first))
	{
		/* With records this odd, votes alone make no header. */
		find_ragged_start(&body, start);
		if (!sniff_could_be_names(&body, start->row))
			start->header_rows = 0;
	}
	else if (!found || (!shut_off && !(start->certain && names)))
	{
		if (find_ragged_header(&body, &ragged))
			*start = ragged;
		else if (!found)
			find_ragged_start(&body, start);
	}
	sniff_body_free(&body);
	return true;
}
