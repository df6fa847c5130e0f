/*
 * csv_names.h
 *	  Names of fields as names of columns.
 */
#ifndef ETL_CSV_NAMES_H
#define ETL_CSV_NAMES_H

/*
 * Makes column names of n field names: blanks around them are dropped, an empty
 * one becomes column<position>, one that is too long for an identifier is
 * clipped, and one that stands before already, regardless of case, gets a number
 * behind it.  names may be NULL: none has a name.  Palloc'd.
 */
extern char **etl_csv_column_names(char **names, int n);

#endif
