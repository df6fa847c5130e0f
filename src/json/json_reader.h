/*
 * json_reader.h
 *	  JSON bytes to records.
 *
 * Records are found by a path in one pass over the source, whatever its size;
 * only one record is in memory.  A field is a member of the record, or what a
 * path finds in it; which there are is told by asking for them, for no header
 * names them.
 */
#ifndef ETL_JSON_READER_H
#define ETL_JSON_READER_H

#include "postgres.h"

#include "decode/compression.h"
#include "decode/encoding.h"
#include "record/record.h"

typedef enum EtlJsonFormat
{
	ETL_JSON_AUTO,
	ETL_JSON_ARRAY,
	ETL_JSON_NDJSON,
	ETL_JSON_DOCUMENT,
	ETL_JSON_RECORD /* a record by itself, even if an array, or several */
} EtlJsonFormat;

/* The names users give, in enum order, NULL-terminated. */
extern const char *const etl_json_format_names[];

typedef enum EtlJsonMissing
{
	ETL_JSON_MISSING_NULL,
	ETL_JSON_MISSING_ERROR
} EtlJsonMissing;

extern const char *const etl_json_missing_names[];

/* As users give them; "unset" as in options.h. */
typedef struct EtlJsonOptions
{
	char *records; /* path; NULL or $ for auto */
	int format;    /* EtlJsonFormat */
	int missing;   /* EtlJsonMissing */
	char *encoding;
	int compression;

	/* What another reader of the source has found; or NULL. */
	const EtlDivision *division;

	/* Keep what lies outside the records; see etl_json_reader_envelope(). */
	bool keep_envelope;
} EtlJsonOptions;

/* Raises 22023 for what doesn't fit together, and for a bad path. */
extern void etl_json_check_options(const EtlJsonOptions *options);

/*
 * Opens a reader over raw, which becomes owned by it; options are borrowed.  Made
 * in the current memory context.
 */
extern EtlReader *etl_json_reader_open(EtlStream *raw, const char *source,
									   const EtlJsonOptions *options);

/* What was found, never auto; and how it is encoded. */
extern EtlJsonFormat etl_json_reader_format(EtlReader *reader);
extern const EtlEncoding *etl_json_reader_encoding(EtlReader *reader);
extern EtlCompression etl_json_reader_compression(EtlReader *reader);

/*
 * After EOF, with keep_envelope: the source's text without its records, which
 * are left as [], UTF-8, NUL-terminated; NULL if it is larger than 1 MB.
 */
extern const char *etl_json_reader_envelope(EtlReader *reader, size_t *len);

/*
 * After EOF: the path, as the option "records" takes it, at which there seem to
 * be records, where the source was read as the one object that it is and none of
 * the wanted fields was in that; else NULL.  Lives as long as the reader.
 */
extern const char *etl_json_reader_missed(EtlReader *reader);

/*
 * For inference: the members of the record at hand, in order; lives until the
 * next call.  NULL if the record is no object.
 */
typedef struct EtlJsonMember
{
	const char *name; /* database encoding, not NUL-terminated */
	size_t name_len;
	EtlField value;
} EtlJsonMember;
extern const EtlJsonMember *etl_json_reader_members(EtlReader *reader, int *n);

#endif
