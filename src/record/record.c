/*
 * record.c
 *	  Names of what record.h enumerates.
 */
#include "postgres.h"

#include "record/record.h"

/* In the order of EtlStage. */
static const char *const stage_names[] = {"structure",  "encoding",
										  "conversion", "constraint",
										  "check",      "trigger"};

const char *
etl_stage_name(EtlStage stage)
{
	Assert(stage >= 0 && stage < lengthof(stage_names));
	return stage_names[stage];
}
