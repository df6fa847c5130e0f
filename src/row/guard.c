/*
 * guard.c
 *	  Calls code of the server that judges data, and takes its errors as values.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/tupdesc.h"
#include "access/xact.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "row/guard.h"

/* Messages quote the value, which can be as large as a record. */
#define MAX_MESSAGE 1024

/* True if the function is C code of the server itself. */
static bool
is_internal_function(Oid function)
{
	HeapTuple tuple;
	bool result;

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	result = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == INTERNALlanguageId;
	ReleaseSysCache(tuple);
	return result;
}

static bool
is_foreign_function(Oid function, void *context)
{
	return !is_internal_function(function);
}

static EtlGuard
stricter(EtlGuard a, EtlGuard b)
{
	a.level = Max(a.level, b.level);
	a.names |= b.names;
	return a;
}

/* Makes the guard strict enough for the node and what is below it. */
static bool
guard_node(Node *node, void *context)
{
	EtlGuard *guard = context;

	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_foreign_function, NULL))
		guard->level = ETL_GUARD_SUBTRANSACTION;
	else if (IsA(node, CoerceToDomain))
		*guard = stricter(*guard, etl_guard_for_type(
									  ((CoerceToDomain *) node)->resulttype));
	return expression_tree_walker(node, guard_node, context);
}

static EtlGuard
guard_for_domain(Oid type)
{
	EtlGuard guard = etl_guard_for_type(getBaseType(type));
	MemoryContext context;
	DomainConstraintRef *constraints;
	ListCell *cell;

	/* The reference is dropped with its context. */
	context = AllocSetContextCreate(CurrentMemoryContext, "domain checks",
									ALLOCSET_SMALL_SIZES);
	constraints = MemoryContextAlloc(context, sizeof(DomainConstraintRef));
	InitDomainConstraintRef(type, constraints, context, false);
	foreach (cell, constraints->constraints)
	{
		DomainConstraintState *state = lfirst(cell);

		(void) guard_node((Node *) state->check_expr, &guard);
	}
	MemoryContextDelete(context);
	return guard;
}

static EtlGuard
guard_for_range(Oid type)
{
	TypeCacheEntry *range = lookup_type_cache(type, TYPECACHE_RANGE_INFO);
	EtlGuard guard = etl_guard_for_type(range->rngelemtype->type_id);
	Oid canonical = range->rng_canonical_finfo.fn_oid;

	if (!is_internal_function(range->rng_cmp_proc_finfo.fn_oid) ||
		(OidIsValid(canonical) && !is_internal_function(canonical)))
		guard.level = ETL_GUARD_SUBTRANSACTION;
	return guard;
}

static EtlGuard
guard_for_composite(Oid type)
{
	EtlGuard guard = {ETL_GUARD_OWNER, false, false};
	TupleDesc desc = lookup_rowtype_tupdesc_copy(type, -1);
	int i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped)
			guard = stricter(guard, etl_guard_for_type(attribute->atttypid));
	}
	FreeTupleDesc(desc);
	return guard;
}

static EtlGuard
guard_for_base(Oid type)
{
	EtlGuard guard = {ETL_GUARD_PLAIN, false, false};
	Oid element = get_element_type(type);
	Oid input;
	Oid typioparam;

	if (OidIsValid(element))
		return etl_guard_for_type(element);
	getTypeInputInfo(type, &input, &typioparam);
	if (!is_internal_function(input))
		guard.level = ETL_GUARD_SUBTRANSACTION;
	switch (type)
	{
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGTYPEOID:
		case REGROLEOID:
		case REGNAMESPACEOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case ACLITEMOID:
			guard.names = true;
			break;
		default:
			break;
	}
	return guard;
}

EtlGuard
etl_guard_for_type(Oid type)
{
	EtlGuard plain = {ETL_GUARD_PLAIN, false, false};

	check_stack_depth();
	switch (get_typtype(type))
	{
		case TYPTYPE_BASE:
			return guard_for_base(type);
		case TYPTYPE_DOMAIN:
			return guard_for_domain(type);
		case TYPTYPE_COMPOSITE:
			return guard_for_composite(type);
		case TYPTYPE_RANGE:
			return guard_for_range(type);
		case TYPTYPE_MULTIRANGE:
			return guard_for_range(get_multirange_range(type));
		default:
			return plain;
	}
}

EtlGuard
etl_guard_for_expression(Node *expression)
{
	EtlGuard guard = {ETL_GUARD_PLAIN, false, false};

	(void) guard_node(expression, &guard);
	return guard;
}

bool
etl_error_is_about_data(int sqlerrcode)
{
	int class = ERRCODE_TO_CATEGORY(sqlerrcode);

	return class != ERRCODE_CONNECTION_EXCEPTION &&
		   class != ERRCODE_INVALID_TRANSACTION_STATE &&
		   class != ERRCODE_TRANSACTION_ROLLBACK &&
		   class != ERRCODE_INSUFFICIENT_RESOURCES &&
		   class != ERRCODE_OPERATOR_INTERVENTION &&
		   class != ERRCODE_SYSTEM_ERROR &&
		   class != ERRCODE_CONFIG_FILE_ERROR &&
		   sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
		   sqlerrcode != ERRCODE_DATA_CORRUPTED &&
		   sqlerrcode != ERRCODE_INDEX_CORRUPTED;
}

/* True if an error with this code is about the data. */
static bool
is_about_data(const EtlGuard *guard, int sqlerrcode)
{
	int class = ERRCODE_TO_CATEGORY(sqlerrcode);

	if (guard->last || guard->level == ETL_GUARD_SUBTRANSACTION)
		return etl_error_is_about_data(sqlerrcode);

	if (guard->names &&
		(class == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		 sqlerrcode == ERRCODE_INVALID_SCHEMA_NAME))
		return true;
	return class == ERRCODE_DATA_EXCEPTION ||
		   class == ERRCODE_FEATURE_NOT_SUPPORTED ||
		   class == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
		   sqlerrcode == ERRCODE_SYNTAX_ERROR ||
		   sqlerrcode == ERRCODE_CHECK_VIOLATION ||
		   sqlerrcode == ERRCODE_NOT_NULL_VIOLATION;
}

/* A copy of bounded length. */
static char *
copy_message(const char *message)
{
	int length;

	if (message == NULL)
		return NULL;
	length = (int) strlen(message);
	if (length <= MAX_MESSAGE)
		return pstrdup(message);
	length = pg_mbcliplen(message, length, MAX_MESSAGE);
	return psprintf("%.*s...", length, message);
}

void
etl_refusal_set(EtlRefusal *refusal, int sqlerrcode, char *message)
{
	memset(refusal, 0, sizeof *refusal);
	refusal->stage = ETL_STAGE_CONVERSION;
	refusal->sqlerrcode = sqlerrcode;
	refusal->message = message;
}

void
etl_refusal_from_error(EtlRefusal *refusal, const ErrorData *error)
{
	etl_refusal_set(refusal, error->sqlerrcode, copy_message(error->message));
	refusal->detail = copy_message(error->detail);
	refusal->hint = copy_message(error->hint);
	refusal->constraint_name = copy_message(error->constraint_name);
}

/*
 * In a PG_CATCH: takes the current error if it is about the data, else passes
 * it on.
 */
static void
take_error(const EtlGuard *guard, EtlRefusal *refusal)
{
	ErrorData *error = CopyErrorData();

	if (!is_about_data(guard, error->sqlerrcode))
		PG_RE_THROW();
	FlushErrorState();
	etl_refusal_from_error(refusal, error);
	FreeErrorData(error);
}

static bool
call_plainly(const EtlGuard *guard, EtlGuarded function, void *arg,
			 EtlRefusal *refusal)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool ok = false;

	PG_TRY();
	{
		ok = function(arg, refusal);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		take_error(guard, refusal);
	}
	PG_END_TRY();
	return ok;
}

static void
release_owner(ResourceOwner owner, bool is_commit)
{
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, is_commit,
						 false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, is_commit, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, is_commit,
						 false);
	ResourceOwnerDelete(owner);
}

/* With an owner of our own for what the function pins. */
static bool
call_with_owner(const EtlGuard *guard, EtlGuarded function, void *arg,
				EtlRefusal *refusal)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner outer = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(outer, "pg_etl value");
	volatile bool ok = false;
	volatile bool raised = false;

	CurrentResourceOwner = owner;
	PG_TRY();
	{
		ok = function(arg, refusal);
	}
	PG_CATCH();
	{
		raised = true;
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = outer;
		release_owner(owner, false);
		take_error(guard, refusal);
	}
	PG_END_TRY();
	if (!raised)
	{
		CurrentResourceOwner = outer;
		release_owner(owner, true);
	}
	return ok;
}

static bool
call_in_subtransaction(const EtlGuard *guard, EtlGuarded function, void *arg,
					   EtlRefusal *refusal)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool ok = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		ok = function(arg, refusal);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData *error;

		/* The subtransaction must be gone before anybody else sees the error. */
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (!is_about_data(guard, error->sqlerrcode))
			ReThrowError(error);
		etl_refusal_from_error(refusal, error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	return ok;
}

bool
etl_guard_call(const EtlGuard *guard, EtlGuarded function, void *arg,
			   EtlRefusal *refusal)
{
	if (guard->last || guard->level == ETL_GUARD_PLAIN)
		return call_plainly(guard, function, arg, refusal);
	if (guard->level == ETL_GUARD_OWNER)
		return call_with_owner(guard, function, arg, refusal);
	return call_in_subtransaction(guard, function, arg, refusal);
}
