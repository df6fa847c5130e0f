-- Where records lie in JSON, and which of them a bad one takes along.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

-- one after the other, over lines or not
SELECT * FROM etl_parse_json(E'{"id":1}\n\n {"id":\n2}\n{"id":3}{"id":4} 5 "x"[6]\n') AS t(etl_line bigint, etl_offset bigint, etl_record json);
SELECT * FROM etl_parse_json('[{"id":1}] [{"id":2},[3]]') AS t(etl_offset bigint, etl_record json);
SELECT * FROM etl_parse_json(E'[1]\n{"id":2}\r\n\n3', format => 'ndjson') AS t(etl_line bigint, etl_record json);
SELECT * FROM etl_parse_json(E' \n\t') AS t(id int);

-- paths, also through several arrays
SELECT * FROM etl_parse_json('{"p":[{"r":[{"id":1},{"id":2}]},{"q":{"r":[0]}},{"r":[]},{"r":[{"id":3}]},{"r":{"id":4}},{"r":null}],"r":[5]}',
	records => '$.p[*].r[*]') AS t(id int, etl_offset bigint);
SELECT * FROM etl_parse_json('{"p":[[{"id":1}],[{"id":2},{"id":3}]]}', records => '$.p[1]') AS t(id int);
SELECT * FROM etl_parse_json('{"a":{"p":[9]},"p\u0021 q":[{"id":1}]}', records => '$[''p! q'']') AS t(id int);
SELECT * FROM etl_parse_json(E'{"p":[{"id":1}]}\n{"p":[{"id":2},{"id":x}]}\n{"q":1}\n{"p":{"id":3}}\n', records => '$.p', on_error => 'skip')
	AS t(id int, etl_line bigint);
SELECT failures(
	$$ SELECT * FROM etl_parse_json('{"p":[{"id":1}]}', records => '$.P') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('{"p":[{"id":1}],"x":tru}', records => '$.p') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('{"p":[{"id":1}],"x":"' || chr(1) || '"}', records => '$.p') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('\x7b2278223a22ff222c2270223a5b5d7d'::bytea, records => '$.p') AS t(id int) $$);

-- lines: a bad one ends where it ends
SELECT * FROM etl_parse_json(E'{"id":1}\n{"id":2,}\n{"id":3,"a":"x\n{"id":4}\n{"id":5} x\n{"id":6}}\n{"id":7}\n{"id":8', on_error => 'skip')
	AS t(id int, etl_line bigint, etl_record_no bigint);
SELECT * FROM etl_parse_json(E'{"id":1\n{"id":2}\n{"id":\n3}\n{"id":4} {"id":5}\n{"id":6}', format => 'ndjson', on_error => 'skip')
	AS t(id int, etl_line bigint);
SELECT * FROM etl_parse_json(E'{"id":1,}\n{"id":2}\n', on_error => 'skip') AS t(id int, etl_line bigint);

-- elements: a bad one ends where its brackets do
SELECT * FROM etl_parse_json(E'[{"id":1},{"id":tru},{"id":2,},{"a":[1 2],"id":"}"},\n{id:3},{"a":"he said "hi" to me"},{"id":"4\n"},{"id":5}]', on_error => 'skip')
	AS t(id int, etl_line bigint, etl_record_no bigint);
SELECT * FROM etl_parse_json('[{"id":1} {"id":2}, {"id":3},,{"id":4},]', on_error => 'skip') AS t(id int, etl_record_no bigint);
SELECT * FROM etl_parse_json('[1,tru,[x],"a\q",2] y [3]', columns => '{"v": "$"}', on_error => 'skip') AS t(v json);
-- unless nobody knows, which is never passed over
SELECT failures(
	$$ SELECT * FROM etl_parse_json('[{"id":1},{"a": "5" pipe"},{"id":2}]', on_error => 'skip') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('[{"id":1},{"a":"5},{"id":2},{"a":"6}]', on_error => 'skip') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json(E'[{"id":1},{"a":"5\n},{"id":2}]', on_error => 'skip') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('[{"id":1},{"a":[2}},{"id":3}]', on_error => 'skip') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('[{"id":1},{"a":[2', on_error => 'skip') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('[{"id":1}', on_error => 'skip') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('[{"id":1}]]', on_error => 'skip') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('[{"id":1}}', on_error => 'skip') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json(E'{"id":\n1}\n{"id":2', on_error => 'skip') AS t(id int) $$);

-- depth
SELECT length(a::text) FROM etl_parse_json(repeat('{"a":', 4000) || '1' || repeat('}', 4000)) AS t(a jsonb);
SELECT count(*) FROM etl_parse_json('[' || repeat('[', 100000) || repeat(']', 100000) || ',1]', on_error => 'skip') AS t(etl_raw text);
SELECT failures(
	$$ SELECT * FROM etl_parse_json(repeat('[{"":', 50000)) AS t(a text) $$,
	$$ SELECT * FROM etl_parse_json(repeat('{"a":', 100000), records => '$.b') AS t(a text) $$);

-- records that are too large
SET pg_etl.max_record_size = '1kB';
SELECT id, etl_line, length(etl_raw) FROM etl_parse_json('[{"id":1},{"a":"' || repeat('x', 400000) || E'"},\n{"id":2},{"a":"' || repeat('}', 2000) || '"},{"id":3}]', on_error => 'skip')
	AS t(id int, etl_line bigint, etl_raw text);
SELECT id, etl_line, length(etl_raw) FROM etl_parse_json(E'{"id":1}\n{"a":"' || repeat('x', 400000) || E'"}\n{"id":2}\n{"a":"' || repeat('x', 2000) || E'"}\n{"id":3}', on_error => 'skip')
	AS t(id int, etl_line bigint, etl_raw text);
-- what lies around them may be of any size
SELECT id, etl_offset FROM etl_parse_json('{"x":"' || repeat('x', 1000000) || '","p":[{"id":1},{"id":2}],"y":[' || repeat('1,', 500000) || '1]}', records => '$.p')
	AS t(id int, etl_offset bigint);
SELECT count(*) FROM etl_parse_json('[' || repeat(' ', 1000000) || '1' || repeat(E'\n', 1000000) || ',2]') AS t(etl_raw text);
RESET pg_etl.max_record_size;

-- more than a buffer, cut anywhere: place, text and values agree
CREATE TABLE record AS
SELECT i AS id, format('{"id": %s%s, "s": "%s"%s}', i, CASE WHEN i % 11 = 0 THEN ',"n":{"a":[1,{"id":0}]}' ELSE '' END,
	repeat(CASE i % 3 WHEN 0 THEN 'x' WHEN 1 THEN 'é' ELSE '\u00e9\n' END, (i * 7919) % 400 + CASE WHEN i % 500 = 0 THEN 70000 ELSE 0 END),
	CASE WHEN i % 7 = 0 THEN ',"z":-1.5e3' ELSE '' END) AS text
FROM generate_series(1, 3000) AS i;
CREATE TABLE source (name text, text text, records text, bytes bytea);
-- so that a piece can be taken out without the rest
ALTER TABLE source ALTER bytes SET STORAGE EXTERNAL;
INSERT INTO source SELECT 'lines', string_agg(text, E'\n' ORDER BY id), NULL FROM record;
INSERT INTO source SELECT 'crlf', string_agg(text, E'\r\n' ORDER BY id) || E'\r\n', NULL FROM record;
INSERT INTO source SELECT 'array', '[' || string_agg(text, E'\n, ' ORDER BY id) || ']', NULL FROM record;
INSERT INTO source SELECT 'values', string_agg(replace(text, ', "s"', E'\n,"s"'), '' ORDER BY id), NULL FROM record;
INSERT INTO source SELECT 'nested', '{"a": ["' || repeat('é', 150000) || '"], "b": {"c": [' || string_agg(text, ',' ORDER BY id) || ']}}', '$.b.c' FROM record;
UPDATE source SET bytes = convert_to(text, 'UTF8');
SELECT s.name, count(*), count(DISTINCT t.id), sum(length(t.s)), count(t.v),
	bool_and(t.id = t.no AND t.raw::jsonb = t.record AND t.s = t.record ->> 's'
		AND substr(s.bytes, t.at::int + 1, octet_length(t.raw)) = convert_to(t.raw, 'UTF8')) AS agree,
	sum(t.line)
FROM source s, LATERAL (SELECT * FROM etl_parse_json(s.text, records => s.records, columns => '{"v": "$.n.a[1].id"}')
	AS t(id int, s text, v int, etl_record jsonb, etl_record_no bigint, etl_raw text, etl_offset bigint, etl_line bigint)) AS t(id, s, v, record, no, raw, at, line)
GROUP BY s.name ORDER BY s.name;
SELECT s.name, count(*), sum(t.id), sum(octet_length(t.s)) FROM source s, LATERAL (SELECT * FROM etl_parse_json(s.text, records => s.records) AS t(id int, s text)) AS t
GROUP BY s.name ORDER BY s.name;
