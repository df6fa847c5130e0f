-- Memory and other resources: where values, errors and rollbacks meet.  Most of
-- this can only fail visibly in a server built with --enable-cassert, or under
-- valgrind.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
SET client_min_messages = error;
DELETE FROM etl.dead_letter;

-- names of columns in rows of unnamed type
SELECT r FROM etl_csv_rows(write('memory_1.csv', E'a,b\n1,2\n')) AS r(at, parts);
SELECT to_jsonb(r) FROM etl_csv_rows(file('memory_1.csv')) AS r(at, parts);
SELECT to_jsonb(t) FROM etl_read_csv(file('memory_1.csv')) AS t(b int, a int);

-- the last byte that is there begins a longer character: at the end of the
-- source, of the sample and of the buffer
SELECT count(*) FROM etl_parse_csv('a,b
1,\201'::bytea, delimiter => ',', header => true, encoding => 'GB18030', on_error => 'skip') AS t(b text);
SELECT failure($$SELECT b FROM etl_parse_csv('a,b
1,\201'::bytea, delimiter => ',', header => true, encoding => 'GB18030') AS t(b text)$$);
SELECT shift, count(*), min(b) = max(b) FROM generate_series(0, 1) AS shift,
	etl_parse_csv(convert_to(repeat('a', shift) || E'a,b\n' || repeat(E'1,日本日本日本日\n', 30000), 'GB18030'), encoding => 'GB18030') AS t(b text)
GROUP BY 1 ORDER BY 1;

-- large values give their room back
SELECT count(*), sum(length(a)), sum(length(b)), count(etl_record)
FROM etl_parse_csv((SELECT E'a,b\n' || string_agg(repeat('é', CASE i % 5 WHEN 0 THEN 700000 ELSE 3 END) || ',"' || repeat('q""', CASE i % 7 WHEN 0 THEN 100000 ELSE 2 END) || E'"\n', '') FROM generate_series(1, 15) AS i),
	delimiter => ',', header => true) AS t(a text, b text, etl_record jsonb);
-- values outlive their record where the plan keeps them
SELECT string_agg(b, '' ORDER BY c), max(c), (array_agg(t ORDER BY a DESC))[1]
FROM etl_parse_csv((SELECT E'a,b,c\n' || string_agg(i || ',' || chr(96 + i) || ',"' || repeat('""', i) || E'"\n', '') FROM generate_series(1, 9) AS i), header => true) AS t(a numeric, b text, c text);

-- checks of domains that read sources themselves, and refuse
SELECT FROM write('memory_2.csv', E'id,n\n1,x\ny,2\n3,4\n');
CREATE FUNCTION known(i int) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN RETURN i IN (SELECT id FROM etl_read_csv(file('memory_2.csv'), header => true, on_error => 'skip') AS t(id int)); END $$;
CREATE DOMAIN known_id AS int CHECK (known(VALUE));
CREATE TYPE pair AS (i known_id, t text);
SELECT count(*), sum(id) FROM etl_parse_csv((SELECT E'id\n' || string_agg(i::text, E'\n') FROM generate_series(1, 50) AS i), header => true, on_error => 'skip') AS t(id known_id);
SELECT count(p) FROM etl_parse_csv((SELECT E'p\n' || string_agg(format('"(%s,x)"', i), E'\n') FROM generate_series(1, 50) AS i), header => true, on_error => 'null') AS t(p pair);

-- dead letters of cursors, some of which a rollback takes away under way
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM etl_read_csv(file('memory_2.csv'), header => true, on_error => 'dead_letter') AS t(id int, n int);
SAVEPOINT s;
FETCH 1 FROM a;
DECLARE b CURSOR FOR SELECT id FROM etl_read_csv(file('memory_2.csv'), header => true, on_error => 'dead_letter') AS t(id int, n int);
FETCH 1 FROM b;
ROLLBACK TO s;
FETCH 1 FROM a;
CLOSE a;
SELECT count(*) FROM etl.dead_letter;
ROLLBACK;
-- reads that end in an error, again and again in one transaction
CREATE FUNCTION read_badly(mode text) RETURNS bigint LANGUAGE sql AS
$$ SELECT sum(id / (n - 4)) FROM etl_read_csv(test.file('memory_2.csv'), header => true, on_error => mode) AS t(id int, n int) $$;
DO $$
DECLARE
	c refcursor;
	r record;
	failed int := 0;
BEGIN
	FOR i IN 1..300 LOOP
		BEGIN
			OPEN c FOR SELECT * FROM etl_read_csv(file('memory_2.csv'), header => true) AS t(id int, n text);
			FETCH c INTO r;
			PERFORM read_badly((ARRAY['abort', 'skip', 'dead_letter'])[1 + i % 3]);
		EXCEPTION WHEN OTHERS THEN
			failed := failed + 1;
		END;
	END LOOP;
	IF failed <> 300 THEN RAISE '% failed', failed; END IF;
END
$$;
SELECT count(*) FROM etl.dead_letter;
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'pg\_etl%';
