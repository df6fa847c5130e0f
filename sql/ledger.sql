-- What loads leave behind: versions of sources, which need not be read again,
-- details, and what shows while they run.
\i test/lib/regress.sql

CREATE TABLE target (id int, name text);
CREATE FUNCTION skip(source text, VARIADIC more text[] DEFAULT '{}') RETURNS text
LANGUAGE plpgsql AS
$$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT concat_ws('' '', status, rows_read, rows_inserted,
			rows_deleted, bytes_read > 0, details)
		FROM etl_load(''target'', %L, skip_loaded => true%s)', file(source),
		(SELECT string_agg(', ' || m, '') FROM unnest(more) AS m))
	INTO result;
	RETURN replace(result, file(''), '');
END
$$;

-- a file is loaded once
SELECT write('ledger_a.csv', E'id,name\n1,one\n2,two\n') IS NOT NULL;
SELECT skip('ledger_a.csv');
SELECT skip('ledger_a.csv');
SELECT replace(source, file(''), '') AS source, fingerprint ~ '^size 20, modified \d+\.\d{9}$' AS fingerprint, length(key), loaded_at = started_at, s.owner = current_user
FROM etl.loaded_source AS s JOIN etl.load USING (load_id, target, source) WHERE target = 'target'::regclass;
SELECT status, rows_read, rows_inserted, bytes_read, requests, error FROM etl.load WHERE target = 'target'::regclass ORDER BY load_id;
-- or again without skip_loaded, which is remembered, too
SELECT status, rows_inserted, details FROM etl_load('target', file('ledger_a.csv'));
SELECT count(*), count(DISTINCT s.load_id) FROM etl.loaded_source AS s JOIN (SELECT max(load_id) AS load_id FROM etl.load) AS l USING (load_id);
-- what has changed is loaded
SELECT write('ledger_a.csv', E'id,name\n3,three\n') IS NOT NULL;
SELECT skip('ledger_a.csv');
SELECT skip('ledger_a.csv');
SELECT count(*) FROM etl.loaded_source WHERE target = 'target'::regclass;
-- for each target by itself
CREATE TABLE other (LIKE target);
SELECT status FROM etl_load('other', file('ledger_a.csv'), skip_loaded => true);

-- of a pattern, only those that are new; compressed or not
SELECT write('ledger_b.csv.gz', decode('H4sIAAAAAAACA8tM0clLzE3lMtFJyy8t4jLVScssS+UCAORU7/wWAAAA', 'base64')) IS NOT NULL;
SELECT skip('ledger_{a,b}.csv*');
SELECT skip('ledger_{a,b}.csv*');
SELECT id, name, count(*) FROM target GROUP BY 1, 2 ORDER BY 1;
-- at most some names are told
SELECT count(write('ledger_m' || i || '.csv', E'id,name\n' || i || E',x\n')) FROM generate_series(10, 24) AS i;
SELECT skip('ledger_m*.csv');
SELECT skip('ledger_m*.csv');

-- nothing is remembered of what was not committed
SELECT write('ledger_c.csv', E'id,name\n6,six\n') IS NOT NULL;
BEGIN;
SELECT skip('ledger_c.csv');
-- but within the transaction it is
SELECT skip('ledger_c.csv');
SAVEPOINT s;
SELECT write('ledger_d.csv', E'id,name\n7,seven\n') IS NOT NULL;
SELECT skip('ledger_[cd].csv');
ROLLBACK TO s;
SELECT skip('ledger_[cd].csv');
ROLLBACK;
SELECT skip('ledger_[cd].csv');
SELECT failure($$SELECT etl_load('target', file('ledger_e.csv'), skip_loaded => true)$$) ~ '58P01';
-- a load that fails, too
SELECT write('ledger_f.csv', E'id,name\nx,y\n') IS NOT NULL;
SELECT failure($$SELECT etl_load('target', file('ledger_f.csv'), skip_loaded => true, on_error => 'abort')$$) LIKE '22P02%';
SELECT skip('ledger_f.csv', $$on_error => 'skip'$$);
SELECT skip('ledger_f.csv', $$on_error => 'skip'$$);
-- empty files are loaded as others are
SELECT write('ledger_g.csv', '') IS NOT NULL;
SELECT skip('ledger_g.csv');
SELECT skip('ledger_g.csv');
SELECT write('ledger_h.ndjson', '{"id": 8}') IS NOT NULL;
SELECT skip('ledger_h.ndjson');
SELECT skip('ledger_h.ndjson');

-- by checksum, it matters only what a file holds
SELECT skip('ledger_c.csv', $$mode_options => '{"fingerprint": "checksum"}'$$);
SELECT write('ledger_c.csv', E'id,name\n6,six\n') IS NOT NULL;
SELECT skip('ledger_c.csv', $$mode_options => '{"fingerprint": "checksum"}'$$);
SELECT skip('ledger_c.csv');
SELECT write('ledger_c.csv', E'id,name\n6,SIX\n') IS NOT NULL;
SELECT skip('ledger_c.csv', $$mode_options => '{"fingerprint": "checksum"}'$$);
SELECT DISTINCT fingerprint FROM etl.loaded_source WHERE source = file('ledger_c.csv') AND fingerprint !~ '^size \d+, modified' ORDER BY 1;
SELECT 'sha256 ' || encode(sha256(E'id,name\n6,six\n'), 'hex') AS expected;

-- Replacing: all sources make up the target, so all are loaded or none.
TRUNCATE target;
SELECT count(write('ledger_r' || i || '.csv', E'id,name\n' || i || E',x\n')) FROM generate_series(1, 3) AS i;
SELECT skip('ledger_r?.csv', $$mode => 'replace'$$);
SELECT skip('ledger_r?.csv', $$mode => 'replace'$$);
TABLE target ORDER BY id;
-- the last of them has changed, or the first
SELECT write('ledger_r3.csv', E'id,name\n33,x\n') IS NOT NULL;
SELECT skip('ledger_r?.csv', $$mode => 'replace'$$);
SELECT write('ledger_r1.csv', E'id,name\n11,x\n') IS NOT NULL;
SELECT skip('ledger_r?.csv', $$mode => 'replace'$$);
SELECT skip('ledger_r?.csv', $$mode => 'replace'$$);
TABLE target ORDER BY id;
-- one more, or one less
SELECT write('ledger_r4.csv', E'id,name\n4,x\n') IS NOT NULL;
SELECT skip('ledger_r?.csv', $$mode => 'replace'$$);
SELECT skip('ledger_r[1-3].csv', $$mode => 'replace'$$);
SELECT skip('ledger_r[1-3].csv', $$mode => 'replace'$$);
TABLE target ORDER BY id;
-- a target with other rows isn't what a load that replaces would make of it
CREATE TABLE mixed AS SELECT 1 AS id;
SELECT status, rows_inserted, rows_deleted FROM etl_load('mixed', file('ledger_a.csv'), skip_loaded => true);
SELECT status, rows_inserted, rows_deleted FROM etl_load('mixed', file('ledger_a.csv'), mode => 'replace', skip_loaded => true);
SELECT status, rows_inserted, rows_deleted FROM etl_load('mixed', file('ledger_a.csv'), mode => 'replace', skip_loaded => true);
SELECT status, rows_inserted, rows_deleted FROM etl_load('mixed', file('ledger_a.csv'), mode => 'slice', slice => 'true', skip_loaded => true);
-- what was replaced is no longer there
SELECT skip('ledger_a.csv', $$mode => 'replace'$$);
SELECT skip('ledger_r1.csv');
SELECT skip('ledger_a.csv', $$mode => 'replace'$$);
SELECT skip('ledger_a.csv', $$mode => 'replace'$$);
SELECT rows_deleted FROM etl_load_query('target', 'SELECT 1 AS id', mode => 'replace');
SELECT skip('ledger_a.csv', $$mode => 'replace'$$);
SELECT rows_inserted FROM etl_load_query('target', 'SELECT 1 AS id');
SELECT skip('ledger_a.csv', $$mode => 'replace'$$);
-- an empty file leaves nothing, once
SELECT skip('ledger_g.csv', $$mode => 'replace'$$);
SELECT skip('ledger_g.csv', $$mode => 'replace'$$);
-- triggers don't fire for nothing
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE NOTICE '% % %', TG_WHEN, TG_OP, TG_LEVEL; RETURN NULL; END $$;
CREATE TRIGGER tell BEFORE INSERT OR DELETE ON target FOR EACH STATEMENT EXECUTE FUNCTION tell();
SELECT skip('ledger_g.csv', $$mode => 'replace'$$);
SELECT skip('ledger_r2.csv', $$mode => 'replace'$$);
DROP TRIGGER tell ON target;
-- dead letters that were replayed belong to the load that they come from
SELECT write('ledger_p.csv', E'id,name\n1,x\ny,y\n') IS NOT NULL;
SELECT skip('ledger_p.csv', $$mode => 'replace'$$);
UPDATE etl.dead_letter SET raw = '2,y';
SELECT rows_inserted FROM etl_replay_dead_letters('target');
SELECT skip('ledger_p.csv', $$mode => 'replace'$$);
DELETE FROM etl.dead_letter;

-- Slices: the same, for each by itself.
TRUNCATE target;
SELECT skip('ledger_r1.csv', $$mode => 'slice', slice => 'id < 20'$$);
SELECT skip('ledger_r3.csv', $$mode => 'slice', slice => 'id >= 20'$$);
SELECT skip('ledger_r1.csv', $$mode => 'slice', slice => 'id < 20'$$);
SELECT skip('ledger_r3.csv', $$mode => 'slice', slice => 'id >= 20'$$);
SELECT skip('ledger_r[12].csv', $$mode => 'slice', slice => 'id < 20'$$);
SELECT skip('ledger_r1.csv', $$mode => 'slice', slice => 'id < 20'$$);
SELECT rows_inserted FROM etl_load_query('target', 'SELECT 1 AS id');
SELECT skip('ledger_r1.csv', $$mode => 'slice', slice => 'id < 20'$$);
TABLE target ORDER BY id;

-- not where there is nothing to tell versions by
\pset format unaligned
SELECT failures(
	$$SELECT etl_load('target', 'http://127.0.0.1/x', 'api', skip_loaded => true)$$,
	$$SELECT etl_load_query('target', 'SELECT 1 AS id', skip_loaded => true)$$,
	$$SELECT etl_load_query('target', 'SELECT 1 AS id', mode_options => '{"fingerprint": "checksum"}')$$,
	$$SELECT etl_load('target', file('ledger_a.csv'), mode_options => '{"fingerprint": "mtime"}')$$);
-- nor is anything incremental of a file; and what is wrong is found before a
-- request is made
SELECT replace(failures(
	$$SELECT etl_load('target', file('ledger_a.csv'), options => '{"incremental": {"column": "id", "param": "since"}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', mode => 'replace', options => '{"incremental": {"column": "id", "param": "since"}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', mode => 'slice', slice => 'true', options => '{"incremental": {"column": "id", "param": "since"}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": true}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"param": "since"}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "id"}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "id", "param": "since", "since": 1}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "no", "param": "since"}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "id", "param": "since", "lag": "5 min"}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "id", "param": "since", "lag": -1}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "id", "param": "since", "lag": [1]}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "id", "param": "since", "format": "iso"}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "name", "param": "since", "lag": 1}}')$$,
	$$SELECT etl_load('target', 'http://127.0.0.1:1/x', 'api', options => '{"incremental": {"column": "id", "param": "since", "start": 1}, "params": {"since": 2}}')$$,
	$$SELECT * FROM etl_read_api('http://127.0.0.1:1/x', options => '{"incremental": {"column": "id", "param": "since"}}') AS t(id int)$$), file(''), '');
\pset format aligned
SELECT count(*) FROM etl.cursor;

-- Others see what they may load into, and may forget it.
CREATE ROLE etl_ledger_loader;
CREATE ROLE etl_ledger_other;
GRANT USAGE ON SCHEMA test TO etl_ledger_loader, etl_ledger_other;
GRANT INSERT (id) ON other TO etl_ledger_loader;
INSERT INTO etl.cursor (target, source, column_name, name, value, key, updated_at, owner, owner_oid)
SELECT t, 'http://x', 'id', '', '7', '', now(), current_user, current_user::regrole::oid FROM unnest('{target,other}'::regclass[]) AS t;
SET ROLE etl_ledger_other;
SELECT count(*) FROM etl.loaded_source;
SELECT count(*) FROM etl.cursor;
SET ROLE etl_ledger_loader;
SELECT target, fingerprint LIKE 'size%' AS fingerprint FROM etl.loaded_source;
SELECT target, value FROM etl.cursor;
UPDATE etl.cursor SET value = '5' RETURNING target;
UPDATE etl.cursor SET source = 'x';
\echo :SQLSTATE
INSERT INTO etl.cursor SELECT * FROM etl.cursor;
\echo :SQLSTATE
UPDATE etl.loaded_source SET load_id = 0;
\echo :SQLSTATE
DELETE FROM etl.loaded_source RETURNING target;
DELETE FROM etl.cursor RETURNING target;
RESET ROLE;
SELECT status, rows_inserted FROM etl_load('other', file('ledger_a.csv'), skip_loaded => true);
SELECT target FROM etl.cursor;
DELETE FROM etl.cursor;
DROP OWNED BY etl_ledger_loader, etl_ledger_other;
DROP ROLE etl_ledger_loader, etl_ledger_other;

-- While it runs: what a trigger sees.
CREATE TABLE seen (n bigserial, load_id bigint, target text, phase text, sources bigint, rows_read bigint, rows_inserted bigint, rows_rejected bigint, bytes_read bigint, bytes_total bigint, copy text);
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
	PERFORM pg_stat_clear_snapshot();
	INSERT INTO seen (load_id, target, phase, sources, rows_read, rows_inserted, rows_rejected, bytes_read, bytes_total, copy)
	SELECT load_id, p.target, phase, sources, rows_read, rows_inserted, rows_rejected, p.bytes_read, p.bytes_total,
		concat_ws(' ', command, type, bytes_processed, c.bytes_total, tuples_processed, tuples_excluded)
	FROM etl.load_progress AS p JOIN pg_stat_progress_copy AS c USING (pid)
	WHERE pid = pg_backend_pid() AND started_at = (SELECT max(started_at) FROM etl.load_progress);
	RETURN NULL;
END
$$;
CREATE TABLE watched (id int CHECK (id > 0));
CREATE TRIGGER watch AFTER INSERT OR DELETE ON watched FOR EACH STATEMENT EXECUTE FUNCTION look();
SELECT write('ledger_w.csv', 'id' || E'\n' || string_agg(i::text, E'\n' ORDER BY i) || E'\n') IS NOT NULL FROM generate_series(-1, 5000) AS i;
SELECT status, rows_read, rows_inserted, rows_rejected, bytes_read FROM etl_load('watched', file('ledger_w.csv'), mode => 'replace', on_error => 'skip');
SELECT status, rows_read, rows_inserted FROM etl_load_query('watched', 'SELECT generate_series(1, 10) AS id');
SELECT s.target, phase, sources, s.rows_read, s.rows_inserted, s.rows_rejected, s.bytes_read, bytes_total, copy, l.load_id IS NOT NULL AS same_load FROM seen AS s LEFT JOIN etl.load AS l USING (load_id) ORDER BY n;
-- what ends the progress within a load is made good: the failure of a
-- subtransaction, and other commands
TRUNCATE watched, seen;
DROP TRIGGER watch ON watched;
CREATE FUNCTION look_at_some() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
	IF NEW.id % 1000 = 0 THEN
		BEGIN
			PERFORM 1 / 0;
		EXCEPTION WHEN division_by_zero THEN
		END;
		ANALYZE seen;
		INSERT INTO seen (phase) VALUES (NEW.id);
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER look_at_some AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION look_at_some();
CREATE TRIGGER watch AFTER INSERT ON watched FOR EACH STATEMENT EXECUTE FUNCTION look();
SELECT rows_inserted FROM etl_load('watched', file('ledger_w.csv'), on_error => 'skip');
SELECT phase, rows_read, rows_inserted, copy FROM seen ORDER BY n;
-- nothing is left of it
SELECT count(*) FROM etl.load_progress;
BEGIN;
SAVEPOINT s;
SELECT failure($$SELECT etl_load('watched', file('ledger_f.csv'), on_error => 'abort')$$) LIKE '22P02%';
SELECT pg_stat_clear_snapshot();
SELECT count(*) FROM etl.load_progress;
COMMIT;

-- a transaction that notifies can't be prepared
BEGIN;
SELECT rows_inserted FROM etl_load_query('other', 'SELECT 1 AS id');
PREPARE TRANSACTION 'ledger';
\echo :SQLSTATE
SET pg_etl.notify_loads = off;
BEGIN;
SELECT rows_inserted FROM etl_load_query('other', 'SELECT 1 AS id');
PREPARE TRANSACTION 'ledger';
COMMIT PREPARED 'ledger';
