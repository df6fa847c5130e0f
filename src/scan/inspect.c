/*
 * inspect.c
 *	  A look at a source before reading it: its columns and their types.
 *
 * Types are inferred twice side by side: with every value as it stands, and
 * with the usual words for "no value" taken for null.  Where a column has a type
 * only in the second way, those words become null strings, unless they are data
 * in some other column.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "csv/csv_reader.h"
#include "reject/reject.h"
#include "row/hint.h"
#include "scan/inspect_private.h"

/* Ragged records are looked for where one in so many is bad, or more. */
#define RAGGED_SHARE 20

/* Items that are only compared with the first once the sample is full. */
#define MAX_COMPARED 100

typedef struct Inspector
{
	EtlSource *source; /* read once or several times */
	EtlInspection *result;
	EtlInference *as_is;
	EtlInference *with_nulls;
	uint32 *words; /* a column: bit i, etl_null_words[i] was seen */
	int64 rows;    /* records seen */
	int64 rejects;
	char *first_reject;
	bool check_surplus; /* count the next */
	int64 surplus;      /* records with values behind the last column */
} Inspector;

/* Settles the columns by the first item's reader. */
static void
set_columns(Inspector *inspector, EtlReader *reader)
{
	etl_inspection_set_columns(inspector->result, reader);
	inspector->as_is = etl_infer_new(reader->nfields, false);
	inspector->with_nulls = etl_infer_new(reader->nfields, false);
	inspector->words = palloc0(sizeof(uint32) * Max(reader->nfields, 1));
}

static void
infer_record(Inspector *inspector, const EtlRecord *record)
{
	static const EtlField null_field = {.kind = ETL_FIELD_NULL};

	for (int i = 0; i < inspector->result->ncolumns; i++)
	{
		const EtlField *field = &record->fields[i];
		int word = field->kind == ETL_FIELD_TEXT
					   ? etl_null_word(field->data, field->len)
					   : -1;

		etl_infer_value(inspector->as_is, i, field, record->line);
		if (word >= 0)
		{
			inspector->words[i] |= (uint32) 1 << word;
			field = &null_field;
		}
		etl_infer_value(inspector->with_nulls, i, field, record->line);
	}
}

/* True if the record has more fields than columns, one of them filled. */
static bool
has_surplus(const Inspector *inspector, EtlReader *reader)
{
	int n = 0;
	const EtlField *fields;

	if (!inspector->check_surplus)
		return false;
	fields = etl_csv_reader_all_fields(reader, &n);
	for (int i = reader->nfields; fields != NULL && i < n; i++)
	{
		if (fields[i].kind == ETL_FIELD_TEXT && fields[i].len > 0)
			return true;
	}
	return false;
}

/*
 * Feeds the records of one item, whose fields at these positions are the
 * columns; false when the sample is full.
 */
static bool
inspect_records(Inspector *inspector, EtlReader *reader, const int *positions,
				int64 sample_rows)
{
	etl_reader_want(reader, positions, inspector->result->ncolumns);
	for (;;)
	{
		EtlRecord record;

		CHECK_FOR_INTERRUPTS();
		if (sample_rows >= 0 && inspector->rows >= sample_rows)
			return false;
		switch (etl_reader_next(reader, &record))
		{
			case ETL_READ_EOF:
				return true;
			case ETL_READ_REJECT:
				if (inspector->rejects++ == 0)
					inspector->first_reject =
						etl_reject_describe(&reader->reject);
				break;
			case ETL_READ_RECORD:
				infer_record(inspector, &record);
				if (has_surplus(inspector, reader))
					inspector->surplus++;
				break;
		}
		inspector->rows++;
	}
}

static bool
is_text(const EtlInferred *inferred)
{
	return strcmp(inferred->type, "text") == 0;
}

/* The null strings that the user gave, or NULL. */
static const EtlTextList *
given_null_strings(const EtlCall *call)
{
	const EtlOptionTable *table = call->target.table;

	for (int i = 0; i < table->ndefs; i++)
	{
		if (strcmp(table->defs[i].name, "null_strings") == 0)
			return *(EtlTextList **) ((char *) call->target.values +
									  table->defs[i].offset);
	}
	return NULL;
}

/*
 * Decides which words mean null and which columns profit, and settles all
 * types.
 */
static void
settle_types(Inspector *inspector)
{
	EtlInspection *result = inspector->result;
	int n = result->ncolumns;
	bool *profits = palloc0(sizeof(bool) * Max(n, 1));
	uint32 data_words = 0;
	uint32 null_mask = 0;
	const EtlTextList *given = given_null_strings(result->call);

	if (given != NULL)
		data_words = PG_UINT32_MAX;
	for (int i = 0; i < n; i++)
	{
		EtlInferred with_nulls = etl_infer_result(inspector->with_nulls, i);

		result->columns[i].inferred = etl_infer_result(inspector->as_is, i);
		profits[i] = inspector->words[i] != 0 &&
					 is_text(&result->columns[i].inferred) &&
					 !is_text(&with_nulls) && with_nulls.values > 0;
		if (!profits[i])
			data_words |= inspector->words[i];
	}
	for (int i = 0; i < n; i++)
	{
		if (!profits[i] || (inspector->words[i] & data_words) != 0)
			continue;
		result->columns[i].inferred =
			etl_infer_result(inspector->with_nulls, i);
		null_mask |= inspector->words[i];
	}
	for (int i = 0; given != NULL && i < given->n; i++)
		result->null_strings = lappend(result->null_strings, given->items[i]);
	if (given == NULL)
		result->null_strings = list_make1("");
	for (int i = 0; i < ETL_NULL_WORDS; i++)
	{
		if (null_mask & ((uint32) 1 << i))
			result->null_strings =
				lappend(result->null_strings, pstrdup(etl_null_words[i]));
	}
}

static bool
is_decimal_type(const EtlInferred *inferred)
{
	return strcmp(inferred->type, "numeric") == 0 ||
		   strcmp(inferred->type, "double precision") == 0;
}

void
etl_inspection_apply_date_formats(EtlInspection *result)
{
	Jsonb *formats = result->call->options->date_formats;
	uint32 used = 0;

	for (int i = 0; formats != NULL && i < result->ncolumns; i++)
	{
		EtlInspectedColumn *column = &result->columns[i];
		JsonbValue buffer;
		JsonbValue *value =
			getKeyJsonValueFromContainer(&formats->root, column->name,
										 (int) strlen(column->name), &buffer);
		char *pattern;

		if (value == NULL || value->type != jbvString)
			continue;
		used++;
		pattern = pnstrdup(value->val.string.val, value->val.string.len);
		column->inferred.format = pattern;
		column->inferred.type = strstr(pattern, "HH") || strstr(pattern, "hh")
									? "timestamp"
									: "date";
		column->inferred.note = NULL;
	}
	if (formats != NULL && used < JB_ROOT_COUNT(formats))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"date_formats\" names a column that the "
						"source lacks, or gives it no pattern")));
}

/*
 * The separators that the user gave, or else those of the first column that can
 * only be read in one way; 0 for those that nothing tells.
 */
static void
find_separators(const EtlInspection *result, char *decimal, char *thousands)
{
	const EtlScanOptions *given = result->call->options;

	*decimal = given->decimal_separator ? given->decimal_separator[0] : 0;
	*thousands =
		given->thousands_separator ? given->thousands_separator[0] : 0;
	for (int i = 0; i < result->ncolumns; i++)
	{
		const EtlInferred *inferred = &result->columns[i].inferred;

		if (inferred->grouped_type ||
			(!is_decimal_type(inferred) && inferred->thousands_separator == 0))
			continue;
		if (*decimal == 0)
			*decimal = inferred->decimal_separator;
		if (*thousands == 0 && inferred->decimal_separator == *decimal)
			*thousands = inferred->thousands_separator;
	}
}

/*
 * Settles a column whose points can be of both kinds: as the other columns tell,
 * or else as decimal points, with a note where the fields are separated as
 * where people write decimal commas.
 */
static void
settle_points(const EtlInspection *result, EtlInferred *inferred, char decimal,
			  char *thousands)
{
	const EtlCsvSyntax *syntax =
		&etl_csv_reader_dialect(result->reader)->syntax;

	if (decimal == ',' && (*thousands == 0 || *thousands == '.'))
	{
		inferred->type = inferred->grouped_type;
		inferred->decimal_separator = ',';
		inferred->thousands_separator = *thousands = '.';
	}
	else if (decimal == 0 && syntax->delimiter[0] == ';')
		inferred->note =
			pstrdup("the points can be decimal separators or thousands "
					"separators; taken for decimal ones, which "
					"decimal_separator => ',' changes");
}

/*
 * One pair of separators holds for the whole source.  Columns that are written
 * in another way than those that tell it stay text.
 */
static void
settle_separators(EtlInspection *result)
{
	char decimal;
	char thousands;

	find_separators(result, &decimal, &thousands);
	for (int i = 0; i < result->ncolumns; i++)
	{
		if (result->columns[i].inferred.grouped_type)
			settle_points(result, &result->columns[i].inferred, decimal,
						  &thousands);
	}
	if (decimal == 0)
		decimal = '.';
	for (int i = 0; i < result->ncolumns; i++)
	{
		EtlInferred *inferred = &result->columns[i].inferred;

		if ((!is_decimal_type(inferred) &&
			 inferred->thousands_separator == 0) ||
			(inferred->decimal_separator == decimal &&
			 (inferred->thousands_separator == 0 ||
			  inferred->thousands_separator == thousands)))
			continue;
		inferred->type = "text";
		inferred->note = pstrdup("numbers are written otherwise than in "
								 "other columns");
	}
	result->decimal_separator = decimal;
	result->thousands_separator = thousands;
}

/* Where empty fields are null, those that made a column text are quoted. */
static void
note_quoted_empty(EtlInspection *result)
{
	if (result->null_strings == NIL ||
		strcmp(linitial(result->null_strings), "") != 0 ||
		etl_option_given(&result->call->target, "quoted_nulls"))
		return;
	for (int i = 0; i < result->ncolumns; i++)
	{
		EtlInferred *inferred = &result->columns[i].inferred;

		if (inferred->forced_by_empty && inferred->note)
			inferred->note = psprintf("%s; quoted_nulls => true makes it null",
									  inferred->note);
	}
}

/* Fields that records only have by delimiters at their end are no columns. */
static void
drop_surplus(EtlInspection *result)
{
	int surplus =
		result->reader ? etl_csv_reader_dialect(result->reader)->surplus : 0;

	for (; surplus > 0; surplus--)
	{
		const EtlInspectedColumn *last =
			&result->columns[result->ncolumns - 1];

		if (last->inferred.values > 0 || !last->renamed)
			break;
		result->ncolumns--;
	}
}

static void
collect_warnings(Inspector *inspector)
{
	EtlInspection *result = inspector->result;

	etl_inspection_warn_items(result);
	if (result->reader)
	{
		const EtlCsvSniffed *sniffed = etl_csv_reader_sniffed(result->reader);

		for (int i = 0; i < sniffed->nwarnings; i++)
			result->warnings =
				lappend(result->warnings, pstrdup(sniffed->warnings[i]));
	}
	if (inspector->rejects > 0)
		result->warnings =
			lappend(result->warnings,
					psprintf("%lld of %lld records are bad; the first: %s",
							 (long long) inspector->rejects,
							 (long long) inspector->rows,
							 inspector->first_reject));
	for (int i = 0; i < result->ncolumns; i++)
	{
		const EtlInspectedColumn *column = &result->columns[i];

		if (column->inferred.note)
			result->warnings =
				lappend(result->warnings,
						psprintf("column \"%s\": %s", column->name,
								 column->inferred.note));
	}
}

/* Reads the sample. */
static void
inspect_source(Inspector *inspector, EtlCall *call, int64 sample_rows)
{
	EtlSource *source = inspector->source;
	EtlInspection *result = palloc0(sizeof(EtlInspection));
	bool check_surplus = inspector->check_surplus;
	int compared = 0;

	memset(inspector, 0, sizeof(*inspector));
	inspector->source = source;
	inspector->check_surplus = check_surplus;
	inspector->result = result;
	result->call = call;
	result->source = call->source;
	result->nitems = source->nitems;
	result->has_secret = source->has_secret;
	for (int i = 0; i < source->nitems && compared < MAX_COMPARED; i++)
	{
		EtlStream *raw = etl_source_stream(source, i);
		EtlReader *reader = call->format->open(raw, source->names[i], call, 0);
		int *positions;

		/* Of an empty item nobody knows what it has. */
		if (result->reader != NULL && result->ncolumns == 0)
		{
			etl_reader_close(result->reader);
			result->reader = NULL;
		}
		if (result->reader == NULL)
			set_columns(inspector, reader);
		positions = etl_inspection_positions(result, reader);
		if (compared > 0 ||
			!inspect_records(inspector, reader, positions, sample_rows))
			compared++;

		/* the first reader stays, for what it chose, but reads no more */
		etl_stream_close(raw);
		if (reader != result->reader)
			etl_reader_close(reader);
	}
}

/*
 * Looks again with one way of reading ragged records, and keeps it if it heals
 * all of them and drops nothing but empty fields.
 */
static bool
try_ragged(Inspector *inspector, EtlCall *call, int64 sample_rows,
		   const char *mode, const char *what)
{
	Inspector strict = *inspector;
	List *warnings = strict.result->warnings;

	etl_option_set(&call->target, "ragged", TEXTOID, CStringGetTextDatum(mode),
				   false, false);
	inspector->check_surplus = true;
	inspect_source(inspector, call, sample_rows);
	if (inspector->rejects > 0 || inspector->surplus > 0)
	{
		etl_option_reset(&call->target, "ragged");
		etl_reader_close(inspector->result->reader);
		*inspector = strict;
		return false;
	}
	etl_reader_close(strict.result->reader);
	inspector->result->warnings =
		lappend(warnings,
				psprintf("%lld of %lld records %s", (long long) strict.rejects,
						 (long long) strict.rows, what));
	return true;
}

/*
 * Where many records are bad, perhaps they only leave their last fields out, or
 * end with delimiters that the header lacks.
 */
static void
heal_ragged(Inspector *inspector, EtlCall *call, int64 sample_rows)
{
	static const struct
	{
		const char *mode;
		const char *what;
	} ways[] = {
		{"pad", "lack their last fields; ragged => 'pad' reads those as null"},
		{"truncate", "end with more delimiters than the header; ragged => "
					 "'truncate' drops the empty fields behind the last"},
		{"both", "lack their last fields or end with more delimiters than the "
				 "header; ragged => 'both' reads the former as null and drops "
				 "the latter"},
	};

	if (etl_option_given(&call->target, "ragged") || inspector->rejects == 0 ||
		inspector->rejects * RAGGED_SHARE < inspector->rows)
		return;
	for (int i = 0; i < (int) lengthof(ways); i++)
	{
		if (try_ragged(inspector, call, sample_rows, ways[i].mode,
					   ways[i].what))
			return;
	}
}

/*
 * What looks like a footer is no data: looks again without it.  Only for a
 * single file, for each of several would lose its last records.
 */
static void
drop_footer(Inspector *inspector, EtlCall *call, int64 sample_rows)
{
	const EtlReader *reader = inspector->result->reader;
	int footer;

	if (reader == NULL || inspector->result->nitems > 1 ||
		etl_option_given(&call->target, "skip_footer"))
		return;
	footer = etl_csv_reader_sniffed(inspector->result->reader)->footer;
	if (footer == 0)
		return;
	etl_option_set(&call->target, "skip_footer", INT4OID,
				   Int32GetDatum(footer), false, false);
	etl_reader_close(inspector->result->reader);
	inspect_source(inspector, call, sample_rows);
	inspector->result->warnings =
		lappend(inspector->result->warnings,
				footer == 1
					? pstrdup("the last record looks like a footer; "
							  "skip_footer => 0 keeps it")
					: psprintf("the last %d records look like a footer; "
							   "skip_footer => 0 keeps them",
							   footer));
}

/*
 * Whether a word counts where it is quoted, as quoted_nulls says, a field
 * doesn't tell.  So looks again with those words as the reader will, and does
 * without them if then no column profits.
 */
static void
confirm_null_strings(Inspector *inspector, EtlCall *call, int64 sample_rows)
{
	Inspector first = *inspector;
	List *strings = first.result->null_strings;
	Datum *items = palloc(sizeof(Datum) * list_length(strings));
	bool profits = false;

	if (given_null_strings(call) != NULL || list_length(strings) < 2)
		return;
	for (int i = 0; i < list_length(strings); i++)
		items[i] = CStringGetTextDatum(list_nth(strings, i));
	etl_option_set(&call->target, "null_strings", TEXTARRAYOID,
				   PointerGetDatum(construct_array(items, list_length(strings),
												   TEXTOID, -1, false,
												   TYPALIGN_INT)),
				   false, false);
	inspect_source(inspector, call, sample_rows);
	settle_types(inspector);
	inspector->result->warnings = first.result->warnings;
	for (int i = 0; i < first.result->ncolumns; i++)
	{
		first.result->columns[i].inferred = etl_infer_result(first.as_is, i);
		profits |= is_text(&first.result->columns[i].inferred) &&
				   !is_text(&inspector->result->columns[i].inferred);
	}
	if (profits)
	{
		etl_reader_close(first.result->reader);
		return;
	}
	etl_option_reset(&call->target, "null_strings");
	etl_reader_close(inspector->result->reader);
	*inspector = first;
	first.result->null_strings = list_make1("");
}

EtlInspection *
etl_inspect_csv(EtlCall *call, int64 sample_rows)
{
	Inspector inspector = {0};

	inspector.source =
		etl_source_open(call->source, call->options->server,
						&call->options->transport, CurrentMemoryContext);
	inspect_source(&inspector, call, sample_rows);
	drop_footer(&inspector, call, sample_rows);
	heal_ragged(&inspector, call, sample_rows);
	settle_types(&inspector);
	confirm_null_strings(&inspector, call, sample_rows);
	etl_source_close(inspector.source);
	etl_inspection_apply_date_formats(inspector.result);
	settle_separators(inspector.result);
	note_quoted_empty(inspector.result);
	drop_surplus(inspector.result);
	collect_warnings(&inspector);
	return inspector.result;
}
