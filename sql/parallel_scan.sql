-- Files that several processes read together: the plans, and that the results are
-- those of one process.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
SET max_parallel_workers_per_gather = 2;

-- a line in three has a line end in quotes; of two records a value can't be converted
CREATE FUNCTION lines(n int, separator text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s%s"text %s"', CASE WHEN i IN (1234, 2345) THEN 'x' ELSE '' END || i, separator,
		CASE WHEN i % 3 = 0 THEN E'with\na "",""\r\n' ELSE 'of' END || i), E'\n' ORDER BY i) || E'\n'
	FROM generate_series(1, n) AS i
$$;
SELECT FROM write('parallel_scan.csv', E'k,n\n' || lines(3000, ','));
SELECT FROM write('parallel_scan_good.csv', E'k,n\n' || lines(1000, ','));
SELECT FROM generate_series(1, 9) AS i, LATERAL write('parallel_scan_' || i || '.part', E'k;n\n' || lines(100 * i, ';'));
SELECT FROM write('parallel_scan.json', (SELECT string_agg(format('{"k": %s, "n": "text %s"}', CASE WHEN i = 777 THEN '"x"' ELSE i::text END, i), E'\n') FROM generate_series(1, 2000) AS i));
CREATE TABLE small AS SELECT i AS k FROM generate_series(1, 10) AS i;
ANALYZE small;

-- small files are read by one process
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS t(k text);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS t(k text);
SET min_parallel_table_scan_size = 0;
SET cpu_tuple_cost = 1;
SET pg_etl.parallel_piece_size = 1000;

-- plans with several
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS t(k text);
EXPLAIN (COSTS OFF) SELECT k FROM etl_read_csv(file('parallel_scan.csv'), NULL::small) WHERE k > 10 ORDER BY k;
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_json(file('parallel_scan.json')) AS t(k text);
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_csv_rows(file('parallel_scan.csv'));
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan_*.part')) AS t(k text);
EXPLAIN (COSTS OFF) SELECT * FROM (SELECT n, count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS t(n text) GROUP BY n) AS s WHERE count > 1;
EXPLAIN (COSTS OFF) CREATE TABLE copied AS SELECT * FROM etl_read_csv(file('parallel_scan.csv')) AS t(k text);
-- never each of them all of a file: not as the inner side of a join, nor below an append
SET enable_hashjoin = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS a(k text), etl_read_csv(file('parallel_scan_good.csv')) AS b(k text) WHERE a.k = b.k;
RESET enable_hashjoin;
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS a(k text), etl_read_csv(file('parallel_scan_good.csv')) AS b(k text) WHERE a.k = b.k;
SET enable_parallel_hash = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS a(k text), etl_read_csv(file('parallel_scan_good.csv')) AS b(k text) WHERE a.k = b.k;
RESET enable_parallel_hash;
RESET enable_mergejoin;
EXPLAIN (COSTS OFF) SELECT k FROM etl_read_csv(file('parallel_scan.csv')) AS a(k text) UNION ALL SELECT k FROM etl_read_csv(file('parallel_scan_good.csv')) AS b(k text);
-- plans with one: arguments of other relations, or that each process would see in its own way
CREATE FUNCTION some_file() RETURNS text LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$ BEGIN RETURN test.file('parallel_scan.csv'); END $$;
CREATE FUNCTION own_file() RETURNS text LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$ BEGIN RETURN test.file('parallel_scan.csv'); END $$;
EXPLAIN (COSTS OFF) SELECT count(*) FROM small, LATERAL etl_read_csv(file('parallel_scan.csv'), skip => k * 0) AS t(k text);
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(some_file()) AS t(k text);
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(own_file()) AS t(k text);
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS t(k text) WHERE k = own_file();
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv'), NULL::small) WITH ORDINALITY;
EXPLAIN (COSTS OFF) SELECT count(*) FROM ROWS FROM (etl_read_csv(file('parallel_scan.csv')) AS (k text), generate_series(1, 3)) AS t;
EXPLAIN (COSTS OFF) SELECT etl_read_csv(file('parallel_scan.csv'), NULL::small) FROM small;
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_parse_csv(lines(1000, ',')) AS t(k text, n text);
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_csv('http://127.0.0.1:1/in.csv') AS t(k text);
EXPLAIN (COSTS OFF) SELECT count(*) FROM etl_read_api('http://127.0.0.1:1/in') AS t(k text);
EXPLAIN (COSTS OFF) SELECT (SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS t(k text) WHERE t.k = small.k::text) FROM small;

-- results: the same as those of one process
CREATE FUNCTION same(query text, gathers boolean DEFAULT true) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	plan text;
	found boolean := false;
	n bigint;
	result text;
	workers text := current_setting('max_parallel_workers_per_gather');
	rejects text := 'SELECT source, line, record_no, byte_offset, raw, stage, sqlstate, message, detail, column_name, format, options FROM etl.dead_letter';
BEGIN
	DELETE FROM etl.dead_letter;
	PERFORM set_config('max_parallel_workers_per_gather', '0', false);
	EXECUTE 'CREATE TABLE one AS ' || query;
	EXECUTE 'CREATE TABLE one_rejected AS ' || rejects;
	DELETE FROM etl.dead_letter;
	PERFORM set_config('max_parallel_workers_per_gather', workers, false);
	FOR plan IN EXECUTE 'EXPLAIN ' || query LOOP
		found := found OR plan ~ 'Gather';
	END LOOP;
	EXECUTE 'CREATE TABLE many AS ' || query;
	EXECUTE 'CREATE TABLE many_rejected AS ' || rejects;
	DELETE FROM etl.dead_letter;
	SELECT count(*) INTO n FROM ((TABLE one EXCEPT ALL TABLE many) UNION ALL (TABLE many EXCEPT ALL TABLE one)) AS s;
	result := format('%s rows, %s differ', (SELECT count(*) FROM one), n);
	SELECT count(*) INTO n FROM ((TABLE one_rejected EXCEPT ALL TABLE many_rejected) UNION ALL (TABLE many_rejected EXCEPT ALL TABLE one_rejected)) AS s;
	result := result || format('; %s rejects, %s differ', (SELECT count(*) FROM one_rejected), n);
	DROP TABLE one, many, one_rejected, many_rejected;
	RETURN CASE WHEN found = gathers THEN result ELSE result || '; not the expected plan' END;
END
$$;
SET client_min_messages = error;
SELECT same($$SELECT * FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'dead_letter') AS t(k int, n text, etl_line bigint, etl_record_no bigint, etl_offset bigint, etl_source text, etl_raw text)$$);
SELECT same($$SELECT * FROM etl_read_csv(file('parallel_scan_*.part'), on_error => 'dead_letter') AS t(k int, n text, etl_line bigint, etl_record_no bigint, etl_offset bigint, etl_source text)$$);
SELECT same($$SELECT * FROM etl_read_json(file('parallel_scan.json'), on_error => 'dead_letter') AS t(k int, n text, etl_line bigint, etl_record_no bigint, etl_offset bigint, etl_record jsonb)$$);
SELECT same($$SELECT * FROM etl_csv_rows(file('parallel_scan.csv'))$$);
SELECT same($$SELECT a.k, b.n FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'dead_letter') AS a(k int), etl_read_csv(file('parallel_scan_*.part'), on_error => 'dead_letter') AS b(k int, n text) WHERE a.k = b.k$$);
SELECT same($$SELECT n, count(*) FROM etl_read_csv(file('parallel_scan.csv')) AS t(n text) GROUP BY n$$);
-- dialects in which no place tells where records begin: one process, the same rows
SELECT same($$SELECT * FROM etl_read_csv(file('parallel_scan.csv'), quote => '"', escape => '\', on_error => 'dead_letter') AS t(k text, n text, etl_line bigint)$$);
SELECT same($$SELECT * FROM etl_read_csv(file('parallel_scan.csv'), skip_footer => 2) AS t(k text, n text, etl_line bigint)$$);
SELECT same($$SELECT * FROM etl_read_csv(file('parallel_scan.csv'), stop_at_blank => true) AS t(k text, n text, etl_line bigint)$$);
SELECT same($$SELECT * FROM etl_read_csv(file('parallel_scan.csv'), comment => '#') AS t(k text, n text, etl_line bigint)$$);
SELECT same($$SELECT * FROM etl_read_csv(file('parallel_scan.csv'), encoding => 'SJIS') AS t(k text, n text, etl_line bigint)$$);
RESET client_min_messages;
-- no workers are to be had; the leader takes no part; it has to do everything
SELECT sum(k), count(n) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'null') AS t(k int, n text);
SET max_parallel_workers = 0;
SELECT sum(k), count(n) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'null') AS t(k int, n text);
RESET max_parallel_workers;
PREPARE sum AS SELECT sum(k), count(n) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'null') AS t(k int, n text);
EXECUTE sum;
SET parallel_leader_participation = off;
EXECUTE sum;
RESET parallel_leader_participation;
-- a cursor is no parallel mode; somebody wants no more rows
BEGIN;
DECLARE c CURSOR FOR SELECT k FROM etl_read_csv(file('parallel_scan_good.csv')) AS t(k int);
FETCH 2 FROM c;
MOVE 990 FROM c;
FETCH 2 FROM c;
COMMIT;
SELECT count(*) FROM (SELECT k FROM etl_read_csv(file('parallel_scan_good.csv')) AS t(k int) LIMIT 700) AS s;
SELECT EXISTS (SELECT FROM etl_read_csv(file('parallel_scan_good.csv')) AS t(k int) WHERE k > 0);
-- a Gather that runs anew: its rejects are told, and kept, once
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT small.k, s.* FROM small LEFT JOIN (SELECT count(*), max(k) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'dead_letter') AS t(k int)) AS s ON small.k > 7 WHERE small.k > 6;
SELECT small.k, s.* FROM small LEFT JOIN (SELECT count(*), max(k) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'dead_letter') AS t(k int)) AS s ON small.k > 7 WHERE small.k > 6;
SELECT line, record_no, message FROM etl.dead_letter ORDER BY dead_letter_id;
DELETE FROM etl.dead_letter;
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;

-- rejects: the warning, the limits, the error of the first policy
SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'skip') AS t(k int);
SELECT count(*) FROM etl_read_csv(file('parallel_scan_*.part'), on_error => 'skip') AS t(k int, n int);
-- of the two, either may be met first
SELECT regexp_replace(failure($$SELECT sum(k) FROM etl_read_csv(file('parallel_scan.csv')) AS t(k int)$$), 'line (2057, column k: "x1234" \(at byte 26149\)|3908, column k: "x2345" \(at byte 51699\))|x(1234|2345)', '...', 'g');
SELECT failure($$SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'skip', reject_limit => 1) AS t(k int)$$);
SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'skip', reject_limit => 2) AS t(k int);
SELECT failure($$SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'skip', reject_limit_percent => 0.06) AS t(k int)$$);
SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'skip', reject_limit_percent => 0.07) AS t(k int);
SELECT failure($$SELECT sum(k) FROM etl_read_json(file('parallel_scan.json')) AS t(k int)$$);
-- where every record is rejected, it depends on the processes which reasons are known
SELECT split_part(failure($$SELECT count(*) FROM etl_read_csv(file('parallel_scan_good.csv'), on_error => 'dead_letter', reject_limit => 20) AS t(n int)$$), E'\n', 1);
SELECT count(*) FROM etl.dead_letter;
-- where nothing may be written
BEGIN READ ONLY;
SELECT failure($$SELECT count(*) FROM etl_read_csv(file('parallel_scan_good.csv'), on_error => 'dead_letter') AS t(k int)$$);
ROLLBACK;
-- a transaction that is rolled back takes the rejects along
BEGIN;
SELECT count(*) FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'dead_letter') AS t(k int);
SELECT count(*) FROM etl.dead_letter;
ROLLBACK;
SELECT count(*) FROM etl.dead_letter;
-- an error that is caught
DO $$
BEGIN
	PERFORM sum(k) FROM etl_read_csv(file('parallel_scan.json'), delimiter => '|', header => false) AS t(k int);
EXCEPTION WHEN invalid_text_representation THEN
	RAISE WARNING 'caught: %', SQLERRM;
END
$$;
SELECT count(*) FROM etl_read_csv(file('parallel_scan_good.csv')) AS t(k int);

-- what is made of a query
CREATE TABLE made AS SELECT * FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'dead_letter') AS t(k int, n text);
SELECT count(*), sum(k) FROM made;
SELECT * INTO made_too FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'dead_letter') AS t(k int, n text);
SELECT count(*), sum(k) FROM made_too;
CREATE MATERIALIZED VIEW made_view AS SELECT * FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'dead_letter') AS t(k int, n text);
SELECT count(*), sum(k) FROM made_view;
SELECT line, count(*) FROM etl.dead_letter GROUP BY line ORDER BY line;
DELETE FROM etl.dead_letter;

-- who did what
CREATE FUNCTION explain_verbose(statement text) RETURNS SETOF text LANGUAGE plpgsql AS
$$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || statement LOOP
		-- how the work is shared isn't told beforehand
		CONTINUE WHEN line ~ 'Worker \d:  ?actual';
		line := regexp_replace(line, '(Leader|Worker \d+): .*', '\1: ...');
		RETURN NEXT regexp_replace(line, '(rows|loops)=[\d.]+', '\1=...', 'g');
	END LOOP;
END
$$;
SET client_min_messages = error;
SELECT explain_verbose($$SELECT k FROM etl_read_csv(file('parallel_scan.csv'), on_error => 'skip') AS t(k int)$$);
SELECT explain_verbose($$SELECT k FROM etl_read_csv(file('parallel_scan_*.part'), on_error => 'skip') AS t(k int)$$);
-- the figures of the processes add up
CREATE FUNCTION sums(statement text) RETURNS TABLE(figure text, total bigint, sum numeric) LANGUAGE plpgsql AS
$$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, FORMAT json) ' || statement INTO plan;
	plan := jsonb_path_query_first(plan, 'strict $.** ? (@."Custom Plan Provider" == "EtlScan")');
	RETURN QUERY SELECT f, (plan->>f)::bigint, (SELECT sum((p->>f)::bigint) FROM jsonb_array_elements(plan->'Processes') AS p)
		FROM unnest(ARRAY['Items', 'Pieces', 'Bytes', 'Records', 'Rejects']) AS f;
END
$$;
SELECT * FROM sums($$SELECT k FROM etl_read_csv(file('parallel_scan_*.part'), on_error => 'skip') AS t(k int)$$);

-- another user, who may not
CREATE ROLE regress_etl_reader;
GRANT USAGE ON SCHEMA test TO regress_etl_reader;
SET ROLE regress_etl_reader;
SELECT failure($$SELECT count(*) FROM etl_read_csv(test.file('parallel_scan.csv')) AS t(k text)$$);
RESET ROLE;
-- a plan of somebody who may, run by somebody who may not
GRANT pg_read_server_files TO regress_etl_reader;
SET ROLE regress_etl_reader;
PREPARE p AS SELECT count(*) FROM etl_read_csv(test.file('parallel_scan.csv')) AS t(k text);
EXECUTE p;
RESET ROLE;
REVOKE pg_read_server_files FROM regress_etl_reader;
SET ROLE regress_etl_reader;
SELECT failure('EXECUTE p');
RESET ROLE;
DROP OWNED BY regress_etl_reader;
DROP ROLE regress_etl_reader;
-- all of a query in a worker, where that can be had
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT count(*) FROM etl_read_csv(file('parallel_scan_good.csv')) AS t(k int);
SELECT sum(k) FROM small, LATERAL (SELECT FROM etl_read_csv(file('parallel_scan_good.csv')) AS t(k int) WHERE t.k = small.k OFFSET 0) AS s;
