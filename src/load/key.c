/*
 * key.c
 *	  Keys of rows in schema etl that texts of any length tell apart.
 */
#include "postgres.h"

#include <stdarg.h>

#include "lib/stringinfo.h"

#include "compat.h"
#include "http/digest.h"
#include "load/key.h"

Datum
etl_load_key(int n, ...)
{
	bytea *key = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	StringInfoData all;
	va_list texts;

	initStringInfo(&all);
	va_start(texts, n);
	for (int i = 0; i < n; i++)
	{
		const char *text = va_arg(texts, const char *);

		/* with the zero byte, so that no two lists look the same */
		appendBinaryStringInfo(&all, text, (int) strlen(text) + 1);
	}
	va_end(texts);
	SET_VARSIZE(key, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	etl_digest_sha256(all.data, all.len, (uint8 *) VARDATA(key));
	pfree(all.data);
	return PointerGetDatum(key);
}
