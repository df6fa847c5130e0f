-- Loads into all that an INSERT can go into: rows land where it would put them.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
DELETE FROM etl.dead_letter;
SET client_min_messages = error;
CREATE FUNCTION load_query(target regclass, query text) RETURNS text LANGUAGE sql AS
$$ SELECT format('read %s, inserted %s, rejected %s, suppressed %s', rows_read, rows_inserted, rows_rejected, rows_suppressed)
   FROM etl_load_query(target, query) $$;
CREATE FUNCTION dead(target regclass) RETURNS TABLE (record jsonb, stage text, sqlstate text, message text, detail text, constraint_name text) LANGUAGE sql AS
$$ SELECT record, stage, sqlstate, message, detail, constraint_name FROM etl.dead_letter d WHERE d.target = $1 ORDER BY record_no $$;

-- partitions, one of which has its columns in another order
CREATE TABLE p (id int, d date, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE p2 (v text, x int, d date NOT NULL, id int NOT NULL);
ALTER TABLE p2 DROP COLUMN x;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
SELECT load_query('p', $$ SELECT g AS id, date '2024-01-01' + g AS d, 'v' || g AS v FROM generate_series(0, 61) g $$);
SELECT load_query('p', $$ SELECT g AS id, date '2024-01-01' + g AS d, 'v' || g AS v FROM generate_series(30, 32) g $$);
SELECT tableoid::regclass, count(*), min(v), max(d) FROM p GROUP BY 1 ORDER BY 1;
SELECT * FROM dead('p');
-- right into one
SELECT load_query('p1', $$ SELECT g AS id, date '2024-01-28' + g - 100 AS d FROM generate_series(100, 105) g $$);
SELECT * FROM dead('p1');
-- partitions of partitions, by an expression that fails for some
CREATE TABLE deep (a int, b int) PARTITION BY LIST ((100 / a));
CREATE TABLE deep1 PARTITION OF deep FOR VALUES IN (100, 50) PARTITION BY HASH (b);
CREATE TABLE deep10 PARTITION OF deep1 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE deep11 PARTITION OF deep1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT load_query('deep', 'SELECT a, b FROM generate_series(0, 3) a, generate_series(1, 4) b');
SELECT count(*), count(DISTINCT tableoid) FROM deep;
SELECT DISTINCT stage, sqlstate, message FROM dead('deep') ORDER BY 1, 2, 3;

-- triggers: some rows are dropped, some changed, some refused
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE TABLE log (what text, n int);
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
	INSERT INTO log VALUES ('before', NEW.id);
	IF NEW.id % 10 = 0 THEN RETURN NULL; END IF;
	IF NEW.id % 7 = 0 THEN RAISE 'seven: %', NEW.id; END IF;
	NEW.v := NEW.v || '!';
	RETURN NEW;
END $$;
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
	IF NEW.id % 11 = 0 THEN RAISE 'eleven: %', NEW.id; END IF;
	INSERT INTO log VALUES ('after', NEW.id);
	RETURN NULL;
END $$;
CREATE FUNCTION statement() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO log VALUES (TG_WHEN || ' statement', NULL); RETURN NULL; END $$;
CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION before_row();
CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION after_row();
CREATE TRIGGER s1 BEFORE INSERT ON t EXECUTE FUNCTION statement();
CREATE TRIGGER s2 AFTER INSERT ON t EXECUTE FUNCTION statement();
SELECT load_query('t', $$ SELECT g AS id, 'v' AS v FROM generate_series(1, 100) g $$);
SELECT count(*), min(v), max(v), count(*) FILTER (WHERE id % 7 = 0 OR id % 10 = 0 OR id % 11 = 0) AS wrong FROM t;
-- what triggers did for rows that were refused is undone
SELECT what, count(*), count(*) FILTER (WHERE n % 7 = 0 OR n % 11 = 0) AS wrong FROM log GROUP BY 1 ORDER BY 1;
SELECT stage, sqlstate, count(*), min(message) FROM dead('t') GROUP BY 1, 2;
-- before triggers alone, and with a key that is there
DROP TRIGGER a ON t;
SELECT load_query('t', $$ SELECT g AS id, 'v' AS v FROM generate_series(95, 105) g $$);
SELECT record, stage, sqlstate, message FROM dead('t') WHERE sqlstate = '23505';
-- a trigger with a transition table sees all rows at once, and only good ones
CREATE TABLE tt (id int PRIMARY KEY, v text);
CREATE TABLE seen (n bigint, s bigint);
CREATE FUNCTION transition() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO seen SELECT count(*), sum(id) FROM new_rows; RETURN NULL; END $$;
CREATE TRIGGER tr AFTER INSERT ON tt REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION transition();
CREATE TRIGGER a AFTER INSERT ON tt FOR EACH ROW EXECUTE FUNCTION after_row();
TRUNCATE log;
SELECT load_query('tt', $$ SELECT 1 + g % 5 AS id, 'v' AS v FROM generate_series(1, 9) g $$);
SELECT * FROM seen;
SELECT what, count(*) FROM log GROUP BY 1;
-- its errors, and those of row triggers beside it, end the load
SELECT failure($$ SELECT load_query('tt', 'SELECT 22 AS id') $$);
SELECT count(*) FROM tt;

-- views
CREATE TABLE base (id int PRIMARY KEY, v text DEFAULT 'default');
CREATE VIEW simple AS SELECT * FROM base WHERE id > 10 WITH CHECK OPTION;
SELECT load_query('simple', 'SELECT g AS id FROM generate_series(1, 20) g');
SELECT count(*), min(v) FROM base;
SELECT stage, sqlstate, min(message) FROM dead('simple') GROUP BY 1, 2;
CREATE VIEW instead AS SELECT id, v FROM base;
CREATE FUNCTION instead_of() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
	IF NEW.id = 50 THEN RETURN NULL; END IF;
	INSERT INTO base VALUES (NEW.id, 'instead');
	RETURN NEW;
END $$;
CREATE TRIGGER io INSTEAD OF INSERT ON instead FOR EACH ROW EXECUTE FUNCTION instead_of();
SELECT load_query('instead', 'SELECT g AS id FROM generate_series(45, 55) g');
SELECT v, count(*) FROM base GROUP BY 1 ORDER BY 1;
CREATE VIEW joined AS SELECT b.id, l.what FROM base b, log l;
SELECT failure($$ SELECT load_query('joined', 'SELECT 1 AS id') $$);

-- rules
CREATE TABLE ruled (id int);
CREATE TABLE elsewhere (id int);
CREATE RULE r AS ON INSERT TO ruled DO INSTEAD INSERT INTO elsewhere VALUES (NEW.id + 1000);
SELECT load_query('ruled', 'SELECT 1 AS id UNION ALL SELECT 2');
SELECT (SELECT count(*) FROM ruled), array_agg(id ORDER BY id) FROM elsewhere;
CREATE RULE n AS ON INSERT TO base WHERE NEW.id = 77 DO INSTEAD NOTHING;
SELECT load_query('base', 'SELECT 77 AS id UNION ALL SELECT 78');
SELECT id FROM base WHERE id > 70;

-- a foreign table: what its wrapper refuses is no fault of the rows
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE f (id int) SERVER files OPTIONS (filename '/dev/null');
SELECT failure($$ SELECT load_query('f', 'SELECT 1 AS id') $$);
DROP EXTENSION file_fdw CASCADE;

-- row-level security, and privileges on some columns
CREATE ROLE regress_etl_loader;
GRANT USAGE ON SCHEMA test TO regress_etl_loader;
CREATE TABLE guarded (id int, owner text DEFAULT current_user);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded FOR INSERT WITH CHECK (id < 5);
GRANT INSERT (id) ON guarded TO regress_etl_loader;
CREATE TABLE partly (id int DEFAULT 3, v text DEFAULT 'default');
GRANT INSERT (id) ON partly TO regress_etl_loader;
SET ROLE regress_etl_loader;
SELECT load_query('guarded', 'SELECT g AS id FROM generate_series(1, 7) g');
SELECT record, stage, sqlstate, message FROM dead('guarded');
SELECT load_query('partly', 'SELECT 1 AS id');
SELECT failures(
	$$ SELECT load_query('guarded', 'SELECT 1 AS id, 2 AS owner') $$,
	$$ SELECT load_query('partly', 'SELECT 1 AS id, 2 AS v') $$,
	$$ SELECT load_query('base', 'SELECT 1 AS id') $$,
	$$ SELECT load_query('partly', 'SELECT id FROM base') $$);
SELECT target, rows_inserted FROM etl.load ORDER BY load_id;
RESET ROLE;
SELECT * FROM guarded;
SELECT * FROM partly;

-- keys of all kinds
CREATE TABLE deferred (id int UNIQUE DEFERRABLE INITIALLY DEFERRED, v text);
SELECT load_query('deferred', 'SELECT g % 5 AS id FROM generate_series(1, 7) g');
SELECT * FROM dead('deferred');
CREATE TABLE excluding (r int4range, EXCLUDE USING gist (r WITH &&));
SELECT load_query('excluding', 'SELECT int4range(g, g + 3) AS r FROM generate_series(1, 6) g');
SELECT * FROM excluding;
SELECT * FROM dead('excluding');
CREATE TABLE expression (a int, t text);
CREATE UNIQUE INDEX expression_a ON expression ((10 / a)) WHERE a < 10;
CREATE INDEX expression_t ON expression (t);
SELECT load_query('expression', $$ SELECT g AS a, CASE WHEN g = 3 THEN (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) i) END AS t FROM generate_series(0, 12) g $$);
SELECT a FROM expression ORDER BY a;
SELECT record ->> 'a' AS a, stage, sqlstate, message, detail, constraint_name FROM dead('expression');
CREATE TABLE twins (a int, b int, UNIQUE (a, b));
SELECT load_query('twins', 'SELECT g / 4 AS a, nullif(g / 2, 0) AS b FROM generate_series(0, 7) g');
SELECT * FROM dead('twins');
-- many duplicates, more than are worth storing first
CREATE TABLE many (id int PRIMARY KEY);
SELECT load_query('many', 'SELECT g % 1000 AS id FROM generate_series(1, 6000) g');
SELECT count(*), min(id), max(id) FROM many;

-- rows that don't fit
CREATE TABLE wide (id int, t text);
ALTER TABLE wide ALTER t SET STORAGE PLAIN;
SELECT load_query('wide', $$ SELECT g AS id, repeat('x', 2500 * g) AS t FROM generate_series(1, 5) g $$);
SELECT id, length(t) FROM wide;
SELECT record ->> 'id' AS id, stage, sqlstate, message FROM dead('wide');
-- and long ones that do
CREATE TABLE long (id int, t text);
SELECT load_query('long', $$ SELECT g AS id, (SELECT string_agg(md5((g * i)::text), '') FROM generate_series(1, 1000) i) AS t FROM generate_series(1, 5) g $$);
SELECT count(*), sum(length(t)) FROM long;

-- temporary and unlogged tables, and children of others
CREATE TEMP TABLE temporary (id int PRIMARY KEY);
SELECT load_query('temporary', 'SELECT g % 3 AS id FROM generate_series(1, 4) g');
CREATE UNLOGGED TABLE unlogged (id int);
SELECT load_query('unlogged', 'SELECT g AS id FROM generate_series(1, 4) g');
CREATE TABLE parent (id int CHECK (id > 1));
CREATE TABLE child (v text) INHERITS (parent);
SELECT load_query('child', 'SELECT g AS id, g AS v FROM generate_series(1, 4) g');
SELECT load_query('parent', 'SELECT g AS id, g AS v FROM generate_series(1, 4) g');
SELECT tableoid::regclass, count(*) FROM parent GROUP BY 1 ORDER BY 1;

DROP OWNED BY regress_etl_loader;
DROP ROLE regress_etl_loader;
