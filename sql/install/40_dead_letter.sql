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

CREATE INDEX dead_letter_status_target_idx
	ON etl.dead_letter (status, target);
CREATE INDEX dead_letter_load_id_idx ON etl.dead_letter (load_id);
CREATE INDEX dead_letter_owner_idx ON etl.dead_letter (owner);

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
