-- Looking at JSON before reading it.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

-- columns are members, in the order in which they are first seen
SELECT FROM write('describe.ndjson', E'{"id": 1, "name": "Ann", "price": 1.10, "ok": true, "day": "2024-01-31", "at": "2024-01-31T10:00:00Z", "key": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "address": {"city": "Graz", "zip": "01"}, "tags": ["a"], "zip": "8010", "any": 1, "nothing": null, "seen": "31/12/2024"}\n'
	|| E'{"id": 3000000000, "price": 2, "any": {"a": 1}, "extra": 12345678901234567890123, "e": 1e5, "seen": "01/02/2024", "t": "10:00", "local": "2024-01-31 10:00:00", "mixed": 1, "flag": true}\n'
	|| E'{"mixed": "x", "flag": 0, "address": {}}\n');
SELECT * FROM etl_describe(file('describe.ndjson'));
-- a view and a table of them read it
SELECT etl_create_view('described', file('describe.ndjson'));
SELECT * FROM described;
SELECT substring(pg_get_viewdef('described') FROM 'etl_read_json.*');
SELECT etl_create_table('loaded', file('describe.ndjson'));
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'loaded'::regclass AND attnum > 0 ORDER BY attnum;

-- a string stays one, whatever it looks like, unless it is a date or the like
SELECT name, type, example FROM etl_describe(write('describe_strings.json', '[{"n": "1", "b": "true", "j": "{}", "e": "", "d": "2024-02-29", "z": "007"}, {"d": "2024-03-01"}]'));
SELECT name, type, note FROM etl_describe(write('describe_both.json', '[{"d": "03/04/2024"}, {"d": "05/06/2024"}]'));
SELECT name, type, note FROM etl_describe(file('describe_both.json'), options => '{"date_formats": {"d": "DD/MM/YYYY"}}');
-- one strictness: what is found reads back
SELECT name, type, note FROM etl_describe(write('describe_numbers.json', '[{"a": 1, "b": 1.0, "c": 1e2, "d": -0, "e": 2147483648, "f": 9223372036854775808, "g": 0.1e1, "h": 1}, {"h": 1.5, "a": -5}, {"h": 2e1}]'));
SELECT etl_create_view('numbers', file('describe_numbers.json'));
SELECT * FROM numbers;
-- objects that jsonb refuses
SELECT name, type FROM etl_describe(write('describe_zero.json', '[{"a": {"b": "\u0000"}, "c": ["\ud83d"]}]'));

-- names that are no column names, that differ in case, that are special
SELECT * FROM etl_describe(write('describe_names.json', '[{"id": 1, "ID": 2, "": 3, " a ": 4, "etl_line": 5, "$x": 6, "q\"\\": 7, "' || repeat('n', 70) || '": 8, "a.b": 9}]'));
SELECT etl_create_view('names', file('describe_names.json'));
SELECT * FROM names;
-- columns that the user names come first
SELECT * FROM etl_describe(file('describe.ndjson'), options => '{"columns": {"nr": "id", "city": "$.address.city", "tag": "$.tags[0]"}}') LIMIT 5;
SELECT etl_create_view('mapped', file('describe.ndjson'), options => '{"columns": {"nr": "id", "city": "$.address.city", "tag": "$.tags[0]"}}');
SELECT nr, city, tag, name FROM mapped;

-- records that are no objects
SELECT * FROM etl_describe(write('describe_scalars.json', '[1, 2.5, null]'));
SELECT etl_create_view('scalars', file('describe_scalars.json'));
SELECT * FROM scalars;
SELECT * FROM etl_describe(write('describe_lists.ndjson', E'[1, 2]\n[3, 4]\n'), options => '{"format": "ndjson"}');
-- inside something else
SELECT name, type FROM etl_describe(write('describe_nested.json', '{"n": 2, "data": [{"a": 1}, {"b": "x"}]}'), options => '{"records": "$.data[*]"}');
SELECT etl_create_view('nested', file('describe_nested.json'), options => '{"records": "$.data[*]"}');
SELECT * FROM nested;

-- the format is that of the name, else of the first bytes
SELECT name, type FROM etl_describe(write('describe_1.txt', E'\n {"a": 1}\n'));
SELECT name, type FROM etl_describe(write('describe_2.txt', E'[\n{"a": 1}]'));
SELECT name, type FROM etl_describe(write('describe_3.txt', E'[a],{b}\n1,2\n'));
SELECT name, type FROM etl_describe(write('describe_4.csv', E'{"a": 1}\n1\n'));
SELECT name, type FROM etl_describe(write('describe_5.JSON', E'{"a": 1}'));
SELECT name, type FROM etl_describe(write('describe_6.jsonl.gz', decode('H4sIAAAAAAAAA6tWSlSyUjDUUVBKBtJGtVwASLWDGREAAAA=', 'base64')));
SELECT name, type FROM etl_describe(write('describe_7.bin', decode('H4sIAAAAAAAAA6tWSlSyUjDUUVBKBtJGtVwASLWDGREAAAA=', 'base64')));
SELECT name, type FROM etl_describe(write('describe_8', convert_to('', 'UTF8')));
SELECT name, type FROM etl_describe(file('describe.ndjson'), 'csv') LIMIT 1;

-- several files are one
SELECT FROM write('describe_many_1.json', '[{"a": 1, "b": 1}]');
SELECT FROM write('describe_many_2.json', '[{"a": "x", "c": 1}]');
SELECT * FROM etl_describe(file('describe_many_?.json'));
SELECT * FROM etl_describe(file('describe_many_?.json'), sample_rows => 1);

-- nothing to find
SELECT * FROM etl_describe(write('describe_none.json', ''));
SELECT failures(
	format('SELECT etl_create_table(''x'', %L)', file('describe_none.json')),
	format('SELECT * FROM etl_describe(%L)', write('describe_bad.json', E'{"a":\n')),
	format('SELECT * FROM etl_describe(%L, ''xml'')', file('describe.ndjson')),
	format('SELECT * FROM etl_describe(%L, options => ''{"delimiter": ";"}'')', file('describe.ndjson')),
	format('SELECT * FROM etl_describe(%L, options => ''{"columns": {"a": 1}}'')', file('describe.ndjson')),
	format('SELECT * FROM etl_describe(%L, options => ''{"columns": {"a": "$["}}'')', file('describe.ndjson')));
-- bad records are passed over
SELECT * FROM etl_describe(write('describe_bad.ndjson', E'{"a": 1}\n{"a": \n{"a": 2}\n'));
