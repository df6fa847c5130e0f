# What isn't a record's fault ends a load, and then nothing of it is left:
# cancels, timeouts, locks, a full disk, conflicts between transactions.  And
# loads are at home wherever a statement may stand.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = new_node(
	'load_faults', 'max_prepared_transactions = 2', 'deadlock_timeout = 100ms');
my $dir = work_dir();
my $MB = 1024 * 1024;

my $RECORDS = 4000;
my $file = write_lines("$dir/load.csv", $RECORDS + 1, sub {
	my $i = $_[0] - 1;
	return $i == 0 ? "id,p,t\n" : $i % 100 == 0 ? "$i,99,no parent\n"
	  : $i % 50 == 0 ? "x,1,no number\n" : "$i,1,text $i\n";
});
my $nbad = $RECORDS / 50;
my $ngood = $RECORDS - $nbad;

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE point (name text);
CREATE FUNCTION pause(here text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM point WHERE name = here) THEN
		PERFORM pg_advisory_xact_lock_shared(1);
	END IF;
	RETURN true;
END $$;
CREATE DOMAIN number AS int CHECK (VALUE <> 2001 OR pause('conversion'));
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1);
CREATE TABLE target (id number PRIMARY KEY,
	p int NOT NULL REFERENCES parent, t text);
CREATE TABLE plain (id int, p int, t text);
CREATE VIEW through AS SELECT * FROM target WHERE id > 0 WITH CHECK OPTION;
CREATE FUNCTION in_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pause(tg_name); RETURN new; END $$;
CREATE TRIGGER before_row BEFORE INSERT ON target FOR EACH ROW
	WHEN (new.id = 1001) EXECUTE FUNCTION in_trigger();
CREATE TRIGGER after_row AFTER INSERT ON target FOR EACH ROW
	WHEN (new.id = 1002) EXECUTE FUNCTION in_trigger();
CREATE TRIGGER after_all AFTER INSERT ON target FOR EACH STATEMENT
	EXECUTE FUNCTION in_trigger();
SQL

sub load_into
{
	my ($target, $path, $more) = @_;

	return 'SELECT rows_inserted, rows_rejected FROM etl_load('
	  . "'$target', '" . ($path // $file) . "', options => '{\"header\": true}'"
	  . ($more // '') . ')';
}

my $session = EtlTest::Session->new($node);
my $other = EtlTest::Session->new($node);
$session->query('SET client_min_messages = error');

sub clean
{
	$node->safe_psql('postgres',
		'TRUNCATE target, plain, point, etl.load, etl.dead_letter');
	return;
}

sub nothing_left
{
	my ($name) = @_;

	return is( $node->safe_psql('postgres',
			'SELECT (SELECT count(*) FROM target), (SELECT count(*) FROM plain), '
			  . '(SELECT count(*) FROM etl.load), (SELECT count(*) FROM etl.dead_letter)'),
		'0|0|0|0', "$name: nothing is left");
}

sub wait_for_lock
{
	my ($who) = @_;

	wait_until(sub {
		return $who->has_ended || $node->safe_psql('postgres',
			'SELECT wait_event_type FROM pg_stat_activity WHERE pid = '
			  . $who->pid) eq 'Lock';
	});
	return;
}

# At each point where a load can wait, it obeys a cancel, a timeout and an end.
my $paused = 'BEGIN; SELECT pg_advisory_xact_lock(1)';
my @points = (
	[ 'before the target is opened', 'BEGIN; LOCK TABLE target' ],
	[ 'while a value is converted', $paused, 'conversion' ],
	[ 'in a BEFORE trigger', $paused, 'before_row' ],
	[ 'in an AFTER trigger', $paused, 'after_row' ],
	[ 'in a statement trigger', $paused, 'after_all' ],
	[ 'at a duplicate', "BEGIN; INSERT INTO target VALUES (3001, 1, 'theirs')" ],
	[ 'at a foreign key', 'BEGIN; DELETE FROM parent' ],
	[ 'at dead letters', 'BEGIN; LOCK TABLE etl.dead_letter IN SHARE MODE' ],
	[ 'at the ledger', 'BEGIN; LOCK TABLE etl.load IN SHARE MODE' ]);
my %ends = (
	cancel => [ '57014', sub { "SELECT pg_cancel_backend($_[0])" } ],
	lock_timeout => ['55P03'],
	statement_timeout => ['57014'],
	terminate => [ '57P01', sub { "SELECT pg_terminate_backend($_[0])" } ]);

foreach my $target ('target', $ENV{CHECK_LONG} ? 'through' : ())
{
	foreach my $point (@points)
	{
		my ($where, $before, $name) = @$point;

		foreach my $end (sort keys %ends)
		{
			my ($state, $sql) = @{ $ends{$end} };

			clean();
			$node->safe_psql('postgres', "INSERT INTO point VALUES ('$name')")
			  if $name;
			$other->query($before);
			$session->query("SET $end = 300") unless $sql;
			$session->begin(load_into($target));
			if ($sql)
			{
				wait_for_lock($session);
				$node->safe_psql('postgres', $sql->($session->pid));
			}
			my ($out, $err) = $session->end;
			like($err, qr/(ERROR|FATAL):  $state:/, "$end $where of $target");
			$session->query("RESET $end") unless $sql;
			$other->query('ROLLBACK');
			if ($end eq 'terminate')
			{
				$session->quit;
				$session = EtlTest::Session->new($node);
				$session->query('SET client_min_messages = error');
			}
			nothing_left("$end $where of $target");
		}
	}
}

# a timeout at moments that nobody has chosen
clean();
my $interrupted = 0;
foreach my $ms (1 .. 25)
{
	$session->query("SET statement_timeout = " . $ms * 4);
	my ($out, $err) = $session->query(load_into('target'));
	$session->query('RESET statement_timeout');
	if ($err =~ /57014/)
	{
		$interrupted++;
	}
	else
	{
		is("$out$err", "$ngood|$nbad", "after $ms: it was quick");
		clean();
	}
}
cmp_ok($interrupted, '>', 0, 'timeouts have come');
nothing_left('timeouts');

# A file that may not grow is what a full disk or a quota is: never the fault of
# records, even where the server has no code for it.
SKIP:
{
	skip 'no prlimit', 4 if system('prlimit --version > /dev/null 2>&1') != 0;

	my $wide = write_lines("$dir/wide.csv", 40001, sub {
		return $_[0] == 1 ? "id,p,t\n" : "$_[0],1," . 'x' x 900 . "\n";
	});
	my $bad = write_lines("$dir/wide_bad.csv", 40001, sub {
		return $_[0] == 1 ? "id,p,t\n" : "$_[0],none," . 'x' x 900 . "\n";
	});
	my $limit = 20 * $MB;
	my $limited = EtlTest::Session->new($node);

	clean();
	system('prlimit', '--pid', $limited->pid, "--fsize=$limit:") == 0 or die;
	foreach my $case ([ 'target', $wide, 'rows' ], [ 'plain', $wide, 'rows without index' ],
		[ 'plain', $bad, 'dead letters' ])
	{
		my ($target, $path, $what) = @$case;
		my ($out, $err) = $limited->query(load_into($target, $path));

		like($err, qr/ERROR: .*(File too large|No space left)/,
			"no room for $what");
		nothing_left("no room for $what");
	}
	$limited->quit;
}

# a constraint trigger of a user, on another table, that fails at COMMIT
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE doomed (id int);
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'not this time'; END $$;
CREATE CONSTRAINT TRIGGER doom AFTER INSERT ON doomed
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
SQL
clean();
my ($out, $err) = $session->query('BEGIN; ' . load_into('target')
	  . '; INSERT INTO doomed VALUES (1); COMMIT');
like($err, qr/P0001:  not this time|P0001: not this time/, 'COMMIT fails');
nothing_left('COMMIT fails');

# transactions
is($session->query('BEGIN; ' . load_into('target') . '; ROLLBACK'),
	"$ngood|$nbad", 'a load that is rolled back');
nothing_left('rolled back');
# who notifies can't prepare
($out, $err) = $session->query('BEGIN; SET LOCAL pg_etl.notify_loads = off; '
	  . load_into('target')
	  . '; SAVEPOINT s; ' . load_into('plain', undef, ", mode => 'replace'")
	  . '; ROLLBACK TO s; ' . load_into('plain', undef, ", mode => 'replace'")
	  . "; PREPARE TRANSACTION 'p'");
is($err, '', 'savepoints, and a transaction that is prepared');
nothing_left('prepared');
$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
is( $node->safe_psql('postgres',
		'SELECT (SELECT count(*) FROM target), (SELECT count(*) FROM plain), '
		  . '(SELECT count(*) FROM etl.load), (SELECT count(*) FROM etl.dead_letter)'),
	$ngood . '|' . ($RECORDS - $RECORDS / 100) . '|2|' . ($nbad + $RECORDS / 100),
	'and committed');
clean();
($out, $err) = $session->query(
	'DO $$ BEGIN PERFORM * FROM (' . load_into('target') . ') l; '
	  . "RAISE 'enough' USING ERRCODE = 'P0001'; "
	  . 'EXCEPTION WHEN raise_exception THEN NULL; END $$');
is($err, '', 'in a block with an exception');
nothing_left('in a block with an exception');
($out, $err) = $session->query(
	'DO $$ BEGIN FOR i IN 1 .. 3 LOOP PERFORM * FROM ('
	  . load_into('plain', undef, ", mode => 'replace'")
	  . ') l; COMMIT; PERFORM * FROM (' . load_into('target')
	  . ') l; ROLLBACK; END LOOP; END $$');
is($err, '', 'between COMMIT and ROLLBACK in a procedure');
is( $session->query('SELECT (SELECT count(*) FROM plain), (SELECT count(*) FROM target), '
		  . '(SELECT count(*) FROM etl.load)'),
	$RECORDS - $RECORDS / 100 . '|0|3', 'what was committed is there');
clean();

fails_with($node, 'BEGIN READ ONLY; ' . load_into('plain'), '25006',
	'in a read-only transaction');
fails_with($node, 'BEGIN READ ONLY; '
	  . "SELECT etl_load_query('plain', 'SELECT 1 AS id')", '25006',
	'a query in a read-only transaction');
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE large AS SELECT i FROM generate_series(1, 50000) i;
ANALYZE large;
CREATE FUNCTION mislabelled(i int) RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE AS $$
BEGIN
	IF i > 10 THEN RETURN 0; END IF;
	RETURN (etl_load_query('plain', 'SELECT 1 AS id')).rows_inserted;
END $$;
SQL
fails_with($node, 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; '
	  . 'SET min_parallel_table_scan_size = 0; '
	  . 'SELECT sum(mislabelled(i)) FROM large',
	'25000', 'in a parallel query');
nothing_left('refused loads');

# a load sees the target as it was
$session->query("INSERT INTO plain SELECT i, 1, 'x' FROM generate_series(1, 1000) i");
is($session->query("SELECT rows_inserted FROM etl_load_query('plain', "
		  . "'SELECT id + 1000 AS id, p, t FROM plain')"),
	'1000', 'from a query that reads the target');
is($session->query("SELECT rows_deleted, rows_inserted FROM etl_load_query('plain', "
		  . "'SELECT DISTINCT id % 10 AS id, p, t FROM plain', mode => 'replace')"),
	'2000|10', 'from a query that reads what is replaced');
is($session->query('SELECT count(*), count(DISTINCT id) FROM plain'), '10|10',
	'which sees it');
clean();

# Overlapping loads, in one order, don't wait for each other in a circle; in
# different orders they may, and then one is to be repeated.
my $down = write_lines("$dir/down.csv", $RECORDS + 1,
	sub { $_[0] == 1 ? "id,p,t\n" : ($RECORDS + 2 - $_[0]) . ",1,down\n" });
my $up = write_lines("$dir/up.csv", $RECORDS + 1,
	sub { $_[0] == 1 ? "id,p,t\n" : ($_[0] - 1) . ",1,up\n" });
foreach my $case ([ 'the same order', $up, $up, $up ],
	[ 'different orders', $up, $down, $up ])
{
	my ($name, @files) = @$case;
	my @sessions = map { EtlTest::Session->new($node) } @files;
	my %tries;

	clean();
	$_->query('SET client_min_messages = error') foreach @sessions;
	my @todo = 0 .. $#files;
	while (@todo)
	{
		$sessions[$_]->begin(load_into('target', $files[$_])) foreach @todo;
		my @again;
		foreach my $i (@todo)
		{
			my ($o, $e) = $sessions[$i]->end;

			push @again, $i if $e =~ /40P01/;
			is($e, '', "$name: no other error") unless $e =~ /40P01/;
			$tries{$i}++;
		}
		is(scalar(@again), 0, "$name: no deadlock") if $name =~ /same/;
		@todo = @again;
		die 'too many deadlocks' if grep { $_ > 20 } values %tries;
	}
	is( $node->safe_psql('postgres',
			'SELECT count(*), count(DISTINCT id) FROM target'),
		"$RECORDS|$RECORDS", "$name: each key once");
	is( $node->safe_psql('postgres',
			'SELECT sum(rows_read), sum(rows_inserted), sum(rows_rejected) FROM etl.load'),
		3 * $RECORDS . "|$RECORDS|" . 2 * $RECORDS, "$name: all is accounted for");
	is( $node->safe_psql('postgres',
			'SELECT count(*), min(sqlstate), max(sqlstate) FROM etl.dead_letter'),
		2 * $RECORDS . '|23505|23505', "$name: the others are duplicates");
	$_->quit foreach @sessions;
}

# loads that replace come one after the other
clean();
my @sessions = map { EtlTest::Session->new($node) } 1 .. 4;
foreach my $round (1 .. 5)
{
	$_->begin('SET client_min_messages = error; '
		  . load_into('plain', undef, ", mode => 'replace'")) foreach @sessions;
	is(($_->end)[1], '', 'replacing at the same time') foreach @sessions;
}
$_->quit foreach @sessions;
is($session->query('SELECT count(*) FROM plain'), $RECORDS - $RECORDS / 100,
	'leaves one load');

# isolation levels
clean();
$session->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM target');
$other->query("INSERT INTO target VALUES (7, 1, 'unseen')");
is($session->query(load_into('target')), $ngood - 1 . '|' . ($nbad + 1),
	'REPEATABLE READ: a key that is not seen is a duplicate all the same');
is(($session->query('COMMIT'))[1], '', 'REPEATABLE READ: committed');
clean();
$session->query('BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM plain');
$other->query('BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM target; '
	  . "INSERT INTO plain VALUES (1, 1, 'x'); COMMIT");
($out, $err) = $session->query(load_into('target') . '; COMMIT');
like($err, qr/40001/, 'SERIALIZABLE: a dangerous load fails as a whole');
$session->query('ROLLBACK');
is( $session->query('SELECT (SELECT count(*) FROM target), (SELECT count(*) FROM etl.load), '
		  . '(SELECT count(*) FROM etl.dead_letter)'),
	'0|0|0', 'SERIALIZABLE: nothing is left');

# the target's form may change between two loads, not during one
clean();
$session->query('PREPARE load AS ' . load_into('plain'));
is($session->query('EXECUTE load'), $RECORDS - $RECORDS / 100 . '|' . $RECORDS / 100,
	'prepared');
foreach my $change ('RENAME t TO u', 'DROP p', 'ADD q int DEFAULT 5',
	'ADD t bigint GENERATED ALWAYS AS IDENTITY')
{
	$session->query('BEGIN; EXECUTE load');
	$other->begin("ALTER TABLE plain $change");
	wait_for_lock($other);
	ok(!$other->has_ended, "$change waits");
	$session->query('COMMIT');
	is(($other->end)[1], '', "$change is done");
	is($session->query('EXECUTE load'),
		$RECORDS - $RECORDS / 100 . '|' . $RECORDS / 100, "loaded after $change");
}
is( $session->query('SELECT count(*), count(u), count(q), count(DISTINCT t) FROM plain'),
	join('|', map { $_ * ($RECORDS - $RECORDS / 100) } 9, 2, 9, 9),
	'each row in the form of its time');
$node->safe_psql('postgres', 'DROP TABLE plain');
($out, $err) = $session->query('EXECUTE load');
like($err, qr/ERROR:  42P01: relation .* does not exist/, 'and when it is gone');
fails_with($node, "SELECT etl_load_query(1::regclass, 'SELECT 1')", '42P01',
	'no such target');
$node->safe_psql('postgres', 'CREATE TABLE plain (id int, p int, t text)');

# loads in triggers of loads
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE outside (id int, p int, t text);
CREATE FUNCTION load_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM etl_load_query('plain', format(
		'SELECT * FROM (VALUES (%s, ''1''), (%1$s, ''x'')) v(id, p)', new.id));
	IF new.id = 7 THEN RAISE 'no sevens'; END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER more AFTER INSERT ON outside FOR EACH ROW EXECUTE FUNCTION load_more();
SQL
clean();
is($session->query("SELECT rows_inserted, rows_rejected FROM etl_load_query("
		  . "'outside', 'SELECT i AS id FROM generate_series(1, 20) i')"),
	'19|1', 'loads in a trigger of a load');
is( $session->query('SELECT count(*), count(*) FILTER (WHERE id = 7), '
		  . '(SELECT count(*) FROM etl.load), (SELECT count(*) FROM etl.dead_letter) FROM plain'),
	'19|0|20|20', 'and what was tried in vain has left nothing');

# where nothing can be written
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
fails_with($standby, load_into('plain'), '25006', 'on a standby');
$standby->stop;

$_->quit foreach $session, $other;
$node->stop;
unlike(read_bytes($node->logfile), qr/reference leak|still referenced|not closed|PANIC|TRAP|was terminated/,
	'the server warns of nothing');
done_testing();
