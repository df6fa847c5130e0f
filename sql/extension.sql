-- Creating and dropping the extension, in a database of its own.
SET client_min_messages = warning;
SELECT current_database() AS database \gset
DROP DATABASE IF EXISTS etl_regress_extension;
CREATE DATABASE etl_regress_extension;
\c etl_regress_extension
\pset format unaligned
\t on

-- a schema that is in the way
\set SHOW_CONTEXT never
CREATE SCHEMA etl;
CREATE EXTENSION pg_etl;
\echo :SQLSTATE
SELECT count(*) FROM pg_extension WHERE extname = 'pg_etl';
DROP SCHEMA etl;

-- nothing is preloaded
SHOW shared_preload_libraries;
SHOW session_preload_libraries;

-- functions go where the user wants them, the rest into "etl"
CREATE SCHEMA tools;
CREATE EXTENSION pg_etl SCHEMA tools;
SELECT extversion IS NOT NULL, extrelocatable, extnamespace::regnamespace
FROM pg_extension WHERE extname = 'pg_etl';
SELECT DISTINCT classid::regclass, n.nspname
FROM pg_depend d
JOIN pg_extension e ON refclassid = 'pg_extension'::regclass AND refobjid = e.oid
LEFT JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid
LEFT JOIN pg_class c ON classid = 'pg_class'::regclass AND objid = c.oid
JOIN pg_namespace n ON n.oid = coalesce(p.pronamespace, relnamespace)
WHERE extname = 'pg_etl' ORDER BY 1, 2;

-- a first statement of a session uses the scan node although the schema isn't
-- in its search_path
\c -
EXPLAIN (COSTS OFF) SELECT * FROM tools.etl_parse_csv('a') AS t(a text);
SELECT * FROM tools.etl_parse_csv(E'a\n1\n') AS t(a text);
SHOW search_path;
-- the planner's support function, which that goes by, isn't for calling
SELECT tools.etl_reader_support(NULL);
\echo :SQLSTATE

ALTER EXTENSION pg_etl SET SCHEMA public;
DROP EXTENSION pg_etl;
SELECT to_regnamespace('etl') IS NULL AS gone;

-- and the schema is the first of search_path by default
CREATE SCHEMA first;
SET search_path = first, public;
CREATE EXTENSION pg_etl;
RESET search_path;
SELECT DISTINCT pronamespace::regnamespace FROM pg_proc WHERE proname LIKE 'etl\_%';

-- not trusted
SELECT DISTINCT trusted, relocatable FROM pg_available_extension_versions
WHERE name = 'pg_etl';

-- functions are open to everybody
SELECT p.oid::regprocedure FROM pg_proc p
WHERE pronamespace = 'first'::regnamespace
	AND NOT has_function_privilege('pg_monitor', p.oid, 'EXECUTE')
ORDER BY 1;

-- nobody but the owner writes to our schema
SELECT has_schema_privilege('pg_monitor', 'etl', 'USAGE'),
	has_schema_privilege('pg_monitor', 'etl', 'CREATE'),
	has_table_privilege('pg_monitor', 'etl.dead_letter', 'SELECT'),
	has_table_privilege('pg_monitor', 'etl.dead_letter', 'INSERT, DELETE, TRUNCATE'),
	has_column_privilege('pg_monitor', 'etl.dead_letter', 'raw', 'UPDATE'),
	has_column_privilege('pg_monitor', 'etl.dead_letter', 'status', 'UPDATE');

\c :database
DROP DATABASE etl_regress_extension;
