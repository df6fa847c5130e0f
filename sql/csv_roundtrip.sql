-- Random tables, written as CSV in random dialects, come back as they were.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

CREATE TYPE dialect AS (delimiter text, quote text, escape text, line_end text, all_quoted boolean, last_end boolean);
CREATE FUNCTION one_of(VARIADIC items text[]) RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT items[1 + floor(random() * cardinality(items))::int] $$;
CREATE FUNCTION random_dialect() RETURNS dialect LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
	d dialect;
BEGIN
	d.delimiter := one_of(',', ';', '|', E'\t', ' ', ':', '::', '||', ', ', '~~~~', '§', '€', E'\x01');
	d.quote := one_of('"', '"', '''');
	d.escape := one_of(d.quote, d.quote, '\');
	d.line_end := one_of(E'\n', E'\n', E'\r\n', E'\r');
	d.all_quoted := random() < 0.3;
	d.last_end := random() < 0.7;
	RETURN d;
END
$$;
-- null, or up to five pieces that are hard on a reader
CREATE FUNCTION random_cell(d dialect) RETURNS text LANGUAGE sql VOLATILE AS
$$
	SELECT CASE WHEN random() < 0.15 THEN NULL ELSE (
		SELECT coalesce(string_agg(one_of('a', 'bc', '1', ' ', d.delimiter, left(d.delimiter, 1), d.quote, d.quote || d.quote, d.escape, '"', '''', '\', E'\n', E'\r\n', E'\r', 'ä', '😀', '#', repeat('x', 70)), ''), '')
		FROM generate_series(1, floor(random() * 6)::int) AS i WHERE d IS NOT NULL) END
$$;
CREATE FUNCTION write_cell(d dialect, cell text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$
	SELECT CASE
		WHEN cell IS NULL THEN ''
		WHEN d.all_quoted OR cell = '' OR cell ~ E'[\r\n"''\\\\ \t]' OR strpos(cell, left(d.delimiter, 1)) > 0
		THEN d.quote || replace(CASE WHEN d.escape = '\' THEN replace(cell, '\', '\\') ELSE cell END, d.quote, d.escape || d.quote) || d.quote
		ELSE cell END
$$;
CREATE FUNCTION write_table(d dialect, cells text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
$$
	SELECT string_agg(line, d.line_end ORDER BY r) || CASE WHEN d.last_end THEN d.line_end ELSE '' END
	FROM (SELECT r, string_agg(write_cell(d, cells[r][c]), d.delimiter ORDER BY c) AS line
		FROM generate_subscripts(cells, 1) AS r, generate_subscripts(cells, 2) AS c GROUP BY r) AS lines
$$;

CREATE FUNCTION random_table(d dialect, nrows int, ncolumns int) RETURNS text[] LANGUAGE sql VOLATILE AS
$$ SELECT array_agg(cells) FROM (SELECT r, array_agg(random_cell(d)) AS cells FROM generate_series(1, nrows) AS r, generate_series(1, ncolumns) AS c GROUP BY r) AS t $$;
-- by each way of reading: as content, from a file, every field as text
CREATE FUNCTION read_table(d dialect, content text, ncolumns int, way text) RETURNS text[] LANGUAGE plpgsql AS
$$
DECLARE
	result text[];
	settings text := format('delimiter => %L, quote => %L, escape => %L, comment => %L, header => false, skip => 0, stop_at_blank => false', d.delimiter, d.quote, d.escape, '');
	columns text := (SELECT string_agg(format('c%s text', i), ', ') FROM generate_series(1, ncolumns) AS i);
	fields text := (SELECT string_agg(format('c%s', i), ', ') FROM generate_series(1, ncolumns) AS i);
BEGIN
	EXECUTE CASE way
		WHEN 'content' THEN format('SELECT array_agg(ARRAY[%s]) FROM etl_parse_csv(%L::text, %s) AS t(%s)', fields, content, settings, columns)
		WHEN 'file' THEN format('SELECT array_agg(ARRAY[%s]) FROM etl_read_csv(%L, %s) AS t(%s)', fields, write('roundtrip.csv', content), settings, columns)
		WHEN 'latin1' THEN format('SELECT array_agg(ARRAY[%s]) FROM etl_parse_csv(%L::bytea, encoding => %L, %s) AS t(%s)', fields, convert_to(content, 'LATIN1'), 'LATIN1', settings, columns)
		ELSE format('SELECT array_agg(fields) FROM etl_csv_rows(%L, %s)', write('roundtrip.csv', content), settings)
		END INTO result;
	RETURN result;
END
$$;
CREATE FUNCTION try(n int) RETURNS SETOF text LANGUAGE plpgsql AS
$$
DECLARE
	d dialect;
	cells text[];
	back text[];
	content text;
	way text;
	ncolumns int;
	reads int := 0;
BEGIN
	FOR i IN 1..n LOOP
		d := random_dialect();
		ncolumns := 2 + floor(random() * 4);
		cells := random_table(d, 1 + floor(random() * 20)::int, ncolumns);
		content := write_table(d, cells);
		FOREACH way IN ARRAY '{content,file,rows,latin1}'::text[] LOOP
			CONTINUE WHEN way = 'latin1' AND content ~ '[😀€]';
			BEGIN
				back := read_table(d, content, ncolumns, way);
				reads := reads + 1;
				CONTINUE WHEN back = cells;
				RETURN NEXT format('%s: %s %L gives %s, not %s', way, d, content, back, cells);
			EXCEPTION WHEN data_exception THEN
				RETURN NEXT format('%s: %s %L: %s', way, d, content, sqlerrm);
			END;
		END LOOP;
	END LOOP;
	RETURN NEXT CASE WHEN reads > 3 * n THEN 'done' ELSE 'too few' END;
END
$$;
SELECT setseed(0.42);
SELECT try(200);
-- larger than what is read at a time
CREATE FUNCTION try_large() RETURNS SETOF boolean LANGUAGE plpgsql AS
$$
DECLARE
	d dialect;
	cells text[];
BEGIN
	FOR i IN 1..3 LOOP
		d := random_dialect();
		cells := random_table(d, 4000, 4);
		RETURN NEXT read_table(d, write_table(d, cells), 4, 'file') = cells;
	END LOOP;
END
$$;
SELECT try_large();
