# What the scans of one query share: connections, and the rate at which a server
# may be asked; and what they must not share.  Also whom TLS trusts.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $ca     = make_ca();
my $server = fault_server($ca);
my $node   = new_node('connections');

# Servers of one origin, which take short secrets; and one over TLS.
sub create_server
{
	my ($name, $url, $options) = @_;

	$node->safe_psql('postgres',
		"CREATE SERVER $name FOREIGN DATA WRAPPER pg_etl OPTIONS "
		  . "(base_url '$url', allow_private 'true'$options)");
	return;
}
create_server('one', $server->url, '');
create_server('two', $server->url, '');
create_server('slow', $server->url, ", rate_limit '20'");

my $calls = 0;

# A query whose calls have a key of their own, which stands for KEY; returns
# what it yields and the requests that it made.
sub requests_of
{
	my ($query) = @_;
	my $key = 'connections' . ++$calls;

	$query =~ s/KEY/$key/g;
	return ($node->safe_psql('postgres', $query), $server->requests($key));
}

sub connections
{
	my %connections = map { $_->{connection} => 1 } @_;
	return scalar keys %connections;
}

### connections

foreach my $case (
	[   'a lateral join over URLs',
		q{etl_read_csv('/records.csv?key=KEY&rows=' || g, server => 'one')}, 6 ],
	[   'the same over pages',
		q{etl_read_api('/pages?key=KEY&by=link&size=2&total=' || g, records => '$.data', server => 'one')},
		12 ],
	[   'over JSON',
		q{etl_read_json('/records.ndjson?key=KEY&rows=' || g, server => 'one')}, 6 ])
{
	my ($name, $call, $n) = @$case;
	my ($sum, @requests) = requests_of(
		"SELECT sum(id) FROM generate_series(1, 6) AS g, LATERAL $call AS t(id int)");

	is($sum, 56, "$name: all is read");
	is(scalar @requests, $n, 'with a request for each');
	is(connections(@requests), 1, 'over one connection');
}
my ($sums, @unions) = requests_of(
	join ' UNION ALL ',
	map { "SELECT sum(id) FROM etl_read_csv('/records.csv?key=KEY&rows=$_', server => 'one') AS t(id int)" } 1 .. 3);
is($sums, "1\n3\n6", 'calls one after the other');
is(connections(@unions), 1, 'use the same connection');
my ($list, @list) = requests_of(
	'CREATE TYPE with_id AS (id int); '
	  . q{SELECT sum((x).id) FROM (SELECT etl_read_csv('/records.csv?key=KEY&rows=' || g, NULL::with_id, server => 'one') AS x }
	  . 'FROM generate_series(1, 3) AS g) AS s');
is($list, 10, 'calls in a target list');
is(connections(@list), 1, 'do, too');

# scans that are not read to their end
my ($few, @few) = requests_of(
	q{SELECT count(*) FROM generate_series(1, 4) AS g, LATERAL (SELECT id FROM }
	  . q{etl_read_api('/pages?key=KEY&by=link&g=' || g, records => '$.data', server => 'one') AS t(id int) LIMIT 5) AS s});
is($few, 20, 'scans that end early');
is(scalar @few, 4, 'ask for one page each');
is(connections(@few), 1, 'which is all that came, so the connection is good');
my ($cut, @cut) = requests_of(
	q{SELECT count(*) FROM generate_series(1, 3) AS g, LATERAL (SELECT id FROM }
	  . q{etl_read_json('/endless?key=KEY&g=' || g, server => 'one') AS t(id int) LIMIT 5) AS s});
is($cut, 15, 'scans of endless bodies');
is(connections(@cut), 3, 'leave connections that are of no more use');

# connections that the server ends
my ($ended, @ended) = requests_of(
	q{SELECT sum(id) FROM generate_series(1, 3) AS g, LATERAL }
	  . q{etl_read_csv('/records.csv?key=KEY&close=1&rows=' || g, server => 'one') AS t(id int)});
is($ended, 10, 'connections that the server ends');
is(connections(@ended), 3, 'are made anew');

# what a scan does counts for itself
my $plan = $node->safe_psql('postgres',
	'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT FROM generate_series(1, 3) AS g, LATERAL '
	  . q{etl_read_csv('/records.csv?rows=' || g, server => 'one') AS t(id int)});
like($plan, qr/Requests: 3\n *Retries: 0/, 'requests are counted once');

# One server's connections are no other's: what may be reached by one may not by
# another.
my ($both, @both) = requests_of(
	q{SELECT (SELECT sum(id) FROM etl_read_csv('/records.csv?key=KEY&rows=2', server => 'one') AS t(id int)), }
	  . q{(SELECT sum(id) FROM etl_read_csv('/records.csv?key=KEY&rows=3', server => 'two') AS t(id int))});
is($both, '3|6', 'two servers of one origin');
is(connections(@both), 2, 'have a connection each');
fails_with(
	$node,
	q{SELECT (SELECT sum(id) FROM etl_read_csv('/records.csv', server => 'one') AS t(id int)), }
	  . '(SELECT sum(id) FROM etl_read_csv(' . quote_literal($server->url('/records.csv')) . ') AS t(id int))',
	'42501', 'nor does it help to call one that may');

# When the query has ended, nothing is left.
my $session = EtlTest::Session->new($node);
my $reading = q{SELECT count(*) FROM generate_series(1, 3) AS g, LATERAL }
  . q{etl_read_csv('/records.csv?rows=' || g, server => 'one') AS t(id int)};
$session->query($reading);
my $before = count_sockets($session->pid);
$session->query($reading);
$session->query("SELECT 1 / (count - 6) FROM ($reading) AS s");
is(count_sockets($session->pid), $before, 'no connection outlives its query');
$session->quit;

sub count_sockets
{
	my ($pid) = @_;

	opendir(my $fds, "/proc/$pid/fd") or die "could not look at $pid: $!";
	return scalar grep { (readlink("/proc/$pid/fd/$_") // '') =~ /^socket/ }
	  readdir($fds);
}

### the rate, which the first request doesn't wait for

sub takes_at_least
{
	my ($seconds, @requests) = @_;

	cmp_ok($requests[-1]{at} - $requests[0]{at}, '>', 0.8 * $seconds,
		scalar(@requests) . ' requests keep to the rate');
	return;
}
my ($slow, @slow) = requests_of(
	q{SELECT sum(id) FROM generate_series(1, 6) AS g, LATERAL }
	  . q{etl_read_csv('/records.csv?key=KEY&rows=' || g, server => 'slow') AS t(id int)});
is($slow, 56, 'a server with a rate, scanned again and again');
takes_at_least(5 / 20, @slow);
($slow, @slow) = requests_of(
	q{SELECT sum(id) FROM generate_series(1, 6) AS g, LATERAL }
	  . q{etl_read_api('/pages?key=KEY&by=link&size=10&total=' || g, records => '$.data', server => 'one', rate_limit => 20) AS t(id int)});
is($slow, 56, 'a call with a rate');
takes_at_least(5 / 20, @slow);
($slow, @slow) = requests_of(
	join ' UNION ALL ',
	map { "SELECT sum(id) FROM etl_read_csv('/records.csv?key=KEY&rows=$_', server => 'slow') AS t(id int)" } 1 .. 6);
takes_at_least(5 / 20, @slow);

### whom TLS trusts

my $dir = work_dir();
create_server('tls', $server->url('', 'https'), ", ca_file '$dir/ca.pem'");
my $secure = q{SELECT sum(id) FROM etl_read_csv('/records.csv?key=KEY&rows=3', server => 'tls') AS t(id int)};
my $twice  = $secure =~ s/etl_read_csv\('(.*?)'/generate_series(1, 2) AS g, LATERAL etl_read_csv('$1&g=' || g/r;
fails_with($node, $secure, '58P01', 'a file of authorities that is not there');
write_file("$dir/ca.pem", read_bytes($ca->{ca}));
my ($trusted, @trusted) = requests_of($twice);
is($trusted, 12, 'authorities of a file');
is(connections(@trusted), 1, 'for connections that are used again');
write_file("$dir/ca.pem", read_bytes($ca->{wrong_cert}));
fails_with($node, $secure, 'XE002', 'others do not vouch for the server');
write_file("$dir/ca.pem", 'nothing');
fails_with($node, $secure, 'XE002', 'nor do none');
sparse_file("$dir/ca.pem", 2 * 1024 * 1024);
fails_with($node, $secure, '54000', 'a file that is too large for one');

# it is opened as any file is: no FIFO makes anybody wait, and no link leads out
unlink "$dir/ca.pem";
mkfifo("$dir/ca.pem", 0600) or die;
fails_with($node, $secure, '42809', 'a FIFO is no file of authorities');
unlink "$dir/ca.pem";
mkdir "$dir/in" or die;
symlink($ca->{ca}, "$dir/in/ca.pem") or die;
$node->safe_psql('postgres', "ALTER SERVER tls OPTIONS (SET ca_file '$dir/in/ca.pem')");
is($node->safe_psql('postgres', $secure), '6', 'a link is followed');
fails_with($node, "SET pg_etl.allowed_directories = '$dir/in'; $secure", '42501', 'but not out of where files may be');

$node->stop;
$server->stop;
done_testing();
