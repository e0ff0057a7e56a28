// SPDX-License-Identifier: MIT
#include "redis_internal.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/clock.h"
#include "auth/base/encoding.h"
#include "auth/loop/fiber.h"
#include "connection_internal.h"
#include "sealed_value_internal.h"

#define PENDING_MAX 4096u /* replies expected at once; beyond it nobody is let in */
#define MISSED_MAX  1024u /* denials kept for a Redis that is down */

#define REFUSED_RETRY_MS INT64_C(1000) /* until a denial that Redis refused is told again */

/* What a fiber waits for: the replies to its commands, one after the other. */
struct operation {
    struct wait wait;
    void (*take)(struct operation *operation, const redisReply *reply);
    unsigned replies_left;
    bool is_lost; /* the connection ended first */
};

struct pending {
    struct operation *operation; /* NULL: nobody waits for this reply */
    unsigned replies;            /* the sane ones */
    int64_t due_ms;
};

struct missed_denial {
    struct cache_key key;
    int64_t expires_ms; /* no value it could be meant for lives longer */
};

struct redis {
    struct cache_driver driver;
    struct connection connection;
    struct timer limit; /* of the oldest reply expected, or earlier */
    struct timer retry; /* while there are denials to be told */
    atomic_int *up_count;
    bool is_counted; /* in up_count */
    const struct key256 *secret;
    int64_t timeout_ms;
    int64_t distrusted_until_ms; /* more denials were missed than are kept */
    size_t first;                /* of the ring */
    size_t count;
    size_t missed_count;
    struct pending pending[PENDING_MAX];
    struct missed_denial missed[MISSED_MAX];
};

static struct redis *redis_of(struct cache_driver *driver)
{
    return CONTAINER_OF(driver, struct redis, driver);
}

/* Sends all of the commands or none; each has its reply, which goes to `operation`. */
static bool commands_send(struct redis *redis, struct operation *operation, const struct command *commands,
                          size_t count)
{
    if (redis->connection.state != CONNECTION_UP || redis->count + count > PENDING_MAX) return false;
    const size_t out_len = redis->connection.out_len;
    for (size_t i = 0; i < count; i++) {
        if (connection_send(&redis->connection, &commands[i])) continue;
        redis->connection.out_len = out_len;
        return false;
    }
    const int64_t due_ms = clock_monotonic_ms() + redis->timeout_ms;
    for (size_t i = 0; i < count; i++) {
        redis->pending[(redis->first + redis->count++) % PENDING_MAX] =
            (struct pending){operation, commands[i].replies, due_ms};
    }
    if (redis->limit.heap_index == 0) loop_timer_start(redis->connection.loop, &redis->limit, due_ms);
    return true;
}

/* False when the connection was lost, or was not there. Waits. */
static bool operation_run(struct redis *redis, struct operation *operation, const struct command *commands,
                          size_t count)
{
    operation->replies_left = (unsigned)count;
    if (!commands_send(redis, operation, commands, count)) return false;
    fiber_wait(&operation->wait);
    return !operation->is_lost;
}

static struct operation *pending_take(struct redis *redis)
{
    struct operation *operation = redis->pending[redis->first].operation;
    redis->first = (redis->first + 1) % PENDING_MAX;
    redis->count--;
    return operation;
}

static void up_count_leave(struct redis *redis)
{
    if (redis->is_counted) atomic_fetch_sub(redis->up_count, 1);
    redis->is_counted = false;
}

/* An idle server sends nothing, but for this: what was denied must be told. */
static void retry_start(struct redis *redis)
{
    if (redis->missed_count == 0 || redis->retry.heap_index != 0) return;
    int64_t due_ms = clock_monotonic_ms() + REFUSED_RETRY_MS;
    if (redis->connection.state == CONNECTION_DOWN) due_ms = redis->connection.retry_at_ms;
    if (due_ms < redis->distrusted_until_ms) due_ms = redis->distrusted_until_ms;
    loop_timer_start(redis->connection.loop, &redis->retry, due_ms);
}

static bool on_replied(struct connection *connection, const redisReply *reply)
{
    struct redis *redis = CONTAINER_OF(connection, struct redis, connection);
    if (redis->count == 0)
        return false; /* an answer to nothing: who knows what the next would be paired with */
    const unsigned sane = redis->pending[redis->first].replies | 1u << REDIS_REPLY_ERROR;
    if ((sane & 1u << reply->type) == 0) return false; /* this may be the answer to another question */
    struct operation *operation = pending_take(redis);
    connection_praise(connection);
    if (!operation) return true;
    operation->take(operation, reply);
    if (--operation->replies_left == 0) wait_finish(&operation->wait);
    return true;
}

static void on_lost(struct connection *connection)
{
    struct redis *redis = CONTAINER_OF(connection, struct redis, connection);
    loop_timer_stop(&redis->limit);
    up_count_leave(redis);
    struct operation *last = NULL;
    while (redis->count > 0) {
        struct operation *operation = pending_take(redis);
        if (!operation || operation == last) continue; /* the replies of one stand side by side */
        last = operation;
        operation->is_lost = true;
        wait_finish(&operation->wait);
    }
    retry_start(redis);
}

static void on_limit(struct timer *timer)
{
    struct redis *redis = CONTAINER_OF(timer, struct redis, limit);
    if (redis->count == 0) return;
    const int64_t due_ms = redis->pending[redis->first].due_ms;
    if (due_ms > clock_monotonic_ms()) {
        loop_timer_start(redis->connection.loop, &redis->limit, due_ms);
        return;
    }
    connection_drop(&redis->connection);
}

/* Wide enough for the texts of one denial; lives where the commands do. */
struct denial_text {
    struct redis_key key;
    char lifetime[24];
};

#define DENIAL_COMMANDS 3u

static void denial_print(const struct cache_key *key, struct denial_text *text,
                         struct command commands[DENIAL_COMMANDS])
{
    redis_key_print(key, &text->key);
    snprintf(text->lifetime, sizeof text->lifetime, "%lld", (long long)CACHE_DENY_MS);
    const struct str name = {text->key.text, REDIS_KEY_LEN};
    /* A full Redis refuses SET but not DEL: the old value goes in any case. */
    commands[0] = (struct command){REPLIES_NUMBER, 2, {STR("DEL"), name}};
    commands[1] = (struct command){
        REPLIES_STATUS, 5, {STR("SET"), name, STR(REDIS_DENIED), STR("PX"), str_from(text->lifetime)}};
    commands[2] = (struct command){
        REPLIES_NUMBER,
        3,
        {STR("PUBLISH"), STR(CHANNEL_NAME), str_from_offset(name, sizeof REDIS_KEY_PREFIX - 1)}};
}

static void missed_forget_old(struct redis *redis, int64_t now_ms)
{
    size_t old = 0;
    while (old < redis->missed_count && redis->missed[old].expires_ms <= now_ms) old++;
    redis->missed_count -= old;
    memmove(redis->missed, redis->missed + old, redis->missed_count * sizeof redis->missed[0]);
}

static void missed_forget(struct redis *redis, const struct cache_key *key)
{
    size_t i = 0;
    while (i < redis->missed_count && memcmp(&redis->missed[i].key, key, sizeof *key) != 0) i++;
    if (i == redis->missed_count) return;
    redis->missed_count--;
    memmove(redis->missed + i, redis->missed + i + 1, (redis->missed_count - i) * sizeof redis->missed[0]);
}

static void missed_add(struct redis *redis, const struct cache_key *key, int64_t now_ms)
{
    missed_forget_old(redis, now_ms);
    missed_forget(redis, key); /* told once is enough */
    if (redis->missed_count == MISSED_MAX) {
        redis->missed_count = 0;
        redis->distrusted_until_ms = now_ms + CACHE_DENY_MS;
        return;
    }
    redis->missed[redis->missed_count++] = (struct missed_denial){*key, now_ms + CACHE_DENY_MS};
    retry_start(redis);
}

static void missed_send(struct redis *redis)
{
    missed_forget_old(redis, clock_monotonic_ms());
    for (size_t i = 0; i < redis->missed_count; i++) {
        struct denial_text text;
        struct command commands[DENIAL_COMMANDS];
        denial_print(&redis->missed[i].key, &text, commands);
        if (!commands_send(redis, NULL, commands, DENIAL_COMMANDS)) return;
    }
    redis->missed_count = 0;
}

/* Before anybody reads: Redis answers in order, so no value denied meanwhile is read on this connection.
 * There is room for all: 1024 times 3 replies and some 220 bytes. */
static void on_opened(struct connection *connection)
{
    struct redis *redis = CONTAINER_OF(connection, struct redis, connection);
    redis->is_counted = true;
    atomic_fetch_add(redis->up_count, 1);
    missed_send(redis);
}

static void on_retry(struct timer *timer)
{
    struct redis *redis = CONTAINER_OF(timer, struct redis, retry);
    missed_send(redis);
    if (redis->missed_count > 0) redis_want(&redis->driver);
}

struct get {
    struct operation operation;
    const struct redis *redis;
    const struct cache_key *key;
    struct cache_value *value;
    int64_t now_ms;
    enum cache_answer answer;
};

static struct seal_time seal_time(int64_t now_ms)
{
    return (struct seal_time){.now_ms = now_ms, .wall_ms = clock_wall_ms()};
}

static void get_take(struct operation *operation, const redisReply *reply)
{
    struct get *get = CONTAINER_OF(operation, struct get, operation);
    get->answer = CACHE_MISS; /* nil, and errors such as that of a key of another type */
    if (reply->type != REDIS_REPLY_STRING) return;
    const struct str sealed = {reply->str, reply->len};
    get->answer = value_unseal(get->redis->secret, get->key, sealed, seal_time(get->now_ms), get->value);
}

static enum cache_answer redis_get(struct cache_driver *driver, const struct cache_key *key, int64_t now_ms,
                                   struct cache_value *ret_value)
{
    struct redis *redis = redis_of(driver);
    redis_want(driver);
    struct redis_key name;
    redis_key_print(key, &name);
    const struct command command = {REPLIES_TEXT_OR_NIL, 2, {STR("GET"), {name.text, REDIS_KEY_LEN}}};
    struct get get = {
        .operation.take = get_take, .redis = redis, .key = key, .value = ret_value, .now_ms = now_ms};
    return operation_run(redis, &get.operation, &command, 1) ? get.answer : CACHE_DOWN;
}

static void redis_offer(struct cache_driver *driver, const struct cache_key *key,
                        const struct cache_value *value, int64_t now_ms)
{
    struct redis *redis = redis_of(driver);
    const int64_t lifetime_ms = value->expires_ms - now_ms;
    if (redis->connection.state != CONNECTION_UP || lifetime_ms <= 0 || value->len > CACHE_VALUE_MAX) return;
    struct redis_key name;
    redis_key_print(key, &name);
    struct sealed_value sealed;
    value_seal(redis->secret, key, value, seal_time(now_ms), &sealed);
    char lifetime[24];
    snprintf(lifetime, sizeof lifetime, "%lld", (long long)lifetime_ms);
    const struct command command = {REPLIES_STATUS_OR_NIL,
                                    6,
                                    {STR("SET"),
                                     {name.text, REDIS_KEY_LEN},
                                     {(const char *)sealed.bytes, sealed.len},
                                     STR("PX"),
                                     str_from(lifetime),
                                     STR("NX")}};
    (void)commands_send(redis, NULL, &command, 1); /* not kept: no harm */
}

struct deny {
    struct operation operation;
    unsigned done;
};

static void deny_take(struct operation *operation, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR) CONTAINER_OF(operation, struct deny, operation)->done++;
}

static bool redis_deny(struct cache_driver *driver, const struct cache_key *key, int64_t now_ms)
{
    struct redis *redis = redis_of(driver);
    redis_want(driver);
    struct denial_text text;
    struct command commands[DENIAL_COMMANDS];
    denial_print(key, &text, commands);
    struct deny deny = {.operation.take = deny_take};
    (void)operation_run(redis, &deny.operation, commands, DENIAL_COMMANDS);
    if (deny.done == DENIAL_COMMANDS) return true;
    missed_add(redis, key, now_ms);
    return false;
}

struct count {
    struct operation operation;
    int64_t numbers[3]; /* what the replies say, -2 where it is no number: SET, INCR, PTTL */
    size_t taken;
};

static void count_take(struct operation *operation, const redisReply *reply)
{
    struct count *count = CONTAINER_OF(operation, struct count, operation);
    count->numbers[count->taken++] = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -2;
}

static int64_t redis_count(struct cache_driver *driver, const struct cache_key *key, int64_t window_ms,
                           int64_t now_ms)
{
    (void)now_ms; /* Redis keeps the window by its own clock */
    struct redis *redis = redis_of(driver);
    redis_want(driver);
    struct redis_key key_text;
    redis_key_print(key, &key_text);
    char window[24];
    snprintf(window, sizeof window, "%lld", (long long)window_ms);
    const struct str name = {key_text.text, REDIS_KEY_LEN};
    const struct command commands[] = {
        {REPLIES_STATUS_OR_NIL, 6, {STR("SET"), name, STR("0"), STR("PX"), str_from(window), STR("NX")}},
        {REPLIES_NUMBER, 2, {STR("INCR"), name}},
        {REPLIES_NUMBER, 2, {STR("PTTL"), name}},
    };
    struct count count = {.operation.take = count_take};
    static_assert(ARRAY_COUNT(commands) == ARRAY_COUNT(count.numbers), "a number for each reply");
    if (!operation_run(redis, &count.operation, commands, ARRAY_COUNT(commands))) return 0;
    /* The counter may expire between SET and INCR, which then makes one that would live for ever (-1). */
    const struct command heal = {REPLIES_NUMBER, 3, {STR("PEXPIRE"), name, str_from(window)}};
    if (count.numbers[2] == -1) (void)commands_send(redis, NULL, &heal, 1);
    return count.numbers[1] > 0 ? count.numbers[1] : 0;
}

void redis_want(struct cache_driver *driver)
{
    struct redis *redis = redis_of(driver);
    if (redis->connection.state != CONNECTION_DOWN) return;
    if (clock_monotonic_ms() >= redis->distrusted_until_ms) connection_want(&redis->connection);
}

static void redis_close(struct cache_driver *driver)
{
    struct redis *redis = redis_of(driver);
    loop_timer_stop(&redis->limit);
    loop_timer_stop(&redis->retry);
    up_count_leave(redis);
    connection_done(&redis->connection);
    free(redis);
}

static const struct cache_driver_calls redis_calls = {
    .close = redis_close,
    .get = redis_get,
    .offer = redis_offer,
    .deny = redis_deny,
    .count = redis_count,
};

static const struct connection_events redis_connection_events = {
    .opened = on_opened, .replied = on_replied, .lost = on_lost};

result redis_open(const struct redis_options *options, struct loop *loop, struct cache_driver **ret_driver)
{
    struct redis *redis = calloc(1, sizeof *redis);
    REQUIRE(redis, INTERNAL);
    redis->driver.calls = &redis_calls;
    redis->secret = options->secret;
    redis->timeout_ms = options->timeout_ms;
    redis->up_count = options->up_count;
    redis->limit = (struct timer){.due = on_limit};
    redis->retry = (struct timer){.due = on_retry};
    const result r = connection_init(&redis->connection, loop, options->target, &redis_connection_events);
    if (!is_ok(r)) {
        free(redis);
        return r;
    }
    *ret_driver = &redis->driver;
    return RESULT_OK;
}
