/*
 * sniff_table.c
 *	  Where the table lies in the file.
 *
 * A file is read as: preamble, table, and then nothing, a footer or further
 * tables.  The table is the first stretch of records that agree in width.
 * Preamble lines are counted so that the reader can pass over them; a second
 * table is cut off where a blank line stands before it; a footer is reported
 * only, since nothing tells it from bad records for sure.
 *
 * In a table of one column a blank line is a record without value, at the end
 * too; above the header and among comments it is none.  In others it separates.
 */
#include "csv/sniff_private.h"

#include <string.h>

/* Tables before the one with the most records that are looked for. */
#define MAX_EARLIER 8

/* Blank lines behind which a second table is looked for. */
#define MAX_BLANKS 50

/* Widths of a table without header that may be its own, and how common. */
#define MAX_RAGGED_WIDTHS 8
#define RAGGED_SHARE 5

/* Records of a second table looked at. */
#define MAX_SECOND_TABLE 50

/* Records that a footer has at most. */
#define MAX_FOOTER 20

/* The next record from i on that isn't a comment; nrecords if there is none. */
size_t
sniff_next_live(const SniffParse *parse, size_t i)
{
	while (i < parse->nrecords && parse->records[i].comment)
		i++;
	return i;
}

/* True if both records have the same cells. */
static bool
is_same(const SniffParse *parse, const SniffRecord *a, const SniffRecord *b)
{
	const char *buf = parse->sample->buf;

	return a->length == b->length &&
		   memcmp(buf + a->offset, buf + b->offset, a->length) == 0;
}

/*
 * True if the second table, which is as wide as the first and whose first
 * record could be its header, is no mere continuation that begins with a bad
 * value: the header is the first's again, or names two columns of values, or
 * values stand in other columns than before.
 */
static bool
differs(const SniffBody *body, const SniffBody *second, size_t header)
{
	const SniffRecord *first = &body->parse->records[header];
	const SniffRecord *row = &second->parse->records[second->block.first];

	if (sniff_header_votes(body, (size_t) (row - body->parse->records)) >= 2 ||
		is_same(body->parse, first, row))
		return true;
	for (uint32_t c = 0; second->rows > 0 && c < body->block.width; c++)
		if (body->columns[c].typed != second->columns[c].typed &&
			body->columns[c].filled > 0 && second->columns[c].filled > 0)
			return true;
	return false;
}

/*
 * True if what begins at row, behind a blank line, is a table of its own.  body
 * is what stands before, header the first record of that.  Only behind a table
 * with header is one of the same width told from more records.
 */
static bool
is_second_table(const SniffBody *body, size_t header, size_t row, bool *oom)
{
	SniffParse rest = *body->parse;
	SniffBlock block;
	SniffBody second;
	uint32_t width;
	size_t end = row + 1;
	bool result;

	while (end < rest.nrecords && end - row < MAX_SECOND_TABLE &&
		   !rest.records[end].after_blank)
		end++;
	rest.nrecords = end - row;
	rest.records += row;
	if (sniff_widths(&rest, &width, 1) == 0 ||
		!sniff_block(&rest, width, &block) || block.first > 2)
		return false;
	if (width == body->block.width &&
		(body->from == header || sniff_is_data(body, row + block.first) ||
		 !sniff_could_be_names(body, row + block.first) ||
		 sniff_header_votes(body, row + block.first) <= 0))
		return false;
	if (width != body->block.width &&
		(block.matches < 2 || block.matches * 5 < block.total * 4))
		return false;
	if (!sniff_body_init(&second, &rest, &block, block.first + 1))
	{
		*oom = true;
		return false;
	}
	if (width == body->block.width)
		result = differs(body, &second, header);
	else
		result = sniff_is_header(&second, block.first, NULL) ||
				 (width > 2 && block.matches > 2);
	sniff_body_free(&second);
	return result;
}

/* True if the first filled cell says that what follows is no record. */
static bool
is_summary(const SniffParse *parse, const SniffRecord *record)
{
	static const char *const words[] = {"total",    "grand total", "subtotal",
										"sum",      "average",     "count",
										"rows",     "note",        "notes",
										"footnote", "source",      "sources",
										"end of",   "generated",   "*",
										NULL};
	size_t len = 0;
	const char *cell = NULL;

	for (uint32_t c = 0; c < record->nfields && len == 0; c++)
	{
		cell = sniff_cell(parse, record, c, &len);
		sniff_trim(&cell, &len);
	}
	for (int i = 0; words[i] != NULL; i++)
	{
		size_t n = strlen(words[i]);
		size_t same = 0;

		while (same < n && same < len && (cell[same] | 0x20) == words[i][same])
			same++;
		if (same == n &&
			(len == n || (cell[n] | 0x20) < 'a' || (cell[n] | 0x20) > 'z'))
			return true;
	}
	return false;
}

/* True if the record's fields from c on are all empty. */
static bool
is_empty_from(const SniffParse *parse, const SniffRecord *record, uint32_t c)
{
	for (; c < record->nfields; c++)
	{
		size_t len;

		(void) sniff_cell(parse, record, c, &len);
		if (len > 0)
			return false;
	}
	return true;
}

/*
 * True if a record of fewer fields has text where the table has values, in its
 * first column or in most.
 */
static bool
is_trailer(const SniffBody *body, const SniffRecord *record)
{
	uint32_t typed = 0;
	uint32_t texts = 0;

	if (record->nfields >= body->block.width)
		return false;
	for (uint32_t c = 0; c < record->nfields; c++)
	{
		size_t len;
		const char *cell = sniff_cell(body->parse, record, c, &len);
		SniffKind kind = sniff_kind(cell, len);
		bool text = kind > SNIFF_BOOL;

		if (!body->columns[c].typed)
			continue;
		if (c == 0 && text)
			return true;
		typed++;
		texts += text;
	}
	return texts > 0 && texts * 2 > typed;
}

/*
 * Counts the records at the end that are no data of the table, and empty ones
 * before them; if that were all of the table they would be no footer.
 */
static int
count_footer(const SniffBody *body, size_t start, size_t end)
{
	const SniffParse *parse = body->parse;
	uint32_t width = body->block.width;
	int passed = 0;
	int count = 0;

	while (width > 1 && end > start && passed < MAX_FOOTER)
	{
		const SniffRecord *record = &parse->records[--end];
		bool narrow = record->nfields == 1 || record->nfields * 2 < width;

		if (record->comment)
			continue;
		passed++;
		if (is_empty_from(parse, record, 0) && count > 0)
		{
			count = passed;
			continue;
		}
		if (!is_summary(parse, record) && !is_trailer(body, record) &&
			(!narrow || sniff_is_data(body, end) ||
			 sniff_has_other_delimiter(body, record)))
			return count;
		count = passed;
	}
	return end > start ? count : 0;
}

/* The next record behind row that blank lines stand before. */
static size_t
next_after_blank(const SniffParse *parse, size_t row)
{
	do
		row++;
	while (row < parse->nrecords &&
		   (!parse->records[row].after_blank || parse->records[row].comment));
	return row;
}

/*
 * Sets stop_at_blank if a second table begins at the first blank line; at a
 * later one it can't be cut off, since the reader would stop too early.
 */
static bool
find_second_table(const SniffParse *parse, const SniffBlock *block,
				  const SniffStart *start, EtlCsvSniffed *sniffed)
{
	size_t row = start->row;
	bool oom = false;
	bool found = false;

	for (int blanks = 0; blanks < MAX_BLANKS && !found; blanks++)
	{
		SniffBlock before = *block;
		SniffBody body;

		row = next_after_blank(parse, row);
		if (row >= parse->nrecords)
			break;
		before.last = row - 1;
		if (!sniff_body_init(&body, parse, &before,
							 start->row + (size_t) start->header_rows))
			return false;
		found = body.rows > 0 && is_second_table(&body, start->row, row, &oom);
		sniff_body_free(&body);
		if (oom)
			return false;
		if (found && blanks == 0)
			sniffed->dialect.stop_at_blank = true;
		else if (found)
			sniff_warn(sniffed, "another table follows behind a blank line "
								"that isn't the first");
	}
	return true;
}

/* Looks for the table's end, which is at a blank line or the sample's end. */
static bool
find_end(const SniffParse *parse, const SniffBlock *block,
		 const SniffStart *start, const EtlCsvPinned *pinned,
		 EtlCsvSniffed *sniffed)
{
	size_t from = start->row + (size_t) start->header_rows;
	size_t end = parse->nrecords;
	SniffBody body;

	if (block->width < 2)
		return true;
	if (!pinned->stop_at_blank &&
		!find_second_table(parse, block, start, sniffed))
		return false;
	if (!sniff_body_init(&body, parse, block, from))
		return false;
	if (sniffed->dialect.stop_at_blank)
		end = next_after_blank(parse, start->row);
	if (parse->sample->complete || end < parse->nrecords)
		sniffed->footer = count_footer(&body, from, end);
	sniff_body_free(&body);
	return true;
}

/*
 * The physical lines before the table's first record, unless the reader passes
 * over them anyway.  In a file of one column it takes blank lines for records,
 * but before a header or between comments they are none.
 */
static int
count_skip(const SniffParse *parse, const SniffBlock *block,
		   const SniffStart *start)
{
	bool blank = parse->records[0].after_blank;

	for (size_t r = 0; r < start->row; r++)
	{
		if (!parse->records[r].comment)
			return (int) parse->records[start->row].line;
		blank |= parse->records[r + 1].after_blank;
	}
	if (blank && block->width == 1 &&
		(start->header_rows > 0 || start->row > 0))
		return (int) parse->records[start->row].line;
	return 0;
}

/*
 * A block for a file of one column, or with no two records of one width: all
 * records there are.
 */
static void
whole_file(const SniffParse *parse, SniffBlock *block)
{
	memset(block, 0, sizeof(*block));
	block->first = sniff_next_live(parse, 0);
	block->last = parse->nrecords - 1;
	block->width = parse->records[block->first].nfields;
	for (size_t i = block->first; i <= block->last; i++)
	{
		block->total += !parse->records[i].comment;
		block->matches += !parse->records[i].comment &&
						  parse->records[i].nfields == block->width;
	}
}

/*
 * The table's width where no header tells: the commonest, or, since authors who
 * write tabs leave out empty fields at the end, a wider one that some have.
 */
static uint32_t
find_width(const SniffParse *parse, const SniffBlock *block)
{
	uint32_t widths[MAX_RAGGED_WIDTHS];
	uint32_t widest = block->width;
	int n = sniff_widths(parse, widths, MAX_RAGGED_WIDTHS);

	for (int w = 0; sniff_is_control(&parse->syntax) && w < n; w++)
	{
		size_t matches = 0;

		for (size_t i = block->first; i <= block->last; i++)
			matches += !parse->records[i].comment &&
					   parse->records[i].nfields == widths[w];
		if (widths[w] > widest && matches > 1 &&
			matches * RAGGED_SHARE >= block->total)
			widest = widths[w];
	}
	return widest;
}

/*
 * How many more fields most records have than the header, or fewer, if those
 * are empty wherever they are: then they only end with further delimiters.  Else
 * 0, and of a lone record nothing is concluded.
 */
static int
find_surplus(const SniffParse *parse, const SniffBlock *block,
			 const SniffStart *start)
{
	size_t body = start->row + (size_t) start->header_rows;
	uint32_t width = 0;
	size_t matches = 0;
	size_t total = 0;

	for (size_t i = start->row; i < body && i < parse->nrecords; i++)
		if (parse->records[i].nfields > width)
			width = parse->records[i].nfields;
	if (width == block->width)
		return 0;
	for (size_t i = start->row; i < body && i < parse->nrecords; i++)
		if (!is_empty_from(parse, &parse->records[i], block->width))
			return 0;
	for (size_t i = body; i <= block->last; i++)
	{
		const SniffRecord *record = &parse->records[i];

		total += !record->comment;
		if (record->comment || record->nfields != block->width)
			continue;
		matches++;
		if (!is_empty_from(parse, record, width))
			return 0;
	}
	return matches > 1 && matches * 2 > total
			   ? (int) block->width - (int) width
			   : 0;
}

/*
 * Sets skip, header_rows, stop_at_blank, width, surplus and footer of sniffed, pinned
 * ones aside.  False when out of memory.
 */
bool
sniff_find_table(const SniffParse *parse, uint32_t width,
				 const EtlCsvPinned *pinned, EtlCsvSniffed *sniffed)
{
	EtlCsvDialect *dialect = &sniffed->dialect;
	SniffBlock block;
	SniffStart start;
	bool oom = false;

	if (sniff_next_live(parse, 0) == parse->nrecords)
	{
		/* Blank lines are no records of a table that isn't there. */
		if (!pinned->skip && parse->nrecords == 0)
			dialect->skip = (int) parse->lines;
		return true;
	}
	if (width < 2 || !sniff_block(parse, width, &block))
		whole_file(parse, &block);
	sniff_skip_pairs(parse, &block, &oom);
	for (int i = 0;
		 !oom && i < MAX_EARLIER && sniff_find_earlier(parse, &block, &oom);)
		i++;
	sniff_skip_titles(parse, &block);
	if (oom || !sniff_find_start(parse, &block, pinned, &start))
		return false;
	if (pinned->skip)
		start.row = sniff_next_live(parse, 0);
	else
		dialect->skip = count_skip(parse, &block, &start);
	if (!pinned->header && !pinned->header_rows)
	{
		dialect->header_rows = start.header_rows;
		if (!start.certain)
			sniff_warn(sniffed,
					   start.header_rows > 0
						   ? "the first record is taken for a header because "
							 "it could be names; nothing else tells"
						   : "the first record is taken for data because it "
							 "is no list of names; nothing else tells");
	}
	else
		start.header_rows = dialect->header_rows;

	dialect->width = (int) find_width(parse, &block);
	if (dialect->header_rows > 0 && block.width > 1)
	{
		dialect->width = (int) parse->records[start.row].nfields;
		dialect->surplus = find_surplus(parse, &block, &start);
		if (dialect->surplus != 0)
			sniff_warn(
				sniffed,
				dialect->surplus > 0
					? "records end with delimiters that the header "
					  "lacks; the empty fields behind the last name are "
					  "no columns"
					: "the header ends with delimiters that records "
					  "lack; the empty names are no columns");
		else if (parse->records[start.row].nfields != block.width)
			sniff_warn(sniffed,
					   "the header has another number of fields than most "
					   "records");
	}
	return find_end(parse, &block, &start, pinned, sniffed);
}
