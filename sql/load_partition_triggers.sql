-- Triggers and foreign keys of partitions, which the server fires with relations of its own.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
DELETE FROM etl.dead_letter;
SET client_min_messages = error;
CREATE FUNCTION load_query(target regclass, query text) RETURNS text LANGUAGE sql AS
$$ SELECT format('read %s, inserted %s, rejected %s, suppressed %s', rows_read, rows_inserted, rows_rejected, rows_suppressed)
   FROM etl_load_query(target, query) $$;
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (0), (1), (2);

-- one partition has its columns in another order, and one a trigger of its own
CREATE TABLE child (id int, parent int REFERENCES parent, note text) PARTITION BY RANGE (id);
CREATE TABLE child1 PARTITION OF child FOR VALUES FROM (0) TO (100);
CREATE TABLE child2 (note text, x int, parent int, id int);
ALTER TABLE child2 DROP COLUMN x;
ALTER TABLE child ATTACH PARTITION child2 FOR VALUES FROM (100) TO (200);
CREATE TABLE log (note text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
	IF NEW.id % 50 = 7 THEN RAISE 'seven: %', NEW.id; END IF;
	INSERT INTO log VALUES (format('%s %s %s', TG_TABLE_NAME, TG_WHEN, NEW.id));
	RETURN NEW;
END $$;
-- foreign keys alone: good rows, then also bad ones
SELECT load_query('child', 'SELECT g AS id, g % 3 AS parent FROM generate_series(0, 199) g');
TRUNCATE child;
SELECT load_query('child', 'SELECT g AS id, g % 4 AS parent FROM generate_series(0, 203) g');
SELECT tableoid::regclass, count(*), count(*) FILTER (WHERE parent > 2) FROM child GROUP BY 1 ORDER BY 1;
SELECT sqlstate, stage, constraint_name, count(*) FROM etl.dead_letter WHERE target = 'child'::regclass GROUP BY 1, 2, 3 ORDER BY 1;
-- after triggers of the table, a before trigger of a partition
CREATE TRIGGER a AFTER INSERT ON child FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER b BEFORE INSERT ON child2 FOR EACH ROW EXECUTE FUNCTION note();
TRUNCATE child;
DELETE FROM etl.dead_letter;
SELECT load_query('child', 'SELECT g AS id, g % 4 AS parent, ''n'' || g AS note FROM generate_series(0, 199) g');
SELECT tableoid::regclass, count(*), min(note), max(note) FROM child GROUP BY 1 ORDER BY 1;
SELECT sqlstate, stage, count(*), min(message), max(message) FROM etl.dead_letter WHERE target = 'child'::regclass GROUP BY 1, 2 ORDER BY 1;
-- what triggers did for rows that were refused is undone
SELECT split_part(note, ' ', 1) || ' ' || split_part(note, ' ', 2), count(*) FROM log GROUP BY 1 ORDER BY 1;
-- right into one
TRUNCATE child;
SELECT load_query('child2', 'SELECT g AS id, g % 4 AS parent FROM generate_series(95, 110) g');
-- of partitions of partitions
CREATE TABLE deep (id int, parent int REFERENCES parent) PARTITION BY LIST (id);
CREATE TABLE deep1 PARTITION OF deep DEFAULT PARTITION BY HASH (id);
CREATE TABLE deep10 PARTITION OF deep1 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE deep11 PARTITION OF deep1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT load_query('deep', 'SELECT g AS id, g % 4 AS parent FROM generate_series(1, 40) g');
SELECT count(*) FROM deep;
