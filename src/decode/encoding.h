/*
 * encoding.h
 *	  From the source's character encoding to the database's.
 *
 * Records are found in the source's own bytes and converted field by field, so
 * that offsets and raw bytes are those of the source.  The exception is UTF-16,
 * which no byte-wise parser can read: it becomes UTF-8 in a stream.  There a
 * lone surrogate turns into the three bytes that UTF-8 forbids, so that the
 * record which holds it, and only that one, fails verification later, and its
 * original bytes can be rebuilt.  The same is done to other encodings for
 * parsers that can't step by characters, see transcode.h.
 *
 * "Working encoding" below: the encoding of the bytes that the reader sees.
 */
#ifndef ETL_ENCODING_H
#define ETL_ENCODING_H

#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"

#include "decode/transcode.h"
#include "decode/utf16.h"
#include "stream/stream.h"

typedef enum EtlUtf16
{
	ETL_UTF16_NONE,
	ETL_UTF16_LE,
	ETL_UTF16_BE
} EtlUtf16;

typedef struct EtlEncoding
{
	int working;    /* pg_enc of the bytes that the reader sees */
	EtlUtf16 utf16; /* the source was UTF-16 of this order */
	int bom_length; /* bytes of the mark that was dropped */

	/* What made UTF-8 of the source, unless it was UTF-16; or NULL. */
	EtlTranscoder *transcoder;

	/*
	 * True where a byte below 0x80 can be part of a longer character (SJIS,
	 * BIG5, GBK, UHC, GB18030, JOHAB, SHIFT_JIS_2004): parsers must step by
	 * characters.
	 */
	bool ascii_unsafe;

	/*
	 * Converts from working to the database's encoding; NULL where bytes are
	 * taken as they are.  Lives as long as the stream.
	 */
	FmgrInfo *converter;
} EtlEncoding;

/*
 * Returns a stream of in's bytes in the working encoding, without a byte order
 * mark.  in becomes owned by the result.  wanted is NULL for auto (by mark,
 * else UTF-8), any PostgreSQL encoding name, or UTF16 (its order by mark, else
 * by what the bytes look like), UTF-16LE, UTF-16BE; another name, or one that
 * can't be converted to the database's encoding, is an error (22023).
 */
extern EtlStream *etl_encoding_stream(EtlStream *in, const char *wanted,
									  EtlEncoding *found);

/*
 * A stream of in's bytes in which each byte below 0x80 is a character: in
 * itself, or a stream that makes UTF-8 of it, of which encoding then tells.  in
 * becomes owned by the result.  An encoding for which that can't be done is an
 * error (22023).
 */
extern EtlStream *etl_encoding_ascii_stream(EtlStream *in,
											EtlEncoding *encoding);

/* The name that users see, such as UTF8, LATIN1 or UTF-16LE. */
extern const char *etl_encoding_name(const EtlEncoding *encoding);

/* True if some of the n bytes are not plain ASCII (NUL counts as not). */
extern bool etl_encoding_has_special(const char *s, size_t n);

/*
 * Verifies n bytes of the working encoding; returns -1 if they are valid, else
 * the offset of the first byte that is not.  NUL is never valid.  In an
 * SQL_ASCII database any other byte is, and bytes declared as SQL_ASCII must be
 * valid in the database's encoding, as elsewhere in PostgreSQL.
 */
extern int64 etl_encoding_verify(const EtlEncoding *encoding, const char *s,
								 size_t n);

/*
 * The length that the first bytes of a character promise, in a server's
 * encoding; may be more than the n > 0 bytes that are there, which are all that
 * it looks at.
 */
extern int etl_encoding_char_length(int encoding, const char *s, size_t n);

/* How many of the n > 0 bytes at s, which fail verification, to show as bad. */
extern size_t etl_encoding_bad_length(const EtlEncoding *encoding,
									  const char *s, size_t n);

/*
 * What to say of the character at s, of which n > 0 bytes are there: it is
 * either no character at all, or one that the database encoding lacks.
 * palloc'd.
 */
extern char *etl_encoding_describe_bad(const EtlEncoding *encoding,
									   const char *s, size_t n,
									   bool untranslatable);

/*
 * Converts n valid bytes to the database encoding.  Returns a palloc'd,
 * NUL-terminated copy and sets *out_len; or NULL with *bad set to the offset
 * of a character that the database encoding lacks.  Must be called only when
 * etl_encoding_needs_conversion().
 */
extern char *etl_encoding_convert(const EtlEncoding *encoding, const char *s,
								  size_t n, size_t *out_len, size_t *bad);
extern bool etl_encoding_needs_conversion(const EtlEncoding *encoding);

/* How many bytes of the source n working bytes stand for. */
static inline size_t
etl_encoding_source_length(const EtlEncoding *encoding, const char *s,
						   size_t n)
{
	if (encoding->utf16 != ETL_UTF16_NONE)
		return etl_utf16_source_length(s, n);
	if (encoding->transcoder != NULL)
		return etl_transcode_source_length(encoding->transcoder, s, n);
	return n;
}

/*
 * The source's own bytes for n working bytes: s itself where they are the
 * same, else a palloc'd copy.  Sets *out_len.
 */
extern const char *etl_encoding_source_bytes(const EtlEncoding *encoding,
											 const char *s, size_t n,
											 size_t *out_len);

#endif
