/*
 * secrets.h
 *	  What a user mapping holds.
 *
 * All of it lies in one piece of memory, which is zeroed when the memory
 * context goes that it was made in.  No function formats it.
 */
#ifndef ETL_SECRETS_H
#define ETL_SECRETS_H

#include "postgres.h"

#include "access/htup.h"
#include "utils/array.h"

typedef enum EtlSecret
{
	ETL_SECRET_USERNAME,
	ETL_SECRET_PASSWORD,
	ETL_SECRET_TOKEN,
	ETL_SECRET_API_KEY,
	ETL_SECRET_CLIENT_ID,
	ETL_SECRET_CLIENT_SECRET,
	ETL_SECRET_REFRESH_TOKEN,
	ETL_SECRET_ACCESS_KEY_ID,
	ETL_SECRET_SECRET_ACCESS_KEY,
	ETL_SECRET_SESSION_TOKEN,
	/* kept by the extension itself */
	ETL_SECRET_ACCESS_TOKEN,
	ETL_SECRET_ACCESS_TOKEN_EXPIRES,
	ETL_SECRET_ACCESS_TOKEN_FOR,
	ETL_NSECRETS
} EtlSecret;

typedef struct EtlSecrets
{
	Oid mapping;
	size_t size;                      /* of all, in bytes */
	const char *values[ETL_NSECRETS]; /* NULL: not given */
	char data[FLEXIBLE_ARRAY_MEMBER];
} EtlSecrets;

extern const char *etl_secret_name(EtlSecret secret);

/*
 * Raises 22023 for a mapping's options that are unknown, can't be sent, or lack
 * others.  No message holds a value.
 */
extern void etl_secrets_check(ArrayType *options);

/* The user's mapping for a server, or PUBLIC's; NULL if there is none. */
extern EtlSecrets *etl_secrets_find(Oid user, Oid server);

/* Those of a mapping's row in the catalog. */
extern EtlSecrets *etl_secrets_of_mapping(HeapTuple mapping);

/*
 * Writes asterisks over what a text that others wrote has of the secrets, also
 * where they are encoded as in URLs or JSON.  Values of less than shortest
 * bytes are left alone.
 */
extern void etl_secrets_mask(const EtlSecrets *secrets, char *text, size_t len,
							 size_t shortest);
extern void etl_secret_mask(const char *value, char *text, size_t len,
							size_t shortest);

/* Zeroes a string, NULL or not. */
extern void etl_secret_wipe(char *value);

/* Sees to it that bytes are zeroed when the current memory context goes. */
extern void etl_secret_guard(void *bytes, size_t size);

#endif
