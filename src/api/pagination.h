/*
 * pagination.h
 *	  How a page tells of the next one.
 *
 * The user's setting, checked; and, for those who gave none, what a first page
 * looks like.
 */
#ifndef ETL_PAGINATION_H
#define ETL_PAGINATION_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "api/envelope.h"
#include "options.h"

typedef enum EtlPaginationType
{
	ETL_PAGINATION_AUTO,
	ETL_PAGINATION_LINK_HEADER,
	ETL_PAGINATION_NEXT_URL,
	ETL_PAGINATION_CURSOR,
	ETL_PAGINATION_PAGE,
	ETL_PAGINATION_OFFSET,
	ETL_PAGINATION_NONE
} EtlPaginationType;

/* Where a request says which page it wants. */
typedef enum EtlParamPlace
{
	ETL_PARAM_IN_QUERY,
	ETL_PARAM_IN_BODY,
	ETL_PARAM_IN_HEADER
} EtlParamPlace;

typedef struct EtlPagination
{
	EtlPaginationType type;

	/* next_url and cursor: where the answer has it; one of the two. */
	EtlJsonPath *path;
	char *header;
	EtlJsonPath *stop;
	bool stop_is_false; /* the member tells that there is more, not the end */

	/* cursor, page, offset: where the request says it. */
	EtlParamPlace place;
	char *param;

	/* page, offset */
	int64 start;
	int64 size; /* 0 if not given; then no size_param either */
	char *size_param;
	EtlJsonPath *total;      /* pages, or records; or NULL */
	EtlTextList *end_status; /* statuses that mean the end; or NULL */
} EtlPagination;

/*
 * The pagination that the user means; NULL is auto.  Raises 22023 for what is
 * none.  In the current memory context.
 */
extern EtlPagination *etl_pagination_parse(const Jsonb *object);

/* True if it needs what a page says besides its records. */
extern bool etl_pagination_reads_envelope(const EtlPagination *pagination);

/* True if the next page can be asked for before this one was read. */
extern bool etl_pagination_is_numbered(const EtlPagination *pagination);

/*
 * Settles what auto means by the first page, whose answer has no link to a next
 * one.  Warns if there seem to be more pages that can't be found.
 */
extern void etl_pagination_detect(EtlPagination *pagination,
								  const EtlEnvelope *envelope,
								  EtlParamPlace place, const char *page_name);

/* True if the page says, in one of the usual ways, that it is the last. */
extern bool etl_pagination_says_end(const EtlPagination *pagination,
									const EtlEnvelope *envelope);

#endif
