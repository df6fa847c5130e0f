/*
 * digest.h
 *	  SHA-256 and HMAC, by the server's own implementation.
 */
#ifndef ETL_DIGEST_H
#define ETL_DIGEST_H

#include "postgres.h"

#include "common/sha2.h"

#define ETL_DIGEST_HEX_SIZE (PG_SHA256_DIGEST_LENGTH * 2 + 1)

extern void etl_digest_sha256(const void *data, size_t len,
							  uint8 out[PG_SHA256_DIGEST_LENGTH]);
extern void etl_digest_hmac(const void *key, size_t key_len, const void *data,
							size_t len, uint8 out[PG_SHA256_DIGEST_LENGTH]);

/* A digest in hexadecimal digits. */
extern void etl_digest_hex(const uint8 digest[PG_SHA256_DIGEST_LENGTH],
						   char out[ETL_DIGEST_HEX_SIZE]);

#endif
