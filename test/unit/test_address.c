/*
 * test_address.c
 *	  What kind of place an address is.
 */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "tap.h"

#define PUBLIC ETL_ADDRESS_PUBLIC
#define LOOPBACK ETL_ADDRESS_LOOPBACK
#define PRIVATE ETL_ADDRESS_PRIVATE
#define LINK_LOCAL ETL_ADDRESS_LINK_LOCAL

static const struct
{
	const char *address;
	EtlAddressKind kind;
} cases[] = {
	/* the first and last of each range, and their neighbours */
	{"0.0.0.0", PRIVATE},
	{"0.255.255.255", PRIVATE},
	{"1.0.0.0", PUBLIC},
	{"8.8.8.8", PUBLIC},
	{"9.255.255.255", PUBLIC},
	{"10.0.0.0", PRIVATE},
	{"10.255.255.255", PRIVATE},
	{"11.0.0.0", PUBLIC},
	{"93.184.216.34", PUBLIC},
	{"100.63.255.255", PUBLIC},
	{"100.64.0.0", PRIVATE},
	{"100.100.100.199", PRIVATE},
	{"100.100.100.200", LINK_LOCAL},
	{"100.127.255.255", PRIVATE},
	{"100.128.0.0", PUBLIC},
	{"126.255.255.255", PUBLIC},
	{"127.0.0.0", LOOPBACK},
	{"127.0.0.1", LOOPBACK},
	{"127.255.255.255", LOOPBACK},
	{"128.0.0.0", PUBLIC},
	{"168.63.129.15", PUBLIC},
	{"168.63.129.16", LINK_LOCAL},
	{"168.63.129.17", PUBLIC},
	{"169.253.255.255", PUBLIC},
	{"169.254.0.0", LINK_LOCAL},
	{"169.254.169.254", LINK_LOCAL},
	{"169.254.255.255", LINK_LOCAL},
	{"169.255.0.0", PUBLIC},
	{"172.15.255.255", PUBLIC},
	{"172.16.0.0", PRIVATE},
	{"172.31.255.255", PRIVATE},
	{"172.32.0.0", PUBLIC},
	{"191.255.255.255", PUBLIC},
	{"192.0.0.0", PRIVATE},
	{"192.0.0.192", LINK_LOCAL},
	{"192.0.0.255", PRIVATE},
	{"192.0.1.0", PUBLIC},
	{"192.0.2.0", PRIVATE},
	{"192.0.2.255", PRIVATE},
	{"192.0.3.0", PUBLIC},
	{"192.88.98.255", PUBLIC},
	{"192.88.99.1", PRIVATE},
	{"192.88.100.0", PUBLIC},
	{"192.167.255.255", PUBLIC},
	{"192.168.0.0", PRIVATE},
	{"192.168.255.255", PRIVATE},
	{"192.169.0.0", PUBLIC},
	{"198.17.255.255", PUBLIC},
	{"198.18.0.0", PRIVATE},
	{"198.19.255.255", PRIVATE},
	{"198.20.0.0", PUBLIC},
	{"198.51.99.255", PUBLIC},
	{"198.51.100.7", PRIVATE},
	{"198.51.101.0", PUBLIC},
	{"203.0.112.255", PUBLIC},
	{"203.0.113.9", PRIVATE},
	{"203.0.114.0", PUBLIC},
	{"223.255.255.255", PUBLIC},
	{"224.0.0.1", PRIVATE},
	{"239.255.255.255", PRIVATE},
	{"240.0.0.0", PRIVATE},
	{"255.255.255.255", PRIVATE},

	{"::", PRIVATE},
	{"::1", LOOPBACK},
	{"::2", PRIVATE},
	{"::7f00:1", PRIVATE}, /* compatible, no longer in use */
	{"::8.8.8.8", PRIVATE},
	{"100::1", PRIVATE},
	{"1fff:ffff::", PRIVATE},
	{"2000::", PUBLIC},
	{"2001::1", PRIVATE},
	{"2001:1ff:ffff::", PRIVATE},
	{"2001:200::1", PUBLIC},
	{"2001:db7:ffff::", PUBLIC},
	{"2001:db8::1", PRIVATE},
	{"2001:db8:ffff:ffff::", PRIVATE},
	{"2001:db9::", PUBLIC},
	{"2606:2800:220:1:248:1893:25c8:1946", PUBLIC},
	{"3ffe:ffff::", PUBLIC},
	{"3fff::1", PRIVATE},
	{"3fff:fff:ffff::", PRIVATE},
	{"3fff:1000::", PUBLIC},
	{"4000::", PRIVATE},
	{"5f00::1", PRIVATE},
	{"fbff::1", PRIVATE},
	{"fc00::1", PRIVATE},
	{"fd00:ec2::254", LINK_LOCAL},
	{"fd00:ec3::254", PRIVATE},
	{"fd20:ce::254", LINK_LOCAL},
	{"fdff::1", PRIVATE},
	{"fe7f::1", PRIVATE},
	{"fe80::1", LINK_LOCAL},
	{"febf:ffff::1", LINK_LOCAL},
	{"fec0::1", PRIVATE},
	{"ff02::1", PRIVATE},

	/* addresses in addresses */
	{"::ffff:127.0.0.1", LOOPBACK},
	{"::ffff:10.1.2.3", PRIVATE},
	{"::ffff:169.254.169.254", LINK_LOCAL},
	{"::ffff:8.8.8.8", PUBLIC},
	{"::ffff:0:8.8.8.8", PRIVATE}, /* translated, never on the wire */
	{"64:ff9b::127.0.0.1", LOOPBACK},
	{"64:ff9b::192.168.1.1", PRIVATE},
	{"64:ff9b::169.254.169.254", LINK_LOCAL},
	{"64:ff9b::8.8.8.8", PUBLIC},
	{"64:ff9b:1::8.8.8.8", PRIVATE},
	{"2002:7f00:1::1", LOOPBACK},
	{"2002:a00:1::1", PRIVATE},
	{"2002:a9fe:a9fe::1", LINK_LOCAL},
	{"2002:808:808::1", PUBLIC},
};

/* The kind of a socket address that holds the written one. */
static EtlAddressKind
kind_of(const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return etl_address_kind((struct sockaddr *) &in);
	if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1)
		return etl_address_kind((struct sockaddr *) &in6);
	printf("# no address: %s\n", address);
	return (EtlAddressKind) -1;
}

static void
test_hosts(void)
{
	bool ok = etl_address_kind_of_host("127.0.0.1") == LOOPBACK &&
			  etl_address_kind_of_host("[::1]") == LOOPBACK &&
			  etl_address_kind_of_host("::1") == LOOPBACK &&
			  etl_address_kind_of_host("[::ffff:169.254.1.1]") == LINK_LOCAL &&
			  etl_address_kind_of_host("8.8.8.8") == PUBLIC;

	ok &= etl_address_kind_of_host("localhost") == -1 &&
		  etl_address_kind_of_host("") == -1 &&
		  etl_address_kind_of_host("[]") == -1 &&
		  etl_address_kind_of_host("[fe80::1%eth0]") == -1 &&
		  etl_address_kind_of_host("127.0.0.1.example.com") == -1 &&
		  etl_address_kind_of_host("0000:0000:0000:0000:0000:0000:0000:0000:"
								   "0000:0000:0000:0000") == -1;
	tap_ok(ok, "hosts");
}

int
main(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tap_ok(kind_of(cases[i].address) == cases[i].kind, cases[i].address);
	tap_ok(etl_address_kind((struct sockaddr *) &un) == PRIVATE,
		   "another family");
	test_hosts();
	return tap_done();
}
