-- etl_csv_rows: every record as text.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
SELECT FROM write('rows.csv', E'id,name\n1,"a, b"\n2,\n\n"3\n3",""\n');
SELECT * FROM etl_csv_rows(file('rows.csv'), stop_at_blank => false);
SELECT * FROM etl_csv_rows(file('rows.csv'), stop_at_blank => true);
-- without the header
SELECT * FROM etl_csv_rows(file('rows.csv'), stop_at_blank => false, header => true);
SELECT * FROM etl_csv_rows(file('rows.csv'), stop_at_blank => false, header => false);
-- as an array
SELECT line, cardinality(fields), fields[1], fields[2] FROM etl_csv_rows(file('rows.csv'), stop_at_blank => false);
SELECT fields FROM etl_csv_rows(file('rows.csv'), stop_at_blank => false) WHERE line > 2;
SELECT max(line) FROM etl_csv_rows(file('rows.csv'), stop_at_blank => false);
SELECT array_agg(f) FROM etl_csv_rows(file('rows.csv'), stop_at_blank => false), unnest(fields) AS f;
-- records of any width, with any quotes, unless strictness is asked for
SELECT FROM write('rows_odd.csv', E'a,b\n1\n1,2,3\n"x"y,"z\n4,5\n');
SELECT * FROM etl_csv_rows(file('rows_odd.csv'), delimiter => ',', quote => '"', skip => 0);
SELECT * FROM etl_csv_rows(file('rows_odd.csv'), delimiter => ',', quote => '"', skip => 0, on_error => 'skip');
SELECT * FROM etl_csv_rows(file('rows_odd.csv'), delimiter => ',', quote => '"', skip => 0, on_error => 'skip', ragged => 'both');
SELECT failure($$SELECT * FROM etl_csv_rows(file('rows_odd.csv'), delimiter => ',', quote => '"', skip => 0, on_error => 'abort')$$);
-- bad bytes are bad all the same
SELECT FROM write('rows_bytes.csv', 'a,b
1,\377
2,c
'::bytea);
SELECT failure($$SELECT * FROM etl_csv_rows(file('rows_bytes.csv'), encoding => 'UTF8')$$);
SELECT * FROM etl_csv_rows(file('rows_bytes.csv'), encoding => 'UTF8', on_error => 'skip');
SELECT * FROM etl_csv_rows(file('rows_bytes.csv'), encoding => 'LATIN1');
BEGIN;
SELECT line FROM etl_csv_rows(file('rows_bytes.csv'), encoding => 'UTF8', on_error => 'dead_letter');
SELECT line, stage, raw FROM etl.dead_letter;
ROLLBACK;
-- several files one after the other
SELECT FROM write('rows_1.csv', E'a,b\n');
SELECT FROM write('rows_2.csv', E'c;d\ne;f\n');
SELECT * FROM etl_csv_rows(file('rows_[12].csv'), skip => 0);
-- the file itself: bytes and lines add up
SELECT count(*), count(DISTINCT line), min(line), max(line), sum(cardinality(fields)) FROM etl_csv_rows(write('rows_many.csv', repeat(E'1,"x\ny",3\n', 50000)), skip => 0);
