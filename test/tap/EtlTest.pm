# What the TAP tests share: a cluster with the extension, files to read, and
# sessions that stay open while the test does something else.
package EtlTest;

use strict;
use warnings;

use Exporter 'import';
use IO::Compress::Gzip qw(gzip $GzipError);
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
  new_node work_dir write_file write_lines read_bytes write_gzip sparse_file
  quote_literal error_of fails_with count_fds rss_anon wait_until);

# A started cluster with the extension in its database postgres.  The
# remaining arguments are lines for postgresql.conf.
sub new_node
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	# the default would depend on the environment
	$node->init(
		allows_streaming => 1,
		extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
	$node->append_conf('postgresql.conf', $_) foreach 'jit = off', @settings;
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION pg_etl');
	return $node;
}

# A directory that goes away with the test.
sub work_dir
{
	return PostgreSQL::Test::Utils::tempdir();
}

# The functions that write a file return its path.
sub write_file
{
	my ($path, $bytes) = @_;

	open(my $file, '>:raw', $path) or die "could not write $path: $!";
	print $file $bytes;
	close($file) or die "could not write $path: $!";
	return $path;
}

# Asks $line->($i) for each of $n lines; in pieces, as the whole may be large.
sub write_lines
{
	my ($path, $n, $line) = @_;

	open(my $file, '>:raw', $path) or die "could not write $path: $!";
	print $file $line->($_) foreach 1 .. $n;
	close($file) or die "could not write $path: $!";
	return $path;
}

sub read_bytes
{
	my ($path) = @_;

	open(my $file, '<:raw', $path) or die "could not read $path: $!";
	local $/;
	return <$file>;
}

# Compresses $from, a path or a reference to bytes.
sub write_gzip
{
	my ($path, $from) = @_;

	gzip($from => $path, -Level => 1) or die "could not gzip: $GzipError";
	return $path;
}

# A file that begins with $bytes, and whose rest is zeros that take no room.
sub sparse_file
{
	my ($path, $size, $bytes) = @_;

	write_file($path, $bytes // '');
	truncate($path, $size) or die "could not truncate $path: $!";
	return $path;
}

sub quote_literal
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'";
}

# What a statement raises, with its SQLSTATE; '' if it succeeds.
sub error_of
{
	my ($node, $sql, %params) = @_;
	my $stderr = '';

	$node->psql(
		'postgres', $sql,
		stderr => \$stderr,
		on_error_stop => 1,
		extra_params => [ '-v', 'VERBOSITY=verbose' ],
		%params);
	return $stderr =~ /ERROR: |FATAL: / ? $stderr : '';
}

sub fails_with
{
	my ($node, $sql, $sqlstate, $name, %params) = @_;

	return like(error_of($node, $sql, %params),
		qr/(ERROR|FATAL):  $sqlstate:/, $name);
}

# Descriptors that a process has on files below $dir.
sub count_fds
{
	my ($pid, $dir) = @_;

	opendir(my $fds, "/proc/$pid/fd") or die "could not look at $pid: $!";
	my @files = grep { defined } map { readlink("/proc/$pid/fd/$_") }
	  grep { /^\d+$/ } readdir($fds);
	return scalar grep { index($_, "$dir/") == 0 } @files;
}

# Memory of a process that is its own, in kB.
sub rss_anon
{
	my ($pid) = @_;

	return read_bytes("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m ? $1 : die;
}

# Waits for $condition->() to be true; dies if that takes a very long time.
sub wait_until
{
	my ($condition) = @_;
	my $end = time + $PostgreSQL::Test::Utils::timeout_default;

	until ($condition->())
	{
		die 'timed out' if time > $end;
		sleep 0.01;
	}
	return;
}

# A psql that stays connected.
package EtlTest::Session;

use strict;
use warnings;

my $end_mark = 'END OF STATEMENT';

sub new
{
	my ($class, $node, %params) = @_;
	my $self = bless { in => '', out => '', err => '' }, $class;
	my @command = (
		'psql', '-XAtq', '-v', 'VERBOSITY=verbose',
		'-d', $node->connstr($params{dbname} // 'postgres'));

	push @command, '-U', $params{user} if $params{user};
	$self->{psql} = IPC::Run::start(
		\@command, '<', \$self->{in}, '>', \$self->{out}, '2>',
		\$self->{err},
		IPC::Run::timeout(3 * $PostgreSQL::Test::Utils::timeout_default));
	$self->{pid} = $self->query('SELECT pg_backend_pid()');
	return $self;
}

# The process id of the backend.
sub pid
{
	my ($self) = @_;
	return $self->{pid};
}

# Sends a statement and returns at once.
sub begin
{
	my ($self, $sql) = @_;

	($self->{out}, $self->{err}) = ('', '');
	$self->{in} .= "$sql;\n\\echo $end_mark\n\\warn $end_mark\n";
	$self->{psql}->pump_nb;
	return;
}

# Whether the statement has ended, or the connection with it.
sub has_ended
{
	my ($self) = @_;

	# pumping what ends meanwhile is an error
	return 1
	  unless $self->{psql}->pumpable && eval { $self->{psql}->pump_nb; 1 };
	return !grep { $self->{$_} !~ /^$end_mark\n/m } qw(out err);
}

# Waits for the statement's end; returns what it wrote, with its messages in a
# list context.
sub end
{
	my ($self) = @_;

	1 until $self->has_ended || !eval { $self->{psql}->pump; 1 };
	foreach my $stream (qw(out err))
	{
		$self->{$stream} =~ s/^$end_mark\n//m;
		chomp $self->{$stream};
	}
	return wantarray ? ($self->{out}, $self->{err}) : $self->{out};
}

sub query
{
	my ($self, $sql) = @_;

	$self->begin($sql);
	return $self->end;
}

sub quit
{
	my ($self) = @_;

	$self->{in} .= "\\q\n";
	eval { $self->{psql}->finish };
	return;
}

1;
