-- The scan node: where it stands, what it needs, and that it gives the rows
-- that the function itself gives.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
SELECT FROM write('scan.csv', E'id,name,amount\n1,Ann,1.5\n2,Bob,2.5\n3,Eve,3.5\n4,Dan,4.5\n5,,\n');
CREATE TYPE scan_row AS (id int, name text, amount numeric);
CREATE FUNCTION rows() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT E'id,name\n1,a\n2,b\n3,c\n' $$;

-- plans; a source that isn't there is no reason not to show one
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv(file('scan.csv')) AS t(id int, name text, amount numeric);
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_row);
EXPLAIN (COSTS OFF) SELECT * FROM etl_csv_rows(file('scan.csv'));
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv('/nowhere.csv') AS t(id int);
EXPLAIN (COSTS OFF) SELECT * FROM etl_parse_csv(rows()) AS t(id int);
EXPLAIN (COSTS OFF) SELECT * FROM etl_parse_csv(rows()::bytea, NULL::scan_row);
EXPLAIN (COSTS OFF) SELECT name FROM etl_read_csv(file('scan.csv')) AS t(id int, name text, amount numeric) WHERE id > 2 ORDER BY amount LIMIT 1;
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('scan.csv')) AS t(id int) WHERE false;
EXPLAIN (COSTS OFF) SELECT * FROM (VALUES (1), (2)) AS v(i), LATERAL etl_csv_rows(file('scan.csv'), skip => i) AS r;
-- where it doesn't stand
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_row) WITH ORDINALITY;
EXPLAIN (COSTS OFF) SELECT * FROM ROWS FROM (etl_csv_rows(file('scan.csv')), generate_series(1, 2));
EXPLAIN (COSTS OFF) SELECT etl_read_csv(file('scan.csv'), NULL::scan_row);
-- what was done
SELECT explain_analyze($$SELECT sum(amount) FROM etl_read_csv(file('scan.csv'), on_error => 'skip') AS t(id int, amount numeric)$$);
SELECT explain_analyze($$SELECT * FROM etl_read_csv(file('scan.csv')) AS t(id int) LIMIT 2$$);
SELECT explain_analyze($$SELECT * FROM generate_series(1, 3) AS i, LATERAL (SELECT * FROM etl_read_csv(file('scan.csv')) AS t(id int) WHERE id = i OFFSET 0) AS s$$);
SET client_min_messages = error;
SELECT explain_analyze($$SELECT * FROM etl_parse_csv(E'id\n1\nx\n3\n', header => true, on_error => 'skip') AS t(id int)$$);
RESET client_min_messages;

-- projection: order, repetition, expressions, none at all
SELECT amount, id, amount FROM etl_read_csv(file('scan.csv')) AS t(id int, name text, amount numeric) WHERE name LIKE '%n';
SELECT count(*), count(name), sum(amount) FILTER (WHERE id > 2) FROM etl_read_csv(file('scan.csv')) AS t(id int, name text, amount numeric);
SELECT 'x' FROM etl_read_csv(file('scan.csv')) AS t(id int) LIMIT 2;
SELECT FROM etl_read_csv(file('scan.csv')) AS t(id int) OFFSET 4;
SELECT id % 2 AS odd, string_agg(name, '+' ORDER BY name DESC) FROM etl_read_csv(file('scan.csv')) AS t(id int, name text) GROUP BY 1 ORDER BY 1;
SELECT id, row_number() OVER (ORDER BY id DESC), lag(name) OVER (ORDER BY id) FROM etl_read_csv(file('scan.csv')) AS t(id int, name text) ORDER BY id;
SELECT DISTINCT amount > 2 FROM etl_read_csv(file('scan.csv')) AS t(amount numeric) ORDER BY 1;
-- columns under other names
SELECT b, a FROM etl_read_csv(file('scan.csv'), NULL::scan_row) AS t(a, b) LIMIT 1;

-- whole rows
SELECT t FROM etl_read_csv(file('scan.csv')) AS t(id int, name text, amount numeric) LIMIT 2;
SELECT t, t.id, t.* FROM etl_read_csv(file('scan.csv'), NULL::scan_row) AS t LIMIT 1;
SELECT to_jsonb(t) FROM etl_read_csv(file('scan.csv')) AS t(id int, name text) LIMIT 1;
SELECT (t).name, (s.t).id FROM (SELECT t FROM etl_read_csv(file('scan.csv'), NULL::scan_row) AS t OFFSET 3) AS s;
SELECT pg_typeof(t) FROM etl_read_csv(file('scan.csv'), NULL::scan_row) AS t LIMIT 1;
SELECT t IS NULL, t IS NOT NULL, count(t) FROM etl_read_csv(file('scan.csv')) AS t(name text, amount numeric) GROUP BY 1, 2 ORDER BY 1, 2;

-- joins and rescans
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT a.id, b.name FROM etl_read_csv(file('scan.csv')) AS a(id int), etl_read_csv(file('scan.csv')) AS b(id int, name text) WHERE a.id = b.id + 1 ORDER BY 1;
RESET enable_material;
SELECT a.id, b.name FROM etl_read_csv(file('scan.csv')) AS a(id int) LEFT JOIN etl_parse_csv(rows()) AS b(id int, name text) USING (id) ORDER BY 1;
RESET enable_mergejoin;
RESET enable_hashjoin;
SELECT a.id, b.name FROM etl_read_csv(file('scan.csv')) AS a(id int) FULL JOIN etl_parse_csv(rows()) AS b(id int, name text) ON a.id = b.id + 3 ORDER BY 1, 2;

-- lateral: content of a table's rows, settings and sources from columns
CREATE TABLE upload (id int, body text, bytes bytea, delimiter text);
INSERT INTO upload VALUES (1, E'a;b\n1;x\n2;y\n', NULL, ';'), (2, NULL, NULL, ','), (3, '', '', ','), (4, E'a,b\n3,z\n', convert_to(E'a,b\n4,ü\n', 'UTF8'), ',');
SELECT u.id, t.* FROM upload u, etl_parse_csv(u.body, delimiter => u.delimiter, header => true) AS t(a int, b text) ORDER BY 1, 2;
SELECT u.id, t.* FROM upload u LEFT JOIN LATERAL etl_parse_csv(u.bytes, header => true) AS t(a int, b text) ON true ORDER BY 1;
CREATE TYPE ab AS (a int, b text);
SELECT u.id, t.a FROM upload u, etl_parse_csv(u.body, NULL::ab, header => true) AS t WHERE t.a > 1 ORDER BY 1, 2;
SELECT u.id, (SELECT string_agg(b, '') FROM etl_parse_csv(u.body, header => true) AS t(b text)) FROM upload u ORDER BY 1;
SELECT u.id FROM upload u WHERE 'z' IN (SELECT b FROM etl_parse_csv(u.body, header => true) AS t(b text));
SELECT count(*) FROM unnest(ARRAY[file('scan.csv'), file('scan.csv')]) AS f, etl_read_csv(f) AS t(id int);
-- content that is stored out of line
INSERT INTO upload VALUES (5, 'a,b' || E'\n' || (SELECT string_agg(i || ',' || md5(i::text), E'\n') FROM generate_series(1, 5000) AS i), NULL, ',');
SELECT count(*), sum(a), bool_and(b = md5(a::text)) FROM upload u, etl_parse_csv(u.body, header => true) AS t(a int, b text) WHERE u.id = 5;

-- parameters: prepared, generic, in functions, correlated
PREPARE p(text, int) AS SELECT name FROM etl_read_csv($1, header => true) AS t(id int, name text) WHERE id = $2;
EXECUTE p(file('scan.csv'), 1);
SET plan_cache_mode = force_generic_plan;
EXECUTE p(file('scan.csv'), 2);
EXPLAIN (COSTS OFF) EXECUTE p(file('scan.csv'), 2);
EXECUTE p(NULL, 2);
RESET plan_cache_mode;
CREATE FUNCTION name_of(source text, key int) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT name FROM etl_read_csv(source) AS t(id int, name text) WHERE id = key); END $$;
SELECT i, name_of(file('scan.csv'), i) FROM generate_series(1, 6) AS i;
-- a row type that changes between plan and execution
CREATE TABLE shape (id int, name text);
PREPARE q AS SELECT * FROM etl_read_csv(file('scan.csv'), NULL::shape) LIMIT 1;
EXECUTE q;
ALTER TABLE shape ALTER name TYPE varchar(10);
EXECUTE q;
ALTER TABLE shape DROP COLUMN name;
EXECUTE q;
DEALLOCATE q;
PREPARE q AS SELECT id FROM etl_read_csv(file('scan.csv'), NULL::shape) LIMIT 1;
EXECUTE q;
ALTER TABLE shape ADD COLUMN amount float8;
EXECUTE q;

-- cursors
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM etl_read_csv(file('scan.csv')) AS t(id int, name text);
FETCH 2 FROM c;
FETCH 2 FROM c;
FETCH ALL FROM c;
FETCH 1 FROM c;
DECLARE s SCROLL CURSOR FOR SELECT id FROM etl_read_csv(file('scan.csv')) AS t(id int);
FETCH 3 FROM s;
FETCH BACKWARD 1 FROM s;
FETCH ABSOLUTE 5 FROM s;
MOVE ABSOLUTE 0 IN s;
FETCH 1 FROM s;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM etl_read_csv(file('scan.csv')) AS t(id int);
SAVEPOINT sp;
DECLARE i CURSOR FOR SELECT id FROM etl_read_csv(file('scan.csv')) AS t(id int);
FETCH 1 FROM i;
ROLLBACK TO sp;
FETCH 1 FROM h;
COMMIT;
FETCH 2 FROM h;
CLOSE h;

-- statements that write
CREATE TABLE target AS SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_row);
CREATE TABLE empty AS SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_row) WITH NO DATA;
INSERT INTO target SELECT id + 10, upper(name) FROM etl_read_csv(file('scan.csv')) AS t(id int, name text) WHERE id < 3;
UPDATE target SET amount = t.amount * 10 FROM etl_read_csv(file('scan.csv')) AS t(id int, amount numeric) WHERE t.id = target.id - 10 RETURNING target.*, t;
DELETE FROM target USING etl_read_csv(file('scan.csv')) AS t(id int, name text) WHERE t.id = target.id AND t.name > 'C' RETURNING target.id;
MERGE INTO target USING etl_read_csv(file('scan.csv')) AS t(id int, name text) ON t.id = target.id
	WHEN MATCHED THEN UPDATE SET name = 'old ' || t.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (t.id, 'new ' || t.name);
SELECT * FROM target ORDER BY id;
SELECT count(*), (SELECT count(*) FROM empty) FROM target;
COPY (SELECT name FROM etl_read_csv(file('scan.csv')) AS t(name text) LIMIT 2) TO STDOUT;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_row) LIMIT 1;
REFRESH MATERIALIZED VIEW kept;
SELECT * FROM kept;
SELECT id FROM etl_read_csv(file('scan.csv')) AS t(id int) WHERE id = 2 FOR UPDATE;
SELECT target.id, t.name FROM target JOIN etl_read_csv(file('scan.csv')) AS t(id int, name text) USING (id) WHERE id = 2 FOR UPDATE OF target;

-- subqueries, CTEs, set operations, views
WITH a AS (SELECT * FROM etl_read_csv(file('scan.csv')) AS t(id int, name text)), b AS MATERIALIZED (SELECT * FROM a)
	SELECT a.id FROM a JOIN b USING (id) WHERE a.name > b.name OR a.id = 3;
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT id FROM r, etl_parse_csv(rows()) AS t(id int) WHERE id = n + 1) SELECT * FROM r;
SELECT id FROM etl_read_csv(file('scan.csv')) AS t(id int) EXCEPT SELECT id FROM etl_parse_csv(rows()) AS t(id int) ORDER BY 1;
SELECT i FROM generate_series(1, 7) AS i WHERE NOT EXISTS (SELECT FROM etl_read_csv(file('scan.csv')) AS t(id int) WHERE id = i) ORDER BY 1;
SELECT ARRAY(SELECT name FROM etl_read_csv(file('scan.csv')) AS t(name text));
SELECT name, (SELECT count(*) FROM etl_read_csv(file('scan.csv')) AS u(id int) WHERE u.id < t.id) FROM etl_read_csv(file('scan.csv')) AS t(id int, name text);
CREATE VIEW seen AS SELECT id, name FROM etl_read_csv(file('scan.csv')) AS t(id int, name text);
SELECT name FROM seen WHERE id = 4;

-- the same rows from the function itself
CREATE DOMAIN scan_domain AS scan_row;
CREATE FUNCTION same(one text, other text) RETURNS boolean LANGUAGE plpgsql AS
$$
DECLARE
	a text[];
	b text[];
BEGIN
	EXECUTE format('SELECT array_agg(s::text) FROM (%s) AS s', one) INTO a;
	EXECUTE format('SELECT array_agg(s::text) FROM (%s) AS s', other) INTO b;
	RETURN a = b AND cardinality(a) > 0;
END
$$;
SELECT same($$SELECT id, name, amount FROM etl_read_csv(file('scan.csv')) AS t(id int, name text, amount numeric)$$,
	$$SELECT id, name, amount FROM ROWS FROM (etl_read_csv(file('scan.csv')) AS (id int, name text, amount numeric)) WITH ORDINALITY$$);
SELECT same($$SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_row)$$,
	$$SELECT id, name, amount FROM ROWS FROM (etl_read_csv(file('scan.csv'), NULL::scan_row), generate_series(1, 2))$$);
SELECT same($$SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_row)$$, $$SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_domain)$$);
SELECT same($$SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_row)$$, $$SELECT (r).* FROM (SELECT etl_read_csv(file('scan.csv'), NULL::scan_row) AS r OFFSET 0) AS q$$);
SELECT same($$SELECT * FROM etl_csv_rows(file('scan.csv'))$$, $$SELECT line, fields FROM etl_csv_rows(file('scan.csv')) WITH ORDINALITY$$);
SELECT same($$SELECT * FROM etl_csv_rows(file('scan.csv'))$$, $$SELECT (etl_csv_rows(file('scan.csv'))).*$$);
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_domain);
-- a domain's check on the row
ALTER DOMAIN scan_domain ADD CONSTRAINT low CHECK ((VALUE).id < 4);
SELECT failure($$SELECT * FROM etl_read_csv(file('scan.csv'), NULL::scan_domain)$$);
-- a target list, alone, with others, stopped early
SELECT etl_read_csv(file('scan.csv'), NULL::scan_row) LIMIT 1;
SELECT etl_csv_rows(file('scan.csv')), generate_series(1, 2) LIMIT 3;
SELECT id, (etl_parse_csv(body, NULL::ab, delimiter => delimiter, header => true)).* FROM upload WHERE id < 5 ORDER BY 1, 2;
SELECT etl_read_csv(NULL, NULL::scan_row);
-- where a set is out of place
SELECT failures($$SELECT 1 WHERE etl_csv_rows(file('scan.csv')) IS NULL$$, $$SELECT COALESCE(etl_csv_rows(file('scan.csv')), NULL)$$);

-- streams: the end of a source that isn't reached is never seen
SELECT FROM write('scan_bad.csv', repeat(E'1,x\n', 100000) || E'y,z\n');
SELECT * FROM etl_read_csv(file('scan_bad.csv'), header => false) AS t(id int, x text) LIMIT 1;
SELECT failure($$SELECT count(id) FROM etl_read_csv(file('scan_bad.csv'), header => false) AS t(id int, x text)$$);
SELECT * FROM etl_csv_rows(file('scan_bad.csv')) OFFSET 99999;
