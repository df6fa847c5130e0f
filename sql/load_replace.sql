-- Loads that replace rows: by deleting them, and by giving the table new storage.
\set VERBOSITY terse
CREATE SCHEMA re;
SET search_path = re, public;
CREATE FUNCTION counts(etl.load) RETURNS text LANGUAGE sql AS
	$$ SELECT format('read %s, inserted %s, deleted %s, rejected %s',
		$1.rows_read, $1.rows_inserted, $1.rows_deleted, $1.rows_rejected) $$;

--
-- By DELETE: its triggers fire, its rules and policies hold.
--
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t SELECT i, 'old' FROM generate_series(1, 3) i;
CREATE TABLE seen (op text, id int);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO re.seen VALUES (TG_OP, CASE TG_OP WHEN 'DELETE' THEN OLD.id WHEN 'INSERT' THEN NEW.id END);
	RETURN NULL;
END $$;
CREATE TRIGGER see AFTER INSERT OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION see();
SELECT counts(l) FROM etl_load_query('t', $$SELECT i AS id, 'new' AS v FROM generate_series(2, 5) i$$, mode => 'replace') l;
SELECT * FROM t ORDER BY id;
SELECT op, array_agg(id ORDER BY id) FROM seen GROUP BY op ORDER BY op;
-- the query may read what it replaces
SELECT counts(l) FROM etl_load_query('t', 'SELECT id + 10 AS id, v FROM t', mode => 'replace') l;
SELECT array_agg(id ORDER BY id) FROM t;
-- statistics are those of the new rows
DROP TRIGGER see ON t;
SELECT counts(l) FROM etl_load_query('t', 'SELECT i AS id, (i % 7)::text AS v FROM generate_series(1, 5000) i', mode => 'replace') l;
SELECT reltuples FROM pg_class WHERE oid = 't'::regclass;
SELECT n_distinct FROM pg_stats WHERE schemaname = 're' AND tablename = 't' AND attname = 'v';
-- nothing is lost when it fails
SELECT counts(l) FROM etl_load_query('t', $$SELECT 1 AS id UNION ALL SELECT 1$$, mode => 'replace', on_error => 'abort') l;
SELECT count(*) FROM t;
SELECT counts(l) FROM etl_load_query('t', $$SELECT 1 AS id UNION ALL SELECT 1$$, mode => 'replace', mode_options => '{"replace_by": "rewrite"}', on_error => 'abort') l;
SELECT count(*) FROM t;

-- slices
SELECT counts(l) FROM etl_load_query('t', 'SELECT -1 AS id', mode => 'slice', slice => 'id <= 4000') l;
SELECT count(*) FROM t;

-- what the user may not do
CREATE ROLE regress_re_user;
GRANT USAGE ON SCHEMA re TO regress_re_user;
GRANT INSERT, SELECT ON t TO regress_re_user;
SET ROLE regress_re_user;
SELECT etl_load_query('t', 'SELECT 1 AS id', mode => 'replace');
SELECT etl_load_query('t', 'SELECT 1 AS id', mode => 'slice', slice => 'true');
RESET ROLE;
GRANT DELETE ON t TO regress_re_user;
SET ROLE regress_re_user;
SELECT counts(l) FROM etl_load_query('t', 'SELECT 1 AS id', mode => 'replace') l;
SELECT etl_load_query('t', 'SELECT 1 AS id', mode => 'replace', mode_options => '{"replace_by": "rewrite"}');
RESET ROLE;
REVOKE DELETE, SELECT ON t FROM regress_re_user;
GRANT TRUNCATE ON t TO regress_re_user;
SET ROLE regress_re_user;
SELECT counts(l) FROM etl_load_query('t', 'SELECT 2 AS id', mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
RESET ROLE;
SELECT * FROM t;
-- policies: only what the user may delete is replaced
CREATE TABLE owned (id int, who name DEFAULT current_user);
INSERT INTO owned VALUES (1, 'other'), (2, 'regress_re_user');
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON owned USING (who = current_user);
GRANT SELECT, INSERT, DELETE, TRUNCATE ON owned TO regress_re_user;
SET ROLE regress_re_user;
SELECT counts(l) FROM etl_load_query('owned', 'SELECT 3 AS id', mode => 'replace') l;
SELECT etl_load_query('owned', 'SELECT 1 AS id', mode => 'replace', mode_options => '{"replace_by": "rewrite"}');
RESET ROLE;
SELECT * FROM owned ORDER BY id;

--
-- By rewriting: the table stays what it is.
--
\set VERBOSITY default
CREATE TABLE full_ (
	id int GENERATED ALWAYS AS IDENTITY,
	k int PRIMARY KEY,
	parent_k int REFERENCES full_,
	big text,
	during int4range,
	twice int GENERATED ALWAYS AS (k * 2) STORED,
	CHECK (k <> 13),
	EXCLUDE USING gist (during WITH &&));
CREATE INDEX ON full_ ((k + 1));
CREATE INDEX ON full_ USING hash (parent_k) WHERE parent_k IS NOT NULL;
CREATE INDEX ON full_ USING brin (k);
CREATE VIEW over AS SELECT k, twice FROM full_;
GRANT SELECT ON full_ TO regress_re_user;
COMMENT ON TABLE full_ IS 'stays';
CREATE TRIGGER see AFTER INSERT OR DELETE ON full_ FOR EACH STATEMENT EXECUTE FUNCTION see();
CREATE TRIGGER see_truncate BEFORE TRUNCATE ON full_ EXECUTE FUNCTION see();
INSERT INTO full_ (k, big) SELECT i, repeat(md5(i::text), 500) FROM generate_series(101, 300) i;
TRUNCATE seen;
CREATE TEMP TABLE was AS
	SELECT c.oid, c.relname, c.relfilenode, c.reltoastrelid, c.relacl, c.relpersistence, c.reltablespace
	FROM pg_class c
	WHERE c.oid = 'full_'::regclass OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'full_'::regclass)
		OR c.oid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'full_'::regclass)
		OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'full_'::regclass));
SELECT counts(l) FROM etl_load_query('full_', $$
	SELECT i AS k, CASE WHEN i < 1000 THEN i + 1 END AS parent_k, repeat(md5(i::text), 500) AS big,
		CASE WHEN i < 3 THEN '[1,10)'::int4range END AS during
	FROM generate_series(1, 1000) i$$, mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
SELECT sqlstate, count(*) FROM etl.dead_letter
	WHERE load_id = (SELECT max(load_id) FROM etl.load) GROUP BY 1 ORDER BY 1;
SELECT count(*), min(k), max(k), sum(twice) = 2 * sum(k) AS generated, count(DISTINCT id), count(*) FILTER (WHERE big = repeat(md5(k::text), 500)) FROM full_;
SELECT count(*) FROM over;
-- triggers as with TRUNCATE and INSERT
SELECT * FROM seen;
-- other files, and all else as it was
SELECT count(*) AS relations, bool_and(w.relfilenode <> c.relfilenode) AS new_files,
	bool_and(w.relacl IS NOT DISTINCT FROM c.relacl AND w.reltoastrelid = c.reltoastrelid
		AND w.relpersistence = c.relpersistence AND w.reltablespace = c.reltablespace) AS same
	FROM was w JOIN pg_class c USING (oid);
SELECT obj_description('full_'::regclass), reltuples, relpages > 0 AS pages, age(relfrozenxid) < 1000 AS young
	FROM pg_class WHERE oid = 'full_'::regclass;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT k FROM full_ WHERE k + 1 = 500;
SELECT k FROM full_ WHERE k + 1 = 500;
SELECT count(*) FROM full_ WHERE k > 500;
RESET enable_seqscan;
-- constraints still hold, identity goes on
INSERT INTO full_ (k) VALUES (999);
INSERT INTO full_ (k, parent_k) VALUES (2000, 3000);
INSERT INTO full_ (k) VALUES (2000) RETURNING id > 1000 AS goes_on;
\set VERBOSITY terse
-- and again, in a transaction that is rolled back, wholly and in part
BEGIN;
SELECT counts(l) FROM etl_load_query('full_', 'SELECT 1 AS k', mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
SELECT count(*) FROM full_;
ROLLBACK;
SELECT count(*) FROM full_;
BEGIN;
SAVEPOINT s;
SELECT counts(l) FROM etl_load_query('full_', 'SELECT 1 AS k', mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
ROLLBACK TO s;
SELECT count(*) FROM full_;
SELECT counts(l) FROM etl_load_query('full_', 'SELECT i AS k FROM generate_series(1, 3) i', mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
SELECT counts(l) FROM etl_load_query('full_', 'SELECT i AS k FROM generate_series(1, 5) i', mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
COMMIT;
SELECT count(*) FROM full_;
SELECT locktype FROM pg_locks WHERE relation = 'full_'::regclass;

-- unlogged, temporary, and just created tables
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, v text);
CREATE TEMP TABLE temporary (id int PRIMARY KEY, v text);
INSERT INTO unlogged VALUES (1);
INSERT INTO temporary VALUES (1);
SELECT counts(l) FROM etl_load_query('unlogged', 'SELECT i AS id FROM generate_series(2, 4) i', mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
SELECT counts(l) FROM etl_load_query('temporary', 'SELECT i AS id FROM generate_series(2, 4) i', mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
SELECT (SELECT array_agg(id) FROM unlogged), (SELECT array_agg(id) FROM temporary);
BEGIN;
CREATE TABLE fresh (id int PRIMARY KEY);
INSERT INTO fresh VALUES (1);
SELECT counts(l) FROM etl_load_query('fresh', 'SELECT 2 AS id', mode => 'replace', mode_options => '{"replace_by": "rewrite"}') l;
COMMIT;
SELECT * FROM fresh;

--
-- What can't be rewritten.
--
\set VERBOSITY default
\set rewrite 'mode => ''replace'', mode_options => ''{"replace_by": "rewrite"}'''
CREATE TABLE of_fresh (id int REFERENCES fresh);
SELECT etl_load_query('fresh', 'SELECT 2 AS id', :rewrite);
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
SELECT etl_load_query('parts', 'SELECT 1 AS id', :rewrite);
SELECT counts(l) FROM etl_load_query('parts_1', 'SELECT 1 AS id', :rewrite) l;
CREATE TABLE heirs (id int);
CREATE TABLE heir () INHERITS (heirs);
SELECT etl_load_query('heirs', 'SELECT 1 AS id', :rewrite);
SELECT etl_load_query('over', 'SELECT 1 AS k', :rewrite);
SELECT etl_load_query('pg_catalog.pg_description', 'SELECT 1 AS objoid', :rewrite);
SELECT etl_load_query('t', 'SELECT * FROM t', :rewrite);
SELECT etl_load_query('t', 'SELECT id FROM unlogged WHERE id IN (SELECT id FROM t)', :rewrite);
CREATE RULE nothing AS ON INSERT TO heir DO INSTEAD NOTHING;
SELECT etl_load_query('heir', 'SELECT 1 AS id', :rewrite);
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM t;
FETCH c;
SELECT etl_load_query('t', 'SELECT 1 AS id', :rewrite);
ROLLBACK;
SELECT etl_load_query('t', 'SELECT 1 AS id', mode_options => '{"replace_by": "rewrite"}');
SELECT * FROM t;

SET client_min_messages = error;
DROP SCHEMA re CASCADE;
DROP ROLE regress_re_user;
