-- Loads: the functions, and the ledger of what was loaded.

CREATE TABLE etl.load (
	load_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	label text,
	job_run_id bigint,
	target regclass,
	source text,
	mode text NOT NULL,
	status text NOT NULL
		CONSTRAINT load_status_check
		CHECK (status IN ('succeeded', 'failed', 'skipped')),
	started_at timestamptz NOT NULL,
	finished_at timestamptz NOT NULL,
	rows_read bigint NOT NULL DEFAULT 0,
	rows_inserted bigint NOT NULL DEFAULT 0,
	rows_updated bigint NOT NULL DEFAULT 0,
	rows_unchanged bigint NOT NULL DEFAULT 0,
	rows_deleted bigint NOT NULL DEFAULT 0,
	rows_rejected bigint NOT NULL DEFAULT 0,
	rows_suppressed bigint NOT NULL DEFAULT 0,
	duplicates_dropped bigint NOT NULL DEFAULT 0,
	bytes_read bigint NOT NULL DEFAULT 0,
	requests bigint NOT NULL DEFAULT 0,
	retries bigint NOT NULL DEFAULT 0,
	error text,
	details jsonb NOT NULL DEFAULT '{}',
	owner name NOT NULL,
	owner_oid oid NOT NULL
);

COMMENT ON TABLE etl.load IS 'loads that have committed, one row each';
COMMENT ON COLUMN etl.load.load_id IS 'number of the load';
COMMENT ON COLUMN etl.load.label IS 'what the user called it';
COMMENT ON COLUMN etl.load.job_run_id IS
	'run of a job that the load was part of; null if it was none';
COMMENT ON COLUMN etl.load.target IS 'table or view that was loaded into';
COMMENT ON COLUMN etl.load.source IS
	'file, pattern or URL that was read, without secrets, or "query"';
COMMENT ON COLUMN etl.load.mode IS 'append, replace or slice';
COMMENT ON COLUMN etl.load.status IS
	'succeeded, failed or skipped (there was nothing new)';
COMMENT ON COLUMN etl.load.started_at IS 'when the load began';
COMMENT ON COLUMN etl.load.finished_at IS
	'when the load was done, except for the commit';
COMMENT ON COLUMN etl.load.rows_read IS 'records read, rejected ones included';
COMMENT ON COLUMN etl.load.rows_inserted IS 'rows inserted';
COMMENT ON COLUMN etl.load.rows_updated IS 'rows updated';
COMMENT ON COLUMN etl.load.rows_unchanged IS
	'rows that were in the target already, with the same values';
COMMENT ON COLUMN etl.load.rows_deleted IS
	'rows deleted to make room, or because the source lacks them';
COMMENT ON COLUMN etl.load.rows_rejected IS 'records rejected';
COMMENT ON COLUMN etl.load.rows_suppressed IS
	'rows that a trigger or a rule of the target dropped';
COMMENT ON COLUMN etl.load.duplicates_dropped IS
	'rows of the source that had the key of another';
COMMENT ON COLUMN etl.load.bytes_read IS
	'bytes read, before decompression';
COMMENT ON COLUMN etl.load.requests IS 'HTTP requests made';
COMMENT ON COLUMN etl.load.retries IS 'of which repeated ones';
COMMENT ON COLUMN etl.load.error IS 'why the load failed';
COMMENT ON COLUMN etl.load.details IS 'what else there is to say';
COMMENT ON COLUMN etl.load.owner IS 'role that loaded';
COMMENT ON COLUMN etl.load.owner_oid IS
	'object identifier of the owner, so that a new role of the same name is not taken for it';

CREATE INDEX load_target_idx ON etl.load (target, load_id);

-- Who owns a load, or may insert into its target, sees it.
ALTER TABLE etl.load ENABLE ROW LEVEL SECURITY;

CREATE POLICY load_select ON etl.load FOR SELECT
	USING ((owner = pg_catalog.pg_get_userbyid(owner_oid)
			AND pg_catalog.pg_has_role(owner_oid, 'USAGE'))
		   OR pg_catalog.has_any_column_privilege(target, 'INSERT'));

SELECT pg_catalog.pg_extension_config_dump('etl.load', '');
SELECT pg_catalog.pg_extension_config_dump('etl.load_load_id_seq', '');

CREATE FUNCTION etl_load(
	target regclass,
	source text,
	format text DEFAULT NULL,
	options jsonb DEFAULT '{}',
	mode text DEFAULT 'append',
	key text[] DEFAULT NULL,
	slice text DEFAULT NULL,
	mode_options jsonb DEFAULT '{}',
	on_error text DEFAULT 'dead_letter',
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	checks jsonb DEFAULT NULL,
	skip_loaded boolean DEFAULT false,
	label text DEFAULT NULL)
RETURNS etl.load
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'etl_load';

COMMENT ON FUNCTION etl_load(
	regclass, text, text, jsonb, text, text[], text, jsonb, text, bigint,
	numeric, jsonb, boolean, text)
IS 'loads files, a URL or an API into a table; bad records become dead letters';

CREATE FUNCTION etl_load_query(
	target regclass,
	query text,
	mode text DEFAULT 'append',
	key text[] DEFAULT NULL,
	slice text DEFAULT NULL,
	mode_options jsonb DEFAULT '{}',
	on_error text DEFAULT 'dead_letter',
	reject_limit bigint DEFAULT NULL,
	reject_limit_percent numeric DEFAULT NULL,
	checks jsonb DEFAULT NULL,
	skip_loaded boolean DEFAULT false,
	label text DEFAULT NULL)
RETURNS etl.load
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'etl_load_query';

COMMENT ON FUNCTION etl_load_query(
	regclass, text, text, text[], text, jsonb, text, bigint, numeric, jsonb,
	boolean, text)
IS 'loads the rows of a query into a table; bad rows become dead letters';
