# Who may reach what: addresses, redirects, origins, privileges.
#
# What decides is the address that is connected to.  To prove that takes names
# that resolve to one thing and then to another, and addresses that are public,
# and so a network of the test's own; without one, those parts are left out.

use strict;
use warnings;

use EtlNetwork;
use EtlServers;
use EtlTest;
use File::Temp   ();
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# what would lead libcurl astray, in the server's environment
my $home = work_dir();
write_file("$home/.netrc",
	"machine 127.0.0.1 login netrc password netrc\ndefault login netrc password netrc\n"
);
chmod 0600, "$home/.netrc";
my $ca     = make_ca();
my $server = fault_server($ca);
my $silent = $server->url('', 'silent');
local $ENV{HOME} = $home;
local @ENV{qw(http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy)} =
  ($silent) x 5;
my $node   = new_node('network_access');
my $public = $EtlNetwork::public;
my $key    = 0;

# The server sees requests below this path only if they get through.
sub seen
{
	my ($part) = @_;
	return grep { index($_->{target}, $part) >= 0 } $server->requests;
}

sub reading
{
	my ($url, $name, $options) = @_;

	$options //= '"retries": 0, "timeout_ms": 5000';
	return
		"SELECT count(*) FROM etl_read_json("
	  . quote_literal($url)
	  . (defined $name ? ", server => '$name'" : '')
	  . ", options => '{$options}') AS t(id int)";
}

# A server with these options, and a mapping for the current user.
sub create_server
{
	my ($name, $options, $mapping) = @_;

	$node->safe_psql(
		'postgres',
		"CREATE SERVER $name FOREIGN DATA WRAPPER pg_etl OPTIONS ($options);"
		  . (
			defined $mapping
			? "CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS ($mapping);"
			: ''));
	return;
}

### addresses that are refused, even for a superuser

my $port = $server->port;
foreach my $host (
	'127.0.0.1',                  '127.0.0.2',
	'127.1',                      '127.0.1',
	'2130706433',                 '0x7f000001',
	'0x7f.1',                     '0x7f.0.0.0x1',
	'0177.0.0.1',                 '017700000001',
	'0177.1',                     'localhost',
	'LOCALHOST',                  'localhost.',
	'%6cocalhost',                '127%2e0.0.1',
	'[::1]',                      '[0:0:0:0:0:0:0:1]',
	'[::ffff:127.0.0.1]',         '[::ffff:7f00:1]',
	'[::127.0.0.1]',              '[64:ff9b::127.0.0.1]',
	'[64:ff9b::7f00:1]',          '[2002:7f00:1::]',
	'[::ffff:0:127.0.0.1]',       '[::1%25lo]',
	'0.0.0.0',                    '0',
	'[::]',                       '[::ffff:0.0.0.0]',
	'10.0.0.1',                   '172.16.0.1',
	'172.31.255.255',             '192.168.1.1',
	'169.254.169.254',            '2852039166',
	'0xa9fea9fe',                 '[::ffff:169.254.169.254]',
	'[fe80::1]',                  '[fd00:ec2::254]',
	'100.64.0.1',                 '100.127.255.254',
	'192.0.0.1',                  '198.18.0.1',
	'224.0.0.1',                  '240.0.0.1',
	'255.255.255.255',            '[fc00::1]',
	'[fdff::1]',                  '[fec0::1]',
	'[ff02::1]',                  '[2001:db8::1]',
	'[2001::1]',                  "\x{ef}\x{bc}\x{91}27.0.0.1",
	"127\x{e3}\x{80}\x{82}0.0.1", "\x{e2}\x{93}\x{81}ocalhost")
{
	my $error =
	  error_of($node, reading("http://$host:$port/records.ndjson?address"));

	# a form that isn't understood at all is as good, or a name of nothing
	like(
		$error,
		qr/ERROR:  (42501|22023|XE002:.*not resolve)/,
		"address $host is refused");
}
is(scalar(seen('address')), 0, 'no such request has arrived');
# 42501 rather than "cannot connect" tells that the address was the reason
fails_with($node, reading("http://127.0.0.1:$port/records.ndjson?address"),
	'42501', 'for the reason that it is');
unlike(error_of($node, reading("http://127.0.0.1:$port/x?address")),
	qr/curl|errno/i, 'and no word of how that was found out');

### a server that may reach private addresses, or the setting

create_server('private',
	"base_url '" . $server->url . "', allow_private 'true'");
is( $node->safe_psql(
		'postgres', reading('/records.ndjson?rows=3', 'private')),
	'3',
	'a server that may reach private addresses');
foreach my $host ('2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost')
{
	$node->safe_psql('postgres',
		"CREATE SERVER other_form FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'http://$host:$port', allow_private 'true')"
	);
	my $result = error_of($node, reading('/records.ndjson', 'other_form'));
	ok($result eq '' || $result =~ /ERROR:  22023:/, "server at $host")
	  or diag($result);
	$node->safe_psql('postgres', 'DROP SERVER other_form');
}
fails_with($node, reading('http://169.254.169.254/latest'),
	'42501', 'metadata service');
is( $node->safe_psql(
		'postgres',
		'SET pg_etl.allow_private_addresses = on; '
		  . reading($server->url('/records.ndjson?rows=3'))),
	'3',
	'the setting');
fails_with(
	$node,
	'SET pg_etl.allow_private_addresses = on; '
	  . reading('http://169.254.169.254/latest'),
	'42501',
	'the setting does not open the metadata service',
	timeout => 20);

### neither the proxy environment nor .netrc counts

is( scalar(
		grep { /"authorization"/ }
		map  { JSON::PP::encode_json($_->{headers}) } $server->requests),
	0,
	'no credentials from .netrc');
is( $node->safe_psql(
		'postgres',
		'SET pg_etl.allow_private_addresses = on; '
		  . reading(
			$server->url('/records.ndjson?rows=3', 'http', 'localhost'))),
	'3',
	'no proxy from the environment');

### redirects

sub encoded
{
	my ($text) = @_;
	$text =~ s/([^A-Za-z0-9.])/sprintf '%%%02X', ord $1/ge;
	return $text;
}

sub redirect
{
	my ($to, $status) = @_;
	return '/redirect?to=' . encoded($to) . '&status=' . ($status // 302);
}
my $other = $server->url('/records.ndjson?rows=3&elsewhere', 'other');
foreach my $to (
	'file:///etc/passwd',       'ftp://127.0.0.1/x',
	'gopher://127.0.0.1:1/x',   'dict://127.0.0.1:1/x',
	'FILE:///etc/passwd',       'file:/etc/passwd',
	'smb://127.0.0.1/x',        'http://169.254.169.254/latest/meta-data/',
	'http://2852039166/latest', 'http://[::ffff:169.254.169.254]/latest',
	'//169.254.169.254/latest', 'http://[fd00:ec2::254]/latest')
{
	foreach my $status (301, 302, 303, 307, 308)
	{
		next if $status > 302 && $to !~ /^file|169.254.169.254\/latest\/meta/;
		fails_with($node, reading(redirect($to, $status), 'private'),
			'42501', "redirect ($status) to $to");
	}
}
foreach my $to (
	"http://user:pw\@127.0.0.1:$port/records.ndjson?userinfo",
	"http://127.0.0.1:$port\\\@evil/?userinfo",
	"http://127.0.0.1:$port\t/records.ndjson?userinfo",
	'http://',
	'http:///x',
	'://',
	"java\x{1}script:1")
{
	isnt(error_of($node, reading(redirect($to), 'private')),
		'', 'odd redirect to ' . encoded($to));
}
is( scalar(seen('userinfo')),
	scalar(grep { /redirect/ } map { $_->{target} } seen('userinfo')),
	'no odd redirect was followed');

# https never leads to http
my $https = $server->url('', 'https');
create_server('secure',
	"base_url '$https', allow_private 'true', ca_file '$ca->{ca}'");
is( $node->safe_psql('postgres', reading('/records.ndjson?rows=3', 'secure')),
	'3', 'https');
fails_with($node,
	reading(redirect($server->url('/records.ndjson?downgrade')), 'secure'),
	'42501', 'redirect from https to http');
is(scalar(grep { $_->{target} !~ /^.redirect/ } seen('downgrade')),
	0, 'was not followed');
fails_with(
	$node,
	'SET pg_etl.allow_private_addresses = on; '
	  . reading("$https/records.ndjson"),
	'XE002',
	'a certificate by nobody we know');
create_server('wrong',
	"base_url '@{[$server->url('', 'wrong_https')]}', allow_private 'true', ca_file '$ca->{ca}'"
);
fails_with($node, reading('/records.ndjson', 'wrong', '"retries": 5'),
	'XE002', 'a certificate by somebody else');
is(scalar(grep { $_->{listener} eq 'wrong_https' } $server->requests),
	0, 'nothing was sent there');

### credentials never go to another origin

my %kinds = (
	basic  => [ "auth 'basic'",  "username 'u', password 's3cret'" ],
	bearer => [ "auth 'bearer'", "token 's3cret'" ],
	header =>
	  [ "auth 'api_key', api_key_header 'X-Token'", "api_key 's3cret'" ],
	param => [ "auth 'api_key', api_key_param 'k'", "api_key 's3cret'" ],
	oauth => [
		"auth 'oauth2_client_credentials', token_url '@{[$server->url('/oauth/token')]}'",
		"client_id 'client', client_secret 'secret'"
	],
	aws => [
		"auth 'aws_sigv4', region 'us-east-1', service 's3'",
		"access_key_id 'AKIDEXAMPLE', secret_access_key 's3cret'"
	]);
my $basic = encode_base64('u:s3cret', '');
my $carries =
  qr/s3cret|\Q$basic\E|access-\d|authorization|x-token|AKIDEXAMPLE/i;

foreach my $kind (sort keys %kinds)
{
	my ($options, $mapping) = @{ $kinds{$kind} };

	create_server(
		"to_$kind",
		"base_url '"
		  . $server->url("/")
		  . "', allow_private 'true', $options",
		$mapping);
	is( error_of(
			$node, reading("/records.ndjson?rows=3&home=$kind", "to_$kind")),
		'',
		"$kind: read");
	my ($at_home) = seen("home=$kind");
	like(JSON::PP::encode_json([ $at_home->{headers}, $at_home->{target} ]),
		$carries, "$kind: sends credentials");

	# elsewhere: another port, another name, another scheme
	foreach my $to (
		$server->url("/records.ndjson?rows=3&away=$kind", 'other'),
		$server->url(
			"/records.ndjson?rows=3&away=$kind", 'http', 'localhost'),
		$server->url("/records.ndjson?rows=3&away=$kind", 'https'))
	{
		foreach my $status (302, 307)
		{
			error_of($node, reading(redirect($to, $status), "to_$kind"));
			error_of($node,
				reading(redirect($to, $status) . '&k=given', "to_$kind"));
		}
		# there and back again
		error_of(
			$node,
			reading(
				redirect(
					$server->url(
						redirect(
							$server->url(
								"/records.ndjson?rows=1&away=$kind&back"))
						  . "&away=$kind&via",
						'other')),
				"to_$kind"));
		# pages
		my $foreign = $to =~ s{^(\w+://[^/]+).*}{$1}r;
		foreach my $by ('link&bare=1', 'next')
		{
			my $result = error_of($node,
				"SELECT count(*) FROM etl_read_api('/pages?by=$by&total=300&foreign=$foreign&page_of=$kind', "
				  . "server => 'to_$kind', retries => 0"
				  . ($by eq 'next' ? ", records => '\$.data'" : '')
				  . ') AS t(id int)');
			like(
				$result,
				qr/ERROR:  42501:/,
				"$kind: next page at another origin, by=$by, " . $foreign);
		}
	}
	foreach my $request (seen("away=$kind"), seen("page_of=$kind"))
	{
		my $is_home = $request->{listener} eq 'http'
		  && $request->{headers}{host} eq "127.0.0.1:$port";
		next if $is_home;
		unlike(
			JSON::PP::encode_json(
				[ $request->{headers}, $request->{target} ]),
			$carries,
			"$kind: no credentials for $request->{listener} $request->{headers}{host}"
		);
	}
}

### who may use a server

$node->safe_psql(
	'postgres', q{
	CREATE ROLE reader LOGIN; CREATE ROLE nobody LOGIN; CREATE ROLE files LOGIN IN ROLE pg_read_server_files;
	GRANT USAGE ON FOREIGN SERVER private, to_basic TO reader;
	CREATE SERVER no_wrapper_of_ours FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'https://a.invalid')}
);
my @reader = (extra_params => [ '-v', 'VERBOSITY=verbose', '-U', 'reader' ]);
my @nobody = (extra_params => [ '-v', 'VERBOSITY=verbose', '-U', 'nobody' ]);
my @files  = (extra_params => [ '-v', 'VERBOSITY=verbose', '-U', 'files' ]);
is(error_of($node, reading('/records.ndjson', 'private'), @reader),
	'', 'USAGE is the permission');
foreach my $who (\@nobody, \@files)
{
	fails_with($node, reading('/records.ndjson', 'private'),
		'42501', 'without USAGE', @$who);
	fails_with($node, reading('https://a.invalid/'),
		'42501', 'any URL', @$who);
	fails_with($node, reading($server->url('/x')),
		'42501', 'any URL of this machine', @$who);
}
fails_with($node, reading('/records.ndjson', 'to_basic'),
	'42704', 'no mapping for this user', @reader);
fails_with($node, reading('/x', 'there_is_none'),
	'42704', 'no such server', @reader);
foreach my $set (
	'pg_etl.allow_private_addresses = on',
	"pg_etl.allowed_urls = 'http://*'")
{
	# before and after the library is loaded
	foreach my $sql (
		"SET $set; " . reading($server->url('/x')),
		"EXPLAIN SELECT * FROM etl_csv_rows('/x'); SET $set")
	{
		fails_with($node, $sql, '42501', "superusers only: $set", @reader);
	}
}
$node->safe_psql('postgres',
	'GRANT USAGE ON FOREIGN DATA WRAPPER pg_etl TO reader');
fails_with(
	$node,
	"CREATE SERVER mine FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'http://127.0.0.1', allow_private 'true')",
	'42501',
	'only superusers make servers that reach private addresses',
	@reader);
fails_with(
	$node,
	"CREATE SERVER mine FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'https://a.invalid', ca_file '/etc/passwd')",
	'42501',
	'or that read files',
	@reader);
is( error_of(
		$node,
		"CREATE SERVER mine FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'http://127.0.0.1:$port')",
		@reader),
	'',
	'others make servers');
fails_with($node, reading('/records.ndjson?mine', 'mine'),
	'42501', 'that reach what is public', @reader);
is(scalar(seen('?mine')), 0, 'no such request has arrived');

# a SECURITY DEFINER function reads as its owner, SET ROLE as that role
$node->safe_psql('postgres',
	'CREATE FUNCTION as_owner() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS $$'
	  . reading('/records.ndjson?rows=2', 'to_basic')
	  . '$$');
is($node->safe_psql('postgres', 'SET ROLE nobody; SELECT as_owner()'),
	'2', 'SECURITY DEFINER');
fails_with(
	$node,
	"PREPARE p AS "
	  . reading('/records.ndjson', 'to_basic')
	  . '; EXECUTE p; SET ROLE reader; EXECUTE p',
	'42704',
	'a prepared statement reads as whoever executes it');
$node->safe_psql('postgres',
	'ALTER SERVER private OPTIONS (SET allow_private \'false\')');
fails_with($node, reading('/records.ndjson', 'private'),
	'42501', 'an altered server');
$node->safe_psql('postgres',
	'ALTER SERVER private OPTIONS (SET allow_private \'true\')');
{
	my $session = EtlTest::Session->new($node, user => 'reader');
	my $sql     = reading('/records.ndjson?rows=2', 'private');

	$session->query("PREPARE p AS $sql");
	is($session->query('EXECUTE p'), '2', 'prepared') foreach 1 .. 6;
	$node->safe_psql('postgres',
		'REVOKE USAGE ON FOREIGN SERVER private FROM reader');
	my ($out, $err) = $session->query('EXECUTE p');
	like($err, qr/ERROR:  42501:/, 'USAGE revoked');
	$session->quit;
	$node->safe_psql('postgres',
		'GRANT USAGE ON FOREIGN SERVER private TO reader');
}

# paths stay below base_url
create_server(
	'below',
	"base_url '"
	  . $server->url('/echo/v1/')
	  . "', allow_private 'true', auth 'bearer'",
	"token 's3cret'");
foreach my $path (
	'../../records.ndjson?below',
	'/../../records.ndjson?below',
	'%2e%2e/%2e%2e/records.ndjson?below',
	'..%2f..%2frecords.ndjson?below',
	'.%2e/..%5crecords.ndjson?below',
	"..\\..\\records.ndjson?below",
	'//127.0.0.1/records.ndjson?below',
	'x/../../../records.ndjson?below',
	"http://127.0.0.1:$port/records.ndjson?below",
	"http://127.0.0.1:$port/echo/v1/../../records.ndjson?below",
	"http://127.0.0.1:$port\@evil.invalid/?below",
	"http://127.0.0.1:$port#\@evil.invalid/?below",
	"\@evil.invalid/?below",
	":1/?below",
	"http://127.0.0.1:${port}0/?below")
{
	error_of($node, reading($path, 'below'));
}
is(scalar(grep { $_->{target} !~ m{^/echo/v1/} } seen('?below')),
	0, 'no path leads out of base_url');
is( scalar(
		grep { $_->{target} =~ m{(\.|%2e)(\.|%2e)(/|%2f|\\|%5c|$)}i }
		  seen('?below')),
	0,
	'nor is that left to the server');

# without a server: allowed_urls
$node->safe_psql('postgres',
	"ALTER ROLE reader SET pg_etl.allowed_urls = 'http://127.0.0.1:$port/records.ndjson, http://*.test:$port/'; "
	  . "LOAD 'pg_etl'; ALTER SYSTEM SET pg_etl.allow_private_addresses = on"
);
$node->reload;
is( error_of(
		$node, reading($server->url('/records.ndjson?allowed')), @reader),
	'',
	'allowed_urls',);
foreach my $url (
	$server->url('/echo?denied'),
	$server->url('/records.ndjsonx?denied'),
	$server->url('/records.ndjson/../echo?denied'),
	$server->url('/records.ndjson/%2e%2e/echo?denied'),
	$server->url('/records.ndjson?denied', 'other'),
	$server->url('/records.ndjson?denied', 'http', 'localhost'),
	"http://127.0.0.1:$port\@127.0.0.1:"
	. $server->port('other')
	. '/records.ndjson?denied',
	$server->url('/records.ndjson?denied', 'https'))
{
	like(
		error_of($node, reading($url), @reader),
		qr/ERROR:  (42501|22023):/,
		"not allowed: $url");
}
$node->safe_psql('postgres',
	"ALTER ROLE reader SET pg_etl.allowed_urls = 'http://127.0.0.1:$port/redirect'"
);
fails_with($node,
	reading($server->url(redirect($server->url('/records.ndjson?denied')))),
	'42501', 'redirects obey it', @reader);
is(scalar(grep { $_->{target} !~ /^.redirect/ } seen('denied')),
	0, 'no such request has arrived');
$node->safe_psql('postgres',
	"LOAD 'pg_etl'; ALTER SYSTEM RESET pg_etl.allow_private_addresses");
$node->reload;

### names, in a network of our own

SKIP:
{
	skip 'no network of its own: names and public addresses are not tested', 1
	  unless $EtlNetwork::is_own;
	my $names  = name_server();
	my $dashed = $public =~ s/\./-/gr;
	my $at     = sub {
		my ($name) = @_;
		return $server->url("/records.ndjson?rows=3&by_name=$name",
			'http', "$name.test");
	};
	# what has arrived at an address that isn't public
	my $private = sub {
		my ($name) = @_;
		return grep {
			$_->{address} ne $public && $_->{address} ne $EtlNetwork::public2
		} seen("by_name=$name");
	};

	is( error_of(
			$node, reading($server->url('/records.ndjson', 'http', $public))),
		'',
		'a public address');
	is(error_of($node, reading($at->("$dashed.plain"))), '', 'a name of it');
	foreach my $name (
		'127-0-0-1.a',         '127-0-0-1.and.127-0-0-2.a',
		'x--1.a',              'x--ffff-7f00-1.a',
		'10-0-0-1.a',          '169-254-169-254.a',
		'x--ffff-a9fe-a9fe.a', 'xfd00-ec2--254.a',
		'0-0-0-0.a')
	{
		fails_with($node, reading($at->($name)),
			'42501', "name of what is private: $name");
		is(scalar($private->($name)), 0, "nothing has arrived for $name");
	}
	# both: the public one or nothing
	foreach my $name ("$dashed.and.127-0-0-1.b", "127-0-0-1.and.$dashed.b",
		"$dashed.and.x--1.b")
	{
		like(
			error_of($node, reading($at->($name))),
			qr/^$|ERROR:  42501:/,
			"name of both: $name");
		is(scalar($private->($name)),
			0, "nothing has arrived at what is private for $name");
	}
	# Rebinding: what the name means changes, between statements, between pages,
	# between attempts, between a request and its redirect.
	foreach my $times (1 .. 4)
	{
		my $then = join '.then.', ($dashed) x $times, '127-0-0-1';

		foreach my $i (1 .. 8)
		{
			like(
				error_of($node, reading($at->("$then.r"))),
				qr/^$|ERROR:  42501:/,
				"rebinding after $times, statement $i");
		}
		is(scalar($private->("$then.r")),
			0, "rebinding after $times: nothing has arrived");
		ok(scalar(seen("by_name=$then.r")) > 0,
			"rebinding after $times: it was public before")
		  if $times > 1;

		my $url =
		  $server->url("/pages?by=page&total=900&close=1&by_name=$then.p",
			'http', "$then.p.test");
		my $sql =
			"SELECT count(*) FROM etl_read_api('$url', records => '\$.data', "
		  . q{pagination => '{"type": "page", "param": "page", "start": 1, "total_pages": "$.total_pages"}', retries => 3) AS t(id int)};
		like(
			error_of($node, $sql),
			qr/^$|ERROR:  42501:/,
			"rebinding after $times, pages");
		is(scalar($private->("$then.p")),
			0, "rebinding after $times, pages: nothing has arrived");

		$url = $server->url(
			"/records.ndjson?rows=3&close=1&by_name=$then.q&faults=reset,503,close,reset",
			'http', "$then.q.test");
		like(
			error_of(
				$node,
				reading($url, undef, '"retries": 6, "retry_max_wait_ms": 20')
			),
			qr/^$|ERROR:  42501:/,
			"rebinding after $times, attempts");
		is(scalar($private->("$then.q")),
			0, "rebinding after $times, attempts: nothing has arrived");
	}
	# from what is public to what isn't
	foreach my $to (
		$server->url('/records.ndjson?by_name=redirected'),
		$server->url(
			'/records.ndjson?by_name=redirected', 'http',
			'127-0-0-1.c.test'),
		$server->url(
			'/records.ndjson?by_name=redirected',
			'http', 'localhost'),
		$server->url('/records.ndjson?by_name=redirected', 'http', '[::1]'))
	{
		fails_with($node,
			reading($server->url(redirect($to), 'http', "$dashed.c.test")),
			'42501', "redirect to $to");
	}
	is( scalar(
			grep { $_->{target} !~ /^.redirect/ } $private->('redirected')),
		0,
		'nothing has arrived');
	like(
		error_of($node, reading($server->url('/x', 'http', 'none.invalid'))),
		qr/ERROR:  XE002:/,
		'a name that does not exist');
	$names->stop;
}

$node->stop;
$server->stop;
done_testing();
