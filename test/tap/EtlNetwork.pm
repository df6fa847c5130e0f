# Gives a test a network of its own: "use EtlNetwork;" as the first module runs
# the script again in user, network and mount namespaces of its own.  There
#
#	$EtlNetwork::public (and public2) are addresses of this machine that look
#	like somebody's on the Internet, beside 127.0.0.1 and ::1;
#
#	names are resolved by our own name server (test/servers/name_server.py),
#	once the test has started it, and by nobody else;
#
#	nothing else can be reached.
#
# That takes no privileges, but not every system allows it (nor a chroot); the
# test then runs on, with $EtlNetwork::is_own false.
package EtlNetwork;

use strict;
use warnings;

use File::Temp qw(tempdir);

our $is_own  = $ENV{ETL_OWN_NETWORK};
our $public  = '93.184.216.34';
our $public2 = '93.184.216.35';

my @unshare = qw(unshare --map-current-user --keep-caps --net --mount);
my $enter   = <<'END';
set -e
ip link set lo up
ip address add "$1/32" dev lo
ip address add "$2/32" dev lo
for file in resolv.conf nsswitch.conf hosts; do
	mount --bind "$3/$file" "/etc/$file"
done
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
shift 3
export ETL_OWN_NETWORK=1
exec setpriv --ambient-caps=-all --inh-caps=-all "$@"
END

sub import
{
	return if defined $is_own;
	my $dir   = tempdir(CLEANUP => 1);
	my %files = (
		'resolv.conf' =>
		  "nameserver 127.0.0.1\noptions timeout:10 attempts:1\n",
		'nsswitch.conf' => "passwd: files\ngroup: files\nhosts: files dns\n",
		'hosts'         => "127.0.0.1 localhost\n::1 localhost\n");
	my @command =
	  (@unshare, '/bin/sh', '-c', $enter, 'sh', $public, $public2, $dir);

	foreach my $name (keys %files)
	{
		open(my $file, '>', "$dir/$name") or die "could not write $name: $!";
		print $file $files{$name};
		close($file) or die "could not write $name: $!";
	}
	if (   system("@command[0 .. $#unshare] true 2>/dev/null") == 0
		&& system({ $command[0] } @command, 'true') == 0)
	{
		# a child, so that the files are removed in the end
		my $status = system({ $command[0] } @command, $^X, $0, @ARGV);
		exit($status >> 8 || ($status & 127 ? 1 : 0));
	}
	$is_own = 0;
	return;
}

1;
