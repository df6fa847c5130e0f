/*
 * sniff_syntax.c
 *	  Delimiter, quote and escape: the ones under which the bytes look most like
 *	  a table.
 *
 * Each candidate is tried by parsing the sample's head with it; sniff_score.c
 * tells how well it does.
 *
 * The rival of all of them is that the file has one column.  Ties go to the
 * delimiter that stands first in the list below.
 */
#include "csv/sniff_private.h"

#include <string.h>

/* The delimiter is chosen from this much; quotes and escapes from all. */
#define HEAD_BYTES (64 * 1024)

/* A second best delimiter this near to the best is worth a warning. */
#define CLOSE_SCORE 0.85

/* For a delimiter that isn't in a first record that another splits into names. */
#define TITLED_NAMES 0.4

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
#define MAX_CANDIDATES (NUSUAL * (ETL_CSV_MAX_DELIMITER + 2))

/* Bytes that may follow a delimiter's first and belong to it. */
static const char extensions[] = " |~^:;,>#&*!\t";

/* Delimiters that people put blanks around, as they do in text. */
static const char blank_friends[] = ",;|";

/* Delimiters for a file of one column, if the ones before occur in it. */
static const char unused_delimiters[] = ",\t|;\x1F\x01\x1E\x02";

/* Quotes other than the usual one. */
static const char rare_quotes[] = "'`";

/* True if first and then second stand side by side somewhere. */
static bool
has_pair(const SniffSearch *search, char first, char second)
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
has_opening(const SniffSearch *search, const EtlCsvSyntax *syntax, char quote)
{
	char delimiter = syntax->delimiter[syntax->delimiter_len - 1];

	return search->sample->buf[0] == quote || has_pair(search, '\n', quote) ||
		   has_pair(search, '\r', quote) || has_pair(search, delimiter, quote);
}

static bool
is_better_escape(const SniffCandidate *new, const SniffCandidate *old)
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
static SniffCandidate
try_quote(SniffSearch *search, EtlCsvSyntax syntax, int quote, double prior)
{
	SniffCandidate best;

	syntax.quote = quote;
	if (!search->pinned->escape)
		syntax.escape = quote;
	best = sniff_score(search, &syntax, prior);
	if (!search->pinned->escape &&
		((quote != ETL_CSV_NONE && has_pair(search, '\\', (char) quote)) ||
		 has_pair(search, '\\', syntax.delimiter[0])))
	{
		SniffCandidate backslash;

		syntax.escape = '\\';
		backslash = sniff_score(search, &syntax, prior);
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
static SniffCandidate
try_delimiter(SniffSearch *search, const EtlCsvSyntax *syntax, double prior)
{
	SniffCandidate best;
	bool is_whole =
		search->sample->complete && search->limit == search->sample->len;

	if (search->pinned->quote)
		return try_quote(search, *syntax, syntax->quote, prior);

	best = try_quote(search, *syntax, '"', prior);
	for (const char *quote = rare_quotes; *quote != '\0'; quote++)
	{
		SniffCandidate rare;

		if (!has_opening(search, syntax, *quote) ||
			memchr(syntax->delimiter, *quote,
				   (size_t) syntax->delimiter_len) != NULL)
			continue;
		rare = try_quote(search, *syntax, *quote, prior);

		/*
		 * One record with other quotes than the rest proves nothing, unless
		 * it takes care of a quote inside, or only with them has the table's
		 * width.
		 */
		if (rare.quoted > best.quoted && rare.score >= best.score &&
			(rare.quoted >= 2 || rare.doubled > 0 || rare.good > best.good ||
			 (rare.live <= 5 && rare.needed > 0)))
			best = rare;
	}

	/*
	 * Quotes that only stand inside of fields, as in 12" or JSON, mean
	 * nothing.  Where some field begins with one, or where fields may still
	 * come that do, a few are but bad records.
	 */
	if (best.quoted == 0 &&
		(best.faulty >= 3 ||
		 (best.faulty > 0 && is_whole && !has_opening(search, syntax, '"'))))
	{
		SniffCandidate none = try_quote(search, *syntax, ETL_CSV_NONE, prior);

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
is_in_numbers(const SniffSearch *search, char byte, bool groups)
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
is_ruled_out(const SniffSearch *search, const char *delimiter)
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
count_followers(const SniffSearch *search, const char *bytes, size_t n,
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
 * True if just one blank stands before nearly all of the byte's occurrences.
 * What is in quotes is left out.
 */
static bool
follows_blanks(const SniffSearch *search, char byte)
{
	const char *s = search->sample->buf;
	size_t count = 0;
	size_t blanks = 0;
	bool quoted = false;

	for (size_t p = 0; p < search->limit; p++)
	{
		if (s[p] == '"')
			quoted = !quoted;
		if (s[p] != byte || quoted)
			continue;
		count++;
		blanks += p > 1 && s[p - 1] == ' ' && s[p - 2] != ' ';
	}
	return blanks > 0 && blanks * 10 >= count * 9;
}

/*
 * Lists the delimiters to try: the usual ones that occur, and those made longer
 * by a byte that follows them too often for chance.  Of "||" every other bar is
 * followed by one, so a third is often.  Blanks before a delimiter belong to it
 * where hardly any lacks one.
 */
static size_t
list_candidates(const SniffSearch *search, Delimiter *candidates)
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
		if (strchr(blank_friends, candidate.bytes[0]) != NULL &&
			follows_blanks(search, candidate.bytes[0]))
		{
			candidates[n++] =
				(Delimiter){{' ', candidate.bytes[0], ' '}, candidate.prior};
			candidates[n++] =
				(Delimiter){{' ', candidate.bytes[0]}, candidate.prior};
		}
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
	for (const char *d = ",;|\t^~"; *d != '\0'; d++)
	{
		const char *end = line + n;
		const char *s = line;
		bool names = memchr(line, *d, n) != NULL;

		while (names && s <= end)
		{
			const char *next = memchr(s, *d, (size_t) (end - s));
			size_t len = (size_t) ((next == NULL ? end : next) - s);

			names = len > 0 && s[0] != ' ' && sniff_is_name(s, len) &&
					sniff_kind(s, len) != SNIFF_MIXED;
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
one_column_score(SniffSearch *search, EtlCsvSyntax syntax)
{
	double typed = 0;
	double live = 0;
	double against;

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
	sniff_mark_remarks(&search->parse);
	for (size_t r = 0; r < search->parse.nrecords; r++)
	{
		const SniffRecord *record = &search->parse.records[r];
		size_t len;
		const char *line = sniff_raw_cell(&search->parse, record, 0, &len);
		SniffKind kind;

		if (record->comment)
			continue;
		if (live++ == 0)
			search->names = splits_into_names(line, len);
		line = sniff_cell(&search->parse, record, 0, &len);
		kind = sniff_kind(line, len);
		if (is_money(line, len, kind))
			typed += MONEY_WEIGHT;
		else
			typed += sniff_is_typed(kind) && !shows_delimiter(line, len, kind);
	}
	against = search->names ? NAMES_WEIGHT : 0;
	if (live <= against)
		return 0;
	return (ONE_COLUMN_BASE + ONE_COLUMN_TYPED * typed / live) *
		   (live - against) / live;
}

/* A delimiter under which each record has but one field. */
static SniffCandidate
one_column(SniffSearch *search, const EtlCsvSyntax *base)
{
	SniffCandidate candidate;
	SniffCandidate first = {.width = 1};

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

static SniffCandidate
find_delimiter(SniffSearch *search, const EtlCsvSyntax *base, bool *close)
{
	Delimiter delimiters[MAX_CANDIDATES];
	size_t n = list_candidates(search, delimiters);
	SniffCandidate best = {.width = 0};
	double second = 0;

	best.score = one_column_score(search, *base);
	for (size_t i = 0; i < n && !search->oom; i++)
	{
		EtlCsvSyntax syntax = *base;
		SniffCandidate candidate;

		if (is_ruled_out(search, delimiters[i].bytes))
			continue;
		set_delimiter(&syntax, delimiters[i].bytes);
		candidate = try_delimiter(search, &syntax, delimiters[i].prior);
		if (search->names && candidate.titled)
			candidate.score *= TITLED_NAMES;
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
	SniffSearch search = {.sample = sample, .pinned = pinned};
	SniffCandidate best = {.syntax = *syntax};

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
