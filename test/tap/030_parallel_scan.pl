# Random files are read by several processes as by one: the same rows with the
# same places, the same rejects, the same warning, the same figures.
#
# The pieces are so small that most of their borders fall inside records, and
# many inside quoted fields.  Each round's dice depend on its number only:
# ROUNDS="17" prove 030_parallel_scan.pl.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @rounds = split ' ', $ENV{ROUNDS} // '';
@rounds = (1 .. ($ENV{CHECK_LONG} ? 2000 : 120)) unless @rounds;

my $node = new_node('parallel_scan', 'max_parallel_workers = 8');
my $dir = work_dir();
my $session = EtlTest::Session->new($node);

# Runs statements that must not fail; returns what they wrote and said.
sub run_sql
{
	my ($sql) = @_;
	my ($out, $err) = $session->query($sql);

	die "$sql\n$err" if $err =~ /ERROR/;
	return wantarray ? ($out, $err) : $out;
}

sub pick
{
	return $_[ int rand @_ ];
}

sub rarely
{
	return int(rand $_[0]) == 0;
}

run_sql(<<'SQL');
CREATE TABLE result (process text, a int, b text, etl_line bigint,
	etl_record_no bigint, etl_offset bigint, etl_source text, etl_raw text);
CREATE TABLE rejected (process text, LIKE etl.dead_letter);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
-- even of the smallest file
SET cpu_tuple_cost = 10;
SQL

# ---- files ----

my @words = ('', 'x', 'word', 'two words', 'a,b', '; ', ' ', "\t", 'e' x 70);
my @special = ('"', "\n", "\r", "\r\n", "\"\n,", ",\n1,", "\n\n", '""');

sub csv_text
{
	my ($d) = @_;
	my $text = join '', map { pick(@words) } 1 .. pick(0, 1, 1, 2, 5);

	$text .= pick(@special) . pick(@words) if rand() < $d->{special};
	$text =~ s/"/""/g;
	return "\"$text\"" if $text =~ /[",;\t\r\n]/ || rand() < $d->{quoted};
	return $text;
}

# A line that is no good record, or no record at all.
sub csv_odd_line
{
	my ($d) = @_;

	return pick(
		'', ' ', "  \t", "7$d->{delimiter}in \"quotes\"", '8',
		"x$d->{delimiter}y", "9$d->{delimiter}z$d->{delimiter}more",
		"10$d->{delimiter}\"open" . ($d->{open} ? '' : '"'),
		"11$d->{delimiter}\"a\" b",
		"12$d->{delimiter}\xff", "13$d->{delimiter}\0");
}

sub csv_file
{
	my ($delimiter) = @_;
	my %d = (
		delimiter => $delimiter,
		ends => pick([ "\n" ], [ "\n" ], [ "\r\n" ], [ "\r" ],
			[ "\n", "\r\n", "\r" ]),
		special => pick(0, 0.05, 0.5),
		quoted => pick(0, 0.3, 1),
		odd => pick(0, 0, 0.02, 0.2),
		open => rarely(4));
	my $text = rarely(5) ? "\xef\xbb\xbf" : '';
	my $end = '';

	$text .= "a$d{delimiter}b" . $d{ends}[0];
	foreach my $i (1 .. pick(1, 20, 300, 2000))
	{
		$end = pick(@{ $d{ends} });
		$text .= (
			rand() < $d{odd}
			? csv_odd_line(\%d)
			: "$i$d{delimiter}" . csv_text(\%d)) . $end;
	}
	$text = substr($text, 0, -length $end) if rarely(3);
	return ($text,
		"etl_read_csv(%s, delimiter => '$d{delimiter}', quote => '\"',
			escape => '\"', header => true, header_rows => 1, skip => 0,
			stop_at_blank => false%s)");
}

sub json_text
{
	my $text = join '', map { pick(@words, '{', '}', '\\"', '\\\\', '[', 'é') }
	  1 .. pick(0, 1, 1, 2, 5);

	$text =~ s/\t/\\t/g;
	return $text;
}

sub json_record
{
	my ($i) = @_;

	return pick(
		"{\"a\": $i, \"b\": \"" . json_text() . '"}',
		"{\"b\":\"" . json_text() . "\",\"a\":$i}",
		"{\"a\": $i, \"c\": [{\"b\": \"" . json_text() . '"}, [], {}] }',
		"{\"a\":$i,\"b\":{\"b\":[1,2,\"" . json_text() . '"]}}');
}

sub json_odd_line
{
	my ($d) = @_;

	return pick(
		'', ' ', "\t \r", '{"a": 1', '{"a": "x"}', '{"a": 1}}', '{"a": 1,, }',
		'{"a": 2, "b": "open}', '[1, 2]', '"text"', '17', 'nothing', '}{',
		"{\"a\": 3, \"b\": \"\xff\"}", '{"a": 4, "b": "\\x"}',
		'{"a": 5},{"a": 6}',
		$d->{shared} ? ('{"a": 7} {"a": 8}', "{\"a\":\n9}") : ());
}

sub json_file
{
	my %d = (
		ends => pick([ "\n" ], [ "\n" ], [ "\r\n" ], [ "\n", "\r\n", "\n\n" ]),
		odd => pick(0, 0, 0.02, 0.2),
		shared => rarely(3));
	my $text = "{\"a\": 0, \"b\": \"first\"}\n";
	my $strict = rarely(2) ? ", format => 'ndjson'" : '';

	foreach my $i (1 .. pick(1, 20, 300, 2000))
	{
		$text .= (rand() < $d{odd} ? json_odd_line(\%d) : json_record($i))
		  . pick(@{ $d{ends} });
	}
	chomp $text if rarely(3);
	return ($text, "etl_read_json(%s$strict%s)");
}

# ---- reading ----

sub differences
{
	my ($table, $columns) = @_;
	my $one = "SELECT $columns FROM $table WHERE process = 'one'";
	my $many = "SELECT $columns FROM $table WHERE process = 'many'";

	return run_sql("SELECT count(*) FROM (($one EXCEPT ALL $many)
		UNION ALL ($many EXCEPT ALL $one)) s");
}

# Runs the query that is prepared; returns what was said.
sub read_with
{
	my ($process) = @_;
	my (undef, $said) = run_sql('CREATE TABLE seen AS EXECUTE reading');

	run_sql("INSERT INTO result SELECT '$process', s.* FROM seen AS s;
		INSERT INTO rejected SELECT '$process', * FROM etl.dead_letter;
		DROP TABLE seen; DELETE FROM etl.dead_letter");
	$said =~ s/^(LOCATION.*|psql:<stdin>:\d+: )$//mg;
	return $said;
}

# The plan of the query that is prepared, after it was run.
sub plan_of_run
{
	my $plan = run_sql('EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF,
		SUMMARY OFF) EXECUTE reading');

	run_sql('DELETE FROM etl.dead_letter');
	return $plan;
}

# What a plan tells of all processes together.
sub figures
{
	return join ' ', $_[0] =~ /^ *((?:Items|Bytes|Records|Rejects|Dialect): .*)$/mg;
}

my $divided = 0;
my $failed = 0;
foreach my $round (@rounds)
{
	srand $round;
	my ($kind, @files) = pick('csv', 'json');
	my ($call, $text);
	my $n = pick(1, 1, 1, 4);
	my $delimiter = pick(',', ',', ';', "\t");

	foreach my $i (1 .. $n)
	{
		($text, $call) = $kind eq 'csv' ? csv_file($delimiter) : json_file();
		push @files, write_file("$dir/$round-$i.$kind", $text);
	}
	my $source = $n == 1 ? $files[0] : "$dir/$round-*.$kind";
	my $on_error = pick('dead_letter', 'dead_letter', 'skip', 'null');
	my $query = 'SELECT * FROM '
	  . sprintf($call, quote_literal($source), ", on_error => '$on_error'")
	  . ' AS t(a int, b text, etl_line bigint, etl_record_no bigint,
		etl_offset bigint, etl_source text, etl_raw text)';
	my $size = pick(1, 7, 64, 100, 300, 5000, 100000);
	my $workers = pick(1, 2, 3);

	run_sql("TRUNCATE result, rejected;
		DELETE FROM etl.dead_letter;
		SET max_parallel_workers_per_gather = 0;
		PREPARE reading AS $query");
	my $said_by_one = read_with('one');
	my $figures_of_one = figures(plan_of_run());
	run_sql("DEALLOCATE reading;
		SET max_parallel_workers_per_gather = $workers;
		SET pg_etl.parallel_piece_size = $size;
		SET parallel_leader_participation = on;
		PREPARE reading AS $query");
	plan_of_run();

	# not when it is planned, or one worker would be no gain
	run_sql('SET parallel_leader_participation = ' . pick('on', 'on', 'off'));
	my $said_by_many = read_with('many');
	my $plan = plan_of_run();
	my $figures_of_many = figures($plan);
	run_sql('DEALLOCATE reading');
	$divided++ if $plan =~ /Pieces: (\d+)/ && $1 > 2;

	my $rows = differences('result',
		'a, b, etl_line, etl_record_no, etl_offset, etl_source, etl_raw');
	my $rejects = differences('rejected',
		'source, line, record_no, byte_offset, raw, stage, sqlstate, message,
		detail, column_name, owner, format, options, status');
	my $ok = $plan =~ /Gather.*Parallel Custom Scan/s && $rows == 0 && $rejects == 0
	  && $said_by_one eq $said_by_many
	  && $figures_of_one eq $figures_of_many;
	next if $ok;
	$failed++;
	diag "round $round, pieces of $size: $query\n",
	  "$rows rows and $rejects rejects differ\n",
	  "one said: $said_by_one\nmany said: $said_by_many\n",
	  "$figures_of_one\n$figures_of_many\n$plan";
}
is($failed, 0, 'files are read by many processes as by one');
cmp_ok($divided, '>', @rounds / 5, 'many of them in pieces') if @rounds > 30;

$session->quit;
$node->stop;
done_testing();
