/* Looking before reading. */

CREATE FUNCTION etl_sniff_csv(
	source text,
	delimiter text DEFAULT NULL,
	quote text DEFAULT NULL,
	escape text DEFAULT NULL,
	header boolean DEFAULT NULL,
	null_strings text[] DEFAULT NULL,
	comment text DEFAULT NULL,
	skip integer DEFAULT NULL,
	header_rows integer DEFAULT NULL,
	stop_at_blank boolean DEFAULT NULL,
	skip_footer integer DEFAULT NULL,
	trim_fields boolean DEFAULT NULL,
	ragged text DEFAULT NULL,
	decimal_separator text DEFAULT NULL,
	thousands_separator text DEFAULT NULL,
	date_formats jsonb DEFAULT NULL,
	encoding text DEFAULT NULL,
	compression text DEFAULT NULL,
	server text DEFAULT NULL,
	options jsonb DEFAULT NULL,
	sample_rows integer DEFAULT 20480,
	OUT delimiter text,
	OUT quote text,
	OUT escape text,
	OUT comment text,
	OUT newline text,
	OUT encoding text,
	OUT compression text,
	OUT header boolean,
	OUT skip integer,
	OUT columns jsonb,
	OUT header_rows integer,
	OUT stop_at_blank boolean,
	OUT skip_footer integer,
	OUT null_strings text[],
	OUT decimal_separator text,
	OUT thousands_separator text,
	OUT date_formats jsonb,
	OUT create_table text,
	OUT query text,
	OUT warnings text[])
RETURNS record
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'etl_sniff_csv';

COMMENT ON FUNCTION etl_sniff_csv(
	text, text, text, text, boolean, text[], text, integer, integer, boolean,
	integer, boolean, text, text, text, jsonb, text, text, text, jsonb, integer)
IS 'how a CSV source would be read, what columns it has, and statements that pin both';

CREATE FUNCTION etl_describe(
	source text,
	format text DEFAULT NULL,
	sample_rows integer DEFAULT 20480,
	options jsonb DEFAULT '{}')
RETURNS TABLE (
	"position" integer,
	name text,
	type text,
	nullable boolean,
	example text,
	note text)
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'etl_describe';

COMMENT ON FUNCTION etl_describe(text, text, integer, jsonb) IS
'the columns of a source: name, type, whether null occurs, an example, and what is worth knowing';

CREATE FUNCTION etl_create_table(
	target text,
	source text,
	format text DEFAULT NULL,
	options jsonb DEFAULT '{}',
	if_not_exists boolean DEFAULT false)
RETURNS regclass
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'etl_create_table';

COMMENT ON FUNCTION etl_create_table(text, text, text, jsonb, boolean) IS
'creates a table with the columns that a source has';

CREATE FUNCTION etl_create_view(
	name text,
	source text,
	format text DEFAULT NULL,
	options jsonb DEFAULT '{}')
RETURNS regclass
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'etl_create_view';

COMMENT ON FUNCTION etl_create_view(text, text, text, jsonb) IS
'creates a view that reads a source, with its dialect and types pinned';
