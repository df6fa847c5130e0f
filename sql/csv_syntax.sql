-- Bytes to fields: delimiters, quotes, escapes, comments, line ends, and which
-- lines belong to the table.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

-- delimiters
SELECT * FROM etl_csv_rows(write('syntax.csv', E'a;b,c|d\te\n'), delimiter => ';');
SELECT to_json(d), to_json(fields) FROM (VALUES (','), (';'), ('|'), ('\t'), (E'\t'), (' '), ('::'), ('||'), ('<->'), ('~~~~'), ('§'), ('€'), ('😀'), (E'\x01')) AS v(d),
	etl_csv_rows(write('syntax.csv', concat_ws(replace(d, '\t', E'\t'), '1', '"x' || d || 'y"', '', '4') || E'\n'), delimiter => d);
-- a part of one isn't one
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'a:b::c:::d::::e\n:::\n'), delimiter => '::');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'a||"b||c"||"d"|e\n'), delimiter => '||');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'a, b, "c, d", "e"\n'), delimiter => ', ');
-- detected
SELECT fields FROM (VALUES (','), (';'), ('|'), (E'\t')) AS v(d),
	etl_csv_rows(write('syntax.csv', replace(E'id;name;amount\n1;ab;2.5\n2;cd;3.5\n3;ef;4.5\n', ';', d)), header => true);

-- quotes
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'"a","b,c","d""e","f\ng","",""""\n'), delimiter => ',');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'\'a\',\'b,c\',\'d\'\'e\',"f"\n'), delimiter => ',', quote => '''');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'"a",b"c,\'d\'\n'), delimiter => ',', quote => '');
-- in the middle of a field they stand for themselves
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'a"b,c"",5" x 3"\n'), delimiter => ',', quote => '"');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'it\'s,6\'2",x\n'), delimiter => ',', quote => '''');
-- blanks around quotes
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'a, "b" ,c\n'), delimiter => ',');

-- escapes
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'"a\\"b","c\\\\","\\d",e\\,f\n'), delimiter => ',', quote => '"', escape => '\');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'"a\\",b\n'), delimiter => ',', quote => '"', escape => '"');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'"a",b,"c,d"\n'), delimiter => ',', quote => '"', escape => '');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'a\\,b,c\\\nd,\\\\\n'), delimiter => ',', quote => '', escape => '\');
SELECT fields FROM etl_csv_rows(write('syntax.csv', E'"a^"b",c^^\n'), delimiter => ',', quote => '"', escape => '^');

-- comments: at the start of a line outside quotes only
SELECT * FROM etl_csv_rows(write('syntax.csv', E'# one\na,b\n#, two\nc,#d\n "#",e\n"f\n#g",h\n#"\n'), delimiter => ',', comment => '#');
SELECT * FROM etl_csv_rows(write('syntax.csv', E'-- one\na,b\n-,-\n--\n'), delimiter => ',', comment => '--');
SELECT * FROM etl_csv_rows(write('syntax.csv', E'#a,b\n'), delimiter => ',', comment => '');
SELECT count(*) FROM etl_csv_rows(write('syntax.csv', E'# one\n# two'), delimiter => ',', comment => '#');
SELECT * FROM etl_csv_rows(write('syntax.csv', E'§ one\na,b\n'), delimiter => ',', comment => '§');

-- line ends: each alone, mixed, and none at the end
SELECT to_json(fields), line FROM (VALUES (E'\n'), (E'\r\n'), (E'\r')) AS v(e),
	etl_csv_rows(write('syntax.csv', 'a,b' || e || '"c' || e || '",d' || e || 'e,f'), delimiter => ',');
SELECT * FROM etl_csv_rows(write('syntax.csv', E'a,b\nc,d\r\ne,f\rg,h'), delimiter => ',');
SELECT line, to_json(fields) FROM etl_csv_rows(write('syntax.csv', E'a,"b\r\nc\rd"\r\n\r\ne,f\r\r'), delimiter => ',', stop_at_blank => false);
SELECT * FROM etl_csv_rows(write('syntax.csv', E'a,'), delimiter => ',');
SELECT * FROM etl_csv_rows(write('syntax.csv', E'a,""'), delimiter => ',');

-- blank lines are no records, but where there is one column
SELECT * FROM etl_parse_csv(E'\n\na,b\n\n1,2\n\r\n3,4\n\n', delimiter => ',', header => true, stop_at_blank => false) AS t(a int, b int);
SELECT * FROM etl_parse_csv(E'a\n1\n\n3\n', header => true, skip => 0, stop_at_blank => false) AS t(a int, etl_line bigint);
-- a line of delimiters is a record, one of blanks is blank
SELECT * FROM etl_parse_csv(E'a,b\n,\n', header => true) AS t(a int, b int);
SELECT * FROM etl_parse_csv(E'a,b\n1,2\n \t \n3,4\n', delimiter => ',', header => true, skip => 0, stop_at_blank => false) AS t(a text, b text);

-- what comes before the table
SELECT * FROM etl_parse_csv(E'Report\n"of, a\nday"\nid,n\n1,2\n', skip => 3, header => true) AS t(id int, n int);
SELECT * FROM etl_parse_csv(E'x\r\ny\rz\nid,n\n1,2\n', skip => 3, header => true) AS t(id int, n int);
SELECT * FROM etl_parse_csv(E'id,n\n1,2\n3,4\n', skip => 1, header => false) AS t(id int, n int);
SELECT count(*) FROM etl_parse_csv(E'id,n\n1,2\n', skip => 100) AS t(id int, n int);
SELECT * FROM etl_parse_csv(E'Report of the day\nMade by hand\n\nid,name,amount\n1,a,2.5\n2,b,3.5\n3,c,4.5\n') AS t(id int, amount numeric, etl_line bigint);

-- what comes after it
SELECT * FROM etl_parse_csv(E'id,n\n1,2\n3,4\nTotal,6\n', header => true, skip_footer => 1) AS t(id int, n int);
SELECT * FROM etl_parse_csv(E'id,n\n1,2\nsum\n6\n', delimiter => ',', header => true, skip => 0, skip_footer => 2) AS t(id int, n int);
SELECT count(*) FROM etl_parse_csv(E'id,n\n1,2\n3,4\n', header => true, skip_footer => 2) AS t(id int, n int);
SELECT count(*) FROM etl_parse_csv(E'id,n\n1,2\n3,4\n', header => true, skip_footer => 1000000) AS t(id int, n int);
SELECT count(*), min(id), max(id) FROM etl_parse_csv((SELECT string_agg(i::text || ',x', E'\n') FROM generate_series(1, 5000) AS i),
	header => false, skip_footer => 2000) AS t(id int, x text);

-- a second table after a blank line
SELECT * FROM etl_parse_csv(E'id,n\n1,2\n\nname,x\na,b\n', delimiter => ',', header => true, stop_at_blank => true) AS t(id int, n int);
SELECT * FROM etl_parse_csv(E'id,n\n1,2\n\n3,4\n', delimiter => ',', header => true, stop_at_blank => false) AS t(id int, n int);
SELECT * FROM etl_parse_csv(E'id,n\n1,2\n\n3,4\n', delimiter => ',', header => true, stop_at_blank => true, skip_footer => 1) AS t(id int, n int);
SELECT * FROM etl_parse_csv(E'id,n\n1,"2\n\n3"\n4,5\n', delimiter => ',', header => true, stop_at_blank => true) AS t(id int, n text);

-- little or nothing
SELECT count(*) FROM etl_parse_csv('', header => true) AS t(etl_line bigint);
SELECT count(*) FROM etl_parse_csv('') AS t(a int, b text);
SELECT count(*) FROM etl_parse_csv(E'\n\n\n') AS t(a int, b text);
SELECT count(*) FROM etl_parse_csv(E'\n\n\n', header => true) AS t(a int, b text);
SELECT count(*) FROM etl_parse_csv('', header => false) AS t(a int, b text);
SELECT count(*) FROM etl_parse_csv('', columns => '{"a": "x", "b": 7}') AS t(a int, b text);
SELECT count(*) FROM etl_parse_csv('', header => true, columns => '{"a": "x", "b": 7}') AS t(a int, b text);
SELECT count(*) FROM etl_parse_csv(E'\ufeff') AS t(a int, b text);
SELECT count(*) FROM etl_parse_csv(E'a,b\n', header => true) AS t(a int, b text);
SELECT count(*) FROM etl_parse_csv('a,b', header => true) AS t(a int, b text);
SELECT * FROM etl_parse_csv('1', header => false) AS t(a int);
SELECT * FROM etl_parse_csv(',', delimiter => ',', header => false) AS t(a int, b int);
SELECT * FROM etl_parse_csv('""', header => false) AS t(a text);
SELECT * FROM etl_csv_rows(write('syntax.csv', ''));
SELECT * FROM etl_csv_rows(write('syntax.csv', ''), header => true);
SELECT * FROM etl_read_csv(write('syntax.csv', '')) AS t(a int);
SELECT * FROM etl_read_csv(write('syntax.csv', ''), header => true) AS t(a int, b text);
-- one column
SELECT * FROM etl_parse_csv(E'name\nAnn\n"Bob, Jr."\n', header => true) AS t(name text);
SELECT * FROM etl_parse_csv(E'3\n1\n2\n') AS t(n int);

-- 10,000 columns
SELECT FROM write('wide.csv', (SELECT string_agg('c' || i, ',') FROM generate_series(1, 10000) AS i) || E'\n'
	|| (SELECT string_agg(i::text, ',') FROM generate_series(1, 10000) AS i) || E'\n'
	|| (SELECT string_agg('"' || i || '"', ',') FROM generate_series(10000, 1, -1) AS i) || E'\n');
SELECT * FROM etl_read_csv(file('wide.csv'), header => true) AS t(c10000 int, c1 int, c5000 int);
SELECT * FROM etl_read_csv(file('wide.csv'), skip => 1, header => false, columns => '{"x": 10000}') AS t(x int);
SELECT line, cardinality(fields), fields[1], fields[10000] FROM etl_csv_rows(file('wide.csv'));
SELECT count(*) FROM etl_read_csv(file('wide.csv'), header => true) AS t(etl_record jsonb), jsonb_object_keys(etl_record);

-- long fields, far beyond any buffer
SELECT a, length(b), c FROM etl_parse_csv(E'a,b,c\n1,"' || repeat(E'x""y,\n', 200000) || E'",2\n3,' || repeat('z', 1000000) || E',4\n', delimiter => ',', quote => '"', skip => 0, header => true)
	AS t(a int, b text, c int);
-- quotes that first appear long after the beginning
SELECT count(*), max(b) FROM etl_parse_csv(repeat(E'1,plain\n', 200000) || E'2,"quoted, ""x"""\n', header => false) AS t(a int, b text);

-- every cell of a table of odd values comes back, in every syntax
CREATE TABLE odd AS
	SELECT row_number() OVER () AS n, a, b
	FROM unnest(ARRAY['', 'a', ',', ';', '"', '""', '"a"', ' a ', E'\n', E'\r\n', E'a\nb', '''', '\', '\"', '#', '', 'é', '||', E'\t', '1']) AS a,
		unnest(ARRAY['x', '', '"', E'\n', ',']) AS b;
CREATE FUNCTION as_csv(delimiter text, line_end text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(delimiter, n, '"' || replace(a, '"', '""') || '"', '"' || replace(b, '"', '""') || '"'), line_end ORDER BY n) FROM odd $$;
SELECT count(*), bool_and((t.a, t.b) IS NOT DISTINCT FROM (odd.a, odd.b))
FROM (VALUES (','), (';'), ('|'), (E'\t'), ('||'), ('::::')) AS d(delimiter), (VALUES (E'\n'), (E'\r\n'), (E'\r')) AS e(line_end),
	etl_parse_csv(as_csv(delimiter, line_end), delimiter => delimiter, quote => '"', header => false, skip => 0, null_strings => '{}') AS t(n int, a text, b text)
	JOIN odd USING (n);
