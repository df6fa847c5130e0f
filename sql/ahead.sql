-- Rows formed ahead of those that are asked for.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
-- Plain records are read, and their rows formed, many at once.  A special column
-- prevents that, so the two ways can be held against each other.
CREATE FUNCTION content(line_end text, odd int) RETURNS text LANGUAGE sql AS $$
	SELECT 'id,amount,day,note' || line_end || string_agg(
		CASE WHEN i % odd <> 0 THEN format('%s,%s.%s,2024-01-%s,n%s', i, i * 7, i % 100, lpad((i % 28 + 1)::text, 2, '0'), i)
			WHEN i / odd % 9 = 0 THEN format('%s,1,2024-02-01,"a ""quoted"" %s"', i, i)
			WHEN i / odd % 9 = 1 THEN format('%s,1,2024-02-01,ünï%s', i, i)
			WHEN i / odd % 9 = 2 THEN format('%s,x%s,2024-02-01,bad value', i, i)
			WHEN i / odd % 9 = 3 THEN format('%s,1,2024-02-01', i)
			WHEN i / odd % 9 = 4 THEN format('%s,1,2024-02-01,too,long', i)
			WHEN i / odd % 9 = 5 THEN format('%s,,,', i)
			WHEN i / odd % 9 = 6 THEN format('%s,1,2024-02-01,stray"quote', i)
			WHEN i / odd % 9 = 7 THEN format('%s,1,2024-02-01,"two%slines"', i, line_end)
			ELSE '' END, line_end)
	FROM generate_series(1, 3000) i
$$;
CREATE TABLE odd AS
	SELECT row_number() OVER () AS n, content(line_end, odd) AS content
	FROM unnest(ARRAY[E'\n', E'\r\n', E'\r']) line_end, unnest(ARRAY[2, 3, 17, 63, 64, 65, 500]) odd;
SET client_min_messages = error;
SELECT count(*) AS contents, sum(rows) AS rows, sum(differences) AS differences
FROM odd, unnest(ARRAY['skip', 'null']) mode, LATERAL (
	WITH many AS MATERIALIZED (
		SELECT * FROM etl_parse_csv(content, delimiter => ',', quote => '"', header => true, on_error => mode)
			AS t(id int, amount numeric(10,2), day date, note text)),
	single AS MATERIALIZED (
		SELECT id, amount, day, note FROM etl_parse_csv(content, delimiter => ',', quote => '"', header => true, on_error => mode)
			AS t(id int, amount numeric(10,2), day date, note text, etl_line bigint)
		WHERE etl_line > 0)
	SELECT (SELECT count(*) FROM many) AS rows,
		(SELECT count(*) FROM (TABLE many EXCEPT ALL TABLE single) x) + (SELECT count(*) FROM (TABLE single EXCEPT ALL TABLE many) x) AS differences) q;
RESET client_min_messages;
-- what comes later is no error before it is asked for
SELECT write('ahead.csv', 'id,v' || string_agg(format(E'\n%s,%s', i, CASE WHEN i = 40 THEN 'x' ELSE '1' END), '' ORDER BY i))
FROM generate_series(1, 500) i;
SELECT count(*) FROM (SELECT v FROM etl_read_csv(file('ahead.csv')) AS t(id int, v int) LIMIT 39) x;
SELECT failure($$SELECT v FROM etl_read_csv(file('ahead.csv')) AS t(id int, v int) LIMIT 40$$);
SELECT failure($$SELECT count(*) FROM (SELECT v FROM etl_read_csv(file('ahead.csv')) AS t(id int, v int) LIMIT 40) x$$);
SELECT * FROM etl_read_csv(file('ahead.csv'), on_error => 'null') AS t(id int, v int) OFFSET 38 LIMIT 3;
-- only what was handed out is counted
SELECT explain_analyze($$SELECT id FROM etl_read_csv(file('ahead.csv')) AS t(id int, v int) LIMIT 7$$);
SELECT explain_analyze($$SELECT id FROM etl_read_csv(file('ahead.csv')) AS t(id int, v int)$$);
-- an error of the source tells how far the reading had come
\set program 'cat >' :data '/ahead.csv.gz.plain && gzip -c ' :data '/ahead.csv.gz.plain >' :data '/ahead.csv.gz && printf garbage >>' :data '/ahead.csv.gz'
COPY (SELECT 'id,v' UNION ALL SELECT i || ',1' FROM generate_series(1, 100000) i) TO PROGRAM :'program';
SELECT substring(failure($$SELECT count(v) FROM etl_read_csv(file('ahead.csv.gz')) AS t(id int, v int)$$) FROM 'after line (\d+)')::int BETWEEN 95000 AND 100001 AS told;
