/*
 * envelope.h
 *	  What a page says besides its records.
 *
 * A page's JSON text without the records is a small document.  From it come
 * the address of the next page, totals and the like, as scalars: strings as
 * what they mean, numbers as they are written, to the last digit.
 */
#ifndef ETL_ENVELOPE_H
#define ETL_ENVELOPE_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "json/json_path.h"


typedef struct EtlEnvelope EtlEnvelope;

typedef enum EtlEnvelopeKind
{
	ETL_ENVELOPE_ABSENT, /* no such member */
	ETL_ENVELOPE_NULL,
	ETL_ENVELOPE_FALSE,
	ETL_ENVELOPE_TRUE,
	ETL_ENVELOPE_NUMBER,
	ETL_ENVELOPE_STRING,
	ETL_ENVELOPE_ARRAY,
	ETL_ENVELOPE_OBJECT
} EtlEnvelopeKind;

typedef struct EtlEnvelopeValue
{
	EtlEnvelopeKind kind;
	const char *text; /* of a string or number, UTF-8; lives as the envelope */
} EtlEnvelopeValue;

/*
 * A path to a member, as in json_path.h; "$." may be left out.  Raises 22023
 * for what is none, naming the option that it was given for.
 */
extern EtlJsonPath *etl_envelope_path(const char *text, const char *option);

/*
 * Parses the text, UTF-8, in the current memory context, which releases it;
 * NULL if it is no JSON.
 */
extern EtlEnvelope *etl_envelope_parse(const char *text, size_t len);

/* A member of the document, or of its member parent. */
extern EtlEnvelopeValue etl_envelope_member(const EtlEnvelope *envelope,
											const char *parent,
											const char *name);

/* What the path leads to; nothing if envelope is NULL. */
extern EtlEnvelopeValue etl_envelope_find(const EtlEnvelope *envelope,
										  const EtlJsonPath *path);

/* True for what stands where there is no next page: absent, null, false, "". */
extern bool etl_envelope_is_none(EtlEnvelopeValue value);

/* The names of the top members in quotes, for messages. */
extern void etl_envelope_append_members(const EtlEnvelope *envelope,
										StringInfo out);

#endif
