-- Dead letters of a SELECT.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
DELETE FROM etl.dead_letter;
SELECT FROM write('dead.csv', E'id;day\n1;2024-01-01\nx;2024-01-02\n3;2024-02-30\n4\n"5;2024-01-05\n6;2024-01-06\n');

SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
SELECT source, line, record_no, byte_offset, raw, stage, sqlstate, column_name, message, detail FROM etl.dead_letter ORDER BY dead_letter_id;
SELECT DISTINCT load_id, target, record, constraint_name, attempts, status, created_at <= now() AS past, resolved_at, replay_load_id, owner = current_user AS mine, format FROM etl.dead_letter;
-- the dialect is pinned, so a record can be read again by itself
SELECT DISTINCT jsonb_pretty(options) FROM etl.dead_letter;
SELECT d.line, f.* FROM etl.dead_letter d, etl_parse_csv(replace(replace(encode(raw, 'escape'), '-30', '-29'), 'x', '2')::bytea, options => d.options) AS f(id int, day date)
WHERE stage = 'conversion' ORDER BY d.line;

-- rows are new dead letters each time a query reads them
SELECT count(*) FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
SELECT line, count(*) FROM etl.dead_letter GROUP BY 1 ORDER BY 1;
DELETE FROM etl.dead_letter;

-- whatever the query looks at
SELECT count(*) FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
SELECT id FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date) WHERE id > 100;
SELECT line, count(*) FROM etl.dead_letter GROUP BY 1 ORDER BY 1;
DELETE FROM etl.dead_letter;

-- only what was read
SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date) LIMIT 1;
SELECT count(*) FROM etl.dead_letter;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
FETCH 2 FROM c;
CLOSE c;
COMMIT;
SELECT count(*) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;
-- a cursor that COMMIT closes
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
FETCH 2 FROM c;
COMMIT;
SELECT count(*) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;

-- gone with a rollback, whole or part
BEGIN;
SELECT count(*) FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
SELECT count(*) FROM etl.dead_letter;
ROLLBACK;
SELECT count(*) FROM etl.dead_letter;
BEGIN;
SAVEPOINT s;
SELECT count(*) FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
ROLLBACK TO s;
SELECT count(*) FROM etl_parse_csv(E'id\nx\n', header => true, on_error => 'dead_letter') AS t(id int);
COMMIT;
SELECT source, count(*) FROM etl.dead_letter GROUP BY 1;
DELETE FROM etl.dead_letter;
-- and with an error later in the query
SELECT 1 / (id - 6) FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
SELECT count(*) FROM etl.dead_letter;

-- each record once, however often the query reads it
SELECT i, (SELECT sum(id) + i FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date)) FROM generate_series(1, 3) AS i;
SELECT line, count(*) FROM etl.dead_letter GROUP BY 1 ORDER BY 1;
DELETE FROM etl.dead_letter;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT count(*) FROM generate_series(1, 3) AS i, LATERAL (SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date) WHERE id > i OFFSET 0) AS s;
SELECT line, count(*) FROM etl.dead_letter GROUP BY 1 ORDER BY 1;
DELETE FROM etl.dead_letter;
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
-- also if an earlier run stopped early
SELECT i, (SELECT id FROM etl_parse_csv(E'id\nx\n1\ny\n2\nz\n', header => true, on_error => 'dead_letter') AS t(id int) WHERE id >= i LIMIT 1) FROM unnest('{1,2,3}'::int[]) AS i;
SELECT line, count(*) FROM etl.dead_letter GROUP BY 1 ORDER BY 1;
DELETE FROM etl.dead_letter;
-- different contents are different sources
SELECT i, count(id) FROM generate_series(1, 3) AS i, etl_parse_csv(E'id\nx\n' || i || E'\n', header => true, on_error => 'dead_letter') AS t(id int) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;
-- two places in a query are two reads
SELECT a.id, b.id FROM etl_parse_csv(E'id\nx\n1\n', header => true, on_error => 'dead_letter') AS a(id int), etl_parse_csv(E'id\nx\n2\n', header => true, on_error => 'dead_letter') AS b(id int);
SELECT count(*) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;

-- queries that write
CREATE TABLE target (id int, day date);
INSERT INTO target SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
CREATE TABLE copied AS SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
UPDATE target SET day = '2025-01-01' FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date) WHERE t.id = target.id;
WITH w AS (INSERT INTO target SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date) RETURNING id) SELECT sum(id) FROM w;
SELECT line, count(*) FROM etl.dead_letter GROUP BY 1 ORDER BY 1;
DELETE FROM etl.dead_letter;
-- functions, prepared statements, no scan node
CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT sum(id) FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date)); END $$;
SELECT total();
PREPARE p(text) AS SELECT sum(id) FROM etl_read_csv($1, header => true, on_error => 'dead_letter') AS t(id int, day date);
EXECUTE p(file('dead.csv'));
SELECT sum(id) FROM ROWS FROM (etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS (id int, day date)) WITH ORDINALITY;
CREATE TYPE line AS (id int, day date);
SELECT (etl_read_csv(file('dead.csv'), NULL::test.line, header => true, on_error => 'dead_letter')).id;
SELECT line, count(*) FROM etl.dead_letter GROUP BY 1 ORDER BY 1;
DELETE FROM etl.dead_letter;
-- a query that is only explained reads nothing
EXPLAIN (COSTS OFF) SELECT * FROM etl_read_csv(file('dead.csv'), header => true, on_error => 'dead_letter') AS t(id int, day date);
SELECT count(*) FROM etl.dead_letter;

-- not where nothing may be written, even if nothing is bad
BEGIN READ ONLY;
SELECT count(*) FROM etl_parse_csv(E'id\n1\n', header => true, on_error => 'dead_letter') AS t(id int);
\echo :SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT count(*) FROM etl_parse_csv(E'id\n1\n', header => true, on_error => 'skip') AS t(id int);
COMMIT;

-- not where the table is gone
ALTER TABLE etl.dead_letter RENAME TO elsewhere;
SELECT count(*) FROM etl_parse_csv(E'id\nx\n', header => true, on_error => 'dead_letter') AS t(id int);
ALTER TABLE etl.elsewhere RENAME TO dead_letter;

-- everybody sees and repairs their own, and nobody else's
CREATE ROLE regress_etl_ann;
CREATE ROLE regress_etl_bob;
GRANT USAGE ON SCHEMA test TO regress_etl_ann, regress_etl_bob;
SET ROLE regress_etl_ann;
SELECT count(*) FROM etl_parse_csv(E'id\nann\n', header => true, on_error => 'dead_letter') AS t(id int);
SET ROLE regress_etl_bob;
SELECT count(*) FROM etl_parse_csv(E'id\nbob\n', header => true, on_error => 'dead_letter') AS t(id int);
SELECT owner, raw FROM etl.dead_letter;
UPDATE etl.dead_letter SET raw = '7' RETURNING owner, raw;
SELECT failures(
	'UPDATE etl.dead_letter SET status = ''discarded''',
	'UPDATE etl.dead_letter SET owner = current_user',
	'DELETE FROM etl.dead_letter',
	'INSERT INTO etl.dead_letter (stage, sqlstate, message, owner_oid, format) VALUES (''check'', ''00000'', '''', 1, ''csv'')',
	'TRUNCATE etl.dead_letter');
SET ROLE regress_etl_ann;
SELECT owner, raw FROM etl.dead_letter;
RESET ROLE;
SELECT owner, raw FROM etl.dead_letter ORDER BY owner;
-- members of a role see what it owns
GRANT regress_etl_ann TO regress_etl_bob;
SET ROLE regress_etl_bob;
SELECT owner FROM etl.dead_letter ORDER BY 1;
RESET ROLE;
-- a new role of the old name doesn't
DROP OWNED BY regress_etl_ann;
DROP ROLE regress_etl_ann;
CREATE ROLE regress_etl_ann;
SET ROLE regress_etl_ann;
SELECT count(*) FROM etl.dead_letter;
RESET ROLE;
DROP ROLE regress_etl_ann;
DROP OWNED BY regress_etl_bob;
DROP ROLE regress_etl_bob;
DELETE FROM etl.dead_letter;
