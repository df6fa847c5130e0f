/*
 * renewal.c
 *	  Access tokens by a refresh token, which each renewal may replace.
 *
 * Who wants a token takes a lock on the mapping first, so that of many sessions
 * one starts a worker and the others find what it has stored.  The worker has a
 * lock of its own, for it outlives a session that is cancelled.  Nothing secret
 * passes between the two: the worker reads the mapping and writes it, and the
 * session reads it anew; only an error's text goes through shared memory.
 *
 * Everything that can fail comes before the exchange: the mapping's row is
 * locked and nobody else can change it until the new token is in it.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "catalog/pg_user_mapping.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/bufmgr.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "http/digest.h"
#include "http/oauth.h"
#include "http/renewal.h"
#include "http/secrets.h"

/* Sub-objects of a mapping, to have two locks on it. */
#define LOCK_OF_SESSIONS 1
#define LOCK_OF_WORKERS 2

#define MAX_TEXT 1024

/* What a session and its worker share. */
typedef struct Task
{
	Oid database;
	Oid mapping;
	bool private_ok;
	EtlRefusedToken refused;

	/* set by the worker */
	bool done;
	int sqlstate; /* 0: no error */
	char message[MAX_TEXT];
	char detail[MAX_TEXT];
	char hint[MAX_TEXT];
} Task;

static void
raise_no_mapping(void)
{
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("the user mapping no longer exists")));
}

/*
 * What an access token is good for: nothing any more if somebody changes the
 * mapping or server in a way that could mean another account.
 */
static void
describe_grant(const EtlServer *server, const EtlSecrets *secrets,
			   const char *refresh_token, char out[ETL_DIGEST_HEX_SIZE])
{
	const char *const parts[] = {etl_url_text(&server->token_url),
								 server->scope,
								 secrets->values[ETL_SECRET_CLIENT_ID],
								 refresh_token};
	uint8 digests[lengthof(parts)][PG_SHA256_DIGEST_LENGTH];
	uint8 digest[PG_SHA256_DIGEST_LENGTH];

	for (int i = 0; i < lengthof(parts); i++)
		etl_digest_sha256(parts[i] ? parts[i] : "",
						  parts[i] ? strlen(parts[i]) : 0, digests[i]);
	etl_digest_sha256(digests, sizeof(digests), digest);
	etl_digest_hex(digest, out);
}

static bool
is_refused(const EtlRefusedToken *refused, const char *token)
{
	uint8 digest[PG_SHA256_DIGEST_LENGTH];

	if (!refused->any)
		return false;
	etl_digest_sha256(token, strlen(token), digest);
	return memcmp(digest, refused->digest, sizeof(digest)) == 0;
}

/* The stored access token, if it can still be used, or NULL. */
static const char *
usable_token(const EtlServer *server, const EtlSecrets *secrets,
			 const EtlRefusedToken *refused)
{
	const char *token = secrets->values[ETL_SECRET_ACCESS_TOKEN];
	const char *expires = secrets->values[ETL_SECRET_ACCESS_TOKEN_EXPIRES];
	const char *grant = secrets->values[ETL_SECRET_ACCESS_TOKEN_FOR];
	const char *refresh_token = secrets->values[ETL_SECRET_REFRESH_TOKEN];
	char expected[ETL_DIGEST_HEX_SIZE];

	if (token == NULL || grant == NULL || refresh_token == NULL)
		return NULL;
	describe_grant(server, secrets, refresh_token, expected);
	if (strcmp(grant, expected) != 0)
		return NULL;
	if (expires != NULL && time_t_to_timestamptz(strtoll(expires, NULL, 10)) <=
							   GetCurrentTimestamp())
		return NULL;
	return is_refused(refused, token) ? NULL : token;
}

/* The stored access token as it is now, palloc'd, if it can be used. */
static char *
read_token(const EtlServer *server, Oid mapping,
		   const EtlRefusedToken *refused)
{
	MemoryContext old_context = CurrentMemoryContext;
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "pg_etl user mapping",
							  ALLOCSET_SMALL_SIZES);
	HeapTuple tuple;
	const char *token;
	char *result;

	AcceptInvalidationMessages();
	tuple = SearchSysCache1(USERMAPPINGOID, ObjectIdGetDatum(mapping));
	if (!HeapTupleIsValid(tuple))
		raise_no_mapping();
	MemoryContextSwitchTo(context);
	token = usable_token(server, etl_secrets_of_mapping(tuple), refused);
	MemoryContextSwitchTo(old_context);
	ReleaseSysCache(tuple);
	result = token ? pstrdup(token) : NULL;
	MemoryContextDelete(context);
	return result;
}

/* Starts the worker and waits until it is gone. */
static void
run_worker(dsm_segment *segment)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;

	strlcpy(worker.bgw_name, "pg_etl token renewal", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "pg_etl token renewal", BGW_MAXLEN);
	worker.bgw_flags =
		BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "pg_etl",
			sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "etl_renewal_main",
			sizeof(worker.bgw_function_name));
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	worker.bgw_notify_pid = MyProcPid;

	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker is free to renew an access "
						"token"),
				 errhint("You may need to increase "
						 "\"max_worker_processes\".")));
	if (WaitForBackgroundWorkerShutdown(handle) != BGWH_STOPPED)
		ereport(ERROR, (errcode(ERRCODE_ADMIN_SHUTDOWN),
						errmsg("postmaster has died")));
}

/* Raises what the worker says, if it was an error. */
static void
check_task(const Task *task)
{
	if (!task->done)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the background worker that renews an access token "
						"ended early"),
				 errhint("The server log may tell why.")));
	if (task->sqlstate != 0)
		ereport(ERROR, (errcode(task->sqlstate), errmsg("%s", task->message),
						task->detail[0] ? errdetail("%s", task->detail) : 0,
						task->hint[0] ? errhint("%s", task->hint) : 0));
}

/* Has the mapping's token renewed. */
static void
renew(Oid mapping, bool private_ok, const EtlRefusedToken *refused)
{
	dsm_segment *segment = dsm_create(sizeof(Task), 0);
	Task *task = dsm_segment_address(segment);

	memset(task, 0, sizeof(*task));
	task->database = MyDatabaseId;
	task->mapping = mapping;
	task->private_ok = private_ok;
	task->refused = *refused;
	run_worker(segment);
	check_task(task);
	dsm_detach(segment);
}

char *
etl_renewal_token(const EtlServer *server, Oid mapping, bool private_ok,
				  const EtlRefusedToken *refused)
{
	char *token = read_token(server, mapping, refused);

	if (token != NULL)
		return token;
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot renew an access token during recovery"),
				 errhint("A token that the primary has renewed can be used "
						 "here until it expires.")));

	LockDatabaseObject(UserMappingRelationId, mapping, LOCK_OF_SESSIONS,
					   ExclusiveLock);
	token = read_token(server, mapping, refused);
	if (token == NULL)
	{
		renew(mapping, private_ok, refused);
		token = read_token(server, mapping, refused);
	}
	UnlockDatabaseObject(UserMappingRelationId, mapping, LOCK_OF_SESSIONS,
						 ExclusiveLock);
	if (token == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the access token cannot be used"),
				 errdetail("It expires at once, or the server or user mapping "
						   "has been altered meanwhile.")));
	return token;
}

/* ---- in the worker ---- */

/*
 * Locks the mapping's row until the transaction ends.  Doesn't wait: it might
 * be for the very transaction that waits for this worker.
 */
static void
lock_row(Relation relation, HeapTuple tuple)
{
	HeapTupleData locked = {.t_self = tuple->t_self};
	TM_FailureData failure;
	Buffer buffer;
	TM_Result result =
		heap_lock_tuple(relation, &locked, GetCurrentCommandId(false),
						LockTupleExclusive, LockWaitSkip, false, &buffer,
						&failure);

	ReleaseBuffer(buffer);
	if (result != TM_Ok)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
						errmsg("the user mapping is being altered by another "
							   "transaction")));
}

/* The options as the catalog has them: texts "name=value". */
static ArrayType *
build_options(const char *const values[ETL_NSECRETS])
{
	Datum items[ETL_NSECRETS];
	ArrayType *array;
	int n = 0;

	for (int i = 0; i < ETL_NSECRETS; i++)
	{
		size_t name_len;
		size_t size;
		text *item;

		if (values[i] == NULL)
			continue;
		name_len = strlen(etl_secret_name((EtlSecret) i));
		size = VARHDRSZ + name_len + 1 + strlen(values[i]);
		item = palloc(size);
		SET_VARSIZE(item, size);
		memcpy(VARDATA(item), etl_secret_name((EtlSecret) i), name_len);
		VARDATA(item)[name_len] = '=';
		memcpy(VARDATA(item) + name_len + 1, values[i], strlen(values[i]));
		etl_secret_guard(item, size);
		items[n++] = PointerGetDatum(item);
	}
	array = construct_array(items, n, TEXTOID, -1, false, TYPALIGN_INT);
	etl_secret_guard(array, VARSIZE(array));
	return array;
}

/* Writes an answer into the mapping. */
static void
store(Relation relation, HeapTuple tuple, const EtlServer *server,
	  const EtlSecrets *secrets, const EtlOauthAnswer *answer)
{
	const char *values[ETL_NSECRETS];
	char grant[ETL_DIGEST_HEX_SIZE];
	Datum columns[Natts_pg_user_mapping] = {0};
	bool nulls[Natts_pg_user_mapping] = {0};
	bool replace[Natts_pg_user_mapping] = {0};
	HeapTuple new_tuple;

	memcpy(values, secrets->values, sizeof(values));
	if (answer->refresh_token != NULL)
		values[ETL_SECRET_REFRESH_TOKEN] = answer->refresh_token;
	describe_grant(server, secrets, values[ETL_SECRET_REFRESH_TOKEN], grant);
	values[ETL_SECRET_ACCESS_TOKEN] = answer->access_token;
	values[ETL_SECRET_ACCESS_TOKEN_FOR] = grant;
	values[ETL_SECRET_ACCESS_TOKEN_EXPIRES] =
		TIMESTAMP_IS_NOEND(answer->renew_at)
			? NULL
			: psprintf(INT64_FORMAT,
					   (int64) timestamptz_to_time_t(answer->renew_at));

	columns[Anum_pg_user_mapping_umoptions - 1] =
		PointerGetDatum(build_options(values));
	replace[Anum_pg_user_mapping_umoptions - 1] = true;
	PushActiveSnapshot(GetTransactionSnapshot());
	new_tuple = heap_modify_tuple(tuple, RelationGetDescr(relation), columns,
								  nulls, replace);
	etl_secret_guard(new_tuple->t_data, new_tuple->t_len);
	CatalogTupleUpdate(relation, &tuple->t_self, new_tuple);
	PopActiveSnapshot();
}

/* Renews the token, unless another worker just has.  In a transaction. */
static void
perform(const Task *task)
{
	Relation relation;
	HeapTuple tuple;
	EtlServer *server;
	EtlSecrets *secrets;
	EtlOauthAnswer answer;

	LockDatabaseObject(UserMappingRelationId, task->mapping, LOCK_OF_WORKERS,
					   ExclusiveLock);
	relation = table_open(UserMappingRelationId, RowExclusiveLock);
	tuple =
		SearchSysCacheCopy1(USERMAPPINGOID, ObjectIdGetDatum(task->mapping));
	if (!HeapTupleIsValid(tuple))
		raise_no_mapping();
	etl_secret_guard(tuple->t_data, tuple->t_len);
	server =
		etl_server_get(((Form_pg_user_mapping) GETSTRUCT(tuple))->umserver);
	secrets = etl_secrets_of_mapping(tuple);
	if (server->auth == ETL_AUTH_REFRESH_TOKEN &&
		secrets->values[ETL_SECRET_REFRESH_TOKEN] != NULL &&
		usable_token(server, secrets, &task->refused) == NULL)
	{
		lock_row(relation, tuple);

		/* From here on the old token may be spent: nothing may interrupt. */
		HOLD_INTERRUPTS();
		etl_oauth_request(server, secrets, task->private_ok, &answer);
		store(relation, tuple, server, secrets, &answer);

		/* Durable even where commits need not be. */
		ForceSyncCommit();
	}
	table_close(relation, NoLock);
}

/* Hands an error over to the session, whose log is the place for it. */
static void
report(Task *task, const ErrorData *error)
{
	task->sqlstate = error->sqlerrcode;
	strlcpy(task->message, error->message ? error->message : "", MAX_TEXT);
	strlcpy(task->detail, error->detail ? error->detail : "", MAX_TEXT);
	strlcpy(task->hint, error->hint ? error->hint : "", MAX_TEXT);
}

void
etl_renewal_main(Datum arg)
{
	dsm_segment *segment;
	Task *task;

	/* The default handler ends the process wherever it is. */
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	/* If nobody waits any more, the token isn't wanted. */
	segment = dsm_attach(DatumGetUInt32(arg));
	if (segment == NULL)
		proc_exit(0);
	task = dsm_segment_address(segment);
	BackgroundWorkerInitializeConnectionByOid(task->database, InvalidOid, 0);

	PG_TRY();
	{
		StartTransactionCommand();
		perform(task);
		CommitTransactionCommand();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(TopMemoryContext);
		report(task, CopyErrorData());
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	task->done = true;
	dsm_detach(segment);
	proc_exit(0);
}
