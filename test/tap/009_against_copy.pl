# The readers against the server itself: what COPY writes is read as it was,
# what COPY reads is read alike, values are accepted and refused as COPY does.
# And the two ways in which files are taken apart, against each other.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $long = $ENV{CHECK_LONG} ? 10 : 1;
my $node = new_node('against_copy');
my $dir = work_dir();
my $session = EtlTest::Session->new($node);
my $file = "$dir/in.csv";
my $pinned = "delimiter => ',', quote => '\"', escape => '\"', skip => 0, "
  . "encoding => 'UTF8', stop_at_blank => false, header =>";

sub pick
{
	return $_[ int rand @_ ];
}

# Runs a statement that must not fail.
sub run_sql
{
	my ($sql) = @_;
	my ($out, $err) = $session->query($sql);

	die "$sql\n$err" if $err =~ /ERROR/;
	return $out;
}

# The number of rows that one of two relations has and the other has not.
sub differences
{
	my ($one, $other) = @_;

	return run_sql("SELECT count(*) FROM ((TABLE $one EXCEPT ALL TABLE $other) "
		  . "UNION ALL (TABLE $other EXCEPT ALL TABLE $one)) s");
}

# What COPY writes.
run_sql(<<'SQL');
SELECT setseed(0.25);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE mood AS ENUM ('sad', 'so, so', '"happy"');
CREATE TYPE pair AS (x int, y text);
CREATE TABLE typed AS
SELECT CASE WHEN random() < 0.9 THEN g::smallint END AS c_smallint,
	   (random() * 4e9 - 2e9)::int AS c_int,
	   (random() * 1.8e19 - 9e18)::bigint AS c_bigint,
	   ((random() - 0.5) * 10 ^ (random() * 40 - 20)::int)::numeric AS c_numeric,
	   CASE g % 7 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' WHEN 2 THEN '-0'
			ELSE (random() - 0.5) * 10 ^ (random() * 40 - 20)::int END::float4 AS c_real,
	   CASE g % 7 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' WHEN 2 THEN '1e-310'
			ELSE (random() - 0.5) * 10 ^ (random() * 600 - 300)::int END::float8 AS c_double,
	   CASE WHEN random() < 0.9 THEN random() < 0.5 END AS c_boolean,
	   CASE g % 9 WHEN 0 THEN 'infinity' WHEN 1 THEN '0044-03-15 BC'
			ELSE (date '1900-01-01' + (random() * 1e5)::int)::text END::date AS c_date,
	   timestamp '1700-01-01' + random() * interval '400 years' AS c_timestamp,
	   timestamptz '1700-01-01' + random() * interval '400 years' AS c_timestamptz,
	   time '00:00' + random() * interval '1 day' AS c_time,
	   random() * interval '30 years' AS c_interval,
	   md5(g::text)::uuid AS c_uuid,
	   CASE g % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'a "b",\nc' WHEN 3 THEN E'\\.'
			ELSE repeat('é', g % 50) END AS c_text,
	   (E'x\ty"' || g)::varchar(10) AS c_varchar,
	   (g % 100)::text::char(5) AS c_char,
	   jsonb_build_object('k', g, 's', E'q"u,o\n') AS c_jsonb,
	   json_build_array(g, 'a "b"')::json AS c_json,
	   decode(md5(g::text), 'hex') AS c_bytea,
	   ARRAY[g, NULL, -g] AS c_ints,
	   ARRAY['a,b', 'c"d', NULL, E'e\nf'] AS c_texts,
	   int4range(g, g + 10) AS c_range,
	   ('192.168.0.' || g % 256)::inet AS c_inet,
	   (g + 1)::positive AS c_domain,
	   (enum_range(NULL::mood))[1 + g % 3] AS c_enum,
	   ROW(g, E'p "q", r')::pair AS c_pair,
	   point(g, random()) AS c_point
FROM generate_series(0, 3000) g;
CREATE TABLE typed_back (LIKE typed);
SQL
foreach my $options ('', ', HEADER', ', FORCE_QUOTE *', ", DELIMITER ';'",
	", QUOTE '''', ESCAPE ''''", ", ESCAPE '\\'", ", NULL '\\N'",
	", DELIMITER E'\\t', QUOTE E'\\x01'")
{
	my $header = $options =~ /HEADER/ ? 'true' : 'false';
	my $delimiter = $options =~ /DELIMITER (\S+'|';')/ ? $1 : "','";
	my $quote = $options =~ /QUOTE (E?'[^']+'|'''')/ ? $1 : q{'"'};
	my $escape = $options =~ /ESCAPE ('[^']+'|'''')/ ? $1 : $quote;
	my $null = $options =~ /NULL ('.*')/ ? $1 : q{''};

	run_sql("COPY typed TO '$file' (FORMAT csv$options)");
	run_sql('TRUNCATE typed_back');
	run_sql("INSERT INTO typed_back SELECT * FROM etl_read_csv('$file', "
		  . "NULL::typed, header => $header, delimiter => $delimiter, "
		  . "quote => $quote, escape => $escape, null_strings => ARRAY[$null])");
	# as rows of text, as not all types can be compared
	is( run_sql('SELECT count(*) FROM (SELECT t::text FROM typed t EXCEPT ALL '
			  . 'SELECT t::text FROM typed_back t) s')
		  . '|'
		  . run_sql('SELECT count(*) FROM typed_back'),
		'0|3001',
		"what COPY wrote is read as it was$options");
}
run_sql("COPY typed TO '$file' (FORMAT csv, HEADER)");
run_sql('TRUNCATE typed_back');
run_sql("INSERT INTO typed_back SELECT * FROM etl_read_csv('$file', NULL::typed)");
is( run_sql('SELECT count(*) FROM (SELECT t::text FROM typed t EXCEPT ALL '
		  . 'SELECT t::text FROM typed_back t) s'),
	0,
	'also if nothing is told of how it was written');

# What COPY reads: random records.  A 1 between quotes stands for a quote.
srand(7);
run_sql('CREATE TABLE by_copy (a text, b text, c text)');
run_sql('CREATE TABLE by_us (LIKE by_copy)');
my $unlike = 0;
foreach my $round (1 .. 150 * $long)
{
	my @parts = ('a', 'b', ' ', ',', "\n", "\r\n", 'é', '\\', '1');
	my $newline = pick("\n", "\r\n");
	my $text = '';

	foreach my $row (1 .. pick(1, 3, 30))
	{
		my @fields;

		foreach (1 .. 3)
		{
			my $field = join '', map { pick(@parts) } 1 .. pick(0, 1, 2, 5);

			$field = '"' . $field =~ s/1/""/gr . '"'
			  if $field =~ /[,\r\n]/ || int rand 3 == 0;
			push @fields, $field;
		}
		$text .= join(',', @fields) . $newline;
	}
	write_file($file, $text);
	run_sql('TRUNCATE by_copy, by_us');
	run_sql("COPY by_copy FROM '$file' (FORMAT csv)");
	my ($out, $err) = $session->query(
		"INSERT INTO by_us SELECT * FROM etl_read_csv('$file', $pinned false) "
		  . 'AS t(a text, b text, c text)');

	next if $err eq '' && differences('by_copy', 'by_us') == 0;
	$unlike++;
	diag("round $round: $err\n$text");
}
is($unlike, 0, 'what COPY reads is read alike');

# Values.
my %values = (
	smallint => [qw(0 -0 +1 32767 32768 -32768 -32769 1.0 1e2 0x1F 1_000)],
	int => [
		qw(0 007 +5 -5 2147483647 2147483648 -2147483648 -2147483649 1. .5
		  99999999999999999999 0b1 0o7 1__0 - + --1), '1 2', "\t7"
	],
	bigint => [
		qw(9223372036854775807 9223372036854775808 -9223372036854775808
		  -9223372036854775809 000000000000000000000000000001 123456789012345678)
	],
	numeric => [
		qw(1 1. .1 . - 1e5 1E-5 1e 1e+ 1e400 -1.50 00.100 NaN nan inf -Infinity
		  +inf infin 123456789012345678901234567890.123456789 1e131072
		  1e-16383 1e200000 0x10 1_000.5 ++1), ' 1.5 ', '1,5'
	],
	'numeric(5,2)' => [qw(1 999.99 999.994 999.995 1000 -999.999 0.001 NaN inf)],
	real => [qw(1 1.5 1e38 3.5e38 1e-45 1e-50 nan inf -inf .5 5. 1e 0x1p3 1d2)],
	'double precision' => [
		qw(1 1.7976931348623157e308 1.8e308 4.9e-324 1e-400 -0 NaN -infinity
		  1e5 1e 0.1e1 0x1p3 1.2.3 9007199254740993 123456789012345678901234567890)
	],
	boolean => [
		qw(t f true FALSE yes No on off of o 1 0 2 10 tr fals y n yess),
		' true '
	],
	date => [
		qw(2020-01-01 2020-02-30 2019-02-29 2020-1-1 20200101 2020-001 0000-01-01
		  0001-01-01 9999-12-31 5874897-12-31 5874898-01-01 infinity -infinity
		  today epoch Jan-08-1999 01/02/2003 31/12/2003 2020-13-01 2020-00-10 1-1
		  J2451187 2020.01.01 2020-01-01x), 'January 8, 1999',
		'2020-01-01 BC', '2020-01-01 10:00'
	],
	timestamp => [
		'2020-01-01 10:00', '2020-01-01T10:00:00', '2020-01-01 10:00:00.1234567',
		'2020-01-01 24:00:00', '2020-01-01 25:00', '2020-01-01 23:59:60',
		'2020-01-01 23:59:61', '2020-01-01 10:00:00+02', '2020-01-01', 'infinity',
		'294276-12-31 23:59:59', '294277-01-01', '2020-01-01 10:00:00 PM',
		'2020-01-01 10:00:00 UTC', '2020-01-01  10:00:00', '2020-01-01 10',
		'2020-01-01 1:2:3', '2020-02-29 00:00:00.000001',
		'2020-01-01 10:00:00.', '2020-01-01 10:00:00.9999999'
	],
	timestamptz => [
		'2020-01-01 10:00', '2020-01-01 10:00:00+02', '2020-01-01 10:00:00-0330',
		'2020-01-01T10:00:00Z', '2020-01-01 10:00:00+16', '2020-01-01 10:00 UTC',
		'2020-01-01 10:00:00 Europe/Berlin', '2020-07-01 10:00:00 CET', 'now x',
		'2020-01-01 10:00:00+02:30:15', '2020-03-29 02:30:00', '2020-01-01 10:00:00+2'
	],
	time => [qw(10:00 24:00:00 24:00:01 10:00:00.5 10 1000 25:00 10:60 10:00:60),
		'10:00 PM', '10:00:00+02' ],
	interval => [ '1 day', 'P1Y2M', '1:02:03', 'x', '1 year ago' ],
	uuid => [
		qw(a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 A0EEBC999C0B4EF8BB6D6BB9BD380A11
		  {a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11} a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1
		  a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11 g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
		  a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11)
	],
	jsonb => [ '{}', '[1, 2.50, null]', '{"a":1,"a":2}', '{a:1}', '"\u0000"',
		'"x', 'nul', '1e5', '"\ud800"' ],
	json => [ '{}', '{"a":1, "a":2}', '"\u0000"', '[1,]' ],
	'varchar(3)' => [ 'abc', 'abcd', 'ab  ', 'abc   ', 'ééé', 'éééé' ],
	'char(3)' => [ 'a', 'abc', 'abcd', 'abc  ' ],
	bytea => [ '\x00ff', '\x0', 'a\\\\b', '\xzz' ],
	'int[]' => [ '{1,2}', '{1,x}', '{', '{{1},{2}}', '[0:1]={1,2}' ],
	int4range => [ '[1,5)', '[5,1]', 'empty', '[1' ],
	positive => [ '1', '0', '-1', 'x' ],
	mood => [ 'sad', 'glad', 'so, so' ],
	pair => [ '(1,x)', '(x,1)', '(1)' ],
	inet => [ '10.0.0.1', '10.0.0.256', '::1/128' ],
	oid => [ '0', '4294967295', '4294967296', '-1' ],
	regclass => [ 'pg_class', 'nothing_there' ],
	xid => ['5'],
	money => [ '$1.50', '1,000.00', 'x' ]);
$values{$_} = [ @{ $values{$_} }, '2', 'abc', ' 3', '4 ', "5\n" ]
  foreach keys %values;

# numbers and dates that nobody thought of
srand(11);
foreach my $type (qw(smallint int bigint numeric real date timestamp time),
	'double precision', 'numeric(5,2)', 'timestamptz')
{
	my @characters = $type =~ /date|time/
	  ? (0 .. 9, 0 .. 3, '-', ':', ' ', '.', '+')
	  : (0 .. 9, 0 .. 9, '-', '+', '.', 'e', '.');
	my $shape = {
		date => '2020-01-01',
		timestamp => '2020-01-01 00:00:00.000',
		timestamptz => '2020-01-01 00:00:00+00',
		time => '00:00:00.000'
	}->{$type};

	foreach (1 .. 60 * $long)
	{
		my $value = $shape // '0' x pick(1, 2, 5, 9, 18);

		substr($value, int rand length $value, 1) = pick(@characters)
		  foreach 1 .. pick(1, 2, 5, 10);
		push @{ $values{$type} }, $value;
	}
}
foreach my $type (sort keys %values)
{
	my @values = @{ $values{$type} };
	my ($differ, $accepted) = (0, 0);

	# the line end keeps blank values apart from blank lines
	write_file($file,
		join '', map { '"' . s/"/""/gr . "\",x\n" } @values);
	run_sql("CREATE TABLE conversion (v $type, x text)");
	run_sql('SET client_min_messages = error');
	my %ours = map { split /\|/, $_, 2 } split /\x02/, run_sql(
		"SELECT string_agg(etl_record_no || '|' || coalesce(v::text, 'refused'), "
		  . "E'\\x02') FROM etl_read_csv('$file', "
		  . "$pinned false, on_error => 'null') "
		  . "AS t(v $type, x text, etl_record_no bigint)");
	foreach my $i (1 .. @values)
	{
		write_file("$dir/one.csv", '"' . $values[$i - 1] =~ s/"/""/gr . "\",x\n");
		my ($out, $err) = $session->query('TRUNCATE conversion; '
			  . "COPY conversion FROM '$dir/one.csv' (FORMAT csv)");
		my $copied = $err =~ /ERROR/ ? 'refused' : run_sql(
			"SELECT coalesce(v::text, 'refused') FROM conversion");

		$accepted++ if $copied ne 'refused';
		next if $copied eq ($ours{$i} // 'none');
		$differ++;
		diag("$type: \"$values[$i - 1]\": COPY: $copied, we: "
			  . ($ours{$i} // 'none') . " $err");
	}
	run_sql('RESET client_min_messages');
	run_sql('DROP TABLE conversion');
	is($differ, 0,
		"$accepted of "
		  . @values
		  . " values are accepted as $type, and converted as by COPY");
}

# The index against the automaton: in encodings whose characters may end in a
# byte that looks like ASCII, only the automaton is used.
srand(13);
my $differ = 0;
foreach my $round (1 .. 200 * $long)
{
	my @parts = ('a', 'bc', ' ', '"', '""', ',', "\n", "\r", "\r\n", '\\', "\0",
		'x' x 70);
	my $text = join '', map { pick(@parts) } 1 .. pick(3, 20, 200, 4000);
	my @results;

	$text =~ s/\0//g if int rand 4;
	write_file($file, $text);
	foreach my $encoding (qw(UTF8 GBK))
	{
		my $how = $pinned =~ s/UTF8/$encoding/r;
		my $rows = join ';', map {
			my ($out, $err) = $session->query(
				"SELECT * FROM etl_csv_rows('$file', $how false$_)");
			$err =~ s/^LOCATION.*//mg;
			$err =~ s/encoding "GBK"/encoding "UTF8"/g;
			"$out/$err"
		  } '', ", on_error => 'skip', ragged => 'error'",
		  ", trim_fields => true, comment => 'b'";

		push @results, $rows;
	}
	next if $results[0] eq $results[1];
	$differ++;
	diag("round $round: " . unpack('H*', $text) . "\n" . join("\n", @results))
	  if $differ < 3 && length $text < 300;
}
is($differ, 0, 'both ways to find records find the same ones');

$session->quit;
$node->stop;
done_testing();
