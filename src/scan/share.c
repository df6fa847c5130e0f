/*
 * share.c
 *	  What the processes share that run one call together.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/wait_event.h"

#include "scan/pipeline_private.h"

Size
etl_share_size(int nparticipants)
{
	return add_size(offsetof(EtlShared, participants),
					mul_size(sizeof(EtlParticipant), nparticipants));
}

void
etl_share_init(EtlShared *shared, dsm_segment *segment, int nparticipants)
{
	memset(shared, 0, etl_share_size(nparticipants));
	SpinLockInit(&shared->mutex);
	ConditionVariableInit(&shared->free_again);
	shared->segment = dsm_segment_handle(segment);
	SharedFileSetInit(&shared->files, segment);
	shared->paths = InvalidDsaPointer;
	shared->nparticipants = nparticipants;
	shared->pass = -1;
	pg_atomic_init_u64(&shared->read, 0);
	pg_atomic_init_u64(&shared->rejected, 0);
	for (int i = 0; i < nparticipants; i++)
		pg_atomic_init_u64(&shared->participants[i].rejects_bytes, 0);
}

/* Writes the list of the call's files where all processes find it. */
static void
share_paths(EtlShared *shared, dsa_area *area, const EtlSource *source)
{
	char *out;

	shared->paths_size = 0;
	for (int i = 0; i < source->nitems; i++)
		shared->paths_size += strlen(source->paths[i]) + 1;
	shared->paths =
		dsa_allocate_extended(area, shared->paths_size, DSA_ALLOC_HUGE);
	out = dsa_get_address(area, shared->paths);
	for (int i = 0; i < source->nitems; i++)
	{
		size_t size = strlen(source->paths[i]) + 1;

		memcpy(out, source->paths[i], size);
		out += size;
	}
}

void
etl_share_begin_pass(EtlShared *shared, dsa_area *area, const EtlCall *call,
					 MemoryContext query)
{
	if (DsaPointerIsValid(shared->paths))
		dsa_free(area, shared->paths);
	shared->paths = InvalidDsaPointer;
	shared->nitems = call ? 1 : 0;
	if (call && etl_source_is_file(call->source, call->options->server))
	{
		EtlSource *source =
			etl_source_open(call->source, call->options->server,
							&call->options->transport, query);

		shared->nitems = source->nitems;
		share_paths(shared, area, source);
		etl_source_close(source);
	}
	shared->next_item = 0;
	shared->divided_item = -1;
	shared->handed_out = 0;
	shared->described_item = -1;
	shared->pass++;
	pg_atomic_write_u64(&shared->read, 0);
	pg_atomic_write_u64(&shared->rejected, 0);
	for (int i = 0; i < shared->nparticipants; i++)
	{
		memset(&shared->participants[i].counts, 0, sizeof(EtlScanCounts));
		pg_atomic_write_u64(&shared->participants[i].rejects_bytes, 0);
	}
}

EtlShare *
etl_share_attach(EtlShared *shared, dsa_area *area, int me,
				 EtlScanHistory *history)
{
	EtlShare *share = palloc0(sizeof(EtlShare));
	char *path;

	share->shared = shared;
	share->context = CurrentMemoryContext;
	share->me = me;
	share->item = -1;
	share->written_item = -1;
	share->before = history->counts;
	history->share = share;
	if (!DsaPointerIsValid(shared->paths))
		return share;

	path = palloc_extended(Max(shared->paths_size, 1), MCXT_ALLOC_HUGE);
	memcpy(path, dsa_get_address(area, shared->paths), shared->paths_size);
	share->npaths = shared->nitems;
	share->paths = palloc_extended(sizeof(char *) * Max(share->npaths, 1),
								   MCXT_ALLOC_HUGE);
	for (int i = 0; i < share->npaths; i++)
	{
		share->paths[i] = path;
		path += strlen(path) + 1;
	}
	return share;
}

void
etl_share_leave(EtlShare *share, EtlScanHistory *history)
{
	EtlScanCounts counts = history->counts;

	etl_scan_counts_add(&counts, &share->before, -1);
	share->shared->participants[share->me].counts = counts;
	history->share = NULL;
	if (share->file > 0)
		FileClose(share->file);
	share->file = 0;
}

void
etl_share_lock(EtlShared *shared)
{
	for (;;)
	{
		bool taken;

		SpinLockAcquire(&shared->mutex);
		taken = shared->taken;
		shared->taken = true;
		SpinLockRelease(&shared->mutex);
		if (!taken)
			break;
		ConditionVariableSleep(&shared->free_again, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
}

void
etl_share_unlock(EtlShared *shared)
{
	SpinLockAcquire(&shared->mutex);
	shared->taken = false;
	SpinLockRelease(&shared->mutex);
	ConditionVariableSignal(&shared->free_again);
}

bool
etl_share_is_complete(EtlShared *shared)
{
	return !shared->taken && shared->divided_item < 0 &&
		   shared->next_item >= shared->nitems &&
		   pg_atomic_read_u64(&shared->read) == shared->handed_out;
}
