-- What loads have read so far: versions of files and URLs, and cursors.  And
-- those that run.

CREATE TABLE etl.loaded_source (
	target regclass NOT NULL,
	source text NOT NULL,
	fingerprint text NOT NULL,
	key bytea NOT NULL,
	load_id bigint NOT NULL,
	loaded_at timestamptz NOT NULL,
	owner name NOT NULL,
	owner_oid oid NOT NULL,
	PRIMARY KEY (target, key)
);

COMMENT ON TABLE etl.loaded_source IS
	'files and URLs that were loaded, each version once for each target';
COMMENT ON COLUMN etl.loaded_source.target IS
	'table or view that was loaded into';
COMMENT ON COLUMN etl.loaded_source.source IS 'file or URL, without secrets';
COMMENT ON COLUMN etl.loaded_source.fingerprint IS
	'what tells this version: size and time of a file, what a server said of it, or a checksum';
COMMENT ON COLUMN etl.loaded_source.key IS
	'hash of source and fingerprint, by which rows are found';
COMMENT ON COLUMN etl.loaded_source.load_id IS 'load that read it last';
COMMENT ON COLUMN etl.loaded_source.loaded_at IS 'when that load began';
COMMENT ON COLUMN etl.loaded_source.owner IS 'role that loaded';
COMMENT ON COLUMN etl.loaded_source.owner_oid IS
	'object identifier of the owner, so that a new role of the same name is not taken for it';

CREATE INDEX loaded_source_load_id_idx ON etl.loaded_source (load_id);

CREATE TABLE etl.cursor (
	target regclass NOT NULL,
	source text NOT NULL,
	column_name name NOT NULL,
	name text NOT NULL,
	value text,
	key bytea NOT NULL,
	load_id bigint,
	updated_at timestamptz NOT NULL,
	owner name NOT NULL,
	owner_oid oid NOT NULL,
	PRIMARY KEY (target, key)
);

COMMENT ON TABLE etl.cursor IS 'how far incremental loads have come';
COMMENT ON COLUMN etl.cursor.target IS 'table or view that is loaded into';
COMMENT ON COLUMN etl.cursor.source IS
	'URL that is read, with its parameters, without secrets';
COMMENT ON COLUMN etl.cursor.column_name IS
	'column of the target whose largest value the cursor is';
COMMENT ON COLUMN etl.cursor.name IS
	'what tells the cursor from others of the same URL; mostly empty';
COMMENT ON COLUMN etl.cursor.value IS
	'largest value so far, as the column''s type writes it; null before the first; may be updated';
COMMENT ON COLUMN etl.cursor.key IS
	'hash of source, column and name, by which rows are found';
COMMENT ON COLUMN etl.cursor.load_id IS 'load that moved it last';
COMMENT ON COLUMN etl.cursor.updated_at IS 'when that load began';
COMMENT ON COLUMN etl.cursor.owner IS 'role that made it, by its first load';
COMMENT ON COLUMN etl.cursor.owner_oid IS
	'object identifier of the owner, so that a new role of the same name is not taken for it';

-- Who made a row, or may insert into its target, sees it and may remove it, so
-- that all is loaded anew.
ALTER TABLE etl.loaded_source ENABLE ROW LEVEL SECURITY;
ALTER TABLE etl.cursor ENABLE ROW LEVEL SECURITY;

CREATE POLICY loaded_source_all ON etl.loaded_source
	USING ((owner = pg_catalog.pg_get_userbyid(owner_oid)
			AND pg_catalog.pg_has_role(owner_oid, 'USAGE'))
		   OR pg_catalog.has_any_column_privilege(target, 'INSERT'));

CREATE POLICY cursor_all ON etl.cursor
	USING ((owner = pg_catalog.pg_get_userbyid(owner_oid)
			AND pg_catalog.pg_has_role(owner_oid, 'USAGE'))
		   OR pg_catalog.has_any_column_privilege(target, 'INSERT'));

SELECT pg_catalog.pg_extension_config_dump('etl.loaded_source', '');
SELECT pg_catalog.pg_extension_config_dump('etl.cursor', '');

-- The numbers that load/progress.c publishes.  Its last one tells loads from
-- plain COPY commands.
CREATE VIEW etl.load_progress AS
	SELECT p.pid,
		p.param19 AS load_id,
		p.relid::pg_catalog.regclass AS target,
		CASE p.param18
			WHEN 0 THEN 'initializing'
			WHEN 1 THEN 'deleting'
			WHEN 2 THEN 'loading'
			WHEN 3 THEN 'finishing'
		END AS phase,
		p.param17 AS sources,
		p.param16 AS rows_read,
		p.param3 AS rows_inserted,
		p.param15 AS rows_rejected,
		p.param1 AS bytes_read,
		nullif(p.param2, 0) AS bytes_total,
		p.param14 AS requests,
		p.param13 AS retries,
		timestamptz 'epoch'
			+ p.param12 * interval '1 microsecond' AS started_at
	FROM pg_catalog.pg_stat_get_progress_info('COPY') AS p
	WHERE p.param20 = 1702128640
		AND p.datid = (SELECT d.oid FROM pg_catalog.pg_database AS d
			WHERE d.datname = pg_catalog.current_database());

COMMENT ON VIEW etl.load_progress IS 'loads that are running in this database';
COMMENT ON COLUMN etl.load_progress.pid IS 'process that loads';
COMMENT ON COLUMN etl.load_progress.load_id IS
	'number that the load will have in etl.load';
COMMENT ON COLUMN etl.load_progress.target IS
	'table or view that is loaded into';
COMMENT ON COLUMN etl.load_progress.phase IS
	'initializing, deleting, loading or finishing';
COMMENT ON COLUMN etl.load_progress.sources IS
	'files, pages or URLs opened so far';
COMMENT ON COLUMN etl.load_progress.rows_read IS 'records read so far';
COMMENT ON COLUMN etl.load_progress.rows_inserted IS
	'rows stored so far, which is done a batch at a time';
COMMENT ON COLUMN etl.load_progress.rows_rejected IS
	'records rejected so far';
COMMENT ON COLUMN etl.load_progress.bytes_read IS
	'bytes read so far, before decompression';
COMMENT ON COLUMN etl.load_progress.bytes_total IS
	'bytes that there are; null if that is not known';
COMMENT ON COLUMN etl.load_progress.requests IS 'HTTP requests so far';
COMMENT ON COLUMN etl.load_progress.retries IS 'of which repeated ones';
COMMENT ON COLUMN etl.load_progress.started_at IS 'when the load began';
