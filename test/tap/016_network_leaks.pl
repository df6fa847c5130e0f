# Whatever way a request ends, nothing is left of it; and it ends when the
# statement is told to, in each of its phases.

use strict;
use warnings;

use EtlNetwork;
use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $ca     = make_ca();
my $server = fault_server($ca);
my $names  = $EtlNetwork::is_own ? name_server() : undef;
my $node   = new_node(
	'network_leaks',
	'pg_etl.allow_private_addresses = on',
	'max_files_per_process = 100');
my $session = EtlTest::Session->new($node);
my $watcher = EtlTest::Session->new($node);

# Descriptors on other things than files: the server opens more of those as it
# goes.
sub sockets
{
	my ($pid) = @_;

	opendir(my $fds, "/proc/$pid/fd") or die "could not look at $pid: $!";
	return join ' ', sort grep { !m{^/} }
	  map { (readlink("/proc/$pid/fd/$_") // '') =~ s/:\[\d+\]//r }
	  readdir($fds);
}

sub threads
{
	my ($pid) = @_;
	return read_bytes("/proc/$pid/status") =~ /^Threads:\s+(\d+)/m ? $1 : die;
}

### requests that end badly, or early

my $rounds = 36;
my $url    = $server->url('/records.ndjson');
my $https  = $server->url('/records.ndjson', 'https');
my $quick =
  '"retries": 1, "retry_max_wait_ms": 1, "timeout_ms": 30, "connect_timeout_ms": 300';

sub json
{
	my ($at, $query, $options) = @_;
	return
		"PERFORM * FROM etl_read_json('$at?$query', options => '{"
	  . ($options // $quick)
	  . "}') AS t(id int, name text)";
}
$node->safe_psql('postgres',
		"CREATE SERVER secure FOREIGN DATA WRAPPER pg_etl OPTIONS "
	  . "(base_url '@{[$server->url('', 'https')]}', allow_private 'true', ca_file '$ca->{ca}', auth 'basic'); "
	  . "CREATE USER MAPPING FOR CURRENT_USER SERVER secure OPTIONS (username 'u', password 'p'); "
	  . "CREATE SERVER token FOREIGN DATA WRAPPER pg_etl OPTIONS "
	  . "(base_url '@{[$server->url]}', allow_private 'true', auth 'oauth2_client_credentials', token_url '@{[$server->url('/oauth/token')]}'); "
	  . "CREATE USER MAPPING FOR CURRENT_USER SERVER token OPTIONS (client_id 'client', client_secret 'wrong')"
);
my $secure = sub {
	my ($query) = @_;
	return
	  "PERFORM * FROM etl_read_json('/records.ndjson?$query', server => 'secure', options => '{$quick}') AS t(id int, name text)";
};
my $pages = sub {
	my ($query, $rest) = @_;
	return
	  "PERFORM * FROM etl_read_api('@{[$server->url('/pages')]}?$query', records => '\$.data'"
	  . ", options => '{$quick}'$rest) AS t(id int)";
};
my $ahead =
  ', pagination => \'{"type": "page", "param": "page", "start": 1, "total_pages": "$.total_pages"}\'';
my %ends = (
	'404'                 => json($url, 'faults=404*'),
	'503 for ever'        => json($url, 'faults=503*'),
	'reset'               => json($url, 'faults=reset*'),
	'reset in the body'   => json($url, 'rows=8000&faults=reset@900000*'),
	'close in the body'   => json($url, 'rows=8000&faults=close@900000*'),
	'garbage'             => json($url, 'faults=garbage*'),
	'bad chunk'           => json($url, 'faults=badchunk@100*'),
	'silence'             => json($url, 'faults=stall*'),
	'silence in the body' => json($url, 'faults=stall@1000*'),
	'silence in TLS'      => json(
		$server->url('/x', 'silent') =~ s/^http/https/r,
		'', $quick =~ s/300/30/r),
	'unknown certificate' => json($https,                ''),
	'redirect loop'       => json($server->url('/loop'), ''),
	'redirect to a file'  =>
	  json($server->url('/redirect'), 'to=file:///etc/passwd'),
	'refused address' => json('http://169.254.169.254/', ''),
	'nobody listens'  => json('http://127.0.0.1:1/',     ''),
	'too large'   => json($url, 'rows=5000', "$quick, \"max_bytes\": 1000"),
	'bad record'  => json($url, 'rows=100&faults=cut@5000*'),
	'bad coding'  => json($url, 'rows=1000&coding=gzip&faults=cut@5000*'),
	'wrong token' =>
	  "PERFORM * FROM etl_read_json('/x', server => 'token', options => '{$quick}') AS t(id int)",
	'limit'              => json($url, 'rows=30000') . ' LIMIT 3',
	'limit over TLS'     => $secure->('rows=30000') . ' LIMIT 3',
	'TLS, to the end'    => $secure->('rows=30'),
	'TLS, reset'         => $secure->('rows=8000&faults=reset@900000*'),
	'error in the query' => json($url, 'rows=30000') =~ s/\*/1 \/ (id - 3)/r,
	'limit on pages'     => $pages->('by=page&total=100000', $ahead)
	  . ' LIMIT 150',
	'error in pages ahead' =>
	  $pages->('by=page&total=100000&faults=ok,ok,404*&key=KEY', $ahead),
	'pages again' => $pages->('by=next&repeat=300', ''),
	'rescans'     =>
	  "PERFORM * FROM generate_series(1, 3) g, LATERAL (SELECT * FROM etl_read_json('$url?rows=30000') AS t(id int) OFFSET g LIMIT 2) s",
	'cursor left open' =>
	  "FOR r IN SELECT * FROM etl_read_json('$url?rows=30000') AS t(id int) LOOP EXIT; END LOOP"
);

my $key = 0;

sub block
{
	my $body = '';

	foreach my $name (sort keys %ends)
	{
		my $sql = $ends{$name} =~ s/KEY/k@{[++$key]}/r;
		$body .= "BEGIN $sql; EXCEPTION WHEN OTHERS THEN n := n + 1; END;\n";
	}
	return
	  "DO \$\$ DECLARE r record; n int := 0; BEGIN FOR i IN 1 .. $rounds LOOP\n"
	  . "$body END LOOP; RAISE NOTICE 'failed: %', n; END \$\$";
}

my ($out, $err) = $session->query(block());
like($err, qr/failed: \d{3}/, 'requests that end in all ways') or diag($err);
is(error_count(), 0, 'no ending is a crash');
my ($memory, $files, $threads) =
  (rss_anon($session->pid), sockets($session->pid), threads($session->pid));
my $before = $server->requests;
($out, $err) = $session->query(block());
is(sockets($session->pid), $files,   'no descriptor is left open');
is(threads($session->pid), $threads, 'nor a thread');
is($threads,               1,        'there is but one');
cmp_ok(rss_anon($session->pid) - $memory,
	'<', 1024, 'memory has not grown by as much as a megabyte');
diag(
	sprintf 'memory grew by %d kB over %d statements, %d requests',
	rss_anon($session->pid) - $memory,
	$rounds * keys %ends,
	$server->requests - $before);
cmp_ok(2 * $rounds * keys %ends, '>=', 2000, 'there were thousands');

sub error_count
{
	return
	  scalar grep { /server process .* was terminated|PANIC/ } split /\n/,
	  read_bytes($node->logfile);
}

### cancel in each phase

my $long =
  '"timeout_ms": 600000, "connect_timeout_ms": 600000, "retry_max_wait_ms": 600000';

sub waiting
{
	my ($at, $options) = @_;
	return
		"SELECT count(*) FROM etl_read_json('$at', options => '{"
	  . ($options // $long)
	  . "}') AS t(id int)";
}
$node->safe_psql('postgres',
		"CREATE SERVER slow_token FOREIGN DATA WRAPPER pg_etl OPTIONS "
	  . "(base_url '@{[$server->url]}', allow_private 'true', auth 'oauth2_client_credentials', token_url '@{[$server->url('/oauth/token?key=token&faults=stall*')]}'); "
	  . "CREATE USER MAPPING FOR CURRENT_USER SERVER slow_token OPTIONS (client_id 'client', client_secret 'secret')"
);
# KEY is put in anew each time
my $at = sub {
	my ($query, $path) = @_;
	return $server->url(($path // '/records.ndjson') . "?key=KEY&$query");
};
# name => [statement, whether a request will be seen]
my %phases = (
	'connect'       => [ waiting($server->url('/', 'full')), 0 ],
	'TLS handshake' =>
	  [ waiting($server->url('/', 'silent') =~ s/^http/https/r), 0 ],
	'before the headers' => [ waiting($at->('faults=stall*')), 1 ],
	'in the headers'     => [ waiting($at->('faults=head*')),  1 ],
	'before the body' => [ waiting($at->('rows=30000&faults=stall@0*')), 1 ],
	'in the body'     =>
	  [ waiting($at->('rows=30000&faults=stall@3000000*')), 1 ],
	'in a slow body'     => [ waiting($at->('faults=slow@50*')), 1 ],
	'in an endless body' => [ waiting($at->('of=ndjson', '/endless')), 1 ],
	'in endless spaces'  => [ waiting($at->('of=spaces', '/endless')), 1 ],
	'in a gzip bomb'     =>
	  [ waiting($at->('mb=2000', '/bomb'), "$long, \"retries\": 0"), 1 ],
	'in a back-off'         => [ waiting($at->('faults=503@600*')),      1 ],
	'in a back-off by date' => [ waiting($at->('faults=429-date@600*')), 1 ],
	'for a rate'            => [
		"SELECT count(*) FROM etl_read_api('@{[$server->url('/pages?by=link&bare=1&key=KEY')]}', rate_limit => 0.001) AS t(id int)",
		1
	],
	'for the second page' => [
		"SELECT count(*) FROM etl_read_api('@{[$server->url('/pages?by=link&bare=1&key=KEY&faults=ok,stall*')]}', timeout => '10 min') AS t(id int)",
		2
	],
	'for pages ahead' => [
		"SELECT count(*) FROM etl_read_api('@{[$server->url('/pages?by=page&key=KEY&faults=ok,stall*')]}', records => '\$.data', timeout => '10 min'$ahead) AS t(id int)",
		2
	],
	'for a token' => [
		"SELECT count(*) FROM etl_read_json('/x', server => 'slow_token', options => '{$long}') AS t(id int)",
		1
	]);
$phases{'name'} = [ waiting($server->url('/', 'http', 'hang.phase.test')), 0 ]
  if $names;

my %latency;

# The name comes first, in a session of its own: the thread that waits for the
# name server can't be told to end, only left alone, and that takes a while.
my $resolving = EtlTest::Session->new($node);
foreach my $name (sort { ($b eq 'name') <=> ($a eq 'name') || $a cmp $b }
	keys %phases)
{
	my ($sql, $requests) = @{ $phases{$name} };

	foreach my $how ('cancel', 'statement_timeout', 'terminate')
	{
		my $one =
			$how eq 'terminate' ? EtlTest::Session->new($node)
		  : $name eq 'name'     ? $resolving
		  :                       $session;
		my $tag       = $name eq 'for a token' ? 'token' : 'phase' . ++$key;
		my $seen      = $server->requests($tag);
		my $statement = $sql =~ s/KEY/$tag/r;

		$one->query("SET statement_timeout = '400ms'")
		  if $how eq 'statement_timeout';
		my $begun = time;
		$one->begin($statement);
		wait_until(
			sub {
				$one->has_ended
				  || $server->requests($tag) >= $seen + $requests;
			}) if $requests;
		sleep(0.1) if $how ne 'statement_timeout';
		ok(!$one->has_ended, "$how $name: is waiting")
		  if $how ne 'statement_timeout';
		my $told = $how eq 'statement_timeout' ? $begun + 0.4 : time;
		$watcher->query("SELECT pg_${how}_backend(" . $one->pid . ')')
		  unless $how eq 'statement_timeout';
		my ($rows, $error) = $one->end;
		$latency{$how}{$name} = time - $told;
		like(
			$error,
			$how eq 'terminate' ? qr/FATAL:  57P01/ : qr/ERROR:  57014/,
			"$how $name: ends it");
		$one->query('RESET statement_timeout') if $how eq 'statement_timeout';

		if ($how eq 'terminate')
		{
			wait_until(sub { !-e '/proc/' . $one->pid });
			pass("$how $name: the process is gone");
		}
		else
		{
			my ($out1, $err1) = $one->query(
				"SELECT count(*) FROM etl_read_json('$url?rows=5') AS t(id int)"
			);
			is($out1 . $err1,      '5', "$how $name: the session goes on");
			is(threads($one->pid), 1,   "$how $name: no thread is left")
			  if $name ne 'name';
		}
	}
}
foreach my $how (sort keys %latency)
{
	my ($worst) = sort { $latency{$how}{$b} <=> $latency{$how}{$a} }
	  keys %{ $latency{$how} };
	diag(
		sprintf '%s: at most %.0f ms, "%s"', $how,
		1000 * $latency{$how}{$worst},       $worst);
	note(sprintf '%s %s: %.0f ms', $how, $_, 1000 * $latency{$how}{$_})
	  foreach sort keys %{ $latency{$how} };
	cmp_ok($latency{$how}{$worst}, '<', 10, "$how never takes long");
}
wait_until(sub { threads($resolving->pid) == 1 });
$resolving->quit;
is(sockets($session->pid),
	$files, 'no descriptor is left open by what was cancelled');

$session->quit;
$watcher->quit;
$node->stop;
$server->stop;
done_testing();
