/* redis_internal.h — the shared cache: one loop's connections to Redis.
 * Shape:   commands and the invalidation channel have a connection each. A command that is not answered in
 *          time ends its connection: every waiter goes on at once with DOWN, and so does everybody who asks
 *          before the next greeting succeeds. Denials that did not reach Redis are kept for as long as a
 *          value can live, and are the first thing told to it when it is back.
 * Needs:   Redis 2.6.12 or later; GET, SET, DEL, INCR, PTTL, PEXPIRE, PUBLISH, SUBSCRIBE, PING on keys
 *          "auth1:*" and the channel "auth1:deny".
 * Threads: its loop's; what waits needs a fiber.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CACHE_REDIS_INTERNAL_H
#define AUTH_CACHE_REDIS_INTERNAL_H

#include <stdatomic.h>

#include "../driver_internal.h"
#include "target_internal.h"

struct redis_options {
    const struct redis_target *target;
    const struct key256 *secret; /* seals values */
    int64_t timeout_ms;
    atomic_int *up_count; /* how many of a process's command connections are up */
};

NODISCARD result redis_open(const struct redis_options *options, struct loop *loop,
                            struct cache_driver **ret_driver);
/* Connects if it is down and has been for long enough. */
void redis_want(struct cache_driver *driver);

struct channel;

struct channel_events {
    void (*denied)(void *owner, const struct cache_key *key);
    void (*up)(void *owner);   /* from now on every denial is heard */
    void (*down)(void *owner); /* denials may be missed from the last look on */
    void *owner;
};

NODISCARD result channel_open(const struct redis_options *options, struct loop *loop,
                              const struct channel_events *events, struct channel **ret_channel);
/* Accepts NULL; calls no event. */
void channel_close(struct channel *channel);
/* True while every denial published up to a moment ago has been heard. Connects, or asks for a sign of life,
 * where that is needed for a later answer to be true. */
bool channel_is_alive(struct channel *channel, int64_t now_ms);

#endif
