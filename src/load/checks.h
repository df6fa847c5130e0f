/*
 * checks.h
 *	  The user's checks of a load.
 *
 * Some judge single rows, before these are stored (row_checks.h), some judge all
 * rows of the load together (set_checks.h), some judge the source
 * (source_names.h).  What they have in common is here: what the user gave, what
 * follows from a failure, and what is told of it.
 */
#ifndef ETL_LOAD_CHECKS_H
#define ETL_LOAD_CHECKS_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "load/target.h"
#include "options.h"

typedef enum EtlCheckKind
{
	ETL_CHECK_CONDITION,
	ETL_CHECK_QUERY,
	ETL_CHECK_NOT_NULL,
	ETL_CHECK_UNIQUE,
	ETL_CHECK_ACCEPTED_VALUES,
	ETL_CHECK_REQUIRED_COLUMNS
} EtlCheckKind;

typedef enum EtlOnFail
{
	ETL_ON_FAIL_REJECT,
	ETL_ON_FAIL_ABORT,
	ETL_ON_FAIL_WARN
} EtlOnFail;

typedef struct EtlCheck
{
	EtlCheckKind kind;
	EtlOnFail on_fail;
	int index; /* among the load's checks */
	char *name;
	char *text;           /* the condition or the query */
	EtlTextList *columns; /* their names, none of them NULL */
	Jsonb *accepted;      /* {"column": [values]} */

	/* What came of it. */
	int64 failures; /* rows; else how often it failed */
	char *first;    /* about the first one, if it only warns */
} EtlCheck;

/*
 * The checks that the user gave, as a list of EtlCheck in the current memory
 * context; NIL if checks is NULL.  Raises 22023, and 42703 for columns that the
 * target lacks.
 */
extern List *etl_checks_parse(Jsonb *checks, const EtlTarget *target);

/* True if the check judges single rows. */
extern bool etl_check_is_of_rows(const EtlCheck *check);

/* The 0-based column of the target with this name; 42703 if there is none. */
extern int etl_check_column(const EtlTarget *target, const char *name);

/*
 * Raises 42501 unless the user may SELECT the columns: whoever sees rows by
 * checks may see no more than an INSERT ... RETURNING would show.
 */
extern void etl_check_privileges(const EtlTarget *target,
								 const Bitmapset *columns);

/* The 0-based columns of the target that the user may SELECT. */
extern Bitmapset *etl_check_selectable(const EtlTarget *target);

/*
 * Between begin and end errors say that they are the check's.  If they come
 * with a position, it is one in the text, which may be NULL.
 */
typedef struct EtlCheckScope
{
	ErrorContextCallback callback;
	const char *name;
	const char *text;
} EtlCheckScope;

extern void etl_check_begin(EtlCheckScope *scope, const char *name,
							const char *text);
extern void etl_check_end(EtlCheckScope *scope);

/*
 * A check of the whole load, or of its source, has failed: raises XE004, or
 * notes it for the warning.
 */
extern void etl_check_fail(EtlCheck *check, const char *detail);

/* A row failed a check that only warns; describe tells of the first. */
extern void etl_check_note(EtlCheck *check, const char *description);

/* Warns of what failed. */
extern void etl_checks_warn(List *checks);

/* Appends {"name": {"on_fail": ..., "failed": rows | "passed": true}, ...}. */
extern void etl_checks_append_results(List *checks, StringInfo out);

#endif
