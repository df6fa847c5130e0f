# Access tokens: asked for when needed, kept as long as they are good; refresh
# tokens that each use replaces are never lost, whatever happens meanwhile.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('access_tokens', 'synchronous_commit = off',
	'max_worker_processes = 3', 'wal_level = replica');
my $server = fault_server();
my $good = '/records.csv?rows=2&need=oauth';

# Makes a server whose tokens come from /oauth/token, with this query.
sub make_server
{
	my ($name, $auth, $query, $secrets) = @_;

	$node->safe_psql('postgres',
		"CREATE SERVER $name FOREIGN DATA WRAPPER pg_etl OPTIONS (
			auth 'oauth2_$auth', allow_private 'true', base_url "
		  . quote_literal($server->url)
		  . ', token_url '
		  . quote_literal($server->url("/oauth/token?key=$name&$query"))
		  . ");
		CREATE USER MAPPING FOR PUBLIC SERVER $name OPTIONS (
			client_id 'client', client_secret 'secret'$secrets)");
	return;
}

sub reading
{
	my ($name) = @_;

	return "SELECT count(*) FROM etl_read_csv('$good', server => '$name') AS t(id int)";
}

sub read_ok
{
	my ($name, $test) = @_;

	is($node->safe_psql('postgres', reading($name)), 2, $test);
	return;
}

# How often a server's tokens were asked for, and how often a spent one was used.
sub asked
{
	my ($name) = @_;
	my @requests = $server->requests($name);

	return scalar @requests;
}

sub reused
{
	return scalar grep { $_->{reuse} } $server->journal;
}

sub stored
{
	my ($name, $option) = @_;

	return $node->safe_psql('postgres',
		"SELECT option_value FROM pg_user_mappings, pg_options_to_table(umoptions)
		 WHERE srvname = '$name' AND option_name = '$option'");
}

# Client credentials: a token serves its session until something changes.
make_server('client', 'client_credentials', 'auth=basic', '');
my $session = EtlTest::Session->new($node);
is($session->query(reading('client')), 2, 'a token by client credentials');
is($session->query(reading('client')), 2, 'the same token again');
is(asked('client'), 1, 'it was asked for once');
is(stored('client', 'access_token'), '', 'it is not stored');
read_ok('client', 'another session');
is(asked('client'), 2, 'asks for its own');
$session->query("ALTER SERVER client OPTIONS (ADD scope 'all')");
is($session->query(reading('client')), 2, 'an altered server');
is(asked('client'), 3, 'takes a new token');
$session->query(
	"ALTER USER MAPPING FOR PUBLIC SERVER client OPTIONS (SET client_secret 'wrong')");
my ($out, $err) = $session->query(reading('client'));
like($err, qr/ERROR:  XE002: token server .* status 401, invalid_client/,
	'a wrong secret');
unlike($err, qr/wrong|this is/, 'says nothing of it');
$session->quit;

make_server('body', 'client_credentials', 'auth=body', '');
read_ok('body', 'a token server that looks in the body only');
is(asked('body'), 2, 'is found out by its refusal');

make_server('short', 'client_credentials', 'expires=1', '');
$session = EtlTest::Session->new($node);
$session->query(reading('short'));
$node->poll_query_until('postgres', 'SELECT pg_sleep(1) IS NOT NULL');
is($session->query(reading('short')), 2, 'an expired token is not sent');
is(asked('short'), 2, 'but another');
is(scalar(grep { $_->{status} && $_->{status} == 401 } $server->journal), 0,
	'no request was refused');
$session->quit;

make_server('revoked', 'client_credentials', 'expires=3600&lives=0', '');
like(error_of($node, reading('revoked')), qr/XE002.*status 401/s,
	'a token that is good for nothing');
is(asked('revoked'), 2, 'is replaced once');

# A refresh token is replaced, and stored with the access token, for all.
make_server('turn', 'refresh_token', 'first=R0', ", refresh_token 'R0'");
read_ok('turn', 'a token by a refresh token');
my $first = stored('turn', 'refresh_token');
like($first, qr/^refresh-\d+-of-R0$/, 'the new refresh token is stored');
read_ok('turn', 'another session');
is(asked('turn'), 1, 'takes the stored access token');
is($node->safe_psql('postgres', "BEGIN READ ONLY; " . reading('turn')), 2,
	'so does a read-only transaction');

# What is expired or was refused is renewed, once for all who want it.
sub expire
{
	my ($name) = @_;

	$node->safe_psql('postgres',
		"SET synchronous_commit = on;
		ALTER USER MAPPING FOR PUBLIC SERVER $name OPTIONS (SET access_token_expires '1')");
	return;
}
expire('turn');
my @sessions = map { EtlTest::Session->new($node) } 1 .. 8;
$_->begin(reading('turn')) foreach @sessions;
is(join(' ', map { scalar $_->end } @sessions), '2 2 2 2 2 2 2 2',
	'sessions that need a new token at the same time');
is(asked('turn'), 2, 'make one request for it');
$_->quit foreach @sessions;

# The renewal stays if the transaction doesn't.
expire('turn');
$first = stored('turn', 'refresh_token');
is( $node->safe_psql('postgres',
		'BEGIN READ ONLY; ' . reading('turn') . '; ROLLBACK'),
	2, 'a renewal in a transaction that is rolled back');
isnt(stored('turn', 'refresh_token'), $first, 'is kept');

# It stays if the session is cancelled in the midst of it, or ended.
foreach my $signal ('pg_cancel_backend', 'pg_terminate_backend')
{
	my $name = $signal =~ s/pg_(.*)_backend/$1/r;

	make_server($name, 'refresh_token', "first=$name&latency=1000",
		", refresh_token '$name'");
	$session = EtlTest::Session->new($node);
	$session->begin(reading($name));
	wait_until(sub { asked($name) > 0 });
	$node->safe_psql('postgres', "SELECT $signal(" . $session->pid . ')');
	($out, $err) = $session->end;
	like($err, qr/57014|57P01/, "$name: the session ends at once");
	is(stored($name, 'refresh_token'), $name, "$name: before the answer is there");
	wait_until(sub { stored($name, 'refresh_token') ne $name });
	read_ok($name, "$name: the token that came is stored all the same");
	is(asked($name), 1, "$name: and used");
	$session->quit;
}

# Ending the worker itself can't come between the request and the storing.
make_server('worker', 'refresh_token', 'first=worker&latency=1000',
	", refresh_token 'worker'");
$session = EtlTest::Session->new($node);
$session->begin(reading('worker'));
wait_until(sub { asked('worker') > 0 });
$node->safe_psql('postgres',
	"SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	 WHERE backend_type = 'pg_etl token renewal'");
is($session->end, 2, 'a worker that is told to end stores first');
$session->quit;

# A crash right after the access token was used loses nothing.
expire('turn');
read_ok('turn', 'a renewal');
$first = stored('turn', 'refresh_token');
$node->stop('immediate');
$node->start;
is(stored('turn', 'refresh_token'), $first, 'is there after a crash');
expire('turn');
read_ok('turn', 'and works');

# Nothing is spent where nothing could be stored.
my $before = asked('turn');
expire('turn');
$session = EtlTest::Session->new($node);
$session->query('BEGIN');
$session->query(
	"ALTER USER MAPPING FOR PUBLIC SERVER turn OPTIONS (SET access_token 'x')");
($out, $err) = $session->query(reading('turn'));
like($err, qr/ERROR:  55006/, 'a mapping that this transaction has altered');
$session->query('ROLLBACK');
$session->quit;
is(asked('turn'), $before, 'was not used');

expire('turn');
$node->append_conf('postgresql.conf', 'max_worker_processes = 0');
$node->restart;
fails_with($node, reading('turn'), '53400', 'no worker is free');
is(asked('turn'), $before, 'the token is not spent');
$node->append_conf('postgresql.conf', 'max_worker_processes = 3');
$node->restart;
read_ok('turn', 'later there is one');

# A standby uses what the primary has stored, and can do no more.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('token_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', reading('turn')), 2, 'a standby has the token');
expire('turn');
$before = asked('turn');
$node->wait_for_catchup($standby);
fails_with($standby, reading('turn'), '25006', 'but gets no other');
is(asked('turn'), $before, 'and spends none');
read_ok('turn', 'the primary does');
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', reading('turn')), 2, 'for the standby too');

# An access token belongs to the refresh token that it came with.
$node->safe_psql('postgres',
	"ALTER USER MAPPING FOR PUBLIC SERVER turn OPTIONS (SET refresh_token 'nobody''s')");
like(error_of($node, reading('turn')),
	qr/XE002: token server .* status 400, invalid_grant.*HINT:  The refresh token is no longer valid/s,
	'another refresh token is another account');
is(reused(), 0, 'no refresh token was used twice');

done_testing();
