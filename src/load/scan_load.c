/*
 * scan_load.c
 *	  Loads what a scan of a source yields.
 *
 * The scan is run without a query around it, so that with each row comes the
 * record that it was made of: its place and its bytes.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "load/load.h"
#include "load/source_names.h"

typedef struct ScanLoad
{
	EtlScanListener listener;
	EtlLoad *load;
	EtlCall *call;
	EtlScanHistory *history;
	EtlScan *scan;
	TupleDesc desc;
	bool begun;
	const Bitmapset *with_defaults;
	EtlSourceNames *names;
} ScanLoad;

static bool take_item(EtlScanListener *self, const char *name,
					  const char *version);
static void note_names(EtlScanListener *self, const EtlReader *reader);
static void begin_rows(ScanLoad *self);
static void scan_all(ScanLoad *self);
static void put_row(ScanLoad *self, Datum *values, bool *isnull);
static void update_counts(ScanLoad *self);

void
etl_load_rows_of_scan(EtlLoad *load, EtlCall *call)
{
	ScanLoad self = {.load = load, .call = call};

	self.desc = etl_load_source_desc(load);
	self.listener.policy = load->policy;
	self.listener.load_id = load->id;
	self.listener.target = load->request->target;
	self.listener.item_opened = take_item;
	self.listener.item_bound = note_names;
	self.listener.by_checksum = load->request->by_checksum;
	self.listener.needs_version = load->request->skip_loaded;
	self.history = etl_scan_history_new_listened(&self.listener);
	if (!load->request->skip_loaded)
		begin_rows(&self);
	scan_all(&self);
	if (load->sources && etl_sources_see_again(load->sources))
		scan_all(&self);
	if (load->sources && etl_sources_all_skipped(load->sources))
	{
		etl_load_skip(load);
		return;
	}
	begin_rows(&self);
	etl_source_names_end(self.names);
	etl_load_finish(load);
	etl_scan_history_flush(self.history);
}

/* There is something to load. */
static void
begin_rows(ScanLoad *self)
{
	if (self->begun)
		return;
	self->begun = true;
	etl_load_make_room(self->load);
	etl_load_expect(self->load, self->desc);
	self->with_defaults = etl_load_with_defaults(self->load);
	self->names = etl_source_names_new(self->load, self->call);
}

static void
scan_all(ScanLoad *self)
{
	int natts = Max(self->desc->natts, 1);
	Datum *values = palloc(sizeof(Datum) * natts);
	bool *isnull = palloc(sizeof(bool) * natts);

	self->scan = etl_scan_begin(self->call, self->desc, NULL, self->history);
	while (etl_scan_next(self->scan, values, isnull))
		put_row(self, values, isnull);
	if (self->begun)
		etl_load_flush(self->load);
	etl_scan_end(self->scan);
	update_counts(self);
}

/* Tells the scan whether to read an item. */
static bool
take_item(EtlScanListener *listener, const char *name, const char *version)
{
	ScanLoad *self = (ScanLoad *) listener;
	EtlLoad *load = self->load;
	MemoryContext old;

	if (load->sources && !etl_sources_take(load->sources, name, version))
		return false;
	old = MemoryContextSwitchTo(load->context);
	begin_rows(self);
	MemoryContextSwitchTo(old);
	load->progress.sources++;
	etl_progress_publish(load);
	return true;
}

static void
put_row(ScanLoad *self, Datum *values, bool *isnull)
{
	const EtlRecord *record = etl_scan_record(self->scan);
	EtlPlace place;
	int column = -1;

	place.source = etl_scan_item_name(self->scan);
	place.item = etl_scan_history_counts(self->history).items;
	place.sink = etl_scan_sink(self->scan);
	place.line = record->line;
	place.record_no = record->record_no;
	place.offset = record->offset;
	place.raw = etl_scan_raw_bytes(self->scan, record, &place.raw_len);
	while ((column = bms_next_member(self->with_defaults, column)) >= 0)
		if (isnull[column] && etl_scan_is_missing(self->scan, column))
			etl_load_lacks(self->load, column);
	if (unlikely(self->names->watching))
		etl_source_names_look(self->names, self->scan);
	if (self->load->cursor)
		etl_cursor_see(self->load->cursor, values, isnull);
	etl_load_put(self->load, values, isnull, &place);
	if (etl_progress_count_row(&self->load->progress))
	{
		etl_scan_report(self->scan);
		update_counts(self);
		etl_progress_publish(self->load);
	}
}

static void
note_names(EtlScanListener *self, const EtlReader *reader)
{
	etl_source_names_bound(((ScanLoad *) self)->names, reader);
}

/* The scan's counts are right after its report, and when it has ended. */
static void
update_counts(ScanLoad *self)
{
	EtlScanCounts counts = etl_scan_history_counts(self->history);
	EtlLoadCounts *load = &self->load->counts;

	load->read = counts.records;
	load->bytes = counts.bytes;
	load->requests = counts.requests;
	load->retries = counts.retries;
}
