# The servers that the network tests read from.  Each listens on free ports of
# 127.0.0.1, works in a directory of its own below the test's, and is ended by
# its process id when the test ends, however it does.
package EtlServers;

use strict;
use warnings;

use Cwd qw(abs_path);
use EtlTest;
use File::Basename qw(dirname);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP ();
use POSIX    qw(:sys_wait_h);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Exporter 'import';
our @EXPORT = qw(make_ca fault_server name_server nginx httpbin);

my $programs = abs_path(dirname(__FILE__) . '/../servers');
my %running;

# A certificate authority, and certificates for this machine by it and by
# nobody.  Returns a hash of paths: ca, cert, key, wrong_cert, wrong_key.
sub make_ca
{
	my $dir = work_dir();
	my %ca =
	  map { $_ => "$dir/$_.pem" } qw(ca ca_key cert key wrong_cert wrong_key);
	my $names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
	my @new   = qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2);

	run_quietly(@new, '-subj', '/CN=test CA',
		'-keyout', $ca{ca_key}, '-out', $ca{ca});
	run_quietly(
		@new,   '-subj',   '/CN=localhost', '-addext',
		$names, '-keyout', $ca{wrong_key},  '-out',
		$ca{wrong_cert});
	run_quietly(qw(openssl req -newkey rsa:2048 -nodes -subj /CN=localhost),
		'-keyout', $ca{key}, '-out', "$dir/request.pem");
	write_file("$dir/names", "$names\n");
	run_quietly(
		qw(openssl x509 -req -days 2 -CAcreateserial), '-in',
		"$dir/request.pem",                            '-CA',
		$ca{ca},                                       '-CAkey',
		$ca{ca_key},                                   '-extfile',
		"$dir/names",                                  '-out',
		$ca{cert});
	return \%ca;
}

sub run_quietly
{
	my @command = @_;
	my $output;

	IPC::Run::run(\@command, '<', \undef, '>&', \$output)
	  or die "@command failed: $output";
	return $output;
}

# Our own server, see servers/fault_server.py.  Has https too if given a CA.
# Listens on every address of a network of the test's own.
sub fault_server
{
	my ($ca) = @_;
	my $dir = work_dir();
	local $ENV{LISTEN} = $ENV{ETL_OWN_NETWORK} ? '::' : '127.0.0.1';
	my $self =
	  start('fault_server', $dir, '/usr/bin/python3', '-B',
		"$programs/fault_server.py",
		$dir, $ca ? @{$ca}{qw(cert key wrong_cert wrong_key)} : ());

	wait_for($self, sub { -e "$dir/ports" });
	$self->{ports} = { map { split } split /\n/, read_bytes("$dir/ports") };
	return $self;
}

# The name server of a network of the test's own, see EtlNetwork.pm.
sub name_server
{
	my $dir  = work_dir();
	my $self = start('name_server', $dir, '/usr/bin/python3', '-B',
		"$programs/name_server.py", $dir);

	wait_for($self, sub { -e "$dir/queries" });
	return $self;
}

# nginx, see servers/nginx.conf; serves the files in its {www}.  Its user is
# "user" with the password "secret".
sub nginx
{
	my ($ca) = @_;
	my $dir  = work_dir();
	my $self = start_on_ports(
		'nginx', $dir,
		[qw(http https)],
		sub {
			my ($ports) = @_;
			my %values = (
				DIR   => $dir,
				HTTP  => $ports->{http},
				HTTPS => $ports->{https},
				CERT  => $ca->{cert},
				KEY   => $ca->{key});
			my $conf = read_bytes("$programs/nginx.conf");

			$conf =~ s/@([A-Z]+)@/$values{$1}/g;
			return ('/usr/sbin/nginx', '-p', $dir, '-e', 'stderr', '-c',
				write_file("$dir/conf", $conf));
		});

	$self->{www} = "$dir/www";
	mkdir $self->{www} or die "could not make $self->{www}: $!";
	write_file("$dir/users",
		'user:' . run_quietly(qw(openssl passwd -apr1 secret)));
	return $self;
}

# Debian's httpbin.
sub httpbin
{
	return start_on_ports(
		'httpbin',
		work_dir(),
		['http'],
		sub {
			my ($ports) = @_;
			return (qw(/usr/bin/python3 -B -m httpbin.core --port),
				$ports->{http});
		});
}

# Starts a program that must be told its ports; $command gets them by name.
sub start_on_ports
{
	my ($name, $dir, $listeners, $command) = @_;
	my %ports =
	  map { $_ => PostgreSQL::Test::Cluster::get_free_port() } @$listeners;
	my $self = start($name, $dir, $command->(\%ports));

	$self->{ports} = \%ports;
	wait_for_port($self);
	return $self;
}

# Waits until the server listens.
sub wait_for_port
{
	my ($self) = @_;

	wait_for(
		$self,
		sub {
			return IO::Socket::INET->new(
				PeerAddr => '127.0.0.1',
				PeerPort => $self->port);
		});
	return;
}

# Starts a program; its output goes to a file in $dir.
sub start
{
	my ($name, $dir, @command) = @_;
	my $self = bless {
		name    => $name,
		dir     => $dir,
		command => \@command,
		seen    => 0,
		journal => []
	};

	run_program($self);
	return $self;
}

sub run_program
{
	my ($self) = @_;

	# the program has the other end of this pipe as its input
	pipe(my $theirs, $self->{pipe}) or die "no pipe: $!";
	defined($self->{pid} = fork)    or die "no fork: $!";
	if ($self->{pid} == 0)
	{
		open(STDIN,  '<&', $theirs)            or POSIX::_exit(126);
		open(STDOUT, '>>', "$self->{dir}/log") or POSIX::_exit(126);
		open(STDERR, '>&', \*STDOUT)           or POSIX::_exit(126);
		exec(@{ $self->{command} }) or POSIX::_exit(127);
	}
	close($theirs);
	$running{ $self->{pid} } = $$;
	return;
}

# Waits until the server is ready; dies if it ends instead.
sub wait_for
{
	my ($self, $condition) = @_;

	wait_until(
		sub {
			die "$self->{name} has ended: " . $self->log
			  if waitpid($self->{pid}, WNOHANG) != 0;
			return $condition->();
		});
	return;
}

sub log
{
	my ($self) = @_;
	return read_bytes("$self->{dir}/log");
}

sub port
{
	my ($self, $listener) = @_;
	return $self->{ports}{ $listener // 'http' };
}

# The URL of a path, at one of the server's listeners, by some name of the host.
sub url
{
	my ($self, $path, $listener, $host) = @_;
	my $scheme = ($listener // '') =~ /https/ ? 'https' : 'http';

	return
		"$scheme://"
	  . ($host // '127.0.0.1') . ':'
	  . $self->port($listener)
	  . ($path // '');
}

# What a path holds, asked for by the test itself.
sub get
{
	my ($self, $path) = @_;
	my $answer = HTTP::Tiny->new(proxy => undef)->get($self->url($path));

	die "$path: $answer->{status} $answer->{content}"
	  unless $answer->{success};
	return $answer->{content};
}

# The fault server's journal: a list of hashes.  Only what is new is read.
sub journal
{
	my ($self) = @_;

	open(my $file, '<:raw', "$self->{dir}/requests") or die "no journal: $!";
	seek($file, $self->{seen}, 0);
	while (my $line = <$file>)
	{
		last unless $line =~ /\n$/;
		$self->{seen} += length $line;
		push @{ $self->{journal} }, JSON::PP::decode_json($line);
	}
	return @{ $self->{journal} };
}

# The requests that it got, or only those with this key.
sub requests
{
	my ($self, $key) = @_;
	return
	  grep { $_->{target} && (!defined $key || $_->{key} eq $key) }
	  $self->journal;
}

# Waits for what every request came to; returns it, a list like requests'.
sub outcomes
{
	my ($self, $key) = @_;
	my (@requests, %ended);

	wait_until(
		sub {
			@requests = $self->requests($key);
			%ended    = map { $_->{ended} => $_ }
			  grep { $_->{ended} } $self->journal;
			return !grep { !$ended{ $_->{number} } } @requests;
		});
	return map {
		{ %$_, %{ $ended{ $_->{number} } } }
	} @requests;
}

sub stop
{
	my ($self) = @_;

	end_process($self->{pid}) if delete $running{ $self->{pid} };
	return;
}

# Starts nginx or httpbin anew, on the same ports.
sub start_again
{
	my ($self) = @_;

	run_program($self);
	wait_for_port($self);
	return;
}

sub end_process
{
	my ($pid) = @_;

	kill 'TERM', $pid;
	waitpid($pid, 0);
	return;
}

END
{
	my $status = $?;

	# not in processes that the test has forked
	end_process($_) foreach grep { $running{$_} == $$ } keys %running;
	$? = $status;
}

1;
