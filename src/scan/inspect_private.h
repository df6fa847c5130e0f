/*
 * inspect_private.h
 *	  What the files of an inspection share.
 */
#ifndef ETL_INSPECT_PRIVATE_H
#define ETL_INSPECT_PRIVATE_H

#include "lib/stringinfo.h"

#include "scan/inspect.h"

/*
 * inspect_fields.c.  The columns are those of the first item's reader; then,
 * for each item, which of its fields each column is, -1 for none, palloc'd.
 * The latter notes where an item differs from the first, and the last function
 * warns of that.
 */
extern void etl_inspection_set_columns(EtlInspection *result,
									   EtlReader *reader);
extern int *etl_inspection_positions(EtlInspection *result, EtlReader *reader);
extern void etl_inspection_warn_items(EtlInspection *result);

/* Notes the settings that the item needs otherwise than the first. */
extern void etl_inspection_compare_settings(EtlInspection *result,
											EtlReader *reader);

/* inspect.c.  Columns whose way of writing dates the user gave have that type. */
extern void etl_inspection_apply_date_formats(EtlInspection *result);

/* inspect_sql.c.  Appends the i-th column's field as the columns option says it. */
extern void etl_inspection_append_field(StringInfo out,
										const EtlInspection *inspection,
										int i);

/*
 * {"column": field} for columns whose name isn't their field's, as text; NULL
 * if there are none.
 */
extern char *etl_inspection_column_fields(const EtlInspection *inspection);

/* inspect_api.c.  All settings, given and found, as an object's text. */
extern char *etl_inspection_settings(const EtlInspection *inspection);

/*
 * True if a column's name finds its field by itself when the source is read.
 * Where several fields have one name, only the first one's column has it too.
 */
static inline bool
etl_inspected_finds_field(const EtlInspectedColumn *column)
{
	return strcmp(column->field, column->name) == 0 &&
		   strncmp(column->name, "etl_", 4) != 0;
}

#endif
