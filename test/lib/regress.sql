\set ECHO none
-- Included at the top of the scripts in sql/: a schema "test" of their own, the
-- settings that show in results, and functions that make files and catch errors.
--
-- Files are made in the directory PG_ETL_DATA, so scripts must not give them
-- the same names.
\getenv data PG_ETL_DATA
\pset null '[null]'
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET bytea_output = 'escape';
DROP SCHEMA IF EXISTS test CASCADE;
CREATE SCHEMA test;
SET search_path = test, public;
SET test.data = :'data';

-- The path of a test file.  Declared immutable for plans to show it.
CREATE FUNCTION file(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT current_setting('test.data') || '/' || name $$;

-- Makes a file and returns its path.
CREATE FUNCTION write(name text, content bytea) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	object oid := lo_from_bytea(0, content);
BEGIN
	PERFORM lo_export(object, file(name));
	PERFORM lo_unlink(object);
	RETURN file(name);
END
$$;
CREATE FUNCTION write(name text, content text) RETURNS text LANGUAGE sql AS
$$ SELECT write(name, convert_to(content, 'UTF8')) $$;

-- The error that a statement raises.
CREATE FUNCTION failure(statement text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
	context text;
	result text := 'none';
BEGIN
	EXECUTE statement;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS
		state = RETURNED_SQLSTATE,
		message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT,
		context = PG_EXCEPTION_CONTEXT;
	-- what stands above the server's own lines
	context := regexp_replace(context,
		'(^|\n)(SQL (statement|function)|PL/pgSQL function).*', '');
	result := state || ' ' || message;
	IF detail <> '' THEN result := result || E'\n  detail: ' || detail; END IF;
	IF hint <> '' THEN result := result || E'\n  hint: ' || hint; END IF;
	IF context <> '' THEN result := result || E'\n  at: ' || context; END IF;
	RETURN result;
END
$$;

-- Runs statements, of which some may fail, and shows their errors.
CREATE FUNCTION failures(VARIADIC statements text[]) RETURNS SETOF text
LANGUAGE sql AS
$$ SELECT failure(s) FROM unnest(statements) WITH ORDINALITY AS u(s, i) ORDER BY i $$;

-- EXPLAIN ANALYZE, without what differs between runs and versions.
CREATE FUNCTION explain_analyze(statement text) RETURNS SETOF text
LANGUAGE plpgsql AS
$$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || statement
	LOOP
		RETURN NEXT regexp_replace(line, '(rows=\d+)\.\d+', '\1');
	END LOOP;
END
$$;
RESET client_min_messages;
\set ECHO all
