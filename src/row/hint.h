/*
 * hint.h
 *	  How a value that its column's type refuses might be meant.
 */
#ifndef ETL_HINT_H
#define ETL_HINT_H

#include "postgres.h"

/* Words that stand for "no value" in columns of another type. */
#define ETL_NULL_WORDS 22
extern const char *const etl_null_words[ETL_NULL_WORDS];

/* Which of them n bytes are, or -1. */
extern int etl_null_word(const char *s, size_t n);

/*
 * The option that would read n bytes as a value of the type, in the words of a
 * hint, palloc'd; NULL if nothing comes to mind.  column is the column's name;
 * text_nulls tells whether the format knows null by its text.
 */
extern char *etl_hint_for_value(Oid type, const char *column, bool text_nulls,
								const char *s, size_t n);

#endif
