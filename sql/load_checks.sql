-- Checks of a load.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
DELETE FROM etl.dead_letter;

-- what loads have made of it: counts, checks, dead letters, rows
CREATE FUNCTION outcome(etl.load) RETURNS text LANGUAGE sql AS
$$ SELECT format('%s read, %s in, %s rejected %s', $1.rows_read, $1.rows_inserted, $1.rows_rejected, $1.details->'checks') $$;
CREATE FUNCTION letters() RETURNS SETOF text LANGUAGE sql AS
$$ WITH gone AS (DELETE FROM etl.dead_letter RETURNING *)
SELECT concat_ws(' | ', line, record_no, convert_from(raw, 'UTF8'), record, stage, sqlstate, column_name, constraint_name, message, detail)
FROM gone ORDER BY dead_letter_id $$;
CREATE FUNCTION load(target regclass, checks jsonb, content text DEFAULT NULL, variadic more text[] DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	r etl.load;
BEGIN
	PERFORM write('checks.csv', coalesce(content, E'id,amount,status\n1,10,new\n2,-5,paid\n,7,lost\n4,,\n'));
	EXECUTE format('SELECT * FROM etl_load($1, file(''checks.csv''), checks => $2 %s)',
		(SELECT string_agg(', ' || m, '') FROM unnest(more) m)) INTO r USING target, checks;
	RETURN outcome(r);
END
$$;
CREATE TABLE sale (id int, amount numeric, status text);

-- each kind, each on_fail; the first: nothing fails
SELECT load('sale', '[{"check": "amount < 100"}, {"query": "SELECT count(*) = 4 FROM etl_batch"}, {"not_null": ["amount"], "name": "given"}, {"unique": ["id"]}, {"accepted_values": {"status": ["new", "paid"]}}, {"required_columns": ["id", "status"]}]',
	E'id,amount,status\n1,10,new\n2,,paid\n3,7,\n4,1,new\n5,1,paid\n');
SELECT * FROM letters();
SELECT * FROM sale ORDER BY id;
TRUNCATE sale;

SELECT load('sale', '[{"name": "amount_positive", "check": "amount > 0"}]');
SELECT load('sale', '[{"name": "amount_positive", "check": "amount > 0", "on_fail": "reject"}]', NULL, 'on_error => ''skip''');
SELECT load('sale', '[{"name": "amount_positive", "check": "amount > 0", "on_fail": "warn"}]');
SELECT failure($$SELECT load('sale', '[{"name": "amount_positive", "check": "amount > 0", "on_fail": "abort"}]')$$);
SELECT failure($$SELECT load('sale', '[{"name": "amount_positive", "check": "amount > 0"}]', NULL, 'on_error => ''abort''')$$);
SELECT * FROM letters();
SELECT load('sale', '[{"not_null": ["id", "amount"]}]');
SELECT load('sale', '[{"not_null": ["id", "amount"], "on_fail": "warn"}]');
SELECT failure($$SELECT load('sale', '[{"not_null": ["id", "amount"], "on_fail": "abort"}]')$$);
SELECT * FROM letters();
SELECT load('sale', '[{"accepted_values": {"status": ["new", "paid"], "amount": [10, -5.0, "7"]}}]');
SELECT load('sale', '[{"accepted_values": {"status": ["new", "paid"], "amount": [10]}, "on_fail": "warn"}]');
SELECT failure($$SELECT load('sale', '[{"accepted_values": {"status": ["new", "paid"]}, "on_fail": "abort"}]')$$);
SELECT * FROM letters();
-- the first that rejects counts; those before it that warn do if the row stands
SELECT load('sale', '[{"name": "w", "check": "id < 2", "on_fail": "warn"}, {"name": "a", "check": "amount > 0"}, {"name": "b", "check": "id <> 2"}]');
SELECT * FROM letters();
TRUNCATE sale;

-- the row as a whole; limits
SELECT load('sale', '[{"check": "sale IS NOT NULL"}]', NULL, 'on_error => ''null''');
SELECT failure($$SELECT load('sale', '[{"check": "sale IS NOT NULL"}]', NULL, 'reject_limit => 1')$$);
TRUNCATE sale;

-- of all rows together
SELECT load('sale', '[{"name": "enough", "query": "SELECT count(*) >= 4 FROM etl_batch"}]');
SELECT failure($$SELECT load('sale', '[{"name": "enough", "query": "SELECT count(*) >= 5 FROM etl_batch"}]')$$);
SELECT load('sale', '[{"name": "enough", "query": "SELECT count(*) >= 5 FROM etl_batch", "on_fail": "warn"}]');
SELECT failure($$SELECT load('sale', '[{"name": "unknown", "query": "SELECT sum(amount) > 5 FROM etl_batch WHERE id > 100", "on_fail": "abort"}]')$$);
-- beside the target and others; rejected rows are not in it
SELECT load('sale', '[{"check": "amount > 0"}, {"name": "doubled", "query": "WITH b AS (SELECT * FROM etl_batch) SELECT (SELECT count(*) FROM sale) - 8 = (SELECT count(*) FROM b) FROM b LIMIT 1"}]');
SELECT * FROM letters();
SELECT failure($$SELECT load('sale', '[{"unique": ["id"]}]', E'id,amount,status\n1,1,a\n2,1,a\n1,2,b\n,,\n,,\n')$$);
SELECT load('sale', '[{"unique": ["id"], "on_fail": "warn"}, {"name": "both", "unique": ["id", "status"], "on_fail": "warn"}, {"unique": ["status", "amount"]}]', E'id,amount,status\n1,1,a\n2,1,b\n1,2,b\n2,3,b\n');
SELECT count(*) FROM sale;

-- of the source
SELECT failure($$SELECT load('sale', '[{"required_columns": ["id", "colour", "status"]}]', E'id,amount\n1,1\n')$$);
SELECT load('sale', '[{"required_columns": ["id", "colour", "status"], "on_fail": "warn"}]', E'ID , size\n1,1\n');
SELECT load('sale', '[{"required_columns": ["id", "amount"]}]', E'Nummer,Betrag,amount2\n1,1,2\n', $$options => '{"columns": {"id": "Nummer", "amount": 2}}'$$);
SELECT load('sale', '[{"required_columns": ["id", "amount", "status"], "on_fail": "warn"}]', E'1,1\n', $$options => '{"header": false}'$$);
SELECT failure($$SELECT load('sale', '[{"required_columns": ["id"]}]', '')$$);
SELECT load('sale', '[{"required_columns": ["id"]}]', E'id\n');
SELECT FROM write('required.json', '{"id": 1, "extra": {"status": 1}}
{"ID": 2, "Colour": "red", "more": 1}');
SELECT outcome(l) FROM etl_load('sale', file('required.json'), checks => '[{"required_columns": ["id", "colour"]}]') l;
SELECT failure($$SELECT FROM etl_load('sale', file('required.json'), checks => '[{"required_columns": ["status"]}]')$$);
SELECT outcome(l), l.details->'ignored_columns' FROM etl_load('sale', file('required.json'), checks => '[{"required_columns": ["status"]}]', options => '{"columns": {"status": "$.extra.status"}}') l;
SELECT FROM write('required.json', '[]');
SELECT outcome(l) FROM etl_load('sale', file('required.json'), checks => '[{"required_columns": ["status"]}]') l;
SELECT failure($$SELECT FROM etl_load_query('sale', 'SELECT 1 AS id', checks => '[{"required_columns": ["id", "status"]}]')$$);
SELECT outcome(l), l.details FROM etl_load_query('sale', 'SELECT 1 AS id, 2 AS b', checks => '[{"required_columns": ["id", "b"]}]') l;

-- what has no place is told once
SELECT FROM write('ignored1.csv', E'id,x,,y,x\n1,2,3,4,5\n') a, write('ignored2.csv', E'y,id,z\n1,2,3\n') b;
SELECT l.details FROM etl_load('sale', file('ignored{1,2}.csv'), options => '{"header": true}') l;
SELECT FROM write('ignored.json', (SELECT string_agg(format('{"id": %s, "k%s": 1, "a\u0062": 2}', i, i % 3), E'\n') || E'\n{"id": 1, "late": 1}' FROM generate_series(1, 200) i));
SELECT l.details FROM etl_load('sale', file('ignored.json')) l;
CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED);
SELECT l.details FROM etl_load('made', write('ignored.csv', E'id,a,twice\n7,1,5\n')) l;
SELECT * FROM made;

-- an error that an expression raises is the row's
SELECT load('sale', '[{"name": "ratio", "check": "100 / (id - 2) < 1000"}]');
SELECT load('sale', '[{"name": "ratio", "check": "100 / (id - 2) < 1000", "on_fail": "warn"}]');
SELECT failure($$SELECT load('sale', '[{"name": "ratio", "check": "100 / (id - 2) < 1000", "on_fail": "abort"}]')$$);
CREATE FUNCTION judge(i int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN IF i = 2 THEN RAISE EXCEPTION 'not %', i USING ERRCODE = '22000'; END IF; RETURN i <> 4; END $$;
SELECT load('sale', '[{"name": "judged", "check": "judge(id)"}]');
SELECT * FROM letters();
TRUNCATE sale;

-- the row as it is stored: defaults, generated columns
CREATE TABLE full_row (id int DEFAULT 5, a int DEFAULT 7, twice int GENERATED ALWAYS AS (a * 2) STORED, n int GENERATED ALWAYS AS IDENTITY, gone int, late text NOT NULL DEFAULT 'x');
ALTER TABLE full_row DROP COLUMN gone;
SELECT load('full_row', '[{"name": "c", "check": "twice <> 6 AND id = 5 AND n > 0 AND late = ''x''"}, {"name": "q", "query": "SELECT count(*) = 2 AND sum(twice) = 34 AND count(n) = 2 AND max(late) = ''x'' FROM etl_batch"}, {"name": "row", "check": "full_row IS NOT NULL"}, {"not_null": ["twice"]}]', E'a\n3\n7\n10\n\n');
SELECT * FROM letters();
SELECT id, a, twice, late FROM full_row;

-- partitions of another form, with generated columns, with triggers
CREATE TABLE part (k int, a int, note text, twice int GENERATED ALWAYS AS (a * 2) STORED) PARTITION BY RANGE (k);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part2 (junk int, note text, a int, k int, twice int GENERATED ALWAYS AS (a * 2) STORED);
ALTER TABLE part2 DROP COLUMN junk;
ALTER TABLE part ATTACH PARTITION part2 FOR VALUES FROM (10) TO (20);
CREATE TABLE part3 (twice int GENERATED ALWAYS AS (a * 2) STORED, note text, a int, k int);
ALTER TABLE part ATTACH PARTITION part3 FOR VALUES FROM (20) TO (30);
CREATE FUNCTION mend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := NEW.a + 100; NEW.note := 'mended'; RETURN NEW; END $$;
CREATE TRIGGER mend BEFORE INSERT ON part3 FOR EACH ROW EXECUTE FUNCTION mend();
SELECT load('part', '[{"name": "c", "check": "twice NOT IN (2, 204) AND k > 0"}, {"name": "q", "query": "SELECT sum(a) = 2 + 3 + 101 + 2 AND sum(twice) = 216 AND string_agg(note, '','' ORDER BY k) = ''n,n,n,mended'' FROM etl_batch"}]', E'k,a,note\n1,1,n\n2,2,n\n11,1,n\n12,2,n\n21,1,n\n22,2,n\n13,3,n\n');
SELECT * FROM letters();
SELECT tableoid::regclass, k, a, twice, note FROM part ORDER BY k;

-- BEFORE triggers: what they have made is checked; what else they did for a
-- rejected row is undone
CREATE TABLE log (id int);
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.id = 3 THEN RETURN NULL; END IF; INSERT INTO log VALUES (NEW.id); NEW.amount := -NEW.amount; RETURN NEW; END $$;
CREATE TRIGGER change BEFORE INSERT ON sale FOR EACH ROW EXECUTE FUNCTION change();
SELECT load('sale', '[{"name": "c", "check": "amount > 0"}, {"name": "w", "check": "amount > 5", "on_fail": "warn"}, {"name": "err", "check": "1 / (id - 6) < 10"}, {"name": "q", "query": "SELECT array_agg(amount ORDER BY id) = ''{1,8}'' FROM etl_batch"}]',
	E'id,amount,status\n1,-1,a\n2,2,a\n3,-3,a\n4,4,a\n5,-8,a\n6,-6,a\n');
SELECT * FROM letters();
SELECT * FROM sale ORDER BY id;
SELECT * FROM log ORDER BY id;
SELECT failure($$SELECT load('sale', '[{"name": "c", "check": "amount > 0", "on_fail": "abort"}]')$$);
-- a trigger with a transition table sees the same
CREATE FUNCTION show() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '%', (SELECT array_agg(n ORDER BY id) FROM n); RETURN NULL; END $$;
CREATE TRIGGER show AFTER INSERT ON sale REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION show();
SELECT load('sale', NULL, E'id,amount,status\n11,-1,a\n12,2,a\n');
DROP TRIGGER show ON sale;
DROP TRIGGER change ON sale;
TRUNCATE sale, log;
-- many of them
CREATE TRIGGER change BEFORE INSERT ON sale FOR EACH ROW EXECUTE FUNCTION change();
SELECT load('sale', '[{"name": "c", "check": "amount % 7 <> 0"}, {"name": "q", "query": "SELECT count(*) = count(DISTINCT id) AND every(amount % 7 <> 0) AND min(amount) = -5000 FROM etl_batch"}]', 'id,amount' || (SELECT string_agg(E'\n' || i || ',' || i, '') FROM generate_series(4, 5000) i));
SELECT count(*), count(DISTINCT line) FROM etl.dead_letter;
DELETE FROM etl.dead_letter;
SELECT count(*), (SELECT count(*) FROM log) FROM sale;
DROP TRIGGER change ON sale;
TRUNCATE sale, log;

-- views, also with triggers of their own
CREATE TABLE under (id int DEFAULT 3, amount numeric DEFAULT 9, status text);
CREATE VIEW over AS SELECT id AS number, amount, upper(status) AS status_shown, status FROM under;
ALTER VIEW over ALTER status SET DEFAULT 'of view';
SELECT load('over', '[{"name": "c", "check": "amount > 0 AND status_shown <> ''B''"}, {"not_null": ["number"]}, {"accepted_values": {"status": ["a", "b", "of view"]}}, {"unique": ["number"]}, {"name": "q", "query": "SELECT count(*) = 2 AND max(status_shown) = ''A'' FROM etl_batch"}]', E'number,amount,status\n1,1,a\n2,1,b\n3,-1,a\n,1,a\n5,2,a\n6,2,c\n');
SELECT load('over', '[{"name": "c", "check": "number = 3 AND amount > 0 AND status = ''of view''"}]', E'amount\n1\n-1\n');
SELECT * FROM letters();
SELECT * FROM under ORDER BY id, amount;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.number = 2 THEN RETURN NULL; END IF; NEW.amount := NEW.amount + 1; INSERT INTO log VALUES (NEW.number); RETURN NEW; END $$;
CREATE TRIGGER instead INSTEAD OF INSERT ON over FOR EACH ROW EXECUTE FUNCTION instead();
SELECT load('over', '[{"name": "c", "check": "amount > 1"}, {"name": "w", "check": "number > 1", "on_fail": "warn"}, {"query": "SELECT sum(amount) = 2 + 5 FROM etl_batch"}]', E'number,amount,status\n1,1,a\n2,1,b\n3,-1,a\n4,4,a\n');
SELECT * FROM letters();
SELECT * FROM log;
TRUNCATE log, under;
CREATE TABLE ruled (id int);
CREATE RULE ruled AS ON INSERT TO ruled DO INSTEAD INSERT INTO log VALUES (NEW.id);
SELECT failure($$SELECT load('ruled', '[{"check": "id > 1"}]', E'id\n1\n2\n', 'on_error => ''skip''')$$);
CREATE OR REPLACE RULE ruled AS ON INSERT TO ruled DO INSTEAD INSERT INTO log VALUES (NEW.id) RETURNING id;
SELECT load('ruled', '[{"check": "id > 1"}]', E'id\n1\n2\n', 'on_error => ''skip''');
SELECT * FROM log;

-- a foreign table
CREATE EXTENSION postgres_fdw;
DO $$ BEGIN EXECUTE format('CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname %L, host %L, port %L)', current_database(), split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port')); END $$;
CREATE USER MAPPING FOR CURRENT_USER SERVER here OPTIONS (user 'postgres');
CREATE TABLE far (id int, amount numeric, half numeric GENERATED ALWAYS AS (amount / 2) STORED, note text);
CREATE FUNCTION annotate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'far'; RETURN NEW; END $$;
CREATE TRIGGER annotate BEFORE INSERT ON far FOR EACH ROW EXECUTE FUNCTION annotate();
CREATE FOREIGN TABLE near (id int DEFAULT 3, amount numeric, half numeric GENERATED ALWAYS AS (amount / 2) STORED, note text) SERVER here OPTIONS (schema_name 'test', table_name 'far');
SELECT load('near', '[{"name": "c", "check": "half > 1 AND note = ''far''"}, {"name": "w", "check": "half > 3", "on_fail": "warn"}, {"query": "SELECT sum(half) = 6 AND min(note) = ''far'' FROM etl_batch"}]', E'id,amount\n1,4\n2,2\n,8\n');
SELECT * FROM letters();
SELECT * FROM far ORDER BY id;
DROP SERVER here CASCADE;
DROP EXTENSION postgres_fdw;

-- the slice
SELECT load('sale', NULL, E'id,amount,status\n1,1,a\n2,1,b\n3,1,\n', 'mode => ''slice''', 'slice => $s$status = ''a''$s$');
SELECT load('sale', '[{"name": "c", "check": "id > 1"}]', E'id,amount,status\n1,1,a\n2,1,b\n3,1,\n4,4,a\n', 'mode => ''slice''', 'slice => $s$status = ''a'' AND 1 / id < 2$s$');
SELECT * FROM letters();
SELECT * FROM sale;
SELECT failure($$SELECT load('sale', NULL, NULL, 'mode => ''slice''', 'slice => $s$id IN (SELECT 1)$s$')$$);
TRUNCATE sale;

-- a load from a query keeps the row
SELECT outcome(l) FROM etl_load_query('sale', 'SELECT i AS id, 10 - i AS amount FROM generate_series(8, 12) i', checks => '[{"check": "amount >= 0"}, {"query": "SELECT count(*) = 3 FROM etl_batch"}]') l;
SELECT * FROM letters();
SELECT failure($$SELECT FROM etl_load_query('sale', 'SELECT i AS id, 10 - i AS amount FROM generate_series(8, 12) i', checks => '[{"check": "amount >= 0", "on_fail": "abort"}]')$$);
SELECT failure($$SELECT FROM etl_load_query('sale', 'SELECT 1 AS id', checks => '[{"query": "SELECT false"}]', mode => 'replace')$$);
SELECT count(*) FROM sale;

-- types: equality is the column's own
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN code AS varchar(3);
CREATE TABLE typed (m mood, c code, b bool, d date, f float8, p char(4), l text COLLATE "C", j json, t text[]);
SELECT load('typed', '[{"accepted_values": {"m": ["happy"], "c": ["abc"], "b": [true], "d": ["2024-01-01"], "f": [1.5, 2], "p": ["ab"], "l": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]}}]', E'm,c,b,d,f,p,l\nhappy,abc,t,20240101,1.50,ab,10\nsad,,,,,,\n,abd,,,,,\n,,f,,,,\n,,,2024-01-02,,,\n,,,,3,,\n,,,,,abc,\n,,,,,,11\n,,,,,,\n');
SELECT * FROM letters();

-- wrong ones, told before anything is loaded
SELECT failures(
	$$SELECT load('sale', '{"check": "true"}')$$,
	$$SELECT load('sale', '5')$$,
	$$SELECT load('sale', '[5]')$$,
	$$SELECT load('sale', '[{}]')$$,
	$$SELECT load('sale', '[{"check": "true"}, {"name": "x", "on_fail": "warn"}]')$$,
	$$SELECT load('sale', '[{"check": "true", "query": "SELECT true"}]')$$,
	$$SELECT load('sale', '[{"chek": "true"}]')$$,
	$$SELECT load('sale', '[{"check": 5}]')$$,
	$$SELECT load('sale', '[{"check": "true", "on_fail": "explode"}]')$$,
	$$SELECT load('sale', '[{"check": "true", "name": ""}]')$$,
	$$SELECT load('sale', '[{"check": "true", "name": "a"}, {"check": "true", "name": "a"}]')$$,
	$$SELECT load('sale', '[{"not_null": "id"}]')$$,
	$$SELECT load('sale', '[{"not_null": []}]')$$,
	$$SELECT load('sale', '[{"not_null": [null]}]')$$,
	$$SELECT load('sale', '[{"not_null": ["id", "nope"]}]')$$,
	$$SELECT load('full_row', '[{"not_null": ["........pg.dropped.5........"]}]')$$,
	$$SELECT load('sale', '[{"unique": ["nope"]}]')$$,
	$$SELECT load('sale', '[{"unique": ["id"], "on_fail": "reject"}]')$$,
	$$SELECT load('sale', '[{"query": "SELECT true", "on_fail": "reject"}]')$$,
	$$SELECT load('sale', '[{"required_columns": ["id"], "on_fail": "reject"}]')$$,
	$$SELECT load('sale', '[{"accepted_values": ["id"]}]')$$,
	$$SELECT load('sale', '[{"accepted_values": {}}]')$$,
	$$SELECT load('sale', '[{"accepted_values": {"nope": ["a"]}}]')$$,
	$$SELECT load('sale', '[{"accepted_values": {"id": 5}}]')$$,
	$$SELECT load('sale', '[{"accepted_values": {"id": []}}]')$$,
	$$SELECT load('sale', '[{"accepted_values": {"id": [null]}}]')$$,
	$$SELECT load('sale', '[{"accepted_values": {"id": [[1]]}}]')$$,
	$$SELECT load('sale', '[{"accepted_values": {"id": ["x"]}, "name": "ids"}]')$$,
	$$SELECT load('typed', '[{"accepted_values": {"j": ["{}"]}}]')$$,
	$$SELECT load('typed', '[{"accepted_values": {"t": ["{}"]}}]')$$,
	$$SELECT load('typed', '[{"unique": ["j"]}]')$$);
SELECT failures(
	$$SELECT load('sale', '[{"name": "bad", "check": "amount >"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": ""}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "amount > 0, true"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "true FROM sale"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "true; DROP TABLE sale"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "amount"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "nope > 0"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "count(*) > 0"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "EXISTS (SELECT 1)"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "$1"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "ctid IS NULL"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "check": "tableoid > 0"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SELECT"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": ""}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SELECT nope FROM etl_batch"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SELECT true, true"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SELECT 1"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SELECT true; SELECT true"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "DELETE FROM sale RETURNING true"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "WITH d AS (DELETE FROM sale RETURNING 1) SELECT true"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "DELETE FROM etl_batch"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SHOW work_mem"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SELECT true FROM etl_batch"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SELECT true WHERE false"}]')$$,
	$$SELECT load('sale', '[{"name": "bad", "query": "SELECT 1 / (count(*) - 4) > 0 FROM etl_batch"}]')$$);
SELECT count(*) FROM sale;

-- privileges: as INSERT ... RETURNING
CREATE ROLE regress_etl_checker;
GRANT USAGE ON SCHEMA test TO regress_etl_checker;
GRANT pg_read_server_files TO regress_etl_checker;
CREATE TABLE guarded (id int, secret text DEFAULT 'hidden', open text);
GRANT INSERT, SELECT (id) ON guarded TO regress_etl_checker;
CREATE FUNCTION forbidden(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
REVOKE EXECUTE ON FUNCTION forbidden FROM PUBLIC;
CREATE FUNCTION me() RETURNS name LANGUAGE sql AS 'SELECT current_user';
SELECT FROM write('guarded.csv', E'id,open\n1,a\n2,b\n');
SET ROLE regress_etl_checker;
SELECT outcome(l) FROM etl_load('guarded', file('guarded.csv'), checks => '[{"not_null": ["id"]}, {"check": "id > 1"}, {"name": "me", "check": "me() = ''regress_etl_checker''"}, {"unique": ["id"]}, {"query": "SELECT count(*) = 1 AND max(id) = 2 AND (SELECT me()) = ''regress_etl_checker'' FROM etl_batch"}]') l;
SELECT failures(
	$$SELECT FROM etl_load('guarded', file('guarded.csv'), checks => '[{"check": "secret = ''x''"}]')$$,
	$$SELECT FROM etl_load('guarded', file('guarded.csv'), checks => '[{"not_null": ["secret"]}]')$$,
	$$SELECT FROM etl_load('guarded', file('guarded.csv'), checks => '[{"accepted_values": {"open": ["a"]}}]')$$,
	$$SELECT FROM etl_load('guarded', file('guarded.csv'), checks => '[{"check": "guarded IS NOT NULL"}]')$$,
	$$SELECT FROM etl_load('guarded', file('guarded.csv'), checks => '[{"unique": ["open"]}]')$$,
	$$SELECT FROM etl_load('guarded', file('guarded.csv'), checks => '[{"query": "SELECT max(secret) = ''x'' FROM etl_batch"}]')$$,
	$$SELECT FROM etl_load('guarded', file('guarded.csv'), checks => '[{"query": "SELECT count(*) > 0 FROM guarded WHERE secret = ''x''"}]')$$,
	$$SELECT FROM etl_load('guarded', file('guarded.csv'), checks => '[{"check": "forbidden(id)"}]')$$);
RESET ROLE;
-- row-level security
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON guarded USING (id < 3);
SELECT FROM write('guarded.csv', E'id,open\n1,a\n2,b\n3,c\n');
SET ROLE regress_etl_checker;
SELECT outcome(l) FROM etl_load('guarded', file('guarded.csv'), checks => '[{"name": "c", "check": "id > 1"}, {"query": "SELECT count(*) = 1 AND max(id) = 2 FROM etl_batch"}]') l;
RESET ROLE;
SELECT * FROM letters();
DROP OWNED BY regress_etl_checker;
DROP ROLE regress_etl_checker;

-- many rows
CREATE TABLE many (id int, v text);
SET work_mem = '64kB';
SELECT outcome(l) FROM etl_load('many', write('many.csv', 'id,v' || (SELECT string_agg(E'\n' || i || ',' || repeat('x', 20), '') FROM generate_series(1, 50000) i)), checks => '[{"check": "id % 1000 <> 0"}, {"unique": ["id"]}, {"query": "SELECT count(*) = 49950 AND sum(id) = 1248750000 FROM etl_batch"}]') l;
DELETE FROM etl.dead_letter;
