/*
 * row_domain.c
 *	  Rows that must be values of a domain over their type.
 *
 * What a domain says of a row is judged when all of it is there, and refuses
 * the record as a whole.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "row/private.h"

struct EtlRowDomain
{
	Oid type;
	EtlGuard guard;
	void *state; /* domain_check's own */
	MemoryContext context;
};

typedef struct Call
{
	EtlRowDomain *domain;
	Datum row;
} Call;

EtlRowDomain *
etl_row_domain_new(Oid type, bool last)
{
	EtlRowDomain *domain = palloc0(sizeof(EtlRowDomain));

	domain->type = type;
	domain->guard = etl_guard_for_type(type);
	domain->guard.last = last;
	domain->context = CurrentMemoryContext;
	return domain;
}

/* Guarded: the domain's checks. */
static bool
call_domain_check(void *arg, EtlRefusal *refusal)
{
	Call *call = arg;
	EtlRowDomain *domain = call->domain;

	domain_check(call->row, false, domain->type, &domain->state,
				 domain->context);
	return true;
}

bool
etl_row_domain_accepts(EtlRowDomain *domain, TupleDesc desc, Datum *values,
					   bool *isnull, EtlRefusal *refusal)
{
	HeapTuple tuple = heap_form_tuple(desc, values, isnull);
	Call call = {domain, HeapTupleGetDatum(tuple)};

	return etl_guard_call(&domain->guard, call_domain_check, &call, refusal);
}
