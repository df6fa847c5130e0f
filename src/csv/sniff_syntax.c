/*
 * sniff_syntax.c
 *	  Delimiter, quote and escape: the ones under which the bytes look most like
 *	  a table.
 *
 * Each candidate is tried by parsing the sample's head with it.  Its score is a
 * product, so a candidate must do well in every respect:
 *
 *	  prior      how usual the delimiter is: prose has blanks, times have colons
 *	  regular    share of records with the table's width, in the table
 *	  coverage   share of the sample's records that the table explains
 *	  width      (w - 1) / w: more columns don't come about by chance
 *	  cells      how many cells look like values, and like one value each
 *
 * The rival of all of them is that the file has one column.  Ties go to the
 * delimiter that stands first in the list below.
 */
#include "csv/sniff_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The delimiter is chosen from this much; quotes and escapes from all. */
#define HEAD_BYTES (64 * 1024)

/* Records of a candidate's table whose cells are looked at. */
#define MAX_TYPED_RECORDS 200

/* The commonest widths of a candidate that are tried as its table's. */
#define MAX_TRIED_WIDTHS 3

/* By how much a less common width must look better. */
#define RARER_WIDTH 1.5

/* A second best delimiter this near to the best is worth a warning. */
#define CLOSE_SCORE 0.85

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

#define ONE_COLUMN_BASE 0.03
#define ONE_COLUMN_TYPED 0.45

/* Not even a comma splits "$1,200.00". */
#define MONEY_WEIGHT 1.6

/* Lines that a first line of names outweighs. */
#define NAMES_WEIGHT 5

typedef struct Delimiter
{
	char bytes[ETL_CSV_MAX_DELIMITER + 1];
	double prior;
} Delimiter;

static const Delimiter usual_delimiters[] = {
	{",", 1.0},    {"\t", 1.0},   {";", 1.0},        {"|", 1.0},
	{"\x1F", 1.0}, {"\x01", 1.0}, {"\x1E", 0.9},     {"\x02", 0.9},
	{"^", 0.9},    {"~", 0.9},    {"\xC2\xA6", 0.8}, {"\xC2\xA7", 0.8},
	{":", 0.5},    {"!", 0.3},    {"*", 0.3},        {"&", 0.3},
	{" ", 0.5}};

#define NUSUAL (sizeof(usual_delimiters) / sizeof(usual_delimiters[0]))
#define MAX_CANDIDATES (NUSUAL * ETL_CSV_MAX_DELIMITER)

/* Bytes that may follow a delimiter's first and belong to it. */
static const char extensions[] = " |~^:;,>#&*!\t";

/* Delimiters for a file of one column, if the ones before occur in it. */
static const char unused_delimiters[] = ",\t|;\x1F\x01\x1E\x02";

/* Quotes other than the usual one. */
static const char rare_quotes[] = "'`";

typedef struct Candidate
{
	EtlCsvSyntax syntax;
	double score;
	uint32_t width;
	size_t live;    /* records that aren't comments */
	size_t good;    /* of the table's width, and without faults */
	size_t faulty;  /* with faults, of any width */
	size_t quoted;  /* with a well quoted field */
	size_t needed;  /* with a field that had to be quoted */
	size_t doubled; /* with a quote inside a quoted field */
	double held;    /* share of records that the delimiter is in */
	bool titled;    /* the first record has one field */
	bool narrow;    /* every record has one field */
} Candidate;

/* What all attempts share. */
typedef struct Search
{
	const SniffSample *sample;
	const EtlCsvPinned *pinned;
	size_t limit;
	SniffParse parse;
	bool oom;
} Search;

/* True if the record is "# text" or a lone '#'. */
static bool
is_hash_remark(const SniffParse *parse, const SniffRecord *record)
{
	const char *start = parse->sample->buf + record->offset;

	return start[0] == '#' && (record->length == 1 || start[1] == ' ');
}

/*
 * Marks pinned comments, and lines that start with '#': those are no evidence
 * for or against anything, unless most do and the file doesn't begin with two
 * remarks.
 */
static void
mark_comments(SniffParse *parse)
{
	const EtlCsvSyntax *syntax = &parse->syntax;
	size_t n = (size_t) syntax->comment_len;
	bool remarks = parse->nrecords > 2 &&
				   is_hash_remark(parse, &parse->records[0]) &&
				   is_hash_remark(parse, &parse->records[1]);
	size_t hashes = 0;

	for (size_t i = 0; i < parse->nrecords; i++)
		hashes += parse->sample->buf[parse->records[i].offset] == '#';
	for (size_t i = 0; i < parse->nrecords; i++)
	{
		SniffRecord *record = &parse->records[i];
		const char *start = parse->sample->buf + record->offset;
		bool hash = hashes * 2 <= parse->nrecords
						? start[0] == '#'
						: remarks && is_hash_remark(parse, record);

		record->comment = hash || (n > 0 && record->length >= n &&
								   memcmp(start, syntax->comment, n) == 0);
	}
}

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
count_records(const SniffParse *parse, Candidate *candidate)
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
table_points(Search *search, const SniffBlock *block, bool *plain,
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
score_width(Search *search, uint32_t width, double prior, Candidate *candidate)
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
	if (score > candidate->score * (candidate->width > 1 ? RARER_WIDTH : 1))
	{
		candidate->score = score;
		candidate->width = width;
		candidate->good = good;
	}
}

static Candidate
try_syntax(Search *search, const EtlCsvSyntax *syntax, double prior)
{
	Candidate candidate = {.syntax = *syntax, .width = 1};
	uint32_t widths[MAX_TRIED_WIDTHS];
	int nwidths;

	if (search->oom ||
		!sniff_parse(&search->parse, search->sample, syntax, search->limit))
	{
		search->oom = true;
		return candidate;
	}
	mark_comments(&search->parse);
	count_records(&search->parse, &candidate);
	nwidths = sniff_widths(&search->parse, widths, MAX_TRIED_WIDTHS);
	candidate.narrow = nwidths == 0;
	if (candidate.narrow)
		candidate.good = candidate.live - candidate.faulty;
	for (int w = 0; w < nwidths; w++)
		score_width(search, widths[w], prior, &candidate);
	return candidate;
}

/* True if first and then second stand side by side somewhere. */
static bool
has_pair(const Search *search, char first, char second)
{
	const char *p = search->sample->buf;
	const char *end =
		p + (search->limit < search->sample->len ? search->limit
												 : search->sample->len);

	while (end - p > 1 &&
		   (p = memchr(p, first, (size_t) (end - p - 1))) != NULL)
		if (*++p == second)
			return true;
	return false;
}

/* True if some field begins with the quote. */
static bool
has_opening(const Search *search, const EtlCsvSyntax *syntax, char quote)
{
	char delimiter = syntax->delimiter[syntax->delimiter_len - 1];

	return search->sample->buf[0] == quote || has_pair(search, '\n', quote) ||
		   has_pair(search, '\r', quote) || has_pair(search, delimiter, quote);
}

static bool
is_better_escape(const Candidate *new, const Candidate *old)
{
	if (new->width != old->width)
		return new->score > old->score;
	return new->good > old->good;
}

/*
 * Tries a delimiter and a quote with the escapes that make a difference.  The
 * backslash must lead to more records without fault; else a quote is its own
 * escape.
 */
static Candidate
try_quote(Search *search, EtlCsvSyntax syntax, int quote, double prior)
{
	Candidate best;

	syntax.quote = quote;
	if (!search->pinned->escape)
		syntax.escape = quote;
	best = try_syntax(search, &syntax, prior);
	if (!search->pinned->escape &&
		((quote != ETL_CSV_NONE && has_pair(search, '\\', (char) quote)) ||
		 has_pair(search, '\\', syntax.delimiter[0])))
	{
		Candidate backslash;

		syntax.escape = '\\';
		backslash = try_syntax(search, &syntax, prior);
		if (is_better_escape(&backslash, &best))
			best = backslash;
	}
	return best;
}

/*
 * Tries a delimiter with the quotes that make a difference.  The double quote
 * is the choice as long as nothing speaks against it, for the first quote may
 * come long after the sample.
 */
static Candidate
try_delimiter(Search *search, const EtlCsvSyntax *syntax, double prior)
{
	Candidate best;

	if (search->pinned->quote)
		return try_quote(search, *syntax, syntax->quote, prior);

	best = try_quote(search, *syntax, '"', prior);
	for (const char *quote = rare_quotes; *quote != '\0'; quote++)
	{
		Candidate rare;

		if (!has_opening(search, syntax, *quote) ||
			memchr(syntax->delimiter, *quote,
				   (size_t) syntax->delimiter_len) != NULL)
			continue;
		rare = try_quote(search, *syntax, *quote, prior);

		/*
		 * One record with other quotes than the rest proves nothing, unless
		 * it takes care of a quote inside.
		 */
		if (rare.quoted > best.quoted && rare.score >= best.score &&
			(rare.quoted >= 2 || rare.doubled > 0 ||
			 (rare.live <= 5 && rare.needed > 0)))
			best = rare;
	}
	if (best.quoted == 0 && best.faulty >= 3)
	{
		Candidate none = try_quote(search, *syntax, ETL_CSV_NONE, prior);

		if (none.good > best.good)
			best = none;
	}
	return best;
}

/*
 * True if the byte, which separates groups of three digits or anything else in
 * numbers, stands there at least as often as elsewhere.  What is in quotes is
 * left out: there delimiters are free to be anything.
 */
static bool
is_in_numbers(const Search *search, char byte, bool groups)
{
	const char *s = search->sample->buf;
	size_t n = search->limit;
	size_t inside = 0;
	size_t outside = 0;
	bool quoted = false;

	for (size_t p = 0; p < n; p++)
	{
		size_t digits = 0;

		if (s[p] == '"')
			quoted = !quoted;
		if (s[p] != byte || quoted)
			continue;
		while (p + digits + 1 < n && digits < 4 && s[p + digits + 1] >= '0' &&
			   s[p + digits + 1] <= '9')
			digits++;
		if (p > 0 && s[p - 1] >= '0' && s[p - 1] <= '9' &&
			(groups ? digits == 3 : digits > 0))
			inside++;
		else
			outside++;
	}
	return inside > 0 && inside >= outside;
}

/* True if numbers as the user says they are written leave no such delimiter. */
static bool
is_ruled_out(const Search *search, const char *delimiter)
{
	const EtlCsvPinned *pinned = search->pinned;
	char decimal = pinned->decimal;
	char thousands = pinned->thousands;

	return (decimal != '\0' && strchr(delimiter, decimal) != NULL &&
			is_in_numbers(search, decimal, false)) ||
		   (thousands != '\0' && strchr(delimiter, thousands) != NULL &&
			is_in_numbers(search, thousands, true));
}

/* Counts what follows the delimiter's occurrences; returns how many there are. */
static size_t
count_followers(const Search *search, const char *bytes, size_t n,
				uint32_t followers[256])
{
	const char *p = search->sample->buf;
	const char *end = p + search->limit;
	size_t count = 0;

	memset(followers, 0, 256 * sizeof(uint32_t));
	while ((size_t) (end - p) > n &&
		   (p = memchr(p, bytes[0], (size_t) (end - p) - n)) != NULL)
	{
		if (memcmp(p, bytes, n) == 0)
		{
			followers[(unsigned char) p[n]]++;
			count++;
		}
		p++;
	}
	return count;
}

/*
 * Lists the delimiters to try: the usual ones that occur, and those made longer
 * by a byte that follows them too often for chance.  Of "||" every other bar is
 * followed by one, so a third is often.
 */
static size_t
list_candidates(const Search *search, Delimiter *candidates)
{
	size_t n = 0;

	for (size_t i = 0; i < NUSUAL; i++)
	{
		Delimiter candidate = usual_delimiters[i];
		size_t length = strlen(candidate.bytes);
		uint32_t followers[256];
		size_t count =
			count_followers(search, candidate.bytes, length, followers);

		if (count == 0)
			continue;
		candidates[n++] = candidate;
		while (candidate.bytes[0] != ' ' && length < ETL_CSV_MAX_DELIMITER)
		{
			char most = '\0';

			for (const char *e = extensions; *e != '\0'; e++)
				if (most == '\0' || followers[(unsigned char) *e] >
										followers[(unsigned char) most])
					most = *e;
			if (followers[(unsigned char) most] * 3 < count)
				break;

			/* Doubled, these are empty fields. */
			if (most == candidate.bytes[0] && strchr(",;\t", most) != NULL)
				break;
			candidate.bytes[length++] = most;
			candidate.bytes[length] = '\0';
			candidates[n++] = candidate;
			count =
				count_followers(search, candidate.bytes, length, followers);
		}
	}
	return n;
}

static void
set_delimiter(EtlCsvSyntax *syntax, const char *bytes)
{
	syntax->delimiter_len = (int) strlen(bytes);
	memcpy(syntax->delimiter, bytes, (size_t) syntax->delimiter_len);
}

/* True if a value of that kind is an amount of money with its currency first. */
static bool
is_money(const char *line, size_t n, SniffKind kind)
{
	return kind == SNIFF_NUMBER && n > 0 && strchr("+-.,", line[0]) == NULL &&
		   (line[0] < '0' || line[0] > '9');
}

/*
 * True if the line may well be several values, though it looks like one.  In
 * dates blanks are usual ("Jan 5, 2024"), in numbers they are not.
 */
static bool
shows_delimiter(const char *line, size_t n, SniffKind kind)
{
	for (size_t p = 0; p < n; p++)
	{
		if (line[p] == ';' || line[p] == '|' || line[p] == '\t' ||
			(line[p] == ',' && (p + 1 == n || line[p + 1] != ' ')) ||
			(line[p] == ' ' && kind == SNIFF_NUMBER))
			return true;
	}
	return false;
}

/* True if another delimiter would split the line into plain names. */
static bool
splits_into_names(const char *line, size_t n)
{
	for (const char *d = ",;|\t"; *d != '\0'; d++)
	{
		const char *end = line + n;
		const char *s = line;
		bool names = memchr(line, *d, n) != NULL;

		while (names && s <= end)
		{
			const char *next = memchr(s, *d, (size_t) (end - s));
			size_t len = (size_t) ((next == NULL ? end : next) - s);

			names = sniff_kind(s, len) == SNIFF_WORD && sniff_is_name(s, len);
			s += len + 1;
		}
		if (names)
			return true;
	}
	return false;
}

/*
 * The score of the view that each line is one value.  A first line that is a
 * list of names outweighs a few lines behind it that are shorter.
 */
static double
one_column_score(Search *search, EtlCsvSyntax syntax)
{
	double typed = 0;
	double live = 0;
	double against = 0;

	/* With a delimiter that can't occur, records are lines. */
	syntax.delimiter[0] = '\0';
	syntax.delimiter_len = 1;
	if (!search->pinned->quote)
		syntax.quote = syntax.escape = '"';
	if (!sniff_parse(&search->parse, search->sample, &syntax, search->limit))
	{
		search->oom = true;
		return 0;
	}
	mark_comments(&search->parse);
	for (size_t r = 0; r < search->parse.nrecords; r++)
	{
		const SniffRecord *record = &search->parse.records[r];
		size_t len;
		const char *line = sniff_raw_cell(&search->parse, record, 0, &len);
		SniffKind kind;

		if (record->comment)
			continue;
		if (live++ == 0 && splits_into_names(line, len))
			against = NAMES_WEIGHT;
		line = sniff_cell(&search->parse, record, 0, &len);
		kind = sniff_kind(line, len);
		if (is_money(line, len, kind))
			typed += MONEY_WEIGHT;
		else
			typed += sniff_is_typed(kind) && !shows_delimiter(line, len, kind);
	}
	if (live <= against)
		return 0;
	return (ONE_COLUMN_BASE + ONE_COLUMN_TYPED * typed / live) *
		   (live - against) / live;
}

/* A delimiter under which each record has but one field. */
static Candidate
one_column(Search *search, const EtlCsvSyntax *base)
{
	Candidate candidate;
	Candidate first = {.width = 1};

	for (const char *d = unused_delimiters; *d != '\0'; d++)
	{
		EtlCsvSyntax syntax = *base;
		char bytes[2] = {*d, '\0'};

		set_delimiter(&syntax, bytes);
		candidate = try_delimiter(search, &syntax, 1.0);
		if (d == unused_delimiters)
			first = candidate;
		if (search->oom || candidate.narrow)
			return candidate;
	}
	return first;
}

static Candidate
find_delimiter(Search *search, const EtlCsvSyntax *base, bool *close)
{
	Delimiter delimiters[MAX_CANDIDATES];
	size_t n = list_candidates(search, delimiters);
	Candidate best = {.width = 0};
	double second = 0;

	best.score = one_column_score(search, *base);
	for (size_t i = 0; i < n && !search->oom; i++)
	{
		EtlCsvSyntax syntax = *base;
		Candidate candidate;

		if (is_ruled_out(search, delimiters[i].bytes))
			continue;
		set_delimiter(&syntax, delimiters[i].bytes);
		candidate = try_delimiter(search, &syntax, delimiters[i].prior);
		if (candidate.width > 1 && candidate.score > best.score)
		{
			second = best.score;
			best = candidate;
		}
		else if (candidate.score > second)
			second = candidate.score;
	}
	*close = second > best.score * CLOSE_SCORE;
	if (best.width == 0 && !search->oom)
		best = one_column(search, base);
	return best;
}

/*
 * Completes the syntax, of which pinned parts are set; the comment marker is
 * left alone.  *width is the table's; *close tells that another delimiter fits
 * nearly as well.  The sample isn't empty.  False when out of memory.
 */
bool
sniff_syntax(const SniffSample *sample, const EtlCsvPinned *pinned,
			 EtlCsvSyntax *syntax, uint32_t *width, bool *close)
{
	Search search = {.sample = sample, .pinned = pinned};
	Candidate best = {.syntax = *syntax};

	*close = false;
	search.limit = sample->len < HEAD_BYTES ? sample->len : HEAD_BYTES;
	if (!pinned->delimiter)
		best = find_delimiter(&search, syntax, close);

	/* Quotes and escapes may first show up behind the head. */
	if (!search.oom && (pinned->delimiter || search.limit < sample->len))
	{
		EtlCsvSyntax base = *syntax;

		memcpy(base.delimiter, best.syntax.delimiter, sizeof(base.delimiter));
		base.delimiter_len = best.syntax.delimiter_len;
		search.limit = sample->len;
		best = try_delimiter(&search, &base, 1.0);
	}
	sniff_parse_free(&search.parse);
	if (search.oom)
		return false;
	*syntax = best.syntax;
	*width = best.width;
	return true;
}
