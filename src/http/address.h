/*
 * address.h
 *	  What kind of place a network address is.
 *
 * Plain C, so that unit tests link it and libcurl's callbacks may call it.
 */
#ifndef ETL_ADDRESS_H
#define ETL_ADDRESS_H

#include <sys/socket.h>

typedef enum EtlAddressKind
{
	ETL_ADDRESS_PUBLIC,
	ETL_ADDRESS_LOOPBACK,
	ETL_ADDRESS_PRIVATE,   /* private, or otherwise special */
	ETL_ADDRESS_LINK_LOCAL /* link-local, or where a cloud serves machines */
} EtlAddressKind;

/*
 * The kind of an address.  One of IPv6 that stands for one of IPv4 (mapped,
 * NAT64, 6to4) is what that is.  What is neither is ETL_ADDRESS_PRIVATE.
 */
extern EtlAddressKind etl_address_kind(const struct sockaddr *address);

/*
 * The kind of a host that is written as an address, with or without brackets;
 * -1 for a name.
 */
extern int etl_address_kind_of_host(const char *host);

#endif
