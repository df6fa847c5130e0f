-- Reading where another part of the plan runs in parallel.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE TABLE big AS SELECT i, i % 7 AS k FROM generate_series(1, 50000) AS i;
ANALYZE big;
SELECT FROM write('parallel.csv', E'k,n\n1,a\n2,b\nx,c\n4,d\n');
CREATE FUNCTION is_even(i int) RETURNS boolean LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN RETURN i % 2 = 0; END $$;
CREATE DOMAIN even AS int CONSTRAINT by_function CHECK (is_even(VALUE));
CREATE TYPE even_row AS (k even, n text);
CREATE FUNCTION gathers(query text) RETURNS boolean LANGUAGE plpgsql AS
$$
DECLARE
	line text;
	result boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		result := result OR line ~ 'Gather';
	END LOOP;
	RETURN result;
END
$$;

-- a read that neither writes nor needs subtransactions doesn't mind
SELECT gathers('SELECT sum(i) FROM big');
SELECT gathers($$SELECT (SELECT sum(i) FROM big), k FROM etl_read_csv(file('parallel.csv'), header => true) AS t(k text)$$);
SELECT (SELECT sum(i) FROM big), k FROM etl_read_csv(file('parallel.csv'), header => true) AS t(k text);
SELECT gathers($$SELECT count(*) FROM big JOIN etl_read_csv(file('parallel.csv'), header => true, on_error => 'skip') AS t(k int, n text) USING (k)$$);
SELECT count(*), sum(i) FROM big JOIN etl_read_csv(file('parallel.csv'), header => true, on_error => 'skip') AS t(k int, n text) USING (k);

-- one that keeps dead letters
SELECT count(*), sum(i) FROM big JOIN etl_read_csv(file('parallel.csv'), header => true, on_error => 'dead_letter') AS t(k int, n text) USING (k);
SELECT (SELECT sum(i) FROM big), k FROM etl_read_csv(file('parallel.csv'), header => true, on_error => 'dead_letter') AS t(k int);
SELECT (SELECT sum(k) FROM etl_read_csv(file('parallel.csv'), header => true, on_error => 'dead_letter') AS t(k int)), sum(i) FROM big;
SELECT line, count(*) FROM etl.dead_letter GROUP BY 1;
DELETE FROM etl.dead_letter;

-- one whose values are judged by a function in a procedural language
SELECT count(*), sum(i) FROM big JOIN etl_read_csv(file('parallel.csv'), header => true, on_error => 'skip') AS t(k even, n text) ON big.k = t.k;
SELECT (SELECT sum(i) FROM big), k FROM etl_read_csv(file('parallel.csv'), header => true, on_error => 'null') AS t(k even);
SELECT (SELECT sum(i) FROM big), k, o FROM ROWS FROM (etl_read_csv(file('parallel.csv'), header => true, on_error => 'skip') AS (k even)) WITH ORDINALITY AS t(k, o);
SELECT count(*) FROM big JOIN (SELECT (etl_read_csv(file('parallel.csv'), NULL::even_row, header => true, on_error => 'skip')).k) AS t ON big.k = t.k;
-- both, by way of parameters
PREPARE p(text) AS SELECT count(*), sum(i) FROM big JOIN etl_read_csv(file('parallel.csv'), header => true, on_error => $1) AS t(k even, n text) ON big.k = t.k;
SET plan_cache_mode = force_generic_plan;
EXECUTE p('skip');
EXECUTE p('dead_letter');
SELECT count(*) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;
-- inside a function that may not be used in parallel queries
CREATE FUNCTION hidden() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT count(*) FROM etl_read_csv(test.file('parallel.csv'), header => true, on_error => 'dead_letter') AS t(k test.even, n text) $$;
SELECT count(*), hidden() FROM big;
SELECT count(*) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;
-- inside one that claims it may
CREATE FUNCTION claimed() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL RESTRICTED AS
$$ SELECT count(*) FROM etl_read_csv(test.file('parallel.csv'), header => true, on_error => 'dead_letter') AS t(k int) $$;
SELECT failure('SELECT count(*), claimed() FROM big');
-- nor is anything written by CREATE TABLE AS and the like in parallel
CREATE TABLE copied AS SELECT count(*) FROM big JOIN etl_read_csv(file('parallel.csv'), header => true, on_error => 'dead_letter') AS t(k int, n text) USING (k);
SELECT * FROM copied;
SELECT count(*) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;

-- a plan that had a Gather before the call was seen: it came in with a function's body
CREATE FUNCTION inlined() RETURNS TABLE(k even) LANGUAGE sql STABLE PARALLEL RESTRICTED AS
$$ SELECT k FROM etl_read_csv(test.file('parallel.csv'), header => true, on_error => 'skip') AS t(k test.even) $$;
SELECT gathers('WITH w AS MATERIALIZED (SELECT sum(i) FROM big) SELECT * FROM w, inlined()');
WITH w AS MATERIALIZED (SELECT sum(i) FROM big) SELECT * FROM w, inlined();
-- or with the first statement of a session
\c -
SET search_path = test, public;
SET client_min_messages = error;
SET test.data = :'data';
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
PREPARE first AS WITH w AS MATERIALIZED (SELECT sum(i) FROM big) SELECT * FROM w, etl_read_csv(current_setting('test.data') || '/parallel.csv', header => true, on_error => 'skip') AS t(k even);
EXPLAIN (COSTS OFF) EXECUTE first;
EXECUTE first;
