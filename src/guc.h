/*
 * guc.h
 *	  The extension's settings, all under the prefix "pg_etl.".
 *
 * Each variable is owned by the GUC machinery; readers must not free strings.
 */
#ifndef ETL_GUC_H
#define ETL_GUC_H

#include "postgres.h"

/* pg_etl.max_record_size: the largest record that is kept whole, in bytes. */
extern int etl_guc_max_record_size;

/*
 * pg_etl.allowed_directories: directories that files must lie in, separated
 * by commas; empty means that file privileges alone decide.  Superuser only.
 */
extern char *etl_guc_allowed_directories;

/*
 * pg_etl.max_decompression_ratio: how many times larger than its compressed
 * form a source may become; 0 means no limit.
 */
extern int etl_guc_max_decompression_ratio;

/*
 * pg_etl.allowed_urls: URLs that others than superusers may read without a
 * server, separated by commas, each with all that lies below it.
 */
extern char *etl_guc_allowed_urls;

/*
 * pg_etl.allow_private_addresses: whether connections may be made to
 * addresses that are no public ones.
 */
extern bool etl_guc_allow_private_addresses;

/*
 * pg_etl.parallel_piece_size: how large the pieces are in which several
 * processes read a file, in bytes.
 */
extern int etl_guc_parallel_piece_size;

/* pg_etl.log_loads: whether each load that is done is told in the log. */
extern bool etl_guc_log_loads;

/* pg_etl.notify_loads: whether those who LISTEN are told. */
extern bool etl_guc_notify_loads;

/* Defines the settings; called once, from _PG_init. */
extern void etl_guc_init(void);

#endif
