-- Dead letters: records that were rejected, kept for repair and replay.

CREATE TABLE etl.dead_letter (
	dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	load_id bigint,
	target regclass,
	source text,
	line bigint,
	record_no bigint,
	byte_offset bigint,
	raw bytea,
	record jsonb,
	stage text NOT NULL
		CONSTRAINT dead_letter_stage_check
		CHECK (stage IN ('structure', 'encoding', 'conversion', 'constraint',
						 'check', 'trigger')),
	sqlstate text NOT NULL,
	message text NOT NULL,
	detail text,
	column_name text,
	constraint_name text,
	attempts integer NOT NULL DEFAULT 0,
	status text NOT NULL DEFAULT 'pending'
		CONSTRAINT dead_letter_status_check
		CHECK (status IN ('pending', 'replayed', 'discarded')),
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	resolved_at timestamptz,
	replay_load_id bigint,
	owner name NOT NULL DEFAULT CURRENT_USER,
	owner_oid oid NOT NULL,
	format text NOT NULL,
	options jsonb
);

COMMENT ON TABLE etl.dead_letter IS
	'records that a read or a load rejected';
COMMENT ON COLUMN etl.dead_letter.dead_letter_id IS
	'number of the dead letter';
COMMENT ON COLUMN etl.dead_letter.load_id IS
	'load that rejected the record; null if a query did';
COMMENT ON COLUMN etl.dead_letter.target IS
	'table that the record was to go into; null if a query read it';
COMMENT ON COLUMN etl.dead_letter.source IS
	'file, URL or query that the record came from';
COMMENT ON COLUMN etl.dead_letter.line IS
	'line of the source on which the record starts, from 1';
COMMENT ON COLUMN etl.dead_letter.record_no IS
	'number of the record in its source, from 1';
COMMENT ON COLUMN etl.dead_letter.byte_offset IS
	'offset of the record in the decompressed source, from 0';
COMMENT ON COLUMN etl.dead_letter.raw IS
	'bytes of the record as they were read; may be updated to repair it';
COMMENT ON COLUMN etl.dead_letter.record IS
	'record as an object, where it came from a query; may be updated to repair it';
COMMENT ON COLUMN etl.dead_letter.stage IS
	'what refused the record: structure, encoding, conversion, constraint, check or trigger';
COMMENT ON COLUMN etl.dead_letter.sqlstate IS
	'error code of the refusal';
COMMENT ON COLUMN etl.dead_letter.message IS
	'message of the refusal';
COMMENT ON COLUMN etl.dead_letter.detail IS
	'detail of the refusal';
COMMENT ON COLUMN etl.dead_letter.column_name IS
	'column whose value was refused';
COMMENT ON COLUMN etl.dead_letter.constraint_name IS
	'constraint or check that refused the record';
COMMENT ON COLUMN etl.dead_letter.attempts IS
	'how many replays the record has failed in';
COMMENT ON COLUMN etl.dead_letter.status IS
	'pending, replayed or discarded';
COMMENT ON COLUMN etl.dead_letter.created_at IS
	'start of the transaction that rejected the record';
COMMENT ON COLUMN etl.dead_letter.resolved_at IS
	'when the record was replayed or discarded';
COMMENT ON COLUMN etl.dead_letter.replay_load_id IS
	'load that replayed the record';
COMMENT ON COLUMN etl.dead_letter.owner IS
	'role that read the record';
COMMENT ON COLUMN etl.dead_letter.owner_oid IS
	'object identifier of the owner, so that a new role of the same name is not taken for it';
COMMENT ON COLUMN etl.dead_letter.format IS
	'format of the source: csv, json or api';
COMMENT ON COLUMN etl.dead_letter.options IS
	'settings that the source was read with, detected ones included';

-- Who looks for letters looks for those that wait; each index costs as much as
-- half the letter.
CREATE INDEX dead_letter_pending_idx ON etl.dead_letter (target, load_id)
	WHERE status = 'pending';

-- Whoever owns a dead letter, or may insert into its target, sees and repairs
-- it.  Name and identifier of the owner must both fit: the name alone could
-- have gone to another role, the identifier could be another role's after a
-- restore into another cluster.
ALTER TABLE etl.dead_letter ENABLE ROW LEVEL SECURITY;

CREATE POLICY dead_letter_select ON etl.dead_letter FOR SELECT
	USING ((owner = pg_catalog.pg_get_userbyid(owner_oid)
			AND pg_catalog.pg_has_role(owner_oid, 'USAGE'))
		   OR pg_catalog.has_any_column_privilege(target, 'INSERT'));

CREATE POLICY dead_letter_update ON etl.dead_letter FOR UPDATE
	USING ((owner = pg_catalog.pg_get_userbyid(owner_oid)
			AND pg_catalog.pg_has_role(owner_oid, 'USAGE'))
		   OR pg_catalog.has_any_column_privilege(target, 'INSERT'));

SELECT pg_catalog.pg_extension_config_dump('etl.dead_letter', '');
SELECT pg_catalog.pg_extension_config_dump(
	'etl.dead_letter_dead_letter_id_seq', '');

CREATE FUNCTION etl_replay_dead_letters(
	target regclass DEFAULT NULL,
	load_id bigint DEFAULT NULL,
	ids bigint[] DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS SETOF etl.load
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'etl_replay_dead_letters';

COMMENT ON FUNCTION etl_replay_dead_letters(regclass, bigint, bigint[], jsonb)
IS 'loads pending dead letters again, repaired or with other settings; those refused again stay pending';

CREATE FUNCTION etl_discard_dead_letters(
	target regclass DEFAULT NULL,
	load_id bigint DEFAULT NULL,
	ids bigint[] DEFAULT NULL)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'etl_discard_dead_letters';

COMMENT ON FUNCTION etl_discard_dead_letters(regclass, bigint, bigint[])
IS 'gives pending dead letters up; returns how many';

CREATE FUNCTION etl_purge_dead_letters(older_than interval)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'etl_purge_dead_letters';

COMMENT ON FUNCTION etl_purge_dead_letters(interval)
IS 'deletes dead letters that were replayed or discarded so long ago; returns how many';

CREATE VIEW etl.dead_letter_summary WITH (security_invoker = true) AS
SELECT g.target, g.load_id, g.stage, g.sqlstate, g.column_name,
	g.constraint_name, g.status, g.count, g.attempts, g.first_at, g.last_at,
	g.example_id, d.message AS example
FROM (SELECT target, load_id, stage, sqlstate, column_name, constraint_name,
		status, pg_catalog.count(*) AS count,
		pg_catalog.max(attempts) AS attempts,
		pg_catalog.min(created_at) AS first_at,
		pg_catalog.max(created_at) AS last_at,
		pg_catalog.min(dead_letter_id) AS example_id
	FROM etl.dead_letter
	GROUP BY target, load_id, stage, sqlstate, column_name, constraint_name,
		status) AS g
JOIN etl.dead_letter AS d ON d.dead_letter_id = g.example_id;

COMMENT ON VIEW etl.dead_letter_summary IS
	'how many dead letters there are of which kind';
COMMENT ON COLUMN etl.dead_letter_summary.target IS
	'table that the records were to go into; null if queries read them';
COMMENT ON COLUMN etl.dead_letter_summary.load_id IS
	'load that rejected the records; null if queries did';
COMMENT ON COLUMN etl.dead_letter_summary.stage IS
	'what refused the records';
COMMENT ON COLUMN etl.dead_letter_summary.sqlstate IS
	'error code of the refusal';
COMMENT ON COLUMN etl.dead_letter_summary.column_name IS
	'column whose values were refused';
COMMENT ON COLUMN etl.dead_letter_summary.constraint_name IS
	'constraint or check that refused the records';
COMMENT ON COLUMN etl.dead_letter_summary.status IS
	'pending, replayed or discarded';
COMMENT ON COLUMN etl.dead_letter_summary.count IS 'how many there are';
COMMENT ON COLUMN etl.dead_letter_summary.attempts IS
	'the most replays that one of them has failed in';
COMMENT ON COLUMN etl.dead_letter_summary.first_at IS
	'when the first was rejected';
COMMENT ON COLUMN etl.dead_letter_summary.last_at IS
	'when the last was rejected';
COMMENT ON COLUMN etl.dead_letter_summary.example_id IS
	'number of the first';
COMMENT ON COLUMN etl.dead_letter_summary.example IS 'message of the first';
