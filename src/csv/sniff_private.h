/*
 * sniff_private.h
 *	  What the parts of the sniffer share.
 *
 * Detection goes from the bytes inwards, each step building on the one before:
 *
 *		sniff_syntax.c	bytes -> delimiter, quote, escape; what tells them apart
 *						is in sniff_score.c
 *		sniff_comment.c	records -> comment marker
 *		sniff_table.c	records -> where the table ends
 *		sniff_start.c	records -> where the table begins; what may stand above
 *						is in sniff_titles.c
 *		sniff_header.c	first records of the table -> how many are header lines
 *
 * sniff_parse.c holds the sample as records under one syntax, sniff_cell.c tells
 * what a cell looks like, sniff_words.c what names are made of.  sniff.c puts the
 * steps in order and owns the pinned settings.
 *
 * Every judgement is a majority over many records, so that one odd record
 * anywhere changes nothing.
 */
#ifndef ETL_CSV_SNIFF_PRIVATE_H
#define ETL_CSV_SNIFF_PRIVATE_H

#include "csv/automaton.h"
#include "csv/sniff.h"

/* The bytes looked at: whole lines, unless there is but one. */
typedef struct SniffSample
{
	const char *buf;
	size_t len;
	uint32_t line; /* physical lines before buf, by a pinned skip */
	bool complete; /* buf goes to the source's end */
} SniffSample;

typedef struct SniffRecord
{
	uint32_t offset; /* in the sample */
	uint32_t length; /* without its line end */
	uint32_t line;   /* physical lines before it, in the source */
	uint32_t nfields;
	size_t first_end; /* its fields' ends in SniffParse.ends */
	uint8_t faults;   /* ETL_CSV_FAULT_... */
	uint8_t eol;      /* bytes of its line end */
	char eol_first;   /* the first of them */
	bool after_blank; /* only blank lines (at least one) directly before */
	bool comment;     /* passed over by the reader; set by sniff_comment.c */
} SniffRecord;

/* The sample under one syntax.  Blank lines are left out. */
typedef struct SniffParse
{
	const SniffSample *sample;
	EtlCsvSyntax syntax;
	SniffRecord *records;
	size_t nrecords;
	size_t records_size;
	uint32_t *ends;
	size_t nends;
	size_t ends_size;
	uint32_t lines; /* physical lines up to where parsing stopped */
} SniffParse;

/* What a cell looks like, which is broader than what scalar.h accepts. */
typedef enum SniffKind
{
	SNIFF_EMPTY, /* nothing, blanks, or a common word for null */
	SNIFF_NUMBER,
	SNIFF_DATE, /* with or without a time */
	SNIFF_TIME,
	SNIFF_ADDRESS, /* URL, e-mail, path, IP, UUID */
	SNIFF_BOOL,
	SNIFF_WORD,  /* letters, digits, _ - . : no blank */
	SNIFF_TEXT,  /* anything else */
	SNIFF_MIXED, /* text that another delimiter would split */
	SNIFF_NKINDS
} SniffKind;

/* True for the kinds that a column name hardly ever is. */
static inline bool
sniff_is_typed(SniffKind kind)
{
	return kind >= SNIFF_NUMBER && kind <= SNIFF_BOOL;
}

/* True if the delimiter is a byte that prose never has. */
static inline bool
sniff_is_control(const EtlCsvSyntax *syntax)
{
	return (unsigned char) syntax->delimiter[0] < ' ';
}

/*
 * The densest stretch of records of one width: first and last are such records,
 * and most between them are.
 */
typedef struct SniffBlock
{
	uint32_t width;
	size_t first;
	size_t last;
	size_t top;     /* records before it are titles for sure */
	size_t matches; /* records of that width in it */
	size_t total;   /* records in it that aren't comments */
} SniffBlock;

/* A column of a table, as far as its body tells. */
typedef struct SniffColumn
{
	uint32_t kinds[SNIFF_NKINDS];
	uint32_t filled;     /* cells that aren't empty */
	uint32_t min_length; /* of a filled cell, in bytes */
	uint32_t max_length;
	uint64_t total_length;
	uint32_t same_shape; /* filled cells shaped like the first */
	uint64_t shape;      /* see sniff_shape() */
	bool typed;          /* at least half of the filled cells are of one
						  * typed kind */
} SniffColumn;

/* The records below a supposed header. */
typedef struct SniffBody
{
	const SniffParse *parse;
	SniffBlock block;
	size_t from; /* first record of the body */
	size_t to;   /* behind the last one looked at */
	size_t rows; /* of the table's width in between */
	uint32_t ntyped;
	SniffColumn *columns; /* block.width of them */
} SniffBody;

/* A syntax that was tried. */
typedef struct SniffCandidate
{
	EtlCsvSyntax syntax;
	double score;
	uint32_t width;
	size_t matches; /* records of the table's width, in the table */
	size_t live;    /* records that aren't comments */
	size_t good;    /* of the table's width, and without faults */
	size_t faulty;  /* with faults, of any width */
	size_t quoted;  /* with a well quoted field */
	size_t needed;  /* with a field that had to be quoted */
	size_t doubled; /* with a quote inside a quoted field */
	double held;    /* share of records that the delimiter is in */
	bool titled;    /* the first record has one field */
	bool narrow;    /* every record has one field */
} SniffCandidate;

/* What all attempts share. */
typedef struct SniffSearch
{
	const SniffSample *sample;
	const EtlCsvPinned *pinned;
	size_t limit;
	SniffParse parse;
	bool names; /* the first record shows a list of names */
	bool oom;
} SniffSearch;

/* With more columns two names are a pair of key and value. */
#define SNIFF_MAX_PAIRED_WIDTH 3

/* A table's beginning. */
typedef struct SniffStart
{
	size_t row; /* its first record */
	int header_rows;
	bool certain; /* values told whether there is a header */
} SniffStart;

/* sniff_cell.c */
extern SniffKind sniff_kind(const char *s, size_t n);
extern uint64_t sniff_shape(const char *s, size_t n);
extern bool sniff_is_name(const char *s, size_t n);
extern void sniff_trim(const char **s, size_t *n);

/* sniff_words.c */
extern bool sniff_has_header_word(const char *s, size_t n);

/* sniff_parse.c */
extern bool sniff_parse(SniffParse *parse, const SniffSample *sample,
						const EtlCsvSyntax *syntax, size_t limit);
extern void sniff_parse_free(SniffParse *parse);
extern const char *sniff_raw_cell(const SniffParse *parse,
								  const SniffRecord *record, uint32_t i,
								  size_t *len);
extern const char *sniff_cell(const SniffParse *parse,
							  const SniffRecord *record, uint32_t i,
							  size_t *len);
extern bool sniff_block(const SniffParse *parse, uint32_t width,
						SniffBlock *block);
extern int sniff_widths(const SniffParse *parse, uint32_t *widths, int max);

/* sniff_comment.c */
extern void sniff_mark_remarks(SniffParse *parse);
extern void sniff_find_comment(SniffParse *parse, const EtlCsvPinned *pinned,
							   uint32_t width, EtlCsvSyntax *syntax);

/* sniff_score.c */
extern SniffCandidate sniff_score(SniffSearch *search,
								  const EtlCsvSyntax *syntax, double prior);

/* sniff_syntax.c */
extern bool sniff_syntax(const SniffSample *sample, const EtlCsvPinned *pinned,
						 EtlCsvSyntax *syntax, uint32_t *width, bool *close);

/* sniff_table.c */
extern bool sniff_find_table(const SniffParse *parse, uint32_t width,
							 const EtlCsvPinned *pinned,
							 EtlCsvSniffed *sniffed);
extern size_t sniff_next_live(const SniffParse *parse, size_t i);

/* sniff_titles.c */
extern uint32_t sniff_count_filled(const SniffParse *parse,
								   const SniffRecord *record);
extern bool sniff_find_earlier(const SniffParse *parse, SniffBlock *block,
							   bool *oom);
extern void sniff_skip_pairs(const SniffParse *parse, SniffBlock *block,
							 bool *oom);
extern void sniff_skip_titles(const SniffParse *parse, SniffBlock *block);
extern bool sniff_looks_like_prose(const SniffParse *parse,
								   const SniffRecord *record);

/* sniff_start.c */
extern bool sniff_has_other_delimiter(const SniffBody *body,
									  const SniffRecord *record);
extern bool sniff_find_start(const SniffParse *parse, const SniffBlock *block,
							 const EtlCsvPinned *pinned, SniffStart *start);

/* sniff_header.c */
extern bool sniff_body_init(SniffBody *body, const SniffParse *parse,
							const SniffBlock *block, size_t from);
extern void sniff_body_free(SniffBody *body);
extern bool sniff_is_data(const SniffBody *body, size_t row);
extern double sniff_header_votes(const SniffBody *body, size_t row);
extern bool sniff_could_be_names(const SniffBody *body, size_t row);
extern bool sniff_is_header(const SniffBody *body, size_t row, bool *certain);
extern int sniff_header_rows(const SniffBody *body, size_t row);

/* sniff.c */
extern void sniff_warn(EtlCsvSniffed *sniffed, const char *warning);

#endif
