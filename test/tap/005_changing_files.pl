# Files that change or vanish while they are read.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('files');
my $dir = work_dir();
my $session = EtlTest::Session->new($node);

$node->safe_psql('postgres', 'CREATE TYPE record_type AS (id int, name text)');

# Opens a cursor over some files and reads the first rows, so that the rest
# is read after the test has done something to them.
sub begin_reading
{
	my ($source, $more) = @_;

	$session->query('ROLLBACK; BEGIN');
	$session->query("DECLARE c CURSOR FOR SELECT a FROM etl_read_csv('$source', "
		  . "delimiter => ',', header => true$more) AS t(a int, b text)");
	is($session->query('FETCH 2 FROM c'), "1\n2", "reading begins: $source");
	return;
}

sub numbered_file
{
	my ($path, $n) = @_;

	return write_lines($path, $n + 1,
		sub { $_[0] == 1 ? "a,b\n" : sprintf("%d,%s\n", $_[0] - 1, 'x' x 50) });
}

my $N = 100_000;
my $rest = $N - 2;

my $file = numbered_file("$dir/numbers.csv", $N);
begin_reading($file, '');
unlink $file;
my ($out, $err) = $session->query('MOVE ALL FROM c');
is($err, '', 'a file that is unlinked is read to its end');
$session->query('CLOSE c');
fails_with($node, "SELECT * FROM etl_csv_rows('$file')",
	'58P01', 'but not found afterwards');

numbered_file($file, $N);
begin_reading($file, '');
numbered_file("$file.new", 10);
rename "$file.new", $file;
is($session->query('MOVE 1000 FROM c; FETCH 1 FROM c'),
	'1003', 'a file that is replaced stays what it was when it was opened');
$session->query('COMMIT');

foreach my $mode ('', ", on_error => 'skip'", ", on_error => 'null'",
	", on_error => 'dead_letter'")
{
	numbered_file($file, $N);
	begin_reading($file, $mode);
	truncate $file, 1_000_000;
	($out, $err) = $session->query('FETCH ALL FROM c');
	like($err, qr/ERROR:  58030: file "\Q$file\E" shrank while it was being/,
		"a file that shrinks is an error$mode");
}

numbered_file($file, $N);
begin_reading($file, '');
open(my $more, '>>', $file) or die;
print $more "100001,y\n";
close $more;
is($session->query('MOVE 99998 FROM c; FETCH ALL FROM c'),
	'100001', 'a file that grows is read to its new end')
  or diag($session->{err});

# several files, of which later ones go away
numbered_file("$dir/part$_.csv", 100) foreach 1 .. 3;
begin_reading("$dir/part*.csv", '');
unlink "$dir/part2.csv";
($out, $err) = $session->query('FETCH ALL FROM c');
like($err, qr/ERROR:  58P01: could not open file "\Q$dir\E\/part2.csv"/,
	'a file that a pattern found and that is gone is an error');
begin_reading("$dir/part*.csv", '');
numbered_file("$dir/part4.csv", 100);
is( () = $session->query('FETCH ALL FROM c') =~ /\d+/g,
	198,
	'a file that comes later is not read');

# what is cut off is told from what has ended
numbered_file("$dir/cut.csv", 10_000);
write_gzip("$dir/cut.csv.gz", "$dir/cut.csv");
my $gzip = read_bytes("$dir/cut.csv.gz");
foreach my $length (1, 9, 18, 20, length($gzip) / 2, length($gzip) - 1)
{
	write_file("$dir/cut.gz", substr($gzip, 0, $length));
	fails_with(
		$node,
		"SELECT count(*) FROM etl_read_csv('$dir/cut.gz', compression => "
		  . "'gzip', on_error => 'skip') AS t(a int, b text)",
		'22P04',
		"gzip that is cut off after $length bytes");
}
write_file("$dir/cut.gz", $gzip . $gzip);
is( $node->safe_psql(
		'postgres', "SELECT count(*) FROM etl_csv_rows('$dir/cut.gz')"),
	2 * 10_001,
	'two members are read as one file');
substr($gzip, length($gzip) / 2, 1) ^= "\x40";
write_file("$dir/cut.gz", $gzip);
fails_with($node, "SELECT count(*) FROM etl_csv_rows('$dir/cut.gz')",
	'22P04', 'gzip that is damaged');
write_gzip("$dir/bomb.gz", \("\n" x 20_000_000));
fails_with(
	$node,
	'SET pg_etl.max_decompression_ratio = 100; '
	  . "SELECT count(*) FROM etl_csv_rows('$dir/bomb.gz')",
	'54000',
	'a file that grows too much when it is decompressed');

# Whatever is done to compressed bytes, they are read or refused.
my %compressed = (
	gzip => '1f8b0800000000000203cb4cd1c94bcc4de532d471cccbe332d271ca4fe20200a4f7063d14000000',
	zstd => '28b52ffd2414a1000069642c6e616d650a312c416e6e0a322c426f620a6b4a7e0d',
	lz4 => '04224d186440a71400008069642c6e616d650a312c416e6e0a322c426f620a00000000f227c4e0',
	bzip2 => '425a68393141592653591d53e2250000075d0000100004300030003623a0002213479468f2840000b560f4c6e0b4c3053f8bb9229c28480ea9f11280',
	xz => 'fd377a585a000004e6d6b446020021011c00000010cf58cc01001369642c6e616d650a312c416e6e0a322c426f620a0063e032995cf6808900012c14f80a6d031fb6f37d010000000004595a');
$session->query('ROLLBACK; SET client_min_messages = error');
foreach my $method (sort keys %compressed)
{
	($out, $err) = $session->query(qq[
		SELECT setseed(0.5);
		DO \$\$
		DECLARE
			good bytea := '\\x$compressed{$method}';
			bad bytea;
		BEGIN
			FOR i IN 1 .. 1000 LOOP
				bad := good;
				FOR j IN 1 .. 1 + i % 3 LOOP
					bad := set_byte(bad, floor(random() * length(good))::int,
						floor(random() * 256)::int);
				END LOOP;
				IF i % 4 = 0 THEN
					bad := substr(bad, 1, 1 + floor(random() * length(good))::int);
				END IF;
				BEGIN
					PERFORM t FROM etl_parse_csv(bad, NULL::record_type,
						compression => '$method', on_error => 'skip') t;
				EXCEPTION WHEN bad_copy_file_format OR program_limit_exceeded
					OR undefined_column THEN
					NULL;
				END;
			END LOOP;
		END \$\$;
		SELECT count(*) FROM etl_parse_csv('\\x$compressed{$method}'::bytea,
			NULL::record_type)]);
	is("$out$err", "\n2", "damaged content is read or refused: $method");
}

$session->quit;
$node->stop;
done_testing();
