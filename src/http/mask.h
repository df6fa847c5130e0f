/*
 * mask.h
 *	  Hiding secrets in a text that others wrote.
 *
 * Plain C, no palloc, no ereport.
 */
#ifndef ETL_HTTP_MASK_H
#define ETL_HTTP_MASK_H

#include <stddef.h>

/*
 * Writes asterisks over every occurrence of the secret, also if some of it is
 * percent-encoded, once or twice, and over one that the text's end cuts off.  A
 * secret of less than four bytes would be found everywhere, so only where it
 * stands alone: not with a letter or digit before or behind it.
 */
extern void etl_http_mask(char *text, size_t len, const char *secret,
						  size_t secret_len);

#endif
