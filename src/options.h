/*
 * options.h
 *	  Settings given by name, checked against a table.
 *
 * Every function of ours takes settings as named arguments and as keys of an
 * "options" object.  A table of EtlOptionDef says which there are and into
 * which member of a struct each goes; nothing else in the code parses options.
 *
 * Members start with the value that means "not given": NULL for pointers,
 * ETL_OPTION_UNSET for int, int64 and tri-state booleans, NaN for float8.
 */
#ifndef ETL_OPTIONS_H
#define ETL_OPTIONS_H

#include "postgres.h"

#include "utils/jsonb.h"

#define ETL_OPTION_UNSET (-1)

typedef enum EtlOptionType
{
	ETL_OPTION_BOOL,      /* int: ETL_OPTION_UNSET, 0, 1 */
	ETL_OPTION_INT,       /* int, >= min */
	ETL_OPTION_INT64,     /* int64, >= min */
	ETL_OPTION_FLOAT8,    /* double, finite, >= min */
	ETL_OPTION_TEXT,      /* char * */
	ETL_OPTION_ENUM,      /* int: index into values */
	ETL_OPTION_TEXT_LIST, /* EtlTextList * */
	ETL_OPTION_JSONB,     /* Jsonb * */
	ETL_OPTION_INTERVAL   /* Interval *; a string in JSON */
} EtlOptionType;

typedef struct EtlTextList
{
	int n;
	char **items; /* an item may be NULL */
} EtlTextList;

typedef struct EtlOptionDef
{
	const char *name;
	EtlOptionType type;
	size_t offset;             /* of the member in the struct */
	const char *const *values; /* of an enum, NULL-terminated */
	int min;                   /* of a number */
	int max;                   /* of an integer; 0: as its type allows */
} EtlOptionDef;

typedef struct EtlOptionTable
{
	const EtlOptionDef *defs;
	int ndefs; /* at most 64 */
} EtlOptionTable;

/* A struct being filled. */
typedef struct EtlOptionTarget
{
	const EtlOptionTable *table;
	void *values; /* the struct, owned by the caller */
	uint64 seen;  /* bit i: defs[i] was given */
} EtlOptionTarget;

/*
 * Sets one option from an SQL value of the given type; a null is "not given".
 * Unknown name, wrong type, bad value or an option given twice: 22023.
 * Returns false, and does nothing, if the table has no such name and
 * missing_ok.  What is set is copied to the current memory context.
 */
extern bool etl_option_set(EtlOptionTarget *target, const char *name, Oid type,
						   Datum value, bool isnull, bool missing_ok);

/* Sets all options of an object. */
extern void etl_option_set_object(EtlOptionTarget *target, Jsonb *object);

/*
 * The same where the options go to several structs: each goes to the first
 * target whose table has its name.
 */
extern void etl_option_set_object_any(EtlOptionTarget *const *targets, int n,
									  Jsonb *object);

/* Begins to fill a struct: no option is given. */
extern void etl_option_init(EtlOptionTarget *target,
							const EtlOptionTable *table, void *values);

/* Makes an option one that was not given. */
extern void etl_option_reset(EtlOptionTarget *target, const char *name);

/* True if the option was given. */
extern bool etl_option_given(const EtlOptionTarget *target, const char *name);

#endif
