/*
 * reader_private.h
 *	  What the files of the JSON reader share.
 */
#ifndef ETL_JSON_READER_PRIVATE_H
#define ETL_JSON_READER_PRIVATE_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "compat.h"
#include "json/json_cursor.h"
#include "json/json_path.h"
#include "json/json_reader.h"
#include "json/json_walk.h"
#include "json/pull_parser.h"

/* Where the reader stands. */
typedef enum EtlJsonState
{
	ETL_JSON_AT_TOP,  /* before an outermost value or the end */
	ETL_JSON_AROUND,  /* in an outermost value, outside its records */
	ETL_JSON_IN_ARRAY /* in an array of records */
} EtlJsonState;

/* What comes next in an array of records. */
typedef enum EtlJsonElementState
{
	ETL_JSON_FIRST,       /* a record or the end */
	ETL_JSON_AFTER_COMMA, /* a record */
	ETL_JSON_AFTER_RECORD /* a comma or the end */
} EtlJsonElementState;

/* A field that was asked for. */
typedef struct EtlJsonField
{
	char *name; /* as it was asked for */
	EtlJsonPath *path;
	bool any_case; /* a member of nearly the same name will do */
	bool as_json;
} EtlJsonField;

/* How far the path to the records agrees with where the pull parser is. */
typedef struct EtlJsonTrack
{
	int on_path;     /* open values that are on the path */
	int64 *elements; /* of each of them that is an array: those begun */
	bool found;      /* the path has led somewhere */
} EtlJsonTrack;

typedef struct EtlJsonReader
{
	EtlReader base;
	const EtlJsonOptions *options;
	MemoryContext context; /* the reader's own */

	EtlStream *stream; /* the outermost: decompressed, transcoded */
	EtlCompression compression;
	EtlEncoding encoding;
	const EtlEncoding *from_utf8; /* for escapes; NULL: they become UTF-8 */
	EtlJsonCursor *cursor;
	EtlJsonFormat wanted_format;
	EtlJsonFormat format; /* found */

	/*
   * Each line is a value by itself, so a bad one ends with its line.  With
   * strict lines nothing else is right; without, values may span lines or
   * share one.
   */
	bool lines;
	bool strict_lines;
	bool arrays;      /* an outermost array stands for its elements */
	bool utf8;        /* the source's bytes must be UTF-8 */
	int64 line_valid; /* lines are known to be good up to here; as passed */

	EtlJsonState state;
	EtlJsonPull value_pull; /* for the value at hand */
	int64 values;           /* outermost ones begun */
	bool nested; /* the array of records is inside an outermost value */
	EtlJsonElementState element;

	/* Outside the records. */
	EtlJsonPath *records; /* without a last [*] */
	EtlJsonPull pull;
	EtlJsonTrack track;
	StringInfoData envelope;
	bool envelope_lost; /* it became too large */
	char *missed;       /* see etl_json_reader_missed() */

	/* What is wanted. */
	EtlJsonField *known; /* fields that were asked for */
	int nknown;
	int known_capacity;
	bool prepared;
	bool objects_only; /* members are wanted, so that others are bad */
	EtlJsonWalk walk;
	EtlJsonPlace record_place;
	MemoryContext keys_context;
	List *nodes; /* all of the tree */
	int64 nkeys; /* that they know */
	EtlJsonSlot *slots;
	EtlField *fields; /* as many as are wanted */

	/* Several records at once: their fields, and where they begin and end. */
	EtlField *many_fields;
	uint32 *many_bounds;
	int many_capacity;
	int many; /* records to be passed */

	/* The record at hand, where the cursor stands. */
	size_t length;         /* without blanks around it; 0: none */
	size_t record_ntokens; /* its tokens; 0: pass it by its bytes */
	bool escapes;          /* it has escapes */
	bool convert; /* it has to be converted to the database encoding */
	MemoryContext record_context; /* copies, conversions and messages */
	bool record_context_used;
} EtlJsonReader;

/* The context for what lives as long as the record at hand. */
static inline MemoryContext
etl_json_record_context(EtlJsonReader *reader)
{
	reader->record_context_used = true;
	return reader->record_context;
}

/* json_rejects.c: each fills reader->base.reject for n bytes at hand. */
extern void etl_json_reject(EtlJsonReader *reader, EtlStage stage,
							int sqlerrcode, const char *message,
							const char *detail, size_t n);
extern void etl_json_reject_syntax(EtlJsonReader *reader, const char *problem,
								   size_t at, size_t n);
extern void etl_json_reject_bytes(EtlJsonReader *reader, const char *s,
								  size_t there, bool untranslatable, size_t n);

/* Raises the error that the source breaks off or breaks down at offset at. */
extern ETL_NORETURN void etl_json_broken(EtlJsonReader *reader,
										 const char *problem, size_t at);

/* json_bad.c: what becomes of the bad or too large value at hand. */
extern EtlReadStatus etl_json_bad_rest(EtlJsonReader *reader,
									   const char *problem, size_t at);
extern EtlReadStatus etl_json_bad_value(EtlJsonReader *reader);
extern EtlReadStatus etl_json_bad_line(EtlJsonReader *reader,
									   const char *problem, size_t at);
extern EtlReadStatus etl_json_too_large(EtlJsonReader *reader);

/* A value that isn't where one may be, whatever it is. */
extern EtlReadStatus etl_json_misplaced(EtlJsonReader *reader,
										const char *problem);

/*
 * json_wanted.c.  The wanted fields must be prepared before the first record is
 * walked over; then they are taken out of each.  False, with the reject filled,
 * if the record doesn't have what is wanted, or isn't plain.
 */
extern void etl_json_prepare_wanted(EtlJsonReader *reader);
extern void etl_json_forget_keys(EtlJsonReader *reader);
extern bool etl_json_take_wanted(EtlJsonReader *reader);
extern bool etl_json_take_plain(EtlJsonReader *reader, EtlField *fields);
extern int etl_json_find_field(EtlReader *self, const char *name, bool is_path,
							   bool as_json);

/* json_fields.c: a value in the database encoding; false as above. */
extern bool etl_json_take_value(EtlJsonReader *reader, const EtlJsonSlot *slot,
								bool as_json, EtlField *field);

/*
 * The text of a string's n bytes in the database encoding, palloc'd in the
 * current context; NULL if it has none.
 */
extern char *etl_json_name_text(const EtlJsonReader *reader, const char *s,
								size_t n);

/* json_around.c: what lies outside the records. */
extern void etl_json_begin_around(EtlJsonReader *reader);

/*
 * Goes on to the next place of records.  False at the end of the outermost
 * value.  Else the state is IN_ARRAY, or *single is true and a value that is no
 * array is at hand.
 */
extern bool etl_json_find_records(EtlJsonReader *reader, bool *single);
extern void etl_json_records_passed(EtlJsonReader *reader);
extern void etl_json_keep_envelope(EtlJsonReader *reader, const char *s,
								   size_t n);

/* json_missed.c: looks at the first record, of a source that is no array. */
extern void etl_json_note_missed(EtlJsonReader *reader,
								 const EtlRecord *record);

/* json_layout.c: how values lie in the source. */
extern void etl_json_detect_layout(EtlJsonReader *reader);

/*
 * Checks that the line at hand is one value.  False, with the reject filled, if
 * it isn't.
 */
extern bool etl_json_check_line_value(EtlJsonReader *reader);

/*
 * Of a source that is a record by itself: what is wrong with it, or with what
 * stands behind it, at *at; NULL if it is good, or too large to tell.
 */
extern const char *etl_json_check_record(EtlJsonReader *reader, size_t *at);

typedef enum EtlJsonLineStatus
{
	ETL_JSON_LINE_GOOD,
	ETL_JSON_LINE_BAD,
	ETL_JSON_LINE_MORE /* its end isn't there yet */
} EtlJsonLineStatus;

/*
 * Judges what follows the value at hand on its line.  If that is bad, *problem
 * tells what it is, *at bytes behind the value's start.
 */
extern EtlJsonLineStatus etl_json_check_line(EtlJsonReader *reader,
											 const char **problem, size_t *at);

/* True if the line ends right behind the value, which is on one line. */
static inline bool
etl_json_line_is_plain(const EtlJsonReader *reader, size_t begin, size_t end)
{
	const EtlJsonCursor *cursor = reader->cursor;

	return cursor->buf[end] == '\n' &&
		   (!reader->strict_lines || etl_json_cursor_line(cursor, end) ==
										 etl_json_cursor_line(cursor, begin));
}

/* Passes over blanks; false at the end of the source. */
extern bool etl_json_skip_blanks(EtlJsonReader *reader);

/* json_plain.c: see record.h. */
extern int etl_json_next_plain(EtlReader *self, int max,
							   const EtlField **fields);
extern void etl_json_plain_record(EtlReader *self, int i, EtlRecord *record);

/* json_pieces.c: see record.h; and reads as another reader has found. */
extern bool etl_json_divide(EtlReader *self, EtlDivision *division);
extern bool etl_json_find_place(EtlReader *self, EtlBoundary *place,
								int64 until);
extern void etl_json_move(EtlReader *self, const EtlBoundary *place,
						  int64 end);
extern void etl_json_take_division(EtlJsonReader *reader,
								   const EtlDivision *division);

/* json_read.c.  Passes over the record, or the records, at hand. */
extern void etl_json_pass_records(EtlJsonReader *reader);

/*
 * Walks over the tokens there are from *token on, which is moved behind the
 * value if it is good; see json_walk.h.
 */
extern EtlJsonWalkStatus etl_json_walk_once(EtlJsonReader *reader,
											const uint32_t **token);

extern const EtlReaderOps etl_json_reader_ops;

#endif
