-- Conversion: what each type takes and refuses, as its own input does.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE point2 AS (x int, y text);
CREATE TYPE span AS RANGE (subtype = float8);
CREATE DOMAIN positive AS int CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE DOMAIN small AS positive CONSTRAINT below_ten CHECK (VALUE < 10);
CREATE FUNCTION is_even(i int) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN RETURN i % 2 = 0; END $$;
CREATE DOMAIN even AS int CONSTRAINT by_function CHECK (is_even(VALUE));
CREATE DOMAIN nothing AS text CONSTRAINT filled NOT NULL;
CREATE DOMAIN odd_list AS int[] CONSTRAINT no_even CHECK (NOT 2 = ANY (VALUE));
CREATE DOMAIN checked_point AS point2 CONSTRAINT right_side CHECK ((VALUE).x > 0);

-- A table of values and types.  For each the reader must do what a cast does:
-- the same value, or an error of the same code and message.
CREATE FUNCTION by_cast(value text, type text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	result text;
	state text;
BEGIN
	EXECUTE format('SELECT (%L::%s)::text', value, type) INTO result;
	RETURN coalesce(result, '<null>');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, result = MESSAGE_TEXT;
	RETURN state || ' ' || result;
END
$$;
CREATE FUNCTION by_reading(value text, type text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	result text;
	state text;
BEGIN
	EXECUTE format('SELECT v::text FROM etl_parse_csv(%L::text, delimiter => %L, quote => %L, header => true, skip => 0, stop_at_blank => false, null_strings => %L) AS t(v %s)',
		E'v,w\n"' || replace(value, '"', '""') || E'",1\n', ',', '"', '{}', type) INTO result;
	RETURN coalesce(result, '<null>');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, result = MESSAGE_TEXT;
	RETURN state || ' ' || result;
END
$$;
CREATE TABLE example (type text, value text);
INSERT INTO example SELECT type, value FROM
	unnest('{smallint,int,bigint,oid,real,float8,numeric,"numeric(6,2)","numeric(3,-2)","numeric(2,4)",money}'::text[]) AS type,
	unnest(ARRAY['0', '1', '-1', '+1', '-0', '007', '32767', '32768', '-32768', '-32769', '2147483647', '2147483648', '-2147483648',
		'-2147483649', '4294967295', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809',
		'1.5', '-1.5', '1.', '.5', '-.5', '.', '1e3', '1E-3', '1e', '1e400', '1e-400', '12345678901234567890.12345678901234567890',
		'0.1', '0.000001', '123.456', '9999.99', '9999.995', '10000', '0.00995', '1234.5678', '00001.2500', '1.10', '3.4e38', '3.5e38',
		'1e-46', '0.1e1', 'NaN', 'nan', 'Infinity', '-inf', 'inf', ' 1', '1 ', ' 1 ', E'\t1', '1 2', '1,000', '0x1F', '1_000', '',
		' ', '-', '+', '--1', '1-', 'x', 'null', '१', repeat('9', 200), '0.' || repeat('0', 100) || '1', '179769313486231580793728971405303e276',
		'0.30000000000000004', '2.2250738585072014e-308', '5e-324', '123456789012345678', '0.1234567890123456789']) AS value;
INSERT INTO example SELECT type, value FROM unnest('{boolean}'::text[]) AS type,
	unnest(ARRAY['t', 'f', 'true', 'false', 'TRUE', 'False', 'yes', 'no', 'y', 'n', 'on', 'off', 'o', '1', '0', 'tru', 'fal', 'YE', ' true ', 'truee', '2', '', 'null']) AS value;
INSERT INTO example SELECT type, value FROM unnest('{date,time,timetz,timestamp,timestamptz,timestamp(0),timestamptz(3),time(2)}'::text[]) AS type,
	unnest(ARRAY['2024-02-29', '2023-02-29', '2024-13-01', '2024-00-10', '2024-1-2', '0001-01-01', '0000-01-01', '9999-12-31', '10000-01-01', '294277-01-01',
		'5874898-01-01', '20240131', '2024-01-31 BC', '31.01.2024', '01/02/2024', '01/31/2024', 'Jan 31 2024', 'epoch', 'infinity', '-infinity', 'today x', '',
		'2024-01-31 12:34:56', '2024-01-31T12:34:56', '2024-01-31 12:34:56.789', '2024-01-31 12:34:56.1234567', '2024-01-31 12:34:56.999999999',
		'2024-01-31 12:34', '2024-01-31 24:00:00', '2024-01-31 24:00:01', '2024-01-31 23:59:60', '2024-01-31 23:60:00', '2024-01-31 25:00:00',
		'2024-01-31 12:34:56Z', '2024-01-31 12:34:56+02', '2024-01-31 12:34:56-05:30', '2024-01-31 12:34:56 Europe/Berlin', '2024-01-31T12:34:56.5+00:00',
		'12:34:56', '12:34', '12:34:56.5', '24:00:00', '24:00:01', '12:34:56 PM', '12:34:56+02', '1:2:3', '123456', '-1:00', '2024-01-31 ', ' 2024-01-31', '2024-01-31x', '2024-06-31', '1900-02-29', '2000-02-29']) AS value;
INSERT INTO example SELECT type, value FROM unnest(ARRAY['text', 'varchar', 'varchar(3)', 'char(3)', 'char', '"char"', 'name', 'bpchar']) AS type,
	unnest(ARRAY['', 'a', 'abc', 'abcd', 'abc  ', 'äöü', 'äöüß', '   ', 'a"b', E'a\nb', repeat('x', 70)]) AS value;
INSERT INTO example SELECT type, value FROM unnest('{uuid}'::text[]) AS type,
	unnest(ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
		'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111', '', ' a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']) AS value;
INSERT INTO example SELECT type, value FROM unnest('{json,jsonb,jsonpath}'::text[]) AS type,
	unnest(ARRAY['{}', '{"a": 1.10, "b": [1, 2, {"c": null}]}', '{"a": 1, "a": 2}', '"x"', '1', '$.a', '{a: 1}', '{"a": }', '', 'null', '{"a": "\u0000"}', '[1,]', ' [1] ', '{"a": "\ud800"}']) AS value;
INSERT INTO example SELECT type, value FROM unnest('{bytea,bit(3),varbit,interval,interval day,inet,cidr,macaddr,point,box,tsvector,pg_lsn,xml,regclass,regtype,int4range,tstzrange,span,int4multirange,mood,point2}'::text[]) AS type,
	unnest(ARRAY['', '\x00ff', '\x0', 'a\000b', '101', '1', '1 day 02:03:04', 'P1Y2M', '3 parsecs', '10.0.0.1', '10.0.0.0/8', '10.0.0.256', '08:00:2b:01:02:03', '(1,2)', '(1,2),(3,4)',
		'a b:1A', '16/B374D848', '<a>b</a>', '<a>', 'pg_class', 'no_such_thing', 'int4', '[1,5)', '[5,1)', 'empty', '[2024-01-01,2024-02-01)', '{[1,3),[2,5)}', '{[1,3', 'sad', 'Sad', '(1,x)', '(1,)', '("1","x y")', '(x,1)', '(1)', '(1,2,3)']) AS value;
INSERT INTO example SELECT type, value FROM unnest('{int[],text[],"numeric(4,1)[]",mood[],point2[],positive[]}'::text[]) AS type,
	unnest(ARRAY['{}', '{1,2,3}', '{1,NULL,3}', '{"a b","c,d"}', '{{1,2},{3,4}}', '[2:3]={1,2}', '{1,2', '1,2', '{x}', '{sad,ok}', '{"(1,x)","(2,y)"}', '{-1}', '', '{99999.99}']) AS value;
INSERT INTO example SELECT type, value FROM unnest('{positive,small,even,nothing,odd_list,checked_point}'::text[]) AS type,
	unnest(ARRAY['1', '0', '-1', '10', '11', '2', 'x', '', '{1,3}', '{1,2}', '{1', '(1,x)', '(0,x)', '(x,1)']) AS value;

-- text is kept as it is, a cast to char(n) would cut
SELECT count(*) > 1000 AS many FROM example;
SELECT type, value, by_reading(value, type) AS reading, by_cast(value, type) AS casting FROM example
WHERE type NOT IN ('varchar(3)', 'char(3)', 'char', 'bit(3)') AND by_reading(value, type) IS DISTINCT FROM by_cast(value, type) ORDER BY 1, 2;
-- there an assignment is meant, which doesn't cut
SELECT type, value, by_reading(value, type) FROM example WHERE type IN ('varchar(3)', 'char(3)', 'char', 'bit(3)') AND value ~ '^[aäöü10b]+' AND length(value) > 3 AND length(value) < 10 ORDER BY 1, 2;

-- several refused values of a record, of types with different ways to fail
SET client_min_messages = error;
SELECT * FROM etl_parse_csv(E'a;b;c;d;e\n1;2;{1};(1,x);sad\nx;3;{x};(x,1);glad\n5;0;{;(;ok\n', delimiter => ';', header => true, skip => 0, on_error => 'null')
	AS t(a positive, b even, c int[], d checked_point, e mood);
SELECT a, e FROM etl_parse_csv(E'a;b;c;d;e\n1;2;{1};(1,x);sad\nx;3;{x};(x,1);glad\n5;0;{;(;ok\n6;4;{};(2,y);happy\n', delimiter => ';', header => true, skip => 0, on_error => 'skip')
	AS t(a positive, b even, c int[], d checked_point, e mood);
RESET client_min_messages;
-- every refusal by a domain names its constraint
DELETE FROM etl.dead_letter;
SET client_min_messages = error;
SELECT count(*) FROM etl_parse_csv(E'a\n0\n', header => true, on_error => 'dead_letter') AS t(a positive);
SELECT count(*) FROM etl_parse_csv(E'a\n11\n', header => true, on_error => 'dead_letter') AS t(a small);
SELECT count(*) FROM etl_parse_csv(E'a\n1\n', header => true, on_error => 'dead_letter') AS t(a even);
SELECT count(*) FROM etl_parse_csv(E'a,b\n,1\n', header => true, on_error => 'dead_letter') AS t(a nothing, b int);
SELECT count(*) FROM etl_parse_csv(E'a;b\n(0,x);1\n', header => true, delimiter => ';', on_error => 'dead_letter') AS t(a checked_point, b int);
RESET client_min_messages;
SELECT sqlstate, constraint_name, column_name, message FROM etl.dead_letter ORDER BY dead_letter_id;
DELETE FROM etl.dead_letter;

-- errors that aren't about the data end the query in every mode
CREATE FUNCTION broken(i int) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN RAISE query_canceled USING MESSAGE = 'no more'; END $$;
CREATE DOMAIN unstable AS int CHECK (broken(VALUE));
\set SHOW_CONTEXT never
SELECT * FROM etl_parse_csv(E'a\n1\n', header => true, on_error => 'skip') AS t(a unstable);
\set SHOW_CONTEXT errors

-- many records with subtransactions, many refused
SET client_min_messages = error;
SELECT count(*), sum(a) FROM etl_parse_csv((SELECT string_agg(i::text, E'\n') FROM generate_series(1, 2000) AS i), header => false, on_error => 'skip') AS t(a even);
SELECT count(*), sum(a) FROM etl_parse_csv((SELECT string_agg(i::text, E'\n') FROM generate_series(-999, 1000) AS i), header => false, on_error => 'skip') AS t(a positive);
RESET client_min_messages;

-- settings of the session hold for reading
SET intervalstyle = 'sql_standard';
SET datestyle = 'German';
SELECT * FROM etl_parse_csv(E'a;b\n31.01.2024;1-2\n', header => true) AS t(a date, b interval);
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET timezone = 'America/New_York';
SELECT * FROM etl_parse_csv(E'a,b\n2024-07-01 12:00,2024-01-01T12:00:00Z\n2024-03-10 02:30:00,2024-11-03 01:30:00\n', header => true) AS t(a timestamptz, b timestamptz);
SET timezone = 'UTC';

-- a column's collation and typmod are those declared
SELECT pg_typeof(a), a, pg_typeof(b), b, pg_collation_for(c) FROM etl_parse_csv(E'a,b,c\n1.255,x,y\n', header => true) AS t(a numeric(5, 2), b char(4), c text COLLATE "C");
