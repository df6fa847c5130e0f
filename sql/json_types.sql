-- Conversion from JSON: what each type takes and refuses, as json_to_record does.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x int, y text);
CREATE TYPE outer_pair AS (p pair, list int[], doc jsonb);
CREATE DOMAIN positive AS int CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE FUNCTION is_even(i int) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN RETURN i % 2 = 0; END $$;
CREATE DOMAIN even AS int CONSTRAINT by_function CHECK (is_even(VALUE));
CREATE DOMAIN filled AS text CONSTRAINT filled NOT NULL;
CREATE DOMAIN odd_list AS int[] CONSTRAINT no_even CHECK (NOT 2 = ANY (VALUE));
CREATE DOMAIN even_list AS even[];
CREATE DOMAIN right_pair AS pair CONSTRAINT right_side CHECK ((VALUE).x > 0);
CREATE DOMAIN document AS jsonb CONSTRAINT is_object CHECK (jsonb_typeof(VALUE) = 'object');
CREATE DOMAIN json_list AS json CONSTRAINT is_array CHECK (json_typeof(VALUE) = 'array');

-- A table of values and types.  For each the reader must do what the server
-- does: the same value, or an error of the same code and message.
CREATE FUNCTION by_server(value text, type text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	result text;
	state text;
BEGIN
	EXECUTE format('SELECT v::text FROM json_to_record(%L) AS t(v %s)', '{"v": ' || value || '}', type) INTO result;
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
	EXECUTE format('SELECT v::text FROM etl_parse_json(%L::text) AS t(v %s)', '{"v": ' || value || '}', type) INTO result;
	RETURN coalesce(result, '<null>');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, result = MESSAGE_TEXT;
	RETURN state || ' ' || result;
END
$$;
-- the same where values that are refused become null
CREATE FUNCTION by_reading_on(value text, type text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	result text;
BEGIN
	SET LOCAL client_min_messages = error;
	EXECUTE format('SELECT v::text FROM etl_parse_json(%L::text, on_error => ''null'') AS t(v %s)', '{"v": ' || value || '}', type) INTO result;
	RETURN coalesce(result, '<null>');
END
$$;
CREATE TABLE example (type text, value text);
INSERT INTO example SELECT type, value FROM
	unnest('{smallint,int,bigint,real,float8,numeric,"numeric(6,2)",money,boolean,text,varchar(3),char(3),name,date,time,timestamp,timestamptz,interval,uuid,bytea,inet,mood,int4range,
		json,jsonb,xid,regtype,positive,even,filled,document,json_list,
		int[],text[],"numeric(4,1)[]",json[],jsonb[],pair[],positive[],date[],
		pair,outer_pair,right_pair,odd_list,even_list}'::text[]) AS type,
	unnest(ARRAY['0', '-0', '1', '-1', '2', '1.0', '1.10', '1e3', '1E+2', '0.1e1', '1e400', '32768', '2147483648', '9223372036854775808', '1e131072',
		'12345678901234567890.123456789', '-1.5e-7', 'true', 'false', 'null',
		'""', '"0"', '"1"', '" 1 "', '"1.5"', '"t"', '"true"', '"yes"', '"null"', '"NaN"', '"abcd"', '"ok"', '"a\"b\\c\/\b\f\n\r\t"', '"\u00e9\ud83d\ude00"',
		'"é"', '"\u0000"', '"a\u0000b"', '"\ud83d"', '"\ude00"', '"\ud83dx"', '"\ud83d\ud83d"', '"\u0001"', '"2024-02-29"', '"2023-02-29"', '"2024-01-01T10:00:00Z"', '"10:00"',
		'"infinity"', '"today"', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', '"\\x00ff"', '"[1,5)"', '"{1,2}"', '"(1,x)"', '"1 2"', '"::1"', '"integer"', '"{\"a\": 1}"', '"[1]"',
		'[]', '{}', '[1]', '[1, 2, 3]', '[null]', '[1, null]', '["1", "2"]', '["a", "b"]', '[1.25, 2]', '[[1, 2], [3, 4]]', '[[1, 2], [3]]', '[[1], 2]', '[{"x": 1}]', '[{"x": "z"}]',
		'["2024-01-01"]', '[true]', '[0]', '["\u0000"]', '{"x": 1, "y": "a"}', '{"x": 1, "x": 2}', '{"y": {"z": [1,  2]}}', '{"x": "q"}', '{"x": null}', '{"X": 1}', '{"x": -1}', '{"z": 1}',
		'{"p": {"x": 1}, "list": [1, 2], "doc": {"b": 1, "a": [1.0]}}', '{"p": "(1,)", "list": "{3}", "doc": "s"}', '{"p": [1]}', '{"list": 1}', '{"doc": "\u0000"}', '{"a": 1e3, "b":   [ 1 ]}',
		'{"a": "\u0000"}', '{"a": 1, "a": 2}', '{"a": "\ud83d"}']) AS value;
SELECT count(*), count(DISTINCT type), count(DISTINCT value) FROM example;
-- The server undoes escapes wherever they stand, so it refuses all of a record
-- for one that stands for no text; and it writes strings anew for json.
CREATE VIEW comparable AS SELECT type, value, s FROM example, by_server(value, type) AS s
WHERE s NOT LIKE '22P05 %' AND s <> '22P02 invalid input syntax for type json' AND NOT (type = 'json' AND value LIKE E'"%\\\\%');
SELECT type, value, r, s FROM comparable, by_reading(value, type) AS r WHERE r <> s ORDER BY 1, 2;
-- what is refused becomes null, what is not stays, whatever the type needs for that
SELECT type, value, r, s FROM comparable, by_reading_on(value, type) AS r
WHERE type <> 'filled' AND r <> CASE WHEN s ~ '^[0-9A-Z]{5} ["a-z]' THEN '<null>' ELSE s END ORDER BY 1, 2;
-- where an escape stands for no text, only those who want the text refuse it
SELECT type, value, r FROM example, by_reading(value, type) AS r
WHERE type IN ('int', 'text', 'json', 'jsonb', 'text[]', 'outer_pair', 'date') AND value ~ '\\u(0000|d83d[^\\]|d83d\\ud83d|de00")' AND value !~ '\\ud83d\\ude00'
ORDER BY 2, 1;
-- and some of them to look at
SELECT type, value, r FROM example, by_reading(value, type) AS r
WHERE type IN ('int', 'numeric', 'json', 'jsonb', 'text', 'boolean') AND value IN ('1.0', '1e3', '1.10', '"1"', 'true', 'null', '"\u0000"', '{"a": 1e3, "b":   [ 1 ]}', '{"a": 1, "a": 2}')
	OR type IN ('int[]', 'pair', 'outer_pair', 'odd_list') AND value IN ('[1, 2, 3]', '"{1,2}"', '{"x": 1, "y": "a"}', '[[1, 2], [3]]', '1', '{"p": {"x": 1}, "list": [1, 2], "doc": {"b": 1, "a": [1.0]}}')
ORDER BY 1, 2;

-- digits are kept
SELECT * FROM etl_parse_json('{"a": 1.10, "b": 12345678901234567890.1234567890, "c": 1.10, "d": 1.100, "e": 1e2, "f": -0}')
	AS t(a numeric, b numeric, c jsonb, d text, e numeric, f float8);
-- null and missing are null, but for a domain that forbids it
SELECT * FROM etl_parse_json('[{"a": null, "b": null}, {}]') AS t(a int, b jsonb, c pair, d int[]);
SELECT * FROM etl_parse_json('{"a": null}') AS t(a filled);
SELECT * FROM etl_parse_json('{}') AS t(a filled);

-- numbers and dates that are written otherwise are strings
SELECT * FROM etl_parse_json('[{"n": "1.234,50", "m": 1234.5, "i": "1.000", "d": "31.12.2024", "t": "31.12.2024 10:00"}]',
	decimal_separator => ',', thousands_separator => '.', date_formats => '{"d": "DD.MM.YYYY", "t": "DD.MM.YYYY HH24:MI"}')
	AS t(n numeric, m numeric, i int, d date, t timestamp);
SELECT * FROM etl_parse_json('{"n": 1234.5}', thousands_separator => ',') AS t(n int);
SELECT * FROM etl_parse_json('{"n": "1,5"}') AS t(n numeric);
SELECT * FROM etl_parse_json('{"d": "31/12/2024"}') AS t(d date);
-- hints are those of JSON
SELECT * FROM etl_parse_json('{"n": "N/A"}') AS t(n numeric);
SELECT * FROM etl_parse_json('{"n": ""}') AS t(n numeric);

-- jsonb is built as the server builds it, whatever it consists of
CREATE FUNCTION same_jsonb(value text) RETURNS boolean LANGUAGE sql AS
$$ SELECT v = value::jsonb AND v::text = value::jsonb::text AND v @> value::jsonb AND pg_column_size(v) = pg_column_size(value::jsonb)
	AND jsonb_hash(v) = jsonb_hash(value::jsonb) FROM etl_parse_json('{"v": ' || value || '}') AS t(v jsonb) $$;
SELECT value, same_jsonb(value) FROM unnest(ARRAY['{}', '[]', '""', '[""]', '{"": 1}', '5', '-1.5', 'true', '"x\ny\u00e9\ud83d\ude00\"\\\/"', '{"b": 1, "a": 2, "aa": 3, "b": 5}', '{"\u0061": 1, "a": 2}',
	'[1, 2, 3, -4, 0, 0.0, 1.50, -0, 12345678901234567, 1e5, 0.00001, 123456789012345678901234567890]', '[null, true, false]', '{"a": {"b": [{"c": [[]]}], "x": "y"}, "k": [1, [2, [3]]]}', '[[1], "abc", 2, "d", 3]',
	'{ "a" : [ 1 , 2 ] , "b" : { } }']) AS value;
-- with so many elements, members, or levels
SELECT bool_and(same_jsonb((SELECT '[' || string_agg(repeat('[', i % 3) || i || repeat(']', i % 3), ', ') || ']' FROM generate_series(1, n) AS i))) FROM generate_series(1, 100) AS n;
SELECT bool_and(same_jsonb((SELECT '[' || string_agg('"' || repeat('x', i % 7) || '"', ', ') || ']' FROM generate_series(1, n) AS i))) FROM generate_series(1, 100) AS n;
SELECT bool_and(same_jsonb((SELECT '{' || string_agg('"k' || i * 7 % 97 || '": ["' || i || '", ' || i || '.5, {"z": null}]', ', ') || '}' FROM generate_series(1, n) AS i))) FROM generate_series(1, 150) AS n;
SELECT bool_and(same_jsonb(repeat('[', n) || repeat(']', n)) AND same_jsonb(repeat('{"a": ', n) || '1' || repeat('}', n))) FROM generate_series(1, 20) AS n;
SELECT same_jsonb('["' || repeat('x', 70000) || '"]');
