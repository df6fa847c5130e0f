-- The tour.  Each station is a headline, a statement and its result.

\echo
\echo :bold'1. A file that says nothing about itself: no header, semicolons.':plain
\echo
SELECT category, count(*), min(name) AS example
FROM etl_read_csv('/usr/share/unicode/UnicodeData.txt')
	AS t(code text, name text, category text)
GROUP BY category ORDER BY count(*) DESC LIMIT 4;

\echo :bold'2. How it was read. Rows stream; only the wanted column is converted.':plain
\echo
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off)
SELECT category FROM etl_read_csv('/usr/share/unicode/UnicodeData.txt')
	AS t(code text, name text, category text);

\echo :bold'3. The same file behind gzip.':plain
\echo
SELECT code, name FROM etl_read_csv(:'gz')
	AS t(code text, name text) WHERE name LIKE '%ELEPHANT%';

\echo :bold'4. Several files by a pattern: tabs, comments, rows of two widths.':plain
\echo
SELECT etl_source, count(*), count(note) AS with_note
FROM etl_read_csv('/usr/share/zoneinfo/zone{,1970}.tab',
		comment => '#', header => false, ragged => 'pad')
	AS t(codes text, coordinates text, zone text, note text, etl_source text)
GROUP BY etl_source ORDER BY etl_source;

\echo :bold'5. Looking before reading: what is in a file nobody described.':plain
\echo
SELECT name, type, nullable, example, note
FROM etl_describe(:'big');

\echo :bold'6. Ten rows of that file, which has 1 GB.':plain
\echo
\timing on
SELECT l_orderkey, l_extendedprice, l_shipdate, l_comment
FROM etl_read_csv(:'big')
	AS t(l_orderkey bigint, l_extendedprice numeric, l_shipdate date,
		l_comment text)
LIMIT 10;
\timing off

\echo
\echo :bold'7. From a file to a table: leading zeros stay, types are inferred.':plain
\echo
SELECT etl_create_table('country', :'countries');
INSERT INTO country
SELECT * FROM etl_read_csv(:'countries', NULL::country);
SELECT * FROM country ORDER BY number LIMIT 3;

\echo :bold'8. A file is as good as a table: time zones by country.':plain
\echo
SELECT c.name, count(*) AS zones
FROM etl_read_csv('/usr/share/zoneinfo/zone.tab',
		comment => '#', header => false, ragged => 'pad')
	AS z(code text, coordinates text, zone text)
	JOIN country c USING (code)
GROUP BY c.name ORDER BY zones DESC LIMIT 3;

\echo :bold'9. Bad records do not cost the good ones, and are kept for repair.':plain
\echo
SELECT * FROM etl_read_csv(:'people', on_error => 'dead_letter')
	AS t(id int, name text, born date);
SELECT line, stage, sqlstate, message, convert_from(raw, 'UTF8') AS raw
FROM etl.dead_letter ORDER BY line;

\echo :bold'10. JSON: records are found inside of what surrounds them.':plain
\echo
SELECT alpha_2, name
FROM etl_read_json('/usr/share/iso-codes/json/iso_639-3.json',
		records => '$."639-3"[*]')
	AS t(alpha_2 text, name text, type text)
WHERE type = 'C' AND alpha_2 IS NOT NULL;

\echo :bold'11. Lines of JSON behind gzip: described, and read, nested values too.':plain
\echo
SELECT name, type, example, note FROM etl_describe(:'lines');
SELECT *
FROM etl_read_json(:'lines',
		columns => '{"official": "$.names.official"}')
	AS t(code text, number text, flag text, official text)
WHERE number < '010';

\echo :bold'12. A file over HTTP, of which three rows end the download.':plain
\echo
CREATE SERVER demo FOREIGN DATA WRAPPER pg_etl
	OPTIONS (base_url :'demo', auth 'bearer', allow_private 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER demo OPTIONS (token 'demo-token');
\timing on
SELECT l_orderkey, l_shipdate
FROM etl_read_csv('lineitem.csv', server => 'demo')
	AS t(l_orderkey bigint, l_shipdate date)
LIMIT 3;
\timing off

\echo
\echo :bold'13. A web API, page by page, as one table. The token is in the mapping.':plain
\echo
SELECT c.name, count(*) AS parts, mode() WITHIN GROUP (ORDER BY type) AS mostly
FROM etl_read_api('subdivisions', server => 'demo', records => '$.data[*]')
	AS p(code text, type text)
	JOIN country c ON c.code = split_part(p.code, '-', 1)
GROUP BY c.name ORDER BY parts DESC LIMIT 3;

\echo :bold'14. Who needs ten rows makes one request.':plain
\echo
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off)
SELECT name FROM etl_read_api('subdivisions', server => 'demo',
		records => '$.data[*]')
	AS t(code text, name text, type text)
LIMIT 10;

\echo :bold'15. A load: nine records, six of them bad, each in its own way.':plain
\echo
ALTER TABLE country ADD PRIMARY KEY (code);
CREATE TABLE purchase (
	id int PRIMARY KEY,
	customer text NOT NULL,
	country text REFERENCES country,
	placed date,
	quantity int CHECK (quantity > 0),
	price numeric);
\x on
SELECT * FROM etl_load('purchase', :'purchases', label => 'tour');
\x off

\echo
\echo :bold'16. What became of the bad ones.':plain
\echo
SELECT line, stage, sqlstate, coalesce(constraint_name, column_name) AS by,
	message
FROM etl.dead_letter WHERE target = 'purchase'::regclass ORDER BY line;

\echo :bold'17. Repair: two records, byte by byte, and what a third one refers to.':plain
\echo
UPDATE etl.dead_letter SET raw = '3,Alan,GB,2024-02-29,4,3.50'
WHERE target = 'purchase'::regclass AND line = 4;
UPDATE etl.dead_letter SET raw = '6,Barbara,US,2024-03-03,3,5.00'
WHERE target = 'purchase'::regclass AND line = 8;
INSERT INTO country (code, name) VALUES ('XX', 'Nowhere');

\echo
\echo :bold'18. Replay: three go in, three stay.':plain
\echo
SELECT rows_read, rows_inserted, rows_rejected
FROM etl_replay_dead_letters('purchase');
SELECT line, status, attempts, message
FROM etl.dead_letter WHERE target = 'purchase'::regclass ORDER BY line;
SELECT * FROM purchase ORDER BY id;
