/*
 * record.h
 *	  Records, fields and rejects: what readers hand to the rows above them.
 *
 * A reader turns the bytes of one item (one file, one page) into records.  It
 * knows nothing of columns or types: it is told which of its fields somebody
 * wants, and hands out spans of text.  A record that the format forbids is not
 * an error but a reject, a value that travels up like a record does.
 */
#ifndef ETL_RECORD_H
#define ETL_RECORD_H

#include "postgres.h"

#include "stream/stream.h"

/*
 * So many bytes before a field may be read, whatever they are, where a function
 * says so: words are then loaded by where the field ends.
 */
#define ETL_FIELD_SLACK 8

/* What a field's text is. */
typedef enum EtlFieldKind
{
	ETL_FIELD_MISSING, /* the record has no such field */
	ETL_FIELD_REFUSED, /* it has no text; the reader's reject tells why */
	ETL_FIELD_NULL,    /* the field is the format's null */
	ETL_FIELD_TEXT,    /* text as it stands, unquoted and unescaped */
	ETL_FIELD_JSON     /* the JSON text of a value that is no string */
} EtlFieldKind;

typedef struct EtlField
{
	const char *data; /* database encoding, not NUL-terminated */
	uint32 len;
	EtlFieldKind kind;
} EtlField;

/*
 * A record.  Everything it points to belongs to the reader and lives until the
 * reader's next call.
 */
typedef struct EtlRecord
{
	const EtlField *fields; /* as many as were wanted, in that order */
	int64 record_no;        /* 1-based, headers not counted */
	int64 line;             /* 1-based physical line of its first byte */
	int64 offset;           /* of its first byte, in the source's bytes */
	const char *raw;        /* its bytes as read, without the line end */
	size_t raw_len;
} EtlRecord;

/* Where in its way up a record was found bad; the names users see. */
typedef enum EtlStage
{
	ETL_STAGE_STRUCTURE,
	ETL_STAGE_ENCODING,
	ETL_STAGE_CONVERSION,
	ETL_STAGE_CONSTRAINT,
	ETL_STAGE_CHECK,
	ETL_STAGE_TRIGGER
} EtlStage;

/*
 * Why a record is bad.  Strings are palloc'd or constant and live as long as
 * the record; NULL where there is nothing to say.
 */
typedef struct EtlReject
{
	EtlStage stage;
	int sqlerrcode;
	const char *message;
	const char *detail;
	const char *hint;
	const char *column_name; /* the target's column, or the source's field */
	const char *constraint_name;
	const char *value; /* the text that was refused, if it was one */
	size_t value_len;

	/* The record itself.  raw holds the source's own bytes. */
	const char *source;
	int64 line;
	int64 record_no;
	int64 offset;
	const char *raw;
	size_t raw_len;
	const char *record; /* as a JSON object, where it comes from a query */
} EtlReject;

/* A place between two records. */
typedef struct EtlBoundary
{
	int64 offset; /* of the next record's first byte, or of what precedes it */
	int64 line;   /* of that byte */
	int64 records; /* that lie before it */
} EtlBoundary;

#define ETL_DIALECT_BYTES 128

/*
 * What processes that read one file in pieces must agree on: where its records
 * begin, and how they are read.  Has no pointers.
 */
typedef struct EtlDivision
{
	EtlBoundary begin;
	union
	{
		char bytes[ETL_DIALECT_BYTES]; /* the reader's own */
		int64 align;
	} dialect;
} EtlDivision;

typedef enum EtlReadStatus
{
	ETL_READ_RECORD,
	ETL_READ_REJECT, /* reader->reject says why */
	ETL_READ_EOF
} EtlReadStatus;

typedef struct EtlReader EtlReader;

typedef struct EtlReaderOps
{
	/*
	 * Reads the next record.  After REJECT the reader goes on behind the bad
	 * record.  Raises an error only if the source itself fails.
	 */
	EtlReadStatus (*next)(EtlReader *self, EtlRecord *record);

	/*
	 * Reads up to max > 0 records at once, and returns how many; *fields has
	 * all their fields, one record's after the other's, and lives until the
	 * next call.  Takes only records of which there is nothing to say but their
	 * fields: no reject, no bytes to be converted.  ETL_FIELD_SLACK bytes
	 * before each field's data can be read.  0 if the next record is another,
	 * or there is none: next() tells.  May be NULL.
	 */
	int (*next_plain)(EtlReader *self, int max, const EtlField **fields);

	/* Record i of those that next_plain() has read last. */
	void (*plain_record)(EtlReader *self, int i, EtlRecord *record);

	/* The source's own bytes of a record; lives until the next call. */
	const char *(*raw_bytes)(EtlReader *self, const EtlRecord *record,
							 size_t *len);

	/*
	 * The record as text in the database encoding, likewise; NULL, with
	 * reader->reject filled, if that encoding lacks a character.
	 */
	const char *(*raw_text)(EtlReader *self, const EtlRecord *record,
							size_t *len);

	/*
	 * The whole record as the text of a JSON object, palloc'd, for the column
	 * etl_record; NULL as above.
	 */
	char *(*record_json)(EtlReader *self, const EtlRecord *record);

	/*
	 * Makes a field of what the name means and returns its position; the same
	 * name may come twice.  With is_path the name is one that the user gave, in
	 * the format's own notation (22023 if it is none); else it is a column's.
	 * as_json: wanted as the format's own text, a string with its quotes.
	 * NULL where names[] tells which fields there are.
	 */
	int (*find_field)(EtlReader *self, const char *name, bool is_path,
					  bool as_json);

	/*
	 * Tells, before the first record, how the source can be read in pieces;
	 * false if it can't, because not every place of it tells for sure where
	 * records begin.  NULL: never.  Another reader of the source that is made
	 * with the division reads it in the same way.
	 */
	bool (*divide)(EtlReader *self, EtlDivision *division);

	/*
	 * Moves place, which is one between records, to the first such place at or
	 * behind the offset until.  False if there is none, or if that isn't sure:
	 * then all that follows is one piece.
	 */
	bool (*find_place)(EtlReader *self, EtlBoundary *place, int64 until);

	/*
	 * Goes on with the piece from a place to the offset end, or to the source's
	 * end if that is -1.
	 */
	void (*move)(EtlReader *self, const EtlBoundary *place, int64 end);

	void (*close)(EtlReader *self);
} EtlReaderOps;

/*
 * Base of every reader.  A reader is constructed on an open stream and has
 * read as much of it as it needs to know its names.  Call order: constructor,
 * etl_reader_want() once, next until EOF, close.
 */
struct EtlReader
{
	const EtlReaderOps *ops;

	/* The item's name for messages and etl_source; borrowed. */
	const char *source;

	/*
	 * The names of the fields in order, in the database encoding, as the
	 * source gives them: may be empty or duplicate.  names is NULL if the
	 * source has none, so fields go by position; then nfields tells how many
	 * there are.
	 */
	char **names;
	int nfields;

	/* What to tell who misses a name; NULL, or constant. */
	const char *names_hint;

	/* Wanted fields: 0-based positions, ascending or not; -1 for none. */
	const int *wanted;
	int nwanted;

	/* Valid after ETL_READ_REJECT, and with an ETL_FIELD_REFUSED: the first's. */
	EtlReject reject;

	/* Counters for EXPLAIN and limits. */
	int64 records; /* records and rejects handed out so far */
};

/*
 * Tells the reader which fields the records shall carry.  positions is
 * borrowed and must outlive the reader.
 */
static inline void
etl_reader_want(EtlReader *reader, const int *positions, int n)
{
	reader->wanted = positions;
	reader->nwanted = n;
}

/* True if the fields have names that are known by asking for them only. */
static inline bool
etl_reader_names_are_open(const EtlReader *reader)
{
	return reader->ops->find_field != NULL;
}

static inline EtlReadStatus
etl_reader_next(EtlReader *reader, EtlRecord *record)
{
	return reader->ops->next(reader, record);
}

static inline int
etl_reader_next_plain(EtlReader *reader, int max, const EtlField **fields)
{
	if (reader->ops->next_plain == NULL)
		return 0;
	return reader->ops->next_plain(reader, max, fields);
}

static inline void
etl_reader_plain_record(EtlReader *reader, int i, EtlRecord *record)
{
	reader->ops->plain_record(reader, i, record);
}

static inline const char *
etl_reader_raw_bytes(EtlReader *reader, const EtlRecord *record, size_t *len)
{
	return reader->ops->raw_bytes(reader, record, len);
}

static inline const char *
etl_reader_raw_text(EtlReader *reader, const EtlRecord *record, size_t *len)
{
	return reader->ops->raw_text(reader, record, len);
}

static inline char *
etl_reader_record_json(EtlReader *reader, const EtlRecord *record)
{
	return reader->ops->record_json(reader, record);
}

static inline bool
etl_reader_divide(EtlReader *reader, EtlDivision *division)
{
	return reader->ops->divide != NULL &&
		   reader->ops->divide(reader, division);
}

static inline bool
etl_reader_find_place(EtlReader *reader, EtlBoundary *place, int64 until)
{
	return reader->ops->find_place(reader, place, until);
}

static inline void
etl_reader_move(EtlReader *reader, const EtlBoundary *place, int64 end)
{
	reader->ops->move(reader, place, end);
}

static inline void
etl_reader_close(EtlReader *reader)
{
	reader->ops->close(reader);
}

extern const char *etl_stage_name(EtlStage stage);

#endif
