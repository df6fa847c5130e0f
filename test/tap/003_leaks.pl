# Whatever way a reading ends, it leaves no descriptor, lock or memory behind.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# how often each kind of end is tried, twice
my $ROUNDS = 200;

my $node = new_node('leaks', 'max_files_per_process = 100');
my $dir = work_dir();

my $good = write_file("$dir/good.csv",
	"a,b\n" . join('', map { "$_,2020-01-01\n" } 1 .. 5000));
write_file("$dir/bad.csv", "a,b\n1,2020-01-01\n2,no date\n");
write_file("$dir/ragged.csv", "a,b\n1,2020-01-01\n2\n");
write_file("$dir/bytes.csv", "a,b\n1,2020-01-01\n2,\xff\xfe\n");
write_gzip("$dir/good.csv.gz", $good);
my $gzip = read_bytes("$dir/good.csv.gz");
write_file("$dir/cut.csv.gz", substr($gzip, 0, length($gzip) / 2));
mkdir "$dir/two" or die;
write_file("$dir/two/$_", read_bytes("$dir/$_")) foreach qw(bad.csv good.csv);

my $ab = 'AS t(a int, b date)';
my $read = sub { "PERFORM * FROM etl_read_csv('$dir/$_[0]'$_[1]) $ab" };

# name => [statement, conditions that it raises]
my %ends = (
	'missing file' => [ $read->('none.csv', ''), 'undefined_file' ],
	'missing match' => [ $read->('none*.csv', ''), 'undefined_file' ],
	'directory' => [ $read->('two', ''), 'wrong_object_type' ],
	'unknown option' => [
		$read->('good.csv', ", options => '{\"x\": 1}'"),
		'invalid_parameter_value' ],
	'unknown column' => [
		"PERFORM * FROM etl_read_csv('$good') AS t(a int, x int)",
		'undefined_column' ],
	'bad value' => [ $read->('bad.csv', ''), 'invalid_datetime_format' ],
	'bad value in a pattern' =>
	  [ $read->('two/*.csv', ''), 'invalid_datetime_format' ],
	'bad record' => [ $read->('ragged.csv', ''), 'bad_copy_file_format' ],
	'bad bytes' =>
	  [ $read->('bytes.csv', ''), 'character_not_in_repertoire' ],
	'cut off gzip' => [ $read->('cut.csv.gz', ''), 'bad_copy_file_format' ],
	'too many rejects' => [
		$read->('bad.csv', ", on_error => 'skip', reject_limit => 0"),
		'sqlstate \'XE001\'' ],
	'error after dead letters' => [
		"PERFORM 1 / (a - 1) FROM etl_read_csv('$dir/bad.csv', "
		  . "on_error => 'dead_letter') $ab",
		'division_by_zero' ],
	'error in the query' => [
		"PERFORM 1 / (a - 3) FROM etl_read_csv('$dir/good.csv.gz') $ab",
		'division_by_zero' ],
	'error beside a function scan' => [
		"PERFORM 1 / (a - 3) FROM ROWS FROM (etl_read_csv('$good') "
		  . 'AS (a int, b date), generate_series(1, 2)) t',
		'division_by_zero' ],
	'error beside a target list' => [
		'PERFORM 1 / ((s.x).line - 3) FROM '
		  . "(SELECT etl_csv_rows('$dir/good.csv.gz') AS x OFFSET 0) s",
		'division_by_zero' ],
	'limit' => [ $read->('good.csv', '') . ' LIMIT 3' ],
	'limit, compressed' => [ $read->('good.csv.gz', '') . ' LIMIT 3' ],
	'limit on a target list' =>
	  ["PERFORM etl_csv_rows('$dir/good.csv.gz') LIMIT 3"],
	'exists' => ["PERFORM EXISTS (SELECT FROM etl_csv_rows('$good'))"],
	'cursor left open' => [
		"FOR r IN SELECT * FROM etl_csv_rows('$dir/good.csv.gz') LOOP EXIT; "
		  . 'END LOOP' ],
	'rescans' => [
		"PERFORM * FROM generate_series(1, 3) g, LATERAL (SELECT * "
		  . "FROM etl_csv_rows('$good') OFFSET g LIMIT 2) s" ],
	'skipped records' =>
	  [ $read->('bad.csv', ", on_error => 'skip'") ]);

# A block that makes each end happen so many times, each in a subtransaction.
sub block
{
	my @names = @_;
	my $body = '';

	foreach my $name (@names)
	{
		my ($sql, $condition) = @{ $ends{$name} };

		$body .= $condition
		  ? "BEGIN $sql; RAISE 'nothing raised'; EXCEPTION WHEN $condition THEN NULL; END;\n"
		  : "BEGIN $sql; EXCEPTION WHEN query_canceled THEN NULL; END;\n";
	}
	return "DO \$\$ DECLARE r record; BEGIN FOR i IN 1 .. $ROUNDS LOOP\n"
	  . "$body END LOOP; END \$\$";
}

my $session = EtlTest::Session->new($node);
$session->query('SET client_min_messages = error');
my $locks = 'SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() '
  . "AND locktype <> 'virtualxid' AND relation <> 'pg_locks'::regclass";

# Memory is compared after the first half and after the second, so what is
# cached or grows once doesn't count.
my @all = sort keys %ends;
my ($out, $err) = $session->query(block(@all));
is($err, '', "all ends came about $ROUNDS times");
my $held = $session->query($locks);
my $memory = rss_anon($session->pid);

($out, $err) = $session->query(block(@all));
is($err, '', 'and again');
is(count_fds($session->pid, $dir), 0, 'no descriptor is left open');
is($session->query($locks), $held, 'no lock is left');
cmp_ok(rss_anon($session->pid) - $memory,
	'<', 1024, 'memory has not grown by as much as a megabyte');

# in one transaction that is then rolled back, and one that goes on
$session->query('BEGIN');
$session->query(block(@all));
is(count_fds($session->pid, $dir), 0, 'none within a transaction');
$session->query('SAVEPOINT s');
$session->query("DECLARE c CURSOR FOR SELECT * FROM etl_csv_rows('$good')");
$session->query('FETCH 2 FROM c');
is(count_fds($session->pid, $dir), 1, 'a cursor holds its file open');
$session->query('ROLLBACK TO s');
is(count_fds($session->pid, $dir), 0, 'until the savepoint it belongs to is gone');
$session->query("DECLARE c CURSOR FOR SELECT * FROM etl_csv_rows('$good')");
$session->query('FETCH 2 FROM c');
$session->query('CLOSE c');
is(count_fds($session->pid, $dir), 0, 'or until it is closed');
$session->query('ROLLBACK');

# a cursor outlives a later savepoint's end
$session->query('BEGIN');
$session->query("DECLARE c CURSOR FOR SELECT line FROM etl_csv_rows('$dir/good.csv.gz', delimiter => ',')");
is($session->query('FETCH 1 FROM c'), '1', 'a cursor starts');
$session->query('SAVEPOINT s');
$session->query('SELECT 1 / 0');
$session->query('ROLLBACK TO s');
is($session->query('MOVE 4000 FROM c; FETCH 1 FROM c'),
	'4002', 'and goes on after a savepoint was rolled back');
$session->query('COMMIT');
is(count_fds($session->pid, $dir), 0, 'its descriptor is gone after that');

# a statement that is cancelled while it has several sources open
$session->query("SET statement_timeout = '20ms'");
my $cancelled = 0;
foreach my $i (1 .. 20)
{
	($out, $err) = $session->query(
		"SELECT count(*) FROM etl_csv_rows('$dir/good.csv.gz') x, "
		  . "LATERAL etl_csv_rows('$good') y, "
		  . "LATERAL etl_csv_rows('$dir/good.csv.gz') z");
	$cancelled++ if $err =~ /57014/;
}
$session->query('RESET statement_timeout');
is($cancelled, 20, 'nested readings are cancelled');
is(count_fds($session->pid, $dir), 0, 'and have closed their files');

# top-level statements that fail, each a transaction of its own
foreach my $name (grep { $ends{$_}[1] } @all)
{
	my $sql = $ends{$name}[0] =~ s/^PERFORM/SELECT/r;

	$session->query($sql) foreach 1 .. 20;
}
is(count_fds($session->pid, $dir), 0, 'nor do failing transactions leave any');
is($session->query($locks), $held, 'nor locks');

# more sources at a time than there are descriptors
my $many = join ' UNION ALL ',
  ("SELECT 1 FROM etl_csv_rows('$good') t(l, f) WHERE l = 1") x 150;
($out, $err) = $session->query("SELECT count(*) FROM ($many) s");
is($out, '150', 'sources that are read one after the other');
my $joined = join ', ',
  map { "LATERAL (SELECT FROM etl_csv_rows('$good') LIMIT 1) t$_" } 1 .. 150;
($out, $err) = $session->query("SET join_collapse_limit = 1; "
	  . "SET from_collapse_limit = 1; SELECT count(*) FROM $joined");
like($err . $out, qr/ERROR:  53000: too many files are open|^1$/,
	'sources that are all open are read, or it is said why not');
is(count_fds($session->pid, $dir), 0, 'and are all closed');

$session->quit;
$node->stop;
done_testing();
