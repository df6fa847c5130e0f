/*
 * convert_json.h
 *	  Well-formed JSON to json and jsonb, the fast way.
 *
 * As convert.h, but these converters rely on the reader having checked the text
 * against RFC 8259; so they are for fields of JSON sources only.
 */
#ifndef ETL_CONVERT_JSON_H
#define ETL_CONVERT_JSON_H

#include "row/convert.h"

/* The converter for json or jsonb, else NULL. */
extern EtlConvert etl_convert_json_find(Oid type);

/* What converts many as convert does one, or NULL. */
extern EtlConvertMany etl_convert_json_find_many(EtlConvert convert);

#endif
