// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "auth/base/clock.h"
#include "auth/base/encoding.h"
#include "connection_internal.h"
#include "redis_internal.h"
#include "sealed_value_internal.h"

/* A silent connection may be a dead one: while the cache is in use, a sign of life is asked for at the first
 * age, and the near cache is not believed beyond the second: what another instance revokes is known here within
 * one second. */
#define SIGN_WANTED_MS  INT64_C(250)
#define SIGN_TOO_OLD_MS INT64_C(900)

struct channel {
    struct connection connection;
    struct channel_events events;
    struct timer limit; /* for the sign of life that was asked for */
    int64_t timeout_ms;
    int64_t asked_ms; /* when the sign on its way was asked for; 0: none is */
    int64_t heard_ms; /* everything published until then has been heard */
    bool is_up;
};

static void ask(struct channel *channel, const struct command *command)
{
    channel->asked_ms = clock_monotonic_ms();
    loop_timer_start(channel->connection.loop, &channel->limit, channel->asked_ms + channel->timeout_ms);
    (void)connection_send(&channel->connection, command); /* no room: the limit ends it */
}

static void answered(struct channel *channel)
{
    loop_timer_stop(&channel->limit);
    channel->heard_ms = channel->asked_ms;
    channel->asked_ms = 0;
}

static void on_opened(struct connection *connection)
{
    const struct command subscribe = {REPLIES_PUSHED, 2, {STR("SUBSCRIBE"), STR(CHANNEL_NAME)}};
    ask(CONTAINER_OF(connection, struct channel, connection), &subscribe);
}

static bool is_text(const redisReply *reply, struct str text)
{
    return reply->type == REDIS_REPLY_STRING && str_equal((struct str){reply->str, reply->len}, text);
}

static bool subscribed(struct channel *channel, const redisReply *reply)
{
    if (channel->is_up || channel->asked_ms == 0) return false;
    if (!is_text(reply->element[1], STR(CHANNEL_NAME))) return false;
    answered(channel);
    channel->is_up = true;
    connection_praise(&channel->connection);
    channel->events.up(channel->events.owner);
    return true;
}

static bool told(struct channel *channel, const redisReply *reply)
{
    const redisReply *text = reply->element[2];
    if (!channel->is_up || !is_text(reply->element[1], STR(CHANNEL_NAME))) return false;
    struct cache_key key;
    if (text->type != REDIS_REPLY_STRING ||
        !hex_decode((struct str){text->str, text->len}, key.bytes, sizeof key.bytes)) {
        return false;
    }
    channel->events.denied(channel->events.owner, &key);
    return true;
}

static bool on_replied(struct connection *connection, const redisReply *reply)
{
    struct channel *channel = CONTAINER_OF(connection, struct channel, connection);
    if (reply->type != REDIS_REPLY_ARRAY) return false;
    if (reply->elements == 2 && is_text(reply->element[0], STR("pong"))) {
        if (!channel->is_up || channel->asked_ms == 0) return false;
        answered(channel);
        return true;
    }
    if (reply->elements != 3) return false;
    if (is_text(reply->element[0], STR("subscribe"))) return subscribed(channel, reply);
    return is_text(reply->element[0], STR("message")) && told(channel, reply);
}

static void on_lost(struct connection *connection)
{
    struct channel *channel = CONTAINER_OF(connection, struct channel, connection);
    loop_timer_stop(&channel->limit);
    channel->asked_ms = 0;
    if (!channel->is_up) return;
    channel->is_up = false;
    channel->events.down(channel->events.owner);
}

static void on_limit(struct timer *timer)
{
    connection_drop(&CONTAINER_OF(timer, struct channel, limit)->connection);
}

static const struct connection_events channel_connection_events = {
    .opened = on_opened, .replied = on_replied, .lost = on_lost};

bool channel_is_alive(struct channel *channel, int64_t now_ms)
{
    if (!channel->is_up) {
        connection_want(&channel->connection);
        return false;
    }
    const int64_t age_ms = now_ms - channel->heard_ms;
    if (age_ms >= SIGN_WANTED_MS && channel->asked_ms == 0) {
        ask(channel, &(const struct command){REPLIES_PUSHED, 1, {STR("PING")}});
    }
    return age_ms < SIGN_TOO_OLD_MS;
}

result channel_open(const struct redis_options *options, struct loop *loop,
                    const struct channel_events *events, struct channel **ret_channel)
{
    struct channel *channel = calloc(1, sizeof *channel);
    REQUIRE(channel, INTERNAL);
    channel->events = *events;
    channel->timeout_ms = options->timeout_ms;
    channel->limit = (struct timer){.due = on_limit};
    const result r = connection_init(&channel->connection, loop, options->target, &channel_connection_events);
    if (!is_ok(r)) {
        free(channel);
        return r;
    }
    *ret_channel = channel;
    return RESULT_OK;
}

void channel_close(struct channel *channel)
{
    if (!channel) return;
    loop_timer_stop(&channel->limit);
    connection_done(&channel->connection);
    free(channel);
}
