/*
 * sniff_table.c
 *	  Where the table lies in the file: what stands before it, what is a comment
 *	  in it, what comes behind it.
 *
 * A file is read as: preamble, table, and then nothing, a footer or further
 * tables.  The table is the first stretch of records that agree in width.
 * Preamble lines are counted so that the reader can pass over them; a second
 * table is cut off where a blank line stands before it; a footer is reported
 * only, since nothing tells it from bad records for sure.
 */
#include "csv/sniff_private.h"

#include <string.h>

/* Records of the table's width that may stand before its header. */
#define MAX_PADDED_PREAMBLE 20

/* Tables before the one with the most records that are looked for. */
#define MAX_EARLIER 8

/* Blank lines behind which a second table is looked for. */
#define MAX_BLANKS 50

/* Records of a second table looked at. */
#define MAX_SECOND_TABLE 50

/* Records that a footer has at most. */
#define MAX_FOOTER 20

static bool
begins_with(const SniffParse *parse, const SniffRecord *record,
			const char *prefix, size_t n)
{
	return record->length >= n &&
		   memcmp(parse->sample->buf + record->offset, prefix, n) == 0;
}

static void
mark_comments(SniffParse *parse, const char *marker, size_t n)
{
	for (size_t i = 0; i < parse->nrecords; i++)
		parse->records[i].comment =
			n > 0 && begins_with(parse, &parse->records[i], marker, n);
}

/*
 * True if lines that start with the marker are no records: most haven't the
 * table's width, and there is a table without them.  In a file of one column
 * only "# text" before the table is told from a value.
 */
static bool
is_comment_marker(const SniffParse *parse, const char *marker, size_t n,
				  uint32_t width, size_t least)
{
	size_t marked = 0;
	size_t wide = 0;
	size_t others = 0;

	for (size_t i = 0; i < parse->nrecords; i++)
	{
		const SniffRecord *record = &parse->records[i];

		if (!begins_with(parse, record, marker, n))
		{
			others += record->nfields == width;
			continue;
		}
		marked++;
		if (width > 1)
			wide += record->nfields == width;
		else
			wide += others > 0 || record->length <= n ||
					parse->sample->buf[record->offset + n] != ' ';
	}
	return marked >= least && wide * 3 <= marked && others > 0;
}

/*
 * Sets the syntax's comment marker, if there is one, and marks the comments in
 * parse.  '#' is believed at once, others from the second line on.
 */
void
sniff_find_comment(SniffParse *parse, const EtlCsvPinned *pinned,
				   uint32_t width, EtlCsvSyntax *syntax)
{
	static const char *const markers[] = {"#", "//", "--", "%", ";", NULL};

	if (!pinned->comment)
	{
		syntax->comment_len = 0;
		for (int i = 0; markers[i] != NULL && syntax->comment_len == 0; i++)
		{
			size_t n = strlen(markers[i]);

			if (markers[i][0] == syntax->delimiter[0] ||
				!is_comment_marker(parse, markers[i], n, width, i > 0 ? 2 : 1))
				continue;
			memcpy(syntax->comment, markers[i], n);
			syntax->comment_len = (int) n;
		}
	}
	mark_comments(parse, syntax->comment, (size_t) syntax->comment_len);
}

static size_t
next_live(const SniffParse *parse, size_t i)
{
	while (i < parse->nrecords && parse->records[i].comment)
		i++;
	return i;
}

/* The record before i that isn't a comment; i itself if there is none. */
static size_t
previous_live(const SniffParse *parse, size_t i)
{
	size_t p = i;

	while (p > 0)
		if (!parse->records[--p].comment)
			return p;
	return i;
}

static uint32_t
count_filled(const SniffParse *parse, const SniffRecord *record)
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
static bool
has_other_delimiter(const SniffBody *body, const SniffRecord *record)
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

/* True if blanks follow the delimiters, as they do in prose. */
static bool
looks_like_prose(const SniffParse *parse, const SniffRecord *record)
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

/*
 * Finds a table before the block: three records or more that agree, shut off by
 * a blank line.  Two columns are pairs of key and value rather than a table,
 * unless they go on as long as the table behind them.
 */
static bool
find_earlier(const SniffParse *parse, SniffBlock *block, bool *oom)
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
	next = next_live(parse, earlier.last + 1);
	if (earlier.matches < 3 || earlier.matches * 5 < earlier.total * 4 ||
		!parse->records[next].after_blank ||
		(width == 2 && earlier.matches < block->matches))
		return false;
	if (!sniff_body_init(&body, &before, &earlier, earlier.first + 1))
	{
		*oom = true;
		return false;
	}
	table = sniff_header_votes(&body, earlier.first) > 0 || body.ntyped > 0;
	sniff_body_free(&body);
	if (table)
		*block = earlier;
	return table;
}

/* A table's beginning. */
typedef struct Start
{
	size_t row; /* its first record */
	int header_rows;
	bool certain; /* values told whether there is a header */
} Start;

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
	return count_filled(parse, record) * 3 <= body->block.width &&
		   row + 1 < body->block.last && !sniff_is_data(body, row + 1);
}

/* True if the record names groups of columns ("2023,,2024,"). */
static bool
is_group_row(const SniffBody *body, size_t row)
{
	const SniffRecord *record = &body->parse->records[row];

	return !record->comment && record->nfields == body->block.width &&
		   !body->parse->records[row + 1].after_blank &&
		   count_filled(body->parse, record) >= 2;
}

/*
 * Finds the header among the block's first records, and the lines that belong
 * to it.  Only a table with values shows what isn't data.  False if there is
 * no header.
 */
static bool
find_header(const SniffBody *body, Start *start)
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
	for (top = row; top > body->block.first && is_group_row(body, top - 1);)
		top--;
	start->row = top;
	start->header_rows = (int) (row - top) + sniff_header_rows(body, row);
	return true;
}

/*
 * Looks above the block for records that belong to it although their width is
 * odd, the first of which may be the header.
 */
static void
find_ragged_start(const SniffBody *body, Start *start)
{
	const SniffParse *parse = body->parse;

	start->row = body->block.first;
	start->header_rows = 0;
	while (!parse->records[start->row].after_blank)
	{
		size_t above = previous_live(parse, start->row);
		const SniffRecord *record = &parse->records[above];

		if (above == start->row || looks_like_prose(parse, record) ||
			!(is_near(record->nfields, body->block.width) ||
			  has_other_delimiter(body, record)))
			break;
		start->row = above;
	}
	if (start->row < body->block.first)
		start->header_rows =
			sniff_is_header(body, start->row, &start->certain);
}

static bool
find_start(const SniffParse *parse, const SniffBlock *block, Start *start)
{
	/*
	 * The body is judged without the records that may be header lines, if it
	 * is long enough.
	 */
	size_t from = block->matches > 8 ? block->first + 3 : block->first + 1;
	SniffBody body;

	if (!sniff_body_init(&body, parse, block, from))
		return false;
	if (!find_header(&body, start))
		find_ragged_start(&body, start);
	sniff_body_free(&body);
	return true;
}

/* True if what begins at row, behind a blank line, is a table of its own. */
static bool
is_second_table(const SniffBody *body, size_t row, bool *oom)
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
		!sniff_block(&rest, width, &block))
		return false;
	if (width == body->block.width)
		return block.first <= 2 && !sniff_is_data(body, row + block.first) &&
			   sniff_header_votes(body, row + block.first) > 0;
	if (block.first > 2 || block.matches < 2 ||
		block.matches * 5 < block.total * 4)
		return false;
	if (!sniff_body_init(&second, &rest, &block, block.first + 1))
	{
		*oom = true;
		return false;
	}
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

/* Counts the records at the end that are no data of the table. */
static int
count_footer(const SniffBody *body, size_t start, size_t end)
{
	const SniffParse *parse = body->parse;
	uint32_t width = body->block.width;
	int count = 0;

	while (width > 1 && end > start && count < MAX_FOOTER)
	{
		const SniffRecord *record = &parse->records[--end];
		bool narrow = record->nfields == 1 || record->nfields * 2 < width;

		if (record->comment)
			continue;
		if (!(narrow && !has_other_delimiter(body, record)) &&
			!is_summary(parse, record))
			break;
		count++;
	}
	return count;
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
find_second_table(const SniffBody *body, size_t row, EtlCsvSniffed *sniffed)
{
	const SniffParse *parse = body->parse;
	bool oom = false;
	bool found = false;

	for (int blanks = 0; blanks < MAX_BLANKS && !found && !oom; blanks++)
	{
		row = next_after_blank(parse, row);
		if (row >= parse->nrecords)
			break;
		found = is_second_table(body, row, &oom);
		if (found && blanks == 0)
			sniffed->dialect.stop_at_blank = true;
		else if (found)
			sniff_warn(sniffed, "another table follows behind a blank line "
								"that isn't the first");
	}
	return !oom;
}

/* Looks for the table's end, which is at a blank line or the sample's end. */
static bool
find_end(const SniffParse *parse, const SniffBlock *block, const Start *start,
		 const EtlCsvPinned *pinned, EtlCsvSniffed *sniffed)
{
	size_t from = start->row + (size_t) start->header_rows;
	size_t end = parse->nrecords;
	SniffBody body;
	bool ok = true;

	if (block->width < 2)
		return true;
	if (!sniff_body_init(&body, parse, block, from))
		return false;
	if (!pinned->stop_at_blank)
		ok = find_second_table(&body, start->row, sniffed);
	if (sniffed->dialect.stop_at_blank)
		end = next_after_blank(parse, start->row);
	if (parse->sample->complete || end < parse->nrecords)
		sniffed->footer = count_footer(&body, from, end);
	sniff_body_free(&body);
	return ok;
}

/*
 * The physical lines before the table's first record, unless the reader passes
 * over them anyway.
 */
static int
count_skip(const SniffParse *parse, size_t row)
{
	for (size_t r = 0; r < row; r++)
		if (!parse->records[r].comment)
			return (int) parse->records[row].line;
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
	block->first = next_live(parse, 0);
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
 * Sets skip, header_rows, stop_at_blank, width and footer of sniffed, pinned
 * ones aside.  False when out of memory.
 */
bool
sniff_find_table(const SniffParse *parse, uint32_t width,
				 const EtlCsvPinned *pinned, EtlCsvSniffed *sniffed)
{
	EtlCsvDialect *dialect = &sniffed->dialect;
	SniffBlock block;
	Start start;
	bool oom = false;

	if (next_live(parse, 0) == parse->nrecords)
	{
		/* Blank lines are no records of a table that isn't there. */
		if (!pinned->skip && parse->nrecords == 0)
			dialect->skip = (int) parse->lines;
		return true;
	}
	if (width < 2 || !sniff_block(parse, width, &block))
		whole_file(parse, &block);
	for (int i = 0; i < MAX_EARLIER && find_earlier(parse, &block, &oom);)
		i++;
	if (oom || !find_start(parse, &block, &start))
		return false;
	if (pinned->skip)
		start.row = next_live(parse, 0);
	else
		dialect->skip = count_skip(parse, start.row);
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

	dialect->width = (int) block.width;
	if (dialect->header_rows > 0 && block.width > 1)
	{
		dialect->width = (int) parse->records[start.row].nfields;
		if (parse->records[start.row].nfields != block.width)
			sniff_warn(sniffed,
					   "the header has another number of fields than most "
					   "records");
	}
	return find_end(parse, &block, &start, pinned, sniffed);
}
