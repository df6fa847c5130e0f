# Dead letters, what loads have left, and views over files survive a dump and
# restore.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('dump');
my $dir = work_dir();
my $file = write_file("$dir/in.csv", "a,b\n1,2020-01-01\n2\n3,no date\n4,\xff\n");

$node->safe_psql(
	'postgres', qq[
	CREATE ROLE reader LOGIN;
	GRANT pg_read_server_files TO reader;
	CREATE TABLE ab (a int, b date);
	CREATE TABLE loaded (a int, b date);
	SELECT etl_load('loaded', '$file', on_error => 'skip');
	INSERT INTO etl.cursor SELECT 'loaded', 'http://x', 'a', '', '7', key, 1,
		now(), owner, owner_oid FROM etl.loaded_source;
	CREATE VIEW v AS SELECT * FROM etl_read_csv('$file', NULL::ab,
		on_error => 'skip');
	CREATE VIEW w AS SELECT a FROM etl_read_csv('$file',
		columns => '{"a": 1}', header => true, on_error => 'skip',
		null_strings => ARRAY['', 'it''s']) AS t(a int, b date);
	SELECT count(*) FROM etl_read_csv('$file', NULL::ab,
		on_error => 'dead_letter');
	GRANT SELECT ON ab TO reader;
	SET ROLE reader;
	SELECT count(*) FROM etl_read_csv('$file', NULL::ab,
		on_error => 'dead_letter')]);

my $contents = 'SELECT * FROM etl.dead_letter ORDER BY dead_letter_id';
my $grants =
  "SELECT relname, relacl, relrowsecurity FROM pg_class "
  . "WHERE relnamespace = 'etl'::regnamespace ORDER BY 1";
my @checks = (
	[ 'the dead letters', $contents ],
	[ 'the loads', 'SELECT * FROM etl.load ORDER BY load_id' ],
	[ 'what was loaded', 'SELECT * FROM etl.loaded_source ORDER BY key' ],
	[ 'the cursors', 'SELECT * FROM etl.cursor ORDER BY key' ],
	[ 'the grants', $grants ],
	[ 'a view with a row type', 'TABLE v' ],
	[ 'a view with a column list', 'TABLE w' ],
	[ 'the view\'s text', "SELECT pg_get_viewdef('w'::regclass)" ],
	[
		'the members of the extension',
		"SELECT pg_describe_object(classid, objid, 0) FROM pg_depend "
		  . "WHERE refclassid = 'pg_extension'::regclass AND refobjid = "
		  . "(SELECT oid FROM pg_extension WHERE extname = 'pg_etl') ORDER BY 1"
	]);

is($node->safe_psql('postgres', 'SELECT count(*) FROM etl.dead_letter'),
	6, 'there are dead letters');
foreach my $format (qw(plain custom))
{
	my $dump = "$dir/$format.dump";

	$node->command_ok([ 'pg_dump', "--format=$format", '--file', $dump,
			'postgres' ], "pg_dump, $format");
	$node->safe_psql('postgres', "CREATE DATABASE from_$format");
	$node->command_ok(
		$format eq 'plain'
		? [ 'psql', '-Xqv', 'ON_ERROR_STOP=1', '-f', $dump, "from_$format" ]
		: [ 'pg_restore', '--exit-on-error', '-d', "from_$format", $dump ],
		"restore, $format");
	foreach my $check (@checks)
	{
		my ($name, $sql) = @$check;

		is( $node->safe_psql("from_$format", $sql),
			$node->safe_psql('postgres', $sql),
			"$name, $format");
	}
	is( $node->safe_psql("from_$format", 'SET ROLE reader; '
			  . 'SELECT count(*) FROM etl.dead_letter'),
		3, "each role sees its own, $format");
	is( $node->safe_psql(
			"from_$format",
			"SELECT FROM etl_read_csv('$file', NULL::ab, on_error => "
			  . "'dead_letter') LIMIT 0; "
			  . "SELECT FROM etl_read_csv('$file', NULL::ab, on_error => "
			  . "'dead_letter') OFFSET 1000; "
			  . 'SELECT count(*), count(DISTINCT dead_letter_id) '
			  . 'FROM etl.dead_letter'),
		'9|9',
		"new ones get new numbers, $format");
}

# an extension goes without leaving anything
$node->safe_psql('from_plain', 'DROP EXTENSION pg_etl CASCADE');
is( $node->safe_psql('from_plain', "SELECT to_regnamespace('etl') IS NULL"),
	't', 'the schema is dropped with the extension');
$node->safe_psql('from_plain', 'CREATE EXTENSION pg_etl');
is($node->safe_psql('from_plain', 'SELECT count(*) FROM etl.dead_letter'),
	0, 'and comes back empty');

$node->stop;
done_testing();
