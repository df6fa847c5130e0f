/*
 * 10_csv.sql
 *	  The functions that read external data.
 *
 * A setting may be given as an argument or in "options", not in both.  So that
 * the two can be told apart, every argument's default is NULL, which means "not
 * given", and what applies then is decided in C and told in the comments.
 *
 * The functions are volatile, because what they read may change while a query
 * runs, and parallel restricted, because what a scan holds open belongs to one
 * process.  Where several shall read together the scan node sees to it itself.
 */

CREATE FUNCTION etl_reader_support(internal)
RETURNS internal
AS 'MODULE_PATHNAME', 'etl_reader_support'
LANGUAGE C STRICT;

COMMENT ON FUNCTION etl_reader_support(internal)
IS 'planner support for the functions that read external data';

CREATE FUNCTION etl_read_csv(
	source text,
	delimiter text DEFAULT NULL,
	quote text DEFAULT NULL,
	escape text DEFAULT NULL,
	header boolean DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	null_strings text[] DEFAULT NULL,
	quoted_nulls boolean DEFAULT NULL,
	comment text DEFAULT NULL,
	skip integer DEFAULT NULL,
	header_rows integer DEFAULT NULL,
	stop_at_blank boolean DEFAULT NULL,
	skip_footer integer DEFAULT NULL,
	trim_fields boolean DEFAULT NULL,
	ragged text DEFAULT NULL,
	decimal_separator text DEFAULT NULL,
	thousands_separator text DEFAULT NULL,
	date_formats jsonb DEFAULT NULL,
	encoding text DEFAULT NULL,
	compression text DEFAULT NULL,
	server text DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'etl_read_csv'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 100000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_read_csv(
	text, text, text, text, boolean, jsonb, text[], boolean, text, integer,
	integer, boolean, integer, boolean, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads CSV files as rows of the columns that the query lists. Defaults: delimiter, quote, escape, comment, header, skip, header_rows, stop_at_blank, encoding and compression are detected; null_strings {""}; quoted_nulls false; skip_footer 0; trim_fields false; ragged error; decimal_separator .; no thousands_separator; on_error abort; no reject limits.';

CREATE FUNCTION etl_read_csv(
	source text,
	row_type anyelement,
	delimiter text DEFAULT NULL,
	quote text DEFAULT NULL,
	escape text DEFAULT NULL,
	header boolean DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	null_strings text[] DEFAULT NULL,
	quoted_nulls boolean DEFAULT NULL,
	comment text DEFAULT NULL,
	skip integer DEFAULT NULL,
	header_rows integer DEFAULT NULL,
	stop_at_blank boolean DEFAULT NULL,
	skip_footer integer DEFAULT NULL,
	trim_fields boolean DEFAULT NULL,
	ragged text DEFAULT NULL,
	decimal_separator text DEFAULT NULL,
	thousands_separator text DEFAULT NULL,
	date_formats jsonb DEFAULT NULL,
	encoding text DEFAULT NULL,
	compression text DEFAULT NULL,
	server text DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'etl_read_csv'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 100000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_read_csv(
	text, anyelement, text, text, text, boolean, jsonb, text[], boolean,
	text, integer, integer, boolean, integer, boolean, text, text, text,
	jsonb, text, text, text, text, bigint, numeric, jsonb)
IS 'reads CSV files as rows of the given type. Defaults: delimiter, quote, escape, comment, header, skip, header_rows, stop_at_blank, encoding and compression are detected; null_strings {""}; quoted_nulls false; skip_footer 0; trim_fields false; ragged error; decimal_separator .; no thousands_separator; on_error abort; no reject limits.';

CREATE FUNCTION etl_parse_csv(
	content text,
	delimiter text DEFAULT NULL,
	quote text DEFAULT NULL,
	escape text DEFAULT NULL,
	header boolean DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	null_strings text[] DEFAULT NULL,
	quoted_nulls boolean DEFAULT NULL,
	comment text DEFAULT NULL,
	skip integer DEFAULT NULL,
	header_rows integer DEFAULT NULL,
	stop_at_blank boolean DEFAULT NULL,
	skip_footer integer DEFAULT NULL,
	trim_fields boolean DEFAULT NULL,
	ragged text DEFAULT NULL,
	decimal_separator text DEFAULT NULL,
	thousands_separator text DEFAULT NULL,
	date_formats jsonb DEFAULT NULL,
	encoding text DEFAULT NULL,
	compression text DEFAULT NULL,
	server text DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'etl_parse_csv'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_csv(
	text, text, text, text, boolean, jsonb, text[], boolean, text, integer,
	integer, boolean, integer, boolean, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads CSV content given as text as rows of the columns that the query lists; settings as for etl_read_csv';

CREATE FUNCTION etl_parse_csv(
	content text,
	row_type anyelement,
	delimiter text DEFAULT NULL,
	quote text DEFAULT NULL,
	escape text DEFAULT NULL,
	header boolean DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	null_strings text[] DEFAULT NULL,
	quoted_nulls boolean DEFAULT NULL,
	comment text DEFAULT NULL,
	skip integer DEFAULT NULL,
	header_rows integer DEFAULT NULL,
	stop_at_blank boolean DEFAULT NULL,
	skip_footer integer DEFAULT NULL,
	trim_fields boolean DEFAULT NULL,
	ragged text DEFAULT NULL,
	decimal_separator text DEFAULT NULL,
	thousands_separator text DEFAULT NULL,
	date_formats jsonb DEFAULT NULL,
	encoding text DEFAULT NULL,
	compression text DEFAULT NULL,
	server text DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'etl_parse_csv'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_csv(
	text, anyelement, text, text, text, boolean, jsonb, text[], boolean,
	text, integer, integer, boolean, integer, boolean, text, text, text,
	jsonb, text, text, text, text, bigint, numeric, jsonb)
IS 'reads CSV content given as text as rows of the given type; settings as for etl_read_csv';

CREATE FUNCTION etl_parse_csv(
	content bytea,
	delimiter text DEFAULT NULL,
	quote text DEFAULT NULL,
	escape text DEFAULT NULL,
	header boolean DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	null_strings text[] DEFAULT NULL,
	quoted_nulls boolean DEFAULT NULL,
	comment text DEFAULT NULL,
	skip integer DEFAULT NULL,
	header_rows integer DEFAULT NULL,
	stop_at_blank boolean DEFAULT NULL,
	skip_footer integer DEFAULT NULL,
	trim_fields boolean DEFAULT NULL,
	ragged text DEFAULT NULL,
	decimal_separator text DEFAULT NULL,
	thousands_separator text DEFAULT NULL,
	date_formats jsonb DEFAULT NULL,
	encoding text DEFAULT NULL,
	compression text DEFAULT NULL,
	server text DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'etl_parse_csv'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_csv(
	bytea, text, text, text, boolean, jsonb, text[], boolean, text, integer,
	integer, boolean, integer, boolean, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads CSV content given as bytea as rows of the columns that the query lists; settings as for etl_read_csv';

CREATE FUNCTION etl_parse_csv(
	content bytea,
	row_type anyelement,
	delimiter text DEFAULT NULL,
	quote text DEFAULT NULL,
	escape text DEFAULT NULL,
	header boolean DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	null_strings text[] DEFAULT NULL,
	quoted_nulls boolean DEFAULT NULL,
	comment text DEFAULT NULL,
	skip integer DEFAULT NULL,
	header_rows integer DEFAULT NULL,
	stop_at_blank boolean DEFAULT NULL,
	skip_footer integer DEFAULT NULL,
	trim_fields boolean DEFAULT NULL,
	ragged text DEFAULT NULL,
	decimal_separator text DEFAULT NULL,
	thousands_separator text DEFAULT NULL,
	date_formats jsonb DEFAULT NULL,
	encoding text DEFAULT NULL,
	compression text DEFAULT NULL,
	server text DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'etl_parse_csv'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_csv(
	bytea, anyelement, text, text, text, boolean, jsonb, text[], boolean,
	text, integer, integer, boolean, integer, boolean, text, text, text,
	jsonb, text, text, text, text, bigint, numeric, jsonb)
IS 'reads CSV content given as bytea as rows of the given type; settings as for etl_read_csv';

CREATE FUNCTION etl_csv_rows(
	source text,
	delimiter text DEFAULT NULL,
	quote text DEFAULT NULL,
	escape text DEFAULT NULL,
	header boolean DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	null_strings text[] DEFAULT NULL,
	quoted_nulls boolean DEFAULT NULL,
	comment text DEFAULT NULL,
	skip integer DEFAULT NULL,
	header_rows integer DEFAULT NULL,
	stop_at_blank boolean DEFAULT NULL,
	skip_footer integer DEFAULT NULL,
	trim_fields boolean DEFAULT NULL,
	ragged text DEFAULT NULL,
	decimal_separator text DEFAULT NULL,
	thousands_separator text DEFAULT NULL,
	date_formats jsonb DEFAULT NULL,
	encoding text DEFAULT NULL,
	compression text DEFAULT NULL,
	server text DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS TABLE(line bigint, fields text[])
AS 'MODULE_PATHNAME', 'etl_csv_rows'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 100000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_csv_rows(
	text, text, text, text, boolean, jsonb, text[], boolean, text, integer,
	integer, boolean, integer, boolean, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads every record of CSV files as text, headers too unless header is true, whatever its width unless ragged or on_error is given; settings as for etl_read_csv';
