-- What JSON is refused, and what becomes of it.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

-- of the call
SELECT failures(
	$$ SELECT * FROM etl_parse_json('{}', format => 'xml') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', missing => 'skip') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', records => 'data') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', records => '$.') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', records => '$.a[-1]') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', records => '$..a') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', columns => '{"a": "$.b["}') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', columns => '{"a": "$.b[*]"}') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', columns => '{"a": ""}') AS t(a int) $$,
	$$ SELECT b FROM etl_parse_json('{}', columns => '{"a": "$a"}') AS t(a int, b int) $$,
	$$ SELECT * FROM etl_parse_json('{}', columns => '{"a": 1}') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', columns => '{"a": true}') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', columns => '{"b": "c"}') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', columns => '["a"]') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', date_formats => '{"a": "YYYY"}') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', options => '{"delimiter": ";"}') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', format => 'array', options => '{"format": "ndjson"}') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', server => 'x') AS t(a int) $$,
	$$ SELECT * FROM etl_parse_json('{}', encoding => 'x') AS t(a int) $$,
	$$ SELECT etl_parse_json('{}') $$,
	$$ SELECT etl_parse_json('{}', 1) $$,
	$$ SELECT * FROM etl_read_json(file('no.json')) AS t(a int) $$,
	$$ SELECT * FROM etl_read_json('x.json') AS t(a int) $$);

-- of the text, as RFC 8259 has it
SELECT text, failure(format('SELECT * FROM etl_parse_json(%L, columns => ''{"v": "$"}'') AS t(v json)', text))
FROM unnest(ARRAY['{', '{"a"}', '{"a":}', '{"a":1,}', '{,}', '{a:1}', '{''a'':1}', '{"a":1 "b":2}', '[1,]', '[1 2]', '[', ']', '}', '"a', 'tru', 'True', 'nul', 'NaN', 'Infinity', '-', '01', '1.', '.5',
	'+1', '1e', '0x1', '-01', '{"a":"\x"}', '{"a":"\u12"}', E'{"a":"\t"}', E'{"a":"x\ny"}', '{"a":1}}', '{"a":1},', '// c', '/* c */ 1', '{"a":1}x', E'\u00a0{}', E'{"a":\u20281}']) AS text;
-- format => 'document' takes exactly one value
SELECT text, failure(format('SELECT * FROM etl_parse_json(%L, format => ''document'', columns => ''{"v": "$"}'') AS t(v json)', text))
FROM unnest(ARRAY['', ' ', '1', ' {"a": 1} ', '{} {}', '[1] 2', E'1\n2', '[1', 'x']) AS text;
SELECT failures(
	$$ SELECT * FROM etl_parse_json('{"id": 1}', format => 'array') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('5') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('[1]') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('{"a": 1}', records => '$.b') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('{"a": 1}', records => '$.a[*]') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json(E'{"id":\n1}', format => 'ndjson') AS t(id int) $$,
	$$ SELECT * FROM etl_parse_json('{"id": 1} {"id": 2}', format => 'ndjson') AS t(id int) $$);
-- bytes
SELECT failures(
	$$ SELECT * FROM etl_parse_json('\x7b2261223a22ff227d'::bytea) AS t(a text) $$,
	$$ SELECT * FROM etl_parse_json('\x7b2261223a22c0af227d'::bytea) AS t(b text) $$,
	$$ SELECT * FROM etl_parse_json('\x7b2261223a22eda080227d'::bytea) AS t(a text) $$,
	$$ SELECT * FROM etl_parse_json('\x7b2261223a2200227d'::bytea) AS t(a text) $$);
-- escapes that stand for no character are bad only where their text is wanted
SELECT failures(
	$$ SELECT * FROM etl_parse_json('{"a": "x\u0000"}') AS t(a text) $$,
	$$ SELECT * FROM etl_parse_json('{"a": ["\ud83d"]}') AS t(a jsonb) $$,
	$$ SELECT * FROM etl_parse_json('{"a": "\ude00"}') AS t(a text) $$,
	$$ SELECT * FROM etl_parse_json('{"a": "\u0000", "b": 1}') AS t(etl_record jsonb) $$);
SELECT * FROM etl_parse_json('{"a": "\u0000\ud83d", "b": 1}') AS t(b int, a json, etl_record json, etl_raw text);

-- where refused values become null, so do they
SELECT * FROM etl_parse_json('[{"a": "x\u0000", "b": 1}, {"a": "y", "b": "\ud83d"}, {"a": "\ude00", "b": "\u0000", "c": 1}]', on_error => 'null') AS t(a text, b text, c int);
SELECT * FROM etl_parse_json('[{"a": "x\u0000", "b": 1}, {"a": "y", "b": "\ud83d"}, {"a": "z"}]', on_error => 'skip') AS t(a text, b text);

-- what has no members has none that are wanted
SELECT * FROM etl_parse_json('[{"a": 1}, [5], 7, "x", null, true, {"a": 2}]', on_error => 'skip') AS t(a int);
SELECT failure(format('SELECT * FROM etl_parse_json(%L, format => ''document'', columns => ''{"a": "$.b.c"}'') AS t(a int)', text)) FROM unnest(ARRAY['7', '"x"', 'null', 'false']) AS text;
SELECT * FROM etl_parse_json('[{"a": 1}, [5], 7]', columns => '{"a": "$", "b": "$[0]"}') AS t(a json, b int, etl_line int);
SELECT count(*) FROM etl_parse_json('[{"a": 1}, [5], 7]') AS t(a int);
-- a dead letter that is an array is one record
SELECT * FROM etl_parse_json(E'[[1, 2], ["x",\n[3]], [4]]', columns => '{"a": "$[0]", "all": "$"}', on_error => 'dead_letter') AS t(a int, "all" json);
SELECT d.options, f.* FROM etl.dead_letter AS d, etl_parse_json(raw, options => options) AS f(a text, "all" json);
DELETE FROM etl.dead_letter;
SELECT failure(format('SELECT * FROM etl_parse_json(%L, format => ''record'') AS t(etl_record json)', text)) FROM unnest(ARRAY['', '[1]', '[1] 2', '[1', ' {} ']) AS text;

-- one bad record doesn't cost good ones
SELECT FROM write('errors.ndjson', E'{"id": 1, "n": 1.5}\n{"id": 2, "n": }\n{"id": "x", "n": 3}\n{"id": 4, "n": "y"}\n[5]\n{"id": 6, "n": 6, "m": [1}\n{"id": 7}\n"8\n{"id": 9, "n": 9}\n');
SELECT * FROM etl_read_json(file('errors.ndjson')) AS t(id int, n numeric);
SELECT *, etl_line FROM etl_read_json(file('errors.ndjson'), on_error => 'skip') AS t(id int, n numeric, etl_line int);
SELECT *, etl_line FROM etl_read_json(file('errors.ndjson'), on_error => 'null') AS t(id int, n numeric, etl_line int);
-- which records are bad doesn't depend on the query
SELECT count(*) FROM etl_read_json(file('errors.ndjson'), on_error => 'skip') AS t(id int, n numeric);
SELECT n FROM etl_read_json(file('errors.ndjson'), on_error => 'skip') AS t(id int, n numeric);
SELECT failures(
	format('SELECT * FROM etl_read_json(%L, on_error => ''skip'', reject_limit => 2) AS t(id int, n numeric)', file('errors.ndjson')),
	format('SELECT * FROM etl_read_json(%L, on_error => ''skip'', reject_limit_percent => 10) AS t(id int, n numeric)', file('errors.ndjson')));

-- missing members
SELECT * FROM etl_parse_json('[{"id": 1}, {"id": null}, {}]') AS t(id int, n int);
SELECT * FROM etl_parse_json('[{"id": 1, "n": null}, {"id": 2}]', missing => 'error') AS t(id int, n int);
SELECT * FROM etl_parse_json('[{"id": 1, "n": null}, {"id": 2}]', missing => 'error', on_error => 'skip') AS t(id int, n int);
SELECT * FROM etl_parse_json('[{"id": 1, "n": {"m": 3}}, {"id": 2, "n": 5}]', missing => 'error', on_error => 'skip', columns => '{"m": "$.n.m"}') AS t(id int, m int);
-- of the columns that are converted
SELECT id FROM etl_parse_json('[{"id": 1}]', missing => 'error') AS t(id int, n int);

-- dead letters can be read again by themselves, into the same columns
DELETE FROM etl.dead_letter;
SELECT * FROM etl_read_json(file('errors.ndjson'), on_error => 'dead_letter', columns => '{"nr": "id"}') AS t(nr int, n numeric);
SELECT line, record_no, byte_offset, raw, record, stage, sqlstate, column_name, message, detail FROM etl.dead_letter ORDER BY dead_letter_id;
SELECT DISTINCT replace(source, file(''), ''), format, options FROM etl.dead_letter;
UPDATE etl.dead_letter SET raw = '{"id": 5, "n": 5}' WHERE line IN (3, 5);
SELECT d.line, f.* FROM etl.dead_letter AS d, etl_parse_json(d.raw, options => d.options) AS f(nr int, n numeric) WHERE line IN (3, 5) ORDER BY 1;
DELETE FROM etl.dead_letter;
SELECT count(*) FROM etl_parse_json('{"data": [{"id": "x", "d": "31.12.2024"}, [1], 7]}', records => '$.data', on_error => 'dead_letter', missing => 'error',
	date_formats => '{"d": "DD.MM.YYYY"}', decimal_separator => ',') AS t(id int, d date);
SELECT raw, options FROM etl.dead_letter ORDER BY dead_letter_id;
SELECT failure(format('SELECT * FROM etl_parse_json(%L::bytea, options => %L) AS t(id int, d date)', raw, options)) FROM etl.dead_letter ORDER BY dead_letter_id;
DELETE FROM etl.dead_letter;
