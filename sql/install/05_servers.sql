-- Servers: where to connect to, and as whom.

CREATE FUNCTION etl._fdw_validator(options text[], catalog oid)
RETURNS void
AS 'MODULE_PATHNAME', 'etl_fdw_validator'
LANGUAGE C STRICT;

COMMENT ON FUNCTION etl._fdw_validator(text[], oid) IS
	'checks the options of servers and user mappings';

CREATE FOREIGN DATA WRAPPER pg_etl VALIDATOR etl._fdw_validator;

COMMENT ON FOREIGN DATA WRAPPER pg_etl IS
	'HTTP servers, with the credentials for them in user mappings';
