/*
 * digest.c
 *	  SHA-256 and HMAC, by the server's own implementation.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/hmac.h"

#include "http/digest.h"

void
etl_digest_sha256(const void *data, size_t len,
				  uint8 out[PG_SHA256_DIGEST_LENGTH])
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	if (pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, data, len) < 0 ||
		pg_cryptohash_final(ctx, out, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(ctx));
	pg_cryptohash_free(ctx);
}

void
etl_digest_hmac(const void *key, size_t key_len, const void *data, size_t len,
				uint8 out[PG_SHA256_DIGEST_LENGTH])
{
	pg_hmac_ctx *ctx = pg_hmac_create(PG_SHA256);

	if (pg_hmac_init(ctx, key, key_len) < 0 ||
		pg_hmac_update(ctx, data, len) < 0 ||
		pg_hmac_final(ctx, out, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute HMAC: %s", pg_hmac_error(ctx));
	pg_hmac_free(ctx);
}

void
etl_digest_hex(const uint8 digest[PG_SHA256_DIGEST_LENGTH],
			   char out[ETL_DIGEST_HEX_SIZE])
{
	for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
