/*
 * automaton.c
 *	  The reference for what a CSV record is, one byte at a time.
 *
 * One function a kind of field, one loop over the fields of a record.  Nothing
 * is carried from call to call: a record that the input doesn't hold whole is
 * scanned again from its start once there is more.
 */
#include "csv/automaton.h"

#include <string.h>

/* How a field's scan ended; the position is that of the byte behind it. */
typedef enum FieldEnd
{
	FIELD_DELIMITER, /* at a delimiter */
	FIELD_LINE,      /* at a line end */
	FIELD_INPUT,     /* at the end of the last input */
	FIELD_MORE,      /* the input ends before the field does */
	FIELD_OPEN, /* a quoted field isn't closed before the last input ends */
	FIELD_CUT   /* a quoted field with a stray quote crosses a line end */
} FieldEnd;

typedef struct Scan
{
	const EtlCsvSyntax *syntax;
	const unsigned char *buf;
	size_t len;
	bool last;
	uint32_t flags;
} Scan;

typedef enum Match
{
	MATCH_NO,
	MATCH_YES,
	MATCH_PARTLY /* as far as the input goes */
} Match;

static inline bool
is_line_end(unsigned char c)
{
	return c == '\n' || c == '\r';
}

static inline Match
match_delimiter(const Scan *scan, size_t pos)
{
	const EtlCsvSyntax *syntax = scan->syntax;
	size_t want = (size_t) syntax->delimiter_len;
	size_t there = scan->len - pos;

	if (scan->buf[pos] != (unsigned char) syntax->delimiter[0])
		return MATCH_NO;
	if (want == 1)
		return MATCH_YES;
	if (there >= want)
		return memcmp(scan->buf + pos, syntax->delimiter, want) == 0
				   ? MATCH_YES
				   : MATCH_NO;
	if (scan->last || memcmp(scan->buf + pos, syntax->delimiter, there) != 0)
		return MATCH_NO;
	return MATCH_PARTLY;
}

/* The length of the character at pos; may reach beyond the input. */
static inline size_t
char_length(const EtlCsvSyntax *syntax, const unsigned char *s, size_t n)
{
	int length;

	if (syntax->char_len == NULL || *s < 0x80)
		return 1;
	length = syntax->char_len(s, n);
	return length < 1 ? 1 : (size_t) length;
}

/* True if escape is a byte of its own rather than a doubled quote. */
static inline bool
has_own_escape(const EtlCsvSyntax *syntax)
{
	return syntax->escape != ETL_CSV_NONE && syntax->escape != syntax->quote;
}

static FieldEnd
scan_unquoted(Scan *scan, size_t *pos)
{
	const EtlCsvSyntax *syntax = scan->syntax;
	int own_escape = has_own_escape(syntax) ? syntax->escape : ETL_CSV_NONE;
	size_t p = *pos;

	while (p < scan->len)
	{
		unsigned char c = scan->buf[p];
		Match match = match_delimiter(scan, p);

		if (match == MATCH_PARTLY)
			return FIELD_MORE;
		if (match == MATCH_YES || is_line_end(c))
		{
			*pos = p;
			return match == MATCH_YES ? FIELD_DELIMITER : FIELD_LINE;
		}
		if (c == own_escape && p + 1 < scan->len)
		{
			if (is_line_end(scan->buf[p + 1]))
				scan->flags |= ETL_CSV_HAS_NEWLINES;
			p++;
		}
		else if (c == syntax->quote)
			scan->flags |= ETL_CSV_FAULT_STRAY_QUOTE;
		p += char_length(syntax, scan->buf + p, scan->len - p);
	}
	*pos = scan->len;
	return scan->last ? FIELD_INPUT : FIELD_MORE;
}

/* True if a delimiter ends at p, in the field that begins at start. */
static bool
begins_behind_delimiter(const Scan *scan, size_t start, size_t p)
{
	size_t n = (size_t) scan->syntax->delimiter_len;

	return p > start + n &&
		   memcmp(scan->buf + p - n, scan->syntax->delimiter, n) == 0;
}

static FieldEnd
scan_quoted(Scan *scan, size_t *pos)
{
	const EtlCsvSyntax *syntax = scan->syntax;
	bool own_escape = has_own_escape(syntax);
	bool crossed = false;
	bool stray = false;
	size_t p = *pos + 1;

	while (p < scan->len)
	{
		unsigned char c = scan->buf[p];
		bool have_next = p + 1 < scan->len;
		Match match;

		if (is_line_end(c))
		{
			if (stray)
				return FIELD_CUT;
			crossed = true;
			scan->flags |= ETL_CSV_HAS_NEWLINES;
		}
		else if (own_escape && c == syntax->escape)
		{
			if (have_next && (scan->buf[p + 1] == syntax->quote ||
							  scan->buf[p + 1] == syntax->escape))
				p++;
		}
		else if (c == syntax->quote)
		{
			if (!have_next)
			{
				*pos = scan->len;
				return scan->last ? FIELD_INPUT : FIELD_MORE;
			}
			if (scan->buf[p + 1] == c && syntax->escape == c)
			{
				p += 2;
				continue;
			}
			match = match_delimiter(scan, p + 1);
			if (match == MATCH_PARTLY)
				return FIELD_MORE;
			if (match == MATCH_YES || is_line_end(scan->buf[p + 1]))
			{
				*pos = p + 1;
				return match == MATCH_YES ? FIELD_DELIMITER : FIELD_LINE;
			}
			stray = true;
			scan->flags |= ETL_CSV_FAULT_STRAY_QUOTE;
			if (crossed)
				return FIELD_CUT;
			/* The next field opens here: it was the first quote that is stray. */
			if (begins_behind_delimiter(scan, *pos, p))
				return scan_unquoted(scan, pos);
		}
		p += char_length(syntax, scan->buf + p, scan->len - p);
	}
	return scan->last ? FIELD_OPEN : FIELD_MORE;
}

static inline FieldEnd
scan_field(Scan *scan, size_t *pos)
{
	if (scan->syntax->quote != ETL_CSV_NONE && *pos < scan->len &&
		scan->buf[*pos] == scan->syntax->quote)
		return scan_quoted(scan, pos);
	return scan_unquoted(scan, pos);
}

/* The bytes of the line end at pos; 0 if it takes more input to tell. */
static inline size_t
line_end_length(const Scan *scan, size_t pos)
{
	if (scan->buf[pos] == '\n')
		return 1;
	if (pos + 1 < scan->len)
		return scan->buf[pos + 1] == '\n' ? 2 : 1;
	return scan->last ? 1 : 0;
}

static inline bool
push_end(EtlCsvSpan *span, size_t pos)
{
	if (span->nfields == span->capacity)
		return false;
	span->ends[span->nfields++] = (uint32_t) pos;
	return true;
}

/* Notes the field being scanned as the first faulty one. */
static inline void
note_fault(const Scan *scan, EtlCsvSpan *span)
{
	if ((scan->flags & ETL_CSV_FAULTS) != 0 &&
		span->fault_field == (size_t) -1)
		span->fault_field = span->nfields;
}

/*
 * Splits the line that begins at buf, whose end is known to lie at length: what
 * is quoted must close within it, or isn't quoted.
 */
static bool
split_line(Scan *line, EtlCsvSpan *span)
{
	size_t pos = 0;

	for (;;)
	{
		size_t start = pos;
		uint32_t flags = line->flags;
		FieldEnd end;

		line->flags = 0;
		end = scan_field(line, &pos);
		if (end == FIELD_OPEN)
		{
			/* Has it a second quote, then that one is in the wrong place. */
			line->flags = line->flags ? ETL_CSV_FAULT_STRAY_QUOTE
									  : ETL_CSV_FAULT_UNTERMINATED;
			pos = start + 1;
			end = scan_unquoted(line, &pos);
		}
		line->flags |= flags;
		note_fault(line, span);
		if (!push_end(span, pos))
			return false;
		if (end != FIELD_DELIMITER)
			return true;
		pos += line->syntax->delimiter_len;
	}
}

EtlCsvScan
etl_csv_scan_line(const EtlCsvSyntax *syntax, const char *buf, size_t len,
				  bool last, EtlCsvSpan *span)
{
	Scan scan = {syntax, (const unsigned char *) buf, len, last, 0};
	Scan line;
	size_t eol = 0;
	size_t eol_length = 0;

	span->nfields = 0;
	span->flags = 0;
	span->fault_field = (size_t) -1;
	if (len == 0)
		return last ? ETL_CSV_SCAN_EOF : ETL_CSV_SCAN_MORE;

	while (eol < len && !is_line_end(scan.buf[eol]))
		eol += char_length(syntax, scan.buf + eol, len - eol);
	if (eol < len)
		eol_length = line_end_length(&scan, eol);
	else
		eol = len;
	if (eol_length == 0 && !last)
		return ETL_CSV_SCAN_MORE;

	line = scan;
	line.len = eol;
	line.last = true;
	if (!split_line(&line, span))
		return ETL_CSV_SCAN_SPACE;
	span->flags = line.flags;
	span->length = eol;
	span->consumed = eol + eol_length;
	return ETL_CSV_SCAN_RECORD;
}

/* Ends a record that has got its quotes wrong at its first line end. */
static EtlCsvScan
cut_record(const Scan *scan, EtlCsvSpan *span, uint32_t fault)
{
	size_t fault_field = span->fault_field;
	EtlCsvScan result;

	result = etl_csv_scan_line(scan->syntax, (const char *) scan->buf,
							   scan->len, scan->last, span);
	span->flags |= fault;
	if (span->fault_field == (size_t) -1)
		span->fault_field =
			fault_field < span->nfields ? fault_field : span->nfields - 1;
	return result;
}

EtlCsvScan
etl_csv_scan(const EtlCsvSyntax *syntax, const char *buf, size_t len,
			 bool last, EtlCsvSpan *span)
{
	Scan scan = {syntax, (const unsigned char *) buf, len, last, 0};
	size_t pos = 0;

	span->nfields = 0;
	span->flags = 0;
	span->fault_field = (size_t) -1;
	if (len == 0)
		return last ? ETL_CSV_SCAN_EOF : ETL_CSV_SCAN_MORE;

	for (;;)
	{
		FieldEnd end = scan_field(&scan, &pos);
		size_t line_end = 0;

		note_fault(&scan, span);
		switch (end)
		{
			case FIELD_MORE:
				return ETL_CSV_SCAN_MORE;
			case FIELD_OPEN:
				return cut_record(&scan, span, ETL_CSV_FAULT_UNTERMINATED);
			case FIELD_CUT:
				return cut_record(&scan, span, ETL_CSV_FAULT_STRAY_QUOTE);
			case FIELD_DELIMITER:
				if (!push_end(span, pos))
					return ETL_CSV_SCAN_SPACE;
				pos += syntax->delimiter_len;
				continue;
			case FIELD_LINE:
				line_end = line_end_length(&scan, pos);
				if (line_end == 0)
					return ETL_CSV_SCAN_MORE;
				break;
			case FIELD_INPUT:
				break;
		}
		if (!push_end(span, pos))
			return ETL_CSV_SCAN_SPACE;
		span->flags = scan.flags;
		span->length = pos;
		span->consumed = pos + line_end;
		return ETL_CSV_SCAN_RECORD;
	}
}

/* True if an own escape before c stands for c alone. */
static inline bool
is_escapable(const EtlCsvSyntax *syntax, bool quoted, unsigned char c)
{
	if (c == syntax->quote || c == syntax->escape)
		return true;
	return !quoted &&
		   (is_line_end(c) || c == (unsigned char) syntax->delimiter[0]);
}

/*
 * The length of the piece at s that holds no escape and can be copied as it is;
 * n bytes are there.
 */
static size_t
plain_length(const EtlCsvSyntax *syntax, const unsigned char *s, size_t n)
{
	const unsigned char *escape;
	size_t p = 0;

	if (syntax->escape == ETL_CSV_NONE)
		return n;
	if (syntax->char_len == NULL)
	{
		escape = memchr(s, syntax->escape, n);
		return escape ? (size_t) (escape - s) : n;
	}
	while (p < n && s[p] != syntax->escape)
		p += char_length(syntax, s + p, n - p);
	return p < n ? p : n;
}

size_t
etl_csv_content(const EtlCsvSyntax *syntax, const char *field, size_t len,
				char *out)
{
	const unsigned char *s = (const unsigned char *) field;
	bool quoted = etl_csv_is_quoted(syntax, field, len);
	bool doubled = syntax->escape == syntax->quote;
	size_t p = quoted ? 1 : 0;
	size_t end = quoted ? len - 1 : len;
	size_t n = 0;

	while (p < end)
	{
		size_t length = plain_length(syntax, s + p, end - p);

		/* Here an escape may stand; with what it stands for, copy that. */
		if (length == 0)
		{
			if (p + 1 < end &&
				(doubled ? quoted && s[p + 1] == s[p]
						 : is_escapable(syntax, quoted, s[p + 1])))
				p++;
			length = char_length(syntax, s + p, end - p);
			if (length > end - p)
				length = end - p;
		}
		memmove(out + n, s + p, length);
		n += length;
		p += length;
	}
	return n;
}

bool
etl_csv_plain_content(const EtlCsvSyntax *syntax, const char *field,
					  size_t len, size_t *start, size_t *content_len)
{
	bool quoted = etl_csv_is_quoted(syntax, field, len);

	*start = quoted ? 1 : 0;
	*content_len = quoted ? len - 2 : len;
	if (syntax->escape == ETL_CSV_NONE)
		return true;
	if (syntax->escape == syntax->quote && !quoted)
		return true;
	return memchr(field + *start, syntax->escape, *content_len) == NULL;
}
