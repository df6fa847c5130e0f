-- Dead letters of loads: replayed, discarded, purged.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
SET client_min_messages = error;
DELETE FROM etl.dead_letter;
DELETE FROM etl.load;

-- A replay in a few words, with numbers of loads counted from the first.
CREATE FUNCTION replay(target regclass DEFAULT NULL, load_id bigint DEFAULT NULL, ids bigint[] DEFAULT NULL, options jsonb DEFAULT '{}')
RETURNS TABLE (target regclass, source text, mode text, status text, read bigint, inserted bigint, rejected bigint, suppressed bigint, details jsonb)
LANGUAGE sql AS
$$ SELECT target, source, mode, status, rows_read, rows_inserted, rows_rejected, rows_suppressed, details FROM etl_replay_dead_letters($1, $2, $3, $4) $$;
-- Numbers of dead letters, by their bytes or their text.
CREATE FUNCTION ids(VARIADIC raws text[]) RETURNS bigint[] LANGUAGE sql AS
$$ SELECT array_agg(dead_letter_id ORDER BY dead_letter_id) FROM etl.dead_letter WHERE encode(raw, 'escape') = ANY (raws) OR record::text = ANY (raws) $$;
CREATE FUNCTION repair(old text, new text) RETURNS SETOF text LANGUAGE sql AS
$$ UPDATE etl.dead_letter SET raw = convert_to(new, 'UTF8') WHERE encode(raw, 'escape') = old AND status = 'pending' RETURNING status $$;

-- fields in an order of their own, a column that is ignored, one that is absent
CREATE TABLE sales (id int PRIMARY KEY, note text DEFAULT 'none', day date NOT NULL, amount numeric CHECK (amount > 0), etl_line bigint, etl_source text);
SELECT FROM write('sales.csv', E'day;extra;amount;id\n2024-01-01;a;1.5;1\n2024-02-30;b;2;2\n2024-01-03;c;-3;3\n2024-01-04;d;4;1\n;e;5;5\n2024-01-06;f;6;6;7\n2024-01-07\n2024-01-08;"g;8;8\n2024-01-09;h;9;9\n');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('sales', file('sales.csv'));
SELECT line, byte_offset, raw, stage, sqlstate, column_name, constraint_name, message, attempts, status, owner = current_user FROM etl.dead_letter ORDER BY line;
SELECT DISTINCT format, jsonb_pretty(options) FROM etl.dead_letter;
-- nothing was repaired: all stay what they are, a try later
SELECT * FROM replay();
SELECT line, byte_offset, raw, stage, sqlstate, column_name, constraint_name, message, attempts, status, owner = current_user FROM etl.dead_letter ORDER BY line;
SELECT count(*) FROM sales;
-- repaired ones are loaded, each where it belongs
SELECT repair('2024-02-30;b;2;2', '2024-02-29;b;2;2');
SELECT repair('2024-01-03;c;-3;3', '2024-01-03;c;3;3');
SELECT repair('2024-01-04;d;4;1', E'2024-01-04;"d\nd";4;4\n');
SELECT * FROM replay('sales');
SELECT id, note, day, amount, etl_line, etl_source = file('sales.csv') FROM sales ORDER BY id;
SELECT line, status, resolved_at = created_at AS resolved, replay_load_id IN (SELECT load_id FROM etl.load WHERE source = 'dead letters') AS known, attempts, message FROM etl.dead_letter ORDER BY line;
-- once
SELECT repair('2024-02-29;b;2;2', '2024-02-29;b;2;22');
SELECT * FROM replay('sales', ids => ids('2024-02-29;b;2;2'));
SELECT count(*) FROM sales;
-- other settings
SELECT failures($$ SELECT * FROM replay(options => '{"raged": "pad"}') $$, $$ SELECT * FROM replay(options => '{"ragged": "padd"}') $$, $$ SELECT * FROM replay(options => '[]') $$,
	$$ SELECT * FROM replay(options => '{"server": "x"}') $$, $$ SELECT * FROM replay(options => '{"timeout_ms": 1}') $$, $$ SELECT * FROM replay(options => '{"header": true}') $$, $$ SELECT * FROM replay(options => '{"columns": {"x": 1}}') $$,
	$$ SELECT * FROM replay(options => '{"on_error": "skip"}') $$, $$ SELECT * FROM replay(options => '{"on_error": "abort"}') $$, $$ SELECT * FROM replay(options => '{"reject_limit": 1}') $$,
	$$ SELECT * FROM replay(options => '{"reject_limit_percent": 10}') $$, $$ SELECT * FROM replay(options => '{"reject_limit_percent": 101}') $$, $$ SELECT * FROM replay(options => '{"date_formats": {"x": "DD"}}') $$);
SELECT max(attempts) FROM etl.dead_letter;
SELECT * FROM replay('sales', options => '{"ragged": "truncate", "reject_limit": 3}');
SELECT * FROM replay('sales', options => '{"ragged": "pad"}');
SELECT * FROM replay('sales', ids => ids('2024-01-08;"g;8;8'), options => '{"quote": ""}');
SELECT id, day, amount FROM sales WHERE etl_line >= 5 ORDER BY etl_line;
SELECT encode(raw, 'escape'), status, message FROM etl.dead_letter WHERE status = 'pending' ORDER BY line;
-- null in place of what is refused, where that can be
SELECT repair('2024-01-07', '2024-01-07;;x;7');
SELECT repair(';e;5;5', 'x;e;5;5');
SELECT * FROM replay('sales', options => '{"on_error": "null"}');
SELECT * FROM sales WHERE id IN (5, 7);
SELECT encode(raw, 'escape'), status, stage, message FROM etl.dead_letter WHERE status = 'pending' ORDER BY line;
-- columns by position
SELECT repair('x;e;5;5', '55;2024-05-05');
SELECT * FROM replay('sales', options => '{"width": 2, "columns": {"id": 1, "day": 2}}');
SELECT * FROM sales WHERE id = 55;
SELECT status, count(*) FROM etl.dead_letter GROUP BY 1;
-- what a load tells
SELECT target, source, mode, status, rows_read, rows_inserted, rows_rejected, bytes_read, details FROM etl.load ORDER BY load_id;

-- a letter may become several records; those that are refused stay
DELETE FROM etl.dead_letter;
CREATE TABLE t (a int UNIQUE, b text);
SELECT FROM write('t.csv', E'a,b\nx,1\ny,2\nz,3\n');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('t', file('t.csv'));
SELECT repair('x,1', E'1,1\n2,1');
SELECT repair('y,2', E'3,2\n\nq,"2\r\n2"\r\n1,2\r\n4,2\r\nr,2\r\n5,2');
SELECT repair('z,3', '');
SELECT * FROM replay();
SELECT * FROM t ORDER BY a;
SELECT raw, status, attempts, stage, sqlstate, message, detail FROM etl.dead_letter ORDER BY line;
UPDATE etl.dead_letter SET raw = E'\n\n' WHERE raw = '';
SELECT * FROM replay();
SELECT raw, status, attempts, stage, sqlstate, message, detail FROM etl.dead_letter ORDER BY line;
SELECT failure($$ SELECT * FROM replay(ids => ids(E'\n\n'), options => '{"on_error": "abort"}') $$);
UPDATE etl.dead_letter SET raw = NULL WHERE status = 'pending';
SELECT * FROM replay();
SELECT raw, status, attempts, stage, sqlstate, message, detail FROM etl.dead_letter ORDER BY line;

-- without header, other encodings
DELETE FROM etl.dead_letter;
CREATE TABLE u (a int, b text);
SELECT FROM write('utf16le.csv', '\xfffe'::bytea || convert_to('', 'UTF8') || (SELECT string_agg(decode(lpad(to_hex(ascii(c) % 256), 2, '0') || lpad(to_hex(ascii(c) / 256), 2, '0'), 'hex'), '' ORDER BY i) FROM regexp_split_to_table(E'1;a\nx;\u00e4\u20ac\n3;c;\u4e2d\n', '') WITH ORDINALITY AS s(c, i)));
SELECT FROM write('utf16be.csv', (SELECT string_agg(decode(lpad(to_hex(ascii(c) / 256), 2, '0') || lpad(to_hex(ascii(c) % 256), 2, '0'), 'hex'), '' ORDER BY i) FROM regexp_split_to_table(E'y;\u00e4\u20ac\n1;a\n', '') WITH ORDINALITY AS s(c, i)));
SELECT FROM write('latin1.csv', convert_to(E'x;\u00e4\n1;a\n', 'LATIN1'));
SELECT FROM write('sjis.csv', convert_to(E'x;\u8868\n1;a\n', 'SJIS'));
SELECT FROM write('bad.csv', convert_to(E'1;a\n2;b', 'UTF8') || '\xff0a');
SET bytea_output = 'hex';
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('u', file('utf16le.csv'), options => '{"header": false}');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('u', file('utf16be.csv'), options => '{"header": false, "encoding": "UTF-16BE"}');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('u', file('latin1.csv'), options => '{"header": false, "encoding": "LATIN1"}');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('u', file('sjis.csv'), options => '{"header": false, "encoding": "SJIS"}');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('u', file('bad.csv'), options => '{"header": false}');
SELECT line, byte_offset, raw, message, options ->> 'encoding' FROM etl.dead_letter ORDER BY dead_letter_id;
SELECT target, read, inserted, rejected FROM replay();
UPDATE etl.dead_letter SET raw = decode(replace(replace(replace(encode(raw, 'hex'), '7800', '3700'), '783b', '373b'), '0079', '0037'), 'hex');
UPDATE etl.dead_letter SET raw = decode(replace(encode(raw, 'hex'), '62ff', '62'), 'hex');
SELECT target, read, inserted, rejected FROM replay(options => '{"ragged": "truncate"}');
SELECT * FROM u ORDER BY 1, 2;
-- two lines of two bytes a character, of which one is bad
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('u', file('utf16be.csv'), options => '{"header": false, "encoding": "UTF-16BE"}');
UPDATE etl.dead_letter SET raw = '\x0031003b0031000a'::bytea || raw WHERE status = 'pending';
SELECT target, read, inserted, rejected FROM replay();
SELECT raw FROM etl.dead_letter WHERE status = 'pending';
SET bytea_output = 'escape';

-- JSON
DELETE FROM etl.dead_letter;
CREATE TABLE j (id int PRIMARY KEY, city text NOT NULL, tags text[] DEFAULT '{}', doc jsonb);
SELECT FROM write('array.json', '[{"id": 1, "a": {"c": "x"}}, {"id": "one", "a": {"c": "y"}, "tags": ["t"]},' || E'\n' || '{"id": 1, "a": {"c": "z"}, "doc": {"n": 1.10}}, {"id": 4}, [5], {"id": 6, "a": }, 7]');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('j', file('array.json'), options => '{"columns": {"city": "$.a.c"}}');
SELECT line, byte_offset, raw, stage, sqlstate, column_name, message, options FROM etl.dead_letter ORDER BY byte_offset;
SELECT * FROM replay();
SELECT repair('{"id": "one", "a": {"c": "y"}, "tags": ["t"]}', E'{"id": 2, "a": {"c": "y"}, "tags": ["t", "u"]}\n{"id": 22, "a": {"c": "yy"}}');
SELECT repair('{"id": 1, "a": {"c": "z"}, "doc": {"n": 1.10}}', '{"id": 3, "a": {"c": "z"}, "doc": {"n": 1.10}} {"id": 3, "a": {"c": "zz"}} [0]');
SELECT repair('{"id": 4}', ' ');
SELECT repair('[5]', '[5');
SELECT * FROM replay();
SELECT * FROM j ORDER BY id;
SELECT raw, stage, sqlstate, column_name, message, detail, attempts FROM etl.dead_letter WHERE status = 'pending' ORDER BY byte_offset;
DELETE FROM etl.dead_letter;
SELECT FROM write('lines.ndjson', E'{"id": 11, "city": "a"}\n{"id": 12, "city": "b\n{"id": 13, "city": null}\n{"id": 14, "city": "d"} x\n');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load('j', file('lines.ndjson'));
SELECT line, raw, stage, sqlstate, message FROM etl.dead_letter ORDER BY line;
SELECT * FROM replay();
SELECT line, raw, stage, sqlstate, message FROM etl.dead_letter ORDER BY line;
SELECT repair('{"id": 12, "city": "b', '{"id": 12, "city": "b"}');
SELECT repair('{"id": 14, "city": "d"} x', '{"id": 14, "city": "d"}');
SELECT * FROM replay(options => '{"columns": {"city": "$.town"}}');
SELECT * FROM replay();
SELECT id, city FROM j WHERE id > 10 ORDER BY id;

-- rows of a query
DELETE FROM etl.dead_letter;
CREATE TABLE q (id int PRIMARY KEY, v numeric, day date, raw bytea, list int[], etl_line bigint, note json DEFAULT '0');
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load_query('q', $$
	SELECT * FROM (VALUES ('1', 1.50::numeric, 'infinity'::date, '\x00ff'::bytea, '{1,2}'::int[], 7), ('x', 'NaN', NULL, '\x', '{}', 8), ('1', 2.50, '2024-01-01', '\x01', '{{3},{4}}', 9)) AS v(id, v, day, raw, list, etl_line) $$);
SELECT source, line, record_no, byte_offset, raw, record, stage, message, format, options FROM etl.dead_letter ORDER BY record_no;
SELECT * FROM replay();
UPDATE etl.dead_letter SET record = jsonb_set(record, '{id}', to_jsonb(record_no));
SELECT * FROM replay();
SELECT id, v, day, encode(raw, 'hex'), list, etl_line, note FROM q ORDER BY id;
-- an array is several
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load_query('q', $$ SELECT 1 AS id, 5 AS v $$);
UPDATE etl.dead_letter SET record = '[{"id": 5}, {"id": 1, "v": 5.50}, {"id": "six"}, {"id": 6}]' WHERE status = 'pending';
SELECT * FROM replay();
SELECT record, message FROM etl.dead_letter WHERE status = 'pending';
UPDATE etl.dead_letter SET record = '[]' WHERE status = 'pending';
SELECT * FROM replay();
UPDATE etl.dead_letter SET record = '{"id": 7, "v": 7}' WHERE status = 'pending';
SELECT * FROM replay();
SELECT id, v, note FROM q WHERE id > 3 ORDER BY id;
-- what no jsonb holds is kept as bytes
SELECT rows_read, rows_inserted, rows_rejected FROM etl_load_query('q', $$ SELECT 1 AS id, '{"a": "\u0000"}'::json AS note UNION ALL SELECT 8, '1' $$);
SELECT raw, record, message FROM etl.dead_letter WHERE status = 'pending';
UPDATE etl.dead_letter SET raw = '{"id": 9, "note": {"a": "\\u0000"}}' WHERE status = 'pending';
SELECT * FROM replay();
SELECT id, note FROM q WHERE id IN (8, 9);

-- records that a query rejected have no target: they are named
DELETE FROM etl.dead_letter;
TRUNCATE t;
SELECT count(*) FROM etl_parse_csv(E'a,b\nx,1\n2,2\ny,3\n', header => true, on_error => 'dead_letter') AS t(a int, b text);
SELECT repair('x,1', '1,1');
SELECT * FROM replay();
SELECT * FROM replay('t');
SELECT failure('SELECT * FROM replay(ids => ids(''1,1''))') ~ '^22023 dead letter \d+ has no target\s+detail: A query';
SELECT * FROM replay('t', ids => ids('1,1'));
SELECT * FROM t;
SELECT target, status FROM etl.dead_letter ORDER BY line;

-- several targets, formats and loads
DELETE FROM etl.dead_letter;
CREATE TABLE t2 (LIKE t);
SELECT rows_rejected FROM etl_load('t', file('t.csv'), label => 'one');
SELECT rows_rejected FROM etl_load('t2', file('t.csv'));
SELECT rows_rejected FROM etl_load('t', file('t.csv'), options => '{"quote": "''"}');
SELECT target, read, rejected FROM replay();
SELECT target, read, rejected FROM replay('t2');
SELECT target, read, rejected FROM replay(load_id => (SELECT load_id FROM etl.load WHERE label = 'one'));
SELECT target, read, rejected FROM replay('t2', load_id => (SELECT load_id FROM etl.load WHERE label = 'one'));
SELECT target, read, rejected FROM replay(ids => '{}');
SELECT target, read, rejected FROM replay(ids => '{-1, NULL}');
SELECT target, read, rejected FROM replay(options => NULL);
SELECT target, stage, sqlstate, column_name, status, count, attempts, first_at = last_at, example FROM etl.dead_letter_summary ORDER BY load_id;
SELECT etl_discard_dead_letters('t2');
SELECT etl_discard_dead_letters(load_id => (SELECT load_id FROM etl.load WHERE label = 'one'), ids => ids('x,1', 'y,2'));
SELECT etl_discard_dead_letters(load_id => (SELECT load_id FROM etl.load WHERE label = 'one'), ids => ids('x,1', 'y,2'));
SELECT target, status, count, example FROM etl.dead_letter_summary ORDER BY load_id, status;
SELECT status, resolved_at IS NOT NULL, count(*) FROM etl.dead_letter GROUP BY 1, 2 ORDER BY 1, 2;
-- discarded ones are no more replayed, pending ones never purged
SELECT target, read, rejected FROM replay('t2');
UPDATE etl.dead_letter SET created_at = '2000-01-01';
SELECT etl_purge_dead_letters('1 day');
UPDATE etl.dead_letter SET resolved_at = now() - interval '2 days' WHERE target = 't2'::regclass;
SELECT etl_purge_dead_letters('1 day');
SELECT etl_purge_dead_letters('0');
SELECT status, count(*) FROM etl.dead_letter GROUP BY 1;
SELECT etl_discard_dead_letters();
SELECT etl_purge_dead_letters('0');
SELECT failures('SELECT etl_purge_dead_letters(NULL)', 'SELECT etl_purge_dead_letters(''-1 day'')');

-- the target has changed
CREATE TABLE c (a int, b int, d date);
SELECT FROM write('c.csv', E'd,b,a\n01.02.2024,2,x\n');
SELECT rows_rejected FROM etl_load('c', file('c.csv'), options => '{"date_formats": {"d": "DD.MM.YYYY"}}');
ALTER TABLE c DROP d, ADD e text DEFAULT 'e', ALTER a TYPE text;
SET client_min_messages = warning;
SELECT * FROM replay('c', options => '{"on_error": "abort"}');
SET client_min_messages = error;
TABLE c;
SELECT rows_rejected FROM etl_load('c', file('t.csv'), options => '{"columns": {"b": "a"}}');
ALTER TABLE c RENAME b TO f;
ALTER TABLE c DROP a;
SELECT failure('SELECT * FROM replay(''c'')');
SELECT * FROM replay('c', options => '{"columns": {"e": 1}}');
SELECT rows_rejected FROM etl_load('c', file('t.csv'), options => '{"columns": {"f": "a"}}');
DROP TABLE c;
SELECT * FROM replay();
SELECT failure('SELECT * FROM replay(ids => ids(''x,1''))') ~ '^42P01 the target of dead letter \d+ doesn''t exist any more\s+hint: ';
SELECT failure('SELECT * FROM replay(1)');
SELECT * FROM replay('t2', ids => ids('x,1'), options => '{"columns": {"b": 1}}');
TABLE t2;

-- whatever the target is
DELETE FROM etl.dead_letter;
CREATE TABLE p (a int NOT NULL, b text) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE VIEW v AS SELECT a, b FROM t2;
CREATE TABLE trig (a int, b text);
CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.a = 1 THEN RETURN NULL; ELSIF NEW.a = 2 THEN RAISE 'not 2'; END IF; PERFORM count(*) FROM trig; RETURN NEW; END $$;
CREATE TRIGGER trig BEFORE INSERT ON trig FOR EACH ROW EXECUTE FUNCTION trig();
SELECT rows_rejected FROM etl_load('p', file('t.csv'));
SELECT rows_rejected FROM etl_load('v', file('t.csv'));
SELECT rows_rejected FROM etl_load('trig', file('t.csv'));
SELECT repair('x,1', '1,x');
SELECT repair('y,2', '2,y');
SELECT repair('z,3', E'1,z\n3,z');
SELECT target, read, inserted, rejected, suppressed, details FROM replay();
SELECT tableoid::regclass, * FROM p;
TABLE v;
TABLE trig;
SELECT target, raw, stage, sqlstate, message FROM etl.dead_letter WHERE status = 'pending' ORDER BY dead_letter_id;

-- many
DELETE FROM etl.dead_letter;
TRUNCATE t;
SELECT FROM write('many.csv', (SELECT string_agg('x' || g || ',"' || g || E'"\n', '' ORDER BY g) FROM generate_series(1, 20000) AS g));
SELECT rows_rejected FROM etl_load('t', file('many.csv'), options => '{"header": false}');
UPDATE etl.dead_letter SET raw = convert_to(replace(replace(encode(raw, 'escape'), 'x', ''), '7777,', '7776,'), 'UTF8') WHERE record_no % 10 <> 0;
SELECT * FROM replay();
SELECT count(*), sum(a), min(a), max(a) FROM t;
SELECT status, sqlstate, count(*), max(attempts) FROM etl.dead_letter GROUP BY 1, 2 ORDER BY 1, 2;

-- only the beginning of a record is kept
DELETE FROM etl.dead_letter;
SET pg_etl.max_record_size = '64kB';
SELECT FROM write('large.csv', E'1,' || repeat('x', 100000) || E'\n');
SELECT rows_rejected FROM etl_load('t2', file('large.csv'), options => '{"header": false, "delimiter": ","}');
RESET pg_etl.max_record_size;
SELECT * FROM replay();
SELECT length(raw), stage, sqlstate, message, detail, status, attempts FROM etl.dead_letter;
UPDATE etl.dead_letter SET raw = '1,xx';
SELECT * FROM replay();

-- the checks of single rows that the load made are made again
SELECT rows_rejected FROM etl_load('t2', file('t.csv'), checks => '[{"name": "positive", "check": "a > 0"}, {"not_null": ["b"]}, {"name": "enough", "query": "SELECT count(*) >= 0 FROM etl_batch", "on_fail": "abort"}]');
SELECT details FROM replay();
SELECT details FROM replay(options => '{"checks": []}');
SELECT etl_discard_dead_letters('t2');

-- not where nothing may be written
BEGIN READ ONLY;
SELECT * FROM replay();
ROLLBACK;
BEGIN READ ONLY;
SELECT etl_discard_dead_letters();
ROLLBACK;
BEGIN READ ONLY;
SELECT etl_purge_dead_letters('0');
ROLLBACK;

-- users
DELETE FROM etl.dead_letter;
DELETE FROM etl.load;
TRUNCATE t, t2;
CREATE ROLE regress_etl_ann;
CREATE ROLE regress_etl_bob;
GRANT USAGE ON SCHEMA test TO regress_etl_ann, regress_etl_bob;
GRANT INSERT, SELECT ON t, t2 TO regress_etl_ann;
GRANT INSERT (a) ON t2 TO regress_etl_bob;
SET ROLE regress_etl_ann;
SELECT rows_rejected FROM etl_load_query('t', $$ SELECT 'x' AS a $$);
SELECT rows_rejected FROM etl_load_query('t2', $$ SELECT 'y' AS a $$);
SELECT count(*) FROM etl_parse_csv(E'a,b\nz,1\n', header => true, on_error => 'dead_letter') AS t(a int, b text);
RESET ROLE;
SELECT rows_rejected FROM etl_load_query('p', $$ SELECT 'w' AS a $$);
SELECT ids('{"a": "x"}') AS x, ids('{"a": "y"}') AS y, ids('z,1') AS z, ids('{"a": "w"}') AS w \gset
-- bob may insert into t2 only
SET ROLE regress_etl_bob;
SELECT target, record FROM etl.dead_letter;
SELECT target, count FROM etl.dead_letter_summary;
UPDATE etl.dead_letter SET record = '{"a": 2, "b": "two"}' RETURNING target;
SELECT failures(format('SELECT * FROM replay(ids => %L)', :'w'), format('SELECT * FROM replay(''t'', ids => %L)', :'z'), 'SELECT * FROM replay(''t'')');
SELECT etl_discard_dead_letters('t'), etl_discard_dead_letters(ids => :'x'), etl_discard_dead_letters(ids => :'z'), etl_discard_dead_letters('p');
SELECT failure('SELECT * FROM replay()');
RESET ROLE;
GRANT INSERT ON t2 TO regress_etl_bob;
SET ROLE regress_etl_bob;
SELECT target, read, inserted FROM replay();
SELECT target, source, owner FROM etl.load ORDER BY load_id;
RESET ROLE;
SELECT target, coalesce(encode(raw, 'escape'), record::text), status, owner FROM etl.dead_letter ORDER BY dead_letter_id;
-- ann owns letters of a table that she may insert into no more
REVOKE ALL ON t FROM regress_etl_ann;
SET ROLE regress_etl_ann;
SELECT target, status FROM etl.dead_letter ORDER BY dead_letter_id;
SELECT failures('SELECT * FROM replay(''t'')', format('SELECT * FROM replay(ids => %L)', :'x'));
SELECT target, read FROM replay();
SELECT etl_purge_dead_letters('0');
SELECT etl_discard_dead_letters();
SELECT etl_purge_dead_letters('0');
SELECT count(*) FROM etl.dead_letter;
RESET ROLE;
SELECT target, status FROM etl.dead_letter;
-- what the user's session sets changes nothing
SET ROLE regress_etl_bob;
CREATE TEMP TABLE dead_letter (status text);
SET search_path = pg_temp, test, public;
SET row_security = off;
SELECT etl_discard_dead_letters(), etl_purge_dead_letters('0');
SELECT count(*) FROM etl_replay_dead_letters();
RESET row_security;
RESET ROLE;
DROP OWNED BY regress_etl_ann, regress_etl_bob;
DROP ROLE regress_etl_ann, regress_etl_bob;
DELETE FROM etl.dead_letter;

-- a table that refers to itself: what all rows together show is in the letter
SET search_path = test, public;
DROP TABLE IF EXISTS pg_temp.dead_letter;
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree);
SELECT rows_inserted, rows_rejected FROM etl_load_query('tree', 'SELECT * FROM (VALUES (1, NULL::int), (2, 1), (3, 9), (4, 3)) t(id, parent)');
SELECT inserted, rejected, details FROM replay('tree');
SELECT record, status, attempts, sqlstate FROM etl.dead_letter ORDER BY dead_letter_id;
UPDATE etl.dead_letter SET record = '{"id": 3, "parent": 1}' WHERE record ->> 'id' = '3';
SELECT inserted, rejected, details FROM replay('tree');
SELECT * FROM tree ORDER BY id;
DELETE FROM etl.dead_letter;
