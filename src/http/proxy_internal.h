/* proxy_internal.h — who sent a request: the peer, or whom a trusted peer names.
 * Note:    X-Real-IP alone is read, and from trusted peers alone; X-Forwarded-For, Forwarded and their kin
 *          never are.
 * Source:  OWASP ASVS 4.1.3, 15.3.4.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_PROXY_INTERNAL_H
#define AUTH_HTTP_PROXY_INTERNAL_H

#include <sys/socket.h>

#include "auth/http/request.h"

#define ADDRESS_TEXT_SIZE 46u /* INET6_ADDRSTRLEN */

struct address_block {
    unsigned char bytes[16];
    unsigned prefix_bits; /* of 128 */
};

struct trusted_proxies {
    struct address_block *blocks;
    size_t count;
    bool trusts_unix;
};

/* Comma-separated addresses, CIDR blocks and "unix". BAD_REQUEST names the entry that is none of them. */
NODISCARD result trusted_proxies_parse(struct str text, struct arena *arena, struct fault *fault,
                                       struct trusted_proxies *ret_proxies);

bool is_trusted_proxy(const struct trusted_proxies *proxies, const struct client_address *peer);

/* IPv4 or IPv6 as inet_pton takes them, nothing else. */
bool address_parse(struct str text, struct client_address *ret_address);
/* Not known for Unix sockets. */
struct client_address address_of(const struct sockaddr *address);
/* IPv4 in its own form; empty when not known. */
struct str address_print(const struct client_address *address, char ret_text[ADDRESS_TEXT_SIZE]);

#endif
