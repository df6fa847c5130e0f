/*
 * compression.h
 *	  Decompressing streams.
 *
 * The format is known by its magic bytes, so a file's name never matters.
 * Concatenated members of one format read as one stream; a truncated or
 * damaged member is an error (22P04), never a silent end.
 */
#ifndef ETL_COMPRESSION_H
#define ETL_COMPRESSION_H

#include "postgres.h"

#include "stream/stream.h"

typedef enum EtlCompression
{
	ETL_COMPRESSION_AUTO,
	ETL_COMPRESSION_NONE,
	ETL_COMPRESSION_GZIP,
	ETL_COMPRESSION_ZSTD,
	ETL_COMPRESSION_LZ4,
	ETL_COMPRESSION_BZIP2,
	ETL_COMPRESSION_XZ
} EtlCompression;

/* The names users give and see, in enum order, NULL-terminated. */
extern const char *const etl_compression_names[];

/*
 * Returns a stream of in's bytes decompressed.  in becomes owned by the
 * result.  With AUTO the magic bytes decide; a named format that the bytes
 * don't have is an error (22P04).  *found tells the format.  A coding of the
 * transfer is undone before, whatever is wanted.  What comes out is bounded by
 * pg_etl.max_decompression_ratio, and by in's max_bytes (54000).
 */
extern EtlStream *etl_decompress(EtlStream *in, EtlCompression wanted,
								 EtlCompression *found);

#endif
