# Tokens: a refresh token that the server replaces is stored for good before
# anything depends on it, whoever asks at the same time, and whatever dies.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = fault_server();
my $node   = new_node(
	'oauth_rotation',
	'pg_etl.allow_private_addresses = on',
	'max_connections = 30',
	'statement_timeout = 60s');
my $number = 0;

# A server whose refresh token is FIRST to begin with; returns its name.
sub create_server
{
	my (%query) = @_;
	my $name    = 's' . ++$number;
	my $grant   = delete $query{grant} // 'refresh_token';
	my $for     = delete $query{for}   // 'CURRENT_USER';
	my %all     = (key => $name, first => "first-$name", %query);
	my $url     = $server->url('/oauth/token?' . join '&',
		map { "$_=$all{$_}" } sort keys %all);

	$node->safe_psql(
		'postgres',
		"CREATE SERVER $name FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url '@{[$server->url]}', "
		  . "auth 'oauth2_$grant', token_url '$url', allow_private 'true'); "
		  . "CREATE USER MAPPING FOR $for SERVER $name OPTIONS (client_id 'client', client_secret 'secret'"
		  . (
			$grant eq 'refresh_token' ? ", refresh_token 'first-$name'" : '')
		  . ')');
	return $name;
}

sub reading
{
	my ($name, $query) = @_;
	return
	  "SELECT count(*) FROM etl_read_json('/records.ndjson?rows=3&need=oauth"
	  . ($query // '')
	  . "', server => '$name', options => '{\"retries\": 3, \"retry_max_wait_ms\": 20}') AS t(id int)";
}

sub stored
{
	my ($name) = @_;
	return $node->safe_psql('postgres',
		"SELECT option_value FROM pg_user_mappings, pg_options_to_table(umoptions) "
		  . "WHERE srvname = '$name' AND option_name = 'refresh_token'");
}

sub token_requests
{
	my ($name) = @_;
	return $server->requests($name);
}

# No spent token was ever used again.
sub never_reused
{
	my ($name) = @_;
	return is(scalar(grep { $_->{reuse} } $server->journal), 0, $name);
}

### the plain way

my $s = create_server(grant => 'client_credentials');
is($node->safe_psql('postgres', reading($s)), '3', 'client credentials');
is(scalar(token_requests($s)),                1,   'one token');
my $session = EtlTest::Session->new($node);
is($session->query(reading($s)), '3', 'once more') foreach 1 .. 3;
cmp_ok(scalar(token_requests($s)), '<=', 2, 'a session keeps its token');
foreach my $auth (qw(basic body))
{
	my $one = create_server(grant => 'client_credentials', auth => $auth);
	my ($out, $err) = $session->query(reading($one));
	is($out . $err, '3', "client credentials as $auth");
}
$s = create_server(rotate => 0);
is($session->query(reading($s)), '3',        'a refresh token that stays');
is(stored($s),                   "first-$s", 'and is not replaced');

$s = create_server();
is($session->query(reading($s)), '3', 'rotation');
like(stored($s), qr/^refresh-\d+-of-first-$s$/,
	'the new refresh token is stored');
is($node->safe_psql('postgres', reading($s)),
	'3', 'and used by the next session')
  foreach 1 .. 3;
is($session->query(reading($s)), '3', 'and by the first');
never_reused('no token is used twice');

### what is stored stays stored

$s = create_server();
$session->query('BEGIN');
is($session->query(reading($s)), '3', 'in a transaction');
my $new = stored($s);
isnt($new, "first-$s", 'other sessions see the new token at once');
$session->query('ROLLBACK');
is(stored($s), $new, 'a rollback does not undo it');
is($node->safe_psql('postgres', reading($s)), '3', 'and it is good');

$s = create_server();
my ($out, $err) =
  $session->query('SELECT 1 / (count(*) - 3) FROM ('
	  . reading($s) . ') s, '
	  . "LATERAL (SELECT FROM generate_series(1, s.count)) g");
like($err, qr/22012/, 'an error after it was replaced');
isnt(stored($s), "first-$s", 'does not undo it');
$s = create_server();
$session->query(
	'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM pg_class');
is($session->query(reading($s)), '3', 'an old snapshot is no obstacle')
  foreach 1 .. 3;
$session->query('COMMIT');
$s = create_server();
is( $session->query("SET default_transaction_read_only = on; " . reading($s)),
	'3',
	'nor a read-only transaction');
$session->query('RESET default_transaction_read_only');
isnt(stored($s), "first-$s", 'and the token is stored');
never_reused('no token is used twice');

### mappings of others

$node->safe_psql('postgres',
	'CREATE ROLE reader LOGIN; CREATE ROLE "Odd ""role""" LOGIN');
foreach my $for ('reader', 'PUBLIC', '"Odd ""role"""')
{
	my $one  = create_server(for => $for);
	my $user = $for =~ /^"/ ? 'Odd "role"' : 'reader';
	my @as   = (extra_params => [ '-U', $user ]);

	$node->safe_psql('postgres',
		"GRANT USAGE ON FOREIGN SERVER $one TO PUBLIC");
	is($node->safe_psql('postgres', reading($one), @as),
		'3', "mapping of $for")
	  foreach 1 .. 2;
	like(stored($one), qr/^refresh-/, "mapping of $for: stored");
}

### many at once

$s = create_server(latency => 20);
my @sessions = map { EtlTest::Session->new($node) } 1 .. 10;
foreach my $round (1 .. 4)
{
	$_->begin(reading($s)) foreach @sessions;
	my @results = map { join '', $_->end } @sessions;
	is("@results", join(' ', (3) x 10), "ten at once, round $round");
	is(scalar(token_requests($s)),
		$round, "one new token does for all, round $round");
	# now the server refuses what all of them have
	$server->get('/oauth/revoke');
}
never_reused('no token is used twice');
$_->quit foreach @sessions;

### tokens that end while a scan goes on

$s = create_server(expires => 4);
my $pages =
  "SELECT count(*), count(DISTINCT id) FROM etl_read_api('/pages?by=link&bare=1&total=1000&latency=400&need=oauth&key=p%s', server => '%s') AS t(id int)";
($out, $err) = $session->query(sprintf $pages, 1, $s);
is("$out$err", '1000|1000', 'a token that expires between pages');
my %used = map { $_->{headers}{authorization} => 1 } $server->requests('p1');
cmp_ok(scalar(keys %used), '>', 1, 'is replaced');
$s = create_server(expires => 3600, lives => 1);
is($session->query(sprintf $pages, 2, $s),
	'1000|1000', 'a token that the server drops early');
($out, $err) = $session->query(reading($s, '&faults=401*&key=always'));
like($err, qr/ERROR:  XE002:.*401/, '401 for ever');
is(scalar($server->requests('always')),
	2, 'is tried once more, with another token');
$s = create_server(expires => 'none');
is($session->query(reading($s)), '3', 'no word of when it expires');
never_reused('no token is used twice');

### what fails before the old token is spent

my $spent = sub {
	my ($name) = @_;
	return scalar grep { !$_->{fault} } token_requests($name);
};
$s = create_server(faults => '503,reset,close');
foreach my $attempt (1 .. 4)
{
	($out, $err) = $session->query(reading($s));
	last if $out eq '3';
	like(
		$err,
		qr/ERROR:  XE002:/,
		"token server in trouble, attempt $attempt");
}
is($out, '3', 'and out of it');
never_reused('a token request is not repeated blindly');
$s = create_server(secret => 'another');
($out, $err) = $session->query(reading($s));
like($err, qr/ERROR:  XE002:/, 'a wrong client secret');
is(stored($s), "first-$s", 'changes nothing');
cmp_ok(scalar(token_requests($s)),
	'<=', 2, 'and is tried in the header and the body, no more');

### no worker to store it

$node->append_conf('postgresql.conf', 'max_worker_processes = 0');
$node->restart;
$s = create_server();
($out, $err) = ('', error_of($node, reading($s)));
like($err, qr/ERROR:  53\d\d\d:/, 'no worker slot');
is($spent->($s), 0,          'the token was not spent');
is(stored($s),   "first-$s", 'and is still there');
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->restart;
is($node->safe_psql('postgres', reading($s)), '3', 'and good');

### a standby

$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
$s = create_server();
$node->wait_for_catchup($standby);
like(error_of($standby, reading($s)), qr/ERROR:  25006:/, 'on a standby');
is($spent->($s), 0, 'the token was not spent');
my $client = create_server(grant => 'client_credentials');
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', reading($client)),
	'3', 'client credentials need nothing stored');
$standby->stop;

### kill -9

sub kill_while
{
	my ($name, $sql, $ready) = @_;
	my $victim = EtlTest::Session->new($node);

	$victim->begin($sql);
	wait_until(sub { $victim->has_ended || $ready->() });
	kill 'KILL', $victim->pid;
	$victim->end;
	# the postmaster starts anew
	$node->poll_query_until('postgres', 'SELECT true');
	pass("killed: $name");
	return;
}
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->restart;

# while the token is being used
$s = create_server();
kill_while(
	'the token is in use',
	reading($s, "&key=use-$s&faults=stall"),
	sub { scalar $server->requests("use-$s") });
like(stored($s), qr/^refresh-/, 'the new token has survived');
is($node->safe_psql('postgres', reading($s)), '3', 'and is good');

# while the token server thinks; it has not answered, nor taken the token
$s = create_server(faults => 'stall');
kill_while('the token server is silent',
	reading($s), sub { scalar token_requests($s) });
is(stored($s), "first-$s", 'the old token is still there');
is($node->safe_psql('postgres', reading($s)), '3', 'and is good');

# at any moment
foreach my $round (1 .. ($ENV{CHECK_LONG} ? 30 : 6))
{
	my $one = create_server(latency => 10);
	my $end;

	kill_while(
		"after a while, $round",
		reading($one),
		sub {
			# between the answer and the use is what this is about
			$end //= Time::HiRes::time() + rand 0.03 if token_requests($one);
			return defined $end && Time::HiRes::time() >= $end;
		});
	my $error    = error_of($node, reading($one));
	my $answered = grep { $_->{end} eq 'whole' } $server->outcomes($one);
	# what the server has taken and we never heard of is lost, and said to be
	ok($error eq '' || $error =~ /XE002.*400/s, "killed: clear state, $round")
	  or diag($error);
}
$session->quit;
$node->stop;
$server->stop;
done_testing();
