/* target_internal.h — which Redis: what its URL says, and the socket addresses its name stands for.
 * Shape:   redis://[[user]:password@]host[:port][/db] or unix://[[user]:password@]/path[?db=n].
 * Errors:  a sentence for the operator, or NULL when all is well.
 * Owner:   strings live in the arena given, which is wiped with its owner: the password is among them.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CACHE_REDIS_TARGET_INTERNAL_H
#define AUTH_CACHE_REDIS_TARGET_INTERNAL_H

#include <sys/socket.h>

#include "auth/base/secret.h"
#include "auth/loop/offload.h"

#define REDIS_ADDRESSES_MAX 8u

struct redis_addresses {
    size_t count;
    struct sockaddr_storage items[REDIS_ADDRESSES_MAX];
    socklen_t sizes[REDIS_ADDRESSES_MAX];
};

struct redis_target {
    struct str user;
    struct secret password; /* len 0: none */
    int64_t database;
    struct str host; /* empty: addresses are fixed and no name has to be looked up */
    struct str port;
    struct redis_addresses addresses;
    struct offload *resolver; /* where names are looked up; NULL when addresses are fixed */
};

const char *redis_target_parse(struct arena *arena, struct str url, struct redis_target *ret_target);

/* Asks the system's resolver, which may block for seconds; a count of 0 when it knows nothing. */
void redis_resolve(struct str host, struct str port, struct redis_addresses *ret_addresses);

#endif
