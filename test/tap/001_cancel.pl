# A statement that reads something huge ends when it is told to, whatever it is
# doing at that moment.  That it ended early is judged by how much it has read,
# not by time.

use strict;
use warnings;

use EtlTest;
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $MB = 1024 * 1024;

my $node = new_node('cancel');
my $dir = work_dir();

# Gigabytes of equal lines in few bytes: one member, again and again.
sub huge_gzip
{
	my ($name, $line, $header) = @_;
	my $path = "$dir/$name";

	write_gzip("$path.part", \($line x (8 * $MB / length $line)));
	my $part = read_bytes("$path.part");
	write_gzip("$path.header", \$header) if defined $header;
	write_file($path,
		(defined $header ? read_bytes("$path.header") : '') . $part x 1000);
	return $path;
}

# Many names for one file.
sub many_links
{
	my ($name, $n, $content) = @_;

	mkdir "$dir/$name" or die;
	my $file = write_file("$dir/$name.csv", $content);
	symlink($file, sprintf('%s/%s/%05d.csv', $dir, $name, $_))
	  foreach 1 .. $n;
	return "$dir/$name/*.csv";
}

sub bytes_read
{
	my ($pid) = @_;

	return read_bytes("/proc/$pid/io") =~ /^rchar: (\d+)/m ? $1 : die;
}

my $records = huge_gzip('records.gz', "1,abc,2020-01-01\n", "a,b,c\n");
my $comments = huge_gzip('comments.gz', "# nothing\n", "a,b\n1,2\n");
my $blanks = huge_gzip('blanks.gz', "\n", "a,b\n1,2\n");
my $refused = huge_gzip('refused.gz', '1,' . 'x' x 4000 . "\n", "a,c\n");
my $small = many_links('small', 20_000, "a,b\n" . "1,2\n" x 20_000);
my $large = many_links('large', 400, "a,b\n" . "1,2\n" x (5 * $MB));
my $line = sparse_file("$dir/line.csv", 20_000 * $MB, "a,b\n1,2\n3,");
my $abc = 'AS t(a int, b text, c date)';
my $ab = 'AS t(a int, b text)';
my $rows = "FROM etl_read_csv('$records'";

# name => [statement, bytes of which it must not have read all]
my %readings = (
	'records of a compressed file' =>
	  [ "SELECT count(*), max(c) $rows) $abc", -s $records ],
	'records of plain files' => [
		"SELECT count(*) FROM etl_read_csv('$large', delimiter => ',') $ab",
		400 * 20 * $MB ],
	'files each of which is sniffed' =>
	  [ "SELECT count(*) FROM etl_csv_rows('$small')", 20_000 * 80_000 ],
	'one line' => [
		"SELECT count(*) FROM etl_read_csv('$line', on_error => 'skip') $ab",
		-s $line ],
	'comment lines' => [
		"SELECT count(*) FROM etl_read_csv('$comments', comment => '#',"
		  . " delimiter => ',') $ab",
		-s $comments ],
	'blank lines' =>
	  [ "SELECT count(*) FROM etl_read_csv('$blanks') $ab", -s $blanks ],
	'lines that are skipped' => [
		"SELECT count(*) $rows, skip => 2000000000, header => false) $abc",
		-s $records ],
	'records that are rejected' => [
		"SELECT count(*) FROM etl_read_csv('$refused', on_error => 'skip')"
		  . ' AS t(a int, c date)',
		-s $refused ],
	'a function scan' => [
		"SELECT count(*) FROM ROWS FROM (etl_read_csv('$records')"
		  . ' AS (a int, b text, c date), generate_series(1, 2)) t',
		-s $records ],
	'a query in PL/pgSQL' => [
		"DO \$\$ BEGIN PERFORM count(*) $rows) $abc; END \$\$",
		-s $records ]);

# Starts a reading and waits until it is under way.
sub start_reading
{
	my ($session, $sql, $all) = @_;
	my $before = bytes_read($session->pid);

	$session->begin($sql);
	wait_until(
		sub {
			$session->has_ended
			  || bytes_read($session->pid) > $before + $all / 40;
		});
	return $before;
}

my $session = EtlTest::Session->new($node);
foreach my $name (sort keys %readings)
{
	my ($sql, $all) = @{ $readings{$name} };

	my $before = start_reading($session, $sql, $all);
	$node->safe_psql('postgres',
		'SELECT pg_cancel_backend(' . $session->pid . ')');
	my ($out, $err) = $session->end;
	like($err, qr/ERROR:  57014: .*user request/, "cancel while reading $name");
	cmp_ok(bytes_read($session->pid) - $before,
		'<', $all, "most of $name was not read");

	# the first statement of a session also loads the library
	$before = bytes_read($session->pid);
	$session->query("SET statement_timeout = '300ms'");
	($out, $err) = $session->query($sql);
	$session->query('RESET statement_timeout');
	like($err, qr/ERROR:  57014: .*statement timeout/,
		"statement_timeout while reading $name");
	cmp_ok(bytes_read($session->pid) - $before,
		'<', $all, "most of $name was not read by then");
}
is($session->query('SELECT 1'), '1', 'the session can be used afterwards');

foreach my $name ('one line', 'records of a compressed file',
	'records that are rejected')
{
	my $victim = EtlTest::Session->new($node);
	my ($sql, $all) = @{ $readings{$name} };

	start_reading($victim, $sql, $all);
	$node->safe_psql('postgres',
		'SELECT pg_terminate_backend(' . $victim->pid . ')');
	my ($out, $err) = $victim->end;
	like($err, qr/FATAL:  57P01:/, "terminate while reading $name");
	wait_until(sub { !-e '/proc/' . $victim->pid });
	pass("the process that was reading $name is gone");
}

# links that lead in circles make the walk of a pattern endless
mkdir "$dir/circle" or die;
symlink('.', "$dir/circle/$_") or die foreach qw(a b);
my $pattern = "$dir/circle" . '/*' x 35 . '/none';
foreach my $sql ("SELECT * FROM etl_csv_rows('$pattern')",
	"EXPLAIN SELECT * FROM etl_csv_rows('$pattern')")
{
	my $sleeper = EtlTest::Session->new($node);

	$session->query("SET statement_timeout = '300ms'");
	my ($out, $err) = $session->query($sql);
	like($err, qr/ERROR:  57014:/, 'statement_timeout in a walk: ' . substr $sql, 0, 7);
	$session->query('RESET statement_timeout');

	$sleeper->begin($sql);
	$node->poll_query_until('postgres',
		'SELECT state = \'active\' FROM pg_stat_activity WHERE pid = '
		  . $sleeper->pid);
	$node->safe_psql('postgres',
		'SELECT pg_terminate_backend(' . $sleeper->pid . ')');
	($out, $err) = $sleeper->end;
	like($err, qr/FATAL:  57P01:/, 'terminate in a walk: ' . substr $sql, 0, 7);
}

# opening a named pipe would wait for somebody who writes to it
mkfifo("$dir/pipe.csv", 0600) or die;
foreach my $source ("$dir/pipe.csv", "$dir/pip*.csv")
{
	fails_with($node,
		"SELECT * FROM etl_csv_rows(@{[quote_literal($source)]})",
		'42809', "a named pipe is refused: $source");
}
is( $session->query(
		"EXPLAIN (COSTS OFF) SELECT * FROM etl_csv_rows('$dir/pipe.csv')"),
	"Custom Scan (EtlScan)\n  Format: csv\n  Source: $dir/pipe.csv",
	'planning does not wait for a named pipe either');

$session->quit;
$node->stop;
done_testing();
