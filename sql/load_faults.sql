-- What is hard to get right: each of these once went wrong.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
SET client_min_messages = error;

CREATE FUNCTION pg_temp.letters(target regclass) RETURNS SETOF text AS $$
	SELECT concat_ws(' ', stage, sqlstate, record, message)
	FROM etl.dead_letter d WHERE d.target = $1 ORDER BY dead_letter_id
$$ LANGUAGE sql;

-- rows with BEFORE triggers, into one partition and another by turns
CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RETURN new; END $$;
CREATE TABLE turns (k int, v text, x text) PARTITION BY LIST (k);
CREATE TABLE turns_1 PARTITION OF turns FOR VALUES IN (1);
CREATE TABLE turns_2 (x text, k int, v text);
ALTER TABLE turns ATTACH PARTITION turns_2 FOR VALUES IN (2);
CREATE TRIGGER same BEFORE INSERT ON turns FOR EACH ROW EXECUTE FUNCTION same();
SELECT rows_inserted FROM etl_load_query('turns',
	$$SELECT 1 + i % 2 AS k, 'v' || i AS v, 'x' || i AS x FROM generate_series(1, 1000) i$$);
SELECT tableoid::regclass, k, count(*), min(v), max(x) FROM turns GROUP BY 1, 2 ORDER BY 1;

-- AFTER triggers and foreign keys that fail, on several pages and in partitions
CREATE FUNCTION no_sevens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.id % 700 = 0 THEN RAISE 'no %', new.id; END IF;
	RETURN NULL;
END $$;
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1), (2);
CREATE TABLE after_row (id int, p int REFERENCES parent, v text) PARTITION BY RANGE (id);
CREATE TABLE after_row_1 PARTITION OF after_row FOR VALUES FROM (0) TO (1500);
CREATE TABLE after_row_2 (v text, p int, id int);
ALTER TABLE after_row ATTACH PARTITION after_row_2 FOR VALUES FROM (1500) TO (3000);
CREATE TRIGGER t AFTER INSERT ON after_row FOR EACH ROW EXECUTE FUNCTION no_sevens();
SELECT rows_inserted, rows_rejected FROM etl_load_query('after_row',
	$$SELECT i AS id, 1 + (i % 1000 = 0)::int * 8 AS p, repeat('v', i % 300) AS v
	  FROM generate_series(1, 2900) i$$);
SELECT count(*), count(DISTINCT id) FROM after_row;
SELECT record->>'id', stage, sqlstate FROM etl.dead_letter
WHERE target = 'after_row'::regclass ORDER BY (record->>'id')::int;

-- the triggers of the query's own changes, and the load's
CREATE TABLE events (e text);
CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO events SELECT tg_table_name || ' ' || count(*) FROM new_rows;
	RETURN NULL;
END $$;
CREATE TABLE loaded (id int UNIQUE DEFERRABLE INITIALLY DEFERRED, p int REFERENCES parent);
CREATE TABLE changed (id int);
CREATE TRIGGER c AFTER INSERT ON loaded REFERENCING NEW TABLE AS new_rows
	EXECUTE FUNCTION count_rows();
CREATE TRIGGER c AFTER INSERT ON changed REFERENCING NEW TABLE AS new_rows
	EXECUTE FUNCTION count_rows();
SELECT rows_inserted, rows_rejected FROM etl_load_query('loaded',
	'WITH c AS (INSERT INTO changed SELECT generate_series(1, 10) RETURNING id)
	 SELECT id % 8 AS id, 1 + id / 4 AS p FROM c');
SELECT * FROM events ORDER BY e;
SELECT pg_temp.letters('loaded');

-- a query that reads what is replaced
CREATE TABLE again (id int);
INSERT INTO again SELECT i / 2 FROM generate_series(1, 10) i;
SELECT rows_deleted, rows_inserted FROM etl_load_query('again',
	'SELECT DISTINCT id FROM again', mode => 'replace');
SELECT rows_deleted, rows_inserted FROM etl_load_query('again',
	'SELECT id + 1 AS id FROM again WHERE id > 3', mode => 'slice', slice => 'id > 3');
SELECT array_agg(id ORDER BY id) FROM again;

-- code of users that refuses values: in domains, checks and partition keys
CREATE FUNCTION refuses(v int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF v IS NULL THEN RAISE 'no null'; END IF;
	IF v < 0 THEN RAISE 'nothing negative'; END IF;
	RETURN v < 1000;
END $$;
CREATE DOMAIN refusing AS int CHECK (refuses(VALUE));
CREATE TABLE lacking (id int, x refusing);
SELECT rows_inserted, rows_rejected FROM etl_load_query('lacking', 'SELECT 5 AS id');
SELECT pg_temp.letters('lacking');
CREATE TABLE checking (id int CHECK (id::refusing IS NOT NULL));
SELECT rows_inserted, rows_rejected FROM etl_load_query('checking',
	'SELECT unnest(ARRAY[1, -1, 2, 1000]) AS id');
SELECT pg_temp.letters('checking');
CREATE FUNCTION key_of(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF v < 0 THEN RAISE 'no key'; END IF;
	RETURN v % 3;
END $$;
CREATE TABLE keyed (id int) PARTITION BY LIST (key_of(id));
CREATE TABLE keyed_0 PARTITION OF keyed FOR VALUES IN (0);
CREATE TABLE keyed_1 PARTITION OF keyed FOR VALUES IN (1);
SELECT rows_inserted, rows_rejected FROM etl_load_query('keyed',
	'SELECT unnest(ARRAY[1, -1, 3, 2]) AS id');
SELECT pg_temp.letters('keyed');

-- deferred constraints where each row takes an INSERT
CREATE TABLE late (id int, p int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
CREATE VIEW late_view AS SELECT * FROM late;
BEGIN;
SELECT rows_inserted, rows_rejected FROM etl_load_query('late_view',
	'SELECT * FROM (VALUES (1, 1), (2, 9), (3, 2)) v(id, p)');
COMMIT;
SELECT pg_temp.letters('late_view');

-- what is wrong with the target is no record's fault
CREATE VIEW counted AS SELECT count(*) AS id FROM parent;
SELECT failures(
	$$ SELECT etl_load_query('counted', 'SELECT 1 AS id') $$,
	$$ SELECT etl_load_query(1::regclass, 'SELECT 1 AS id') $$);

-- rows too large for a page or an index, and back to work
CREATE TABLE wide (id int PRIMARY KEY, t text);
CREATE INDEX ON wide (t);
SELECT rows_inserted, rows_rejected FROM etl_load_query('wide',
	$$SELECT i AS id, CASE WHEN i % 10 = 0 THEN (
		SELECT string_agg(md5(g::text || i), '') FROM generate_series(1, 400) g)
	  ELSE 'x' END AS t FROM generate_series(1, 100) i$$);
SELECT stage, sqlstate, count(*) FROM etl.dead_letter
WHERE target = 'wide'::regclass GROUP BY 1, 2;
