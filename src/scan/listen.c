/*
 * listen.c
 *	  For who runs a scan for more than its rows: where they come from, and which
 *	  items are read at all.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/builtins.h"

#include "scan/pipeline_private.h"

/* How much is read at once for a checksum. */
#define CHECKSUM_BUFFER (64 * 1024)

EtlScanHistory *
etl_scan_history_new_listened(EtlScanListener *listener)
{
	EtlScanHistory *history = etl_scan_history_new(NULL);

	history->listener = listener;
	history->policy = listener->policy;
	return history;
}

void
etl_scan_history_flush(EtlScanHistory *history)
{
	ListCell *lc;

	foreach (lc, history->stores)
	{
		EtlRejectSink *sink = lfirst(lc);

		sink->ops->flush(sink);
	}
}

const EtlRecord *
etl_scan_record(EtlScan *scan)
{
	etl_scan_know_record(scan);
	return &scan->record;
}

const char *
etl_scan_item_name(const EtlScan *scan)
{
	return scan->items->name;
}

EtlRejectSink *
etl_scan_sink(const EtlScan *scan)
{
	return scan->history->policy->sink;
}

const char *
etl_scan_raw_bytes(EtlScan *scan, const EtlRecord *record, size_t *len)
{
	return etl_reader_raw_bytes(scan->reader, record, len);
}

char *
etl_scan_record_json(EtlScan *scan, const EtlRecord *record)
{
	return etl_reader_record_json(scan->reader, record);
}

bool
etl_scan_is_missing(EtlScan *scan, int column)
{
	const EtlField *fields = scan->record.fields;

	if (scan->next_ahead > 0)
		fields = scan->ahead_fields +
				 (scan->next_ahead - 1) * scan->reader->nwanted;
	return etl_row_is_missing(scan->row, fields, column);
}

/* The checksum of the item's bytes; its stream is closed then. */
static const char *
checksum_item(EtlScan *scan)
{
	char *buf = palloc(CHECKSUM_BUFFER);
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint8 digest[PG_SHA256_DIGEST_LENGTH];
	char *hex = palloc(2 * PG_SHA256_DIGEST_LENGTH + 1);
	size_t n;

	pg_cryptohash_init(hash);
	while ((n = etl_stream_read(scan->raw, buf, CHECKSUM_BUFFER)) > 0)
		pg_cryptohash_update(hash, (const uint8 *) buf, n);
	pg_cryptohash_final(hash, digest, sizeof(digest));
	pg_cryptohash_free(hash);
	etl_stream_close(scan->raw);

	hex[hex_encode((const char *) digest, sizeof(digest), hex)] = '\0';
	return psprintf("sha256 %s", hex);
}

bool
etl_scan_item_is_wanted(EtlScan *scan)
{
	EtlScanListener *listener = scan->history->listener;
	MemoryContext old_context;
	const char *version;
	bool wanted;

	if (listener == NULL || listener->item_opened == NULL)
		return true;
	old_context = MemoryContextSwitchTo(scan->item_context);
	version = scan->raw->version;
	if (listener->by_checksum || (listener->needs_version && !version))
		version = checksum_item(scan);
	wanted = listener->item_opened(listener, scan->items->name, version);
	if (!wanted)
		etl_stream_close(scan->raw);
	else if (scan->raw->closed)
		scan->raw = etl_items_stream(scan->items);
	MemoryContextSwitchTo(old_context);
	return wanted;
}
