# What may go wrong while several processes read: somebody cancels, a process is
# ended, a file is replaced, nearly all is rejected, enough has been read.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $MB = 1024 * 1024;

my $node = new_node(
	'parallel_faults',
	'max_parallel_workers = 8',
	'max_parallel_workers_per_gather = 2',
	'min_parallel_table_scan_size = 0',
	'parallel_setup_cost = 0',
	'parallel_tuple_cost = 0',
	'cpu_tuple_cost = 1');
my $dir = work_dir();
my $session = EtlTest::Session->new($node);
my $ab = 'AS t(a int, b text)';

sub bytes_read
{
	my ($pid) = @_;

	return read_bytes("/proc/$pid/io") =~ /^rchar: (\d+)/m ? $1 : die;
}

# The processes that run parts of the session's statement.
sub workers
{
	return split /\n/, $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker'"
		  . ' AND leader_pid = ' . $session->pid);
}

sub temporary_files
{
	my @files = glob($node->data_dir . '/base/pgsql_tmp/*');

	return scalar @files;
}

# Nothing of a statement is left.
sub is_clean
{
	my ($name) = @_;

	wait_until(sub { !workers() });
	is(temporary_files(), 0, "no temporary files are left: $name");
	is($session->query('SELECT 1'), '1', "the session can be used: $name");
	return;
}

# A file that is large by its many names.
mkdir "$dir/large" or die;
my $large = write_file("$dir/large.csv",
	"a,b\n" . "1,\"two\nlines\"\nx,y\n" x ($MB / 2));
symlink($large, sprintf('%s/large/%04d.csv', $dir, $_)) foreach 1 .. 500;
my $all = 500 * -s $large;
my $reading = "SELECT count(a) FROM etl_read_csv('$dir/large/*.csv', "
  . "delimiter => ',', on_error => 'dead_letter') $ab";

# ---- cancelled, ended ----

sub start_reading
{
	my $before = bytes_read($session->pid);

	$session->begin($reading);
	wait_until(
		sub {
			$session->has_ended
			  || bytes_read($session->pid) > $before + 20 * $MB;
		});
	return $before;
}

my $before = start_reading();
my @workers = workers();
cmp_ok(scalar @workers, '>', 0, 'there are workers');
cmp_ok(temporary_files(), '>', 0, 'and files of rejects');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . $session->pid . ')');
my ($out, $err) = $session->end;
like($err, qr/ERROR:  57014: .*user request/, 'cancel while all are reading');
cmp_ok(bytes_read($session->pid) - $before, '<', $all / 3, 'most was not read');
is_clean('cancel');
is($session->query('SELECT count(*) FROM etl.dead_letter'),
	0, 'nothing was kept of a statement that was cancelled');

start_reading();
@workers = workers();
$node->safe_psql('postgres', "SELECT pg_terminate_backend($workers[0])");
($out, $err) = $session->end;
like($err, qr/(ERROR|FATAL):  (57P01|XX000|55000|08006): /,
	'the statement fails if a worker is ended');
is_clean('a worker was ended');

# ---- replaced ----

# True as soon as there is a file of that name.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION exists_at_last(path text) RETURNS boolean LANGUAGE plpgsql
STABLE PARALLEL SAFE AS
$$
BEGIN
	WHILE (pg_stat_file(path, true)).size IS NULL LOOP
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN true;
END
$$;
SQL
mkdir "$dir/two" or die;
write_file("$dir/two/1.csv", "a,b\n1,first\n");
write_file("$dir/two/2.csv", "a,b\n" . "2,second\n" x 1000);
$session->query('SET pg_etl.parallel_piece_size = 1000');
$session->begin(
	"SELECT count(*) FROM etl_read_csv('$dir/two/*.csv', delimiter => ',') "
	  . "$ab WHERE exists_at_last('$dir/' || b)");
# one waits in the first file, the other in the second
wait_until(
	sub {
		my @opened =
		  map { readlink $_ // '' }
		  map { glob("/proc/$_/fd/*") } ($session->pid, workers());
		(grep { /two\/1/ } @opened) && (grep { /two\/2/ } @opened);
	});
write_file("$dir/new.csv", "a,b\n" . "2,second\n" x 1000);
rename("$dir/new.csv", "$dir/two/2.csv") or die;
write_file("$dir/first", 'x');
($out, $err) = $session->end;
like($err, qr/ERROR:  58030: file ".*2\.csv" was replaced while it was being read/,
	'two processes never read two files of one name');
$session->query('RESET pg_etl.parallel_piece_size');
is_clean('a file was replaced');

# ---- rejects ----

# The largest of the processes of a statement, in kB.
sub peak_of
{
	my ($sql) = @_;
	my $peak = 0;

	$session->begin($sql);
	wait_until(
		sub {
			foreach my $pid ($session->pid, workers())
			{
				my $size = eval { rss_anon($pid) } // 0;
				$peak = $size if $size > $peak;
			}
			return $session->has_ended;
		});
	return ($peak, $session->end);
}

# Reads a file of so many lines, all of which are rejected.
sub reject_all
{
	my ($n) = @_;
	my $path = write_lines("$dir/bad-$n.csv", $n + 1,
		sub { $_[0] == 1 ? "a,b\n" : "$_[0] is bad," . 'x' x 100 . "\n" });
	my ($peak, $text, $said) = peak_of(
		"SELECT count(a) FROM etl_read_csv('$path', on_error => 'dead_letter') $ab");

	is($text, '0', "all of $n records are rejected");
	like($said, qr/$n of $n records were rejected\nDETAIL: .* line 2, column a/,
		'the warning tells it');
	my $bytes = (-s $path) - length("a,b\n") - $n;
	is( $session->query(
			'SELECT count(*), count(DISTINCT line), min(line), max(line),
			count(DISTINCT dead_letter_id - record_no), sum(length(raw))
			FROM etl.dead_letter'),
		join('|', $n, $n, 2, $n + 1, 1, $bytes),
		'and all are kept, in their order');
	$session->query('TRUNCATE etl.dead_letter RESTART IDENTITY');
	return $peak;
}

my $peak_of_few = reject_all(2_000);
my $peak_of_many = reject_all(150_000);
cmp_ok($peak_of_many, '<', $peak_of_few + 4096,
	"memory doesn't depend on the number of rejects");
is_clean('rejects');

# ---- enough ----

$session->query('SET pg_etl.parallel_piece_size = 10000');
my $plan = $session->query(
	'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM '
	  . "etl_read_csv('$large', on_error => 'skip', delimiter => ',') $ab LIMIT 30");
like($plan, qr/Gather.*Parallel Custom Scan/s, 'a LIMIT above a parallel scan');
cmp_ok($plan =~ /Bytes: (\d+)/ ? $1 : $all, '<', (-s $large) / 2,
	'ends the reading');
is_clean('LIMIT');

$session->quit;
$node->stop;
done_testing();
