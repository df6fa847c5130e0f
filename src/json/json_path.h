/*
 * json_path.h
 *	  Paths, as users write them.
 *
 * $ is the whole value; .name, ."name" and ['name'] its member, [0] its
 * element, counted from 0, and [*] each of its elements.  What doesn't begin
 * with $ is the name of a member.
 */
#ifndef ETL_JSON_PATH_H
#define ETL_JSON_PATH_H

#include "postgres.h"

typedef enum EtlJsonStepKind
{
	ETL_JSON_STEP_MEMBER,
	ETL_JSON_STEP_ELEMENT,
	ETL_JSON_STEP_ALL
} EtlJsonStepKind;

typedef struct EtlJsonStep
{
	EtlJsonStepKind kind;
	char *name;   /* of a member */
	uint32 index; /* of an element */
} EtlJsonStep;

typedef struct EtlJsonPath
{
	EtlJsonStep *steps;
	int nsteps;
} EtlJsonPath;

/* More steps than this are refused. */
#define ETL_JSON_MAX_STEPS 64

/*
 * Parses a path that the named option gives; 22023 if it is none, or has [*]
 * where all is false.  Made in the current context.
 */
extern EtlJsonPath *etl_json_path_parse(const char *text, const char *option,
										bool all);

#endif
