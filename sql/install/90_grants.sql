-- Who may do what.  Default privileges of the database may have granted more
-- than stands here, so everything is revoked first.

REVOKE ALL ON SCHEMA etl FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA etl FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA etl FROM PUBLIC;

GRANT USAGE ON SCHEMA etl TO PUBLIC;

-- Row-level security decides which loads, cursors and dead letters.
GRANT SELECT ON etl.load, etl.load_progress TO PUBLIC;
GRANT SELECT, DELETE ON etl.loaded_source TO PUBLIC;
GRANT SELECT, UPDATE (value), DELETE ON etl.cursor TO PUBLIC;
GRANT SELECT, UPDATE (raw, record) ON etl.dead_letter TO PUBLIC;
GRANT SELECT ON etl.dead_letter_summary TO PUBLIC;
