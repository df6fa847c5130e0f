/*
 * pieces.c
 *	  What a process reads next where several read one call's items.
 *
 * Items are handed out in order, and so are the pieces of an item that is large
 * and can be read in pieces.  The first process to come to such an item detects
 * how it is read; the others are told.  It must be the same file for all of
 * them, whatever happens to its name meanwhile.
 */
#include "postgres.h"

#include "guc.h"
#include "scan/pipeline_private.h"

/* Goes to an item; the numbers of those that a process gets only grow. */
static void
go_to_item(EtlScan *scan, int item)
{
	while (scan->share->item < item)
	{
		if (!etl_items_next(scan->items))
			elog(ERROR, "item %d was handed out, but there is none", item);
		scan->share->item++;
	}
}

static void
leave_item(EtlScan *scan)
{
	if (scan->open)
		etl_scan_close_item(scan);
}

/* Notes for EXPLAIN how the open item is read. */
static void
describe(EtlScan *scan)
{
	EState *estate = scan->history->estate;
	EtlShared *shared = scan->share->shared;
	char *description;

	if (!estate || !estate->es_instrument)
		return;
	description = scan->format->describe(scan->call, scan->reader);
	SpinLockAcquire(&shared->mutex);
	if (scan->share->item >= shared->described_item)
	{
		shared->described_item = scan->share->item;
		strlcpy(shared->description, description, ETL_SHARE_DESCRIPTION);
	}
	SpinLockRelease(&shared->mutex);
	pfree(description);
}

/* What a process has read of the item so far was not for itself. */
static void
discount(EtlScan *scan, uint64 bytes)
{
	scan->counted_bytes = etl_stream_source_bytes(scan->raw) - bytes;
	scan->counted_records = scan->reader->records;
}

/* Opens the item that is handed out in pieces, unless it is open. */
static void
open_divided(EtlScan *scan)
{
	EtlShared *shared = scan->share->shared;
	EtlFileIdentity identity;

	if (scan->open && scan->share->item == shared->divided_item)
		return;
	leave_item(scan);
	go_to_item(scan, shared->divided_item);
	(void) etl_scan_open_stream(scan);
	if (!etl_stream_file_identify(scan->raw, &identity) ||
		identity.device != shared->identity.device ||
		identity.inode != shared->identity.inode)
		ereport(ERROR,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg("file \"%s\" was replaced while it was being read",
						scan->items->name)));
	scan->call->division = &shared->division;
	etl_scan_open_reader(scan);
	scan->call->division = NULL;
	discount(scan, 0);
}

/* Something was handed out. */
static void
end_turn(EtlShared *shared)
{
	shared->handed_out++;
	etl_share_unlock(shared);
}

/* Takes the next piece of the item that is open, and ends the turn. */
static void
take_piece(EtlScan *scan)
{
	EtlShared *shared = scan->share->shared;
	EtlBoundary begin = shared->division.begin;
	EtlBoundary end = begin;
	int64 until = begin.offset + etl_guc_parallel_piece_size;
	bool more = etl_reader_find_place(scan->reader, &end, until);

	if (more)
		shared->division.begin = end;
	else
		shared->divided_item = -1;
	end_turn(shared);

	etl_scan_report(scan);
	etl_reader_move(scan->reader, &begin, more ? end.offset : -1);
	scan->counted_records = begin.records;
	scan->record.line = begin.line - 1;
	scan->ahead = 0;
	scan->next_ahead = 0;
	scan->not_ahead = 0;
	scan->history->counts.pieces++;
	scan->share->in_piece = true;
}

/* True if the open file is worth being read in pieces. */
static bool
is_large(const EtlFileIdentity *identity)
{
	return identity->size / 2 >= etl_guc_parallel_piece_size;
}

/*
 * Takes the next item, and ends the turn, unless it turns out that the item is
 * to be handed out in pieces: then returns true.
 */
static bool
take_item(EtlScan *scan)
{
	EtlShared *shared = scan->share->shared;
	bool divided = false;
	bool large;

	leave_item(scan);
	go_to_item(scan, shared->next_item++);
	large = etl_scan_open_stream(scan) &&
			etl_stream_file_identify(scan->raw, &shared->identity) &&
			is_large(&shared->identity);
	if (!large)
		end_turn(shared);
	etl_scan_open_reader(scan);
	scan->history->counts.items++;
	describe(scan);
	if (large)
		divided = etl_reader_divide(scan->reader, &shared->division);
	if (divided)
	{
		shared->divided_item = scan->share->item;
		discount(scan, (uint64) shared->division.begin.offset);
	}
	else if (large)
		end_turn(shared);
	scan->share->in_piece = divided;
	return divided;
}

/*
 * Called when the scan has nothing more to read: makes it read what is handed out
 * next; false if that is nothing.
 */
bool
etl_pieces_next(EtlScan *scan)
{
	EtlShare *share = scan->share;
	EtlShared *shared = share->shared;

	if (scan->open)
		etl_pieces_ended(scan);
	etl_share_lock(shared);
	if (shared->divided_item < 0 && shared->next_item < shared->nitems &&
		!take_item(scan))
		return true;
	if (shared->divided_item < 0)
	{
		etl_share_unlock(shared);
		leave_item(scan);
		return false;
	}
	open_divided(scan);
	take_piece(scan);
	return true;
}

/* What the scan was given has been read to its end. */
void
etl_pieces_ended(EtlScan *scan)
{
	EtlShare *share = scan->share;

	/* only of a first item there may be something to say */
	if (!share->in_piece && share->item == 0)
		etl_scan_item_ended(scan);
	pg_atomic_fetch_add_u64(&share->shared->read, 1);
}
