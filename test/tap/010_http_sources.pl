# Sources that come over HTTP: every reader reads a URL as it reads a file.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('http_sources', 'pg_etl.allow_private_addresses = on');
my $server = fault_server();
my $columns = 'AS t(id int, name text, amount numeric, day date)';

# A call that reads a path of the server.
sub reading
{
	my ($path, %options) = @_;
	my $options = join '', map { ", $_ => $options{$_}" } sort keys %options;

	return 'etl_read_csv(' . quote_literal($server->url($path)) . "$options)";
}

# What the records 1 to n of a call come to, as the server's /digest tells it.
sub digest
{
	my ($call) = @_;

	return $node->safe_psql('postgres',
		q{SELECT md5(string_agg(format(E'%s|%s|%s|%s\n', id, name, amount, day), '')) }
		  . "FROM $call $columns");
}

# The last request that has this path.
sub last_request
{
	my ($path) = @_;
	my @requests = grep { $_->{target} =~ /^\Q$path\E(\?|$)/ } $server->requests;

	return $requests[-1];
}

# Plain, compressed, coded for the transfer, and both.
my $thousand = $server->get('/digest?last=1000');
foreach my $path ('/records.csv?', '/records.csv.gz?', '/records.csv?coding=gzip',
	'/records.csv.gz?coding=gzip', '/records.csv?chunked=1', '/records.csv?close=1')
{
	is(digest(reading($path)), $thousand, "$path: all records");
}
is(digest(reading('/records.csv?coding=gzip', compression => q('none'))),
	$thousand, 'what the transfer adds is undone whatever the file is');
fails_with($node,
	'SELECT * FROM etl_csv_rows('
	  . quote_literal($server->url('/records.csv.gz?coding=gzip'))
	  . q{, compression => 'none', quote => '')},
	'22021', 'the file itself is taken as it is');
is( $node->safe_psql('postgres',
		'SELECT count(*) FROM ' . reading('/body?text=&coding=gzip') . ' AS t(a text)'),
	'0', 'an empty body');
is( $node->safe_psql('postgres',
		'SELECT count(*) FROM etl_csv_rows('
		  . quote_literal($server->url('/records.csv?rows=5')) . ')'),
	'6', 'another reader');
foreach my $path ('/records.json', '/records.ndjson.gz', '/records.json?coding=gzip',
	'/records.ndjson?faults=reset@30000')
{
	is(digest(reading($path) =~ s/csv/json/r), $thousand, "$path: all records");
}

# Names: a URL is no pattern.
is( $node->safe_psql('postgres',
		'SELECT DISTINCT etl_source FROM ' . reading('/records.csv?rows=2&day=*')
		  . ' AS t(id int, etl_source text)'),
	$server->url('/records.csv?rows=2&day=*'), 'the name is the URL');
is(last_request('/records.csv')->{target},
	'/records.csv?rows=2&day=*', 'an asterisk is sent as it is');
my $masked = $node->safe_psql('postgres',
	'SELECT DISTINCT etl_source FROM ' . reading('/records.csv?rows=2&access_token=s3cret')
	  . ' AS t(id int, etl_source text)');
unlike($masked, qr/s3cret/, 'a secret parameter does not show');
like(last_request('/records.csv')->{target}, qr/access_token=s3cret/, 'but is sent');

# Redirects
is( $node->safe_psql('postgres',
		'SELECT count(*), min(etl_source) FROM ' . reading('/redirect?to=/records.csv')
		  . ' AS t(id int, etl_source text)'),
	'1000|' . $server->url('/redirect?to=/records.csv'),
	'the name stays what was asked for');
fails_with($node, 'SELECT * FROM ' . reading('/loop') . ' AS t(id int)',
	'XE002', 'redirects end');
fails_with($node,
	'SELECT * FROM ' . reading('/redirect?to=/records.csv',
		options => q('{"max_redirects": 0}')) . ' AS t(id int)',
	'XE002', 'or are not followed at all');

# Failures
my $nothing = $server->url('/nothing.csv');
my $error = error_of($node, 'SELECT * FROM ' . reading('/nothing.csv') . ' AS t(a int)');
like($error, qr/ERROR:  XE002:/, 'a status that is no success');
like($error, qr/404/, 'is told');
like($error, qr/there is no such thing/, 'with what the server says');
like($error, qr{\Q$nothing\E}, 'and the URL');
is(scalar(grep { $_->{target} eq '/nothing.csv' } $server->requests),
	1, 'it is not tried again');
is(digest(reading('/records.csv?faults=503@0,reset')), $thousand, 'others are');
fails_with($node,
	'SELECT * FROM ' . reading('/records.csv?faults=503@0&key=no retry',
		options => q('{"retries": 0}')) . ' AS t(id int)',
	'XE002', 'unless that is not wanted');

# The transport's settings
$node->safe_psql('postgres',
	'SELECT * FROM ' . reading('/records.csv?rows=1', options => quote_literal(
		'{"headers": {"X-Colour": "blue"}, "params": {"a": [1, "2&3"], "b": true}}'))
	  . ' AS t(id int)');
my $request = last_request('/records.csv');
is($request->{headers}{'x-colour'}, 'blue', 'a header');
is($request->{target}, '/records.csv?rows=1&a=1&a=2%263&b=true', 'parameters');
foreach my $path ('/records.csv', '/records.csv?coding=gzip', '/records.csv.gz')
{
	my $error = error_of($node,
		'SELECT * FROM ' . reading($path, options => q('{"max_bytes": 20000}'))
		  . ' AS t(id int)');

	like($error, qr/ERROR:  (54000|XE002):.*20000 bytes/, "$path: max_bytes");
}
fails_with($node, 'SELECT * FROM ' . reading("/bomb?mb=100$_") . ' AS t(a text)',
	'54000', 'a bomb')
  foreach '', '&as=file';
fails_with($node,
	'SELECT * FROM ' . reading('/records.csv?faults=stall',
		options => q('{"timeout_ms": 50, "retries": 0}')) . ' AS t(id int)',
	'XE002', 'a server that says nothing');

# A query that has enough ends the download.
is( $node->safe_psql('postgres',
		'SELECT count(*) FROM (SELECT id FROM ' . reading('/endless?of=csv&key=stop')
		  . ' AS t(id int) LIMIT 10) AS s'),
	'10', 'the first of endless records');
my ($outcome) = $server->outcomes('stop');
is($outcome->{end}, 'gone', 'then the connection is closed');
$node->safe_psql('postgres', <<"SQL");
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM @{[ reading('/endless?of=csv&key=cursor') ]} AS t(id int);
FETCH 10 FROM c;
FETCH 10 FROM c;
CLOSE c;
SQL
is(($server->outcomes('cursor'))[0]{end}, 'gone', 'also that of a cursor');
$node->safe_psql('postgres',
	'SELECT * FROM etl_sniff_csv('
	  . quote_literal($server->url('/endless?of=csv&key=sniff'))
	  . ', sample_rows => 10)');
is_deeply([ grep { $_ ne 'gone' } map { $_->{end} } $server->outcomes('sniff') ],
	[], 'and of a sample');

my $session = EtlTest::Session->new($node);
$session->query('SELECT etl_csv_rows('
	  . quote_literal($server->url('/endless?of=csv&key=list')) . ') LIMIT 10');
is(($server->outcomes('list'))[0]{end}, 'gone', 'of a call in a select list');
$session->query('SELECT 1 / (id - 5) FROM ' . reading('/endless?of=csv&key=error')
	  . ' AS t(id int)');
is(($server->outcomes('error'))[0]{end}, 'gone', 'and of a query that fails');

# Memory does not grow with what is read.
sub peak
{
	my ($rows, $path) = @_;
	my $peak = 0;

	$session->begin("SELECT count(*), max(name) FROM (SELECT * FROM "
		  . reading($path) . " AS t(id int, name text) LIMIT $rows) AS s");
	until ($session->has_ended)
	{
		my $now = rss_anon($session->pid);
		$peak = $now if $now > $peak;
		select undef, undef, undef, 0.002;
	}
	like($session->end, qr/^$rows\|/, "$rows rows");
	return $peak;
}
foreach my $path ('/endless?of=csv', '/endless?of=csv&coding=gzip')
{
	my $small = peak(100_000, $path);
	my $large = peak(600_000, $path);

	cmp_ok($large - $small, '<', 5 * 1024,
		"$path: $large kB for 600,000 rows, $small kB for 100,000");
}
$session->quit;

# A broken download goes on where it was, or fails.
my $many = $server->get('/digest?last=100000');
is( digest(reading('/records.csv?rows=100000&etag=strong&ranges=1'
		  . '&faults=reset@1000000,close@1500000&key=resume')),
	$many, 'resumed: each record once');
my @parts = $server->outcomes('resume');
is(scalar @parts, 3, 'in three parts');
ok($parts[2]{headers}{range} && $parts[2]{headers}{'if-range'},
	'by asking for a range of the same content');
is( digest(reading('/records.csv?faults=reset@1000,close@30000,stall@20000',
			options => q('{"timeout_ms": 200}'))),
	$thousand, 'what nobody has read yet is asked for anew');
$error = error_of($node,
	'SELECT count(*) FROM ' . reading('/records.csv?rows=100000&etag=changing&ranges=1'
		  . '&faults=reset@3000000&key=changed') . ' AS t(id int)');
like($error, qr/ERROR:  XE002:/, 'what has changed cannot be resumed');

# Plans tell what was done.
my $plan = $node->safe_psql('postgres',
	'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM '
	  . reading('/records.csv?faults=503@0&key=plan&api_key=s3cret') . ' AS t(id int)');
like($plan, qr/Source: http.*records\.csv/, 'the source');
unlike($plan, qr/s3cret/, 'without secrets');
like($plan, qr/Requests: 2\n *Retries: 1/, 'requests and retries');
my $length = length $server->get('/records.csv');
like($plan, qr/Bytes: $length\n/, 'bytes');
my $before = $server->requests;
$node->safe_psql('postgres', 'EXPLAIN SELECT * FROM ' . reading('/records.csv') . ' AS t(id int)');
is(scalar $server->requests, $before, 'planning asks nobody');

# Each call reads its own URL.
is( $node->safe_psql('postgres',
		'SELECT sum(n) FROM generate_series(1, 5) AS g, LATERAL (SELECT count(*) AS n FROM '
		  . "etl_read_csv('" . $server->url('/records.csv?rows=') . q{' || g) AS t(id int)) AS s}),
	'15', 'a lateral join over URLs');

# Servers, users and views
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE reader LOGIN;
CREATE ROLE stranger LOGIN;
CREATE SERVER shop FOREIGN DATA WRAPPER pg_etl
	OPTIONS (base_url '@{[ $server->url('/') ]}', auth 'bearer', allow_private 'true');
CREATE USER MAPPING FOR reader SERVER shop OPTIONS (token 's3cret');
GRANT USAGE ON FOREIGN SERVER shop TO reader;
GRANT CREATE ON SCHEMA public TO reader;
SQL
my @reader = (extra_params => [ '-U', 'reader' ]);
my @stranger = (extra_params => [ '-U', 'stranger', '-v', 'VERBOSITY=verbose' ]);
my $path = 'records.csv?rows=3&need=bearer:s3cret';
my $options = q('{"server": "shop", "timeout_ms": 9000}');

is( $node->safe_psql('postgres',
		"SELECT sum(id) FROM etl_read_csv('$path', server => 'shop') AS t(id int)", @reader),
	'6', 'a server, with the credentials of its user mapping');
is( $node->safe_psql('postgres',
		"SELECT string_agg(name || ' ' || type, ', ') "
		  . "FROM etl_describe('$path', options => $options)", @reader),
	'id integer, name text, amount numeric, day date, city text', 'described');
like(
	$node->safe_psql('postgres',
		"SELECT create_table FROM etl_sniff_csv('$path', server => 'shop')", @reader),
	qr/^CREATE TABLE records \(/, 'a table is named after the path');
$node->safe_psql('postgres',
	"SELECT etl_create_table('orders', '$path', options => $options), "
	  . "etl_create_view('live_orders', '$path', options => $options); "
	  . 'GRANT SELECT ON live_orders TO stranger', @reader);
is( $node->safe_psql('postgres', 'SELECT max(id) FROM live_orders', @reader),
	'3', 'a view over a server');
my $definition = $node->safe_psql('postgres', q(SELECT pg_get_viewdef('live_orders')));
like($definition, qr/'shop'.*"timeout_ms": 9000/, 'keeps the settings');
fails_with($node, 'SELECT * FROM live_orders',
	'42501', "a view reads with its reader's rights", @stranger);
fails_with($node, 'SELECT * FROM ' . reading('/records.csv') . ' AS t(id int)',
	'42501', 'users may read no URL by themselves', @stranger);
$node->safe_psql('postgres',
	'ALTER ROLE stranger SET pg_etl.allowed_urls = ' . quote_literal($server->url('/records.csv')));
is( $node->safe_psql('postgres',
		'SELECT count(*) FROM ' . reading('/records.csv') . ' AS t(id int)',
		extra_params => [ '-U', 'stranger' ]),
	'1000', 'but those that were allowed');
fails_with($node, 'SELECT * FROM ' . reading('/endless?of=csv') . ' AS t(id int)',
	'42501', 'and no others', @stranger);
foreach my $secret ('/records.csv?api_key=s3cret', '/records.csv')
{
	my $given = $secret =~ /s3cret/ ? '{}' : '{"params": {"access_token": "s3cret"}}';

	fails_with($node,
		'SELECT etl_create_view(\'v\', ' . quote_literal($server->url($secret))
		  . ", options => '$given')",
		'22023', 'no secret goes into a view');
}

# Dead letters hold the URL that shows, and nothing of the transport.
$node->safe_psql('postgres',
	'SELECT count(*) FROM ' . reading('/records.csv?rows=2&api_key=s3cret',
		on_error => q('dead_letter'), options => q('{"headers": {"X-A": "b"}, "retries": 1}'))
	  . ' AS t(id int, name int)');
my $letter = $node->safe_psql('postgres', 'SELECT source, options FROM etl.dead_letter LIMIT 1');
like($letter, qr/records\.csv/, 'where a dead letter comes from');
unlike($letter, qr/s3cret|headers|retries/, 'and how to read it again');

# Addresses
$node->append_conf('postgresql.conf', 'pg_etl.allow_private_addresses = off');
$node->reload;
fails_with($node, 'SELECT * FROM ' . reading('/records.csv') . ' AS t(id int)',
	'42501', 'private addresses are refused, superusers too');
is( $node->safe_psql('postgres',
		"SELECT sum(id) FROM etl_read_csv('$path', server => 'shop') AS t(id int)", @reader),
	'6', 'but not where the server allows them');

$node->stop;
done_testing();
