-- Bad records: every kind in every mode, what is counted and what is said.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
CREATE FUNCTION rows(content bytea, mode text) RETURNS text[] LANGUAGE sql AS
$$
	SELECT array_agg(concat(id, ':', note)) FROM etl_parse_csv(content, delimiter => ',', quote => '"',
		header => true, skip => 0, stop_at_blank => false, encoding => 'UTF8', on_error => mode) AS t(id int, note text)
$$;
CREATE TABLE bad (n int GENERATED ALWAYS AS IDENTITY, kind text, content bytea);
INSERT INTO bad (kind, content) VALUES
	('too few fields', E'id,note\n1,a\n2\n3,c\n'),
	('too many fields', E'id,note\n1,a\n2,b,x\n3,c\n'),
	('unterminated quote', E'id,note\n1,a\n2,"b\n3,c\n'),
	('unterminated quote at the end', E'id,note\n1,a\n3,c\n2,"b'),
	('quote inside a field', E'id,note\n1,a\n2,b"b\n3,c\n'),
	('data after a quote', E'id,note\n1,a\n2,"b"b"\n3,c\n'),
	('data after the last quote', E'id,note\n1,a\n2,"b"b\n3,c\n'),
	('bytes that are no UTF-8', 'id,note
1,a
2,\377b
3,c
'),
	('a character cut short', 'id,note
1,a
2,\303
3,c
'),
	('an overlong character', 'id,note
1,a
2,\300\257
3,c
'),
	('a surrogate', 'id,note
1,a
2,\355\240\200
3,c
'),
	('a zero byte', 'id,note
1,a
2,b\000b
3,c
'),
	('a refused value', E'id,note\n1,a\ntwo,b\n3,c\n'),
	('a value out of range', E'id,note\n1,a\n2147483648,b\n3,c\n');

SELECT kind, failure(format('SELECT rows(%L, %L)', content, 'abort')) FROM bad ORDER BY n;
SET client_min_messages = error;
SELECT kind, rows(content, 'skip'), rows(content, 'null'), rows(content, 'dead_letter') FROM bad ORDER BY n;
SELECT kind, stage, sqlstate, line, record_no, byte_offset, raw, column_name, message, detail
FROM (SELECT row_number() OVER (ORDER BY dead_letter_id) AS n, * FROM etl.dead_letter) AS d JOIN bad USING (n) ORDER BY n;
DELETE FROM etl.dead_letter;
RESET client_min_messages;

-- the warning: how many, the first reason
SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\n3\n,\ny\n', delimiter => ',', header => true, on_error => 'skip') AS t(id int);
SELECT id FROM etl_parse_csv(E'id\n1\nx\n3\n,\ny\n', delimiter => ',', header => true, on_error => 'null') AS t(id int);
SELECT id FROM etl_parse_csv(E'id\n1\nx\n3\n', header => true, on_error => 'null') AS t(id int);
BEGIN;
SELECT id FROM etl_parse_csv(E'id\n1\nx\n3\n', header => true, on_error => 'dead_letter') AS t(id int);
ROLLBACK;
-- none without rejects
SELECT id FROM etl_parse_csv(E'id\n1\n', header => true, on_error => 'skip') AS t(id int);
-- a reader that stops early tells of what it met, but not how many records there are
SELECT id FROM etl_parse_csv(E'id\nx\n1\ny\n2\n', header => true, on_error => 'skip') AS t(id int) LIMIT 1;
SELECT id FROM etl_parse_csv(E'id\nx\ny\n1\n2\n', header => true, on_error => 'skip') AS t(id int) LIMIT 1;

-- NULL takes the place of each refused value of a record
SELECT * FROM etl_parse_csv(E'a,b,c\n1,2,3\nx,5,y\n7,z,9\n', header => true, on_error => 'null') AS t(a int, b int, c int);
-- but not where the column's domain forbids it
CREATE DOMAIN needed AS int CONSTRAINT not_nothing NOT NULL;
SELECT * FROM etl_parse_csv(E'a\n1\nx\n2\n', header => true, on_error => 'null') AS t(a needed);
SELECT failure($$SELECT * FROM etl_parse_csv(E'a,b\n1,\n,2\n', header => true) AS t(a needed, b int)$$);

-- a mode is a setting like others
SELECT id FROM etl_parse_csv(E'id\n1\nx\n', header => true, options => '{"on_error": "skip"}') AS t(id int);
SELECT failure($$SELECT id FROM etl_parse_csv(E'id\n1\nx\n', header => true) AS t(id int)$$);

-- with abort, only what the query looks at is converted; structure and bytes count always
SELECT failures(
	$$SELECT id FROM etl_parse_csv(E'id,n\n1,x\n', header => true) AS t(id int, n int)$$,
	$$SELECT count(*) FROM etl_parse_csv(E'id,n\n1,x\n', header => true) AS t(id int, n int)$$,
	$$SELECT n FROM etl_parse_csv(E'id,n\n1,x\n', header => true) AS t(id int, n int)$$,
	$$SELECT id FROM etl_parse_csv(E'id,n\n1\n', delimiter => ',', header => true, skip => 0) AS t(id int, n int)$$,
	$$SELECT id FROM etl_parse_csv('id,n
1,\377
'::bytea, header => true, encoding => 'UTF8') AS t(id int, n text)$$);
-- in the other modes, which records are rejected never depends on the query
CREATE FUNCTION bad_mix() RETURNS text LANGUAGE sql AS
$$ SELECT E'a,b,c\n1,2,3\nx,2,3\n1,y,3\n1,2,z\n1,2\nx,y,z\n4,5,6\n' $$;
SELECT * FROM etl_parse_csv(bad_mix(), header => true, on_error => 'skip') AS t(a int, b int, c int);
SELECT b FROM etl_parse_csv(bad_mix(), header => true, on_error => 'skip') AS t(a int, b int, c int);
SELECT count(*) FROM etl_parse_csv(bad_mix(), header => true, on_error => 'skip') AS t(a int, b int, c int);
SELECT 1 FROM etl_parse_csv(bad_mix(), header => true, on_error => 'skip') AS t(a int, b int, c int) WHERE c = 6;
SELECT EXISTS (SELECT FROM etl_parse_csv(bad_mix(), header => true, on_error => 'skip') AS t(a int, b int, c int));
SELECT count(*) FROM etl_parse_csv(bad_mix(), header => true, on_error => 'null') AS t(a int, b int, c int);
SELECT c FROM etl_parse_csv(bad_mix(), header => true, on_error => 'null') AS t(a int, b int, c int);
-- only declared columns count
SELECT count(*) FROM etl_parse_csv(bad_mix(), header => true, on_error => 'skip') AS t(a int);

-- limits
SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'skip', reject_limit => 2) AS t(id int);
SELECT failures(
	$$SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'skip', reject_limit => 1) AS t(id int)$$,
	$$SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'skip', reject_limit => 0) AS t(id int)$$,
	$$SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'dead_letter', reject_limit => 1) AS t(id int)$$,
	$$SELECT count(*) FROM etl_parse_csv(E'id,n\n1,\nx\ny\n4,\n', delimiter => ',', header => true, on_error => 'null', reject_limit => 1) AS t(id int, n int)$$);
-- records that stand aren't rejects
SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'null', reject_limit => 0) AS t(id int);
SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'null', reject_limit_percent => 0) AS t(id int);
-- per cent: of all records, at the end
SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'skip', reject_limit_percent => 50) AS t(id int);
SELECT count(*) FROM etl_parse_csv(E'id\nx\n' || repeat(E'1\n', 999), header => true, on_error => 'skip', reject_limit_percent => 0.1) AS t(id int);
SELECT failures(
	$$SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'skip', reject_limit_percent => 49.9) AS t(id int)$$,
	$$SELECT count(*) FROM etl_parse_csv(E'id\nx\n' || repeat(E'1\n', 998), header => true, on_error => 'skip', reject_limit_percent => 0.1) AS t(id int)$$,
	$$SELECT count(*) FROM etl_parse_csv(E'id\nx\n', header => true, on_error => 'skip', reject_limit_percent => 0) AS t(id int)$$);
-- either of the two
SELECT failure($$SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'skip', reject_limit => 1, reject_limit_percent => 90) AS t(id int)$$);
SELECT failure($$SELECT count(*) FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'skip', reject_limit => 5, reject_limit_percent => 10) AS t(id int)$$);
-- over all files of a source
SELECT FROM write('reject_1.csv', E'id\n1\nx\n');
SELECT FROM write('reject_2.csv', E'id\ny\n2\n');
SELECT id FROM etl_read_csv(file('reject_[12].csv'), header => true, on_error => 'skip', reject_limit => 2, reject_limit_percent => 50) AS t(id int);
SELECT failures(
	$$SELECT id FROM etl_read_csv(file('reject_[12].csv'), header => true, on_error => 'skip', reject_limit => 1) AS t(id int)$$,
	$$SELECT id FROM etl_read_csv(file('reject_[12].csv'), header => true, on_error => 'skip', reject_limit_percent => 49) AS t(id int)$$);
-- nothing is kept when a limit is exceeded
CREATE TABLE target (id int);
INSERT INTO target SELECT id FROM etl_parse_csv(E'id\n1\nx\ny\n4\n', header => true, on_error => 'dead_letter', reject_limit => 1) AS t(id int);
SELECT (SELECT count(*) FROM target), (SELECT count(*) FROM etl.dead_letter);

-- records that are too large
SET pg_etl.max_record_size = 1024;
SELECT failure(format($$SELECT * FROM etl_parse_csv(%L, delimiter => ',', header => true) AS t(id int, note text)$$,
	E'id,note\n1,a\n2,' || repeat('b', 2000) || E'\n3,c\n'));
SELECT id, length(note) FROM etl_parse_csv(E'id,note\n1,a\n2,' || repeat('b', 2000) || E'\n3,' || repeat('c', 1022) || E'\n4,"' || repeat('d', 3000) || E'"\n5,e',
	delimiter => ',', header => true, skip => 0, on_error => 'skip') AS t(id int, note text);
SELECT id FROM etl_parse_csv(E'id,note\n1,a\n2,"' || repeat(E'b', 5000) || E'\n3,c\n',
	delimiter => ',', quote => '"', header => true, skip => 0, on_error => 'skip') AS t(id int, note text);
SELECT line, cardinality(fields) FROM etl_csv_rows(write('reject_3.csv', E'a,b\n' || repeat('x,', 1000) || E'\nc,d\n'), delimiter => ',', on_error => 'skip');
SELECT failure($$SELECT line, cardinality(fields) FROM etl_csv_rows(file('reject_3.csv'), delimiter => ',')$$);
-- a quoted field of many lines is one record, however large
SELECT count(*) FROM etl_parse_csv(E'note\n"' || repeat(E'b\n', 2000) || E'"\nc\n',
	header => true, quote => '"', delimiter => ',', skip => 0, stop_at_blank => false, on_error => 'skip') AS t(note text);
RESET pg_etl.max_record_size;

-- what is shown of a record is short, printable and of one line, and messages are bounded
SELECT failure(format($$SELECT * FROM etl_parse_csv(%L, delimiter => ',', header => true) AS t(id int, x text)$$, E'id,x\n' || repeat('ä', 40) || E',"\t\n' || repeat('ö', 100) || E'"\n'));
SELECT length(failure(format($$SELECT * FROM etl_parse_csv(%L, header => true) AS t(id int)$$, E'id\n' || repeat('x', 100000) || E'\n'))) < 2000;

-- an empty table isn't a bad one
SELECT count(*) FROM etl_parse_csv('id', header => true, on_error => 'skip', reject_limit_percent => 0) AS t(id int);

-- without a scan node
SELECT id FROM ROWS FROM (etl_parse_csv(E'id\n1\nx\n3\n', header => true, on_error => 'skip') AS (id int)) WITH ORDINALITY;
SELECT failure($$SELECT id FROM ROWS FROM (etl_parse_csv(E'id\n1\nx\n3\n', header => true) AS (id int)) WITH ORDINALITY$$);
SELECT failure($$SELECT id FROM ROWS FROM (etl_parse_csv(E'id\n1\nx\n3\n', header => true, on_error => 'skip', reject_limit => 0) AS (id int)) WITH ORDINALITY$$);

-- a domain over the row's type refuses records as a whole, where core gathers the rows
CREATE TYPE span AS (low int, high int);
CREATE DOMAIN good_span AS span CHECK ((VALUE).low <= (VALUE).high);
CREATE FUNCTION is_narrow(s span) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN s.high - s.low < 100; END $$;
CREATE DOMAIN narrow_span AS good_span CHECK (is_narrow(VALUE));
SELECT FROM write('reject_span.csv', E'low,high\n1,2\n4,3\nx,9\n1,500\n5,6\n');
SELECT * FROM etl_read_csv(file('reject_span.csv'), NULL::good_span, on_error => 'skip');
SELECT * FROM etl_read_csv(file('reject_span.csv'), NULL::narrow_span, on_error => 'skip');
SELECT * FROM etl_read_csv(file('reject_span.csv'), NULL::narrow_span, on_error => 'null');
SELECT (etl_read_csv(file('reject_span.csv'), NULL::narrow_span, on_error => 'dead_letter')).high;
SELECT line, raw, stage, sqlstate, message, constraint_name, column_name FROM etl.dead_letter ORDER BY line;
DELETE FROM etl.dead_letter;
SELECT failure($$SELECT * FROM etl_read_csv(file('reject_span.csv'), NULL::narrow_span)$$);
