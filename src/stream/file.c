/*
 * file.c
 *	  A stream over a regular file.
 *
 * Reads straight into the caller's buffer, so its size is the size of the
 * system calls.  Several processes may read one file in pieces, each through a
 * stream of its own.  A file that grows while it is read is read to its new end; one
 * that shrinks is an error, for what was there has been lost.
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "storage/fd.h"
#include "utils/wait_event.h"

#include "confine.h"
#include "stream/stream.h"

/* How much is read to be looked at, and how much of that is held at most. */
#define LOOK_SIZE (256 * 1024)
#define HELD_SIZE (4 * 1024 * 1024)

typedef struct FileStream
{
	EtlStream base;
	int fd;         /* -1: closed */
	bool reserved;  /* the descriptor is counted by fd.c */
	int64 size;     /* when it was opened */
	int64 position; /* of the next byte */
	int64 end;      /* of the piece; -1: of the file */

	/* Bytes that were looked at, and need not be read again. */
	MemoryContext context;
	char *held; /* NULL: none */
	size_t held_capacity;
	int64 held_begin;
	size_t held_len;

	MemoryContextCallback on_reset;
} FileStream;

static void
release_file(void *arg)
{
	FileStream *self = arg;

	if (self->fd >= 0)
		close(self->fd);
	self->fd = -1;
	if (self->reserved)
		ReleaseExternalFD();
	self->reserved = false;
}

static void
check_not_shrunk(FileStream *self)
{
	struct stat st;

	if (self->position >= self->size)
		return;
	if (fstat(self->fd, &st) == 0 && st.st_size < self->size)
		ereport(ERROR,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg("file \"%s\" shrank while it was being read",
						self->base.name),
				 errdetail("It had %lld bytes when it was opened and has %lld "
						   "now.",
						   (long long) self->size, (long long) st.st_size)));
}

/* As pread(2), without errors and interruptions. */
static size_t
read_at(FileStream *self, char *buf, size_t cap, int64 position)
{
	ssize_t n;

	for (;;)
	{
		pgstat_report_wait_start(PG_WAIT_EXTENSION);
		n = pread(self->fd, buf, Min(cap, (size_t) 1 << 30), position);
		pgstat_report_wait_end();
		if (n >= 0 || errno != EINTR)
			break;
		CHECK_FOR_INTERRUPTS();
	}
	if (n < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read file \"%s\": %m", self->base.name)));
	return n;
}

static size_t
file_read(EtlStream *stream, char *buf, size_t cap)
{
	FileStream *self = (FileStream *) stream;
	size_t n;

	if (self->end >= 0)
		cap = Min(cap, (size_t) (self->end - self->position));
	if (cap == 0)
		return 0;
	if (self->position >= self->held_begin &&
		self->position < self->held_begin + (int64) self->held_len)
	{
		size_t skip = (size_t) (self->position - self->held_begin);

		n = Min(cap, self->held_len - skip);
		memcpy(buf, self->held + skip, n);
	}
	else
		n = read_at(self, buf, cap, self->position);
	self->position += (int64) n;
	if (n == 0)
		check_not_shrunk(self);
	return n;
}

static void
file_close(EtlStream *stream)
{
	release_file(stream);
}

static const EtlStreamOps file_ops = {
	.read = file_read,
	.close = file_close,
};

/* Size and time of modification, palloc'd. */
static char *
file_version(int fd, int64 size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return NULL;
	return psprintf("size %lld, modified %lld.%09ld", (long long) size,
					(long long) st.st_mtim.tv_sec, (long) st.st_mtim.tv_nsec);
}

EtlStream *
etl_stream_open_file(const char *path, const char *name)
{
	FileStream *self = palloc0(sizeof(FileStream));

	self->base.ops = &file_ops;
	self->base.name = name;
	self->fd = -1;
	self->end = -1;
	self->context = CurrentMemoryContext;
	self->on_reset.func = release_file;
	self->on_reset.arg = self;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &self->on_reset);

	if (!AcquireExternalFD())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("too many files are open to read \"%s\"", name),
				 errhint("Raise the setting \"%s\", or read fewer sources at "
						 "a time.",
						 "max_files_per_process")));
	self->reserved = true;
	self->fd = etl_confine_open(path, name, &self->size);
	self->base.version = file_version(self->fd, self->size);
	return &self->base;
}

/* The file beneath the stream, or NULL if it is none. */
static FileStream *
find_file(EtlStream *stream)
{
	while (stream->input)
		stream = stream->input;
	return stream->ops == &file_ops ? (FileStream *) stream : NULL;
}

bool
etl_stream_file_identify(EtlStream *stream, EtlFileIdentity *identity)
{
	FileStream *self = find_file(stream);
	struct stat st;

	if (!self)
		return false;
	if (fstat(self->fd, &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", self->base.name)));
	identity->device = (uint64) st.st_dev;
	identity->inode = (uint64) st.st_ino;
	identity->size = (int64) st.st_size;
	return true;
}

EtlStream *
etl_stream_file_piece(EtlStream *stream, int64 begin, int64 end)
{
	FileStream *self = find_file(stream);

	Assert(self && begin >= 0 && (end < 0 || end >= begin));
	self->position = begin;
	self->end = end;
	self->base.ended = false;
	return &self->base;
}

/* Makes room for n bytes behind those that are held. */
static void
reserve_held(FileStream *self, size_t n)
{
	size_t need = self->held_len + n;

	if (need <= self->held_capacity)
		return;
	self->held_capacity = Max(need, 2 * self->held_capacity);
	self->held = self->held
					 ? repalloc(self->held, self->held_capacity)
					 : MemoryContextAlloc(self->context, self->held_capacity);
}

const char *
etl_stream_file_look(EtlStream *stream, int64 position, size_t *n)
{
	FileStream *self = find_file(stream);
	int64 skip = position - self->held_begin;

	Assert(*n <= LOOK_SIZE);
	if (skip < 0 || skip > (int64) self->held_len)
	{
		self->held_begin = position;
		self->held_len = 0;
		skip = 0;
	}
	while ((int64) self->held_len - skip < (int64) *n)
	{
		size_t got;

		CHECK_FOR_INTERRUPTS();
		if (self->held_len + LOOK_SIZE > HELD_SIZE)
		{
			self->held_len -= (size_t) skip;
			memmove(self->held, self->held + skip, self->held_len);
			self->held_begin += skip;
			skip = 0;
		}
		reserve_held(self, LOOK_SIZE);
		got = read_at(self, self->held + self->held_len, LOOK_SIZE,
					  self->held_begin + (int64) self->held_len);
		if (got == 0)
			break;
		self->held_len += got;
	}
	*n = self->held_len - (size_t) skip;
	return self->held + skip;
}
