/*
 * json_text.h
 *	  What a JSON string says.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_JSON_TEXT_H
#define ETL_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef enum EtlJsonTextStatus
{
	ETL_JSON_TEXT_OK,
	ETL_JSON_TEXT_ZERO,           /* \u0000 */
	ETL_JSON_TEXT_SURROGATE,      /* half of a pair */
	ETL_JSON_TEXT_UNTRANSLATABLE, /* the encoding lacks a character */
} EtlJsonTextStatus;

/*
 * Writes a character to out, which has room for six bytes, and returns how many
 * it took; 0 if the encoding lacks it.
 */
typedef size_t (*EtlJsonPutCharacter)(void *arg, uint32_t code, char *out);

/*
 * Takes the escapes out of a valid string's n bytes.  out needs room for n and
 * may be s; *out_len is set.  Characters that aren't ASCII are left to "put";
 * NULL: as UTF-8.  If all is not well, *out_len is where in s the escape is.
 */
extern EtlJsonTextStatus etl_json_text(const char *s, size_t n,
									   EtlJsonPutCharacter put, void *arg,
									   char *out, size_t *out_len);

#endif
