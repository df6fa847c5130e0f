-- Random documents, read as the server's own functions read them.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
CREATE TYPE part AS (k text, v numeric);
CREATE TYPE row_type AS (id int, n numeric, f float8, b boolean, s text, d jsonb, j json, l int[], p part, ps part[]);

CREATE FUNCTION pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT choices[1 + floor(random() * array_length(choices, 1))::int] $$;
CREATE FUNCTION blanks() RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT pick('', '', '', ' ', E'\t', '  ') $$;
CREATE FUNCTION random_number() RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT pick('', '-') || pick('0', '7', '12', '2147483647', '99999999999999999999')
	|| pick('', '', '.0', '.50', '.000001') || pick('', '', '', 'e2', 'E-3', 'e+1') $$;
CREATE FUNCTION random_string() RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT '"' || string_agg(pick('a', 'B', ' ', '\"', '\\', '\/', '\n', '\u00e9', '\ud83d\ude00', 'é', '😀', '1', '{', ']', ',', ':', '\u0041', repeat('x', 70)), '') || '"'
	FROM generate_series(1, 1 + floor(random() * 6)::int) $$;
CREATE FUNCTION random_value(depth int) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$
BEGIN
	CASE pick('n', 's', 'w', 'o', 'a')
		WHEN 'n' THEN RETURN random_number();
		WHEN 's' THEN RETURN random_string();
		WHEN 'w' THEN RETURN pick('true', 'false', 'null');
		WHEN 'o' THEN
			IF depth > 3 THEN RETURN '{}'; END IF;
			RETURN '{' || coalesce((SELECT string_agg(blanks() || random_string() || blanks() || ':' || blanks() || random_value(depth + 1) || blanks(), ',')
				FROM generate_series(1, floor(random() * 4)::int)), blanks()) || '}';
		ELSE
			IF depth > 3 THEN RETURN '[]'; END IF;
			RETURN '[' || coalesce((SELECT string_agg(blanks() || random_value(depth + 1) || blanks(), ',')
				FROM generate_series(1, floor(random() * 4)::int)), blanks()) || ']';
	END CASE;
END
$$;
CREATE FUNCTION member(name text, VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN random() < 0.8 THEN blanks() || to_json(name) || blanks() || ':' || blanks() || pick(VARIADIC choices) || blanks() END $$;
-- Members that their columns take, in any order, with others between them and
-- some twice.
CREATE FUNCTION random_record() RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT '{' || coalesce(string_agg(m, ',' ORDER BY random()), '') || '}' FROM unnest(ARRAY[
	member('id', '1', '-5', '2147483647', 'null', '"12"', '" 7 "'), member('id', '8'),
	member('n', random_number(), random_number(), '"1.50"', 'null'),
	member('f', '1', '0.1', '-1e-7', '1.7976931348623157e308', '"NaN"', '123456789.125'),
	member('b', 'true', 'false', '1', '"yes"', 'null'),
	member('s', random_string(), random_value(0)), member('d', random_value(0)), member('d', 'null'),
	member('j', random_value(0)),
	member('l', '[]', '[1, 2]', '[ null,"3" ]', '[[1],[2]]', '"{4,5}"', 'null'),
	member('p', '{"k": "a"}', '{"v": 1.50, "k": [ 1 ]}', '{}', '"(q,2)"', 'null'),
	member('ps', '[]', '[{"k": "a"}, null, {"v": "1e2"}]', 'null'),
	member(pick('x', 'idx', 'i', '', 'long name'), random_value(0)), member('x', random_value(0))]) AS m $$;

SELECT setseed(0.375);
CREATE TABLE document AS SELECT i, random_record() AS text FROM generate_series(1, 1500) AS i;
SELECT count(DISTINCT text) > 1400 AS differ, count(text::jsonb) FROM document;

-- as the server reads them, all at once and one by one
CREATE TABLE expected AS SELECT r.* FROM document, json_populate_record(NULL::row_type, text::json) AS r;
-- but for its way to write strings of type json anew
TRUNCATE expected;
INSERT INTO expected SELECT id, n, f, b, s, d, nullif((text::json->'j')::text, 'null')::json, l, p, ps
FROM document, json_populate_record(NULL::row_type, text::json) AS r;
CREATE FUNCTION compare(source text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	n bigint;
	rows bigint;
BEGIN
	EXECUTE 'CREATE TEMP TABLE seen AS ' || source;
	SELECT count(*) INTO rows FROM seen;
	SELECT count(*) INTO n FROM (
		(SELECT seen::text FROM seen EXCEPT ALL SELECT expected::text FROM expected) UNION ALL
		(SELECT expected::text FROM expected EXCEPT ALL SELECT seen::text FROM seen)) AS d;
	DROP TABLE seen;
	RETURN format('%s rows, %s differ', rows, n);
END
$$;
SELECT compare($$ SELECT r.* FROM document, etl_parse_json(text, NULL::row_type) AS r $$);
SELECT compare($$ SELECT r.* FROM (SELECT string_agg(text, E'\n') AS t FROM document) AS a, etl_parse_json(t, NULL::row_type) AS r $$);
SELECT compare($$ SELECT r.* FROM (SELECT string_agg(text, E'\n') AS t FROM document) AS a, etl_parse_json(t, NULL::row_type, format => 'ndjson') AS r $$);
SELECT compare($$ SELECT r.* FROM (SELECT string_agg(text, '') AS t FROM document) AS a, etl_parse_json(t, NULL::row_type) AS r $$);
SELECT compare($$ SELECT r.* FROM (SELECT '[' || string_agg(text, E',\r\n') || ']' AS t FROM document) AS a, etl_parse_json(t, NULL::row_type) AS r $$);
SELECT compare($$ SELECT r.* FROM (SELECT '{"a": [1, {"data": []}], "data": [' || string_agg(text, ',') || '], "n": 1}' AS t FROM document) AS a,
	etl_parse_json(t, NULL::row_type, records => '$.data[*]') AS r $$);
SELECT compare($$ SELECT r.* FROM (SELECT convert_to(string_agg(text, E'\n'), 'UTF8') AS t FROM document) AS a, etl_parse_json(t, NULL::row_type, on_error => 'skip') AS r $$);
-- one column of them is what it is among all
SELECT count(*) FROM (SELECT string_agg(text, E'\n' ORDER BY i) AS t FROM document) AS a, etl_parse_json(t) AS r(s text, etl_record_no bigint)
JOIN (SELECT e.s, row_number() OVER () AS no FROM expected AS e) AS e ON no = etl_record_no WHERE r.s IS DISTINCT FROM e.s;
-- the record as jsonb is the server's
SELECT count(*) FROM document, etl_parse_json(text) AS r(etl_record jsonb, etl_raw text) WHERE etl_record <> text::jsonb OR etl_raw <> text;

-- jsonb, whose numbers and duplicate members the server has settled
TRUNCATE expected;
INSERT INTO expected SELECT r.* FROM document, jsonb_populate_record(NULL::row_type, text::jsonb) AS r;
SELECT compare($$ SELECT r.* FROM (SELECT jsonb_agg(text::jsonb) AS t FROM document) AS a, etl_parse_json(t, NULL::row_type) AS r $$);
SELECT compare($$ SELECT r.* FROM (SELECT jsonb_agg(text::jsonb) AS t FROM document) AS a,
	jsonb_to_recordset(t) AS r(id int, n numeric, f float8, b boolean, s text, d jsonb, j json, l int[], p part, ps part[]) $$);
