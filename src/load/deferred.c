/*
 * deferred.c
 *	  Constraints that are checked at COMMIT only, made immediate for a load.
 */
#include "postgres.h"

#include "access/table.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "load/deferred.h"

/* Appends the names of the relation's deferred constraints. */
static List *
add_constraints(List *names, Relation rel)
{
	const TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		char *schema;
		char *name;

		if (!trigger->tginitdeferred || !OidIsValid(trigger->tgconstraint))
			continue;
		schema = get_namespace_name(RelationGetNamespace(rel));
		name = get_constraint_name(trigger->tgconstraint);
		if (name)
			names = lappend(names, makeRangeVar(schema, name, -1));
	}
	return names;
}

/* SET CONSTRAINTS ... */
static void
set_constraints(List *constraints, bool deferred)
{
	ConstraintsSetStmt *statement;

	if (constraints == NIL)
		return;
	statement = makeNode(ConstraintsSetStmt);
	statement->constraints = constraints;
	statement->deferred = deferred;
	AfterTriggerSetState(statement);
}

List *
etl_deferred_make_immediate(const List *relids)
{
	List *constraints = NIL;
	ListCell *lc;

	foreach (lc, relids)
	{
		Relation rel = table_open(lfirst_oid(lc), AccessShareLock);

		constraints = add_constraints(constraints, rel);
		table_close(rel, NoLock);
	}
	set_constraints(constraints, false);
	return constraints;
}

void
etl_deferred_restore(List *constraints)
{
	set_constraints(constraints, true);
}
