# Who may read what: files, and dead letters.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('privileges');
my $dir = work_dir();

my $file = write_file("$dir/good.csv", "a,b\n1,one\n2,two\n3\n");
write_file("$dir/secret.csv", "a,b\n1,hidden\n");
$node->safe_psql(
	'postgres', qq[
	CREATE ROLE reader LOGIN;
	CREATE ROLE plain LOGIN;
	CREATE ROLE other LOGIN;
	GRANT pg_read_server_files TO reader;
	GRANT CREATE ON SCHEMA public TO reader, plain;
	CREATE TABLE ab (a int, b text);
	GRANT SELECT ON ab TO PUBLIC;
	CREATE VIEW by_superuser AS SELECT * FROM etl_read_csv('$file',
		NULL::ab, on_error => 'skip');
	GRANT SELECT ON by_superuser TO PUBLIC;
	CREATE FUNCTION as_definer() RETURNS SETOF ab LANGUAGE sql
		SECURITY DEFINER
		AS 'SELECT * FROM etl_read_csv(''$file'', NULL::ab, on_error => ''skip'')';
	CREATE FUNCTION as_invoker() RETURNS SETOF ab LANGUAGE sql
		AS 'SELECT * FROM etl_read_csv(''$file'', NULL::ab, on_error => ''skip'')']);
my %as_reader = (extra_params => [ '-U', 'reader', '-v', 'VERBOSITY=verbose' ]);
my %as_plain = (extra_params => [ '-U', 'plain', '-v', 'VERBOSITY=verbose' ]);
my %as_other = (extra_params => [ '-U', 'other', '-v', 'VERBOSITY=verbose' ]);

sub value
{
	my ($sql, $as) = @_;
	return $node->safe_psql('postgres', $sql,
		extra_params => $as->{extra_params});
}

# a denial says nothing of what is there
my %statements = (
	'function' => "SELECT * FROM etl_read_csv('FILE', NULL::ab)",
	'rows' => "SELECT * FROM etl_csv_rows('FILE')",
	'target list' => "SELECT etl_csv_rows('FILE')",
	'function scan' => "SELECT * FROM ROWS FROM (etl_csv_rows('FILE'), "
	  . 'generate_series(1, 2)) t',
	'prepared' => "PREPARE p AS SELECT * FROM etl_csv_rows('FILE'); EXECUTE p",
	'sniffing' => "SELECT * FROM etl_sniff_csv('FILE')",
	'describing' => "SELECT * FROM etl_describe('FILE')",
	'creating a table' => "SELECT etl_create_table('made', 'FILE')",
	'creating a view' => "SELECT etl_create_view('made', 'FILE')");
foreach my $name (sort keys %statements)
{
	my %seen;

	foreach my $path ($file, "$dir/none.csv", "$dir/*.csv", "$dir/none/*",
		$dir, '/proc/self/environ')
	{
		my $error = error_of($node, $statements{$name} =~ s/FILE/$path/r,
			%as_plain);

		fail("$name: $path: $error") unless $error =~ /ERROR:  42501:/;
		$error =~ s/\Q$path\E//g;
		$error =~ s/^(psql:|LOCATION:).*//mg;
		$seen{$error}++;
	}
	is(keys %seen, 1, "$name is denied in the same words whatever is there")
	  or diag(join "\n", keys %seen);
}

# planning tells nothing either
my $estimate = sub {
	my ($path, $as) = @_;
	my $plan = value("EXPLAIN SELECT * FROM etl_csv_rows('$path')", $as);

	return $plan =~ /rows=(\d+)/ ? $1 : die $plan;
};
write_file("$dir/long.csv", "a,b\n" . "1,one\n" x 100_000);
is( $estimate->("$dir/long.csv", \%as_plain),
	$estimate->("$dir/none.csv", \%as_plain),
	'the estimate does not depend on a file that may not be read');
isnt(
	$estimate->("$dir/long.csv", \%as_reader),
	$estimate->($file, \%as_reader),
	'but on one that may');

is(value("SELECT count(*) FROM etl_csv_rows('$file')", \%as_reader),
	4, 'a member of pg_read_server_files reads');
fails_with($node, 'TABLE by_superuser', '42501',
	"a view reads with its caller's rights", %as_plain);
is(value('SELECT count(*) FROM by_superuser', \%as_reader),
	2, 'which may suffice');
is(value('SELECT count(*) FROM as_definer()', \%as_plain),
	2, 'SECURITY DEFINER lends the rights of the owner');
fails_with($node, 'SELECT * FROM as_invoker()',
	'42501', 'another function does not', %as_plain);
fails_with(
	$node,
	"PREPARE p AS SELECT * FROM etl_csv_rows('$file'); EXECUTE p; "
	  . 'SET ROLE plain; EXECUTE p',
	'42501',
	'a prepared statement is judged when it runs');
fails_with(
	$node,
	"BEGIN; DECLARE c CURSOR FOR SELECT * FROM etl_csv_rows('$file'); "
	  . 'SET ROLE plain; FETCH c',
	'42501',
	'so is a cursor');
$node->safe_psql('postgres',
	'REVOKE EXECUTE ON FUNCTION etl_csv_rows FROM PUBLIC');
fails_with($node, "SELECT * FROM etl_csv_rows('$file')",
	'42501',
	'the right to execute counts', %as_reader);
fails_with($node, "EXPLAIN SELECT * FROM etl_csv_rows('$file')",
	'42501',
	'for EXPLAIN as well', %as_reader);
$node->safe_psql('postgres',
	'GRANT EXECUTE ON FUNCTION etl_csv_rows TO PUBLIC');
my $loaded = "SELECT FROM etl_csv_rows('$file') LIMIT 0";
fails_with($node, "$loaded; SET pg_etl.allowed_directories = ''",
	'42501', 'only a superuser lifts the confinement', %as_reader);
fails_with($node, "$loaded; SET pg_etl.max_decompression_ratio = 0",
	'42501', 'and the decompression limit', %as_reader);

# confinement
my $allowed = "$dir/allowed";
mkdir $_ or die "$_: $!"
  foreach $allowed, "$allowed/sub", "$dir/allowed2", "$dir/out";
write_file("$allowed/ok.csv", "a\n1\n");
write_file("$allowed/sub/ok2.csv", "a\n1\n");
write_file("$dir/allowed2/x.csv", "a\n1\n");
write_file("$dir/out/x.csv", "SECRET\n1\n");
symlink("$dir/secret.csv", "$allowed/link.csv") or die;
symlink("$allowed/ok.csv", "$allowed/fine.csv") or die;
symlink("$dir/out", "$allowed/out") or die;
symlink('/proc/self/environ', "$allowed/environ") or die;
symlink('/proc/self/cwd', "$allowed/cwd") or die;
symlink("$dir/none/x", "$allowed/broken") or die;
symlink($node->data_dir, "$allowed/data") or die;

sub confined
{
	my ($directories, $path, $sqlstate) = @_;
	my $sql = "SET pg_etl.allowed_directories = '$directories'; "
	  . "SELECT count(*) FROM etl_csv_rows('$path')";
	my $error = error_of($node, $sql);

	$error = $error =~ /(?:ERROR|FATAL):  (\w+)/ ? $1 : 'none';
	return is($error, $sqlstate, "with $directories: $path: $sqlstate");
}

my $elsewhere = "$allowed, $dir/nowhere";
confined($elsewhere, "$allowed/$_", 'none')
  foreach qw(ok.csv sub/ok2.csv fine.csv sub/../ok.csv sub/*.csv ok* **/ok*.csv);
confined($elsewhere, "$allowed/$_", '42501')
  foreach qw(link.csv link* ../secret.csv sub/../../secret.csv
  out/x.csv out/none out/* */x.csv ../* environ cwd/PG_VERSION data/PG_VERSION
  data/base ../allowed2/x.csv ../none);
confined($elsewhere, $_, '42501')
  foreach '/etc/passwd', '/etc/none', '/etc/*', '/proc/self/environ', '/',
  "$dir/allowed2/x.csv", "file://$dir/secret.csv",
  "file://$allowed/%2e%2e/secret.csv";
confined($elsewhere, "$allowed/none.csv", '58P01');
confined($elsewhere, "$allowed/none*", '58P01');
confined($elsewhere, "$allowed/broken", '58P01');
confined($elsewhere, "$allowed/sub", '42809');
confined($elsewhere, $allowed, '42809');
confined('/', "$allowed/ok.csv", 'none');
confined('/', $_, '42501')
  foreach '/proc/self/environ', "$allowed/environ", "$allowed/cwd/PG_VERSION", "$allowed/data/PG_VERSION",
  $node->data_dir . '/PG_VERSION', $node->data_dir . '/base/../PG_VERSION';

# A list with errors allows nothing, also if nobody has read the warning.
foreach my $list ('relative', '"unclosed')
{
	fails_with(
		$node,
		"SELECT etl_csv_rows('$file') LIMIT 0; "
		  . "SET pg_etl.allowed_directories = '$list'",
		'22023',
		"$list is no list of directories");
	$node->safe_psql('postgres',
		"ALTER DATABASE postgres SET pg_etl.allowed_directories = '$list'");
	fails_with($node, "SELECT * FROM etl_csv_rows('$file')",
		'42501', "$list allows nothing");
	$node->safe_psql('postgres',
		'ALTER DATABASE postgres RESET pg_etl.allowed_directories');
}
confined('  ', '/etc/passwd', 'none');
is( value(
		"SET pg_etl.allowed_directories = '$allowed'; "
		  . "EXPLAIN (COSTS OFF) SELECT * FROM etl_csv_rows('$dir/long.csv')",
		{ extra_params => [] }),
	"Custom Scan (EtlScan)\n  Format: csv\n  Source: $dir/long.csv",
	'a source outside can be planned');
$node->safe_psql('postgres',
	"ALTER ROLE reader SET pg_etl.allowed_directories = '$allowed'");
is( $estimate->("$dir/long.csv", \%as_reader),
	$estimate->("$dir/none.csv", \%as_reader),
	'its estimate does not depend on what is there');
fails_with(
	$node,
	"SET pg_etl.allowed_directories = '/'; "
	  . "SELECT * FROM etl_csv_rows('$dir/long.csv')",
	'42501',
	'the confinement holds against a setting before the library is loaded',
	%as_reader);
$node->safe_psql('postgres',
	'ALTER ROLE reader RESET pg_etl.allowed_directories');

# A directory in the path changes places with a link to one outside, again and
# again: what is read is never what is outside.
mkdir "$allowed/swap" or die;
write_file("$allowed/swap/x.csv", "GOOD\n1\n");
my $swapper = fork() // die "could not fork: $!";
if ($swapper == 0)
{
	symlink("$dir/out", "$allowed/link") or POSIX::_exit(1);
	while (getppid() != 1)
	{
		rename("$allowed/swap", "$allowed/kept");
		rename("$allowed/link", "$allowed/swap");
		rename("$allowed/swap", "$allowed/link");
		rename("$allowed/kept", "$allowed/swap");
	}
	POSIX::_exit(0);
}
my $outcomes = $node->safe_psql(
	'postgres', qq[
	SET pg_etl.allowed_directories = '$allowed';
	SET client_min_messages = error;
	CREATE TEMP TABLE outcome (what text, state text);
	DO \$\$
	DECLARE
		what text;
	BEGIN
		FOR i IN 1 .. 10000 LOOP
			BEGIN
				SELECT fields[1] INTO STRICT what
				FROM etl_csv_rows('$allowed/swap/x.csv') WHERE line = 1;
				INSERT INTO outcome VALUES (what, '00000');
			EXCEPTION WHEN insufficient_privilege OR undefined_file THEN
				INSERT INTO outcome VALUES (NULL, sqlstate);
			END;
		END LOOP;
	END \$\$;
	SELECT state, what, count(*) FROM outcome GROUP BY 1, 2 ORDER BY 1, 2]);
kill 'KILL', $swapper;
waitpid $swapper, 0;
unlike($outcomes, qr/SECRET/, 'a swapped link never leads outside');
like($outcomes, qr/00000\|GOOD/, 'the file is read at other times');
like($outcomes, qr/42501/, 'and refused at others');
note($outcomes);

# dead letters
my $store = "SELECT count(*) FROM etl_read_csv('$file', NULL::ab, "
  . "on_error => 'dead_letter')";
is(value($store, \%as_reader), 2, 'a user who may not insert stores dead letters');
is(value($store, { extra_params => [] }), 2, 'so does a superuser');
is( value('SELECT owner, convert_from(raw, \'UTF8\') FROM etl.dead_letter',
		\%as_reader),
	'reader|3', 'a user sees own dead letters only');
is(value('SELECT count(*) FROM etl.dead_letter', \%as_other),
	0, 'another user sees none');
is(value('SELECT count(*) FROM etl.dead_letter', { extra_params => [] }),
	2, 'a superuser sees all');
is( value(
		"UPDATE etl.dead_letter SET raw = '3,three' RETURNING record_no",
		\%as_reader),
	3, 'a user repairs own dead letters');
is( value(
		"SELECT count(*) FROM etl.dead_letter WHERE raw = '3,three'",
		{ extra_params => [] }),
	1, 'and no others');
fails_with($node, $_->[0], '42501', $_->[1], %as_reader)
  foreach [ "UPDATE etl.dead_letter SET owner = 'other'", 'not their owner' ],
  [ "UPDATE etl.dead_letter SET status = 'replayed'", 'not their status' ],
  [ 'DELETE FROM etl.dead_letter', 'nor deletes them' ],
  [ 'INSERT INTO etl.dead_letter DEFAULT VALUES', 'nor inserts any' ],
  [ 'TRUNCATE etl.dead_letter', 'nor truncates' ];
$node->safe_psql('postgres', 'GRANT reader TO other');
is(value('SELECT count(*) FROM etl.dead_letter', \%as_other),
	1, 'a member of the owner sees them');
$node->safe_psql('postgres',
	'REVOKE reader FROM other; ALTER ROLE reader RENAME TO former; CREATE ROLE reader LOGIN');
is(value('SELECT count(*) FROM etl.dead_letter', \%as_reader),
	0, 'a new role of the old name does not');

# what a function rejects belongs to whoever's rights it runs with
$node->safe_psql(
	'postgres', qq[
	CREATE FUNCTION stores() RETURNS bigint LANGUAGE sql VOLATILE
		SECURITY DEFINER
		AS \$\$ $store \$\$;
	ALTER FUNCTION stores() OWNER TO former]);
is(value('SELECT stores()', \%as_plain), 2, 'SECURITY DEFINER stores');
is(value('SELECT count(*) FROM etl.dead_letter', \%as_plain),
	0, 'for its owner, not for the caller');
is( value(
		'SELECT count(*) FROM etl.dead_letter',
		{ extra_params => [ '-U', 'former' ] }),
	1, 'who sees them, but not those from before it was renamed');

$node->stop;
done_testing();
