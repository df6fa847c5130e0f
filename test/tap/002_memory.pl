# A backend's memory does not grow with what it reads.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $MB = 1024 * 1024;

# what a large source may cost more than a small one
my $ALLOWANCE = 5 * 1024;

my $node = new_node('memory');
my $dir = work_dir();

# Lines whose third field is refused in every $nth one.
sub make_file
{
	my ($path, $size, $nth) = @_;
	my $block = '';

	for (my $i = 1; length $block < $MB; $i++)
	{
		$block .= sprintf "%d,\"some text, number %d\",%s\n", $i, $i,
		  $i % $nth == 0 ? '2020-13-01' : '2020-01-01';
	}
	return write_lines($path, 1 + $size / $MB,
		sub { $_[0] == 1 ? "a,b,c\n" : $block });
}

# The most that a process has while it reads.
sub peak
{
	my ($sql) = @_;
	my $session = EtlTest::Session->new($node);

	# catalogue caches, work areas and the library are not what is measured
	$session->query('SET work_mem = 64; SET temp_buffers = 100');
	$session->query(
		"SELECT * FROM etl_read_csv('$dir/tiny.csv') AS t(a int, b text, c date)");
	$session->begin($sql);
	my $peak = 0;
	until ($session->has_ended)
	{
		my $now = rss_anon($session->pid);
		$peak = $now if $now > $peak;
		select undef, undef, undef, 0.002;
	}
	my ($out, $err) = $session->end;
	$session->quit;
	unlike($err, qr/ERROR/, 'no error');
	return ($peak, $out);
}

write_file("$dir/tiny.csv", "a,b,c\n1,x,2020-01-01\n");
foreach my $nth (2, 1_000_000_000)
{
	my $name = $nth == 2 ? 'bad' : 'good';

	make_file("$dir/$name.small", 2 * $MB, $nth);
	make_file("$dir/$name.large", 200 * $MB, $nth);
}
write_gzip("$dir/gzip.$_", "$dir/good.$_") foreach qw(small large);

my $abc = 'AS t(a int, b text, c date)';
my %readings = (
	'records' => [
		'good', "SELECT count(*), min(b), max(c) FROM etl_read_csv('FILE') $abc" ],
	'compressed records' => [
		'gzip', "SELECT count(*), min(b), max(c) FROM etl_read_csv('FILE') $abc" ],
	'records as arrays' =>
	  [ 'good', "SELECT count(*), max(fields) FROM etl_csv_rows('FILE')" ],
	'a function in the target list' => [
		'good',
		'SELECT count((r).b) FROM (SELECT '
		  . "etl_read_csv('FILE', NULL::abc) AS r OFFSET 0) s" ],
	'records without SIMD' => [
		'good',
		'SELECT count(*), min(b) FROM etl_read_csv('
		  . "'FILE', comment => '^^') $abc" ],
	'records and rejects' => [
		'bad',
		"SELECT count(*), min(b) FROM etl_read_csv('FILE', on_error => 'skip') $abc"
	],
	'records with nulled values' => [
		'bad',
		"SELECT count(*), count(c) FROM etl_read_csv('FILE', on_error => 'null') $abc"
	],
	'a footer' => [
		'good',
		'SELECT count(*), min(b) FROM etl_read_csv('
		  . "'FILE', skip_footer => 3) $abc" ],
	'another encoding' => [
		'good',
		'SELECT count(*), min(b) FROM etl_read_csv('
		  . "'FILE', encoding => 'latin1') $abc" ]);

$node->safe_psql('postgres', 'CREATE TABLE abc (a int, b text, c date)');
foreach my $name (sort keys %readings)
{
	my ($file, $sql) = @{ $readings{$name} };
	my ($small, $large, $out);

	($small) = peak($sql =~ s/FILE/$dir\/$file.small/r);
	($large, $out) = peak($sql =~ s/FILE/$dir\/$file.large/r);
	like($out, qr/^\d{7}/, "$name: all are there");
	cmp_ok($large - $small, '<', $ALLOWANCE,
		"$name: $large kB for 200 MB, $small kB for 2 MB");
}

# dead letters wait in a file until the query ends
my $store = "SELECT count(*) FROM etl_read_csv('FILE', on_error => 'dead_letter') $abc";
make_file("$dir/few.small", 2 * $MB, 20);
make_file("$dir/few.large", 60 * $MB, 20);
my ($small) = peak($store =~ s/FILE/$dir\/few.small/r);
my $stored = $node->safe_psql('postgres', 'SELECT count(*) FROM etl.dead_letter');
my ($large) = peak($store =~ s/FILE/$dir\/few.large/r);
cmp_ok($large - $small, '<', $ALLOWANCE,
	"dead letters: $large kB for 60 MB, $small kB for 2 MB");
is( $node->safe_psql('postgres', 'SELECT count(*) FROM etl.dead_letter'),
	31 * $stored, 'all dead letters are stored');

# One line of a gigabyte is one reject, and takes no more than the largest
# record may take.
sparse_file("$dir/line.csv", 1024 * $MB, "a,b,c\n1,x,2020-01-01\n");
my $limit = 4 * 1024;
foreach my $how ("delimiter => ','", "comment => '^^'",
	"delimiter => ',,'", "quote => ''")
{
	my $sql = "SET pg_etl.max_record_size = '4MB'; "
	  . "SELECT count(*) FROM etl_csv_rows('FILE', $how, on_error => 'skip')";
	my ($out, $err);

	($small) = peak($sql =~ s/FILE/$dir\/tiny.csv/r);
	($large) = peak($sql =~ s/FILE/$dir\/line.csv/r);

	# it is held as it is, and once more while it grows
	cmp_ok($large - $small, '<', 4 * $limit + $ALLOWANCE,
		"a line of 1 GB ($how): $large kB, small file: $small kB");
}
my $session = EtlTest::Session->new($node);
my ($out, $err) = $session->query(
	"SELECT * FROM etl_read_csv('$dir/line.csv', on_error => 'skip') $abc");
is($out, '1|x|2020-01-01', 'the record before a line of 1 GB');
like($err, qr/WARNING.*1 of 2 records were rejected/,
	'a line of 1 GB is one reject');
like($err, qr/line 3: record is larger than pg_etl.max_record_size/,
	'and why is said');
fails_with($node, "SELECT * FROM etl_read_csv('$dir/line.csv') $abc",
	'54000', 'a line of 1 GB aborts by default');
$session->quit;

$node->stop;
done_testing();
