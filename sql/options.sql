-- Settings of the readers: which there are, which values they take.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
\t on
\pset format unaligned

-- every setting as an argument and in "options"
SELECT * FROM etl_parse_csv(E'a;b\n1;x\n', delimiter => ';', quote => '"',
	escape => '"', header => true, columns => '{"b": "b"}',
	null_strings => '{""}', quoted_nulls => false, comment => '#', skip => 0,
	header_rows => 1, stop_at_blank => false, skip_footer => 0,
	trim_fields => false, ragged => 'error', decimal_separator => '.',
	thousands_separator => '', date_formats => '{}', encoding => 'UTF8',
	compression => 'none', on_error => 'abort', reject_limit => 0,
	reject_limit_percent => 0, options => '{}') AS t(a int, b text);
SELECT * FROM etl_parse_csv(E'a;b\n1;x\n', options => '{"delimiter": ";",
	"quote": "\"", "escape": "\"", "header": true, "columns": {"b": "b"},
	"null_strings": [""], "quoted_nulls": false, "comment": "#", "skip": 0,
	"header_rows": 1, "stop_at_blank": false, "skip_footer": 0,
	"trim_fields": false, "ragged": "error", "decimal_separator": ".",
	"thousands_separator": "", "date_formats": {}, "encoding": "UTF8",
	"compression": "none", "on_error": "abort", "reject_limit": 0,
	"reject_limit_percent": 0}') AS t(a int, b text);

-- null is "not given", however it is spelt
SELECT * FROM etl_parse_csv(E'a,b\n1,x\n', delimiter => NULL, quote => NULL,
	escape => NULL, header => NULL, columns => NULL, null_strings => NULL,
	quoted_nulls => NULL, comment => NULL, skip => NULL, header_rows => NULL,
	stop_at_blank => NULL, skip_footer => NULL, trim_fields => NULL,
	ragged => NULL, decimal_separator => NULL, thousands_separator => NULL,
	date_formats => NULL, encoding => NULL, compression => NULL,
	server => NULL, on_error => NULL, reject_limit => NULL,
	reject_limit_percent => NULL, options => NULL) AS t(a int, b text);
SELECT * FROM etl_parse_csv(E'a,b\n1,x\n', delimiter => ',',
	options => '{"delimiter": null, "server": null}') AS t(a int, b text);

-- a source that is null has no rows
SELECT count(*) FROM etl_read_csv(NULL) AS t(a text);
SELECT count(*) FROM etl_parse_csv(NULL::text, delimiter => 'nonsense') AS t(a text);
SELECT count(*) FROM etl_csv_rows(NULL);

-- unknown names
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', options => '{"delim": ";"}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"DELIMITER": ";"}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"": 1}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"options": {}}') AS t(a text)$$);
-- the object itself
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', options => '[]') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '"header"') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => 'null') AS t(a text)$$);

-- given twice, even if both agree
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', delimiter => ';', options => '{"delimiter": ";"}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', header => true, options => '{"header": false}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', reject_limit => 1, options => '{"reject_limit": 2}') AS t(a text)$$);

-- values of the wrong type
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', options => '{"delimiter": 1}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"header": "yes"}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"skip": "1"}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"skip": 1.5}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"ragged": 1}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"null_strings": "NA"}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"null_strings": [["NA"]]}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', null_strings => '{{NA},{x}}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"reject_limit_percent": "1"}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', columns => '[1]') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', columns => '"a"') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', date_formats => '1') AS t(a text)$$);

-- values that are none of the list
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', ragged => 'fill') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', on_error => 'ignore') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', compression => 'zip') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a'::bytea, encoding => 'klingon') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"on_error": ""}') AS t(a text)$$);
-- their case is not looked at
SELECT * FROM etl_parse_csv(E'a\n1\n', ragged => 'Pad', on_error => 'SKIP',
	compression => 'None', encoding => 'Utf-8') AS t(a int);

-- out of range
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', skip => -1) AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', header_rows => -1) AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', skip_footer => -1) AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', reject_limit => -1) AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', reject_limit_percent => -0.1) AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', reject_limit_percent => 'NaN') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"skip": 2147483648}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', options => '{"reject_limit": 9223372036854775808}') AS t(a text)$$);

-- symbols of the wrong length
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', delimiter => '') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', delimiter => '12345') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', delimiter => E'\n') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', delimiter => E',\n') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', quote => '""') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', quote => 'ä') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', quote => E'\n') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', escape => '\\') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', comment => '123456789') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', comment => E'#\n') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', decimal_separator => '') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', decimal_separator => '..') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', decimal_separator => '1') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', decimal_separator => '-') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', thousands_separator => 'e') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', reject_limit_percent => 101) AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', server => 'x') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', thousands_separator => ', ') AS t(a text)$$);

-- settings that don't go together
SELECT failures(
	$$SELECT * FROM etl_parse_csv('a', delimiter => ';', quote => ';') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', delimiter => ';', escape => ';') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', delimiter => ';', comment => ';') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', header => false, header_rows => 2) AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', header => true, header_rows => 0) AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', decimal_separator => ',', thousands_separator => ',') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv('a', thousands_separator => '.') AS t(a text)$$);

-- a foreign server that isn't there
SELECT failures(
	$$SELECT * FROM etl_read_csv('/x', server => 'crm') AS t(a text)$$);

-- column names in options that the row lacks
SELECT failures(
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', columns => '{"b": "a"}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', columns => '{"a": 0}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', columns => '{"a": 1.5}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', columns => '{"a": null}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', columns => '{"a": ["a"]}') AS t(a text)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', date_formats => '{"b": "DD/MM/YYYY"}') AS t(a date)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', date_formats => '{"a": 1}') AS t(a date)$$,
	$$SELECT * FROM etl_parse_csv(E'a\n1\n', date_formats => '{"a": "DD/MM/YYYY"}') AS t(a int)$$);

-- the same holds for the other readers, and without a scan node
SELECT failures(
	$$SELECT * FROM etl_read_csv('/x', ragged => 'fill') AS t(a text)$$,
	$$SELECT * FROM etl_csv_rows('/x', ragged => 'fill')$$,
	$$SELECT * FROM etl_csv_rows('/x', options => '{"delim": 1}')$$,
	$$SELECT * FROM etl_parse_csv('a', skip => -1) WITH ORDINALITY AS t(a, b)$$,
	$$SELECT * FROM ROWS FROM (etl_parse_csv('a', skip => -1) AS (a text)) WITH ORDINALITY$$);

-- server settings
SHOW pg_etl.max_record_size;
SHOW pg_etl.max_decompression_ratio;
SHOW pg_etl.allowed_directories;
SELECT split_part(failure('SET pg_etl.max_record_size = 1'), ' (', 1);
SELECT failures(
	'SET pg_etl.max_decompression_ratio = -1',
	$$SET pg_etl.allowed_directories = 'here'$$,
	'SET pg_etl.no_such_setting = 1');
