-- URLs as sources: what is refused before anything is sent.  What comes over a
-- network is tested in test/tap.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
-- the error of reading a URL with these options
CREATE FUNCTION reading(url text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT failure(format('SELECT * FROM etl_read_csv(%L, options => %L) AS t(a int)', url, options)) $$;

-- settings of the transport: types and ranges
SELECT o, reading('https://a.invalid/x', o) FROM unnest(ARRAY[
	'{"headers": 1}', '{"headers": ["X-A"]}', '{"headers": {"X-A": [1]}}', '{"headers": {"X A": "1"}}', '{"headers": {"X-A": "1\r\nX-B: 2"}}',
	'{"params": "a=1"}', '{"params": [1]}', '{"params": {"a": {"b": 1}}}',
	'{"timeout_ms": 0}', '{"timeout_ms": "1"}', '{"timeout_ms": 2147483648}',
	'{"connect_timeout_ms": 0}', '{"connect_timeout_ms": 1.5}',
	'{"retries": -1}', '{"retries": 101}',
	'{"retry_max_wait_ms": -1}',
	'{"max_bytes": 0}', '{"max_bytes": 9223372036854775808}',
	'{"max_redirects": -1}', '{"max_redirects": 6}',
	'{"idempotent": true}', '{"rate_limit": 1}', '{"verify": false}']::jsonb[]) AS o;
-- credentials have no place in a call
SELECT o, reading('https://a.invalid/x', o) FROM unnest(ARRAY[
	'{"headers": {"Authorization": "Bearer s3cret"}}', '{"headers": {"cookie": "s3cret"}}',
	'{"headers": {"X-Api-Key": "s3cret"}}']::jsonb[]) AS o;
SELECT reading('https://user:s3cret@a.invalid/x');
SELECT reading('https://user@a.invalid/x');
-- files and content aren't fetched
SELECT reading('/x', '{"timeout_ms": 1}');
SELECT reading('file:///x', '{"headers": {}}');
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', options => '{"retries": 0}') AS t(a int)$$,
	$$SELECT * FROM etl_csv_rows('/x', options => '{"max_bytes": 1}')$$,
	$$SELECT * FROM etl_sniff_csv('/x', options => '{"max_bytes": 1}')$$,
	$$SELECT * FROM etl_describe('/x', 'csv', options => '{"max_redirects": 1}')$$);
-- null is "not given"
SELECT * FROM etl_parse_csv(E'a\n1\n', options => '{"headers": null, "retries": null}') AS t(a int);

-- what is no http or https URL
SELECT url, reading(url) FROM unnest('{ftp://a.invalid/x,https://,https:///x,http:a.invalid/x,https:/a.invalid/x,gopher://user:s3cret@a.invalid/x,//a.invalid/x}'::text[]) AS url;

-- servers: there must be one, of our own wrapper, and USAGE on it
CREATE SERVER urls_server FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'https://a.invalid/v1/');
CREATE FOREIGN DATA WRAPPER urls_wrapper;
CREATE SERVER urls_other FOREIGN DATA WRAPPER urls_wrapper;
SELECT reading('x', '{"server": "urls_nobody"}');
SELECT reading('x', '{"server": "urls_other"}');
SELECT reading('https://b.invalid/v1/x', '{"server": "urls_server"}');
SELECT reading('../v2/x', '{"server": "urls_server"}');

-- who may read
CREATE ROLE regress_etl_urls;
GRANT USAGE ON SCHEMA test TO regress_etl_urls;
GRANT pg_read_server_files TO regress_etl_urls;
PREPARE reading AS SELECT * FROM etl_read_csv('https://a.invalid/x') AS t(a int);
PREPARE server_reading AS SELECT * FROM etl_read_csv('x', server => 'urls_server') AS t(a int);
SET ROLE regress_etl_urls;
SELECT reading('https://a.invalid/x');
SELECT reading('x', '{"server": "urls_server"}');
SELECT failures(
	'EXECUTE reading', 'EXECUTE server_reading',
	$$SELECT * FROM etl_csv_rows('https://a.invalid/x')$$,
	$$SELECT * FROM etl_sniff_csv('https://a.invalid/x')$$,
	$$SELECT * FROM etl_describe('https://a.invalid/x')$$,
	$$SELECT etl_create_table('t', 'https://a.invalid/x')$$,
	$$SELECT etl_create_view('v', 'https://a.invalid/x')$$,
	$$SELECT * FROM etl_sniff_csv('x', server => 'urls_server')$$,
	$$SELECT * FROM etl_describe('x', options => '{"server": "urls_server"}')$$);
RESET ROLE;
SET pg_etl.allowed_urls = 'https://a.invalid/y/';
SET ROLE regress_etl_urls;
SELECT reading('https://a.invalid/x');
RESET ROLE;
RESET pg_etl.allowed_urls;
-- a view's source is read with the rights of who reads the view
CREATE VIEW urls_view AS SELECT * FROM etl_read_csv('https://a.invalid/x') AS t(a int);
GRANT SELECT ON urls_view TO regress_etl_urls;
SET ROLE regress_etl_urls;
SELECT failure('SELECT * FROM urls_view');
RESET ROLE;
DROP VIEW urls_view;

-- special addresses, however they are written
SELECT url, split_part(reading(url, '{"retries": 0}'), ' ', 1) FROM unnest('{http://127.0.0.1/,http://[::1]/,http://2130706433/,http://169.254.169.254/,http://[::ffff:10.0.0.1]/}'::text[]) AS url;

-- a plan tells the source without its secrets, and asks nobody
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv('https://a.invalid/x?day=1&token=s3cret') AS t(a int);
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv('https://user:s3cret@a.invalid/x') AS t(a int);
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv('s3://user:s3cret@a.invalid/x') AS t(a int);
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv('x?api_key=s3cret', server => 'urls_server') AS t(a int);
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv('/data/*.csv') AS t(a int);
EXPLAIN SELECT * FROM etl_read_csv('https://a.invalid/x') AS t(a int);

DROP SERVER urls_server;
DROP FOREIGN DATA WRAPPER urls_wrapper CASCADE;
DROP OWNED BY regress_etl_urls;
DROP ROLE regress_etl_urls;
