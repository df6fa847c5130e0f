-- Reading JSON: where records are, which columns they fill, from which sources.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
CREATE TYPE item AS (id int, name text, price numeric);
CREATE TYPE part AS (x int, y int[]);

-- an array, lines, values one after the other, and one object are found out
SELECT FROM write('read_array.json', E'[\n  {"id": 1, "name": "Ann", "price": 1.50},\n  {"name": "B\\u00e9a", "id": "2"},\n  {"id": 3, "name": null, "price": 12345678901234567890.10}\n]\n');
SELECT FROM write('read_lines.ndjson', E'{"id": 1, "name": "Ann"}\n\n{"id": 2}\r\n  {"id": 3}');
SELECT FROM write('read_values.json', E'{\n"id": 1}{"id": 2} {\n"id":\n3}');
SELECT FROM write('read_object.json', E'\n{\n  "id": 1,\n  "name": "Ann"\n}\n');
SELECT * FROM etl_read_json(file('read_array.json')) AS t(id int, name text, price numeric, etl_line bigint, etl_record_no bigint, etl_offset bigint);
SELECT * FROM etl_read_json(file('read_lines.ndjson')) AS t(id int, name text, etl_line bigint, etl_record_no bigint, etl_offset bigint);
SELECT * FROM etl_read_json(file('read_values.json')) AS t(id int, etl_line bigint, etl_record_no bigint, etl_offset bigint);
SELECT * FROM etl_read_json(file('read_object.json')) AS t(id int, name text, etl_line bigint, etl_offset bigint);
SELECT * FROM etl_read_json(file('read_array.json'), NULL::item);
-- and can be named
SELECT id FROM etl_read_json(file('read_array.json'), format => 'array') AS t(id int);
SELECT id FROM etl_read_json(file('read_lines.ndjson'), format => 'ndjson') AS t(id int);
SELECT id FROM etl_read_json(file('read_object.json'), format => 'document') AS t(id int);
SELECT * FROM etl_parse_json('[1, 2]', format => 'document', columns => '{"v": "$"}') AS t(v jsonb);
SELECT * FROM etl_parse_json('5', format => 'document', columns => '{"v": "$"}') AS t(v int);
-- nothing is in nothing
SELECT count(*) FROM etl_parse_json('') AS t(id int);
SELECT count(*) FROM etl_parse_json(E' \n\t') AS t(id int);
SELECT count(*) FROM etl_parse_json('[]') AS t(id int);
SELECT count(*) FROM etl_parse_json(NULL::text) AS t(id int);

-- records inside something else
SELECT FROM write('read_nested.json', '{"status": "ok", "data": {"count": 3, "items": [{"id": 1}, {"id": 2}], "more": [{"id": 9}]}, "x": [[{"id": 4}], [{"id": 5}, {"id": 6}]]}');
SELECT * FROM etl_read_json(file('read_nested.json'), records => '$.data.items[*]') AS t(id int, etl_raw text);
SELECT * FROM etl_read_json(file('read_nested.json'), records => '$.data.items') AS t(id int, etl_raw text);
SELECT * FROM etl_read_json(file('read_nested.json'), records => '$["data"].more[0]') AS t(id int, etl_raw text);
SELECT * FROM etl_read_json(file('read_nested.json'), records => '$.x[*][*]') AS t(id int);
SELECT * FROM etl_read_json(file('read_nested.json'), records => '$.data') AS t(count int, items jsonb);
SELECT * FROM etl_read_json(file('read_nested.json')) AS t(status text, data json);

-- columns: a member of the same name, exact, then regardless of case; or what a path finds
SELECT * FROM etl_parse_json('{"Id": 1, "NAME": "a", "name": "b"}') AS t(id int, name text, "Name" text, nothing text);
SELECT * FROM etl_parse_json('{"a": {"b": [10, {"c.d": "x"}]}, "$": "y", "e f": 1}',
	columns => '{"one": "$.a.b[0]", "two": "$.a.b[1][\"c.d\"]", "three": "$[\"$\"]", "four": "e f", "all": "$", "none": "$.a.b.c", "five": "$.a.b[7]"}')
	AS t(one int, two text, three text, four int, "all" json, none int, five int);
SELECT * FROM etl_parse_json('{"etl_line": 7}', columns => '{"etl_line": "etl_line"}') AS t(etl_line int);
-- the last of members with one name counts, as in jsonb
SELECT * FROM etl_parse_json('{"a": 1, "b": 2, "a": 3}') AS t(a int, b int, etl_record jsonb);
-- a composite column or one of type jsonb has all of a member
SELECT id, (sub).x, sub, tags[1], tags, doc FROM etl_parse_json('{"id": 1, "sub": {"x": 5, "y": [1, 2]}, "tags": ["a", null], "doc": {"b": 1, "a": 2}}')
	AS t(id int, sub part, tags text[], doc jsonb) WHERE (sub).x = 5;

-- special columns
SELECT * FROM etl_read_json(file('read_array.json')) AS t(id int, etl_raw text, etl_record jsonb);
SELECT etl_source = file('read_lines.ndjson') FROM etl_read_json(file('read_lines.ndjson')) AS t(etl_source text);
-- offset and raw text lead back to the record
SELECT etl_raw = substr(convert_from(pg_read_binary_file(file('read_values.json')), 'UTF8'), etl_offset::int + 1, length(etl_raw))
FROM etl_read_json(file('read_values.json')) AS t(etl_offset bigint, etl_raw text);

-- content: text, json, jsonb and bytea, by both shapes, and from a table
SELECT * FROM etl_parse_json('[{"id": 1, "price": 1.10}]'::text) AS t(id int, price text);
SELECT * FROM etl_parse_json('[{"id": 1, "price": 1.10}]'::json) AS t(id int, price text);
SELECT * FROM etl_parse_json('[{"id": 1, "price": 1.10}]'::jsonb) AS t(id int, price text);
SELECT * FROM etl_parse_json('[{"id": 1, "price": 1.10}]'::bytea) AS t(id int, price text);
SELECT * FROM etl_parse_json('{"id": 1}', NULL::item);
SELECT * FROM etl_parse_json('{"id": 1}'::json, NULL::item);
SELECT * FROM etl_parse_json('{"id": 1}'::jsonb, NULL::item);
SELECT * FROM etl_parse_json('{"id": 1}'::bytea, NULL::item);
CREATE TABLE upload (no int, body jsonb);
INSERT INTO upload VALUES (1, '[{"id": 1, "name": "a"}, {"id": 2}]'), (2, NULL), (3, '{"id": 3}'), (4, (SELECT jsonb_agg(jsonb_build_object('id', i)) FROM generate_series(1, 5000) AS i));
SELECT no, i.* FROM upload, etl_parse_json(body, NULL::item) AS i WHERE no < 4 ORDER BY no, id;
SELECT no, count(*), sum(id) FROM upload, etl_parse_json(body, NULL::item) AS i GROUP BY no ORDER BY no;
-- a row a call where no scan node can stand
SELECT etl_parse_json('[{"id": 1}, {"id": 2}]', NULL::item);
SELECT * FROM etl_parse_json('[{"id": 1}, {"id": 2}]', NULL::item) WITH ORDINALITY;

-- bytes of other encodings and compressed ones
SELECT * FROM etl_parse_json(convert_to('{"a": "é", "é": "\u00e9"}', 'LATIN1'), encoding => 'LATIN1') AS t(a text, "é" text);
SELECT * FROM etl_parse_json('\xfeff007b002200610022003a0022007100e90022007d'::bytea) AS t(a text);
SELECT * FROM etl_parse_json(decode('fffe7b002200610022003a0020003100' || '7d00', 'hex')) AS t(a int, etl_offset bigint);
SELECT * FROM etl_parse_json('\xefbbbf7b2261223a20317d'::bytea) AS t(a int);
SELECT * FROM etl_parse_json(decode('H4sIAAAAAAAAA6tWSlSyUjDUUVBKBtJGtVwASLWDGREAAAA=', 'base64')) AS t(a int, c int);

-- several files, in order
SELECT FROM write('read_many_2.json', '[{"id": 3}]');
SELECT FROM write('read_many_1.json', E'{"id": 1}\n{"id": 2}\n');
SELECT FROM write('read_many_3.json', '');
SELECT id, replace(etl_source, file(''), ''), etl_record_no FROM etl_read_json(file('read_many_?.json')) AS t(id int, etl_source text, etl_record_no bigint);

-- the plan shows what was found, and only what is wanted is converted
SELECT explain_analyze($$ SELECT id FROM etl_read_json(file('read_array.json')) AS t(id int, name date) $$);
SELECT explain_analyze($$ SELECT id FROM etl_read_json(file('read_nested.json'), records => '$.data.items[*]') AS t(id int) $$);
SELECT explain_analyze($$ SELECT count(*) FROM etl_read_json(file('read_many_?.json')) AS t(id int) $$);
SELECT id FROM etl_parse_json('{"id": 1, "name": "x"}') AS t(id int, name date);
SELECT name FROM etl_parse_json('{"id": 1, "name": "x"}') AS t(id int, name date);
-- reading stops where the query does
SELECT * FROM etl_parse_json(E'{"id": 1}\n{"id": 2}\n{bad') AS t(id int) LIMIT 2;

-- many records at once and one by one are the same
SELECT FROM write('read_ahead.ndjson', (SELECT string_agg(CASE i % 50 WHEN 7 THEN format('{"id": %s, "n": null}', i) WHEN 8 THEN format('{"n": "\u0031", "id": %s}', i)
	ELSE format('{"id": %s, "n": %s.25, "s": "v%s", "b": %s}', i, i, i, to_json(i % 2 = 0)) END, E'\n') FROM generate_series(1, 3000) AS i));
SELECT count(*), sum(id), sum(n), count(s), max(s), count(b), bool_or(b) FROM etl_read_json(file('read_ahead.ndjson')) AS t(id int, n numeric, s text, b boolean);
SELECT count(*), sum(id), sum(n), count(s), max(s), count(b), bool_or(b), sum(etl_line) FROM etl_read_json(file('read_ahead.ndjson')) AS t(id int, n numeric, s text, b boolean, etl_line int);
