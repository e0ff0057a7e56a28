/* address.h — which network addresses are the public's.
 * Shape:   what a request of ours to an address of somebody's choice may reach: not this machine or its neighbours by
 *          their private addresses, not what is reserved; also not by another spelling of it (IPv4 inside IPv6,
 *          NAT64). An operator may allow more.
 * Errors:  BAD_REQUEST naming the item.
 * Threads: constant once parsed.
 * Source:  IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890; RFC 4291 §2.5.5; RFC 6052 §3.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_FETCH_ADDRESS_H
#define AUTH_FETCH_ADDRESS_H

#include <sys/socket.h>

#include "auth/base/task.h"

#define ALLOWED_ITEMS_MAX 64u

struct allowed_network {
    unsigned char prefix[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;            /* of the 128 */
};

/* What an operator allows besides: networks, and hosts whatever their address. */
struct allowed {
    struct allowed_network networks[ALLOWED_ITEMS_MAX];
    size_t network_count;
    struct str hosts[ALLOWED_ITEMS_MAX]; /* lower case */
    size_t host_count;
};

/* Items by commas: "10.1.0.0/16,fd00::/8,192.0.2.7,hooks.internal". Strings live in the task's arena. */
NODISCARD result allowed_parse(struct task *task, struct str items, struct allowed *ret_allowed);

bool is_public_address(const struct sockaddr *address);
/* In one of the networks the operator has named. */
bool is_listed_address(const struct allowed *allowed, const struct sockaddr *address);
/* Public, or in one of them. */
bool is_allowed_address(const struct allowed *allowed, const struct sockaddr *address);
bool is_allowed_host(const struct allowed *allowed, struct str host);

#endif
