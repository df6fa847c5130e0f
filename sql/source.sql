-- Sources: paths, patterns, and who may read what.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
\! mkdir -p "$PG_ETL_DATA/tree/2023" "$PG_ETL_DATA/tree/2024/01" "$PG_ETL_DATA/tree/.hidden" "$PG_ETL_DATA/tree/empty"
SELECT count(write('tree/' || name, E'n\n' || i || E'\n')) FROM unnest('{b.csv,a.csv,a.txt,A.csv,b1.csv,b2.csv,.dot.csv,2023/a.csv,2023/b.csv,2024/a.csv,2024/01/a.csv,2024/01/z.csv,.hidden/a.csv,"with space.csv","ä.csv","star*.csv","100%.csv"}'::text[]) WITH ORDINALITY AS u(name, i);
CREATE FUNCTION read(pattern text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(substr(etl_source, length(file('tree/')) + 1), ' ') FROM etl_read_csv(pattern, header => true) AS t(etl_source text, n int) $$;

-- a path, and a file URL
SELECT read(file('tree/a.csv'));
SELECT read('file://' || file('tree/a.csv'));
SELECT read('FILE://localhost' || file('tree/with%20space.csv'));
SELECT read('file://' || file('tree/%C3%A4.csv'));
SELECT read('file://' || file('tree/100%25.csv'));
SELECT read(file('tree/100%.csv'));
SELECT read(file('tree//2023/../a.csv'));
-- the name of a file is itself before it is a pattern
SELECT read(file('tree/star*.csv'));

-- patterns, in sorted order, without hidden files
SELECT p, read(file('tree/' || p)) FROM unnest('{*.csv,?.csv,b?.csv,[ab].csv,[a-z]?.csv,[!a].csv,"{a,b}.csv","{b,a}.*","a.{csv,txt}","{2023,2024}/a.csv","20*/*",**/a.csv,**/*.csv,2024/**/*.csv,**/01/*,"b{1,2}.csv",.*.csv,.hidden/*,"*{a,e}*.csv","{a,b{1,2}}.csv"}'::text[]) AS p;
-- without a match
SELECT failures(format($$SELECT read(%L)$$, file('tree/x*.csv')), format($$SELECT read(%L)$$, file('tree/empty/*')), format($$SELECT read(%L)$$, file('nowhere/*.csv')));
-- directories aren't files, but a pattern passes them by
SELECT read(file('tree/*'));

-- what is no file
SELECT failures(
	format('SELECT read(%L)', file('tree')),
	format('SELECT read(%L)', file('tree/nothing.csv')),
	format('SELECT read(%L)', file('tree/a.csv/b')),
	format('SELECT read(%L)', file('tree/') || repeat('x/', 5000)),
	$$SELECT read('/dev/null')$$);
\! mkfifo "$PG_ETL_DATA/fifo"
SELECT failure(format('SELECT read(%L)', file('fifo')));
\! rm "$PG_ETL_DATA/fifo"
-- what is no source
SELECT failures(
	$$SELECT read('')$$,
	$$SELECT read('data.csv')$$,
	$$SELECT read('./data.csv')$$,
	$$SELECT read('~/data.csv')$$,
	$$SELECT read(' /data.csv')$$,
	$$SELECT read('file:/data.csv')$$,
	$$SELECT read('file://data.csv')$$,
	$$SELECT read('file:///data%zz.csv')$$,
	$$SELECT read('file:///data%00.csv')$$,
	$$SELECT read('s3://user:password@bucket/data.csv')$$,
	$$SELECT read('C:\data.csv')$$);

-- names that aren't valid text are shown escaped
\! printf 'n\n1\n' > "$(printf '%s/tree/2023/\377.csv' "$PG_ETL_DATA")"
SELECT read(file('tree/2023/*'));
\! rm "$(printf '%s/tree/2023/\377.csv' "$PG_ETL_DATA")"

-- one header for each file of a pattern, each with its own dialect
SELECT FROM write('several_1.csv', E'id,name\n1,a\n');
SELECT FROM write('several_2.csv', E'Export\n\nname;x;id\nb;;2\nc;;3\n');
SELECT FROM write('several_3.csv', '');
SELECT FROM write('several_4.csv', E'\ufeffname\tid\r\nd\t4\r\n');
SELECT * FROM etl_read_csv(file('several_[1-4].csv')) AS t(id int, name text, etl_line bigint);
SELECT FROM write('several_5.csv', E'name,key\nb,2\n');
SELECT failure($$SELECT * FROM etl_read_csv(file('several_[15].csv')) AS t(id int, name text)$$);

-- who may read
CREATE ROLE regress_etl_reader;
GRANT USAGE ON SCHEMA test TO regress_etl_reader;
SET ROLE regress_etl_reader;
SELECT failures(
	format('SELECT read(%L)', file('tree/a.csv')),
	format('SELECT read(%L)', file('tree/nothing.csv')),
	format('SELECT read(%L)', file('tree/*.csv')),
	format('SELECT * FROM etl_csv_rows(%L)', file('tree/a.csv')),
	format('EXPLAIN SELECT * FROM etl_read_csv(%L) AS t(a int)', file('tree/nothing.csv')));
SELECT * FROM etl_parse_csv(E'n\n1\n', header => true) AS t(n int);
RESET ROLE;
GRANT pg_read_server_files TO regress_etl_reader;
SET ROLE regress_etl_reader;
SELECT read(file('tree/a.csv'));
RESET ROLE;
-- the right is judged when the statement runs, not when it is planned
PREPARE reading AS SELECT n FROM etl_read_csv(file('tree/a.csv'), header => true) AS t(n int);
EXECUTE reading;
REVOKE pg_read_server_files FROM regress_etl_reader;
SET ROLE regress_etl_reader;
EXECUTE reading;
RESET ROLE;
EXECUTE reading;
-- a function that its owner has closed
REVOKE EXECUTE ON FUNCTION etl_csv_rows FROM PUBLIC;
SET ROLE regress_etl_reader;
SELECT failures(format('SELECT * FROM etl_csv_rows(%L)', file('tree/a.csv')), format('EXPLAIN SELECT * FROM etl_csv_rows(%L)', file('tree/a.csv')));
RESET ROLE;
GRANT EXECUTE ON FUNCTION etl_csv_rows TO PUBLIC;
-- a view reads with the rights of whoever calls the function: the view's owner has none to give
CREATE VIEW files AS SELECT n FROM etl_read_csv(file('tree/a.csv'), header => true) AS t(n int);
GRANT SELECT ON files TO regress_etl_reader;
SELECT * FROM files;
SET ROLE regress_etl_reader;
SELECT * FROM files;
RESET ROLE;
-- a security definer function does give it
CREATE FUNCTION lent() RETURNS SETOF int LANGUAGE sql SECURITY DEFINER SET search_path = public, test AS
$$ SELECT n FROM etl_read_csv(test.file('tree/a.csv'), header => true) AS t(n int) $$;
SET ROLE regress_etl_reader;
SELECT lent();
RESET ROLE;

-- directories: for everybody, superusers too
SELECT set_config('pg_etl.allowed_directories', file('tree/2024') || ', ' || file('tree/2023'), false) IS NOT NULL;
SELECT read(file('tree/2024/a.csv'));
SELECT read(file('tree/2024/**/*.csv'));
SELECT failures(
	format('SELECT read(%L)', file('tree/a.csv')),
	format('SELECT read(%L)', file('tree/nothing.csv')),
	format('SELECT read(%L)', file('tree/20245/a.csv')),
	format('SELECT read(%L)', file('tree/2024/../a.csv')),
	format('SELECT read(%L)', file('tree/2024/nothing.csv')),
	format('SELECT read(%L)', file('tree/*.csv')),
	format('SELECT read(%L)', file('tree/*/a.csv')),
	format('SELECT read(%L)', file('tree/202[34]/a.csv')),
	format('SELECT read(%L)', 'file://' || file('tree/2024/%2e%2e/a.csv')));
-- links lead nowhere else
\! ln -s ../a.csv "$PG_ETL_DATA/tree/2024/link.csv"
\! ln -s .. "$PG_ETL_DATA/tree/2024/up"
\! ln -s 01/z.csv "$PG_ETL_DATA/tree/2024/inside.csv"
SELECT failures(format('SELECT read(%L)', file('tree/2024/link.csv')), format('SELECT read(%L)', file('tree/2024/up/a.csv')), format('SELECT read(%L)', file('tree/2024/li*.csv')), format('SELECT read(%L)', file('tree/2024/up/*.csv')));
SELECT read(file('tree/2024/inside.csv'));
\! rm "$PG_ETL_DATA/tree/2024/link.csv" "$PG_ETL_DATA/tree/2024/up" "$PG_ETL_DATA/tree/2024/inside.csv"
-- content is no file
SELECT * FROM etl_parse_csv(E'n\n1\n', header => true) AS t(n int);
-- nor is the server's own data ever open
SELECT set_config('pg_etl.allowed_directories', '/', false) IS NOT NULL;
SELECT read(file('tree/a.csv'));
SELECT regexp_replace(failure(format('SELECT read(%L)', current_setting('data_directory') || '/PG_VERSION')), '\n.*', '');
SELECT failure($$SELECT read('/proc/self/environ')$$);
RESET pg_etl.allowed_directories;
-- only a superuser sets it
SET ROLE regress_etl_reader;
SET pg_etl.allowed_directories = '/';
SET pg_etl.max_record_size = '1MB';
RESET ROLE;
RESET pg_etl.max_record_size;
DROP VIEW files;
DROP OWNED BY regress_etl_reader;
DROP ROLE regress_etl_reader;
\! rm -r "$PG_ETL_DATA/tree"
