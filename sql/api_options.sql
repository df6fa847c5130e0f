-- Settings of etl_read_api: which there are, which values they take.  Nothing is
-- requested: what is wrong is refused before.  What comes over a network is
-- tested in test/tap.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
CREATE FUNCTION reading(options jsonb, url text DEFAULT 'https://a.invalid/x')
RETURNS text LANGUAGE sql AS
$$ SELECT failure(format('SELECT * FROM etl_read_api(%L, options => %L) AS t(a int)', url, options)) $$;
CREATE FUNCTION paging(pagination jsonb, more jsonb DEFAULT '{}')
RETURNS text LANGUAGE sql AS
$$ SELECT reading(more || jsonb_build_object('pagination', pagination)) $$;

-- a URL that is null has no rows
SELECT count(*) FROM etl_read_api(NULL) AS t(a text);
CREATE TYPE pair AS (a int, b text);
SELECT count(*) FROM etl_read_api(NULL, NULL::pair);

-- Settings that are well are followed by the question who may read.
CREATE ROLE regress_etl_api;
GRANT USAGE ON SCHEMA test TO regress_etl_api;
SET ROLE regress_etl_api;
-- every setting as an argument and in "options"
SELECT failures(
$$SELECT * FROM etl_read_api('https://a.invalid/x', records => '$.data[*]',
	columns => '{"a": "$.b"}', pagination => '{"type": "cursor", "path": "$.next", "param": "after", "in": "body"}',
	params => '{"q": [1, "x"]}', headers => '{"X-A": "b"}', method => 'POST',
	body => '{"a": 1}', format => 'json', max_pages => 3,
	rate_limit => 0.5, retries => 0, timeout => '1 s', deadline => '1 hour',
	concurrency => 2, on_error => 'skip', reject_limit => 1,
	reject_limit_percent => 2.5, options => '{}') AS t(a int)$$,
$$SELECT * FROM etl_read_api('https://a.invalid/x', NULL::test.pair, options => '{"records": "$.data[*]",
	"columns": {"a": "$.b"}, "pagination": {"type": "none"},
	"params": {"q": [1, "x"]}, "headers": {"X-A": "b"}, "method": "get",
	"format": "json", "max_pages": 3, "rate_limit": 0.5, "retries": 0,
	"timeout": "1 s", "deadline": "1 hour", "concurrency": 2, "on_error": "skip",
	"reject_limit": 1, "reject_limit_percent": 2.5, "idempotent": true,
	"timeout_ms": 1, "connect_timeout_ms": 1, "retry_max_wait_ms": 1,
	"max_bytes": 1, "max_redirects": 1, "allow_no_records": true,
	"missing": "error", "encoding": "UTF8", "compression": "none",
	"decimal_separator": ",", "thousands_separator": ".", "date_formats": {}}')$$,
$$SELECT * FROM etl_read_api('https://a.invalid/x', format => 'csv', options => '{
	"delimiter": ";", "quote": "", "escape": "", "header": true,
	"null_strings": ["-"], "quoted_nulls": true, "comment": "#", "skip": 1,
	"header_rows": 1, "stop_at_blank": true, "skip_footer": 1,
	"trim_fields": true, "ragged": "pad"}') AS t(a int)$$,
-- null is "not given"
$$SELECT * FROM etl_read_api('https://a.invalid/x', records => NULL, columns => NULL, pagination => NULL,
	params => NULL, headers => NULL, method => NULL, body => NULL,
	server => NULL, format => NULL, max_pages => NULL, rate_limit => NULL,
	retries => NULL, timeout => NULL, deadline => NULL, concurrency => NULL,
	on_error => NULL, reject_limit => NULL, reject_limit_percent => NULL,
	options => NULL) AS t(a int)$$);
-- every pagination
SELECT p, paging(p) FROM unnest(ARRAY[
	'{"type": "auto"}', '{"type": "none"}', '{"type": "link_header"}', '{"type": "LINK_HEADER"}',
	'{"type": "next_url", "path": "$.links.next"}', '{"type": "next_url", "path": "links.next"}',
	'{"type": "next_url", "path": "$[''@odata.nextLink'']"}', '{"type": "next_url", "path": "$.links[0].href"}',
	'{"type": "cursor", "path": "$.next", "param": "cursor"}', '{"type": "cursor", "path": "$.next"}',
	'{"type": "cursor", "header": "X-Next", "param": "X-Page", "in": "header", "stop": "$.has_more"}',
	'{"type": "page"}', '{"type": "page", "size": 50}',
	'{"type": "page", "param": "p", "start": 0, "size_param": "n", "size": 50, "total_pages": "$.pages", "in": "query", "end_status": [404, 416]}',
	'{"type": "offset"}',
	'{"type": "offset", "param": "skip", "limit_param": "top", "limit": 50, "total": "$.count", "start": 7}']::jsonb[]) AS p;
RESET ROLE;

-- unknown names, given twice, wrong types
SELECT o, reading(o) FROM unnest(ARRAY[
	'{"page": 1}', '{"url": "https://b.invalid"}', '{"row_type": 1}', '{"source": "/x"}']::jsonb[]) AS o;
SELECT failures(
	$$SELECT * FROM etl_read_api('https://a.invalid/x', params => '{}', options => '{"params": {}}') AS t(a int)$$,
	$$SELECT * FROM etl_read_api('https://a.invalid/x', timeout => '1 s', options => '{"timeout": "1 s"}') AS t(a int)$$,
	$$SELECT * FROM etl_read_api('https://a.invalid/x', retries => 1, options => '{"retries": 1}') AS t(a int)$$);
SELECT o, reading(o) FROM unnest(ARRAY[
	'{"records": 1}', '{"records": "$.a["}', '{"records": ""}', '{"pagination": "none"}', '{"params": [1]}', '{"headers": {"Authorization": "Bearer s3cret"}}',
	'{"method": "DELETE"}', '{"method": 1}', '{"format": "xml"}',
	'{"max_pages": 0}', '{"max_pages": 1.5}', '{"rate_limit": 0}', '{"rate_limit": -1}', '{"retries": -1}', '{"retries": 101}',
	'{"timeout": "x"}', '{"timeout": 30}', '{"timeout": "0"}', '{"timeout": "-1 s"}', '{"deadline": "0.4 ms"}', '{"deadline": "-1 month"}',
	'{"concurrency": 0}', '{"concurrency": 65}', '{"on_error": "ignore"}', '{"missing": "x"}']::jsonb[]) AS o;
-- what doesn't go together
SELECT o, reading(o) FROM unnest(ARRAY[
	'{"body": {}}', '{"body": {}, "method": "GET"}',
	'{"delimiter": ";"}', '{"format": "csv", "records": "$.a[*]"}', '{"format": "csv", "missing": "null"}']::jsonb[]) AS o;

-- pagination: its type
SELECT p, paging(p) FROM unnest(ARRAY[
	'[]', '"none"', 'true', '{}', '{"type": null}', '{"type": 1}', '{"type": "scroll"}', '{"type": "Page", "style": 1}']::jsonb[]) AS p;
-- its members
SELECT p, paging(p) FROM unnest(ARRAY[
	'{"type": "auto", "param": "page"}', '{"type": "none", "path": "$.next"}', '{"type": "link_header", "rel": "next"}',
	'{"type": "next_url"}', '{"type": "next_url", "path": null}', '{"type": "next_url", "path": ""}', '{"type": "next_url", "path": "$"}',
	'{"type": "next_url", "path": "$.a["}', '{"type": "next_url", "path": "$.a[*]"}', '{"type": "next_url", "path": "$..a"}', '{"type": "next_url", "path": 1}', '{"type": "next_url", "path": "$.a", "param": "x"}',
	'{"type": "cursor"}', '{"type": "cursor", "param": "c"}', '{"type": "cursor", "param": "c", "path": "$.next", "header": "X-Next"}',
	'{"type": "cursor", "param": "c", "path": "$.next", "in": "url"}', '{"type": "cursor", "param": "c", "path": "$.next", "in": "body"}', '{"type": "cursor", "param": "c", "path": "$.next", "stop": "$."}',
	'{"type": "cursor", "param": "Authorization", "path": "$.next", "in": "header"}', '{"type": "cursor", "param": "a b", "path": "$.next", "in": "header"}',
	'{"type": "page", "size_param": "n"}', '{"type": "page", "size_param": "n", "size": 0}', '{"type": "page", "start": -1}', '{"type": "page", "start": "1"}', '{"type": "page", "total": "$.n"}', '{"type": "page", "total_pages": 5}', '{"type": "page", "limit": 5}', '{"type": "page", "end_status": 404}', '{"type": "page", "end_status": ["x"]}',
	'{"type": "offset", "limit_param": "n"}', '{"type": "offset", "limit": 0}', '{"type": "offset", "size": 10}', '{"type": "offset", "total_pages": "$.n"}']::jsonb[]) AS p;
SELECT paging('{"type": "offset"}', '{"records": "$.a[*].b[*]"}');
SELECT paging('{"type": "cursor", "param": "c", "path": "$.next", "in": "body"}', '{"method": "POST", "body": [1]}');
SELECT p, paging(p, '{"format": "csv"}') FROM unnest(ARRAY[
	'{"type": "next_url", "path": "$.next"}', '{"type": "cursor", "path": "$.next", "param": "c"}', '{"type": "cursor", "header": "X-Next", "param": "c", "stop": "$.more"}',
	'{"type": "page", "total_pages": "$.n"}', '{"type": "offset", "total": "$.n"}']::jsonb[]) AS p;

-- what is no URL
SELECT url, reading('{}', url) FROM unnest('{/x,file:///x,x,ftp://a.invalid/x,https://,https://user:s3cret@a.invalid/x,""}'::text[]) AS url;

-- the plan shows no secrets
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_api('https://a.invalid/x?api_key=s3cret&q=1', server => 'crm') AS t(a int);

DROP OWNED BY regress_etl_api;
DROP ROLE regress_etl_api;
