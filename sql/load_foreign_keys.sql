-- Loads into tables with foreign keys: rows without parent become dead letters,
-- and cost no other row.
\set VERBOSITY terse
CREATE SCHEMA fk;
SET search_path = fk, public;

-- What became of the last load.
CREATE VIEW rejected AS
	SELECT record_no AS no, coalesce(convert_from(raw, 'UTF8'), record::text) AS record,
		stage, sqlstate, constraint_name, column_name, message, detail
	FROM etl.dead_letter
	WHERE load_id = (SELECT max(load_id) FROM etl.load)
	ORDER BY dead_letter_id;
CREATE FUNCTION counts(etl.load) RETURNS text LANGUAGE sql AS
	$$ SELECT format('read %s = inserted %s + rejected %s + suppressed %s%s',
		$1.rows_read, $1.rows_inserted, $1.rows_rejected, $1.rows_suppressed,
		CASE WHEN $1.rows_read <> $1.rows_inserted + $1.rows_rejected
			+ $1.rows_suppressed THEN ' (WRONG)' END) $$;

--
-- One column.  The message, and all else, is what an INSERT says.
--
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent SELECT generate_series(1, 100);
CREATE TABLE child (no int, parent_id int CONSTRAINT child_parent REFERENCES parent);
SELECT counts(l) FROM etl_load_query('child',
	'SELECT i AS no, nullif(i % 103, 50) AS parent_id FROM generate_series(1, 1000) i') l;
SELECT count(*), count(DISTINCT (stage, sqlstate, constraint_name, column_name, message))
	FROM rejected;
SELECT * FROM rejected LIMIT 3;
DO $$
DECLARE
	d text; m text; c text;
	r rejected;
BEGIN
	INSERT INTO child VALUES (101, 101);
EXCEPTION WHEN foreign_key_violation THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, c = CONSTRAINT_NAME;
	SELECT * INTO r FROM rejected WHERE record::jsonb @> '{"no": 101}';
	RAISE INFO '% % %', m = r.message, d = r.detail, c = r.constraint_name;
END $$;
-- all rows that have a parent are there, and no other
SELECT count(*) = (SELECT count(*) FROM generate_series(1, 1000) i
	WHERE i % 103 IN (SELECT id FROM parent) OR i % 103 = 50) FROM child;

-- rejected only in batches after the first: several batches
TRUNCATE child;
SELECT counts(l) FROM etl_load_query('child',
	'SELECT i AS no, CASE WHEN i % 1000 = 0 THEN -i ELSE i % 100 + 1 END AS parent_id
	FROM generate_series(1, 300000) i') l;
SELECT count(*), min(parent_id), bool_and(no % 1000 <> 0) FROM child;
SELECT count(*) FROM rejected;

-- the first is raised with abort; skip only counts
SELECT counts(l) FROM etl_load_query('child', 'SELECT 1 AS no, 4711 AS parent_id',
	on_error => 'abort') l;
SELECT counts(l) FROM etl_load_query('child', 'SELECT * FROM (VALUES (1, 4711), (2, 1)) AS v (no, parent_id)',
	on_error => 'skip') l;

--
-- Several columns, MATCH SIMPLE and MATCH FULL, several keys a table.
--
CREATE TABLE two (a int, b text, PRIMARY KEY (a, b));
INSERT INTO two VALUES (1, 'x'), (2, 'y');
CREATE TABLE of_two (no int, a bigint, b varchar(3), c int REFERENCES parent,
	CONSTRAINT simple FOREIGN KEY (b, a) REFERENCES two (b, a));
CREATE TABLE of_two_full (no int, a bigint, b varchar(3),
	CONSTRAINT full_ FOREIGN KEY (a, b) REFERENCES two MATCH FULL);
\set rows 'SELECT * FROM (VALUES (1, 1, ''x'', 1), (2, 1, ''y'', 1), (3, NULL, ''z'', 1), (4, NULL, NULL, 1), (5, 2, ''y'', 0), (6, 2, NULL, NULL), (7, 2, ''y'', 2)) AS v (no, a, b, c)'
SELECT counts(l) FROM etl_load_query('of_two', :'rows') l;
SELECT no FROM of_two ORDER BY no;
SELECT record::jsonb ->> 'no' AS no, constraint_name, column_name, message, detail FROM rejected;
SELECT counts(l) FROM etl_load_query('of_two_full', :'rows') l;
SELECT no FROM of_two_full ORDER BY no;
SELECT record::jsonb ->> 'no' AS no, constraint_name, column_name, message, detail FROM rejected;

--
-- Types and operators: a domain, a collation, an array, a composite type, an
-- operator in a schema off the path.
--
CREATE DOMAIN code AS text;
CREATE TYPE pair AS (l int, r int);
CREATE TABLE odd (c text COLLATE "C" UNIQUE, i int[] UNIQUE, p pair UNIQUE, n name UNIQUE);
INSERT INTO odd VALUES ('a', '{1,2}', '(1,2)', 'n');
CREATE TABLE of_odd (no int, c code REFERENCES odd (c), i int[] REFERENCES odd (i),
	p pair REFERENCES odd (p), n name REFERENCES odd (n));
SELECT counts(l) FROM etl_load_query('of_odd', $$
	SELECT * FROM (VALUES (1, 'a'::code, '{1,2}'::int[], '(1,2)'::pair, 'n'::name), (2, 'A', '{1,2}', '(1,2)', 'n'),
		(3, 'a', '{2,1}', '(1,2)', 'n'), (4, 'a', '{1,2}', '(1,)', 'n'), (5, 'a', '{1,2}', '(1,2)', 'N'),
		(6, NULL, NULL, NULL, NULL)) AS v (no, c, i, p, n)$$) l;
SELECT no FROM of_odd ORDER BY no;
SELECT record::jsonb ->> 'no' AS no, constraint_name, detail FROM rejected;

--
-- The check runs as the owner of the referenced table, whatever the user may
-- see; and what the user may not see isn't told.
--
CREATE ROLE regress_fk_owner;
CREATE ROLE regress_fk_user;
CREATE SCHEMA hidden AUTHORIZATION regress_fk_owner;
CREATE TABLE hidden.parent (id int PRIMARY KEY);
INSERT INTO hidden.parent SELECT generate_series(1, 10);
ALTER TABLE hidden.parent ENABLE ROW LEVEL SECURITY;
ALTER TABLE hidden.parent FORCE ROW LEVEL SECURITY;
ALTER TABLE hidden.parent OWNER TO regress_fk_owner;
CREATE TABLE visible (no int, parent_id int REFERENCES hidden.parent);
GRANT USAGE ON SCHEMA fk TO regress_fk_user;
GRANT INSERT ON visible TO regress_fk_user;
SET ROLE regress_fk_user;
SELECT counts(l) FROM etl_load_query('visible',
	'SELECT i AS no, i AS parent_id FROM generate_series(1, 20) i') l;
RESET ROLE;
SELECT count(*), max(no) FROM visible;
SELECT count(*), min(message), min(detail) FROM rejected;
-- a search_path can't lead it astray
CREATE FUNCTION never(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR fk.= (LEFTARG = int, RIGHTARG = int, FUNCTION = never);
SET search_path = fk, pg_catalog;
SELECT counts(l) FROM public.etl_load_query('visible',
	'SELECT 30 + i AS no, i AS parent_id FROM generate_series(9, 12) i') l;
SET search_path = fk, public;
DROP OPERATOR fk.= (int, int);

--
-- Partitions on both sides.
--
CREATE TABLE part_parent (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE part_parent_1 PARTITION OF part_parent FOR VALUES FROM (0) TO (10);
CREATE TABLE part_parent_2 PARTITION OF part_parent FOR VALUES FROM (10) TO (20);
INSERT INTO part_parent SELECT generate_series(1, 15);
CREATE TABLE part_child (no int, parent_id int CONSTRAINT of_part REFERENCES part_parent)
	PARTITION BY LIST (no);
CREATE TABLE part_child_1 PARTITION OF part_child FOR VALUES IN (1);
CREATE TABLE part_child_2 (x int, parent_id int, no int);
ALTER TABLE part_child_2 DROP COLUMN x;
ALTER TABLE part_child ATTACH PARTITION part_child_2 FOR VALUES IN (2);
SELECT counts(l) FROM etl_load_query('part_child',
	'SELECT i % 3 + 1 AS no, i AS parent_id FROM generate_series(1, 20) i') l;
SELECT tableoid::regclass, array_agg(parent_id ORDER BY parent_id) FROM part_child GROUP BY 1 ORDER BY 1;
SELECT record::jsonb ->> 'parent_id' AS id, sqlstate, constraint_name, message, detail FROM rejected
	WHERE sqlstate = '23503';
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT counts(l) FROM etl_load_query('part_child',
	'SELECT 1 AS no, i AS parent_id FROM generate_series(14, 17) i') l;
ROLLBACK;

--
-- Triggers may make parents: before, and after.
--
CREATE TABLE made (no int, parent_id int REFERENCES parent);
CREATE FUNCTION make_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.parent_id BETWEEN 1000 AND 1999 THEN
		INSERT INTO fk.parent VALUES (NEW.parent_id) ON CONFLICT DO NOTHING;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER a_make BEFORE INSERT ON made FOR EACH ROW EXECUTE FUNCTION make_parent();
SELECT counts(l) FROM etl_load_query('made',
	'SELECT i AS no, i AS parent_id FROM generate_series(1, 3000, 7) i') l;
SELECT count(*), count(*) FILTER (WHERE no BETWEEN 1000 AND 1999) FROM made;
DELETE FROM made;
DELETE FROM parent WHERE id > 100;
DROP TRIGGER a_make ON made;
CREATE TRIGGER "A_make" AFTER INSERT ON made FOR EACH ROW EXECUTE FUNCTION make_parent();
SELECT counts(l) FROM etl_load_query('made',
	'SELECT i AS no, i AS parent_id FROM generate_series(1, 3000, 7) i') l;
SELECT count(*), count(*) FILTER (WHERE no BETWEEN 1000 AND 1999) FROM made;
DROP TABLE made;
DELETE FROM parent WHERE id > 100;

--
-- Deferred constraints are checked at once; what the transaction says of them
-- remains, and so does what other statements have left to be checked.
--
CREATE TABLE deferred (no int, parent_id int
	CONSTRAINT later REFERENCES parent DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT once UNIQUE (no) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE other (parent_id int CONSTRAINT later REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
BEGIN;
INSERT INTO other VALUES (4711);
SELECT counts(l) FROM etl_load_query('deferred', 'SELECT * FROM (VALUES (1, 1), (2, 4711), (3, 3), (1, 1), (4, 4)) AS v (no, parent_id)') l;
SELECT * FROM deferred ORDER BY no;
SELECT record, sqlstate, constraint_name, detail FROM rejected;
INSERT INTO deferred VALUES (5, 4711);
INSERT INTO parent VALUES (4711);
COMMIT;
SELECT count(*) FROM deferred;
BEGIN;
SET CONSTRAINTS later IMMEDIATE;
SELECT counts(l) FROM etl_load_query('deferred', 'SELECT * FROM (VALUES (6, 1)) AS v (no, parent_id)') l;
INSERT INTO deferred VALUES (7, 4712);
ROLLBACK;
DELETE FROM other;
DELETE FROM deferred;
DELETE FROM parent WHERE id > 100;

--
-- A key that refers to the table itself is checked at the end.
--
CREATE TABLE tree (id int PRIMARY KEY, parent_id int CONSTRAINT of_tree REFERENCES tree,
	t text CHECK (t <> 'bad'));
INSERT INTO tree VALUES (1000, NULL, 'there');
SELECT counts(l) FROM etl_load_query('tree', $$
	SELECT * FROM (VALUES (1, 2, 'child first'), (2, 3, 'and again'), (3, NULL, 'root'),
		(4, 5, 'lost below'), (5, 99, 'lost'), (6, 4, 'lost at the bottom'),
		(7, 1000, 'of one that was there'), (8, 8, 'its own'), (9, 10, 'a'), (10, 9, 'circle')) AS v (id, parent_id, t)$$) l;
SELECT * FROM tree ORDER BY id;
SELECT record, stage, sqlstate, constraint_name, column_name, message, detail FROM rejected;
-- a long chain, the end of which is loose; and rows before and after it
SELECT counts(l) FROM etl_load_query('tree', $$
	SELECT i AS id, CASE WHEN i > 20000 THEN 1000 ELSE i - 1 END AS parent_id, 'x' AS t
	FROM generate_series(10002, 30000) i$$) l;
SELECT count(*), min(id) FROM tree WHERE t = 'x';
SELECT count(*), min(record::jsonb ->> 'id'), max(record::jsonb ->> 'id') FROM rejected;
-- a row that is refused for another reason takes its children along
SELECT counts(l) FROM etl_load_query('tree', $$
	SELECT * FROM (VALUES (40001, 40002, 'b'), (40002, NULL, 'bad'), (1000, 40003, 'twice'), (40003, 40003, 'o')) AS v (id, parent_id, t)$$) l;
SELECT counts(l) FROM etl_load_query('tree', 'SELECT * FROM (VALUES (50001, 50000)) AS v (id, parent_id)', on_error => 'abort') l;

-- raw bytes and places of files are kept
\getenv data PG_ETL_DATA
\set file :data '/load_foreign_keys.csv'
COPY (VALUES (61, 62, 'a'), (62, 63, 'b'), (64, NULL, 'c'), (65, 64, 'd')) TO :'file' (FORMAT csv);
SELECT counts(l) FROM etl_load('tree', :'file', options => '{"header": false}') l;
SELECT d.line, d.record_no, d.byte_offset, convert_from(d.raw, 'UTF8') AS raw, d.record, d.detail
	FROM etl.dead_letter d WHERE load_id = (SELECT max(load_id) FROM etl.load) ORDER BY 1;

-- no trace of it is left: indexes agree with the table
SET enable_seqscan = off;
SELECT count(*) FROM tree WHERE id > 0;
RESET enable_seqscan;

--
-- Two such keys, of several columns; parents by one key that are lost by the other.
--
CREATE TABLE two_trees (a int, b int, c int, d int, PRIMARY KEY (a, b), UNIQUE (b),
	CONSTRAINT up FOREIGN KEY (a, c) REFERENCES two_trees (a, b),
	CONSTRAINT side FOREIGN KEY (d) REFERENCES two_trees (b));
SELECT counts(l) FROM etl_load_query('two_trees', $$
	SELECT * FROM (VALUES (1, 1, NULL, NULL), (1, 2, 1, 4), (1, 3, 2, NULL), (2, 4, NULL, 9), (1, 5, 1, 6), (2, 6, NULL, NULL)) AS v (a, b, c, d)$$) l;
SELECT * FROM two_trees ORDER BY b;
SELECT record::jsonb ->> 'b' AS b, constraint_name, detail FROM rejected ORDER BY 1;

--
-- Triggers see only rows that stay, and may refuse rows, too.
--
CREATE TABLE seen (id int, op text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.t = 'refuse' THEN
		RAISE EXCEPTION 'refused %', NEW.id;
	END IF;
	INSERT INTO fk.seen VALUES (NEW.id, TG_OP);
	RETURN NULL;
END $$;
CREATE TRIGGER see AFTER INSERT ON tree FOR EACH ROW EXECUTE FUNCTION see();
TRUNCATE tree;
SELECT counts(l) FROM etl_load_query('tree', $$
	SELECT * FROM (VALUES (1, 2, NULL), (2, 99, NULL), (3, 4, NULL), (4, NULL, 'refuse'), (5, 3, NULL), (6, 7, NULL), (7, NULL, NULL)) AS v (id, parent_id, t)$$) l;
SELECT * FROM tree ORDER BY id;
SELECT * FROM seen ORDER BY id;
SELECT record::jsonb ->> 'id' AS id, stage, sqlstate, message FROM rejected ORDER BY 1;
-- with transition tables
CREATE FUNCTION see_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO fk.seen SELECT id, 'all' FROM fresh;
	RETURN NULL;
END $$;
CREATE TRIGGER see_all AFTER INSERT ON tree REFERENCING NEW TABLE AS fresh
	FOR EACH STATEMENT EXECUTE FUNCTION see_all();
TRUNCATE seen;
SELECT counts(l) FROM etl_load_query('tree', $$
	SELECT * FROM (VALUES (11, 12, NULL), (12, NULL, NULL), (13, 99, NULL), (14, 13, NULL)) AS v (id, parent_id, t)$$) l;
SELECT * FROM seen ORDER BY id, op;
SELECT record::jsonb ->> 'id' AS id, stage, sqlstate FROM rejected ORDER BY 1;

-- foreign keys are caught for each row where triggers want transition tables
CREATE TABLE watched (no int, parent_id int REFERENCES parent);
CREATE TRIGGER see_all AFTER INSERT ON watched REFERENCING NEW TABLE AS fresh
	FOR EACH STATEMENT EXECUTE FUNCTION see_all();
DROP TRIGGER see_all ON tree;
CREATE OR REPLACE FUNCTION see_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO fk.seen SELECT no, 'all' FROM fresh;
	RETURN NULL;
END $$;
TRUNCATE seen;
SELECT counts(l) FROM etl_load_query('watched', 'SELECT * FROM (VALUES (1, 1), (2, 0), (3, 3)) AS v (no, parent_id)') l;
SELECT * FROM seen ORDER BY id;

--
-- A tree in partitions, loaded as a whole and into one of them.
--
CREATE TABLE part_tree (k int, id int, parent_k int, parent_id int, PRIMARY KEY (k, id),
	CONSTRAINT up FOREIGN KEY (parent_k, parent_id) REFERENCES part_tree) PARTITION BY LIST (k);
CREATE TABLE part_tree_1 PARTITION OF part_tree FOR VALUES IN (1);
CREATE TABLE part_tree_2 (parent_id int, id int NOT NULL, k int NOT NULL, parent_k int);
ALTER TABLE part_tree ATTACH PARTITION part_tree_2 FOR VALUES IN (2);
SELECT counts(l) FROM etl_load_query('part_tree', $$
	SELECT * FROM (VALUES (1, 1, 2, 2), (2, 2, 1, 3), (1, 3, NULL, NULL), (2, 4, 1, 9), (1, 5, 2, 4), (1, 6, 9, NULL)) AS v (k, id, parent_k, parent_id)$$) l;
SELECT tableoid::regclass, k, id FROM part_tree ORDER BY id;
SELECT record::jsonb ->> 'id' AS id, constraint_name, message, detail FROM rejected ORDER BY 1;
SELECT counts(l) FROM etl_load_query('part_tree_1', $$
	SELECT * FROM (VALUES (1, 11, 1, 12), (1, 12, 2, 2), (1, 13, 1, 14)) AS v (k, id, parent_k, parent_id)$$) l;
SELECT record::jsonb ->> 'id' AS id, message, detail FROM rejected ORDER BY 1;

-- in REPEATABLE READ as well
BEGIN ISOLATION LEVEL REPEATABLE READ;
TRUNCATE tree;
SELECT counts(l) FROM etl_load_query('tree', 'SELECT * FROM (VALUES (1, 2, NULL), (2, NULL, NULL), (3, 9, NULL)) AS v (id, parent_id, t)') l;
SELECT id FROM tree ORDER BY 1;
ROLLBACK;

-- keys that are switched off aren't checked
SET session_replication_role = replica;
SELECT counts(l) FROM etl_load_query('child', 'SELECT * FROM (VALUES (-1, -1)) AS v (no, parent_id)') l;
RESET session_replication_role;
SELECT count(*) FROM child WHERE no = -1;

RESET search_path;
SET client_min_messages = error;
DROP SCHEMA fk, hidden CASCADE;
DROP ROLE regress_fk_owner, regress_fk_user;
