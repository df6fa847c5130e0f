/*
 * tuple_form.h
 *	  Forms the tuples of one relation, in one pass over their values.
 *
 * heap_form_tuple() takes two, and looks at the row type's attributes in each.
 * Here what matters of them is looked up once.
 */
#ifndef ETL_LOAD_TUPLE_FORM_H
#define ETL_LOAD_TUPLE_FORM_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"

typedef struct EtlTupleForm EtlTupleForm;

/* A form for rows of desc, in the current memory context. */
extern EtlTupleForm *etl_tuple_form_new(TupleDesc desc);

/* The most bytes that the tuple of these values can take. */
extern size_t etl_tuple_form_bound(const EtlTupleForm *form,
								   const Datum *values, const bool *isnull);

/*
 * Forms the tuple at place, which is maximally aligned and has as many bytes as
 * the bound says; tuple->t_len tells how many it took.
 */
extern void etl_tuple_form(const EtlTupleForm *form, const Datum *values,
						   const bool *isnull, char *place, HeapTuple tuple);

#endif
