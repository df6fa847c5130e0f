-- Columns and the header: which field goes into which column.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

-- by name, in any order, extra fields left alone
SELECT * FROM etl_parse_csv(E'id,name,city\n1,Ann,Rome\n', header => true) AS t(city text, id int);
SELECT * FROM etl_parse_csv(E'id,name\n1,Ann\n') AS t(name text, id int);
-- an exact match goes before one that isn't, wherever it stands
SELECT * FROM etl_parse_csv(E'ID,Id,id, id\n1,2,3,4\n', header => true)
	AS t(id int, "Id" int, "ID" int, " id" int);
-- else case and blanks around don't matter, in non-ASCII letters too
SELECT * FROM etl_parse_csv(E'  ID , Straße\n1,Weg\n', header => true) AS t(id int, "STRAßE" text);
SELECT failure($$SELECT * FROM etl_parse_csv(E'id,"  Größe\t"\n1,2\n', header => true) AS t("ID" int, "GRÖSSE" int)$$);
SELECT * FROM etl_parse_csv(E'id,"  GRÖßE\t"\n1,2\n', header => true) AS t("ID" int, größe int);
-- blanks within a name do
SELECT failure($$SELECT * FROM etl_parse_csv(E'first  name\nAnn\n', header => true) AS t("first name" text)$$);
-- the first of several that match
SELECT * FROM etl_parse_csv(E'A,a\n1,2\n', header => true) AS t(a int);
SELECT * FROM etl_parse_csv(E'a,a\n1,2\n', header => true) AS t(a int);
SELECT * FROM etl_parse_csv(E'A , A\n1,2\n', header => true) AS t(a int);

-- columns by name and by position, one field for several
SELECT * FROM etl_parse_csv(E'id,name,city\n1,Ann,Rome\n', columns => '{"who": "name", "n": 1, "again": 1}')
	AS t(who text, n int, again text, city text);
-- the mapping overrides a name that would match, and is matched as names are
SELECT * FROM etl_parse_csv(E'a,b\n1,2\n', columns => '{"a": "b", "b": "A"}') AS t(a int, b int);
SELECT * FROM etl_parse_csv(E'a,b\n1,2\n', columns => '{"x": " B "}') AS t(x int);
-- a name that looks like a number is a name
SELECT * FROM etl_parse_csv(E'2,1\nx,y\n', header => true, columns => '{"a": "1", "b": 1}') AS t(a text, b text);
-- without header only positions are there
SELECT * FROM etl_parse_csv(E'1,2,3\n4,5,6\n', header => false, columns => '{"c": 3, "a": 1}') AS t(c int, a int);
SELECT * FROM etl_parse_csv(E'1,2,3\n4,5,6\n', header => false, columns => '{"c": 3}') AS t(a int, c int, b int);
SELECT failures(
	$$SELECT * FROM etl_parse_csv(E'1,2\n', header => false, columns => '{"a": "a"}') AS t(a int)$$,
	$$SELECT * FROM etl_parse_csv(E'1,2\n', header => false, columns => '{"a": 3}') AS t(a int)$$,
	$$SELECT * FROM etl_parse_csv(E'a,b\n1,2\n', header => true, columns => '{"a": 3}') AS t(a int)$$);

-- columns that the header lacks
SELECT failures(
	$$SELECT * FROM etl_parse_csv(E'id,name\n1,x\n', header => true) AS t(id int, price numeric)$$,
	$$SELECT * FROM etl_parse_csv(E'id,name\n1,x\n', header => true) AS t(id int, nme text)$$,
	$$SELECT * FROM etl_parse_csv(E'id,name\n1,x\n', header => true, columns => '{"id": "key"}') AS t(id int)$$,
	$$SELECT * FROM etl_parse_csv(E'id,"a ""b""",\n1,x,\n', header => true) AS t(c int)$$,
	-- also where nobody looks at them, and in a file without records
	$$SELECT count(*) FROM etl_parse_csv(E'id,name\n1,x\n', header => true) AS t(price numeric)$$,
	$$SELECT id FROM etl_parse_csv(E'id,name\n', header => true) AS t(id int, price numeric)$$);
-- in every mode
SELECT failure(format($$SELECT * FROM etl_parse_csv(E'id,name\n1,x\n', header => true, on_error => %L) AS t(x int)$$, m))
FROM unnest('{abort,skip,null,dead_letter}'::text[]) AS m;
-- long lists are cut
SELECT failure(format($$SELECT * FROM etl_parse_csv(%L, header => true) AS t(x int)$$,
	(SELECT string_agg('c' || i, ',') FROM generate_series(1, 1000) AS i) || E'\n'));

-- without header by position, special columns not counted
SELECT * FROM etl_parse_csv(E'1,2\n3,4\n', header => false) AS t(etl_line bigint, a int, etl_record_no bigint, b int);
-- fewer columns than fields
SELECT * FROM etl_parse_csv(E'1,2\n3,4\n', header => false) AS t(a int);
-- more columns than fields: those records are short
SELECT failure($$SELECT * FROM etl_parse_csv(E'1,2\n3,4\n', header => false) AS t(a int, b int, c int)$$);
SELECT * FROM etl_parse_csv(E'1,2\n3,4\n', header => false, ragged => 'pad') AS t(a int, b int, c int);

-- a row type, with a dropped column
CREATE TABLE item (gone int, id int PRIMARY KEY, name text);
ALTER TABLE item DROP COLUMN gone;
SELECT * FROM etl_parse_csv(E'id,name\n1,x\n', NULL::item);
SELECT name, id FROM etl_parse_csv(E'name,id\nx,1\n', NULL::item);
SELECT * FROM etl_parse_csv(E'1,x\n', NULL::item, header => false);
INSERT INTO item (id, name) SELECT id, name FROM etl_parse_csv(E'id,name\n1,x\n2,y\n', NULL::item);
SELECT * FROM item;
-- a column that is generated has no field, unless there is one
CREATE TABLE area (w int, h int, size int GENERATED ALWAYS AS (w * h) STORED);
SELECT * FROM etl_parse_csv(E'h,w\n2,3\n', NULL::area);
SELECT * FROM etl_parse_csv(E'h,w,size\n2,3,7\n', NULL::area);
INSERT INTO area (w, h) SELECT w, h FROM etl_parse_csv(E'h,w\n2,3\n', NULL::area) RETURNING *;
-- a composite type, a row that isn't null, an alias for the columns
CREATE TYPE pair AS (a int, b text);
SELECT * FROM etl_parse_csv(E'b,a\nx,1\n', NULL::pair);
SELECT * FROM etl_parse_csv(E'b,a\nx,1\n', ROW(7, 'seven')::pair);
SELECT * FROM etl_parse_csv(E'b,a\nx,1\n', NULL::pair) AS t(first, second);
SELECT etl_parse_csv(E'b,a\nx,1\ny,2\n', NULL::pair);
SELECT (etl_parse_csv(E'b,a\nx,1\ny,2\n', NULL::pair)).b;
-- types that are no rows
SELECT failures(
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', NULL::int)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', NULL)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', NULL::record)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n')$$,
	$$SELECT etl_parse_csv(E'a\n1\n')$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n') AS t(a anyelement)$$);

-- names that no identifier can be
SELECT * FROM etl_parse_csv(E',b,,\n1,2,3,4\n', header => true, columns => '{"x": 1, "y": 4}') AS t(x int, b int, y int);
SELECT * FROM etl_parse_csv(E'select,"a,b","a\nb","q""q"\n1,2,3,4\n', header => true)
	AS t("select" int, "a,b" int, "a
b" int, "q""q" int);
-- longer than identifiers are: matched by what is left of them
SELECT * FROM etl_parse_csv(repeat('x', 80) || ',' || repeat('ä', 40) || E'\n1,2\n', header => true)
	AS t(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx int, äääääääääääääääääääääääääääääää int);
-- in a record as an object too
SELECT length(key) FROM etl_parse_csv(repeat('x', 10000) || E'\n1\n', header => true) AS t(etl_record jsonb),
	jsonb_object_keys(etl_record) AS key;

-- several header lines
SELECT * FROM etl_parse_csv(E'net,gross,\nEUR,EUR,note\n1,2,x\n', header_rows => 2)
	AS t("net EUR" int, "gross EUR" int, note text);
SELECT * FROM etl_parse_csv(E'a,b\nc\nd,e\n1,2\n', header_rows => 3) AS t("a c d" int, "b e" int);
-- more than there are
SELECT count(*) FROM etl_parse_csv(E'a\nb\n', header_rows => 5) AS t("a b" int);
-- none
SELECT * FROM etl_parse_csv(E'a,b\nc,d\n', header_rows => 0) AS t(x text, y text);

-- detection: a first line of names, or of values
SELECT * FROM etl_parse_csv(E'id,amount\n1,2.5\n2,3.5\n3,4.5\n') AS t(amount numeric, id int);
SELECT * FROM etl_parse_csv(E'1,2.5\n2,3.5\n3,4.5\n') AS t(id int, amount numeric);

-- the header itself is bad
SELECT failures(
	$$SELECT * FROM etl_parse_csv('\x61ff0a310a'::bytea, header => true, encoding => 'UTF8') AS t(a int)$$,
	$$SELECT * FROM etl_parse_csv('\x61000a310a'::bytea, header => true) AS t(a int)$$);
SET pg_etl.max_record_size = 1024;
SELECT failure(format($$SELECT * FROM etl_parse_csv(%L, header => true) AS t(a int)$$, repeat('a', 2000) || E'\n1\n'));
RESET pg_etl.max_record_size;
-- a header wider than the records, and one that isn't as wide
SELECT failures(
	$$SELECT * FROM etl_parse_csv(E'a,b,c\n1,2\n', header => true, skip => 0) AS t(a int)$$,
	$$SELECT * FROM etl_parse_csv(E'a,b\n1,2,3\n', header => true, skip => 0) AS t(a int)$$);

-- where files were joined the header comes again; it is a bad record, and a name is no name twice
SELECT * FROM etl_parse_csv(E'id,name\n1,Ann\nid,name\n2,Bob\n', on_error => 'skip') AS t(id int, name text);
SELECT * FROM etl_parse_csv(E'id,name\nid,name\n1,Ann\n2,Bob\n', header_rows => 2) AS t(id int, name text);
-- a line for spreadsheets
SELECT * FROM etl_parse_csv(E'sep=;\nid;name\n1;Ann, Lee\n') AS t(id int, name text);
SELECT * FROM etl_parse_csv(E'sep=;\nid|name\n1|Ann;\n', delimiter => '|') AS t(id int, name text);
SELECT * FROM etl_parse_csv(E'sep=;x\nid;name\n', skip => 0, header => false, delimiter => ';') AS t(id text, name text);
