# Requests signed for AWS, judged by AWS's own library: see servers/s3.py.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = fault_server();
my $node   = new_node('sigv4', 'pg_etl.allow_private_addresses = on');

sub create_server
{
	my ($name, $region, $service, $id, $secret, $path) = @_;

	$node->safe_psql('postgres',
		"CREATE SERVER $name FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url '@{[$server->url($path // '/s3/')]}', "
		  . "auth 'aws_sigv4', region '$region'"
		  . ($service ? ", service '$service'" : '')
		  . ", allow_private 'true');"
		  . "CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (access_key_id '$id', secret_access_key '$secret')"
	);
	return;
}

sub reading
{
	my ($name, $path, $options) = @_;
	return
		"SELECT count(*) FROM etl_read_csv("
	  . quote_literal($path)
	  . ", server => '$name', options => '"
	  . ($options // '{"retries": 0}')
	  . "') AS t(id int, name text)";
}

create_server('s3',           'us-east-1',    undef, 'AKIDEXAMPLE', 'secret');
create_server('wrong_secret', 'us-east-1',    's3',  'AKIDEXAMPLE', 'Secret');
create_server('wrong_region', 'eu-central-1', 's3',  'AKIDEXAMPLE', 'secret');
create_server('wrong_id',     'us-east-1',    's3',  'AKID',        'secret');
create_server('gateway', 'us-east-1', 'execute-api', 'AKIDEXAMPLE', 'secret');

my $data = 'b/records.csv?rows=3';
is($node->safe_psql('postgres', reading('s3', $data)),
	'3', 'a good signature');
foreach my $name (qw(wrong_secret wrong_region wrong_id))
{
	my $error = error_of($node, reading($name, $data));

	like($error, qr/ERROR:  XE002:.*403/, "$name is refused");
	like(
		$error,
		qr/SignatureDoesNotMatch|InvalidAccessKeyId/,
		"$name: by what the server says");
}

# paths and queries as they come
my %sources = (
	'unsorted query'  => 'b/records.csv?rows=3&z=1&a=2&B=3&_=4&aa=5',
	'same name twice' => 'b/records.csv?rows=3&a=b&a=B&a=a&a=1',
	'no value'        => 'b/records.csv?rows=3&acl&list-type=2&prefix=',
	'encoded query'   =>
	  'b/records.csv?rows=3&prefix=a%2Fb%20c%2Bd%26e%3Df&delimiter=%2F',
	'lower case hex'     => 'b/records.csv?rows=3&prefix=a%2fb%c3%a9',
	'needlessly encoded' => 'b/records.csv?rows=3&prefix=%41%2D%5f%2e%7E',
	'marks in the query' => "b/records.csv?rows=3&prefix=(a)*!'~;:@,\$/?",
	'not ASCII' => "b/d\x{c3}\x{a9}/records.csv?rows=3&prefix=\x{c3}\x{a9}",
	'tilde'     => 'b/~me/records.csv?rows=3',
	'encoded path'      => 'b/a%20b/c%2Bd/%E2%82%AC/records.csv?rows=3',
	'encoded slash'     => 'b/a%2Fb/records.csv?rows=3',
	'marks in the path' => "b/a=1,b;c:d\@e!\$&'()*+/records.csv?rows=3",
	'empty segment'     => 'b//c/records.csv?rows=3',
	'space in the path' => 'b/a b/records.csv?rows=3');
foreach my $name (sort keys %sources)
{
	my ($out, $err);
	$node->psql(
		'postgres', reading('s3', $sources{$name}),
		stdout => \$out,
		stderr => \$err);
	is("$out$err", '3', "s3: $name");
	# of services other than S3, paths are encoded twice
	$node->psql(
		'postgres',
		reading('gateway', "$sources{$name}&s3_service=execute-api"),
		stdout => \$out,
		stderr => \$err);
	is("$out$err", '3', "another service: $name")
	  unless $name eq 'empty segment';
	like(error_of($node, reading('wrong_secret', $sources{$name})),
		qr/SignatureDoesNotMatch/, "wrong secret: $name");
}

# headers, bodies, params
is( $node->safe_psql(
		'postgres',
		reading(
			's3',
			$data,
			'{"headers": {"X-Amz-Meta-Note": "  a   b  ", "X-Amz-Request-Payer": "requester", "Accept": "text/csv"}}'
		)),
	'3',
	'headers of the user');
is( $node->safe_psql(
		'postgres',
		reading(
			's3',
			'b/records.csv',
			'{"params": {"rows": 3, "prefix": "a b/é&=+", "empty": "", "list": ["b", "a"]}}'
		)),
	'3',
	'parameters of the user');
my ($out, $err);
$node->psql(
	'postgres',
	"SELECT count(*) FROM etl_read_api('b/records.json?rows=7', server => 's3', method => 'POST', body => '{\"q\": \"\x{c3}\x{a9}\"}') AS t(id int)",
	stdout => \$out,
	stderr => \$err);
is("$out$err", '7', 'a body');

# each attempt is signed anew; a resumed one, too
is( $node->safe_psql(
		'postgres',
		reading(
			's3',
			"$data&faults=503,reset&key=again",
			'{"retries": 3, "retry_max_wait_ms": 1500}')),
	'3',
	'retried');
is( $node->safe_psql(
		'postgres',
		reading(
			's3',
			'b/records.csv?rows=20000&ranges=1&etag=strong&faults=reset@300000&key=resumed',
			'{"retries": 3, "retry_max_wait_ms": 20}')),
	'20000',
	'resumed');
is(scalar(grep { $_->{headers}{range} } $server->requests('resumed')),
	1, 'by a range');
# a redirect within the server is signed for where it leads
is( $node->safe_psql(
		'postgres', reading('s3', 'b/redirect?to=/s3/b/records.csv%3Frows=4')
	),
	'4',
	'redirected');

$node->stop;
$server->stop;
done_testing();
