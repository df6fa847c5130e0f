-- Loads: from sources and queries into tables, columns, limits, errors.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
DELETE FROM etl.dead_letter;

-- what a load did, without what differs between runs
CREATE FUNCTION load(target regclass, source text, options jsonb DEFAULT '{}', format text DEFAULT NULL, on_error text DEFAULT 'dead_letter') RETURNS text LANGUAGE sql AS
$$ SELECT format('read %s, inserted %s, rejected %s, suppressed %s', rows_read, rows_inserted, rows_rejected, rows_suppressed)
   FROM etl_load(target, source, format => format, options => options, on_error => on_error) $$;
CREATE FUNCTION load_query(target regclass, query text) RETURNS text LANGUAGE sql AS
$$ SELECT format('read %s, inserted %s, rejected %s, suppressed %s', rows_read, rows_inserted, rows_rejected, rows_suppressed)
   FROM etl_load_query(target, query) $$;
CREATE VIEW dead AS SELECT d.line, d.record_no, d.byte_offset, d.raw, d.record, d.stage, d.sqlstate, d.message, d.detail, d.column_name, d.constraint_name, d.target
FROM etl.dead_letter d ORDER BY d.line, d.record_no, d.dead_letter_id;

-- every kind of bad record that a plain table knows
CREATE TABLE sales (id int PRIMARY KEY, name text NOT NULL, amount numeric CHECK (amount > 0), sold date, region text DEFAULT 'west');
SELECT FROM write('sales.csv', E'id,name,amount,sold\n1,ann,1.50,2024-01-01\n2,,2,2024-01-02\n3,cid,-1,2024-01-03\n4,dan,4,2024-02-30\n5,eve,5\n1,ann again,6,2024-01-06\n7,\\377,7,2024-01-07\n8,"gus,8,2024-01-08\n9,hal,9,2024-01-09\n'::bytea);
SELECT rows_read, rows_inserted, rows_updated, rows_unchanged, rows_deleted, rows_rejected, rows_suppressed, duplicates_dropped, mode, status, source = file('sales.csv') AS source, target, label, bytes_read, requests, retries, error, details, owner = current_user AS mine, started_at <= finished_at AS took
FROM etl_load('sales', file('sales.csv'), label => 'first');
SELECT * FROM sales;
SELECT * FROM dead;
SELECT DISTINCT d.load_id = l.load_id AS same, d.format, d.status, d.attempts FROM etl.dead_letter d, etl.load l WHERE l.label = 'first';
-- the same again: all of it is bad by now
SELECT load('sales', file('sales.csv'));
SELECT count(*), count(DISTINCT load_id) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;

-- other ways with bad records
TRUNCATE sales;
SELECT load('sales', file('sales.csv'), on_error => 'skip');
TRUNCATE sales;
SELECT load('sales', file('sales.csv'), on_error => 'null');
SELECT * FROM sales WHERE sold IS NULL;
TRUNCATE sales;
SELECT failure($$ SELECT load('sales', file('sales.csv'), on_error => 'abort') $$);
SELECT count(*) FROM sales;
SELECT count(*) FROM etl.dead_letter;

-- limits: nothing is kept
SELECT rows_rejected FROM etl_load('sales', file('sales.csv'), reject_limit => 7);
TRUNCATE sales;
DELETE FROM etl.dead_letter;
SELECT failures(
	$$ SELECT FROM etl_load('sales', file('sales.csv'), reject_limit => 6) $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), reject_limit_percent => 50) $$,
	$$ SELECT FROM etl_load_query('sales', 'SELECT g AS id FROM generate_series(1, 3) g', reject_limit => 1) $$);
SELECT count(*) FROM sales;
SELECT count(*) FROM etl.dead_letter;
SELECT count(*) FROM etl.load WHERE label = 'first';

-- columns: by name, in any order, or by position
CREATE TABLE cols (a int, "B c" text, d int DEFAULT 7, s serial);
SELECT FROM write('cols1.csv', E'D,b C,a,none\n1,x,2,3\n');
SELECT load('cols', file('cols1.csv'));
SELECT FROM write('cols2.csv', E'5,y\n6,z\n');
SELECT load('cols', file('cols2.csv'), '{"header": false}');
SELECT FROM write('cols3.csv', E'5,y,6,9,10\n');
SELECT load('cols', file('cols3.csv'), '{"header": false}');
SELECT FROM write('cols4.csv', E'one,two\n8,v\n');
SELECT failure($$ SELECT load('cols', file('cols4.csv')) $$);
SELECT load('cols', file('cols4.csv'), '{"columns": {"a": "one"}}');
SELECT failure($$ SELECT load('cols', file('cols4.csv'), '{"columns": {"a": "three"}}') $$);
SELECT failure($$ SELECT load('cols', file('cols4.csv'), '{"columns": {"e": "one"}}') $$);
SELECT * FROM cols ORDER BY s;
-- files of which one lacks a column
TRUNCATE cols;
SELECT FROM write('several1.csv', E'a,d\n1,2\n') a, write('several2.csv', E'a\n3\n') b, write('several3.csv', E'd,a\n,5\n') c;
SELECT load('cols', file('several?.csv'));
SELECT a, d FROM cols ORDER BY a;
-- an empty source, one with a header only
TRUNCATE cols;
SELECT FROM write('empty.csv', '') a, write('header.csv', E'a,d\n') b;
SELECT load('cols', file('empty.csv'));
SELECT load('cols', file('header.csv'));
-- special columns
CREATE TABLE traced (a int, etl_source text, etl_line bigint, etl_record_no bigint, etl_offset bigint, etl_raw text, etl_record jsonb);
SELECT load('traced', file('several1.csv'));
SELECT a, etl_source = file('several1.csv') AS source, etl_line, etl_record_no, etl_offset, etl_raw, etl_record FROM traced;

-- JSON: a member that a record lacks is a default, a null is null
CREATE TABLE j (id int, n numeric DEFAULT 1.5, tags text[], o jsonb, s text DEFAULT 'none');
SELECT FROM write('j.json', E'{"id": 1, "n": 12345678901234567890.10, "tags": ["a", "b"], "o": {"x": [1]}}\n{"id": 2, "n": null, "s": "\\u0041"}\n{"id": "x"}\n{"id": 3, "s": null, "more": 1}\nnot json\n');
SELECT load('j', file('j.json'));
SELECT * FROM j ORDER BY id;
SELECT line, raw, stage, sqlstate, column_name FROM dead WHERE target = 'j'::regclass;

-- dropped, generated and identity columns, domains
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN present AS text NOT NULL;
CREATE FUNCTION even(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF $1 = 13 THEN RAISE 'unlucky'; END IF; RETURN $1 % 2 = 0; END $$;
CREATE DOMAIN even_number AS int CHECK (test.even(VALUE));
CREATE TABLE special (x int, id int GENERATED ALWAYS AS IDENTITY, n int GENERATED BY DEFAULT AS IDENTITY, a int, b int GENERATED ALWAYS AS (100 / a) STORED, p positive, e even_number, CHECK (b < 60));
ALTER TABLE special DROP COLUMN x;
SELECT load_query('special', 'SELECT g AS a, g - 2 AS p, 5 AS b, 7 AS id, 2 * g AS e FROM generate_series(0, 5) g');
SELECT load_query('special', 'SELECT 10 AS a, g AS e FROM generate_series(10, 14) g');
SELECT * FROM special;
SELECT record, stage, sqlstate, message, column_name, constraint_name FROM dead WHERE target = 'special'::regclass;
CREATE TABLE lacking (a int, p present);
SELECT load_query('lacking', 'SELECT 1 AS a');
SELECT record, stage, sqlstate, message, column_name FROM dead WHERE target = 'lacking'::regclass;

-- a query's values are cast as INSERT casts them, and text is read
CREATE TABLE cast_to (i int, v varchar(3), d date, s smallint, b boolean);
SELECT load_query('cast_to', $$ SELECT x AS i, x AS v, y AS d FROM (VALUES ('1', '2024-01-01'), ('12345', '2024-01-01'), ('a', '2024-01-01'), ('2', 'never')) t(x, y) $$);
SELECT load_query('cast_to', $$ SELECT 100000::bigint * g AS s, 'abcd' AS v FROM generate_series(0, 2) g $$);
SELECT * FROM cast_to;
SELECT stage, sqlstate, message, column_name, record FROM dead WHERE target = 'cast_to'::regclass;
SELECT failures(
	$$ SELECT load_query('cast_to', 'SELECT now() AS b') $$,
	$$ SELECT load_query('cast_to', 'SELECT 1 AS x') $$,
	$$ SELECT load_query('cast_to', 'SELECT') $$,
	$$ SELECT load_query('cast_to', 'SELECT 1; SELECT 2') $$,
	$$ SELECT load_query('cast_to', 'DELETE FROM cast_to RETURNING i') $$,
	$$ SELECT load_query('cast_to', 'SELECT 1/0 AS i') $$,
	$$ SELECT load_query('cast_to', 'nonsense') $$);
-- a query over the target sees it as it was
TRUNCATE cast_to;
INSERT INTO cast_to (i) VALUES (1), (2);
SELECT load_query('cast_to', 'SELECT i + 10 AS i FROM cast_to');
SELECT i FROM cast_to ORDER BY i;

-- modes
SELECT rows_deleted, rows_inserted FROM etl_load_query('cast_to', 'SELECT 5 AS i UNION ALL SELECT 6', mode => 'replace');
SELECT rows_deleted, rows_inserted FROM etl_load_query('cast_to', 'SELECT 6 AS i UNION ALL SELECT 6', mode => 'slice', slice => 'i = 6');
SELECT i FROM cast_to ORDER BY i;

-- arguments
SELECT failures(
	$$ SELECT FROM etl_load(NULL, 'x') $$,
	$$ SELECT FROM etl_load('sales', NULL) $$,
	$$ SELECT FROM etl_load_query('sales', NULL) $$,
	$$ SELECT FROM etl_load('sales', 'x', mode => 'merge') $$,
	$$ SELECT FROM etl_load('sales', 'x', on_error => 'ignore') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), options => '{"on_error": "skip"}') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), options => '{"reject_limit": 3}') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), options => '{"reject_limit": 3}', reject_limit => 3) $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), options => '{"nonsense": 1}') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), format => 'xml') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), mode_options => '{"nonsense": 1}') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), mode_options => '{"replace_by": "rewrite"}') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), mode => 'slice') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), slice => 'true') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), key => '{id}') $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), reject_limit => -1) $$,
	$$ SELECT FROM etl_load('sales', file('sales.csv'), reject_limit_percent => 101) $$,
	$$ SELECT FROM etl_load('sales', file('absent.csv')) $$,
	$$ SELECT FROM etl_load('sales_pkey', file('sales.csv')) $$,
	$$ SELECT FROM etl_load('etl.load_load_id_seq', file('sales.csv')) $$);
BEGIN READ ONLY;
SELECT FROM etl_load('sales', file('sales.csv'));
\echo :SQLSTATE
ROLLBACK;

-- all of it belongs to the transaction
DELETE FROM etl.dead_letter;
TRUNCATE sales;
BEGIN;
SELECT load('sales', file('sales.csv'));
SELECT count(*) FROM etl.dead_letter;
ROLLBACK;
SELECT (SELECT count(*) FROM sales), (SELECT count(*) FROM etl.dead_letter);
DROP DOMAIN even_number CASCADE;
