# What loads remember of URLs, cursors of incremental loads, and what others see
# and hear of a load.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('ledger', 'pg_etl.allow_private_addresses = on');
my $server = fault_server();
my $calls = 0;

$node->safe_psql('postgres', q{
	CREATE TABLE record (id int, name text);
	CREATE TABLE change (id int, updated_at timestamptz);
	CREATE TABLE plain_change (id bigint, updated_at timestamp);
	CREATE TABLE day_change (id numeric, updated_at date)});

# A load; arguments are SQL.
sub load
{
	my ($target, $url, @arguments) = @_;
	return "SELECT concat_ws(' ', status, rows_inserted) FROM etl_load("
	  . join(', ', "'$target'", quote_literal($url), @arguments) . ')';
}

# The URL of a path whose requests have a key of their own, and that key.
sub keyed
{
	my ($path) = @_;
	my $key = 'load' . ++$calls;

	return ($server->url($path . ($path =~ /\?/ ? '&' : '?') . "key=$key"), $key);
}

# What a query's requests had for a parameter, in order; '-' is none.
sub sent
{
	my ($key, $param) = @_;

	return join ' ', map { $_->{target} =~ /[?&]$param=([^&]*)/ ? $1 : '-' }
	  $server->requests($key);
}

# --- URLs that were loaded
foreach my $validator ('etag=strong', 'etag=weak', 'modified=1', 'etag=strong&modified=1&coding=gzip')
{
	# of the second answer, most never comes
	my ($url, $key) = keyed("/records.csv?rows=1000&$validator&faults=ok,stall\@100");
	my $load = load('record', $url, 'skip_loaded => true');

	is($node->safe_psql('postgres', $load), 'succeeded 1000', "$validator: loaded");
	is($node->safe_psql('postgres', $load), 'skipped 0', 'and not again');
	my @outcomes = $server->outcomes($key);
	is(scalar(@outcomes), 2, 'one request for each');
	is($outcomes[0]{end}, 'whole', 'the first is read');
	is($outcomes[1]{end}, 'gone', 'the second is not read to its end');
	is($node->safe_psql('postgres',
			'SELECT bytes_read, requests FROM etl.load ORDER BY load_id DESC LIMIT 1'),
		'0|1', 'nothing of it counts');
}
is( $node->safe_psql('postgres', q{
		SELECT DISTINCT regexp_replace(fingerprint, 'size \d+', 'size N') COLLATE "C"
		FROM etl.loaded_source ORDER BY 1}),
	qq{etag "v1"\netag W/"v1"\nsize N, modified Wed, 01 Jan 2020 00:00:00 GMT}, 'fingerprints');
my ($changing) = keyed('/records.csv?rows=10&etag=changing');
my $load = load('record', $changing, 'skip_loaded => true');
is($node->safe_psql('postgres', $load), 'succeeded 10', 'a URL that changes is loaded');
is($node->safe_psql('postgres', $load), 'succeeded 10', 'again');
# a load that doesn't skip remembers, too, and costs no request more
my ($plain, $plain_key) = keyed('/records.csv?rows=10&etag=strong');
is($node->safe_psql('postgres', load('record', $plain)), 'succeeded 10', 'without skip_loaded');
is($node->safe_psql('postgres', load('record', $plain, 'skip_loaded => true')), 'skipped 0', 'and with it');
is(scalar(() = $server->requests($plain_key)), 2, 'a request each');

# Where the server says nothing, the content tells.
my ($silent, $silent_key) = keyed('/records.csv?rows=1000');
my $silently = load('record', $silent, 'skip_loaded => true');
is($node->safe_psql('postgres', $silently), 'succeeded 1000', 'no version: loaded');
is(scalar(() = $server->requests($silent_key)), 2, 'after it was read for its checksum');
is($node->safe_psql('postgres', $silently), 'skipped 0', 'and not again');
is(scalar(() = $server->requests($silent_key)), 3, 'once it was read');
is($node->safe_psql('postgres', load('record', $silent)), 'succeeded 1000', 'without skip_loaded');
is(scalar(() = $server->requests($silent_key)), 4, 'it is read once');
# as it does where the user says so
my ($tagged, $tagged_key) = keyed('/records.csv.gz?rows=1000&etag=changing');
$load = load('record', $tagged, 'skip_loaded => true', q(mode_options => '{"fingerprint": "checksum"}'));
is($node->safe_psql('postgres', $load), 'succeeded 1000', 'a checksum');
is($node->safe_psql('postgres', $load), 'skipped 0', 'is the same under another tag');

# To replace takes one request, too.
my ($replaced, $replaced_key) = keyed('/records.csv?rows=10&etag=strong');
$load = load('record', $replaced, 'skip_loaded => true', q(mode => 'replace'));
is($node->safe_psql('postgres', $load), 'succeeded 10', 'replaced');
is($node->safe_psql('postgres', $load), 'skipped 0', 'once');
is(scalar(() = $server->requests($replaced_key)), 2, 'a request each');
is($node->safe_psql('postgres', 'SELECT count(*) FROM record'), 10, 'the rows are there');

# --- incremental loads
sub incremental
{
	my ($members, $more) = @_;
	return q(options => ') . qq({"incremental": {$members}) . ($more // '') . q(}');
}

my ($url, $key) = keyed('/changes');
my $by_time = '"column": "updated_at", "param": "since"';
my $start = "$by_time, \"start\": \"2024-01-01\", \"lag\": \"5 min\"";
my $first = load('change', "$url&last=10", q('api'), incremental($start));

is($node->safe_psql('postgres', $first), 'succeeded 10', 'the first load');
my $cursors = 'SELECT c.target, column_name, c.name, value, l.load_id IS NOT NULL, updated_at = started_at '
  . 'FROM etl.cursor AS c LEFT JOIN etl.load AS l USING (load_id) ORDER BY value';
is($node->safe_psql('postgres', $cursors),
	'change|updated_at||2024-01-01 00:10:00+00|t|t', 'its cursor');
is($node->safe_psql('postgres', $first), 'succeeded 6', 'the second, with a lag');
is(sent($key, 'since'), '2024-01-01 2024-01-01T00%3A05%3A00Z', 'what was asked for');
is( $node->safe_psql('postgres', q{SELECT details FROM etl.load ORDER BY load_id DESC LIMIT 1}),
	'{"incremental": {"sent": "2024-01-01T00:05:00Z", "after": "2024-01-01 00:10:00+00", '
	  . '"before": "2024-01-01 00:10:00+00", "column": "updated_at"}}', 'details');
# whatever the session's settings are
$node->safe_psql('postgres',
	q{SET timezone = 'America/New_York'; SET datestyle = 'German'; SET intervalstyle = 'sql_standard'; } . $first);
is((split / /, sent($key, 'since'))[-1], '2024-01-01T00%3A05%3A00Z', 'it is the same time');

# A load that fails, or is rolled back, leaves the cursor where it is.
$node->safe_psql('postgres', "UPDATE etl.cursor SET value = '2024-01-01 00:08:00+00'");
my ($status, $out, $err) = $node->psql('postgres',
	'ALTER TABLE change ADD CONSTRAINT small CHECK (id < 9) NOT VALID; '
	  . load('change', "$url&last=10", q('api'), q(on_error => 'abort'), incremental($start)));
isnt($status, 0, 'a load that fails');
$node->safe_psql('postgres', "BEGIN; $first; ROLLBACK");
is($node->safe_psql('postgres', 'SELECT value FROM etl.cursor'), '2024-01-01 00:08:00+00', 'leaves the cursor');
# Rejected rows are dead letters, and need not be read again.
is($node->safe_psql('postgres', $first), 'succeeded 6', 'rows that are refused');
is($node->safe_psql('postgres', 'SELECT value, count(*) FROM etl.cursor, etl.dead_letter GROUP BY 1'),
	'2024-01-01 00:10:00+00|2', 'move the cursor');
$node->safe_psql('postgres', 'ALTER TABLE change DROP CONSTRAINT small');

# It never goes back, whatever a server has.
$node->safe_psql('postgres', "UPDATE etl.cursor SET value = '2024-01-01 00:20:00Z'");
is($node->safe_psql('postgres', $first), 'succeeded 0', 'nothing new');
is($node->safe_psql('postgres', 'SELECT value FROM etl.cursor'), '2024-01-01 00:20:00Z', 'the cursor stays');
$node->safe_psql('postgres', "UPDATE etl.cursor SET value = 'tomorrow or so'");
like(error_of($node, $first), qr/22007.*tomorrow or so.*cursor of column "updated_at" for "http/s, 'a value that is none');
$node->safe_psql('postgres', 'UPDATE etl.cursor SET value = NULL');
is($node->safe_psql('postgres', $first), 'succeeded 10', 'reset, all is loaded');
$node->safe_psql('postgres', 'DELETE FROM etl.cursor');
is($node->safe_psql('postgres', $first), 'succeeded 10', 'removed, too');
is((split / /, sent($key, 'since'))[-1], '2024-01-01', 'from the start');

# Every type, lag and format: what is asked for first and then.
$node->safe_psql('postgres', 'DELETE FROM etl.cursor');
foreach my $case (
	[ 'change', $by_time, '- 2024-01-01T00%3A10%3A00Z' ],
	[ 'change', "$by_time, \"format\": \"iso\", \"start\": \"2024-01-01 01:00+01\"", '2024-01-01T00%3A00%3A00Z 2024-01-01T00%3A10%3A00Z' ],
	[ 'change', "$by_time, \"format\": \"epoch\", \"start\": \"2024-01-01\"", '1704067200 1704067800', 'by=epoch' ],
	[ 'change', "$by_time, \"format\": \"epoch\", \"start\": \"2024-01-01\", \"lag\": \"1.5 s\"", '1704067200 1704067798', 'by=epoch' ],
	[ 'change', "$by_time, \"format\": \"epoch_ms\", \"start\": 5", '5 1704067800000', 'by=ms' ],
	[ 'plain_change', "$by_time, \"lag\": \"1 day 0.25 s\"", '- 2023-12-31T00%3A09%3A59.75' ],
	[ 'plain_change', '"column": "id", "param": "since", "start": 0', '0 10', 'by=id' ],
	[ 'plain_change', '"column": "id", "param": "since", "lag": 3', '- 7', 'by=id' ],
	[ 'plain_change', '"column": "id", "param": "since", "lag": "2.5"', '- 7', 'by=id' ],
	[ 'day_change', '"column": "id", "param": "since", "lag": 20', '- -10', 'by=id' ],
	[ 'day_change', "$by_time, \"lag\": \"1 hour\"", '- 2023-12-31' ],
	[ 'day_change', "$by_time, \"format\": \"epoch\"", '- 1704067200', 'by=epoch' ],
	[ 'record', '"column": "name", "param": "since"', '- b%20%26', '' ])
{
	my ($target, $members, $expected, $by) = @$case;
	my $path = $target eq 'record' ? '/body?text=' . '[{"id":1,"name":"a"},{"id":2,"name":"b %26"}]' =~ s/([ "{}\[\]])/sprintf '%%%02x', ord $1/ger
	  : '/changes?' . ($by // 'by=time');
	my ($case_url, $case_key) = keyed($path);
	my $case_load = load($target, $case_url, q('api'), incremental($members));

	$node->safe_psql('postgres', "$case_load; $case_load");
	is(sent($case_key, 'since'), $expected, "$target, $members");
}

# Cursors of their own: by parameters, by name, by column.
$node->safe_psql('postgres', 'DELETE FROM etl.cursor');
my ($own_url, $own_key) = keyed('/changes');
foreach my $own (
	[ $by_time, ', "params": {"last": 3}' ], [ $by_time, ', "params": {"last": 4}' ],
	[ "$by_time, \"name\": \"x\"", ', "params": {"last": 5}' ], [ "$by_time, \"name\": \"y\"", ', "params": {"last": 5}' ])
{
	is((split / /, $node->safe_psql('postgres', load('change', $own_url, q('api'), incremental(@$own))))[0],
		'succeeded', 'a cursor of its own');
}
is(sent($own_key, 'since'), '- - - -', 'none has been asked for before');
is($node->safe_psql('postgres', 'SELECT count(*) FROM etl.cursor'), 4, 'all are there');
# CSV and JSON of a URL, too
my ($file_url, $file_key) = keyed('/changes');
$load = load('change', $file_url, q('json'), incremental($by_time));
$node->safe_psql('postgres', "$load; $load");
is(sent($file_key, 'since'), '- 2024-01-01T00%3A10%3A00Z', 'a URL that is no API');
# secrets are not written down
$node->safe_psql('postgres', load('change', $own_url . '&token=hush', q('api'), incremental($by_time)));
unlike($node->safe_psql('postgres', 'SELECT * FROM etl.cursor'), qr/hush/, 'no secret in a cursor');
# no value anywhere
($status, $out, $err) = $node->psql('postgres',
	load('change', $server->url('/changes?empty=1'), q('api'), incremental($by_time)));
like($err, qr/WARNING:  no row has a value of column "updated_at"/, 'a warning');
is($out, 'succeeded 10', 'and all rows');
# infinity would be the end
$node->safe_psql('postgres', 'DELETE FROM etl.cursor; '
	  . load('change', $server->url('/body?text=%5b%7b%22id%22:1,%22updated_at%22:%22infinity%22%7d,'
		. '%7b%22id%22:2,%22updated_at%22:%222024-02-03%22%7d%5d'), q('api'), incremental($by_time)));
is($node->safe_psql('postgres', 'SELECT value FROM etl.cursor'), '2024-02-03 00:00:00+00', 'infinity is passed over');

# Two loads of one cursor come one by one, also the first two.
my ($both_url, $both_key) = keyed('/changes');
my $both = load('change', $both_url, q('api'), incremental($by_time));
my $one = EtlTest::Session->new($node);
my $two = EtlTest::Session->new($node);
foreach my $round (1, 2)
{
	$one->query("BEGIN; $both");
	$two->begin($both);
	wait_until(sub {
		$node->safe_psql('postgres', 'SELECT wait_event_type FROM pg_stat_activity WHERE pid = ' . $two->pid) eq 'Lock';
	});
	is(scalar(() = $server->requests($both_key)), 2 * $round - 1, 'the second waits before it asks');
	$one->query('COMMIT');
	is($two->end, 'succeeded 1', 'and asks for what is new then');
}

# --- what others see of a load
my ($slow) = keyed('/records.csv?rows=50000&faults=stall@1000000');
$one->begin(load('record', $slow));
my $progress = 'SELECT p.target, phase, sources, p.rows_read > 10000, rows_rejected, p.bytes_read > 500000, p.bytes_total, '
  . 'requests, retries, started_at < now(), relid = p.target, command, type, bytes_processed = p.bytes_read, '
  . 'tuples_processed = rows_inserted '
  . 'FROM etl.load_progress AS p JOIN pg_stat_progress_copy USING (pid) WHERE pid = ' . $one->pid;
wait_until(sub { $node->safe_psql('postgres', $progress) =~ /^\w+\|loading\|1\|t/ });
is($node->safe_psql('postgres', $progress), 'record|loading|1|t|0|t||1|0|t|t|COPY FROM|CALLBACK|t|t', 'progress');
$node->safe_psql('postgres', 'CREATE ROLE somebody; CREATE DATABASE elsewhere');
$node->safe_psql('elsewhere', 'CREATE EXTENSION pg_etl');
is($node->safe_psql('postgres', 'SET ROLE somebody; SELECT count(*) FROM etl.load_progress'), 0, 'not for everybody');
is($node->safe_psql('elsewhere', 'SELECT count(*) FROM etl.load_progress'), 0, 'not elsewhere');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . $one->pid . ')');
$one->end;
is($node->safe_psql('postgres', 'SELECT count(*) FROM etl.load_progress'), 0, 'nothing is left of it');
# the first rows show, too
my ($slower) = keyed('/records.csv?rows=50000&faults=slow@1000&chunked=1');
$one->begin(load('record', $slower));
wait_until(sub { $node->safe_psql('postgres', 'SELECT phase FROM etl.load_progress') ne '' });
is($node->safe_psql('postgres', 'SELECT phase, rows_read, rows_inserted FROM etl.load_progress'),
	'loading|0|0', 'a load that waits for its first rows');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . $one->pid . ')');
$one->end;

# --- what is written in the log
my $odd = qq{with "quotes"\n, lines and \xc3\xa4};
my $log_from = -s $node->logfile;
$node->safe_psql('postgres', 'LOAD $$pg_etl$$; SET pg_etl.log_loads = on; '
	  . load('change', $server->url('/changes?token=hush'), q('api'), 'label => ' . quote_literal($odd)) . '; '
	  . "SELECT etl_load_query('record', 'SELECT 1 AS id'); "
	  . 'SET pg_etl.log_loads = off; ' . "SELECT etl_load_query('record', 'SELECT 1 AS id')");
my $log = slurp_file($node->logfile, $log_from);
my @entries = $log =~ /LOG:  (load .*)\n.*?DETAIL:  (.*)\n/g;
is(scalar(@entries), 4, 'a line for each load');
unlike(join('', @entries), qr/hush/, 'without secrets');
unlike($log, qr/STATEMENT:/, 'and without the statement, which may have them');
like($entries[0], qr/^load \d+ into public.change has succeeded$/, 'which it is');
my $entry = decode_json($entries[1]);
is_deeply(
	[ @{$entry}{qw(target mode status rows_read rows_inserted rows_rejected requests)} ],
	[ 'public.change', 'append', 'succeeded', 10, 10, 0, 1 ], 'JSON');
utf8::decode(my $decoded = $odd);
is($entry->{label}, $decoded, 'its texts');
like($entry->{source}, qr{^http://127.0.0.1:\d+/changes\?token=}, 'its source');
cmp_ok($entry->{duration_ms}, '>', 0, 'how long it took');
fails_with($node, 'LOAD $$pg_etl$$; SET ROLE somebody; SET pg_etl.log_loads = on', '42501', 'not for everybody to say');

# --- what is told to those who listen
my $listening = 'LISTEN pg_etl; ';
my $query = "SELECT load_id FROM etl_load_query('record', 'SELECT x AS id FROM unnest(ARRAY[''1'', ''y'']) AS x')";
$out = $node->safe_psql('postgres', "$listening $query");
my @heard = map { decode_json($_) } $out =~ /"pg_etl" with payload "(.*)" received/g;
is(scalar(@heard), 2, 'of a load with rejects');
is_deeply([ @{ $heard[0] }{qw(event load_id status rows_read rows_rejected)} ],
	[ 'load_finished', (split /\n/, $out)[0], 'succeeded', 2, 1 ], 'load_finished');
is_deeply($heard[1],
	{ event => 'load_rejects', load_id => $heard[0]{load_id}, target => 'public.record', source => 'query', rows_rejected => 1 },
	'load_rejects');
unlike($node->safe_psql('postgres', "$listening BEGIN; $query; ROLLBACK; SELECT 1"), qr/payload/, 'not if it is rolled back');
unlike($node->safe_psql('postgres', "$listening LOAD 'pg_etl'; SET pg_etl.notify_loads = off; $query"), qr/payload/, 'nor if nobody wants it');
foreach my $character (q('x'), q(E'\\x01'), q('"'), 'chr(228)')
{
	$out = $node->safe_psql('postgres',
		"$listening SELECT FROM etl_load_query('record', 'SELECT 1 AS id', label => repeat($character, 20000))");
	my ($payload) = $out =~ /"pg_etl" with payload "(.*)" received/;
	ok(defined $payload && length($payload) < 8000 && decode_json($payload)->{label} =~ /\.\.\.$/, 'long texts are cut');
}

$one->quit;
$two->quit;
$node->stop;
done_testing();
