/*
 * stream.h
 *	  A stream: bytes in order, read once.
 *
 * A stream is the lowest layer of every reader.  A file, a piece of memory or
 * a download delivers the source's bytes; a decoder is a stream that reads
 * another stream and delivers its bytes decompressed or transcoded.  So a
 * reader sees one interface whatever lies beneath:
 *
 *		file  ->  gunzip  ->  transcode  ->  CSV reader
 *
 * Call order: constructor, any number of reads until one returns 0, close.
 * A stream lives in the memory context that was current when it was made; what
 * it holds outside PostgreSQL's memory (descriptors, library objects) is also
 * released by a reset callback of that context, so an error needs no clean-up
 * by the caller.
 */
#ifndef ETL_STREAM_H
#define ETL_STREAM_H

#include "postgres.h"

#include "miscadmin.h"

typedef struct EtlStream EtlStream;

typedef struct EtlStreamOps
{
	/*
	 * Reads up to cap > 0 bytes into buf and returns how many; a short count
	 * is no sign of the end, 0 is.  Raises an error if the source fails.
	 */
	size_t (*read)(EtlStream *self, char *buf, size_t cap);

	/* Releases what the stream holds; called at most once. */
	void (*close)(EtlStream *self);
} EtlStreamOps;

struct EtlStream
{
	const EtlStreamOps *ops;

	/* The stream that this one reads, owned; NULL for a source of bytes. */
	EtlStream *input;

	/* For messages: what is read, without secrets; borrowed. */
	const char *name;

	/*
	 * How the bytes are coded for the transfer alone, in the words of HTTP's
	 * Content-Encoding: to be undone before anything else.  NULL: not at all.
	 */
	const char *coding;

	/* How many bytes decoding may make of these; 0 for any number. */
	uint64 max_bytes;

	/*
	 * What the source says to tell this version of its content from others,
	 * such as size and time of a file; NULL if it says nothing.
	 */
	const char *version;

	/* Bytes delivered so far. */
	uint64 delivered;

	/* No more bytes will come. */
	bool ended;
	bool closed;
};

static inline size_t
etl_stream_read(EtlStream *stream, char *buf, size_t cap)
{
	size_t n;

	Assert(!stream->closed);
	Assert(cap > 0);
	if (stream->ended)
		return 0;
	CHECK_FOR_INTERRUPTS();
	n = stream->ops->read(stream, buf, cap);
	Assert(n <= cap);
	stream->delivered += n;
	if (n == 0)
		stream->ended = true;
	return n;
}

/* Closes the stream and those beneath it. */
static inline void
etl_stream_close(EtlStream *stream)
{
	EtlStream *input;

	if (stream->closed)
		return;
	input = stream->input;
	stream->closed = true;
	stream->ops->close(stream);
	if (input)
		etl_stream_close(input);
}

/* Bytes read from the source itself, before any decoding. */
static inline uint64
etl_stream_source_bytes(const EtlStream *stream)
{
	while (stream->input)
		stream = stream->input;
	return stream->delivered;
}

/*
 * A regular file, opened for reading.  The caller has checked privileges with
 * etl_source_open(); path and name must outlive the stream.  Anything that is
 * not a regular file is an error (42809).
 */
extern EtlStream *etl_stream_open_file(const char *path, const char *name);

/* What tells one file from another, whatever their names. */
typedef struct EtlFileIdentity
{
	uint64 device;
	uint64 inode;
	int64 size; /* now */
} EtlFileIdentity;

/* Identifies the file beneath the stream; false if it is no file. */
extern bool etl_stream_file_identify(EtlStream *stream,
									 EtlFileIdentity *identity);

/*
 * Makes the file beneath the stream deliver the bytes from begin to end, or to
 * its own end if that is -1, and returns that file's stream: what lies above it
 * isn't read any more.
 */
extern EtlStream *etl_stream_file_piece(EtlStream *stream, int64 begin,
										int64 end);

/*
 * The bytes of the file from position on, at least *n <= 256 kB of them or all that
 * are left; *n tells how many.  They aren't delivered by that, and live until the
 * next call.  What was looked at isn't read again when it is delivered soon.
 */
extern const char *etl_stream_file_look(EtlStream *stream, int64 position,
										size_t *n);

/* Bytes that the caller owns and keeps as long as the stream. */
extern EtlStream *etl_stream_open_memory(const char *data, size_t len,
										 const char *name);

#endif
