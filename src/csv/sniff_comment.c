/*
 * sniff_comment.c
 *	  Lines that are remarks.
 *
 * While delimiters are tried, lines that look like remarks are no evidence for or
 * against anything; they need not be comments for that.  When the delimiter is
 * known, so is the table's width, which tells comments from records.
 */
#include "csv/sniff_private.h"

#include <string.h>

/* Starts of remarks.  Of '#' a single one is believed. */
static const char *const markers[] = {"#", "//", "--", "%", ";", NULL};

static bool
begins_with(const SniffParse *parse, const SniffRecord *record,
			const char *prefix, size_t n)
{
	return record->length >= n &&
		   memcmp(parse->sample->buf + record->offset, prefix, n) == 0;
}

/*
 * True if records with the marker may be left out of account: few have it and it
 * is '#', or the file begins with two of them and goes on with two others.
 */
static bool
may_be_remarks(const SniffParse *parse, const char *marker, size_t n)
{
	size_t marked = 0;
	size_t top = 0;

	for (size_t i = 0; i < parse->nrecords; i++)
	{
		if (!begins_with(parse, &parse->records[i], marker, n))
			continue;
		top += top == i;
		marked++;
	}
	return marked > 0 &&
		   ((marker[0] == '#' && marked * 2 <= parse->nrecords) ||
			(top >= 2 && marked + 2 <= parse->nrecords));
}

/*
 * Marks pinned comments, and lines that look like such: those are no evidence
 * for or against anything.
 */
void
sniff_mark_remarks(SniffParse *parse)
{
	const EtlCsvSyntax *syntax = &parse->syntax;
	const char *marker = syntax->comment;
	size_t n = (size_t) syntax->comment_len;

	for (int i = 0; n == 0 && markers[i] != NULL; i++)
	{
		size_t length = strlen(markers[i]);

		if (markers[i][0] != syntax->delimiter[0] &&
			may_be_remarks(parse, markers[i], length))
		{
			marker = markers[i];
			n = length;
		}
	}
	for (size_t i = 0; i < parse->nrecords; i++)
		parse->records[i].comment =
			n > 0 && begins_with(parse, &parse->records[i], marker, n);
}

static void
mark_comments(SniffParse *parse, const char *marker, size_t n)
{
	for (size_t i = 0; i < parse->nrecords; i++)
		parse->records[i].comment =
			n > 0 && begins_with(parse, &parse->records[i], marker, n);
}

/* True if most lines without the marker are values such as numbers. */
static bool
are_values(const SniffParse *parse, const char *marker, size_t n)
{
	size_t values = 0;
	size_t total = 0;

	for (size_t i = 0; i < parse->nrecords; i++)
	{
		const SniffRecord *record = &parse->records[i];
		size_t len;
		const char *cell;

		if (begins_with(parse, record, marker, n))
			continue;
		cell = sniff_cell(parse, record, 0, &len);
		values += sniff_is_typed(sniff_kind(cell, len));
		total++;
	}
	return values * 2 > total;
}

/* True if a blank stands behind a delimiter in many records without it. */
static bool
are_spaced(const SniffParse *parse, const char *marker, size_t n)
{
	size_t spaced = 0;
	size_t total = 0;

	for (size_t i = 0; i < parse->nrecords; i++)
	{
		const SniffRecord *record = &parse->records[i];

		if (begins_with(parse, record, marker, n))
			continue;
		spaced += sniff_looks_like_prose(parse, record);
		total++;
	}
	return spaced * 4 > total;
}

/*
 * True if lines that start with the marker are no records: there is a table
 * without them, and most haven't its width or are prose, or some of them begin the file and
 * two of those, or the last of several, haven't.  In a file of one column only such lines before the table are
 * told from values, if they are "# text" or that holds values of a known form;
 * and behind them lone markers.
 */
static bool
is_comment_marker(const SniffParse *parse, const char *marker, size_t n,
				  uint32_t width, size_t least)
{
	size_t marked = 0;
	size_t wide = 0;
	size_t others = 0;
	size_t odd_on_top = 0;
	bool top_is_odd = false;
	bool spaced = are_spaced(parse, marker, n);
	bool values = width == 1 && are_values(parse, marker, n);

	for (size_t i = 0; i < parse->nrecords; i++)
	{
		const SniffRecord *record = &parse->records[i];
		const char *start = parse->sample->buf + record->offset;
		bool odd = record->nfields != width ||
				   (!spaced && record->length > n && start[n] == ' ' &&
					sniff_looks_like_prose(parse, record));

		if (!begins_with(parse, record, marker, n))
		{
			others += !odd;
			continue;
		}
		if (width == 1)
			odd = (others == 0 && record->length > n &&
				   (start[n] == ' ' ||
					(values &&
					 !sniff_is_typed(
						 sniff_kind(start + n, record->length - n))))) ||
				  (record->length == n && odd_on_top > 0);
		wide += !odd;
		odd_on_top += odd && marked == i;
		if (marked == i && i > 0)
			top_is_odd = odd && width > 1;
		marked++;
	}
	return marked >= least && others > 0 &&
		   (wide * 3 <= marked || odd_on_top >= 2 || top_is_odd);
}

/*
 * Sets the syntax's comment marker, if there is one, and marks the comments in
 * parse.  '#' is believed at once, others from the second line on.
 */
void
sniff_find_comment(SniffParse *parse, const EtlCsvPinned *pinned,
				   uint32_t width, EtlCsvSyntax *syntax)
{
	if (!pinned->comment)
	{
		syntax->comment_len = 0;
		for (int i = 0; markers[i] != NULL && syntax->comment_len == 0; i++)
		{
			const char *marker = markers[i];
			size_t n = strlen(marker);

			if (marker[0] == syntax->delimiter[0] ||
				!is_comment_marker(parse, marker, n, width, i > 0 ? 2 : 1))
				continue;
			memcpy(syntax->comment, marker, n);
			syntax->comment_len = (int) n;
		}
	}
	mark_comments(parse, syntax->comment, (size_t) syntax->comment_len);
}
