# A load is all or nothing: whenever the backend or the server is killed, what
# is there after the restart are all its rows, its dead letters and its row in
# etl.load, or none of them.
#
# Each point of a load at which it is killed is one where it waits: for a lock
# that the test holds, or for a server that has stopped to answer.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

# more than fits into one batch
my $RECORDS = 12000;
my $WIDE = 'x' x 1800;

my $node = new_node(
	'load_kill',
	'restart_after_crash = on',
	'max_prepared_transactions = 2',
	'pg_etl.allow_private_addresses = on',
	'shared_buffers = 64MB');
my $server = fault_server();
my $dir = work_dir();

# each 500th record is bad, in one of five ways
my %bad = (
	500 => 'no number', 1000 => 'no such parent', 1500 => 'null',
	2000 => 'twice', 0 => 'refused');

sub record
{
	my ($i) = @_;
	my $way = $i % 500 == 0 ? $bad{ $i % 2500 } : '';

	return "x$i,1,$WIDE\n" if $way eq 'no number';
	return "$i,99,$WIDE\n" if $way eq 'no such parent';
	return "$i,,$WIDE\n" if $way eq 'null';
	return "1,1,$WIDE\n" if $way eq 'twice';
	return "$i,1,refuse $WIDE\n" if $way eq 'refused';
	return "$i,1,$WIDE\n";
}

my $nbad = int($RECORDS / 500);
my $ngood = $RECORDS - $nbad;
my $file = write_lines("$dir/load.csv", $RECORDS + 1,
	sub { $_[0] == 1 ? "id,p,t\n" : record($_[0] - 1) });

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE point (name text);
CREATE FUNCTION pause(here text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM point WHERE name = here) THEN
		PERFORM pg_advisory_xact_lock_shared(1);
	END IF;
	RETURN true;
END $$;
CREATE DOMAIN number AS int CHECK (VALUE <> 10001 OR pause('conversion'));
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1);
CREATE TABLE target (id number PRIMARY KEY, p int NOT NULL REFERENCES parent,
	t text);
CREATE FUNCTION in_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.t LIKE 'refuse%' THEN RAISE 'refused'; END IF;
	PERFORM pause(tg_name);
	RETURN NULL;
END $$;
CREATE TRIGGER after_row AFTER INSERT ON target FOR EACH ROW
	WHEN (new.id = 5001) EXECUTE FUNCTION in_trigger();
CREATE TRIGGER after_last AFTER INSERT ON target FOR EACH ROW
	WHEN (new.id = 11999) EXECUTE FUNCTION in_trigger();
CREATE TRIGGER refusing AFTER INSERT ON target FOR EACH ROW
	WHEN (new.t LIKE 'refuse%') EXECUTE FUNCTION in_trigger();
CREATE FUNCTION in_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pause(tg_name); RETURN NULL; END $$;
CREATE TRIGGER before_all BEFORE INSERT ON target FOR EACH STATEMENT
	EXECUTE FUNCTION in_statement();
CREATE TRIGGER after_all AFTER INSERT ON target FOR EACH STATEMENT
	EXECUTE FUNCTION in_statement();
CREATE TABLE at_commit (id int);
CREATE CONSTRAINT TRIGGER commit AFTER INSERT ON at_commit
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	EXECUTE FUNCTION in_statement();
SQL

my $load = "SELECT rows_inserted, rows_rejected FROM etl_load('target', '$file', "
  . "options => '{\"header\": true}')";
my $replace = $load =~ s/\)$/, mode => 'replace')/r;
my $paused = 'BEGIN; SELECT pg_advisory_xact_lock(1)';

# name => what the loading session does, what another does before so that it
# waits, whether all is there afterwards
my @points = (
	[ 'before the target is opened', $load, 'BEGIN; LOCK TABLE target' ],
	[ 'at the BEFORE STATEMENT trigger', $load, $paused, point => 'before_all' ],
	[ 'while a value is converted', $load, $paused, point => 'conversion' ],
	[ 'in an AFTER ROW trigger', $load, $paused, point => 'after_row' ],
	[ 'in the last batch', $load, $paused, point => 'after_last' ],
	[ 'at a duplicate that another has not committed', $load,
		"BEGIN; INSERT INTO target VALUES (3001, 1, 'theirs')" ],
	[ 'at a foreign key', $load, 'BEGIN; DELETE FROM parent' ],
	[ 'at the AFTER STATEMENT trigger', $load, $paused, point => 'after_all' ],
	[ 'when dead letters are written', $load,
		'BEGIN; LOCK TABLE etl.dead_letter IN SHARE MODE' ],
	[ 'when its row in etl.load is written', $load,
		'BEGIN; LOCK TABLE etl.load IN SHARE MODE' ],
	[ 'while it replaces', $replace, $paused, point => 'after_row' ],
	[ 'at the end of what replaces', $replace, $paused, point => 'after_all' ],
	[ 'while it reads', "SELECT * FROM etl_load('read', '"
		  . $server->url('/records.csv?rows=9000&faults=stall@99999*')
		  . "')", '' ],
	[ 'when it is done but not committed',
		"BEGIN; $load; SELECT 'done', pg_advisory_xact_lock_shared(1)", $paused ],
	[ 'at COMMIT', "BEGIN; $load; INSERT INTO at_commit VALUES (1); COMMIT",
		$paused, point => 'commit' ],
	[ 'when it has been committed',
		"$load; SELECT 'done', pg_advisory_lock_shared(1)", $paused, all => 1 ],
	# who notifies can't prepare
	[ 'when it is prepared', 'BEGIN; SET LOCAL pg_etl.notify_loads = off; '
		  . "$load; PREPARE TRANSACTION 'p'; "
		  . 'SELECT pg_advisory_lock_shared(1)', $paused, prepared => 1 ]);

my $state = 'SELECT (SELECT count(*) FROM target), (SELECT count(*) FROM etl.load), '
  . '(SELECT count(*) FROM etl.dead_letter), '
  . '(SELECT count(DISTINCT record_no) FROM etl.dead_letter), '
  . '(SELECT count(*) FROM read)';
my $none = '0|0|0|0|0';
my $all = "$ngood|1|$nbad|$nbad|0";
$node->safe_psql('postgres',
	'CREATE TABLE read (id int, name text, amount numeric, day date)');

# True while some process works in the server's directory.
sub is_alive
{
	my $here = $node->data_dir;
	return grep { (readlink("$_/cwd") // '') eq $here } glob('/proc/[0-9]*');
}

# The server is up again, whoever has died.
sub wait_for_server
{
	my ($who) = @_;

	if ($who eq 'server')
	{
		# Nobody may have collected what is left of it, so that it seems to run.
		wait_until(sub { !is_alive() });
		unlink $node->data_dir . '/postmaster.pid',
		  $node->host . '/.s.PGSQL.' . $node->port . '.lock';
		$node->start;
	}
	# psql may have given up before it is told what to run
	wait_until(sub {
		(eval { $node->psql('postgres', 'SELECT 1') } // 1) == 0;
	});
	return;
}

sub kill_at
{
	my ($who, $session) = @_;

	if ($who eq 'server')
	{
		$node->kill9;
	}
	else
	{
		kill 'KILL', $session->pid or die "could not kill: $!";
	}
	# what was going on has ended
	$session->end;
	return;
}

sub clean
{
	$node->safe_psql('postgres',
		'TRUNCATE target, point, read, at_commit, etl.load, etl.dead_letter');
	return;
}

sub check_point
{
	my ($who, $name, $sql, $before, %how) = @_;
	my $other = EtlTest::Session->new($node);
	my $session = EtlTest::Session->new($node);
	my $replaces = $sql =~ /mode/;

	clean();
	$node->safe_psql('postgres', "INSERT INTO point VALUES ('$how{point}')")
	  if $how{point};
	# what a load replaces must be there again
	$node->safe_psql('postgres',
		"INSERT INTO target SELECT i, 1, 'old' FROM generate_series(1, 100) i")
	  if $replaces;
	$other->query($before) if $before;
	$session->query('SET client_min_messages = error');
	$session->begin($sql);
	wait_until(sub {
		return 1 if $session->has_ended;
		my $event = $node->safe_psql('postgres',
			'SELECT wait_event_type, wait_event FROM pg_stat_activity '
			  . "WHERE pid = " . $session->pid);
		return $event =~ ($before ? qr/^Lock/ : qr/^Extension/);
	});
	ok(!$session->has_ended, "$name: it waits") or diag($session->end);
	kill_at($who, $session);
	$_->quit foreach $session, $other;
	wait_for_server($who);

	my $expected = $how{all} ? $all : $none;
	$expected =~ s/^0/100/ if $replaces;
	is($node->safe_psql('postgres', $state), $expected,
		"$name, the $who is killed: all or nothing");
	if ($how{prepared})
	{
		$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
		is($node->safe_psql('postgres', $state), $all, "$name: all of it");
	}
	return;
}

my $i = 0;
foreach my $point (@points)
{
	foreach my $who ($ENV{CHECK_LONG} ? qw(backend server)
		: $i++ % 3 ? 'backend' : 'server')
	{
		check_point($who, @$point);
	}
}

# at moments that nobody has chosen
foreach my $round (1 .. ($ENV{CHECK_LONG} ? 40 : 5))
{
	my $session = EtlTest::Session->new($node);

	clean();
	$session->query('SET client_min_messages = error');
	$session->begin($load);
	sleep rand(0.8);
	kill_at($round % 2 ? 'backend' : 'server', $session);
	$session->quit;
	wait_for_server($round % 2 ? 'backend' : 'server');
	like($node->safe_psql('postgres', $state), qr/^(\Q$none\E|\Q$all\E)$/,
		"at some moment, round $round: all or nothing");
}

# and what was interrupted can be done again
clean();
is($node->safe_psql('postgres', "SET client_min_messages = error; $load"),
	"$ngood|$nbad", 'the same load, uninterrupted');
is($node->safe_psql('postgres', $state), $all, 'all is there');
is( $node->safe_psql('postgres',
		'SELECT count(*), sum(id::bigint), count(DISTINCT id) FROM target'),
	$node->safe_psql('postgres',
		"SELECT count(*), sum(i), count(*) FROM generate_series(1, $RECORDS) i "
		  . 'WHERE i % 500 <> 0'),
	'each row once');
is( $node->safe_psql('postgres',
		'SET enable_seqscan = off; SELECT count(*) FROM target WHERE id > 0'),
	$ngood, 'and the index knows them');

$node->stop;
$server->stop;
unlike(read_bytes($node->logfile), qr/reference leak|still referenced|not closed|PANIC|TRAP/,
	'the server warns of nothing');
done_testing();
