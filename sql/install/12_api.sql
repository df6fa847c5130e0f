/*
 * 12_api.sql
 *	  The function that reads web APIs; see 10_csv.sql for how settings are given.
 */

CREATE FUNCTION etl_read_api(
	url text,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	pagination jsonb DEFAULT NULL,
	params jsonb DEFAULT NULL,
	headers jsonb DEFAULT NULL,
	method text DEFAULT NULL,
	body jsonb DEFAULT NULL,
	server text DEFAULT NULL,
	format text DEFAULT NULL,
	max_pages integer DEFAULT NULL,
	rate_limit float8 DEFAULT NULL,
	retries integer DEFAULT NULL,
	timeout interval DEFAULT NULL,
	deadline interval DEFAULT NULL,
	concurrency integer DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'etl_read_api'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 10000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_read_api(
	text, text, jsonb, jsonb, jsonb, jsonb, text, jsonb, text, text, integer,
	float8, integer, interval, interval, integer, text, bigint, numeric,
	jsonb)
IS 'reads the pages of a web API as rows of the columns that the query lists. Defaults: records $, as in etl_read_json; pagination {"type": "auto"}; method GET; format json; no max_pages; no rate_limit; retries 5; timeout 30 s for each request; no deadline; concurrency 4; on_error abort; no reject limits.';

CREATE FUNCTION etl_read_api(
	url text,
	row_type anyelement,
	records text DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	pagination jsonb DEFAULT NULL,
	params jsonb DEFAULT NULL,
	headers jsonb DEFAULT NULL,
	method text DEFAULT NULL,
	body jsonb DEFAULT NULL,
	server text DEFAULT NULL,
	format text DEFAULT NULL,
	max_pages integer DEFAULT NULL,
	rate_limit float8 DEFAULT NULL,
	retries integer DEFAULT NULL,
	timeout interval DEFAULT NULL,
	deadline interval DEFAULT NULL,
	concurrency integer DEFAULT NULL,
	on_error text DEFAULT NULL,
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'etl_read_api'
LANGUAGE C VOLATILE PARALLEL RESTRICTED
ROWS 10000 SUPPORT @extschema@.etl_reader_support;

COMMENT ON FUNCTION etl_read_api(
	text, anyelement, text, jsonb, jsonb, jsonb, jsonb, text, jsonb, text,
	text, integer, float8, integer, interval, interval, integer, text,
	bigint, numeric, jsonb)
IS 'reads the pages of a web API as rows of the given type. Defaults: records $, as in etl_read_json; pagination {"type": "auto"}; method GET; format json; no max_pages; no rate_limit; retries 5; timeout 30 s for each request; no deadline; concurrency 4; on_error abort; no reject limits.';
