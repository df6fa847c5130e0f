/*
 * guard.h
 *	  Calls code of the server that judges data, and takes its errors as values.
 *
 * Input functions raise an error for bad text.  A guard turns that into a
 * refusal, and lets all other errors (cancel, lack of memory, ...) pass.  What
 * has to be cleaned up after an error depends on the type:
 *
 *	plain			input functions written in C in the server itself hold
 *					nothing when they report bad text
 *	owner			rows pin the descriptor of their type
 *	subtransaction	anything can have happened: code of extensions, and domain
 *					checks that run SQL or a procedural language
 */
#ifndef ETL_GUARD_H
#define ETL_GUARD_H

#include "postgres.h"

#include "nodes/nodes.h"

#include "record/record.h"

typedef enum EtlGuardLevel
{
	ETL_GUARD_PLAIN,
	ETL_GUARD_OWNER,
	ETL_GUARD_SUBTRANSACTION
} EtlGuardLevel;

typedef struct EtlGuard
{
	EtlGuardLevel level;
	bool names; /* text that names an unknown object is bad text */

	/*
	 * The caller gives up at the first refusal, so the transaction's end
	 * cleans up, and any error that is about the data is a refusal.
	 */
	bool last;
} EtlGuard;

/* Why a value was refused; strings are palloc'd or NULL. */
typedef struct EtlRefusal
{
	EtlStage stage;
	int sqlerrcode;
	char *message;
	char *detail;
	char *hint;
	char *constraint_name;
} EtlRefusal;

/* What is guarded: false with *refusal filled, or an error, is a refusal. */
typedef bool (*EtlGuarded)(void *arg, EtlRefusal *refusal);

/* What the type's input function needs; looks up the catalogs. */
extern EtlGuard etl_guard_for_type(Oid type);

/* What evaluating an expression needs. */
extern EtlGuard etl_guard_for_expression(Node *expression);

/*
 * True if an error with this code, raised under a subtransaction, is about the
 * data; else it is the server's or the user's, and must pass.
 */
extern bool etl_error_is_about_data(int sqlerrcode);

/*
 * Calls function(arg, refusal).  Returns false if it did, or if it raised an
 * error that is about the data; *refusal, in the current memory context, tells
 * why.
 */
extern bool etl_guard_call(const EtlGuard *guard, EtlGuarded function,
						   void *arg, EtlRefusal *refusal);

/* Fills a refusal by the conversion; message is palloc'd. */
extern void etl_refusal_set(EtlRefusal *refusal, int sqlerrcode,
							char *message);

/* Fills a refusal from an error. */
extern void etl_refusal_from_error(EtlRefusal *refusal,
								   const ErrorData *error);

#endif
