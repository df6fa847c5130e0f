-- JSON in encodings in which a byte below 0x80 can be part of a character.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

-- characters that end in what would be a backslash, bracket or brace
SELECT encoding, t.* FROM unnest(ARRAY['SJIS', 'SHIFT_JIS_2004']) AS encoding,
	etl_parse_json(convert_to(E'{"ソ": "表\\n能", "n": 1}\r\n{"n": 2, "ソ": "ソ\\"ソ"}', encoding), encoding => encoding) AS t("ソ" text, n int, etl_line int, etl_offset bigint, etl_raw text);
SELECT encoding, t.* FROM unnest(ARRAY['BIG5', 'GBK', 'GB18030', 'UHC']) AS encoding,
	etl_parse_json(convert_to(CASE encoding WHEN 'UHC' THEN '[{"가": "갂"}, {"가": "\uac00각"}]' ELSE '[{"功": "許"}, {"功": "\u529f功"}]' END, encoding), encoding => encoding) AS t("功" text, "가" text, etl_offset bigint);
-- one code for two characters, and the other way around
SELECT * FROM etl_parse_json(convert_to('{"a": "か゚"} {"a": "か゚か"} {"a": "é"}', 'SHIFT_JIS_2004'), encoding => 'SHIFT_JIS_2004') AS t(a text, etl_offset bigint, etl_raw text);
-- by the byte order mark
SELECT * FROM etl_parse_json('\x84319533'::bytea || convert_to('{"a": "é😀"} {"a": "日本"}', 'GB18030')) AS t(a text, etl_offset bigint);
SELECT name, type, example FROM etl_describe(write('describe_sjis.json', convert_to('[{"表": "ソ", "n": 1}]', 'SJIS')), options => '{"encoding": "SJIS"}');

-- all pairs of bytes: each is the character that PostgreSQL has for it or makes
-- its record bad, and no other; offsets are the source's.  Not with the two of
-- SHIFT_JIS_2004 that are ASCII to PostgreSQL.
CREATE FUNCTION pair(n bigint) RETURNS bytea LANGUAGE sql AS
$$ SELECT CASE WHEN code IN ('815f', '81b0') THEN '\x8140' ELSE decode(code, 'hex') END FROM (SELECT to_hex(129 + n / 191) || to_hex(64 + n % 191) AS code) AS c $$;
SELECT write('pairs.json', string_agg('\x7b2263223a22'::bytea || pair(n) || '\x227d0a'::bytea, '' ORDER BY n)) AS pairs FROM generate_series(0, 126 * 191 - 1) AS n \gset
SET client_min_messages = error;
SELECT encoding, count(*) > 7000 AS many, count(*) FILTER (WHERE etl_offset <> 11 * (etl_record_no - 1)) AS misplaced,
	count(*) FILTER (WHERE c <> convert_from(pair(etl_record_no - 1), encoding)) AS different
FROM unnest(ARRAY['SJIS', 'BIG5', 'GBK', 'GB18030', 'UHC', 'JOHAB', 'SHIFT_JIS_2004']) AS encoding,
	etl_read_json(:'pairs', encoding => encoding, on_error => 'skip') AS t(c text, etl_offset bigint, etl_record_no bigint)
GROUP BY encoding ORDER BY encoding;
SET client_min_messages = warning;

-- characters across the ends of buffers
SELECT count(*), count(*) FILTER (WHERE a <> repeat('表ソ', id % 90) OR etl_raw NOT LIKE '{%}') AS different
FROM etl_read_json(write('long_sjis.json', convert_to((SELECT string_agg(format('{"id": %s, "a": "%s"}', i, repeat('表ソ', i % 90)), E'\n') FROM generate_series(1, 3000) AS i), 'SJIS')), encoding => 'SJIS') AS t(id int, a text, etl_raw text);

-- what is no character is kept, and costs only its own record
SELECT * FROM etl_parse_json('\x5b7b2261223a22ff227d2c7b2261223a2281ad227d2c7b2261223a2281227d2c7b2261223a22835c227d5d'::bytea, encoding => 'SJIS', on_error => 'dead_letter') AS t(a text, etl_offset bigint);
SELECT encode(raw, 'hex'), byte_offset, stage, sqlstate, message, options FROM etl.dead_letter WHERE target IS NULL AND source = 'content' AND stage = 'encoding' ORDER BY dead_letter_id;
-- a record can be mended and read again
UPDATE etl.dead_letter SET raw = '\x7b2261223a228abf227d' WHERE stage = 'encoding' AND byte_offset = 11;
SELECT t.* FROM etl.dead_letter, etl_parse_json(raw, options => options || '{"on_error": "skip"}') AS t(a text) WHERE stage = 'encoding' AND source = 'content';
SELECT failures(
	$$ SELECT * FROM etl_parse_json('\x7b2261223a2283227d'::bytea, encoding => 'SJIS') AS t(a text) $$,
	$$ SELECT * FROM etl_parse_json('\x5b7b2261223a2283'::bytea, encoding => 'SJIS') AS t(a text) $$,
	$$ SELECT * FROM etl_parse_json('\x7b2261223a2283007d'::bytea, encoding => 'SJIS') AS t(a text) $$);
DELETE FROM etl.dead_letter;
