/*
 * reject.c
 *	  What becomes of bad records.
 *
 * Turns the rejects of one scan into an error, into counts or into calls of a
 * sink.  Records of one source come in ascending order of record_no, so the
 * highest number seen tells which records of a later pass are old; what is kept
 * for that is one entry for each source with rejects.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "reject/reject.h"

#define EXCERPT_CHARS 80

const char *const etl_on_error_names[] = {"abort", "skip", "null",
										  "dead_letter", NULL};

static EtlRejectStoreOpen store_open = NULL;
static EtlRejectStoreCheck store_check = NULL;

/* Names a source by two hashes of its name, lest one collides. */
typedef struct SeenKey
{
	uint64 name[2];
	uint64 source_key;
} SeenKey;

typedef struct SeenSource
{
	SeenKey key;
	int64 record_no; /* the highest seen */
} SeenSource;

static char *make_reason(EtlRejectPolicy *policy, const EtlReject *reject);
static bool is_new(EtlRejectPolicy *policy, const EtlReject *reject);
static char *printable_source(const EtlReject *reject);
static ETL_NORETURN void raise_limit(const EtlRejectPolicy *policy,
									 const char *message);
static void warn(EtlRejectPolicy *policy, int64 records);

void
etl_reject_register_store(EtlRejectStoreOpen open, EtlRejectStoreCheck check)
{
	store_open = open;
	store_check = check;
}

void
etl_reject_check_store(void)
{
	if (store_check)
		store_check();
}

EtlRejectSink *
etl_reject_open_store(const EtlRejectOrigin *origin)
{
	if (store_open == NULL)
		elog(ERROR, "no store for dead letters is registered");
	return store_open(origin);
}

EtlRejectPolicy *
etl_reject_policy_new(EtlOnError on_error, int64 limit, double limit_percent,
					  EtlRejectSink *sink)
{
	EtlRejectPolicy *policy = palloc0(sizeof(EtlRejectPolicy));

	Assert(sink == NULL || on_error == ETL_ON_ERROR_DEAD_LETTER);
	policy->on_error = on_error;
	policy->limit = limit;
	policy->limit_percent = limit_percent;
	policy->sink = sink;
	policy->seen = sink ? sink->seen : NULL;
	policy->context = CurrentMemoryContext;
	return policy;
}

void
etl_reject_record(EtlRejectPolicy *policy, const EtlReject *reject)
{
	if (policy->on_error == ETL_ON_ERROR_ABORT)
		etl_reject_raise(reject);

	policy->pass_rejected++;
	if (policy->nsamples < ETL_REJECT_SAMPLES)
		policy->samples[policy->nsamples++] = make_reason(policy, reject);

	if (is_new(policy, reject))
	{
		policy->rejected++;
		policy->unwarned_rejected++;
		Assert(policy->on_error != ETL_ON_ERROR_DEAD_LETTER ||
			   policy->sink != NULL);
		if (policy->sink)
			policy->sink->ops->put(policy->sink, reject);
	}

	if (policy->limit >= 0 && policy->pass_rejected > policy->limit)
		raise_limit(policy,
					psprintf("reject limit exceeded: %lld rejected, %lld "
							 "allowed",
							 (long long) policy->pass_rejected,
							 (long long) policy->limit));
}

void
etl_reject_values(EtlRejectPolicy *policy, const EtlReject *reject)
{
	Assert(policy->on_error == ETL_ON_ERROR_NULL);
	if (is_new(policy, reject))
	{
		policy->nulled++;
		policy->unwarned_nulled++;
	}
}

void
etl_reject_restart(EtlRejectPolicy *policy)
{
	policy->pass_rejected = 0;
	for (int i = 0; i < policy->nsamples; i++)
		pfree(policy->samples[i]);
	policy->nsamples = 0;
}

void
etl_reject_finish(EtlRejectPolicy *policy, int64 records)
{
	if (policy->pass_rejected > 0 && !isnan(policy->limit_percent) &&
		policy->pass_rejected * 100.0 > policy->limit_percent * records)
		raise_limit(policy,
					psprintf("reject limit exceeded: %lld of %lld records "
							 "rejected, %g per cent allowed",
							 (long long) policy->pass_rejected,
							 (long long) records, policy->limit_percent));

	if (policy->sink)
		policy->sink->ops->flush(policy->sink);
	warn(policy, records);
	etl_reject_restart(policy);
}

void
etl_reject_warn(EtlRejectPolicy *policy)
{
	warn(policy, -1);
}

struct HTAB *
etl_reject_seen_new(MemoryContext context)
{
	HASHCTL ctl;

	ctl.keysize = sizeof(SeenKey);
	ctl.entrysize = sizeof(SeenSource);
	ctl.hcxt = context;
	return hash_create("pg_etl sources with rejects", 16, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Source and description, in the policy's context. */
static char *
make_reason(EtlRejectPolicy *policy, const EtlReject *reject)
{
	MemoryContext old = MemoryContextSwitchTo(policy->context);
	char *reason = psprintf("%s, %s", printable_source(reject),
							etl_reject_describe(reject));

	MemoryContextSwitchTo(old);
	return reason;
}

/* True if an earlier pass had this record; else remembers it. */
static bool
is_old(EtlRejectPolicy *policy, const EtlReject *reject)
{
	const char *name = reject->source;
	SeenKey key;
	SeenSource *source;
	bool found;

	if (policy->seen == NULL)
		policy->seen = etl_reject_seen_new(policy->context);

	for (int i = 0; i < 2; i++)
		key.name[i] =
			hash_bytes_extended((const unsigned char *) name, strlen(name), i);
	key.source_key = policy->source_key;
	source = hash_search(policy->seen, &key, HASH_ENTER, &found);
	if (found && reject->record_no <= source->record_no)
		return true;
	source->record_no = reject->record_no;
	return false;
}

/* True if the record is to be counted; remembers its reason if it is the first. */
static bool
is_new(EtlRejectPolicy *policy, const EtlReject *reject)
{
	if (!policy->single_pass && is_old(policy, reject))
		return false;
	if (policy->first == NULL)
		policy->first = make_reason(policy, reject);
	if (policy->unwarned_first == NULL)
		policy->unwarned_first = make_reason(policy, reject);
	return true;
}

/* Raises XE001. */
static void
raise_limit(const EtlRejectPolicy *policy, const char *message)
{
	StringInfoData samples;

	initStringInfo(&samples);
	for (int i = 0; i < policy->nsamples; i++)
		appendStringInfo(&samples, "%s%s", i > 0 ? "\n" : "",
						 policy->samples[i]);
	ereport(ERROR,
			(errcode(ETL_ERRCODE_REJECT_LIMIT), errmsg_internal("%s", message),
			 errdetail_internal("%s", samples.data)));
}

/*
 * Warns of the rejects since the last warning; records is how many records
 * there were, or -1 if the source was not read to its end.
 */
static void
warn(EtlRejectPolicy *policy, int64 records)
{
	int64 rejected = policy->unwarned_rejected;
	int64 nulled = policy->unwarned_nulled;
	StringInfoData message;

	if (rejected + nulled == 0)
		return;

	initStringInfo(&message);
	if (rejected > 0)
	{
		appendStringInfo(&message, "%lld", (long long) rejected);
		if (records >= 0)
			appendStringInfo(&message, " of %lld record%s",
							 (long long) records, records == 1 ? "" : "s");
		else
			appendStringInfoString(&message,
								   rejected == 1 ? " record" : " records");
		appendStringInfoString(&message, rejected == 1 && records <= 1
											 ? " was rejected"
											 : " were rejected");
	}
	if (nulled > 0)
		appendStringInfo(&message, "%srefused values of %lld %s became NULL",
						 rejected > 0 ? ", " : "", (long long) nulled,
						 nulled == 1 ? "record" : "records");

	ereport(WARNING,
			(errmsg_internal("%s", message.data),
			 errdetail("The first: %s", policy->unwarned_first),
			 policy->sink ? errhint("The records are in etl.dead_letter.")
						  : 0));

	pfree(message.data);
	pfree(policy->unwarned_first);
	policy->unwarned_first = NULL;
	policy->unwarned_rejected = 0;
	policy->unwarned_nulled = 0;
}

/* A file's name may be bytes that are no text here. */
static char *
printable_source(const EtlReject *reject)
{
	return etl_reject_excerpt(reject->source, strlen(reject->source),
							  MAXPGPATH);
}

/* Appends "line 12, column amount", as far as they are known. */
static void
append_place(StringInfo buf, const EtlReject *reject)
{
	if (reject->line > 0)
		appendStringInfo(buf, "line %lld", (long long) reject->line);
	else
		appendStringInfo(buf, "record %lld", (long long) reject->record_no);
	if (reject->column_name)
		appendStringInfo(buf, ", column %s", reject->column_name);
}

void
etl_reject_raise(const EtlReject *reject)
{
	StringInfoData context;

	initStringInfo(&context);
	appendStringInfo(&context, "%s, ", printable_source(reject));
	append_place(&context, reject);
	if (reject->value)
		appendStringInfo(&context, ": \"%s\"",
						 etl_reject_excerpt(reject->value, reject->value_len,
											EXCERPT_CHARS));
	else if (reject->raw)
		appendStringInfo(&context, ": \"%s\"",
						 etl_reject_excerpt(reject->raw, reject->raw_len,
											EXCERPT_CHARS));
	appendStringInfo(&context, " (at byte %lld)", (long long) reject->offset);

	ereport(ERROR,
			(errcode(reject->sqlerrcode),
			 errmsg_internal("%s", reject->message),
			 reject->detail ? errdetail_internal("%s", reject->detail) : 0,
			 reject->hint ? errhint("%s", reject->hint) : 0,
			 errcontext("%s", context.data)));
}

char *
etl_reject_describe(const EtlReject *reject)
{
	StringInfoData buf;

	initStringInfo(&buf);
	append_place(&buf, reject);
	appendStringInfo(&buf, ": %s", reject->message);

	/* A message may quote a value that has line ends. */
	for (char *p = buf.data; *p != '\0'; p++)
	{
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	}
	return buf.data;
}

char *
etl_reject_excerpt(const char *s, size_t len, int max_chars)
{
	int encoding = GetDatabaseEncoding();
	StringInfoData buf;
	size_t i = 0;
	int chars = 0;

	initStringInfo(&buf);
	while (i < len)
	{
		unsigned char c = (unsigned char) s[i];
		int available = (int) Min(len - i, MAX_MULTIBYTE_CHAR_LEN);
		int char_len = pg_encoding_verifymbchar(encoding, s + i, available);
		bool escape = char_len <= 0 || c < 0x20 || c == 0x7f;
		int width = escape ? 4 : 1;

		if (chars + width > max_chars)
		{
			appendStringInfoString(&buf, "...");
			break;
		}
		if (escape)
			appendStringInfo(&buf, "\\x%02x", c);
		else
			appendBinaryStringInfo(&buf, s + i, char_len);
		i += escape ? 1 : char_len;
		chars += width;
	}
	return buf.data;
}
