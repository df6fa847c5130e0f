/*
 * address.c
 *	  What kind of place a network address is.
 *
 * The tables follow IANA's registries of special-purpose addresses.  Clouds
 * answer at a few addresses of their own, some of them public by the registry,
 * whoever asks from one of their machines, credentials included; they count as
 * link-local, most of them being just that.
 */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct Range
{
	uint8_t network[16];
	int bits;
	EtlAddressKind kind;
} Range;

/* The first that fits counts. */
static const Range ranges_v4[] = {
	{{127}, 8, ETL_ADDRESS_LOOPBACK},
	{{169, 254}, 16, ETL_ADDRESS_LINK_LOCAL},
	{{100, 100, 100, 200}, 32, ETL_ADDRESS_LINK_LOCAL}, /* Alibaba */
	{{168, 63, 129, 16}, 32, ETL_ADDRESS_LINK_LOCAL},   /* Azure */
	{{192, 0, 0, 192}, 32, ETL_ADDRESS_LINK_LOCAL},     /* Oracle */
	{{0}, 8, ETL_ADDRESS_PRIVATE},                      /* this host */
	{{10}, 8, ETL_ADDRESS_PRIVATE},
	{{100, 64}, 10, ETL_ADDRESS_PRIVATE}, /* carriers' NAT */
	{{172, 16}, 12, ETL_ADDRESS_PRIVATE},
	{{192, 0, 0}, 24, ETL_ADDRESS_PRIVATE},   /* protocols */
	{{192, 0, 2}, 24, ETL_ADDRESS_PRIVATE},   /* documentation */
	{{192, 88, 99}, 24, ETL_ADDRESS_PRIVATE}, /* relays of 6to4 */
	{{192, 168}, 16, ETL_ADDRESS_PRIVATE},
	{{198, 18}, 15, ETL_ADDRESS_PRIVATE},      /* benchmarks */
	{{198, 51, 100}, 24, ETL_ADDRESS_PRIVATE}, /* documentation */
	{{203, 0, 113}, 24, ETL_ADDRESS_PRIVATE},  /* documentation */
	{{224}, 3, ETL_ADDRESS_PRIVATE}, /* multicast, reserved, broadcast */
};

static const Range ranges_v6[] = {
	{{[15] = 1}, 128, ETL_ADDRESS_LOOPBACK},
	{{0xfe, 0x80}, 10, ETL_ADDRESS_LINK_LOCAL},
	{{0xfd, 0x00, 0x0e, 0xc2}, 32, ETL_ADDRESS_LINK_LOCAL}, /* Amazon */
	{{0xfd, 0x20, 0x00, 0xce}, 32, ETL_ADDRESS_LINK_LOCAL}, /* Google */
	{{0x20, 0x01, 0x00, 0x00}, 23, ETL_ADDRESS_PRIVATE},    /* Teredo, ... */
	{{0x20, 0x01, 0x0d, 0xb8}, 32, ETL_ADDRESS_PRIVATE},    /* documentation */
	{{0x3f, 0xff, 0x00, 0x00}, 20, ETL_ADDRESS_PRIVATE},    /* documentation */
	{{0x20}, 3, ETL_ADDRESS_PUBLIC}, /* all that is global */
};

/* Addresses of IPv6 that hold one of IPv4, and where. */
static const struct
{
	uint8_t network[12];
	int bits;
	int at; /* byte */
} embeddings[] = {
	{{[10] = 0xff, [11] = 0xff}, 96, 12}, /* mapped */
	{{0x00, 0x64, 0xff, 0x9b}, 96, 12},   /* NAT64 */
	{{0x20, 0x02}, 16, 2},                /* 6to4 */
};

static bool
is_within(const uint8_t *address, const uint8_t *network, int bits)
{
	int bytes = bits / 8;
	int rest = bits % 8;

	if (memcmp(address, network, bytes) != 0)
		return false;
	return rest == 0 || ((address[bytes] ^ network[bytes]) >> (8 - rest)) == 0;
}

static EtlAddressKind
kind_v4(const uint8_t address[4])
{
	for (size_t i = 0; i < sizeof(ranges_v4) / sizeof(ranges_v4[0]); i++)
	{
		if (is_within(address, ranges_v4[i].network, ranges_v4[i].bits))
			return ranges_v4[i].kind;
	}
	return ETL_ADDRESS_PUBLIC;
}

static EtlAddressKind
kind_v6(const uint8_t address[16])
{
	for (size_t i = 0; i < sizeof(embeddings) / sizeof(embeddings[0]); i++)
	{
		if (is_within(address, embeddings[i].network, embeddings[i].bits))
			return kind_v4(address + embeddings[i].at);
	}
	for (size_t i = 0; i < sizeof(ranges_v6) / sizeof(ranges_v6[0]); i++)
	{
		if (is_within(address, ranges_v6[i].network, ranges_v6[i].bits))
			return ranges_v6[i].kind;
	}
	return ETL_ADDRESS_PRIVATE;
}

EtlAddressKind
etl_address_kind(const struct sockaddr *address)
{
	/* Copied, for the callers' buffers may be aligned for sockaddr only. */
	if (address->sa_family == AF_INET)
	{
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return kind_v4((const uint8_t *) &in.sin_addr);
	}
	if (address->sa_family == AF_INET6)
	{
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		return kind_v6(in6.sin6_addr.s6_addr);
	}
	return ETL_ADDRESS_PRIVATE;
}

int
etl_address_kind_of_host(const char *host)
{
	uint8_t address[16];
	char inner[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	if (inet_pton(AF_INET, host, address) == 1)
		return (int) kind_v4(address);
	if (len > 2 && host[0] == '[' && host[len - 1] == ']')
	{
		host++;
		len -= 2;
	}
	if (len >= sizeof(inner))
		return -1;
	memcpy(inner, host, len);
	inner[len] = '\0';
	return inet_pton(AF_INET6, inner, address) == 1 ? (int) kind_v6(address)
													: -1;
}
