-- Compressed sources.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
CREATE TABLE archive (method text PRIMARY KEY, first bytea, second bytea);
-- "id,name\n1,Ann\n2,Bob\n" and "3,Eve\n"
INSERT INTO archive VALUES
	('gzip', '\x1f8b0800000000000203cb4cd1c94bcc4de532d471cccbe332d271ca4fe20200a4f7063d14000000', '\x1f8b080000000000020333d6712d4be50200b4dcf43306000000'),
	('zstd', '\x28b52ffd2414a1000069642c6e616d650a312c416e6e0a322c426f620a6b4a7e0d', '\x28b52ffd2406310000332c4576650a9c21ede4'),
	('lz4', '\x04224d186440a71400008069642c6e616d650a312c416e6e0a322c426f620a00000000f227c4e0', '\x04224d186440a706000080332c4576650a00000000744481a0'),
	('bzip2', '\x425a68393141592653591d53e2250000075d0000100004300030003623a0002213479468f2840000b560f4c6e0b4c3053f8bb9229c28480ea9f11280', '\x425a6839314159265359a8382aad0000015d80001000040800020002000100200021800c02c736e2ee48a70a1215070555a0'),
	('xz', '\xfd377a585a000004e6d6b446020021011c00000010cf58cc01001369642c6e616d650a312c416e6e0a322c426f620a0063e032995cf6808900012c14f80a6d031fb6f37d010000000004595a', '\xfd377a585a000004e6d6b446020021011c00000010cf58cc010005332c4576650a0000001849fcf3a52f6ef900011e06c12fa41d1fb6f37d010000000004595a');
-- one member, two in a row, an empty file
SELECT method, t.* FROM archive, etl_read_csv(write('a.csv.' || method, first), header => true) AS t(id int, name text) ORDER BY 1, 2;
SELECT method, count(*), sum(id) FROM archive, etl_read_csv(write('a.csv.' || method, first || second), header => true) AS t(id int, name text) GROUP BY 1 ORDER BY 1;
SELECT method, count(*), sum(id) FROM archive,
	etl_read_csv(write('a.csv.' || method, first || decode(repeat(encode(second, 'hex'), 100), 'hex')), header => true) AS t(id int, name text) GROUP BY 1 ORDER BY 1;
-- the magic bytes decide, not the name; offsets are those of the content
SELECT method, t.* FROM archive, etl_read_csv(write('plain.txt', first), header => true) AS t(etl_line bigint, etl_offset bigint, name text) WHERE method = 'gzip' ORDER BY 2;
SELECT * FROM etl_read_csv(write('plain.gz', E'id\n1\n'), header => true) AS t(id int);
-- content that is bytes, too
SELECT method, count(t.*) FROM archive, etl_parse_csv(first, header => true) AS t(id int, name text) GROUP BY 1 ORDER BY 1;
-- named, and none of it
SELECT method, count(t.*) FROM archive, etl_parse_csv(first, header => true, compression => method) AS t(id int, name text) GROUP BY 1 ORDER BY 1;
SELECT method, left(failure(format('SELECT * FROM etl_parse_csv(%L::bytea, header => true, compression => %L) AS t(id int, name text)', first, 'none')), 5) FROM archive ORDER BY 1;
-- another method than the named one
SELECT method, failure(format('SELECT * FROM etl_parse_csv(%L::bytea, header => true, compression => %L) AS t(id int, name text)', first, CASE method WHEN 'gzip' THEN 'xz' ELSE 'gzip' END)) FROM archive ORDER BY 1;
SELECT failure(format('SELECT * FROM etl_parse_csv(%L::bytea, compression => %L) AS t(id int, name text)', E'id,name\n1,Ann\n', m)) FROM unnest('{gzip,zstd,lz4,bzip2,xz}'::text[]) AS m;

-- cut short at every byte: never rows only, always an error
SELECT method, n, failure(format('SELECT count(*) FROM etl_parse_csv(%L::bytea, header => true, compression => %L) AS t(id int, name text)', substr(first, 1, length(first) - n), method))
FROM archive, unnest('{1,5,20}'::int[]) AS n ORDER BY 1, 2;
SELECT method, count(*) AS cuts, count(*) FILTER (WHERE outcome = 'none') AS unnoticed, min(outcome) = max(outcome) AS same
FROM archive, generate_series(1, length(first) - 1) AS n,
	left(failure(format('SELECT count(*) FROM etl_parse_csv(%L::bytea, header => true, compression => %L) AS t(id int, name text)', substr(first, 1, n), method)), 5) AS outcome
GROUP BY 1 ORDER BY 1;
-- the second member cut short
SELECT method, failure(format('SELECT count(*) FROM etl_parse_csv(%L::bytea, header => true) AS t(id int, name text)', substr(first || second, 1, length(first || second) - 2))) FROM archive ORDER BY 1;
-- flipped bits
SELECT method, count(*) AS flips, count(*) FILTER (WHERE outcome = 'XX000') AS internal
FROM archive, generate_series(0, length(first) * 8 - 1) AS n,
	left(failure(format('SELECT count(*) FROM etl_parse_csv(%L::bytea, header => true, compression => %L) AS t(id int, name text)', set_bit(first, n, 1 - get_bit(first, n)), method)), 5) AS outcome
GROUP BY 1 ORDER BY 1;
-- other bytes behind the last member
SELECT method, failure(format('SELECT count(*) FROM etl_parse_csv(%L::bytea, header => true) AS t(id int, name text)', first || 'garbage'::bytea)) FROM archive ORDER BY 1;
-- as tar pads with
SELECT method, failure(format('SELECT count(*) FROM etl_parse_csv(%L::bytea, header => true) AS t(id int, name text)', first || decode(repeat('00', 512), 'hex'))) FROM archive ORDER BY 1;

-- in no mode are rows kept of a source that is broken
SELECT failure(format('SELECT count(*) FROM etl_parse_csv(%L::bytea, header => true, on_error => %L) AS t(id int, name text)', substr(first, 1, length(first) - 1), m))
FROM archive, unnest('{skip,null,dead_letter}'::text[]) AS m WHERE method = 'gzip';

-- all of them in one glob
SELECT method, write('mixed_' || method, first) IS NOT NULL FROM archive ORDER BY 1;
SELECT count(*), count(DISTINCT etl_source) FROM etl_read_csv(file('mixed_*'), header => true) AS t(etl_source text, id int, name text);

-- too large by far: 5,000,000 lines in 396 bytes
SELECT FROM write('bomb.bz2', decode('425a6839314159265359752ec076036ee3480000102000200030804d46150844d150844e6282b24ca6b2b691277606ddc6900000204000400061009a8d150844c2a1089cc50564994d65d4bb01d80dbb8d2000004080008000c2013518542113454211398a0ac9329acada449dd81b771a400000810001000184026a345421130a84227314159265359752ec076036ee3480000102000200030804d46150844d150844e6282b24ca6b2b691277606ddc6900000204000400061009a8d150844c2a1089cc50564994d65d4bb01d80dbb8d2000004080008000c2013518542113454211398a0ac9329acada449dd81b771a400000810001000184026a345421130a84227314159265359752ec076036ee3480000102000200030804d46150844d150844e6282b24ca6b2b691277606ddc6900000204000400061009a8d150844c2a1089cc50564994d65d4bb01d80dbb8d2000004080008000c2013518542113454211398a0ac9329acb66daf5b0030ee2400000810001000184026a3542154ca10aa717724538509057997ae6', 'hex'));
SELECT split_part(failure('SELECT count(*) FROM etl_read_csv(file(''bomb.bz2''), header => false) AS t(a int)'), E'\n  at', 1);
SET pg_etl.max_decompression_ratio = 100;
SELECT split_part(failure('SELECT count(*) FROM etl_read_csv(file(''bomb.bz2''), header => false) AS t(a int)'), E'\n  at', 1);
SET pg_etl.max_decompression_ratio = 0;
SELECT count(*) FROM etl_read_csv(file('bomb.bz2'), header => false) AS t(a int);
RESET pg_etl.max_decompression_ratio;

-- what was found shows
SELECT explain_analyze($$SELECT * FROM etl_read_csv(file('mixed_zstd'), header => true) AS t(id int, name text)$$);
