# Nothing that a user mapping holds appears in anything the server writes or
# shows: not in logs at any level, errors, plans, views, dead letters, process
# titles; whether things go well or badly.
#
# What the server logs is switched on after the mappings were made, for the
# statement that makes one is the user's own and is logged as any other.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $ca     = make_ca();
my $server = fault_server($ca);
my $node   = new_node(
	'secrets',
	'pg_etl.allow_private_addresses = on',
	'max_worker_processes = 8');
my $base  = $server->url;
my $token = "$base/oauth/token?client=id&secret=zq7OauthSecret";

# kind => [options of the server, options of the mapping].  Each secret begins
# alike, so that they are found by that; some need encoding.
my %kinds = (
	basic =>
	  [ "auth 'basic'", "username 'zq7User', password 'zq7Pass%41 &\"''ü'" ],
	bearer => [ "auth 'bearer'", "token 'zq7Bearer.Token+/='" ],
	header => [
		"auth 'api_key', api_key_header 'X-Custom-Key'",
		"api_key 'zq7HeaderKey'"
	],
	param => [
		"auth 'api_key', api_key_param 'custom_key'",
		"api_key 'zq7Param Key&x=1'"
	],
	client => [
		"auth 'oauth2_client_credentials', token_url '$token&key=zq7Client'",
		"client_id 'id', client_secret 'zq7OauthSecret'"
	],
	refresh => [
		"auth 'oauth2_refresh_token', token_url '$token&key=zq7Refresh&first=zq7First&expires=0'",
		"client_id 'id', client_secret 'zq7OauthSecret', refresh_token 'zq7First'"
	],
	aws => [
		"auth 'aws_sigv4', region 'us-east-1'",
		"access_key_id 'AKIDEXAMPLE', secret_access_key 'zq7AwsSecret'"
	]);

# what makes a token, an access token or a new refresh token is told by key=
my @secrets = (
	qr/zq7(?!Client\b|Refresh\b|First&|OauthSecret[&"'\\])[A-Za-z]+/,
	qr/access-\d+-/,
	qr/refresh-\d+-of/,
	map { my $coded = encode_base64($_, ''); qr/\Q$coded\E/ }
	  'zq7User:zq7Pass%41 &"\'ü',
	'zq7Pass%41 &"\'ü',
	'id:zq7OauthSecret',
	'zq7Bearer.Token+/=',
	'zq7AwsSecret');
# The token's URL, which tells the token server what the secrets are, is no
# secret itself: it is in the server's options, and is taken out before looking.
my $no_secret = qr!\Q$base\E/(oauth/token|body)\?[^\s"',\}]*!;

my %emitted;

sub leaks
{
	my ($text) = @_;

	$text =~ s/$no_secret//g;
	foreach my $secret (@secrets)
	{
		return substr($text, $-[0] < 300 ? 0 : $-[0] - 300, 400)
		  if $text =~ $secret;
	}
	return;
}

sub emit
{
	my ($what, $text) = @_;

	$emitted{$what} = ($emitted{$what} // 0) + length $text;
	my $leak = leaks($text);
	is($leak, undef, "$what: no secret");
	return;
}

my $case = 0;
my %made;

# A server of this kind, with changed options; returns its name.
sub server_of
{
	my ($kind,    %changes) = @_;
	my ($options, $mapping) = @{ $kinds{$kind} };
	my $key  = join ' ', $kind, %changes;
	my $name = "zs_$kind" . (%changes ? '_' . keys %made : '');

	return $made{$key} if $made{$key};
	$made{$key} = $name;
	$options =~ s/token_url '[^']*'/token_url '$changes{token_url}'/
	  if $changes{token_url};
	$node->safe_psql('postgres',
		"CREATE SERVER \"$name\" FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url '"
		  . ($changes{base_url} // $base)
		  . "', allow_private 'true', $options);"
		  . "CREATE USER MAPPING FOR CURRENT_USER SERVER \"$name\" OPTIONS ($mapping)"
	);
	return $name;
}

# Everything that is to be read, and how it goes.
my @readings;

sub add
{
	my ($kind, $name, $path, %changes) = @_;
	my $function  = delete $changes{function}  // 'etl_read_json';
	my $arguments = delete $changes{arguments} // '';
	my $fails     = delete $changes{fails};

	push @readings,
	  [
		"$kind, $name", $function,
		$path,          server_of($kind, %changes),
		$arguments,     $fails
	  ];
	return;
}

my %need = (
	basic   => 'basic:zq7User:zq7Pass%2541 %26"\'ü',
	bearer  => 'bearer:zq7Bearer.Token%2B/%3D',
	header  => 'header:X-Custom-Key:zq7HeaderKey',
	param   => 'param:custom_key:zq7Param Key%26x%3D1',
	client  => 'oauth',
	refresh => 'oauth');
foreach my $kind (sort keys %kinds)
{
	my $data =
	  $kind eq 'aws'
	  ? '/s3/b/records.ndjson?s3_secret=zq7AwsSecret&'
	  : '/records.ndjson?';

	# the needed credentials would be in the URL: the fault server knows them
	add($kind, 'success',   '/records.ndjson?rows=3');
	add($kind, 'refused',   '/records.ndjson?faults=401*', fails => 'XE002');
	add($kind, 'forbidden', '/records.ndjson?faults=403*', fails => 'XE002');
	# a server that tells what it was sent, in the body of an error
	add($kind, 'echoed', '/told?status=400', fails => 'XE002');
	add($kind, 'fails always', '/records.ndjson?faults=500*',
		fails => 'XE002');
	add($kind, 'breaks off',
		'/records.ndjson?rows=30000&faults=reset@3000000*',
		fails => 'XE002');
	add($kind, 'bad record',
		'/records.ndjson?rows=3&faults=cut@300*',
		fails => '22P02');
	add($kind, 'dead letter',
		'/records.ndjson?rows=3&faults=cut@300*',
		arguments => ", on_error => 'dead_letter'");
	add($kind, 'redirect home', '/redirect?to=/records.ndjson');
	add($kind,
		'redirect away',
		'/redirect?to=' . $server->url('/records.ndjson', 'other'));
	add($kind, 'redirect that tells', '/told?status=302', fails => '.....');
	add($kind,
		'redirect to what is refused',
		'/redirect?to=http://169.254.169.254/',
		fails => '42501');
	add($kind, 'loop', '/loop?', fails => 'XE002');
	add($kind, 'pages', '/pages?by=next&total=300',
		function  => 'etl_read_api',
		arguments => ", records => '\$.data'");
	add($kind, 'page again', '/pages?by=next&total=300&repeat=100',
		function  => 'etl_read_api',
		arguments => ", records => '\$.data'",
		fails     => 'XE003');
	add($kind, 'pages elsewhere',
		'/pages?by=next&total=300&foreign=' . $server->url('', 'other'),
		function  => 'etl_read_api',
		arguments => ", records => '\$.data'",
		fails     => '42501');
	add($kind, 'TLS failure', '/records.ndjson',
		base_url => $server->url('', 'wrong_https'),
		fails    => 'XE002');
	add($kind, 'no TLS there', '/records.ndjson',
		base_url => $server->url('') =~ s/^http/https/r,
		fails    => 'XE002');
	add($kind, 'refused address', '/records.ndjson',
		base_url => 'https://169.254.170.2',
		fails    => '.....');
	add($kind, 'nobody listens', '/records.ndjson',
		base_url => 'http://127.0.0.1:1',
		fails    => 'XE002');
	add($kind, 'unknown option', '/records.ndjson',
		arguments => ', options => \'{"nonsense": 1}\'',
		fails     => '22023');
	next unless $kind =~ /^(client|refresh)$/;

	foreach my $answer (
		'text=%7B%22access_token%22%3A%22access-1-',
		'text=[]',
		'text=access-1-x',
		'text={}',
		'text={"access_token":{"a":"access-1-x"}}',
		'text={"access_token":"access-1-x\\r\\nX-A: b","token_type":"Bearer"}',
		'text={"access_token":"access-1-x","token_type":"mac","expires_in":"soon"}',
		'status=400&text={"error":"invalid_grant","error_description":"access-1-x zq7OauthSecret refresh-1-of"}',
		'status=200&text={"error":"access-1-x"}',
		'status=500&text=access-1-x',
		'status=302&text=x')
	{
		add($kind, "token answer $answer", '/records.ndjson',
			fails     => '.....',
			token_url => "$base/body?" . $answer =~
			  s/([^A-Za-z0-9=&%])/sprintf '%%%02X', ord $1/ger);
	}
	add($kind, 'token told', '/records.ndjson',
		token_url => "$base/told?status=400",
		fails     => 'XE002');
	add($kind, 'token told well', '/records.ndjson',
		token_url => "$base/told?status=200",
		fails     => '.....');
	add($kind, 'token redirected', '/records.ndjson',
		fails     => '.....',
		token_url => "$base/redirect?status=307&to="
		  . $server->url('/told', 'other'));
	add($kind, 'token without TLS', '/records.ndjson',
		token_url => $server->url('/x', 'wrong_https'),
		fails     => 'XE002');
	add($kind, 'token refused', '/records.ndjson',
		token_url => 'https://169.254.169.254/token',
		fails     => '.....');
	add($kind, 'token nobody', '/records.ndjson',
		token_url => 'http://127.0.0.1:1/token',
		fails     => 'XE002');
}

# From here on the server tells all it knows.
$node->append_conf('postgresql.conf', <<'END');
log_min_messages = debug5
log_min_error_statement = debug5
log_error_verbosity = verbose
log_statement = all
log_duration = on
log_connections = on
log_disconnections = on
log_line_prefix = '%m [%p] %q%a %i '
debug_print_parse = on
debug_print_rewritten = on
debug_print_plan = on
log_parser_stats = on
log_planner_stats = on
log_executor_stats = on
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
session_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_analyze = on
auto_explain.log_verbose = on
auto_explain.log_nested_statements = on
track_activity_query_size = 65536
END
my $log_start = -s $node->logfile;
$node->restart;

sub process_titles
{
	my $postmaster =
	  (split /\n/, read_bytes($node->data_dir . '/postmaster.pid'))[0];

	return join "\n", map {
		(eval { read_bytes("/proc/$_/cmdline") } // '') =~ tr/\0/ /r
	  } split ' ',
	  eval { read_bytes("/proc/$postmaster/task/$postmaster/children") }
	  // '';
}

my $watcher = EtlTest::Session->new($node);
my $session = EtlTest::Session->new($node);
$session->query('SET client_min_messages = debug5');
my $out = '';
foreach my $reading (@readings)
{
	my ($name, $function, $path, $server_name, $arguments, $fails) =
	  @$reading;
	my $options =
	  $arguments =~ /options/
	  ? ''
	  : ', options => \'{"retries": 1, "retry_max_wait_ms": 5, "timeout_ms": 5000, "connect_timeout_ms": 300}\'';
	my $call =
	  "$function('$path', server => '$server_name'$arguments$options) AS t(id int, name text, etl_source text, etl_raw text)";
	my ($rows, $messages) = $session->query("SELECT * FROM $call");

	if ($fails)
	{
		like($messages, qr/ERROR:  $fails:/, "$name: fails")
		  or diag(substr($messages, -2000));
	}
	else
	{
		unlike($messages, qr/ERROR:/, "$name: succeeds")
		  or diag(substr($messages, -2000));
	}
	emit("$name: rows and messages", $rows =~ s/^.*told.*$//mgr . $messages);
	$out =
	  $session->query("EXPLAIN (VERBOSE, FORMAT JSON) SELECT * FROM $call");
	($rows, $messages) = $session->query(
		"EXPLAIN (VERBOSE, ANALYZE, TIMING OFF) SELECT * FROM $call");
	emit("$name: plans", "$out$rows$messages");
}

# in the middle of it
foreach my $kind (sort keys %kinds)
{
	my $name = server_of_existing($kind);

	$session->begin(
		"SELECT * FROM etl_read_json('/records.ndjson?rows=3&key=middle-$kind&faults=stall*', server => '$name') AS t(id int)"
	);
	wait_until(
		sub { $session->has_ended || $server->requests("middle-$kind") > 0 });
	emit(
		"$kind: activity",
		$watcher->query('SELECT * FROM pg_stat_activity') . process_titles());
	$watcher->query('SELECT pg_cancel_backend(' . $session->pid . ')');
	my ($rows, $messages) = $session->end;
	like($messages, qr/ERROR:  57014/, "$kind: cancelled");
	emit("$kind: messages when cancelled", "$rows$messages");
}

sub server_of_existing
{
	my ($kind) = @_;
	return "zs_$kind";
}

# what looking, views and catalogs show
foreach my $kind (sort keys %kinds)
{
	my $name = server_of_existing($kind);

	foreach my $sql (
		"SELECT * FROM etl_describe('/records.ndjson', 'json', options => '{\"server\": \"$name\"}')",
		"SELECT etl_create_view('view_$kind', '/records.ndjson', 'json', '{\"server\": \"$name\"}')",
		"SELECT count(*) FROM view_$kind",
		"SELECT pg_get_viewdef('view_$kind')",
		"SELECT etl_create_table('table_$kind', '/records.ndjson?faults=401*', 'json', '{\"server\": \"$name\"}')",
		"ALTER USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (ADD nonsense 'x')"
	  )
	{
		my ($rows, $messages) = $session->query($sql);
		emit("$kind: " . substr($sql, 0, 30), "$rows$messages");
	}
}
emit('dead letters', $session->query('SELECT * FROM etl.dead_letter'));
cmp_ok($session->query('SELECT count(*) FROM etl.dead_letter'),
	'>', 0, 'there are dead letters');
emit(
	'views', join "\n",
	map { $session->query("SELECT * FROM $_") }
	  qw(
	  pg_stat_activity pg_settings pg_locks pg_foreign_server pg_cursors pg_prepared_statements
	  information_schema.foreign_servers));
is( $session->query(
		q{CREATE ROLE onlooker; SET ROLE onlooker;
		SELECT count(*) FROM pg_user_mappings WHERE umoptions IS NOT NULL}),
	'0',
	'others do not see mappings');
$session->quit;
$watcher->quit;

# short ones, which might be found everywhere, are masked as words
foreach my $short (
	[ 'header', "auth 'api_key', api_key_header 'X-K'", "api_key 'q7'" ],
	[ 'param',  "auth 'api_key', api_key_param 'k'",    "api_key 'q7'" ],
	[ 'bearer', "auth 'bearer'",                        "token 'q7'" ],
	[ 'basic', "auth 'basic'", "username 'x', password 'q7'" ])
{
	my ($kind, $options, $mapping) = @$short;

	$node->safe_psql('postgres',
		"CREATE SERVER zs_short_$kind FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url '$base', allow_private 'true', $options);"
		  . "CREATE USER MAPPING FOR CURRENT_USER SERVER zs_short_$kind OPTIONS ($mapping)"
	);
	my $error = error_of($node,
		"SELECT * FROM etl_read_json('/told?status=400&aq7=tq7', server => 'zs_short_$kind') AS t(id int)"
	);

	like($error, qr/XE002: .*\*\*.*aq7=tq7/s, "short, $kind: what is told");
	unlike($error, qr/\bq7\b|eDpxNw/, 'is told without the secret');
}

# values that the validator refuses are not repeated
foreach my $options (
	"password ''",
	"token E'zq7Bad\\nvalue'",
	"nonsense 'zq7Unknown'",
	"username E'zq7:colon', password E'zq7\\x01'")
{
	my $error = error_of($node,
		"CREATE USER MAPPING FOR onlooker SERVER zs_basic OPTIONS ($options)"
	);

	is(leaks(join '', grep { !/^(LINE|STATEMENT)/ } split /^/, $error),
		undef, "refused: no value in " . substr($options, 0, 8));
}

$node->stop;
my $log = substr(read_bytes($node->logfile), $log_start);
# the statements above that hold secrets are the user's own
$log = join '', grep { !/(CREATE|ALTER) USER MAPPING/ } split /^/, $log;
$log =~ s/zq7(Bad|Unknown|:colon|\\x01|\\n)//g;
cmp_ok(length $log, '>', 1_000_000, 'the log is long');
like($log, qr/DEBUG: /, 'and has debug messages');
emit('log', $log);
note("$_: $emitted{$_} bytes") foreach 'log', 'dead letters';
$server->stop;
done_testing();
