-- What is JSON by RFC 8259, from bytes and as one document: what must be accepted,
-- what must be refused, and what the RFC leaves open.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
CREATE TABLE cases (expected boolean, name text, content bytea);
-- must be accepted
INSERT INTO cases SELECT true, text, convert_to(text, 'UTF8') FROM unnest(ARRAY[
	'[[]   ]', '[""]', '[]', '[false]', '[null, 1, "1", {}]', '[null]', '[1,null,null,null,2]', ' [1]', '[2] ', '[123e65]', '[0e+1]',
	'[0e1]', '[ 4]', '[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]', '[20e1]', '[-0]', '[-123]',
	'[-1]', '[1E22]', '[1E-2]', '[1E+2]', '[123e45]', '[123.456e78]', '[1e-2]', '[1e+2]', '[123]', '[123.456789]',
	'{"asd":"sdf", "dfg":"fgh"}', '{"asd":"sdf"}', '{"a":"b","a":"c"}', '{"a":"b","a":"b"}', '{}', '{"":0}', '{"foo\u0000bar": 42}',
	'{ "min": -1.0e+28, "max": 1.0e+28 }',
	'{"x":[{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}], "id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}', '{"a":[]}',
	'{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430 \u0417\u0435\u043c\u043b\u0435\u043a\u043e\u043f\u0430" }',
	'["\u0060\u012a\u12AB"]', '["\uD801\udc37"]', '["\ud83d\ude39\ud83d\udc8d"]', '["\"\\\/\b\f\n\r\t"]', '["\\u0000"]', '["\""]',
	'["a/*b*/c/*d//e"]', '["\\a"]', '["\\n"]', '["\u0012"]', '["\uFFFF"]', '["asd"]', '[ "asd"]', '["\uDBFF\uDFFF"]',
	'["new\u00A0line"]', '["\u0000"]', '["\u002c"]', '["π"]', '["asd "]', '" "', '["\uD834\uDd1e"]', '["\u0821"]', '["\u0123"]',
	'["\u0061\u30af\u30EA\u30b9"]', '["new\u000Aline"]', '["\uA66D"]', '["\u005C"]', '["⍂㈴⍂"]', '["\u200B"]', '["\u2064"]',
	'["\uFDD0"]', '["\uFFFE"]', '["\uDBFF\uDFFE"]', '["\uD83F\uDFFE"]', '["\u0022"]', '["€𝄞"]', 'false', '42', '-0.1', 'null', '"asd"',
	'true', '""', '["a"]', '[true]', ' [] ', '[-0.0e-0]', '[[[[]]],[{}]]', '{"a":{"b":[{"c":null}]}}', '{"\\":"\\","/":"/"}']) AS text;
INSERT INTO cases SELECT true, encode(content, 'escape'), content FROM unnest(ARRAY[
	'\x7b0a2261223a202262220a7d', '\x5b310a5d', '\x5b2261225d0a', '\x090d0a5b0931202c0d0a325d0d0a', '\x5b227f225d', '\x5b22617f61225d',
	'\x5b22f48fbfbf225d', '\x5b22efbfbf225d', '\x5b22e280a8e280a9225d', '\x5b22f09bbfbf225d', '\x5b22efbbbf225d']::bytea[]) AS content;
INSERT INTO cases VALUES (true, '500 arrays', convert_to(repeat('[', 500) || repeat(']', 500), 'UTF8')), (true, '4096 levels', convert_to(repeat('[{"a":', 2047) || '[[]]' || repeat('}]', 2047), 'UTF8'));
-- must be refused
INSERT INTO cases SELECT false, text, convert_to(text, 'UTF8') FROM unnest(ARRAY[
	'[1 true]', '["": 1]', '[""],', '[,1]', '[1,,2]', '["x",,]', '["x"]]', '["",]', '["x"', '[x', '[3[4]]', '[1:2]', '[,]', '[-]',
	'[   , ""]', '[1,]', '[1,,]', '[*]', '[""', '[1,', '[{}', '[fals]', '[nul]', '[tru]', '[++1234]', '[+1]', '[+Inf]', '[-01]',
	'[-1.0.]', '[-2.]', '[-NaN]', '[.-1]', '[.2e-3]', '[0.1.2]', '[0.3e+]', '[0.3e]', '[0.e1]', '[0E+]', '[0E]', '[0e+]', '[0e]',
	'[1.0e+]', '[1.0e-]', '[1.0e]', '[1 000.0]', '[1eE2]', '[2.e+3]', '[2.e-3]', '[2.e3]', '[9.e+]', '[Inf]', '[NaN]', '[１]', '[1+2]',
	'[0x1]', '[0x42]', '[Infinity]', '[0e+-1]', '[-123.123foo]', '[-Infinity]', '[-foo]', '[- 1]', '[-012]', '[-.123]', '[-1x]',
	'[1ea]', '[1.]', '[.123]', '[1.2a-3]', '[1.8011670033376514H-308]', '[012]', '["x", truth]', '{[: "x"}', '{"x", null}',
	'{"x"::"b"}', '{🇨🇭}', '{"a":"a" 123}', '{key: ''value''}', '{"a" b}', '{:"b"}', '{"a" "b"}', '{"a":', '{"a"', '{1:1}',
	'{9999E9999:1}', '{null:null,null:null}', '{"id":0,,,,,}', '{''a'':0}', '{"id":0,}', '{"a":"b"}/**/', '{"a":"b"}/**//',
	'{"a":"b"}//', '{"a":"b"}/', '{"a":"b",,"c":"d"}', '{a: "b"}', '{"a":"a', '{ "foo" : "bar", "a" }', '{"a":"b"}#', '["\uD800\"]',
	'["\uD800\u"]', '["\uD800\u1"]', '["\uD800\u1x"]', '[é]', '["\x00"]', '["\\\"]', '["\🌀"]', '["\"]', '["\u00A"]', '["\uD834\uDd"]',
	'["\uD800\uD800\x"]', '["\a"]', '["\uqqqq"]', '[\u0020"asd"]', '[\n]', '"', '[''single quote'']', 'abc', '["\', '"\UA66D"', '""x',
	'<.>', '[<null>]', '[1]x', '[1]]', '["asd]', 'aå', '[True]', '1]', '{"x": true,', '[][]', ']', '[', '2@', '{}}', '{"":',
	'{"a":/*comment*/"b"}', '{"a": true} "x"', '[''', '[,', '[{', '["', '["a', '{,', '{[', '{', '{"', '{''', '["\{["\{["\{["\{', 'é',
	'*', '{"a":"b"}#{}', '[\u000A""]', '[1', '[ false, nul', '[ true, fals', '[ false, tru', '{"asd":"asd"', 'å', '[⁠]', '⁠',
	'{,"a":1}', '{"a":1,"b"}', '[1}', '{"a":1]', '00', '-', '+1', '.1', '0x', '1e5.5', 'tRue', 'nulll', '"\u{41}"', '{"a":undefined}',
	'[1,2,3,]', '}', ',', ':', '"a" "b"', '[1 ,, 2]', '[--1]', '[1_000]', '[١]', '{"a":1;"b":2}', '/* */ {}', '# a', '[“a”]']) AS text;
INSERT INTO cases SELECT false, encode(content, 'escape'), content FROM unnest(ARRAY[
	'\x5b61e55d', '\x5bff5d', '\x5b2261222c0a340a2c312c', '\x5b220b61225c665d', '\x5b312c0a310a2c31', '\x31323300', '\x5b313233e55d',
	'\x5b316531e55d', '\x5b30e55d', '\x5b3165e55d', '\x7b22b9223a2230222c7d', '\x5b225c00225d', '\x5b225c09225d', '\x5b225c75e5225d',
	'\x5b225ce5225d', '\x5b22610061225d', '\x5b226e65770a6c696e65225d', '\x5b2209225d', '\x5b221f225d', '\x5b220d225d', '\x221b22',
	'\xefbbbf', '\xefbb7b7d', '\xe5', '\x5b005d', '\x5b0c5d', '\x5bc2a05d', '\x0b5b5d', '\x5b5d0c', '\x', '\x20', '\x0a',
	'\xefbbbfefbbbf7b7d', '\x5befbbbf315d', '\x7b7defbbbf', '\xc2855b5d', '\x5b312ce280a8325d', '\x7b7d00', '\x00']::bytea[]) AS content;
INSERT INTO cases VALUES (false, 'many brackets', convert_to(repeat('[', 100000), 'UTF8')), (false, 'many objects', convert_to(repeat('[{"":', 50000), 'UTF8'));
-- left open: escapes of surrogates, numbers of any size, encodings, depth
INSERT INTO cases SELECT NULL, text, convert_to(text, 'UTF8') FROM unnest(ARRAY[
	'[123.456e-789]',
	'[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999969999999006]',
	'[-1e+9999]', '[1.5e+9999]', '[-123123e100000]', '[123123e100000]', '[123123e-10000000]', '[-123123123123123123123123123123]',
	'[100000000000000000000]', '[-237462374673276894279832749832423479823246327846]', '{"\uDFAA":0}', '["\uDADA"]', '["\uD888\u1234"]',
	'["\uD800\n"]', '["\uDd1ea"]', '["\uD800\uD800\n"]', '["\ud800"]', '["\ud800abc"]', '["\uDd1e\uD834"]', '["\uDFAA"]']) AS text;
INSERT INTO cases VALUES
	(NULL, 'UTF-16LE with a mark', '\xfffe5b002200e90022005d00'),
	(NULL, 'UTF-16BE with a mark', '\xfeff005b002200e90022005d'),
	(NULL, 'UTF-16LE without', '\x5b002200e90022005d00'),
	(NULL, 'UTF-16BE without', '\x005b002200e90022005d'),
	(NULL, 'UTF-32LE with a mark', '\xfffe00005b00000022000000e9000000220000005d000000'),
	(NULL, 'UTF-8 with a mark', '\xefbbbf7b7d'),
	(NULL, 'a byte that never is UTF-8', '\x5b22ff225d'),
	(NULL, 'half of a pair', '\x5b22eda080225d'),
	(NULL, 'LATIN1', '\x5b22e9225d'),
	(NULL, 'a stray byte', '\x5b2281225d'),
	(NULL, 'above U+10FFFF', '\x5b22f4bfbfbf225d'),
	(NULL, 'cut short', '\x5b22e0ff225d'),
	(NULL, 'cut short at the end of the string', '\x5b22e697a5d188fa225d'),
	(NULL, 'too long for /', '\x5b22c0af225d'),
	(NULL, 'too long for NUL', '\x5b22c080225d'),
	(NULL, 'six bytes', '\x5b22fc83bfbfbfbf225d'),
	(NULL, 'six bytes for NUL', '\x5b22fc8080808080225d'),
	(NULL, 'three bytes for /', '\x5b22e080af225d'),
	(NULL, 'lone UTF-16 surrogate with a mark', '\xfffe5b00220000d822005d00'),
	(NULL, 'UTF-16LE with an odd byte', '\xfffe5b005d0020'),
	(NULL, '4097 levels', convert_to(repeat('[', 4097) || repeat(']', 4097), 'UTF8')), (NULL, '100000 levels', convert_to(repeat('[', 100000) || repeat(']', 100000), 'UTF8')),
	(NULL, '50000 objects', convert_to(repeat('{"a":', 50000) || '1' || repeat('}', 50000), 'UTF8'));

CREATE FUNCTION answer(content bytea) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	state text;
	message text;
BEGIN
	PERFORM v FROM etl_parse_json(content, format => 'document', columns => '{"v": "$"}') AS t(v json);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RETURN state || ' ' || message;
END
$$;
CREATE TABLE answers AS SELECT *, answer(content) FROM cases;
SELECT expected, count(*), count(*) FILTER (WHERE expected = (answer = 'accepted')) AS as_expected FROM answers WHERE expected IS NOT NULL GROUP BY expected ORDER BY expected DESC;
SELECT name, answer FROM answers WHERE expected <> (answer = 'accepted');
SELECT left(answer, 5), count(*) FROM answers WHERE NOT expected GROUP BY 1 ORDER BY 1;
SELECT name, answer FROM answers WHERE expected IS NULL;
-- numbers are as large as the text of them, until somebody asks for more
SELECT count(v), max(pg_column_size(v)) < 100 AS small, bool_and(v = '1e131071') AS same FROM etl_parse_json((SELECT '[' || string_agg('{"v": 1e131071}', ',') || ']' FROM generate_series(1, 20000)), columns => '{"v": "$.v"}') AS t(v jsonb);
SELECT failures(
	$$ SELECT v FROM etl_parse_json('{"v": 1e131072}') AS t(v jsonb) $$,
	$$ SELECT v FROM etl_parse_json('{"v": 1e131072}') AS t(v json) $$,
	$$ SELECT v FROM etl_parse_json('{"v": 1e400}') AS t(v float8) $$,
	$$ SELECT v FROM etl_parse_json('{"v": -1e-400}') AS t(v float8) $$,
	$$ SELECT v FROM etl_parse_json('{"v": 1e400}') AS t(v numeric(10, 2)) $$,
	$$ SELECT v FROM etl_parse_json('{"v": 1e400}') AS t(v bigint) $$);
SELECT n = 1e400 AND j = '1e400' AS same, t FROM etl_parse_json('{"n": 1e400, "j": 1e400, "t": 1e400}') AS t(n numeric, j jsonb, t text);

-- UTF-16 without a mark has to be named
SELECT v FROM etl_parse_json('\x5b002200e90022005d00'::bytea, encoding => 'UTF16', columns => '{"v": "$"}') AS t(v text);
SELECT v FROM etl_parse_json('\x005b002200e90022005d'::bytea, encoding => 'UTF-16BE', columns => '{"v": "$"}') AS t(v text);

-- as a line among others: it costs none of them
SET client_min_messages = error;
CREATE TABLE line_answers AS SELECT c.expected, c.name, l.*
FROM cases AS c, LATERAL (SELECT count(*) FILTER (WHERE v::text IN ('{"line": 1}', '{"line": 3}') AND etl_line IN (1, 3)) AS others, count(*) FILTER (WHERE etl_line = 2) AS own, count(*) AS n
	FROM etl_parse_json('\x7b226c696e65223a20317d0a'::bytea || content || '\x0a7b226c696e65223a20337d0a'::bytea, format => 'ndjson', on_error => 'skip', columns => '{"v": "$"}') AS t(v json, etl_line bigint)) AS l
WHERE expected IS NOT NULL AND position('\x0a'::bytea IN content) = 0 AND content <> '' AND content <> ' ';
SELECT expected, count(*), count(*) FILTER (WHERE others = 2 AND own = expected::int AND n = 2 + expected::int) AS as_expected FROM line_answers GROUP BY expected ORDER BY expected DESC;
SELECT * FROM line_answers WHERE others <> 2 OR own <> expected::int OR n <> 2 + expected::int;
