/* connection_internal.h — one socket to Redis on one loop: connect, greet, send commands, hand over
 * replies.
 * Shape:   down → resolving → connecting → greeting → up, and back down at the first oddity. While it is
 *          down, somebody must want it for it to try again, and never before the pause that grows with each
 *          failure: an idle server sends nothing. Replies are bounded in size and count before any memory
 *          is set aside for them.
 * Errors:  any failure drops the connection whole, so a request is never paired with a reply that is not
 *          its own.
 * Note:    hiredis gives the reply parser alone: its asynchronous context ends the process (assert) on
 *          replies that a sane server does not send, and a cache must not be able to do that.
 * Threads: its loop's.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CACHE_REDIS_CONNECTION_INTERNAL_H
#define AUTH_CACHE_REDIS_CONNECTION_INTERNAL_H

#include <hiredis/hiredis.h>

#include "auth/loop/loop.h"
#include "target_internal.h"

#define CONNECTION_IN_BYTES  (16u * 1024u)  /* read at once; the rest waits for the next turn */
#define CONNECTION_OUT_BYTES (256u * 1024u) /* commands not sent yet; beyond it they are refused */

enum connection_state {
    CONNECTION_DOWN,
    CONNECTION_RESOLVING,
    CONNECTION_CONNECTING,
    CONNECTION_GREETING,
    CONNECTION_UP
};

struct connection;
struct resolution;

struct connection_events {
    /* Commands may be sent from now on. */
    void (*opened)(struct connection *connection);
    /* A reply to something sent after `opened`; false drops the connection. */
    bool (*replied)(struct connection *connection, const redisReply *reply);
    /* It was up, or on its way; nothing sent will be answered any more. */
    void (*lost)(struct connection *connection);
};

struct connection {
    const struct redis_target *target;
    const struct connection_events *events;
    struct loop *loop;
    enum connection_state state;
    struct watch watch;
    struct timer limit; /* of connecting and greeting */
    struct timer flush;
    struct resolution *resolution;
    struct redis_addresses addresses; /* what the name stood for the last time */
    size_t address_index;
    unsigned greetings_left;
    int64_t retry_at_ms;
    int64_t pause_ms;
    redisReader *reader;
    const redisReplyObjectFunctions *plain;
    redisReplyObjectFunctions bounded;
    char in[CONNECTION_IN_BYTES];
    size_t out_len;
    size_t out_sent;
    char *out;
};

/* `connection` is zeroed storage of the caller. INTERNAL when memory is short. */
NODISCARD result connection_init(struct connection *connection, struct loop *loop,
                                 const struct redis_target *target, const struct connection_events *events);
/* Closes without calling `lost`. */
void connection_done(struct connection *connection);

/* Begins to connect if it is down and its pause is over. */
void connection_want(struct connection *connection);
void connection_drop(struct connection *connection);
/* The other side is in good health: the next pause is the shortest again. */
void connection_praise(struct connection *connection);

/* The types of reply that are sane answers to a command, as a set; an error always is. */
#define REPLIES_STATUS        (1u << REDIS_REPLY_STATUS)
#define REPLIES_NUMBER        (1u << REDIS_REPLY_INTEGER)
#define REPLIES_STATUS_OR_NIL (REPLIES_STATUS | 1u << REDIS_REPLY_NIL)
#define REPLIES_TEXT_OR_NIL   (1u << REDIS_REPLY_STRING | 1u << REDIS_REPLY_NIL)
#define REPLIES_PUSHED        0u /* the receiver looks for himself */

struct command {
    unsigned replies;
    size_t count;
    struct str words[6];
};

/* Queues the command to be sent at the end of this turn; false when there is no room. */
bool connection_send(struct connection *connection, const struct command *command);

#endif
