/*
 * owner.h
 *	  SQL over the extension's own tables, whoever the current user is.
 *
 * Users have no right to write in schema etl; what the extension keeps there it
 * writes as the owner of that schema, by statements of its own that name
 * everything in full.  Whether the user may cause it is the caller's affair.
 */
#ifndef ETL_OWNER_H
#define ETL_OWNER_H

#include "postgres.h"

typedef struct EtlOwnerScope
{
	Oid user; /* who it is done for */
	int security_context;
	int guc_level;
} EtlOwnerScope;

/*
 * Becomes the owner of schema etl, with search_path pinned, connected to SPI;
 * 3F000 if the schema isn't there.  After an error the (sub)transaction's end
 * undoes it.
 */
extern void etl_owner_begin(EtlOwnerScope *scope);
extern void etl_owner_end(EtlOwnerScope *scope);

/* Parameters of a statement, added one by one to a struct of zeroes. */
#define ETL_MAX_PARAMETERS 32

typedef struct EtlParameters
{
	int n;
	Oid types[ETL_MAX_PARAMETERS];
	Datum values[ETL_MAX_PARAMETERS];
	bool isnull[ETL_MAX_PARAMETERS];
} EtlParameters;

static inline void
etl_parameters_add(EtlParameters *p, Oid type, Datum value, bool isnull)
{
	Assert(p->n < ETL_MAX_PARAMETERS);
	p->types[p->n] = type;
	p->values[p->n] = value;
	p->isnull[p->n++] = isnull;
}

/*
 * Runs one statement with parameters in such a scope; isnull may be NULL.
 * Raises an error unless SPI's result is the one expected.
 */
extern void etl_owner_execute(const char *statement, int nargs, Oid *types,
							  Datum *values, const bool *isnull, int expected);

#endif
