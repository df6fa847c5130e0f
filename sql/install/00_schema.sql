\echo Use "CREATE EXTENSION pg_etl" to load this file. \quit

-- The schema that holds the tables and views; functions go to the schema that
-- CREATE EXTENSION chose.

DO $$
BEGIN
	IF pg_catalog.to_regnamespace('etl') IS NOT NULL THEN
		RAISE EXCEPTION 'schema "etl" already exists'
			USING ERRCODE = 'duplicate_schema',
				  HINT = 'The extension pg_etl keeps its tables in a schema of '
						 'that name. Rename or drop the existing schema first.';
	END IF;
END
$$;

CREATE SCHEMA etl;

COMMENT ON SCHEMA etl IS 'tables and views of the extension pg_etl';
