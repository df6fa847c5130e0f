/*
 * secrets.c
 *	  What a user mapping holds.
 *
 * Reads the catalog's own representation rather than a list of options, which
 * would leave copies of the secrets in memory.  What core keeps in its caches
 * is beyond reach.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "catalog/pg_user_mapping.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "compat.h"
#include "http/headers.h"
#include "http/mask.h"
#include "http/secrets.h"

/* What an explicit_bzero() is to cover. */
typedef struct Guard
{
	MemoryContextCallback callback;
	void *bytes;
	size_t size;
} Guard;

static const char *const names[ETL_NSECRETS] = {
	[ETL_SECRET_USERNAME] = "username",
	[ETL_SECRET_PASSWORD] = "password",
	[ETL_SECRET_TOKEN] = "token",
	[ETL_SECRET_API_KEY] = "api_key",
	[ETL_SECRET_CLIENT_ID] = "client_id",
	[ETL_SECRET_CLIENT_SECRET] = "client_secret",
	[ETL_SECRET_REFRESH_TOKEN] = "refresh_token",
	[ETL_SECRET_ACCESS_KEY_ID] = "access_key_id",
	[ETL_SECRET_SECRET_ACCESS_KEY] = "secret_access_key",
	[ETL_SECRET_SESSION_TOKEN] = "session_token",
	[ETL_SECRET_ACCESS_TOKEN] = "access_token",
	[ETL_SECRET_ACCESS_TOKEN_EXPIRES] = "access_token_expires",
	[ETL_SECRET_ACCESS_TOKEN_FOR] = "access_token_for",
};

/* Which secrets are of no use without which. */
static const EtlSecret needs[][2] = {
	{ETL_SECRET_CLIENT_SECRET, ETL_SECRET_CLIENT_ID},
	{ETL_SECRET_ACCESS_KEY_ID, ETL_SECRET_SECRET_ACCESS_KEY},
	{ETL_SECRET_SECRET_ACCESS_KEY, ETL_SECRET_ACCESS_KEY_ID},
	{ETL_SECRET_SESSION_TOKEN, ETL_SECRET_ACCESS_KEY_ID},
};

const char *
etl_secret_name(EtlSecret secret)
{
	return names[secret];
}

static void
wipe_guarded(void *arg)
{
	Guard *guard = arg;

	explicit_bzero(guard->bytes, guard->size);
}

void
etl_secret_guard(void *bytes, size_t size)
{
	Guard *guard = palloc(sizeof(Guard));

	guard->bytes = bytes;
	guard->size = size;
	guard->callback.func = wipe_guarded;
	guard->callback.arg = guard;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &guard->callback);
}

void
etl_secret_wipe(char *value)
{
	if (value != NULL)
		explicit_bzero(value, strlen(value));
}

static ETL_NORETURN void
raise_unknown_option(const char *name)
{
	StringInfoData valid;

	initStringInfo(&valid);
	for (int i = 0; i < ETL_SECRET_ACCESS_TOKEN; i++)
		appendStringInfo(&valid, "%s%s", i > 0 ? ", " : "", names[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid option \"%s\"", name),
			 errhint("Valid options of a user mapping are: %s.", valid.data)));
}

/* Takes over an array of "name=value" texts. */
static EtlSecrets *
read_options(ArrayType *options)
{
	size_t size = offsetof(EtlSecrets, data) + VARSIZE_ANY(options);
	EtlSecrets *secrets = palloc0(size);
	char *out = secrets->data;
	Datum *items;
	bool *nulls;
	int n;

	secrets->size = size;
	etl_secret_guard(secrets, size);
	deconstruct_array(options, TEXTOID, -1, false, TYPALIGN_INT, &items,
					  &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		const text *item = (const text *) DatumGetPointer(items[i]);
		size_t len = VARSIZE_ANY_EXHDR(item);
		const char *equals = memchr(VARDATA_ANY(item), '=', len);
		size_t name_len = equals == NULL ? len : equals - VARDATA_ANY(item);
		int secret = 0;

		while (secret < ETL_NSECRETS &&
			   (strlen(names[secret]) != name_len ||
				memcmp(names[secret], VARDATA_ANY(item), name_len) != 0))
			secret++;
		if (secret == ETL_NSECRETS)
			raise_unknown_option(pnstrdup(VARDATA_ANY(item), name_len));

		/* An item's header is longer than the "=" and the final zero. */
		len -= equals == NULL ? len : name_len + 1;
		memcpy(out, equals == NULL ? "" : equals + 1, len);
		secrets->values[secret] = out;
		out += len + 1;
	}
	return secrets;
}

/* Raises 22023 for a value that can't be sent. */
static void
check_value(EtlSecret secret, const char *value)
{
	if (value[0] == '\0' && secret != ETL_SECRET_PASSWORD)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must not be empty", names[secret])));
	if (etl_header_has_controls(value))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"%s\" must not contain control "
							   "characters",
							   names[secret])));
	if (secret == ETL_SECRET_USERNAME && strchr(value, ':') != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"username\" must not contain a "
							   "colon")));
}

void
etl_secrets_check(ArrayType *options)
{
	EtlSecrets *secrets = read_options(options);

	for (int i = 0; i < ETL_NSECRETS; i++)
	{
		if (secrets->values[i] != NULL)
			check_value((EtlSecret) i, secrets->values[i]);
	}
	for (int i = 0; i < lengthof(needs); i++)
	{
		if (secrets->values[needs[i][0]] != NULL &&
			secrets->values[needs[i][1]] == NULL)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("option \"%s\" needs option \"%s\"",
								   names[needs[i][0]], names[needs[i][1]])));
	}
}

EtlSecrets *
etl_secrets_of_mapping(HeapTuple mapping)
{
	EtlSecrets *secrets;
	ArrayType *options;
	bool isnull;
	Datum datum = SysCacheGetAttr(USERMAPPINGOID, mapping,
								  Anum_pg_user_mapping_umoptions, &isnull);

	if (isnull)
		options = construct_empty_array(TEXTOID);
	else
	{
		options = DatumGetArrayTypeP(datum);
		if ((Pointer) options != DatumGetPointer(datum))
			etl_secret_guard(options, VARSIZE(options));
	}
	secrets = read_options(options);
	secrets->mapping = ((Form_pg_user_mapping) GETSTRUCT(mapping))->oid;
	return secrets;
}

EtlSecrets *
etl_secrets_find(Oid user, Oid server)
{
	EtlSecrets *secrets;
	HeapTuple tuple =
		SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(user),
						ObjectIdGetDatum(server));

	/* One for PUBLIC has no user. */
	if (!HeapTupleIsValid(tuple))
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER,
								ObjectIdGetDatum(InvalidOid),
								ObjectIdGetDatum(server));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	secrets = etl_secrets_of_mapping(tuple);
	ReleaseSysCache(tuple);
	return secrets;
}

/* A value as it stands in a JSON string, palloc'd. */
static char *
escape_json_value(const char *value)
{
	char *result = palloc(strlen(value) * 2 + 1);
	char *out = result;

	for (; *value; value++)
	{
		if (*value == '"' || *value == '\\')
			*out++ = '\\';
		*out++ = *value;
	}
	*out = '\0';
	return result;
}

void
etl_secret_mask(const char *value, char *text, size_t len, size_t shortest)
{
	char *in_json;

	if (value == NULL || strlen(value) < shortest)
		return;
	in_json = escape_json_value(value);
	etl_http_mask(text, len, value, strlen(value));
	etl_http_mask(text, len, in_json, strlen(in_json));
	etl_secret_wipe(in_json);
	pfree(in_json);
}

void
etl_secrets_mask(const EtlSecrets *secrets, char *text, size_t len,
				 size_t shortest)
{
	for (int i = 0; i < ETL_NSECRETS; i++)
	{
		if (i != ETL_SECRET_ACCESS_TOKEN_EXPIRES)
			etl_secret_mask(secrets->values[i], text, len, shortest);
	}
}
