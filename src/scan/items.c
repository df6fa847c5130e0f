/*
 * items.c
 *	  The items of a source: its files, or the one URL or value.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "scan/items.h"
#include "scan/scan.h"

typedef struct SourceItems
{
	EtlItems base;
	EtlSource *source;
	int next;
	uint64 key; /* of all items */
} SourceItems;

static bool
source_next(EtlItems *items)
{
	SourceItems *self = (SourceItems *) items;

	if (self->next >= self->source->nitems)
		return false;
	items->name = self->source->names[self->next++];
	items->key = self->key;
	return true;
}

static EtlStream *
source_open(EtlItems *items)
{
	SourceItems *self = (SourceItems *) items;

	return etl_source_stream(self->source, self->next - 1);
}

static EtlHttpCounts
source_counts(const EtlItems *items)
{
	return etl_source_counts(((const SourceItems *) items)->source);
}

static void
source_close(EtlItems *items)
{
	etl_source_close(((SourceItems *) items)->source);
}

static const EtlItemsOps source_ops = {
	.next = source_next,
	.open = source_open,
	.counts = source_counts,
	.close = source_close,
};

EtlItems *
etl_items_open_files(const EtlCall *call, char **paths, int n)
{
	SourceItems *self = palloc0(sizeof(SourceItems));

	self->base.ops = &source_ops;
	self->source = etl_source_open_files(call->source, paths, n);
	self->base.many = n > 1;
	return &self->base;
}

EtlItems *
etl_items_open(const EtlCall *call, MemoryContext query)
{
	SourceItems *self;

	if (call->format->items)
		return call->format->items(call, query);

	self = palloc0(sizeof(SourceItems));
	self->base.ops = &source_ops;
	if (call->source)
	{
		self->source = etl_source_open(call->source, call->options->server,
									   &call->options->transport, query);
		self->base.many = self->source->nitems > 1;
		self->base.has_secret = self->source->has_secret;
		return &self->base;
	}

	/* contents have all the same name, so rejects are told apart by a hash */
	self->source = etl_source_from_content(call->content, call->content_len);
	if (etl_call_on_error(call) != ETL_ON_ERROR_ABORT)
		self->key = hash_bytes_extended((const unsigned char *) call->content,
										call->content_len, 0);
	return &self->base;
}
