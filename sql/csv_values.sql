-- Fields to values: nulls, blanks, ragged records, numbers and dates in other
-- people's formats.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

-- nulls: the empty field, unless it is quoted
SELECT quote_nullable(a), quote_nullable(b), quote_nullable(c) FROM etl_parse_csv(E'a,b,c\n,"", \n', header => true) AS t(a text, b text, c text);
SELECT * FROM etl_parse_csv(E'a,b\n,1\n', header => true) AS t(a int, b int);
SELECT failure($$SELECT * FROM etl_parse_csv(E'a,b\n"",1\n', header => true) AS t(a int, b int)$$);
SELECT * FROM etl_parse_csv(E'a,b,c,d,e\nNA,"NA",na,,NULL\n', header => true, null_strings => '{NA,NULL}') AS t(a text, b text, c text, d text, e text);
SELECT * FROM etl_parse_csv(E'a,b,c,d\nNA,"NA","",\n', header => true, null_strings => '{NA,""}', quoted_nulls => true) AS t(a text, b text, c text, d text);
SELECT * FROM etl_parse_csv(E'a,b\n,""\n', header => true, quoted_nulls => true) AS t(a text, b text);
SELECT * FROM etl_parse_csv(E'a,b\n,""\n', header => true, null_strings => '{}') AS t(a text, b text);
SELECT * FROM etl_parse_csv(E'a,b\n\\N,"\\N"\n', header => true, null_strings => '{\\N}', escape => '"') AS t(a text, b text);
SELECT * FROM etl_parse_csv(E'a,b\n-,1\n', header => true, options => '{"null_strings": ["-", null]}') AS t(a int, b int);
SELECT * FROM etl_parse_csv(E'a,b\nséparé,1\n', header => true, null_strings => ARRAY['séparé', NULL]) AS t(a int, b int);
-- quotes belong to no string: what counts is the content
SELECT * FROM etl_parse_csv(E'a,b\n"N""A",x\n', header => true, null_strings => ARRAY['N"A'], quoted_nulls => true) AS t(a text, b text);

-- blanks: kept, or dropped around what isn't quoted
SELECT quote_nullable(a), quote_nullable(b), quote_nullable(c) FROM etl_parse_csv(E'a,b,c\n x y ,\t," z "\n', header => true) AS t(a text, b text, c text);
SELECT quote_nullable(a), quote_nullable(b), quote_nullable(c) FROM etl_parse_csv(E'a,b,c\n x y ,\t," z "\n', header => true, trim_fields => true) AS t(a text, b text, c text);
SELECT * FROM etl_parse_csv(E'a,b\n NA , 7 \n', header => true, trim_fields => true, null_strings => '{NA}') AS t(a int, b int);
SELECT * FROM etl_parse_csv(E'a,b\n 7 ,8\n', header => true) AS t(a int, b numeric);

-- records of the wrong width
CREATE FUNCTION ragged(mode text) RETURNS TABLE (line bigint, a text, b text, c text) LANGUAGE sql AS
$$ SELECT * FROM etl_parse_csv(E'a,b,c\n1,2,3\n4,5\n6\n7,8,9,0\n,,,,\n', delimiter => ',', header => true, skip => 0, ragged => mode, on_error => 'skip') AS t(etl_line bigint, a text, b text, c text) $$;
SELECT * FROM ragged('error');
SELECT * FROM ragged('pad');
SELECT * FROM ragged('truncate');
SELECT * FROM ragged('both');
-- a field that isn't there is null even if no string means null
SELECT * FROM etl_parse_csv(E'a,b\n1\n,\n', delimiter => ',', header => true, skip => 0, ragged => 'pad', null_strings => '{}') AS t(a text, b text);
-- and so where the column is NOT NULL by its domain
CREATE DOMAIN needed AS int NOT NULL;
SELECT failure($$SELECT * FROM etl_parse_csv(E'a,b\n1\n', delimiter => ',', header => true, skip => 0, ragged => 'pad') AS t(a int, b needed)$$);
-- without header the first columns are filled
SELECT * FROM etl_parse_csv(E'1,2\n3\n4,5\n', delimiter => ',', header => false, skip => 0, ragged => 'pad') AS t(a int, b int);
SELECT fields FROM etl_csv_rows(write('ragged.csv', E'1,2\n3\n4,5,6\n'), delimiter => ',', skip => 0, ragged => 'both');

-- decimal comma, grouped thousands
SELECT * FROM etl_parse_csv(E'a;b;c;d\n1,5;1.234,5;-1.234.567,25;1e3\n', delimiter => ';', header => true, decimal_separator => ',', thousands_separator => '.')
	AS t(a numeric, b float8, c numeric(12, 1), d float4);
SELECT * FROM etl_parse_csv(E'a;b;c;d\n12 345,6;0,001;,5;5,\n', delimiter => ';', header => true, decimal_separator => ',', thousands_separator => ' ')
	AS t(a numeric, b numeric, c float8, d float8);
SELECT * FROM etl_parse_csv(E'a;b;c\n1,234;12,345,678;999\n', delimiter => ';', header => true, thousands_separator => ',') AS t(a int, b bigint, c smallint);
SELECT * FROM etl_parse_csv(E'a;b\n1''234.5;-1''000\n', delimiter => ';', header => true, thousands_separator => '''') AS t(a numeric, b int);
SELECT * FROM etl_parse_csv(E'a;b\nNaN;-Infinity\n', delimiter => ';', header => true, decimal_separator => ',') AS t(a numeric, b float8);
SELECT * FROM etl_parse_csv(E'a;b\n1,5;{"x": 1,5}\n', delimiter => ';', quote => '', header => true, decimal_separator => ',') AS t(a numeric, b text);
-- a separator of numbers is no delimiter, unless numbers that have it are quoted
SELECT * FROM etl_parse_csv(E'n\n1,5\n', header => true, decimal_separator => ',') AS t(n numeric);
SELECT * FROM etl_parse_csv(E'id,n\n1,"1,5"\n2,"2,5"\n', decimal_separator => ',') AS t(id int, n numeric);
SELECT * FROM etl_parse_csv(E'id,n\n1,12\n2,"1,200"\n', thousands_separator => ',') AS t(id int, n int);
-- what is no number in that format
CREATE FUNCTION number(s text, type text, point text, groups text) RETURNS text LANGUAGE sql AS
$$ SELECT failure(format('SELECT * FROM etl_parse_csv(%L, delimiter => %L, header => true, decimal_separator => %L, thousands_separator => %L) AS t(a %s, b int)', E'a;b\n' || s || E';1\n', ';', point, groups, type)) $$;
SELECT s, number(s, 'numeric', ',', '.') FROM unnest('{1.5,1.23,12.34,1.2345,1.234.56,.234,1.,"1,5,5","1,234.5","1,5e1.000","",.,","}'::text[]) AS s;
SELECT s, number(s, 'int', '.', ',') FROM unnest('{"1,23","1,234.5","1,234,56","2,147,483,648",",123","1,,000","1 000"}'::text[]) AS s;
SELECT number('1.5', 'float8', ',', '');

-- dates and times by pattern
SELECT * FROM etl_parse_csv(E'a,b,c,d,e\n31/12/2024,12-31-24,20241231,31.12.2024 23:59:58,11:59 PM\n', header => true,
	date_formats => '{"a": "DD/MM/YYYY", "b": "MM-DD-YY", "c": "YYYYMMDD", "d": "DD.MM.YYYY HH24:MI:SS", "e": "HH12:MI AM"}')
	AS t(a date, b date, c date, d timestamp, e time);
SELECT * FROM etl_parse_csv(E'a,b,c\n1/2/2024,"Feb 1, 2024",1 February 2024\n', header => true,
	date_formats => '{"a": "DD/MM/YYYY", "b": "Mon DD, YYYY", "c": "DD Month YYYY"}') AS t(a date, b date, c timestamp);
-- in the session's time zone
SET timezone = 'Europe/Berlin';
SELECT * FROM etl_parse_csv(E'a,b\n01/07/2024 12:00,01/07/2024 12:00\n', header => true,
	date_formats => '{"a": "DD/MM/YYYY HH24:MI", "b": "DD/MM/YYYY HH24:MI"}') AS t(a timestamptz, b timestamp);
SET timezone = 'UTC';
-- the session's DateStyle decides where no pattern is given
SET datestyle = 'ISO, DMY';
SELECT * FROM etl_parse_csv(E'a,b\n01/02/2024,01/02/2024\n', header => true, date_formats => '{"b": "MM/DD/YYYY"}') AS t(a date, b date);
SET datestyle = 'ISO, MDY';
SELECT * FROM etl_parse_csv(E'a,b\n01/02/2024,01/02/2024\n', header => true, date_formats => '{"b": "MM/DD/YYYY"}') AS t(a date, b date);
SET datestyle = 'ISO, YMD';
-- nulls stay nulls, other columns what they are
SELECT * FROM etl_parse_csv(E'a,b\n,2024-01-02\n', header => true, date_formats => '{"a": "DD/MM/YYYY"}') AS t(a date, b date);
-- what doesn't fit the pattern
CREATE FUNCTION day(s text, pattern text, type text) RETURNS text LANGUAGE sql AS
$$ SELECT failure(format('SELECT * FROM etl_parse_csv(%L, delimiter => %L, header => true, date_formats => %L) AS t(a %s, b int)', E'a;b\n' || s || E';1\n', ';', jsonb_build_object('a', pattern), type)) $$;
SELECT s, day(s, 'DD/MM/YYYY', 'date') FROM unnest('{31/02/2024,32/01/2024,01/13/2024,1/1/24,2024-01-01,01/01/2024x,01/01/2024 ,01-01-2024,29/02/2023,29/02/2024,"",x}'::text[]) AS s;
SELECT s, day(s, 'DD/MM/YYYY HH24:MI', 'timestamp') FROM unnest('{"01/01/2024 24:00","01/01/2024 23:60","01/01/2024"}'::text[]) AS s;
-- a pattern by which nothing can be read is an error at once, whatever the values and on_error
SELECT p, type, failure(format('SELECT * FROM etl_parse_csv(%L, header => true, on_error => ''skip'', date_formats => %L) AS t(a %s)', E'a\n', jsonb_build_object('a', p), type))
FROM (VALUES ('YYYY-MM-DDTHH24:MI', 'timestamp'), ('%d/%m/%Y', 'date'), ('', 'date'), ('HH24:MI', 'date'), ('YYYY-MM-DD', 'time'), ('YYYY IW', 'date'), ('xyz', 'timestamptz')) AS v(p, type);
-- all others aren't
SELECT p, failure(format('SELECT * FROM etl_parse_csv(%L, header => true, date_formats => %L) AS t(a timestamptz)', E'a\n', jsonb_build_object('a', p)))
FROM unnest('{"YYYY-MM-DD\"T\"HH24:MI","Dy, DD Mon YYYY HH24:MI:SS","FMDay, FMDDth FMMonth YYYY","DAY DD MONTH YYYY",DD-RM-YYYY,YYYYDDD,IYYY-IW-ID,"MM/DD/YY HH12:MI:SS a.m.","YYYY-MM-DD HH24:MI:SS.MS","YYYY-MM-DD HH24:MI:SS.US","YYYY-MM-DD HH24:MI:SS.FF3","YYYY-MM-DD HH24:MI:SSTZH:TZM","YYYY-MM-DD SSSS",J,"Y,YYY-MM-DD AD",YYYY,YYYY-MM,DD.MM.YY,"DD Mon YYYY HH PM",TMMonth YYYY}'::text[]) AS p;
-- refused values come with the option that would read them
SELECT failures(
	$$SELECT * FROM etl_parse_csv(E'v\n"1,5"\n', header => true, delimiter => ',', quote => '"') AS t(v numeric)$$,
	$$SELECT * FROM etl_parse_csv(E'v\n"1,234.50"\n', header => true, delimiter => ',', quote => '"') AS t(v numeric)$$,
	$$SELECT * FROM etl_parse_csv(E'v\n"1.234,50"\n', header => true, delimiter => ',', quote => '"') AS t(v float8)$$,
	$$SELECT * FROM etl_parse_csv(E'v\n"1,234"\n', header => true, delimiter => ',', quote => '"') AS t(v int)$$,
	$$SELECT * FROM etl_parse_csv(E'v\nN/A\n', header => true) AS t(v int)$$,
	$$SELECT * FROM etl_parse_csv(E'v\n""\n', header => true, quote => '"') AS t(v int)$$,
	$$SELECT * FROM etl_parse_csv(E'v\n31/01/2024\n', header => true) AS t(v date)$$,
	$$SELECT * FROM etl_parse_csv(E'v\nabc\n', header => true) AS t(v int)$$,
	$$SELECT * FROM etl_parse_csv(E'v\nlong\n', header => true) AS t(v varchar(2))$$);
