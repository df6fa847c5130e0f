# Loads files of good and bad records, mixed at random, into tables of random
# kinds.  What is loaded must be what COPY loads from the good records alone, and
# each bad one a dead letter, with its bytes, its place and the right reason.
#
# The seed is printed; LOAD_SEED sets it.  ROUNDS="17 20" runs these rounds only.

use strict;
use warnings;

use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{LOAD_SEED} // time;
my @rounds = split ' ', $ENV{ROUNDS} // '';
@rounds = (1 .. ($ENV{CHECK_LONG} ? 600 : 36)) unless @rounds;

note "seed $seed";
my $node = new_node('load_random', 'max_locks_per_transaction = 256');
my $dir = work_dir();
chmod 0755, $dir or die;

# What all rounds have in common: types, and what triggers do.
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE loader;
GRANT pg_read_server_files TO loader;
CREATE FUNCTION judge(v int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF v = 13 THEN RAISE 'unlucky'; END IF;
	RETURN v < 1000;
END $$;
CREATE DOMAIN judged AS int CHECK (judge(VALUE));
CREATE DOMAIN positive AS numeric(8,2) CHECK (VALUE > 0);
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent SELECT generate_series(0, 99);
CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.t = 'drop me' THEN RETURN NULL; END IF;
	IF new.t = 'refuse me' THEN RAISE 'refused before'; END IF;
	new.touched := coalesce(new.touched, 0) + 1;
	RETURN new;
END $$;
CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.t = 'refuse me' THEN RAISE 'refused after'; END IF;
	EXECUTE format('INSERT INTO %I.seen VALUES (%s)', tg_table_schema, new.id);
	RETURN NULL;
END $$;
CREATE FUNCTION after_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %I.seen SELECT -id FROM new_rows',
		tg_table_schema);
	RETURN NULL;
END $$;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.t = 'drop me' THEN RETURN NULL; END IF;
	IF new.t = 'refuse me' THEN RAISE 'refused instead'; END IF;
	EXECUTE format('INSERT INTO %I.base (id, k, n, p, day, word, t) '
		'VALUES ($1.id, $1.k, $1.n, $1.p, $1.day, $1.word, $1.t)',
		tg_table_schema) USING new;
	RETURN new;
END $$;
SQL

my @columns = qw(id k n p day word t);

sub one_of { return $_[ int(rand(@_)) ]; }
sub chance { return rand() < $_[0]; }

# A kind of table: the statements that make it in the current schema, and what
# it has for rows to violate.
sub random_table
{
	my $kind = one_of(
		qw(plain plain indexed indexed partitioned partitioned before after
		   transition view instead rls deferred inherited));
	my %has = (kind => $kind, name => 'base', by_insert => 0);
	my @more;

	$has{check} = chance(0.5);
	$has{key} = $kind ne 'plain' && chance(0.8);
	$has{word_key} = $kind ne 'plain' && chance(0.3);
	$has{exclusion} = $kind ne 'plain' && $kind ne 'partitioned' && chance(0.2);
	$has{foreign} = chance(0.3);
	$has{before} = $kind eq 'before' || ($kind ne 'instead' && chance(0.15));
	$has{after} = $kind eq 'after' || chance(0.15);
	$has{generated} = chance(0.4);
	$has{identity} = chance(0.3);

	# columns that come and go, so that numbers and places differ
	my $dropped = chance(0.4);
	my $columns = join ', ',
	  ($dropped ? 'gone int' : ()),
	  'id int NOT NULL', 'k judged', 'n numeric(6,2) NOT NULL', 'p positive',
	  'day date', 'word varchar(12)', 't text', 'touched int DEFAULT 7',
	  ($has{generated} ? 'g text GENERATED ALWAYS AS (upper(t) || id) STORED' : ()),
	  ($has{identity} ? 'i bigint GENERATED ALWAYS AS IDENTITY' : ()),
	  ($has{check} ? 'CONSTRAINT n_check CHECK (n < 5000)' : ());

	push @more, "CREATE TABLE seen (id int)", "GRANT ALL ON seen TO loader";
	if ($kind eq 'partitioned')
	{
		push @more, "CREATE TABLE base ($columns) PARTITION BY RANGE (id)";
		push @more, "CREATE TABLE base_1 PARTITION OF base "
		  . 'FOR VALUES FROM (0) TO (300)';
		# the second has its columns in another order
		push @more, 'CREATE TABLE base_2 (LIKE base INCLUDING DEFAULTS '
		  . 'INCLUDING CONSTRAINTS INCLUDING GENERATED)';
		push @more, 'ALTER TABLE base_2 DROP COLUMN word';
		push @more, 'ALTER TABLE base_2 ADD word varchar(12)';
		push @more, 'ALTER TABLE base_2 DROP COLUMN gone' if $dropped;
		push @more, 'ALTER TABLE base DROP COLUMN gone' if $dropped;
		push @more, 'ALTER TABLE base ATTACH PARTITION base_2 '
		  . 'FOR VALUES FROM (300) TO (1000)';
		push @more, 'CREATE TABLE base_3 PARTITION OF base '
		  . 'FOR VALUES FROM (1000) TO (1000000) PARTITION BY HASH (id)';
		push @more, "CREATE TABLE base_3$_ PARTITION OF base_3 "
		  . "FOR VALUES WITH (MODULUS 3, REMAINDER $_)" foreach 0 .. 2;
		$has{partition} = 1;
	}
	else
	{
		push @more, "CREATE TABLE base ($columns)";
		push @more, 'ALTER TABLE base DROP COLUMN gone' if $dropped;
	}
	push @more, 'CREATE TABLE child () INHERITS (base)' if $kind eq 'inherited';
	if ($has{key})
	{
		my $how = $kind eq 'deferred' ? one_of(
			'UNIQUE (id) DEFERRABLE INITIALLY DEFERRED',
			'UNIQUE (id) DEFERRABLE') : one_of('PRIMARY KEY (id)', 'UNIQUE (id)');
		push @more, "ALTER TABLE base ADD $how";
	}
	push @more, 'CREATE UNIQUE INDEX ON base (' . one_of('lower(word)', 'word')
	  . ', id) WHERE word IS NOT NULL' if $has{word_key};
	push @more, 'ALTER TABLE base ADD EXCLUDE USING gist '
	  . '(int4range(id, id + 1) WITH &&)' if $has{exclusion};
	push @more, 'ALTER TABLE base ADD FOREIGN KEY (k) REFERENCES parent'
	  . ($kind eq 'deferred' ? ' DEFERRABLE INITIALLY DEFERRED' : '')
	  if $has{foreign};
	push @more, 'CREATE INDEX ON base (day)', 'CREATE INDEX ON base (t text_pattern_ops)'
	  if $kind eq 'indexed';
	$has{wide_key} = $kind eq 'indexed';
	push @more, 'CREATE TRIGGER b BEFORE INSERT ON base FOR EACH ROW '
	  . 'EXECUTE FUNCTION before_row()' if $has{before};
	push @more, 'CREATE TRIGGER a AFTER INSERT ON base FOR EACH ROW '
	  . 'EXECUTE FUNCTION after_row()' if $has{after} && $kind ne 'transition';
	push @more, 'CREATE TRIGGER s AFTER INSERT ON base REFERENCING NEW TABLE '
	  . 'AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION after_all()'
	  if $kind eq 'transition';
	if ($kind eq 'view')
	{
		push @more, 'CREATE VIEW v AS SELECT * FROM base WHERE id < 900000 '
		  . 'WITH CHECK OPTION';
		$has{check_option} = 1;
	}
	if ($kind eq 'instead')
	{
		push @more, 'CREATE VIEW v AS SELECT ' . join(', ', @columns) . ' FROM base';
		push @more, 'CREATE TRIGGER i INSTEAD OF INSERT ON v FOR EACH ROW '
		  . 'EXECUTE FUNCTION instead()';
	}
	$has{name} = 'v' if $kind eq 'view' || $kind eq 'instead';
	if ($kind eq 'rls')
	{
		push @more, 'GRANT ALL ON base TO loader', 'GRANT SELECT ON parent TO loader',
		  'ALTER TABLE base ENABLE ROW LEVEL SECURITY',
		  'CREATE POLICY p ON base USING (true) WITH CHECK (id < 900000)';
	}
	$has{by_insert} = $kind =~ /^(view|instead|rls)$/;
	$has{after} = 0 if $kind eq 'transition';
	$has{statements} = \@more;
	return \%has;
}

# Characters that compress badly, of more than a page.
sub wide_text
{
	my ($n) = @_;
	return join '', map { chr(33 + int(rand(94))) } 1 .. $n;
}

my $next_id = 0;

# A good row, as values by column.
sub good_row
{
	my ($has) = @_;
	my %row = (
		id => $next_id++,
		k => one_of('', 0 .. 12, 20 .. 90),
		n => sprintf('%d.%02d', rand(4000), rand(100)),
		p => one_of('', '0.01', '123.45', '99999'),
		day => one_of('', '2024-02-29', '1999-12-31', '2020-01-01'),
		word => one_of('', 'a', 'twelve chars', "d\xc3\xa9j\xc3\xa0"),
		t => one_of('', 'plain', 'with, comma', "two\nlines", 'say "hi"',
			'x' x int(rand(60))));

	$row{t} = wide_text(one_of(2500, 4000, 9000)) =~ tr/",\n//dr
	  if !$has->{wide_key} && chance(0.01);
	return \%row;
}

sub csv_field
{
	my ($v) = @_;
	return $v unless $v =~ /[",\n\r]/;
	return '"' . $v =~ s/"/""/gr . '"';
}

sub csv_line
{
	my ($row) = @_;
	return join ',', map { csv_field($row->{$_}) } @columns;
}

my $P0001 = 'P0001';

# Ways to be bad: name => [applies, spoil(row) -> line or undef, stage, sqlstate]
sub ways
{
	my ($has, $kept) = @_;
	my $set = sub {
		my ($column, $value) = @_;
		return sub { $_[0]{$column} = $value; return };
	};
	my @ways = (
		[ $set->('id', 'x12'), 'conversion', '22P02' ],
		[ $set->('k', '99999999999'), 'conversion', '22003' ],
		[ $set->('day', '2023-02-29'), 'conversion', '22008' ],
		[ $set->('day', 'someday'), 'conversion', '22007' ],
		[ $set->('n', '123456.00'), 'conversion', '22003' ],
		[ $set->('word', 'thirteen char'), 'conversion', '22001' ],
		[ $set->('k', '13'), 'conversion', $P0001 ],
		[ $set->('k', '1000'), 'conversion', '23514' ],
		[ $set->('p', '-1'), 'conversion', '23514' ],
		[ sub { csv_line($_[0]) . ',more' }, 'structure', '22P04' ],
		[ sub { $_[0]{id} . ',1,2' }, 'structure', '22P04' ],
		[ sub { $_[0]{t} = ''; csv_line($_[0]) . '"a"b' }, 'structure', '22P04' ],
		[ sub { $_[0]{t} = ''; csv_line($_[0]) . "\xff\xfe" }, 'encoding', '22021' ],
		[ $set->('n', ''), 'constraint', '23502' ],
		[ $set->('id', ''), 'constraint',
			$has->{partition} ? '23514' : $has->{kind} eq 'rls' ? '42501' : '23502' ]);

	push @ways, [ $set->('n', '5000'), 'constraint', '23514' ] if $has->{check};
	push @ways, [ $set->('k', '200'), 'constraint', '23503' ] if $has->{foreign};
	push @ways, [ $set->('id', '-5'), 'constraint', '23514' ]
	  if $has->{partition};
	push @ways, [ $set->('id', '900001'), 'constraint', '44000' ]
	  if $has->{check_option};
	push @ways, [ $set->('id', '900001'), 'constraint', '42501' ]
	  if $has->{kind} eq 'rls';
	push @ways, [ $set->('t', 'refuse me'), 'trigger', $P0001 ]
	  if $has->{before} || $has->{after} || $has->{kind} eq 'instead';
	push @ways, [ sub { $_[0]{t} = wide_text(9000) =~ tr/",\n//dr; return },
		'constraint', '54000' ]
	  if $has->{wide_key};
	# several times, for these are the hard ones
	push @ways, ([ sub { $_[0]{id} = one_of(@$kept); return },
		'constraint', $has->{key} ? '23505' : '23P01' ]) x 5
	  if @$kept && ($has->{key} || ($has->{exclusion} && !$has->{word_key}));
	return @ways;
}

# Writes a file; returns its good lines, and what dead letters are expected.
sub random_file
{
	my ($has, $path, $n, $share, $kept) = @_;
	my $eol = one_of("\n", "\n", "\r\n");
	my $bytes = join(',', @columns) . $eol;
	my ($line, $offset) = (2, length $bytes);
	my (@good, @bad);
	my ($suppressed, $run) = (0, 0);

	for my $record (1 .. $n)
	{
		my $row = good_row($has);
		my ($text, $expected);

		# bad ones come in runs, too
		$run = int(rand(200)) if $share > 0 && chance(0.002);
		if ($run-- > 0 || chance($share))
		{
			my ($spoil, $stage, $state) = @{ one_of(ways($has, $kept)) };

			$text = $spoil->($row);
			$expected = "$stage|$state";
		}
		elsif (($has->{before} || $has->{kind} eq 'instead') && chance(0.05))
		{
			$row->{t} = 'drop me';
			$suppressed++;
		}
		else
		{
			push @$kept, $row->{id} if @$kept < 500 || chance(0.1);
		}
		$text //= csv_line($row);
		if ($expected)
		{
			push @bad, join '|', $path, $line, $record, $offset,
			  unpack('H*', $text), $expected;
		}
		else
		{
			push @good, $text;
		}
		$line += 1 + ($text =~ tr/\n//);
		$offset += length($text) + length($eol);
		$bytes .= $text . $eol;
	}
	write_file($path, $bytes);
	return (\@good, \@bad, $suppressed);
}

my $session = EtlTest::Session->new($node);
$session->query('SET client_min_messages = error');

sub run_all
{
	my ($schema, $statements) = @_;

	my ($out, $err) = $session->query(join ";\n",
		"CREATE SCHEMA $schema", "GRANT USAGE ON SCHEMA $schema TO loader",
		"SET search_path = $schema, public", @$statements,
		'RESET search_path');
	die "$err\n@$statements" if $err =~ /ERROR/;
	return;
}

# Rows of a schema's table, as text in any order, without what differs.
sub rows_of
{
	my ($schema, $has) = @_;
	my $list = join ', ', @columns, 'touched', ($has->{generated} ? 'g' : ());

	return "SELECT tableoid::regclass::text ~ '_[0-9]+\$' AND id IS NOT NULL, "
	  . "regexp_replace(tableoid::regclass::text, '^.*[.]', ''), $list "
	  . "FROM $schema.base";
}

sub differences
{
	my ($a, $b) = @_;

	return $session->query("SELECT count(*) FROM (($a EXCEPT ALL $b) "
		  . "UNION ALL ($b EXCEPT ALL $a)) d");
}

foreach my $round (@rounds)
{
	# each round can be had again by itself
	srand($seed + $round);
	$next_id = 0;

	my $has = random_table();
	my $n = one_of(10, 300, 300, 2500, 5000);
	my $share = one_of(0, 0.01, 0.1, 0.5, 1);
	my $mode = one_of(qw(append append append replace slice));
	my $name = "round $round: $n records, $share bad, into $has->{kind}"
	  . join('', map { $has->{$_} && !ref $has->{$_} ? " $_" : '' }
		  grep { !/^(kind|name|statements)$/ } sort keys %$has);
	my (@kept, @all_good, @all_bad);
	my $suppressed = 0;
	my $nfiles = one_of(1, 1, 2, 3);

	$n = 1500 if $n > 1500 && $has->{by_insert};
	unlink glob("$dir/load*.csv");
	run_all($_, $has->{statements}) foreach qw(a b);

	# rows that are there before, with keys that the files may repeat
	my @before = map { csv_line(good_row($has)) } 1 .. 20;
	push @kept, map { /^(\d+)/ } @before if $mode eq 'append';
	write_file("$dir/before.csv", join("\n", @before) . "\n");
	my $copy = sub {
		my ($schema, $file) = @_;
		# COPY doesn't know views that are updatable by themselves
		my $table = $has->{kind} eq 'instead' ? 'v' : 'base';
		return "COPY $schema.$table (" . join(', ', @columns)
		  . ") FROM '$file' (FORMAT csv)";
	};
	for my $schema (qw(a b))
	{
		my ($out, $err) = $session->query($copy->($schema, "$dir/before.csv"));
		die $err if $err;
	}
	for my $file (1 .. $nfiles)
	{
		my ($good, $bad, $dropped) = random_file($has, "$dir/load$file.csv",
			int($n / $nfiles), $share, \@kept);

		push @all_good, @$good;
		push @all_bad, @$bad;
		$suppressed += $dropped;
	}
	write_file("$dir/good.csv", join('', map { "$_\n" } @all_good));

	# the load
	my $how = $mode eq 'slice' ? ", slice => 'true'" : '';
	my ($out, $err) = $session->query(
		($has->{kind} eq 'rls' ? 'SET ROLE loader;' : '')
		  . 'SELECT load_id, rows_read, rows_inserted, rows_updated, rows_unchanged, '
		  . 'rows_rejected, duplicates_dropped, rows_suppressed '
		  . "FROM etl_load('a.$has->{name}', '$dir/load*.csv', "
		  . "options => '{\"header\": true, \"delimiter\": \",\"}', mode => '$mode'$how)"
		  . ($has->{kind} eq 'rls' ? '; RESET ROLE' : ''));
	is($err, '', "$name: no error");
	my ($id, $read, @counts) = split /\|/, $out;
	my $total = 0;
	$total += $_ foreach @counts;
	is($total, $read, "$name: all rows are accounted for");
	is( join('|', $read, @counts),
		join('|', @all_good + @all_bad, @all_good - $suppressed, 0, 0,
			scalar(@all_bad), 0, $suppressed),
		"$name: and as expected");

	# what COPY makes of the good records
	$session->query("DELETE FROM b.base") if $mode ne 'append';
	($out, $err) = $session->query($copy->('b', "$dir/good.csv"));
	is($err, '', "$name: COPY takes the good records");
	is(differences(rows_of('a', $has), rows_of('b', $has)), 0,
		"$name: the rows are those of COPY");
	is(differences('SELECT * FROM a.seen', 'SELECT * FROM b.seen'), 0,
		"$name: triggers have fired for the same rows");
	is( $session->query("SELECT count(*) - count(DISTINCT i) FROM a.base"),
		0, "$name: identities are unique") if $has->{identity};

	# dead letters
	my $letters = $session->query(
		'SELECT source, line, record_no, byte_offset, '
		  . "encode(raw, 'hex'), stage, sqlstate FROM etl.dead_letter "
		  . "WHERE load_id = $id ORDER BY source, line");
	# which of two constraints is violated first depends on the batch
	$letters =~ s/23P01$/23505/mg if $has->{key} && $has->{exclusion};
	my @letters = split /\n/, $letters;
	my @wrong = grep { !defined $letters[$_] || $letters[$_] ne $all_bad[$_] }
	  0 .. $#all_bad;
	is(scalar(@letters), scalar(@all_bad), "$name: as many dead letters");
	is(scalar(@wrong), 0, "$name: each as expected")
	  or diag("got      " . substr($letters[ $wrong[0] ] // '', 0, 500)
		  . "\nexpected " . substr($all_bad[ $wrong[0] ], 0, 500));

	($out, $err) = $session->query(
		'DROP SCHEMA a CASCADE; DROP SCHEMA b CASCADE');
	is($err, '', "$name: dropped") if $err;
}
$session->quit;

$node->stop;
my $log = read_bytes($node->logfile);
unlike($log, qr/reference leak|still referenced|not closed|PANIC|TRAP|was terminated/,
	'the server warns of nothing');
note "seed $seed";
done_testing();
