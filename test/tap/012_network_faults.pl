# Whatever goes wrong on the network leads to a retry, a resume, a reject or a
# clear error, never to a record that is lost or comes twice.
#
# The fault server breaks each request as its URL says, see
# test/servers/fault_server.py, and writes down what it was asked.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node(
	'network_faults',
	'pg_etl.allow_private_addresses = on',
	'log_min_messages = fatal',
	'statement_timeout = 60s');
my $server  = fault_server();
my $session = EtlTest::Session->new($node);
my $number  = 0;

# no wait is longer than it must be
my %quick = (retries => 3, retry_max_wait_ms => 30, timeout_ms => 2000);

# count, distinct ids and the digest of what a call yields
my $digest =
	'SELECT count(*), count(DISTINCT id), '
  . "md5(string_agg(id || '|' || name || '|' || amount || '|' || day || E'\\n', '' ORDER BY n)) "
  . 'FROM (SELECT *, row_number() OVER () AS n FROM %s '
  . 'AS t(id int, name text, amount numeric, day date)) s';
my %digests;

# What that is for the records up to $last, as the server tells it.
sub whole
{
	my ($last) = @_;

	$digests{$last} //= "$last|$last|" . $server->get("/digest?last=$last");
	return $digests{$last};
}

# Options as jsonb.
sub options
{
	my %options = (%quick, @_);

	return quote_literal('{'
		  . join(', ', map { "\"$_\": $options{$_}" } sort keys %options)
		  . '}');
}

# The call of a reader on a path of the server; gives the path a key of its own,
# and returns that too.
sub call
{
	my ($function, $path, %options) = @_;
	my $key       = 'k' . ++$number;
	my $arguments = delete $options{arguments} // '';
	my $url = $server->url($path . ($path =~ /\?/ ? '&' : '?') . "key=$key");

	$arguments .= ', records => \'$.data\''
	  if $path =~ m{^/pages} && $path !~ /bare|csv/;
	return (
		"$function('$url'$arguments, options => " . options(%options) . ')',
		$key);
}

sub json { return call('etl_read_json', @_) }
sub csv  { return call('etl_read_csv',  @_) }
sub api  { return call('etl_read_api',  @_) }

# The reading yields exactly the records up to $last, in so many requests.
sub yields
{
	my ($name, $last, $requests, $call, $key) = @_;
	my ($out, $err) = $session->query(sprintf $digest, $call);

	is($out . $err, whole($last), "$name: every record once");
	is(scalar($server->requests($key)), $requests, "$name: requests")
	  if defined $requests;
	return;
}

# The reading fails in this way.
sub fails
{
	my ($name, $error, $requests, $call, $key) = @_;
	my ($out, $err) = $session->query(sprintf $digest, $call);

	like($out . $err, $error, "$name: error");
	is(scalar($server->requests($key)), $requests, "$name: requests")
	  if defined $requests;
	return $err;
}

# The reading yields exactly those records, or fails as HTTP does.
sub never_wrong
{
	my ($name, $last, $call, $key) = @_;
	my ($out, $err) = $session->query(sprintf $digest, $call);

	ok($out eq whole($last) || $err =~ /ERROR:  XE002:/,
		"$name: right or an error")
	  or diag("$out$err");
	return $out ne '';
}

my $rows  = 20_000;
my $large = "/records.ndjson?rows=$rows";
my $small = '/records.ndjson?rows=50';
my $http  = qr/ERROR:  XE002:/;

# Nothing goes wrong.
yields('ndjson', 50,    1, json($small));
yields('array',  50,    1, json('/records.json?rows=50'));
yields('csv',    50,    1, csv('/records.csv?rows=50'));
yields('large',  $rows, 1, json($large));
foreach
  my $how ('chunked=1', 'close=1', 'coding=gzip', 'chunked=1&coding=gzip')
{
	yields($how, $rows, 1, json("$large&$how"));
}
yields('gzip file', $rows, 1, csv("/records.csv.gz?rows=$rows"));

# Faults before any byte of the body are tried again, but not for ever.
foreach
  my $fault (qw(reset garbage close 408 425 429 500 502 503 504 reset@0 close@0))
{
	yields("$fault, once", 50, 2, json("$small&faults=$fault"));
	yields("$fault, twice",
		50, 3, csv("/records.csv?rows=50&faults=$fault,$fault"));
	fails("$fault, for ever", $http, 4, json("$small&faults=$fault*"));
}
fails('no retries', $http, 1, json("$small&faults=503*", retries => 0));
yields('different faults', 50, 4, json("$small&faults=503,reset,close"));

# Silence ends with the timeout, which is that of the next byte.
foreach my $fault (qw(stall head stall@0))
{
	yields("$fault, once", 50, 2,
		json("$small&faults=$fault", timeout_ms => 200));
	fails("$fault, for ever",
		$http, 2,
		json("$small&faults=$fault*", timeout_ms => 200, retries => 1));
}
yields('a byte at a time',
	3, 1, json('/records.ndjson?rows=3&faults=slow@3', timeout_ms => 500));
fails('silence on connect', $http, undef,
		"etl_read_json('@{[$server->url('/', 'silent')]}', options => "
	  . options(timeout_ms => 200, retries => 1)
	  . ')');

# What is not to be tried again.
foreach my $status (400, 401, 403, 404, 405, 410, 418, 422, 501, 505)
{
	my $err = fails(
		$status, qr/ERROR:  XE002:.*\b$status\b/,
		1,       json("$small&faults=$status*"));
	like($err, qr/status $status on demand/, "$status: the body is shown");
}
my $long    = '/body?status=404&text=' . 'abcdefghij' x 500;
my $err     = fails('long body', $http, 1, json($long));
my $longest = 0;
$longest = length($1) > $longest ? length($1) : $longest
  while $err =~ /((?:abcdefghij)+)\n?$/mg;
cmp_ok($longest, '<=', 1024, 'no more than a kilobyte of it');
fails('nobody listens', $http, undef,
		"etl_read_json('http://127.0.0.1:1/x', options => "
	  . options(retries => 1)
	  . ')');
fails(
	'a POST is not repeated',
	$http, 1,
	api('/pages?by=link&bare=1&faults=503*',
		arguments => ", method => 'POST', body => '{}'"));
yields(
	'unless it may be',
	100, 2,
	api('/pages?total=100&by=link&bare=1&faults=503',
		arguments  => ", method => 'POST', body => '{}'",
		idempotent => 'true'));

# The server says how long to wait.  All wait at the same time.
my %waits = (
	'429@1'        => 1,
	'503@1'        => 1,
	'503-date@2'   => 2,
	'429-reset@1'  => 1,
	'429-epoch@2'  => 2,
	'429-millis@1' => 1,
	'429-limit@1'  => 1);
my %waiting;
foreach my $fault (sort keys %waits)
{
	my ($call, $key) =
	  json("$small&faults=$fault", retry_max_wait_ms => 5000);
	my $waiter = EtlTest::Session->new($node);

	$waiter->begin(sprintf $digest, $call);
	$waiting{$fault} = [ $waiter, $key ];
}
foreach my $fault (sort keys %waits)
{
	my ($waiter, $key) = @{ $waiting{$fault} };
	my ($out, $err) = $waiter->end;

	is($out . $err, whole(50), "$fault: every record once");
	my @at = map { $_->{at} } $server->requests($key);
	is(scalar @at, 2, "$fault: requests");
	cmp_ok(
		($at[1] // 0) - $at[0],
		'>',
		$waits{$fault} * 0.99,
		"$fault: waited as told");
	$waiter->quit;
}
fails('429@1, too long',
	$http, 1, json("$small&faults=429\@1", retry_max_wait_ms => 0));
foreach my $fault (qw(429@3600 503-date@3600 429-epoch@3600))
{
	fails("$fault: does not wait for an hour",
		$http, 1, json("$small&faults=$fault", retry_max_wait_ms => 1000));
}
foreach my $fault (qw(429@0 429@-5 503-date@-60))
{
	yields("$fault: is as good as absent",
		50, 2, json("$small&faults=$fault"));
}

# A body that breaks off is resumed where the server allows that.
foreach my $fault (qw(reset close stall badchunk))
{
	foreach my $at (0, 1, 65_536, 300_000, 2_000_000)
	{
		my ($call, $key) =
		  json("$large&ranges=1&etag=strong&faults=$fault\@$at",
			timeout_ms => 300);

		yields("$fault at $at", $rows, 2, $call, $key);
		my (undef, $second) = $server->requests($key);
		next if !$at || !$second;
		my ($from) = ($second->{headers}{range} // '') =~ /^bytes=(\d+)-$/;
		ok( !defined $from
			  || ($from <= $at && $second->{headers}{'if-range'} eq '"v1"'),
			"$fault at $at: asks for the rest of the same");
		ok(defined $from, "$fault at $at: resumes")
		  if $at >= 300_000 && $fault ne 'badchunk';
	}
}
yields(
	'breaks off thrice',
	$rows, 4,
	json(
		"$large&ranges=1&etag=strong&faults=reset\@300000,close\@400000,reset\@500000"
	));
yields('compressed', $rows, undef,
	json("$large&coding=gzip&ranges=1&etag=strong&faults=reset\@100000"));
yields(
	'compressed file',
	$rows, undef,
	csv("/records.csv.gz?rows=$rows&ranges=1&etag=strong&faults=reset\@100000,close\@20000"
	));
yields(
	'retried while resuming',
	$rows, 5,
	json(
		"$large&ranges=1&etag=strong&faults=reset\@300000,503,reset,close\@1000"
	));
# progress is no reason to go on for ever
fails('breaks off always',
	$http, undef, json("$large&ranges=1&etag=strong&faults=close\@1*"));

# Where it doesn't, or has something else by now, there is no guessing.
foreach my $what (
	'',                         'etag=strong',
	'ranges=1',                 'etag=weak&ranges=1',
	'etag=changing&ranges=1',   'modified=1&ranges=1',
	'etag=strong&ranges=wrong', 'etag=strong&ranges=416')
{
	foreach my $fault ('close@100', 'reset@2000000', 'close@2500000')
	{
		never_wrong("$what $fault", $rows,
			json("$large&$what&faults=$fault"));
	}
}
fails('rows were delivered',
	$http, undef, json("$large&faults=close\@2500000"));
fails('it has changed',
	$http, undef,
	json("$large&etag=changing&ranges=1&faults=close\@2500000"));
fails('another range than asked for',
	$http, undef,
	json("$large&etag=strong&ranges=wrong&faults=close\@2500000*"));

# Lengths that are wrong.
foreach my $how ('', '&etag=strong&ranges=1', '&coding=gzip')
{
	never_wrong("longer$how", $rows, json("$large$how&faults=longer\@7"));
	fails("longer$how, always",
		$http, undef, json("$large$how&faults=longer\@7*"));
}
fails('shorter', qr/ERROR:  /, undef, json("$large&faults=shorter\@7*"));
fails('cut off', qr/ERROR:  /, undef, json("$large&faults=cut\@100000"));
fails('cut off array',
	qr/ERROR:  /, undef, json("/records.json?rows=$rows&faults=cut\@100000"));
fails('cut off gzip', qr/ERROR:  /, undef,
	csv("/records.csv.gz?rows=$rows&faults=cut\@10000"));
fails('cut off coding',
	qr/ERROR:  /, undef, json("$large&coding=gzip&faults=cut\@10000"));
fails('length by the connection\'s end',
	qr/ERROR:  /, undef,
	json("/records.json?rows=$rows&close=1&faults=reset\@2000000*"));
# a cut off record is a bad record; those before it are good
my ($call) =
  json("$small&faults=cut\@3010", arguments => ", on_error => 'skip'");
my ($out, $warning) = $session->query(
	"SELECT count(*), max(id) FROM $call AS t(id int, name text)");
like(
	"$out $warning",
	qr/^(\d+)\|\1 .*WARNING/s,
	'a cut off record is rejected');

# What is no HTTP, or not what was asked for.
fails('bad chunks',      $http, undef, json("$small&faults=badchunk\@100*"));
fails('html for json',   qr/ERROR:  22/, 1, json("$small&faults=html"));
fails('html for a page', qr/ERROR:  /, 1, api('/pages?by=link&faults=html'));
fails('wrong json',      qr/ERROR:  22/, 1, json("$small&faults=wrongjson"));
fails('wrong json for a page',
	qr/ERROR:  /, 1, api('/pages?by=next&faults=wrongjson'));

# Redirects.
sub redirects
{
	my ($n, $to) = @_;

	foreach (1 .. $n)
	{
		$to =~ s/([^A-Za-z0-9.])/sprintf '%%%02X', ord $1/ge;
		$to = "/redirect?to=$to";
	}
	return $to;
}
yields('five redirects', 50, undef, json(redirects(5, $small)));
fails('six redirects', $http, undef, json(redirects(6, $small)));
fails('no redirect allowed',
	$http, undef, json(redirects(1, $small), max_redirects => 0));
fails('a loop of redirects', $http, 6,     call('etl_read_json', '/loop'));
fails('no location',         $http, undef, json('/body?status=302&text=x'));
yields('a redirect, then a fault',
	50, undef, json(redirects(1, "$small&faults=503,reset&key=behind")));

# Bodies without end.
foreach my $of (qw(ndjson csv spaces string))
{
	my $function = $of eq 'csv' ? 'etl_read_csv' : 'etl_read_json';

	fails("endless $of", qr/ERROR:  54000:/,
		undef, call($function, "/endless?of=$of", max_bytes => 1_000_000));
}
my $key;
($call, $key) = json('/endless');
is( $session->query(
		"SELECT count(*) FROM (SELECT FROM $call AS t(id int) LIMIT 10) s"),
	'10',
	'LIMIT ends the reading of an endless body');
is(($server->outcomes($key))[0]{end}, 'gone', 'and the download');
foreach my $as ('', '&as=file')
{
	$session->query('SET pg_etl.max_decompression_ratio = 100');
	fails("gzip bomb$as, by ratio", qr/ERROR:  /, 1, json("/bomb?mb=200$as"));
	$session->query('RESET pg_etl.max_decompression_ratio');
	fails("gzip bomb$as, by size",
		qr/ERROR:  /, 1, json("/bomb?mb=200$as", max_bytes => 10_000_000));
}
cmp_ok(rss_anon($session->pid), '<', 200_000, 'no body was kept in memory');

# Pages.  Each kind of pagination, in the order of the records.
my %paginations = (
	'by=link&bare=1'                  => undef,
	'by=link&bare=1&relative=1'       => undef,
	'by=link&short=1&bare=1'          => undef,
	'by=next'                         => undef,
	'by=next&relative=1&final=absent' => undef,
	'by=next&nested=1'    => '{"type": "next_url", "path": "$.paging.next"}',
	'by=next&final=empty' => undef,
	'by=cursor'           =>
	  '{"type": "cursor", "path": "$.next_cursor", "param": "cursor"}',
	'by=cursor&short=1&final=empty' =>
	  '{"type": "cursor", "path": "$.next_cursor", "param": "cursor", "in": "header"}',
	'by=cursor&final=absent' =>
	  '{"type": "cursor", "header": "X-Next-Cursor", "param": "cursor"}',
	'by=cursor&format=csv' =>
	  '{"type": "cursor", "header": "X-Next-Cursor", "param": "cursor"}',
	'by=page&totals=0' =>
	  '{"type": "page", "param": "page", "start": 1, "size_param": "per_page", "size": 100}',
	'by=page&start=0' =>
	  '{"type": "page", "param": "page", "start": 0, "size_param": "per_page", "size": 100, "total_pages": "$.total_pages"}',
	'by=offset&totals=0' =>
	  '{"type": "offset", "param": "offset", "limit_param": "limit", "limit": 100}',
	'by=offset' =>
	  '{"type": "offset", "param": "offset", "limit_param": "limit", "limit": 100, "total": "$.total"}',
	'by=page&format=csv' =>
	  '{"type": "page", "param": "page", "start": 1, "size_param": "per_page", "size": 100}'
);
my @paginations = map {
	my $header     = $_ =~ /short=1&final/ ? 'X-Cursor' : 'cursor';
	my $pagination = $paginations{$_};
	$pagination =~ s/"param": "cursor"/"param": "$header"/
	  if defined $pagination;
	[
		$_,
		(   defined $pagination
			? ', pagination => ' . quote_literal($pagination)
			: '')
		  . (/format=csv/ ? ", format => 'csv'" : '')
	]
} sort keys %paginations;

foreach my $case (@paginations)
{
	my ($query, $arguments) = @$case;

	yields("pages $query", 730, undef,
		api("/pages?total=730&$query", arguments => $arguments));
	yields(
		"pages $query, faults",
		730, undef,
		api("/pages?total=730&$query&faults=503,ok,reset,ok,close,ok,500",
			arguments => $arguments));
	fails(
		"pages $query, for ever",
		$http, undef,
		api("/pages?total=730&$query&faults=ok,503*", arguments => $arguments)
	);
	my ($one, $first) =
	  api("/pages?total=730&$query", arguments => $arguments);
	is( $session->query(
			"SELECT count(*) FROM (SELECT FROM $one AS t(id int) LIMIT 10) s"
		),
		'10',
		"pages $query: LIMIT");
	is(scalar($server->requests($first)),
		1, "pages $query: asks for one page");
}

# The same page again and again is no progress.
foreach my $case (@paginations)
{
	my ($query, $arguments) = @$case;

	fails(
		"pages $query, repeated",
		qr/ERROR:  XE003:/,
		undef,
		api("/pages?total=730&$query&repeat=300", arguments => $arguments));
}

# Faults at random.  Whatever can be mended must come out right.
my $runs = $ENV{CHECK_LONG} ? 1000 : 150;
my $seed = $ENV{SEED} // int(rand(1_000_000));
diag("seed $seed, $runs random runs");
srand($seed);
my $mendable = 'reset,close,reset@40,reset@700,close@300,close@1500,'
  . 'reset@300000,503,500,502,504,408,429,425,badchunk@200,garbage';
my %come_out = (right => 0, error => 0);
my @wrong;

foreach my $run (1 .. $runs)
{
	my $last  = (1, 60, 700, 3000)[ int rand 4 ];
	my @how   = grep { rand() < 0.4 } qw(chunked=1 coding=gzip latency=2);
	my $must  = rand() < 0.6;
	my $chaos = join('&',
		@how, "chaos=$seed-$run", 'rate=0.5',
		$must ? "ranges=1&etag=strong&kinds=$mendable" : ());
	my $kind = int rand 5;
	my ($query, $arguments) = @{ $paginations[ rand @paginations ] };
	my ($statement) =
		$kind == 0 ? json("/records.ndjson?rows=$last&$chaos", retries => 8)
	  : $kind == 1 ? json("/records.json?rows=$last&$chaos", retries => 8)
	  : $kind == 2 ? csv("/records.csv?rows=$last&$chaos", retries => 8)
	  : $kind == 3 ? csv("/records.csv.gz?rows=$last&$chaos", retries => 8)
	  : api(
		"/pages?total=$last&$query&$chaos",
		arguments => "$arguments, retries => 8",
		retries   => 'null');
	my ($rows, $error) = $session->query(sprintf $digest, $statement);

	if    ($rows eq whole($last))                { $come_out{right}++ }
	elsif ($error =~ /ERROR:  XE002:/ && !$must) { $come_out{error}++ }
	else { push @wrong, "$statement\n$rows$error" }
}
is(scalar(@wrong), 0,
	'random faults: nothing lost, nothing twice, mended where possible')
  or diag(join "\n", @wrong > 5 ? @wrong[ 0 .. 4 ] : @wrong);
cmp_ok($come_out{right}, '>', $runs / 2, 'random faults: most are mended');
note("right $come_out{right}, errors $come_out{error}");
my $faults = grep { $_->{fault} } $server->requests;
cmp_ok($faults, '>', $runs / 2, "random faults: there were some, $faults");

$session->quit;
$node->stop;
$server->stop;
done_testing();
