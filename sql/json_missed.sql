-- Who reads a document as one record, and finds nothing in it, is told where
-- the records seem to be.  Nothing else changes.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned
-- the document of the file, read for the column id
CREATE FUNCTION missed(text, options jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS
$$
	SELECT FROM write('missed.json', $1);
	SELECT coalesce(id, 'nothing') FROM etl_read_json(file('missed.json'), options => $2) AS t(id text);
$$;

SELECT missed('{"count": 2, "data": [{"id": 1}, {"id": 2}]}');
SELECT missed('{"count": 2, "data": [{"id": 1}, {"id": 2}]}', '{"records": "$.data[*]"}');
SELECT missed('{"a": {"b": {"c": {"items": [{"x": [{"y": 1}]}, {"z": [{}]}]}}}, "d": [], "e": [1, {"f": 1}]}');
SELECT missed('{"none": [], "the \"list\"": [{"id": 1}], "after": {"x": {"y": 1}}}');
SELECT missed(E'{"k\\u00e9y": [\n{"id": 1}\n]}');
SELECT missed('{"data": [{"id": 1}]}', '{"format": "document"}');
SELECT missed('{"data": [{"id": 1}]}', '{"columns": {"id": "$.meta.id"}}');
-- what is named is what reads them
SELECT FROM write('missed.json', '{"the \"list\"": [{"id": 1}, {"id": 2}]}');
SELECT * FROM etl_read_json(file('missed.json'), records => '$["the \"list\""][*]') AS t(id int);

-- there is nothing to say
SELECT missed('{"id": 1, "data": [{"id": 2}]}');
SELECT missed('{"id": null, "data": [{"id": 2}]}');
SELECT missed('{"data": [{"id": 1}], "other": [{"id": 2}]}');
SELECT missed('{"data": [1, 2], "other": {"id": 2}}');
SELECT missed('{"a": {"b": {"c": {"d": {"items": [{"id": 1}]}}}}}');
SELECT missed('[{"data": [{"id": 1}]}]');
SELECT missed(E'{"data": [{"id": 1}]}\n{"data": [{"id": 2}]}\n');
SELECT missed(E'{"data":\n[{"id": 1}]}{"data": [{"id": 2}]}');
SELECT count(*) FROM etl_read_json(file('missed.json')) AS t(id int);
SELECT etl_record FROM etl_read_json(file('missed.json')) AS t(etl_record jsonb);
SELECT * FROM etl_parse_json('{"data": [{"id": 1}]}') AS t(id int);

-- once, however often it is read
SELECT FROM write('missed.json', '{"data": [{"id": 1}]}');
SELECT g, id FROM generate_series(1, 3) AS g, LATERAL (SELECT * FROM etl_read_json(file('missed.json')) AS t(id int) WHERE g > 0) AS s;
