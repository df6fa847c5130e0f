/*
 * 11_json.sql
 *	  The functions that read JSON; see 10_csv.sql for how settings are given.
 */

CREATE FUNCTION etl_read_json(
	source text,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_read_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 100000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_read_json(
	text, text, jsonb, text, text, text, text, jsonb, text, text, text, text,
	bigint, numeric, jsonb)
IS 'reads JSON files as rows of the columns that the query lists. Defaults: records $, the elements of an array, each value of NDJSON or the one object; format auto; missing null; encoding and compression are detected; decimal_separator .; no thousands_separator; on_error abort; no reject limits.';

CREATE FUNCTION etl_read_json(
	source text,
	row_type anyelement,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_read_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 100000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_read_json(
	text, anyelement, text, jsonb, text, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads JSON files as rows of the given type. Defaults: records $, the elements of an array, each value of NDJSON or the one object; format auto; missing null; encoding and compression are detected; decimal_separator .; no thousands_separator; on_error abort; no reject limits.';

CREATE FUNCTION etl_parse_json(
	content text,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_parse_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_json(
	text, text, jsonb, text, text, text, text, jsonb, text, text, text, text,
	bigint, numeric, jsonb)
IS 'reads JSON content given as text as rows of the columns that the query lists; settings as for etl_read_json';

CREATE FUNCTION etl_parse_json(
	content text,
	row_type anyelement,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_parse_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_json(
	text, anyelement, text, jsonb, text, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads JSON content given as text as rows of the given type; settings as for etl_read_json';

CREATE FUNCTION etl_parse_json(
	content json,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_parse_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_json(
	json, text, jsonb, text, text, text, text, jsonb, text, text, text, text,
	bigint, numeric, jsonb)
IS 'reads JSON content given as json as rows of the columns that the query lists; settings as for etl_read_json';

CREATE FUNCTION etl_parse_json(
	content json,
	row_type anyelement,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_parse_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_json(
	json, anyelement, text, jsonb, text, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads JSON content given as json as rows of the given type; settings as for etl_read_json';

CREATE FUNCTION etl_parse_json(
	content jsonb,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_parse_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_json(
	jsonb, text, jsonb, text, text, text, text, jsonb, text, text, text, text,
	bigint, numeric, jsonb)
IS 'reads JSON content given as jsonb as rows of the columns that the query lists; settings as for etl_read_json';

CREATE FUNCTION etl_parse_json(
	content jsonb,
	row_type anyelement,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_parse_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_json(
	jsonb, anyelement, text, jsonb, text, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads JSON content given as jsonb as rows of the given type; settings as for etl_read_json';

CREATE FUNCTION etl_parse_json(
	content bytea,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_parse_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_json(
	bytea, text, jsonb, text, text, text, text, jsonb, text, text, text, text,
	bigint, numeric, jsonb)
IS 'reads JSON content given as bytea as rows of the columns that the query lists; settings as for etl_read_json';

CREATE FUNCTION etl_parse_json(
	content bytea,
	row_type anyelement,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	format text DEFAULT NULL,
	missing text DEFAULT NULL,
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
AS 'MODULE_PATHNAME', 'etl_parse_json'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 1000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_parse_json(
	bytea, anyelement, text, jsonb, text, text, text, text, jsonb, text, text,
	text, text, bigint, numeric, jsonb)
IS 'reads JSON content given as bytea as rows of the given type; settings as for etl_read_json';
