-- Special columns.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

SELECT FROM write('special.csv', E'id,note\n1,"two\nlines"\n\n2,\n3,"q""q"\n');
SELECT * FROM etl_read_csv(file('special.csv'), header => true)
	AS t(id int, etl_source text, etl_line bigint, etl_record_no bigint, etl_offset bigint, etl_raw text, etl_record jsonb);
-- alone, and in any other type that takes their text
SELECT * FROM etl_read_csv(file('special.csv'), header => true) AS t(etl_line bigint);
SELECT * FROM etl_read_csv(file('special.csv'), header => true)
	AS t(etl_line int, etl_record_no text, etl_offset numeric, etl_record json, etl_raw varchar(30));
-- offset and raw text lead back to the record
SELECT etl_raw = substr(convert_from(pg_read_binary_file(file('special.csv')), 'UTF8'), etl_offset::int + 1, length(etl_raw))
FROM etl_read_csv(file('special.csv'), header => true) AS t(etl_offset bigint, etl_raw text);

-- lines are physical: skipped ones, comments and blank lines count
SELECT etl_line, etl_record_no, etl_offset, to_json(id) FROM etl_parse_csv(E'preamble\n\n# c\nid\n# c\n1\n\n# c\r\n"2\r\n2"\r3\r\n',
	skip => 2, header => true, comment => '#', stop_at_blank => false) AS t(etl_line bigint, etl_record_no bigint, etl_offset bigint, id text);
-- a line end by CR alone counts too
SELECT * FROM etl_parse_csv(E'id\r1\r2\r', header => true) AS t(id int, etl_line bigint, etl_offset bigint);

-- every file counts on its own
SELECT FROM write('special_1.csv', E'id\n1\n2\n');
SELECT FROM write('special_2.csv', E'id\n3\n');
SELECT * FROM etl_read_csv(file('special_?.csv'), header => true)
	AS t(id int, etl_source text, etl_line bigint, etl_record_no bigint, etl_offset bigint);
-- content has no name
SELECT * FROM etl_parse_csv(E'id\n1\n', header => true) AS t(etl_source text);

-- the record as an object: by header or position, nulls as null, all fields
SELECT * FROM etl_parse_csv(E'id,note\n1,\n2,"x"\n', header => true) AS t(etl_record jsonb);
SELECT * FROM etl_parse_csv(E'1,\n2,"x"\n', header => false) AS t(etl_record jsonb);
SELECT * FROM etl_parse_csv(E'a,,a\n1,2,3\n', header => true) AS t(etl_record jsonb);
SELECT * FROM etl_parse_csv(E'a,b\n1\n1,2,3\n', header => true, skip => 0, ragged => 'both') AS t(etl_record jsonb);
SELECT * FROM etl_parse_csv(E'a,b\n1;2,N/A\n', header => true, null_strings => '{N/A}') AS t(etl_record jsonb);

-- bytes of another encoding
SELECT * FROM etl_parse_csv('\x6e616d650ae4f60a'::bytea, header => true, encoding => 'LATIN1')
	AS t(name text, etl_raw text, etl_record jsonb, etl_offset bigint);
-- after a byte order mark
SELECT * FROM etl_parse_csv('\xefbbbf69640a310a'::bytea, header => true) AS t(id int, etl_raw text, etl_line bigint, etl_offset bigint);
SELECT * FROM etl_parse_csv('\xfffe690064000a0031000a0032000a00'::bytea, header => true)
	AS t(id int, etl_raw text, etl_line bigint, etl_offset bigint);

-- a header of that name gives way, unless it is asked for
SELECT * FROM etl_parse_csv(E'etl_line,x\n7,8\n', header => true) AS t(etl_line int, x int);
SELECT * FROM etl_parse_csv(E'etl_line,x\n7,8\n', header => true, columns => '{"etl_line": "etl_line"}') AS t(etl_line int, x int);
SELECT * FROM etl_parse_csv(E'etl_line,x\n7,8\n', header => true, columns => '{"line": "etl_line"}') AS t(line int, x int);
-- names in capitals are ordinary
SELECT failure($$SELECT * FROM etl_parse_csv(E'x\n7\n', header => true) AS t("ETL_LINE" int)$$);

-- a value that the declared type can't hold
SELECT failures(
	$$SELECT * FROM etl_parse_csv(E'x\n7\n', header => true) AS t(etl_source int)$$,
	$$SELECT * FROM etl_parse_csv(E'x\n7\n', header => true) AS t(etl_record int)$$,
	$$SELECT * FROM etl_parse_csv(E'x\n7\n', header => true) AS t(etl_line boolean)$$);

-- the same from the function itself
SELECT id, etl_line, etl_raw FROM ROWS FROM (etl_read_csv(file('special.csv'), header => true)
	AS (id int, etl_line bigint, etl_raw text), generate_series(1, 3));
