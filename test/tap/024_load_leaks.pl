# Whatever way a load ends, it leaves no descriptor, lock or memory behind; and
# a large load takes no more memory than a small one, however much is rejected.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# how often each kind of end is tried, twice
my $ROUNDS = 100;

# what the larger load may take more, in kB
my $ALLOWANCE = 5 * 1024;

my $node = new_node('load_leaks', 'max_files_per_process = 100',
	'max_wal_size = 4GB', 'shared_buffers = 64MB');
my $dir = work_dir();

my $good = write_lines("$dir/good.csv", 501,
	sub { $_[0] == 1 ? "id,p\n" : $_[0] - 1 . ",1\n" });
my $mixed = write_lines("$dir/mixed.csv", 501, sub {
	my $i = $_[0] - 1;
	return $i == 0 ? "id,p\n" : $i % 9 == 0 ? "x,1\n" : $i % 7 == 0 ? "$i,99\n"
	  : $i % 5 == 0 ? "1,1\n" : "$i,1\n";
});
write_gzip("$dir/cut.csv.gz", $good);
my $gzip = read_bytes("$dir/cut.csv.gz");
write_file("$dir/cut.csv.gz", substr($gzip, 0, length($gzip) / 2));

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1);
CREATE TABLE plain (id int, p int);
CREATE TABLE target (id int PRIMARY KEY, p int REFERENCES parent);
CREATE TABLE parts (id int PRIMARY KEY, p int REFERENCES parent)
	PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE parts_2 (p int, id int NOT NULL);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (100) TO (400);
CREATE TABLE large (id bigint, v int, t text);
CREATE TABLE keyed (id bigint PRIMARY KEY, v int, t text);
CREATE VIEW through AS SELECT * FROM target WHERE id < 450 WITH CHECK OPTION;
CREATE TABLE statement (id int, p int);
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'refused'; END $$;
CREATE TRIGGER fail AFTER INSERT ON statement EXECUTE FUNCTION fail();
CREATE TABLE before (LIKE plain);
CREATE TRIGGER fail BEFORE INSERT ON before FOR EACH ROW
	WHEN (new.id % 50 = 0) EXECUTE FUNCTION fail();
CREATE TABLE after (LIKE plain);
CREATE TRIGGER fail AFTER INSERT ON after FOR EACH ROW
	WHEN (new.id % 50 = 0) EXECUTE FUNCTION fail();
SQL

my $load = sub {
	my ($target, $path, $more) = @_;
	return "PERFORM etl_load('$target', '$dir/$path', "
	  . "options => '{\"header\": true}'" . ($more // '') . ')';
};

# name => [statement, condition that it raises]
my %ends = (
	'good records' => [ $load->('plain', 'good.csv') ],
	(map { ("good and bad records, $_" => [ $load->($_, 'mixed.csv') ]) }
		qw(plain target parts through before after)),
	'skipped' => [ $load->('target', 'mixed.csv', ", on_error => 'skip'") ],
	'replaced' => [ $load->('target', 'mixed.csv', ", mode => 'replace'") ],
	'a query' => [ "PERFORM etl_load_query('parts', 'SELECT i AS id, i % 3 AS p FROM generate_series(1, 500) i')" ],
	'a query that fails' => [
		"PERFORM etl_load_query('parts', 'SELECT 1 / (400 - i) AS id, 1 AS p FROM generate_series(1, 500) i')",
		'division_by_zero' ],
	'aborted' => [
		$load->('target', 'mixed.csv', ", on_error => 'abort'"), 'foreign_key_violation OR invalid_text_representation' ],
	'limit' => [ $load->('target', 'mixed.csv', ', reject_limit => 20'), "sqlstate 'XE001'" ],
	'limit at the end' => [
		$load->('parts', 'mixed.csv', ', reject_limit_percent => 1'), "sqlstate 'XE001'" ],
	'a broken source' => [ $load->('parts', 'cut.csv.gz'), 'bad_copy_file_format' ],
	'no source' => [ $load->('target', 'none.csv'), 'undefined_file' ],
	'a statement trigger that fails' => [ $load->('statement', 'good.csv'), 'raise_exception' ],
	'an unknown mode' => [ $load->('target', 'good.csv', ", mode => 'x'"), 'invalid_parameter_value' ]);

my $session = EtlTest::Session->new($node);
$session->query('SET client_min_messages = error');

# Each end so many times, each in a subtransaction that is rolled back.
sub block
{
	my $body = '';

	foreach my $name (@_)
	{
		my ($sql, $condition) = @{ $ends{$name} };

		$body .= $condition
		  ? "BEGIN $sql; RAISE 'nothing raised' USING ERRCODE = 'XX111'; EXCEPTION WHEN $condition THEN NULL; END;\n"
		  : "BEGIN $sql; RAISE 'undo' USING ERRCODE = 'XX222'; EXCEPTION WHEN sqlstate 'XX222' THEN NULL; END;\n";
	}
	return "DO \$\$ BEGIN FOR i IN 1 .. $ROUNDS LOOP\n$body END LOOP; END \$\$";
}

my $locks = 'SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() '
  . "AND locktype <> 'virtualxid' AND relation <> 'pg_locks'::regclass";
my @all = sort keys %ends;
my ($out, $err) = $session->query(block(@all));
is($err, '', "all ends came about $ROUNDS times");
my $held = $session->query($locks);
my $memory = rss_anon($session->pid);
($out, $err) = $session->query(block(@all));
is($err, '', 'and again');
is(count_fds($session->pid, $dir), 0, 'no descriptor is left open');
is($session->query($locks), $held, 'no lock is left');
cmp_ok(rss_anon($session->pid) - $memory, '<', 1024,
	'memory has not grown by as much as a megabyte');

# each a transaction of its own, that commits or fails
foreach my $name (@all)
{
	my $sql = $ends{$name}[0] =~ s/^PERFORM/SELECT count(*) FROM/r;

	$session->query($sql) foreach 1 .. 5;
}
is(count_fds($session->pid, $dir), 0, 'nor do transactions leave any');
is($session->query($locks), $held, 'nor locks');
$session->quit;

# The most that a process has while it loads.
sub peak
{
	my ($sql) = @_;
	my $session = EtlTest::Session->new($node);
	my $peak = 0;

	$session->query('SET client_min_messages = error; SET work_mem = 64; '
		  . 'TRUNCATE large, keyed, etl.dead_letter');
	$session->query("SELECT * FROM etl_load('large', '$good')");
	$session->begin($sql);
	until ($session->has_ended)
	{
		my $now = rss_anon($session->pid);
		$peak = $now if $now > $peak;
		select undef, undef, undef, 0.005;
	}
	my ($out, $err) = $session->end;
	$session->quit;
	is($err, '', 'no error') if $err;
	return ($peak, $out);
}

# both fill a batch
my $SMALL = 300_000;
my $LARGE = 2_000_000;
foreach my $percent (0, 1, 50)
{
	my %peak;
	my @cases = $percent == 50 && !$ENV{CHECK_LONG} ? 'large' : qw(large keyed);

	foreach my $n ($SMALL, $LARGE)
	{
		# half a block, for it is the records' number that is large
		my $lines = '';
		write_lines("$dir/rows.csv", $n / 200 + 1, sub {
			return "id,v,t\n" if $_[0] == 1;
			my $i = 200 * ($_[0] - 2);
			return join '', map {
				($percent && $_ % (100 / $percent) == 0)
				  ? $i + $_ . ",x,t\n" : $i + $_ . ",$_,t\n"
			} 1 .. 200;
		});
		foreach my $target (@cases)
		{
			my ($peak, $out) = peak(
				"SELECT rows_read, rows_rejected FROM etl_load('$target', "
				  . "'$dir/rows.csv', options => '{\"header\": true}')");
			is($out, $n . '|' . $n * $percent / 100,
				"$target, $n rows, $percent % bad");
			push @{ $peak{$target} }, $peak;
		}
	}
	foreach my $target (@cases)
	{
		my ($small, $large) = @{ $peak{$target} };
		cmp_ok($large - $small, '<', $ALLOWANCE,
			"$target, $percent % bad: $large kB for $LARGE rows, $small kB for $SMALL");
	}
}

# where it is the target that refuses, and where a query is loaded
foreach my $case (
	[ 'duplicates', 'keyed', 'SELECT i - i % 2 AS id, 1 AS v FROM generate_series(1, N) i' ],
	[ 'a few duplicates', 'keyed', 'SELECT i - (i % 50)::int / 49 AS id, 1 AS v FROM generate_series(1, N) i' ],
	[ 'values', 'large', "SELECT i AS id, CASE WHEN i % 2 = 0 THEN ''x'' ELSE ''1'' END AS v FROM generate_series(1, N) i" ])
{
	my ($name, $target, $query) = @$case;
	my @peaks;

	foreach my $n (300_000, 900_000)
	{
		my ($peak, $out) = peak("SELECT rows_read - rows_inserted - rows_rejected, "
			  . "rows_rejected > 0 FROM etl_load_query('$target', '"
			  . $query =~ s/\bN\b/$n/r . "')");
		is($out, '0|t', "$name, $n rows");
		push @peaks, $peak;
	}
	cmp_ok($peaks[1] - $peaks[0], '<', $ALLOWANCE,
		"$name that are refused: $peaks[1] kB for 900000, $peaks[0] kB for 300000");
}

$node->stop;
unlike(read_bytes($node->logfile), qr/reference leak|still referenced|not closed|PANIC|TRAP|was terminated/,
	'the server warns of nothing');
done_testing();
