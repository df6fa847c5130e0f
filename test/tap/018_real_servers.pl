# Servers that were not written for us: nginx and httpbin.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $ca      = make_ca();
my $nginx   = nginx($ca);
my $httpbin = httpbin();
my $node    = new_node('real_servers', 'pg_etl.allow_private_addresses = on');
my $rows    = 200_000;
my $sum     = "count(*), sum(id), sum(length(name))";
my $lengths = 0;

write_lines(
	"$nginx->{www}/records.csv",
	$rows,
	sub {
		my ($i) = @_;
		$lengths += length "record $i";
		return $i == 1 ? "id,name\n1,record 1\n" : "$i,record $i\n";
	});
write_gzip("$nginx->{www}/records.csv.gz", "$nginx->{www}/records.csv");
write_lines("$nginx->{www}/records.ndjson",
	$rows,
	sub { my ($i) = @_; return "{\"id\": $i, \"name\": \"record $i\"}\n" });
my $all = join '|', $rows, $rows * ($rows + 1) / 2, $lengths;

sub create_server
{
	my ($name, $url, $options, $mapping) = @_;

	$node->safe_psql(
		'postgres',
		"CREATE SERVER $name FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url '$url', allow_private 'true'$options);"
		  . (
			$mapping
			? "CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS ($mapping)"
			: ''));
	return;
}

sub reading
{
	my ($path, $server, $options, $select) = @_;
	my $function = $path =~ /csv/ ? 'etl_read_csv' : 'etl_read_json';

	return
		'SELECT '
	  . ($select // $sum)
	  . " FROM $function('$path'"
	  . ($server ? ", server => '$server'" : '')
	  . ", options => '"
	  . ($options // '{}')
	  . "') AS t(id bigint, name text)";
}

# the connections that requests for a path came by
sub connections
{
	my ($path) = @_;
	my %connections;

	/^(\d+) \d+ \d+ \S+ \Q$path\E/ and $connections{$1}++
	  foreach split /\n/, read_bytes("$nginx->{dir}/requests");
	return scalar keys %connections;
}

foreach my $path (
	'/records.csv',    '/records.csv.gz',
	'/records.ndjson', '/gzip/records.csv',
	'/gzip/records.ndjson')
{
	is($node->safe_psql('postgres', reading($nginx->url($path))),
		$all, "http: $path");
}
like(
	read_bytes("$nginx->{dir}/requests"),
	qr{200 GET /gzip/},
	'nginx has served it');

# TLS
create_server('tls', $nginx->url('', 'https'), ", ca_file '$ca->{ca}'");
is($node->safe_psql('postgres', reading("/$_", 'tls')), $all, "https: $_")
  foreach qw(records.csv gzip/records.ndjson);
fails_with($node, reading($nginx->url('/records.csv', 'https')),
	'XE002', 'a CA that nobody knows');
create_server(
	'name',
	$nginx->url('', 'https', 'localhost'),
	", ca_file '$ca->{ca}'");
is($node->safe_psql('postgres', reading('/records.csv', 'name')),
	$all, 'https by name');
create_server(
	'other_name',
	$nginx->url('', 'https', '127.0.0.2'),
	", ca_file '$ca->{ca}'");
fails_with(
	$node,   reading('/records.csv', 'other_name'),
	'XE002', 'a certificate for another name');

# basic auth
foreach my $case (
	[ 'user',   'secret', '' ],
	[ 'user',   'Secret', 'XE002' ],
	[ 'nobody', 'secret', 'XE002' ])
{
	my ($user, $password, $error) = @$case;

	$node->safe_psql('postgres', 'DROP SERVER IF EXISTS private CASCADE');
	create_server(
		'private',
		$nginx->url('/private', 'https'),
		", ca_file '$ca->{ca}', auth 'basic'",
		"username '$user', password '$password'");
	if ($error)
	{
		fails_with($node, reading('records.csv', 'private'),
			$error, "$user with $password");
	}
	else
	{
		is($node->safe_psql('postgres', reading('records.csv', 'private')),
			$all, "$user with $password");
	}
}

# nginx lets two requests through at once, then ten a second
my @limited = map {
	$node->safe_psql(
		'postgres',
		reading(
			$nginx->url('/limited/records.csv?' . $_),   undef,
			'{"retries": 20, "retry_max_wait_ms": 300}', 'count(*)'))
} 1 .. 6;
is( "@limited",
	join(' ', ($rows) x 6),
	'more requests than the server wants at once');
like(
	read_bytes("$nginx->{dir}/requests"),
	qr{429 GET /limited/},
	'it has refused some');

# one connection for a scan of many pages
mkdir "$nginx->{www}/pages" or die;
write_file("$nginx->{www}/pages/$_.json",
	$_ < 20
	? "{\"data\": [{\"id\": $_}], \"next\": \"/pages/@{[$_ + 1]}.json\"}"
	: "{\"data\": [{\"id\": $_}]}")
  foreach 1 .. 20;
is( $node->safe_psql(
		'postgres',
		"SELECT count(*), sum(id) FROM etl_read_api('@{[$nginx->url('/pages/1.json')]}', records => '\$.data') AS t(id int)"
	),
	'20|210',
	'pages that are files');
is(connections('/pages/'), 1, 'over one connection');

# a download that the server breaks off, since it is restarted meanwhile, and
# whose file changes or doesn't
my $session = EtlTest::Session->new($node);
foreach my $changes (0, 1)
{
	my $big = "$nginx->{www}/big.csv";

	write_lines(
		$big,
		3_000_000,
		sub {
			my ($i) = @_;
			return $i == 1 ? "id,name\n1,record 1\n" : "$i,record $i\n";
		});
	$session->query('BEGIN');
	$session->query(
		'DECLARE c CURSOR FOR '
		  . reading(
			$nginx->url('/big.csv'),                     undef,
			'{"retries": 10, "retry_max_wait_ms": 500}', 'id'));
	is($session->query('FETCH 2 FROM c') =~ s/\n/ /r,
		'1 2', 'the download has begun');
	$nginx->stop;
	write_file($big, "id,name\n7,another\n" x 1000) if $changes;
	$nginx->start_again;
	my ($out, $err) =
	  $session->query('MOVE ALL FROM c');
	if ($changes)
	{
		like($err, qr/ERROR:  XE002:/, 'another file by now is an error');
	}
	else
	{
		is($err, '', 'the same file goes on');
		like(
			read_bytes("$nginx->{dir}/requests"),
			qr{ 206 GET /big.csv},
			'by a range');
	}
	$session->query('ROLLBACK');
}
$session->quit;

# httpbin
is( $node->safe_psql(
		'postgres',
		"SELECT * FROM etl_read_json('@{[$httpbin->url('/get?a=b%20c')]}', options => '{\"params\": {\"d\": \"e&f\"}, \"headers\": {\"X-Mine\": \"1\"}}') AS t(args jsonb)"
	),
	'{"a": "b c", "d": "e&f"}',
	'parameters');
is( $node->safe_psql(
		'postgres',
		"SELECT json->>'q', headers->>'Content-Type' FROM etl_read_api('@{[$httpbin->url('/post')]}', method => 'POST', body => '{\"q\": \"\x{c3}\x{a9}\"}') AS t(json jsonb, headers jsonb)"
	),
	"\x{c3}\x{a9}|application/json",
	'a body');
is( $node->safe_psql(
		'postgres',
		"SELECT gzipped FROM etl_read_json('@{[$httpbin->url('/gzip')]}') AS t(gzipped boolean)"
	),
	't', 'gzip');
is( $node->safe_psql(
		'postgres',
		"SELECT count(*) FROM etl_read_json('@{[$httpbin->url('/stream/5')]}') AS t(id int)"
	),
	'5',
	'a stream');
is( $node->safe_psql(
		'postgres',
		"SELECT url FROM etl_read_json('@{[$httpbin->url('/redirect/3')]}') AS t(url text)"
	),
	$httpbin->url('/get'),
	'redirects');
foreach my $status (400, 403, 404, 418, 503)
{
	fails_with(
		$node,
		"SELECT * FROM etl_read_json('@{[$httpbin->url(qq(/status/$status))]}', options => '{\"retries\": 1, \"retry_max_wait_ms\": 10}') AS t(id int)",
		'XE002',
		"status $status");
}
create_server(
	'bin', $httpbin->url,
	", auth 'basic'",
	"username 'user', password 'pass word'");
is( $node->safe_psql(
		'postgres',
		"SELECT authenticated, \"user\" FROM etl_read_json('/basic-auth/user/pass%20word', server => 'bin') AS t(authenticated boolean, \"user\" text)"
	),
	't|user',
	'basic auth');
fails_with(
	$node,
	"SELECT * FROM etl_read_json('/basic-auth/user/another', server => 'bin') AS t(a int)",
	'XE002',
	'refused');
create_server(
	'bin_bearer', $httpbin->url,
	", auth 'bearer'",
	"token 'xyz.123'");
is( $node->safe_psql(
		'postgres',
		"SELECT token FROM etl_read_json('/bearer', server => 'bin_bearer') AS t(token text)"
	),
	'xyz.123',
	'bearer');
is( $node->safe_psql(
		'postgres',
		"SELECT headers->>'Authorization' FROM etl_read_json('/redirect-to?url=@{[$httpbin->url('/get', 'http', 'localhost')]}', server => 'bin_bearer') AS t(headers jsonb)"
	),
	'',
	'a redirect to another name takes no credentials along');

$node->stop;
$_->stop foreach $nginx, $httpbin;
done_testing();
