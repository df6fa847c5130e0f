# Reading on a hot standby: everything works but what would write.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_node('primary');
my $dir = work_dir();
my $file = write_file("$dir/in.csv", "a,b\n1,2020-01-01\n2\n3,no date\n");
my $from = "FROM etl_read_csv('$file', on_error => 'MODE') AS t(a int, b date)";

sub statement
{
	my ($mode) = @_;

	return "SELECT count(*), count(b) " . ($from =~ s/MODE/$mode/r);
}

is($primary->safe_psql('postgres', statement('dead_letter')),
	'1|1', 'the primary stores dead letters');

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

is($standby->safe_psql('postgres', 'SELECT count(*) FROM etl.dead_letter'),
	2, 'they are on the standby');
fails_with($standby, statement('dead_letter'),
	'25006', 'no dead letters can be stored on a standby');
fails_with(
	$standby,
	"SELECT 1 WHERE EXISTS (SELECT " . ($from =~ s/MODE/dead_letter/r) . ')',
	'25006',
	'even if none comes up');
is($standby->safe_psql('postgres', statement('skip')),
	'1|1', 'on_error skip works');
is($standby->safe_psql('postgres', statement('null')),
	'2|1', 'on_error null works');
fails_with($standby, statement('abort'), '22P04', 'on_error abort works');
is($standby->safe_psql('postgres', "SELECT count(*) FROM etl_csv_rows('$file')"),
	4, 'etl_csv_rows works');
is( $standby->safe_psql(
		'postgres', "SELECT delimiter, header FROM etl_sniff_csv('$file')"),
	',|t',
	'etl_sniff_csv works');
like(
	$standby->safe_psql(
		'postgres',
		'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) '
		  . statement('skip')),
	qr/Custom Scan \(EtlScan\)/,
	'the scan node works');
fails_with($primary,
	'SET default_transaction_read_only = on; ' . statement('dead_letter'),
	'25006', 'nor can they in a read-only transaction');

$standby->promote;
$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
is($standby->safe_psql('postgres', statement('dead_letter')),
	'1|1', 'after promotion dead letters are stored');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM etl.dead_letter'),
	4, 'beside the old ones');

$standby->stop;
$primary->stop;
done_testing();
