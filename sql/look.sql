-- Looking before reading: etl_sniff_csv, etl_describe, etl_create_table and
-- etl_create_view.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\pset format unaligned
\t on
SELECT FROM write('look.csv', E'id;name;price;since;code;seen;done\n1;Ann;1,50;31.12.2023;007;2024-01-01T10:00:00Z;true\n2;;1.234,5;15.01.2024;010;2024-01-02T10:00:00Z;false\n3;"Eve; Jr.";;;;;\n');

-- everything that was found, a line each
\x on
SELECT delimiter, quote, escape, comment, newline, encoding, compression, header, skip, header_rows, stop_at_blank, skip_footer,
	null_strings, decimal_separator, thousands_separator, date_formats, create_table, query, warnings
FROM etl_sniff_csv(file('look.csv'));
SELECT c->>'name' AS name, c - 'name' AS rest FROM etl_sniff_csv(file('look.csv')), jsonb_array_elements(columns) AS c;
\x off
SELECT * FROM etl_describe(file('look.csv'));

-- the query is a call that reads the same whatever a later file is like
SELECT query FROM etl_sniff_csv(file('look.csv')) \gexec

-- one strictness: the types found accept every value, in detection and reading
SELECT FROM write('look_types.csv', E'int,big,num,dbl,bool,date,ts,tstz,time,uuid,doc,txt,zero,mixed,empty\n'
	|| E'1,9223372036854775807,1.10,1e3,true,2024-02-29,2024-01-01 10:00:00,2024-01-01 10:00:00+02,10:00:00,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,"{""a"": [1]}",x y,01,1,\n'
	|| E'-2,5,22222222222222222222.5,-1.5e-7,false,1999-12-31,2024-01-01 10:00:00.5,2024-01-01T10:00:00Z,23:59:59.5,b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,[],z,1,x,\n');
SELECT name, type, nullable, example FROM etl_describe(file('look_types.csv'));
SELECT query FROM etl_sniff_csv(file('look_types.csv')) \gexec
-- what isn't what it seems
CREATE FUNCTION reads_back(source text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	call text;
	n bigint;
BEGIN
	SELECT query INTO call FROM etl_sniff_csv(source);
	EXECUTE 'SELECT count(q) FROM (' || rtrim(call, '; ') || ') AS q' INTO n;
	RETURN n;
END
$$;
CREATE FUNCTION type_of(VARIADIC vals text[]) RETURNS text LANGUAGE sql AS
$$ SELECT type FROM etl_describe(write('look_one.csv', E'n,v\n' || (SELECT string_agg(i || ',"' || replace(v, '"', '""') || '"', E'\n' ORDER BY i) FROM unnest(vals) WITH ORDINALITY AS u(v, i)) || E'\n'), options => '{"header": true, "delimiter": ","}') WHERE name = 'v' $$;
-- and whatever is found, the source reads back with it
SELECT v, type_of(VARIADIC v::text[]), reads_back(file('look_one.csv')) FROM unnest('{"{0,1}","{.5,-.25,1}","{.,.5}","{NA,1}","{00,1}","{+1,-1}","{1,1.0}","{2147483647}","{2147483648}","{9223372036854775808}","{1,1e400}","{-0,0}","{.5,5.}","{t,f}","{yes,no}","{true,FALSE}","{0,1,true}","{2024-02-30}","{2024-01-01,2024-01-02 10:00}","{10:00,25:00}","{10:00:00.0000000,11:00}","{2024-01-01 10:00:00.5000000}","{2024-01-01 10:00:00.0000001}","{2024-01-01 10:00:00 +0200,2024-01-01 10:00 -05}","{NaN,1.5}","{1 000,2 000}","{123456789012345678901234567890}","{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,x}"}'::text[]) AS v;
SELECT reads_back(file('look.csv')), reads_back(file('look_types.csv'));

-- dates of two readings are told, not guessed
SELECT FROM write('look_dates.csv', E'a,b,c\n03/04/2024,13/04/2024,04/13/2024\n05/06/2024,01/02/2024,02/01/2024\n');
SELECT name, type, note FROM etl_describe(file('look_dates.csv'));
SELECT date_formats, warnings FROM etl_sniff_csv(file('look_dates.csv'));

-- the whole source: the line that forced text
SELECT FROM write('look_late.csv', E'id,v\n' || (SELECT string_agg(i || ',' || i, E'\n') FROM generate_series(1, 30000) AS i) || E'\n30001,late\n');
SELECT name, type, note FROM etl_describe(file('look_late.csv'));
SELECT name, type, note FROM etl_describe(file('look_late.csv'), sample_rows => -1);
SELECT name, type, note FROM etl_describe(file('look_late.csv'), sample_rows => 1);
SELECT failure('SELECT reads_back(file(''look_late.csv''))');
SELECT query FROM etl_sniff_csv(file('look_late.csv'), options => '{"on_error": "skip", "reject_limit": 1, "reject_limit_percent": 0.5}');
SELECT failures(
	$$SELECT * FROM etl_describe(file('look.csv'), options => '{"date_formats": {"nosuch": "DD"}}')$$,
	$$SELECT * FROM etl_describe(file('look.csv'), sample_rows => 0)$$,
	$$SELECT * FROM etl_describe(file('look.csv'), sample_rows => -2)$$,
	$$SELECT * FROM etl_sniff_csv(file('look.csv'), sample_rows => 0)$$,
	$$SELECT * FROM etl_describe(file('look.csv'), format => 'xlsx')$$,
	$$SELECT * FROM etl_describe(file('look.csv'), options => '{"delim": ";"}')$$,
	$$SELECT * FROM etl_sniff_csv(file('look.csv'), delimiter => '')$$,
	$$SELECT * FROM etl_describe(file('look_none.csv'))$$,
	$$SELECT etl_create_table('t', file('look_none.csv'))$$);

-- what the user knows overrides what is found
SELECT delimiter, header, jsonb_path_query_array(columns, '$[*].name') FROM etl_sniff_csv(file('look.csv'), delimiter => ',', header => false);
SELECT name, type FROM etl_describe(file('look.csv'), options => '{"null_strings": ["", "Ann"], "header": true}') WHERE position < 3;

-- names: duplicate, empty, too long, reserved, of special columns
SELECT FROM write('look_names.csv', 'a,A,a,,select,"x ""y""",etl_line,' || repeat('n', 70) || ',' || repeat('n', 70) || E'\n1,2,3,4,5,6,7,8,9\n');
SELECT name FROM etl_describe(file('look_names.csv'), options => '{"header": true}');
SELECT etl_create_table('test.names', file('look_names.csv'), options => '{"header": true}');
SELECT attname FROM pg_attribute WHERE attrelid = 'test.names'::regclass AND attnum > 0 ORDER BY attnum;
SELECT etl_create_view('test.names_view', file('look_names.csv'), options => '{"header": true}');
SELECT * FROM names_view;

-- tables
SELECT etl_create_table('test.made', file('look.csv'));
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'test.made'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*) FROM made;
INSERT INTO made SELECT * FROM etl_read_csv(file('look.csv'), NULL::made, decimal_separator => ',', thousands_separator => '.', date_formats => '{"since": "DD.MM.YYYY"}');
SELECT * FROM made ORDER BY id;
SELECT failure($$SELECT etl_create_table('test.made', file('look.csv'))$$);
SELECT etl_create_table('test.made', file('look_types.csv'), if_not_exists => true);
SELECT etl_create_table('"odd name"', file('look_late.csv'));
SELECT etl_create_table('made', file('look.csv'), 'csv', '{"delimiter": ",", "header": false}', true);
SELECT failures(
	$$SELECT etl_create_table('a.b.c.d', file('look.csv'))$$,
	$$SELECT etl_create_table('nowhere.t', file('look.csv'))$$,
	$$SELECT etl_create_table('', file('look.csv'))$$,
	$$SELECT etl_create_table('t; DROP TABLE made', file('look.csv'))$$);
SELECT etl_create_table(NULL, file('look.csv')) IS NULL, etl_create_view('v', NULL) IS NULL;

-- views
SELECT etl_create_view('test.looked', file('look.csv'));
SELECT * FROM looked;
SELECT name FROM looked WHERE id = 3;
EXPLAIN (COSTS OFF) SELECT name FROM looked WHERE id = 3;
SELECT failure($$SELECT etl_create_view('test.looked', file('look.csv'))$$);
-- with settings that aren't about the syntax
SELECT etl_create_view('test.skipping', file('look_late.csv'), options => '{"on_error": "skip"}');
SET client_min_messages = error;
SELECT count(*), sum(v) FROM skipping;
RESET client_min_messages;
-- its source is read with the rights of whoever asks
CREATE ROLE regress_etl_looker;
GRANT USAGE ON SCHEMA test TO regress_etl_looker;
GRANT SELECT ON looked TO regress_etl_looker;
SET ROLE regress_etl_looker;
SELECT failures('SELECT * FROM looked',
	$$SELECT * FROM etl_sniff_csv(file('look.csv'))$$,
	$$SELECT * FROM etl_describe(file('look.csv'))$$,
	$$SELECT etl_create_table('t', file('look.csv'))$$);
RESET ROLE;
DROP OWNED BY regress_etl_looker;
DROP ROLE regress_etl_looker;

-- sources of all kinds
SELECT newline, encoding, header, skip, skip_footer FROM etl_sniff_csv(write('look_any.csv', E'\ufeffReport\r\n\r\nid,name\r\n1,a\r\n2,b\r\n'));
SELECT encoding, delimiter FROM etl_sniff_csv(write('look_any.csv', '\xfffe690064003b006e000a0031003b0032000a00'::bytea));
SELECT compression, name FROM etl_sniff_csv(write('look_any.csv', '\x1f8b0800000000000203cb4cd1c94bcc4de532d471cccbe332d271ca4fe20200a4f7063d14000000'::bytea)), jsonb_to_recordset(columns) AS c(name text);
SELECT newline FROM etl_sniff_csv(write('look_any.csv', E'id,name\r1,a\r2,b\r'));
SELECT newline FROM etl_sniff_csv(write('look_any.csv', E'id,name\r\n1,a\n2,b\r'));
SELECT columns, create_table, query, warnings FROM etl_sniff_csv(write('look_any.csv', ''));
SELECT count(*) FROM etl_describe(file('look_any.csv'));
SELECT failures($$SELECT etl_create_table('t', file('look_any.csv'))$$, $$SELECT etl_create_view('t', file('look_any.csv'))$$);
SELECT columns, create_table FROM etl_sniff_csv(write('look_any.csv', E'id,name\n'), header => true);
SELECT columns, create_table FROM etl_sniff_csv(write('look_any.csv', E'1\n2\n'));
SELECT * FROM etl_sniff_csv(NULL);
SELECT * FROM etl_describe(NULL);

-- several files are one source
SELECT FROM write('look_many_1.csv', E'id,v\n1,1\n');
SELECT FROM write('look_many_2.csv', E'id,v\n2,x\n');
SELECT name, type FROM etl_describe(file('look_many_*.csv'));
SELECT name, type FROM etl_describe(file('look_many_*.csv'), sample_rows => -1);
SELECT query FROM etl_sniff_csv(file('look_many_*.csv'), sample_rows => -1) \gexec

-- what looks like a footer is proposed to be left out, but read unless it is
SELECT write('look_footer.csv', E'Report of May\n\nid,amount\n1,10\n2,20\n3,30\nTotal,60\n');
SELECT skip, skip_footer, warnings FROM etl_sniff_csv(file('look_footer.csv'));
SELECT query FROM etl_sniff_csv(file('look_footer.csv')) \gexec
SELECT * FROM etl_read_csv(file('look_footer.csv')) AS t(id text, amount int);
SELECT * FROM etl_describe(file('look_footer.csv'), options => '{"skip_footer": 0}');
-- columns that the caller names, and records that lack their last fields
SELECT write('look_short.csv', E'a,b,c\n' || repeat(E'1,2,3\n4,5\n', 20));
SELECT warnings FROM etl_sniff_csv(file('look_short.csv'));
SELECT query FROM etl_sniff_csv(file('look_short.csv'), options => '{"columns": {"first": "A", "last": 3}}');
SELECT failure($$SELECT * FROM etl_describe(file('look_short.csv'), options => '{"columns": {"first": "nosuch"}}')$$);

-- quotes that stand within fields only mean nothing
SELECT FROM write('look_inches.tsv', E'id\tsize\tdoc\n1\t5" pipe\t{"a": 1}\n2\tx\t[]\n');
SELECT quote, warnings FROM etl_sniff_csv(file('look_inches.tsv'));
SELECT * FROM etl_read_csv(file('look_inches.tsv')) AS t(id int, size text, doc jsonb);
-- titles and pairs that a spreadsheet padded
SELECT FROM write('look_padded.csv', E'Account:,12345,,\nMay,,,\n,,,\nid,name,city,amount\n1,Ann,Rome,1.5\n2,Bob,Oslo,.5\n');
SELECT skip, header_rows FROM etl_sniff_csv(file('look_padded.csv'));
SELECT name, type FROM etl_describe(file('look_padded.csv'));
-- words that look like null but are quoted stay data
SELECT FROM write('look_quoted.csv', E'id,n,m\n1,"NA",NA\n2,5,6\n');
SELECT name, type FROM etl_describe(file('look_quoted.csv'));
SELECT reads_back(file('look_quoted.csv'));
SELECT name, type FROM etl_describe(file('look_quoted.csv'), options => '{"quoted_nulls": true}');
SELECT null_strings FROM etl_sniff_csv(file('look_quoted.csv'), options => '{"quoted_nulls": true}');
-- nor is the quoted empty field a null, but it could be
SELECT type, note FROM etl_describe(write('look_quoted.csv', E'"id","n"\n"1","5"\n"2",""\n'));
SELECT type, note FROM etl_describe(file('look_quoted.csv'), options => '{"quoted_nulls": true}');
SELECT type, note FROM etl_describe(file('look_quoted.csv'), options => '{"null_strings": []}');
-- a decimal comma with nothing before it
SELECT name, type FROM etl_describe(write('look_comma.csv', E'id;n\n1;,5\n2;-,25\n3;1.234,5\n'));
SELECT query FROM etl_sniff_csv(file('look_comma.csv')) \gexec
-- several files of which a later one lacks a column, or has other settings
SELECT FROM write('look_lack_1.csv', E'id,name,v\n1,Ann,5\n2,Bob,6\n');
SELECT FROM write('look_lack_2.csv', E'Report of May\n\nID;name\n3;Cy\n4;Di\n');
SELECT warnings, query FROM etl_sniff_csv(file('look_lack_*.csv'));
SELECT name, type, note FROM etl_describe(file('look_lack_*.csv'));
SELECT query FROM etl_sniff_csv(file('look_lack_*.csv')) \gexec
-- also where the sample ends before it
SELECT warnings FROM etl_sniff_csv(file('look_lack_*.csv'), sample_rows => 1);
SELECT query FROM etl_sniff_csv(file('look_lack_*.csv'), sample_rows => 1) \gexec
-- an empty file lacks nothing, wherever it stands
SELECT FROM (VALUES (write('look_some_0.csv', ''), write('look_some_1.csv', E'id,v\n1,2\n'), write('look_some_2.csv', ''))) AS made;
SELECT name, type, note FROM etl_describe(file('look_some_*.csv'));
SELECT query FROM etl_sniff_csv(file('look_some_*.csv')) \gexec
-- a name that has two places is found by position only, so it must stand there in all
SELECT FROM (VALUES (write('look_twice_1.csv', E'v,v,n\n1,2,3\n'), write('look_twice_2.csv', E'v,n,v\n4,5,6\n'))) AS made;
SELECT name, note FROM etl_describe(file('look_twice_*.csv'), options => '{"header": true}');
SELECT query FROM etl_sniff_csv(file('look_twice_*.csv'), header => true) \gexec
-- without names columns go by position
SELECT FROM (VALUES (write('look_bare_1.csv', E'1,2,3\n4,5,6\n'), write('look_bare_2.csv', E'7,8\n9,10\n'))) AS made;
SELECT query FROM etl_sniff_csv(file('look_bare_*.csv')) \gexec
-- nothing in common
SELECT FROM (VALUES (write('look_apart_1.csv', E'a,b\n1,2\n'), write('look_apart_2.csv', E'c,d\n1,2\n'))) AS made;
SELECT query IS NULL, warnings FROM etl_sniff_csv(file('look_apart_*.csv'));
SELECT failure($$SELECT etl_create_view('test.apart', file('look_apart_*.csv'))$$);

-- points that group thousands or stand before decimals: told by other columns, or not at all
SELECT name, type, example, note FROM etl_describe(write('look_points.csv', E'id;n;m\n1;1.234;1,5\n2;12.500;2\n'));
SELECT query FROM etl_sniff_csv(file('look_points.csv')) \gexec
SELECT name, type, note FROM etl_describe(write('look_points.csv', E'id;n;m\n1;1.234;1.5\n2;12.500;2\n'));
SELECT decimal_separator, thousands_separator, warnings FROM etl_sniff_csv(write('look_points.csv', E'id;n;m\n1;1.234;15\n2;12.500;2\n'));
SELECT query FROM etl_sniff_csv(file('look_points.csv'), decimal_separator => ',') \gexec
SELECT query FROM etl_sniff_csv(file('look_points.csv'), decimal_separator => '.') \gexec
SELECT name, type, note FROM etl_describe(write('look_points.csv', E'id,n,m\n1,1.234,15\n2,12.500,2\n'));
SELECT name, type, note FROM etl_describe(write('look_points.csv', E'id;n;m\n1;0.234;15\n2;12.500;2\n'));

-- delimiters at the end of each record, or of the header, only
SELECT FROM write('look_ends.csv', E'id,name\n1,Ann,,\n2,Bob,,\n');
SELECT columns, query, warnings FROM etl_sniff_csv(file('look_ends.csv'));
SELECT query FROM etl_sniff_csv(file('look_ends.csv')) \gexec
SELECT * FROM etl_read_csv(file('look_ends.csv')) AS t(id int, name text);
SELECT query, warnings FROM etl_sniff_csv(write('look_ends.csv', E'id,name,\n1,Ann\n2,Bob\n'));
SELECT query FROM etl_sniff_csv(file('look_ends.csv')) \gexec
SELECT * FROM etl_read_csv(file('look_ends.csv')) AS t(id int, name text);
-- what stands there is a value, be it late
SELECT name, type FROM etl_describe(write('look_ends.csv', E'id,name\n1,Ann,\n2,Bob,x\n'), options => '{"header": true}');
SELECT name, type, example FROM etl_describe(write('look_ends.csv', E'id,name\n' || repeat(E'1,Ann,\n', 40000) || E'2,Bob,late\n'), sample_rows => -1);
-- of some records only
SELECT ragged, warnings FROM etl_sniff_csv(write('look_ends.csv', E'id,name\n' || repeat(E'1,Ann,\n2,Bob\n3,Cy\n', 10))), substring(query from 'ragged => ''(\w+)''') AS ragged;
SELECT count(*), count(name) FROM etl_read_csv(file('look_ends.csv'), ragged => 'truncate') AS t(id int, name text);
SELECT ragged, warnings FROM etl_sniff_csv(write('look_ends.csv', E'id,name\n' || repeat(E'1,Ann,\n2\n3,Cy\n4,Di\n5,Ed\n', 10))), substring(query from 'ragged => ''(\w+)''') AS ragged;
SELECT ragged, warnings FROM etl_sniff_csv(write('look_ends.csv', E'id,name\n' || repeat(E'1,Ann,x\n2,Bob\n3,Cy\n', 10))), substring(query from 'ragged => ''(\w+)''') AS ragged;
