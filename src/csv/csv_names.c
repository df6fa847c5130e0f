/*
 * csv_names.c
 *	  Names of fields as names of columns.
 */
#include "postgres.h"

#include "csv/csv_names.h"

#include "catalog/pg_collation.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/formatting.h"
#include "utils/hsearch.h"

typedef struct NameEntry
{
	char folded[NAMEDATALEN]; /* hash key */
	int last_number;          /* given to a column that wanted this name */
} NameEntry;

/* Copies a name without surrounding blanks, clipped to max bytes. */
static char *
trimmed(const char *name, int max)
{
	size_t n;

	while (*name == ' ' || *name == '\t' || *name == '\n' || *name == '\r')
		name++;
	n = strlen(name);
	while (n > 0 && (name[n - 1] == ' ' || name[n - 1] == '\t' ||
					 name[n - 1] == '\n' || name[n - 1] == '\r'))
		n--;
	if (n > (size_t) max)
		n = (size_t) pg_mbcliplen(name, (int) n, max);
	return pnstrdup(name, n);
}

/* Takes the name, regardless of case, if it is free; *entry is its own. */
static bool
take_name(HTAB *taken, const char *name, NameEntry **entry)
{
	char *folded = str_tolower(name, strlen(name), DEFAULT_COLLATION_OID);
	char key[NAMEDATALEN];
	bool found;

	strlcpy(key, folded, sizeof(key));
	*entry = hash_search(taken, key, HASH_ENTER, &found);
	if (!found)
		(*entry)->last_number = 1;
	pfree(folded);
	return !found;
}

/* Puts the first free number behind a name that is taken. */
static char *
numbered(HTAB *taken, const char *name, NameEntry *entry)
{
	/* Room for the longest number. */
	char *stem = trimmed(name, NAMEDATALEN - 1 - 11);
	NameEntry *ignored;
	char *candidate;

	do
		candidate = psprintf("%s_%d", stem, ++entry->last_number);
	while (!take_name(taken, candidate, &ignored));
	return candidate;
}

char **
etl_csv_column_names(char **names, int n)
{
	char **columns = palloc(sizeof(char *) * Max(n, 1));
	HASHCTL ctl = {.keysize = NAMEDATALEN,
				   .entrysize = sizeof(NameEntry),
				   .hcxt = CurrentMemoryContext};
	HTAB *taken = hash_create("column names", Max(n, 16), &ctl,
							  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);

	for (int i = 0; i < n; i++)
	{
		char *name = names ? trimmed(names[i], NAMEDATALEN - 1) : pstrdup("");
		NameEntry *entry;

		CHECK_FOR_INTERRUPTS();
		if (name[0] == '\0')
			name = psprintf("column%d", i + 1);
		if (!take_name(taken, name, &entry))
			name = numbered(taken, name, entry);
		columns[i] = name;
	}
	hash_destroy(taken);
	return columns;
}
