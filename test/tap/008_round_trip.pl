# Random tables, written as CSV in random dialects, are read as they were.
#
# Each round's dice depend on its number only, so that a failing round can be
# run alone: ROUNDS="17" prove 008_round_trip.pl.

use strict;
use warnings;
use utf8;

use Encode qw(encode);
use EtlTest;
use IO::Compress::Bzip2 qw(bzip2);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @rounds = split ' ', $ENV{ROUNDS} // '';
@rounds = (1 .. ($ENV{CHECK_LONG} ? 5000 : 400)) unless @rounds;

my $node = new_node('roundtrip');
my $dir = work_dir();
my $session = EtlTest::Session->new($node);
$session->query("SET client_encoding = 'UTF8'");

sub pick
{
	return $_[ int rand @_ ];
}

# Whether one of so many dice shows one.
sub rarely
{
	return int(rand $_[0]) == 0;
}

# How a table is to be written.
sub pick_dialect
{
	my %d;

	$d{encoding} = pick(qw(UTF8 UTF8 UTF8 LATIN1 WIN1252 UTF-16LE UTF-16BE));
	$d{bom} = $d{encoding} =~ /^UTF/ && rarely(2);
	$d{delimiter} = pick(',', ',', ';', "\t", '|', ':', ' ', '^', "\x1f",
		'||', '::', '<>', '~!~', ';ab;');
	$d{delimiter} = pick('é', '€', '😀', '→,')
	  if $d{encoding} eq 'UTF8' && rarely(6);
	$d{quote} = pick('"', '"', '"', "'", '`', '');
	$d{escape} = $d{quote} eq '' ? '' : pick($d{quote}, $d{quote}, '\\');
	$d{newline} = pick(["\n"], ["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]);
	$d{header} = rarely(2);
	$d{final_newline} = !rarely(3);
	$d{null} = pick('', '', '\N', 'NULL');
	$d{quoted} = pick(0, 0.1, 0.5, 1);
	$d{compression} = pick('none', 'none', 'none', 'gzip', 'bzip2');
	return \%d;
}

# Characters that a field is made of.
sub pick_alphabet
{
	my ($d) = @_;
	my @all = ('a' .. 'e', '0', '9', ' ', '-', '.', '#', '\\', '/', '{', '%');

	push @all, $d->{delimiter}, split(//, $d->{delimiter}), '"', "'", '`', ',',
	  ';'
	  if rarely(2);
	push @all, "\n", "\r", "\r\n" if rarely(2);
	push @all, qw(é ü ÿ ß) if rarely(2);
	push @all, qw(€ 漢 字 😀 я), "\x{2028}", "e\x{301}"
	  if $d->{encoding} =~ /^UTF/ && rarely(2);
	return \@all;
}

sub pick_field
{
	my ($d, $alphabet) = @_;
	my $length = pick(0, 1, 1, 2, 3, 5, 8, rarely(20) ? 300 : 13);
	my $field = join '', map { pick(@$alphabet) } 1 .. $length;

	return undef if rarely(8);
	return pick('', $d->{null}, 'NULL', '\N', ' ', '""', '"') if rarely(10);
	return $field;
}

# Without quotes some values can't be written; they lose what is in the way.
sub fit_field
{
	my ($d, $field) = @_;
	my $bad = join '|', map { quotemeta } split(//, $d->{delimiter}), "\n", "\r";

	return $field if $d->{quote} ne '' || !defined $field;
	$field =~ s/$bad//g;
	return $field eq $d->{null} ? 'x' : $field;
}

sub write_field
{
	my ($d, $field) = @_;
	my ($quote, $escape) = @$d{qw(quote escape)};

	return $d->{null} unless defined $field;
	return $field if $quote eq '';
	my $special = join '|',
	  map { quotemeta } split(//, $d->{delimiter}), "\n", "\r", $quote, $escape;
	return $field
	  unless $field eq $d->{null}
	  || $field eq ''
	  || $field =~ /$special/
	  || rand() < $d->{quoted};
	my $marked = quotemeta $quote;
	$marked .= '|' . quotemeta $escape;
	$field =~ s/($marked)/$escape$1/g;
	return "$quote$field$quote";
}

sub write_table
{
	my ($d, $names, $rows) = @_;
	my $text = '';
	my $end = '';

	foreach my $row (($d->{header} ? $names : ()), @$rows)
	{
		$end = pick(@{ $d->{newline} });
		$text .= join($d->{delimiter}, map { write_field($d, $_) } @$row) . $end;
	}
	$text = substr $text, 0, -length $end
	  if !$d->{final_newline} && length $end;
	return $text;
}

sub write_round
{
	my ($d, $path, $text) = @_;
	my $encoding = { UTF8 => 'UTF-8', WIN1252 => 'cp1252', LATIN1 => 'latin1' }
	  ->{ $d->{encoding} } // $d->{encoding};
	my $bytes = encode($encoding, ($d->{bom} ? "\x{feff}" : '') . $text);

	if ($d->{compression} eq 'gzip') { write_gzip($path, \$bytes); }
	elsif ($d->{compression} eq 'bzip2') { bzip2(\$bytes => $path); }
	else { write_file($path, $bytes); }
	return;
}

# Values are compared as hexadecimal digits, which psql prints as they are.
sub in_hex
{
	my ($row) = @_;

	return join ',',
	  map { defined $_ ? unpack('H*', encode('UTF-8', $_)) : 'null' } @$row;
}

sub call
{
	my ($d, $function, $path) = @_;
	my %settings = (
		delimiter => $d->{delimiter},
		quote => $d->{quote},
		escape => $d->{escape},
		encoding => $d->{encoding});
	my $arguments = join ', ',
	  map { "$_ => " . quote_literal($settings{$_}) } sort keys %settings;

	return encode('UTF-8',
		"$function('$path', $arguments, skip => 0, stop_at_blank => false, "
		  . 'header => '
		  . ($d->{header} ? 'true' : 'false')
		  . ', null_strings => ARRAY['
		  . quote_literal($d->{null})
		  . '])');
}

my $failures = 0;
foreach my $round (@rounds)
{
	srand($round);
	my $d = pick_dialect();
	my $ncolumns = 1 + int rand 8;
	my $nrows = pick(1, 2, 5, 20, rarely(20) ? 3000 : 50);
	my $alphabet = pick_alphabet($d);

	# a blank line would not be a record
	$d->{null} = '\N' if $ncolumns == 1 || $d->{delimiter} =~ /^\s$/;
	my $names = [ map { "c$_" } 1 .. $ncolumns ];
	my $rows = [
		map {
			[ map { fit_field($d, pick_field($d, $alphabet)) }
				  1 .. $ncolumns ]
		} 1 .. $nrows ];
	if ($d->{quote} eq '' && $ncolumns == 1)
	{
		$_->[0] //= 'y' foreach @$rows;
		$_->[0] = 'z' foreach grep { $_->[0] =~ /^\s*$/ } @$rows;
	}

	my $path = "$dir/round.csv";
	write_round($d, $path, write_table($d, $names, $rows));

	my $list = join ', ', map { "$_ text" } @$names;
	my $values = join " || ',' || ",
	  map { "coalesce(encode(convert_to($_, 'UTF8'), 'hex'), 'null')" } @$names;
	my ($out, $err) = $session->query(
		"SELECT $values FROM " . call($d, 'etl_read_csv', $path) . " AS t($list)");
	my $expected = join "\n", map { in_hex($_) } @$rows;
	my ($count) = $session->query(
		'SELECT count(*) FROM ' . call($d, 'etl_csv_rows', $path));

	next if $err eq '' && $out eq $expected && $count eq @$rows;
	$failures++;
	diag("round $round: $err");
	diag(call($d, 'etl_read_csv', $path) . " AS t($list)");
	my @got = split /\n/, $out, -1;
	my @wanted = split /\n/, $expected, -1;
	my ($i) = grep { ($got[$_] // '') ne ($wanted[$_] // '') } 0 .. $#wanted;
	diag("row $i: got " . ($got[$i] // 'none') . ", expected $wanted[$i]")
	  if defined $i;
	diag("$count records, expected " . @$rows);
	last if $failures == 10;
}
is($failures, 0, scalar(@rounds) . ' random tables come back as they were');

$session->quit;
$node->stop;
done_testing();
