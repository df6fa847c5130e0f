-- Encodings of sources.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
SELECT getdatabaseencoding();

-- byte order marks
SELECT * FROM etl_parse_csv('\xefbbbf'::bytea || convert_to(E'näme;x\nÄ;1\n', 'UTF8'), header => true) AS t(näme text, x int);
CREATE FUNCTION utf16(s text, little boolean) RETURNS bytea LANGUAGE sql AS
$$
	SELECT decode(string_agg(CASE WHEN little THEN substr(h, 3) || substr(h, 1, 2) ELSE h END, '' ORDER BY n, m), 'hex')
	FROM unnest(string_to_array(s, NULL)) WITH ORDINALITY AS u(c, n),
		(SELECT 0) AS zero,
		LATERAL (SELECT 1, lpad(to_hex(ascii(c)), 4, '0') WHERE ascii(c) < 65536
			UNION ALL SELECT 1, to_hex(55296 + (ascii(c) - 65536) / 1024) WHERE ascii(c) > 65535
			UNION ALL SELECT 2, to_hex(56320 + (ascii(c) - 65536) % 1024) WHERE ascii(c) > 65535) AS v(m, h)
$$;
SELECT * FROM (VALUES (true), (false)) AS v(little),
	etl_parse_csv(utf16(E'\ufeffid;näme\n1;"Ä;€"\n2;😀\n', little), header => true) AS t(id int, näme text, etl_offset bigint, etl_raw text);
-- without one it must be named
SELECT * FROM etl_parse_csv(utf16(E'id;näme\n1;"Ä;€"\n', true), header => true, encoding => 'UTF-16LE') AS t(id int, näme text, etl_offset bigint);
SELECT * FROM etl_parse_csv(utf16(E'id;näme\n1;"Ä;€"\n', false), header => true, encoding => 'utf-16be') AS t(id int, näme text);
SELECT * FROM etl_parse_csv(utf16(E'\ufeffid;näme\n1;x\n', false), header => true, encoding => 'UTF16') AS t(id int, näme text);
-- files of any size, whatever falls on a buffer's end
SELECT count(*), sum(length(name)), bool_and(name = repeat('😀ä', id % 5)) FROM etl_read_csv(write('utf16.csv', '\xfffe'::bytea || utf16((SELECT string_agg(i || ',' || repeat('😀ä', i % 5), E'\r\n') FROM generate_series(1, 20000) AS i), true)),
	header => false, null_strings => '{}') AS t(id int, name text);
-- broken: a lone surrogate of either kind, half a unit at the end
SET client_min_messages = error;
SELECT b, id, name FROM unnest('{\\x00d8,\\x00dc}'::bytea[]) AS b,
	etl_parse_csv(utf16(E'\ufeffid,name\n1,a\n2,', true) || b || utf16(E'\n3,c\n', true), header => true, on_error => 'dead_letter') AS t(id int, name text);
SELECT id, name FROM etl_parse_csv(utf16(E'\ufeffid,name\n1,a\n2,b', true) || '\x63'::bytea, header => true, on_error => 'dead_letter') AS t(id int, name text);
RESET client_min_messages;
SELECT stage, sqlstate, line, record_no, byte_offset, encode(raw, 'hex'), options->>'encoding' FROM etl.dead_letter ORDER BY dead_letter_id;
DELETE FROM etl.dead_letter;

-- by name
SELECT e, t.* FROM unnest('{LATIN1,LATIN9,WIN1252,WIN1250,UTF8,latin-1,iso88591}'::text[]) AS e, etl_parse_csv(convert_to(E'id;näme\n1;Änderung\n', regexp_replace(e, 'latin-1|iso88591', 'LATIN1')), header => true, encoding => e) AS t(id int, näme text);
SELECT * FROM etl_parse_csv(convert_to(E'id;имя\n1;Жук\n', 'KOI8R'), header => true, encoding => 'KOI8R') AS t(id int, имя text);
SELECT * FROM etl_parse_csv(convert_to(E'id;имя\n1;Жук\n', 'WIN1251'), header => true, encoding => 'windows-1251') AS t(id int, имя text);
-- delimiters and quotes within characters: 0x5c and 0x7c are second bytes here
SELECT * FROM etl_parse_csv(convert_to(E'id|名前\n1|"表|ポ"\n2|ソ\n', 'SJIS'), delimiter => '|', quote => '"', header => true, encoding => 'SJIS') AS t(id int, 名前 text, etl_raw text);
SELECT * FROM etl_parse_csv(convert_to(E'1|表\\|ポ\n2|ソ\n', 'SJIS'), delimiter => '|', quote => '', escape => '\', header => false, encoding => 'SJIS') AS t(id int, name text);
SELECT * FROM etl_parse_csv(convert_to(E'id,名\n1,功|許\n', 'BIG5'), header => true, encoding => 'BIG5') AS t(id int, 名 text);
SELECT * FROM etl_parse_csv(convert_to(E'id,名\n1,中|文\n', 'GB18030'), header => true, encoding => 'GB18030') AS t(id int, 名 text);
SELECT * FROM etl_parse_csv(convert_to(E'id,名\n1,日本\n', 'EUC_JP'), header => true, encoding => 'EUC_JP') AS t(id int, 名 text);
-- settings are text in the database's encoding, whatever the source's
SELECT * FROM etl_parse_csv(convert_to(E'a§b\n1§ñ\n§\n', 'LATIN1'), delimiter => '§', null_strings => '{ñ,""}', header => true, encoding => 'LATIN1') AS t(a int, b text);
SELECT failure($$SELECT * FROM etl_parse_csv('a,b'::bytea, delimiter => '€', encoding => 'LATIN1') AS t(a int, b text)$$);
-- every kind of bad bytes, by encoding
SELECT e, failure(format('SELECT * FROM etl_parse_csv(%L::bytea, delimiter => %L, header => false, encoding => %L) AS t(a text, b text)', 'x,'::bytea || b, ',', e))
FROM (VALUES ('UTF8', '\xff'::bytea), ('UTF8', '\xf4908080'), ('SJIS', '\x81'), ('EUC_JP', '\xa1'), ('WIN1252', '\x81'), ('BIG5', '\x81'), ('LATIN1', '\x00'), ('GB18030', '\x8130')) AS v(e, b);
-- an encoding is one for the whole source: no byte order mark of another
SELECT failure(format('SELECT * FROM etl_parse_csv(%L::bytea, header => true, encoding => %L) AS t(id int)', '\xfffe'::bytea || utf16(E'id\n1\n', true), e)) FROM unnest('{UTF8,LATIN1}'::text[]) AS e;
-- neither does a mark in the middle mean anything
SELECT ascii(a), length(a) FROM etl_parse_csv('a,b
'::bytea || '\xefbbbf'::bytea || 'x,1
'::bytea, header => true, encoding => 'UTF8') AS t(a text, b int);

-- text values are text already
SELECT * FROM etl_parse_csv(E'id;näme\n1;Ä\n'::text, header => true) AS t(id int, näme text);

-- a database whose encoding can't hold everything
SET client_min_messages = warning;
DROP DATABASE IF EXISTS etl_regress_latin1;
CREATE DATABASE etl_regress_latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
SELECT current_database() AS database \gset
\c etl_regress_latin1
\t on
\pset format unaligned
SET client_min_messages = warning;
CREATE EXTENSION pg_etl;
SET client_encoding = 'UTF8';
SELECT * FROM etl_parse_csv('\x69643b6ec3a46d650a313bc3840a323be282ac0a333b61'::bytea, header => true, encoding => 'UTF8', on_error => 'dead_letter') AS t(id int, näme text);
SELECT stage, sqlstate, line, encode(raw, 'hex'), message, options->>'encoding' FROM etl.dead_letter;
-- what is not in the fields asked for is no fault
SELECT id FROM etl_parse_csv('\x69643b6ec3a46d650a313bc3840a323be282ac0a333b61'::bytea, header => true, encoding => 'UTF8') AS t(id int);
SELECT * FROM etl_parse_csv('\x69643b6ee40a313be40a'::bytea, header => true, encoding => 'LATIN1') AS t(id int, nä text);
SELECT * FROM etl_parse_csv('\x69643be282ac0a313b780a'::bytea, header => true, encoding => 'UTF8') AS t(id int);
\c :database
DROP DATABASE etl_regress_latin1;
