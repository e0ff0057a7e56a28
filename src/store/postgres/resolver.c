// SPDX-License-Identifier: MIT
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "auth/base/log.h"
#include "postgres_internal.h"

/* A changed address is noticed after this long, or after the first failed attempt. */
#define RESOLVED_FOR_MS 30000

/* Shared with the thread that looks the names up, which cannot be stopped: it may outlive the pool. */
struct pg_resolution {
    struct post post;
    struct loop *loop;
    struct pg_host hosts[ADDRESSES_MAX]; /* strings of our own */
    unsigned host_count;
    unsigned found_host[ADDRESSES_MAX];
    char found[ADDRESSES_MAX][ADDRESS_TEXT_MAX];
    unsigned found_count;
    char reason[REASON_MAX];
    pthread_mutex_t mutex;
    struct pg_pool *pool; /* NULL once the pool is gone */
};

static bool is_socket(const char *name)
{
    return name[0] == '\0' || name[0] == '/' || name[0] == '@';
}

/* Appends the addresses of `name`. */
static int look_up(const char *name, char (*found)[ADDRESS_TEXT_MAX], unsigned *count)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const int failure = getaddrinfo(name, NULL, &hints, &list);
    if (failure != 0) return failure;
    for (const struct addrinfo *entry = list; entry != NULL && *count < ADDRESSES_MAX;
         entry = entry->ai_next) {
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, found[*count], ADDRESS_TEXT_MAX, NULL, 0,
                        NI_NUMERICHOST) == 0) {
            (*count)++;
        }
    }
    freeaddrinfo(list);
    return 0;
}

static void resolution_free(struct pg_resolution *resolution)
{
    for (unsigned i = 0; i < resolution->host_count; i++) free((char *)(uintptr_t)resolution->hosts[i].name);
    (void)pthread_mutex_destroy(&resolution->mutex);
    free(resolution);
}

static void look_up_host(struct pg_resolution *resolution, const char *name)
{
    if (is_socket(name) && resolution->found_count < ADDRESSES_MAX) {
        resolution->found[resolution->found_count++][0] = '\0';
        return;
    }
    const int failure = look_up(name, resolution->found, &resolution->found_count);
    if (failure == 0) return;
    (void)snprintf(resolution->reason, REASON_MAX, "the name %.100s cannot be resolved: %s", name,
                   gai_strerror(failure));
}

static void look_up_all(struct pg_resolution *resolution)
{
    for (unsigned i = 0; i < resolution->host_count; i++) {
        const unsigned before = resolution->found_count;
        look_up_host(resolution, resolution->hosts[i].name);
        for (unsigned k = before; k < resolution->found_count; k++) resolution->found_host[k] = i;
    }
}

static void *resolver_thread(void *argument)
{
    struct pg_resolution *resolution = argument;
    look_up_all(resolution);
    pthread_mutex_lock(&resolution->mutex);
    const bool is_wanted = resolution->pool != NULL;
    if (is_wanted) loop_post(resolution->loop, &resolution->post);
    pthread_mutex_unlock(&resolution->mutex);
    if (!is_wanted) resolution_free(resolution);
    return NULL;
}

static void resolved(struct post *post)
{
    struct pg_resolution *resolution = CONTAINER_OF(post, struct pg_resolution, post);
    /* So that the thread is out of it. */
    pthread_mutex_lock(&resolution->mutex);
    struct pg_pool *pool = resolution->pool;
    pthread_mutex_unlock(&resolution->mutex);
    if (pool == NULL) {
        resolution_free(resolution);
        return;
    }
    char reason[REASON_MAX];
    memcpy(reason, resolution->reason, REASON_MAX);
    for (unsigned i = 0; i < resolution->found_count; i++) {
        pool->targets[i].host = &pool->info.hosts[resolution->found_host[i]];
        memcpy(pool->targets[i].address, resolution->found[i], ADDRESS_TEXT_MAX);
    }
    pool->target_count = resolution->found_count;
    pool->first_target = 0;
    pool->resolved_until_ms = pool->target_count == 0 ? 0 : clock_monotonic_ms() + RESOLVED_FOR_MS;
    pool->resolution = NULL;
    resolution_free(resolution);
    pg_pool_resolved(pool, reason);
}

static struct pg_resolution *resolution_create(struct pg_pool *pool)
{
    struct pg_resolution *resolution = calloc(1, sizeof *resolution);
    if (resolution == NULL) panic("no memory to resolve names");
    resolution->post.run = resolved;
    resolution->loop = pool->loop;
    resolution->pool = pool;
    resolution->host_count = pool->info.host_count;
    for (unsigned i = 0; i < resolution->host_count; i++) {
        const struct pg_host *host = &pool->info.hosts[i];
        resolution->hosts[i].name = strdup(host->address[0] == '\0' ? host->name : host->address);
        if (resolution->hosts[i].name == NULL) panic("no memory to resolve names");
    }
    if (pthread_mutex_init(&resolution->mutex, NULL) != 0) panic("no mutex to resolve names");
    return resolution;
}

static bool start_thread(struct pg_resolution *resolution)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0) return false;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Signals are the loop's: a thread starts with the mask of its maker. */
    sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    const int failure = pthread_create(&thread, &attributes, resolver_thread, resolution);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return failure == 0;
}

/* Sockets and addresses need no look-up. */
static void resolve_at_once(struct pg_pool *pool)
{
    pool->target_count = 0;
    for (unsigned i = 0; i < pool->info.host_count; i++) {
        struct pg_target *target = &pool->targets[pool->target_count++];
        const struct pg_host *host = &pool->info.hosts[i];
        const char *address = host->address[0] == '\0' && !is_socket(host->name) ? host->name : host->address;
        target->host = host;
        (void)snprintf(target->address, ADDRESS_TEXT_MAX, "%s", address);
    }
    pool->resolved_until_ms = INT64_MAX;
}

bool pg_resolve(struct pg_pool *pool)
{
    if (clock_monotonic_ms() < pool->resolved_until_ms) return true;
    if (!pool->info.has_names) {
        resolve_at_once(pool);
        return true;
    }
    if (pool->resolution != NULL) return false;
    struct pg_resolution *resolution = resolution_create(pool);
    if (start_thread(resolution)) {
        pool->resolution = resolution;
        return false;
    }
    resolution_free(resolution);
    pool->target_count = 0;
    pg_pool_resolved(pool, "no thread to resolve names");
    return false;
}

void pg_resolve_abandon(struct pg_pool *pool)
{
    struct pg_resolution *resolution = pool->resolution;
    if (resolution == NULL) return;
    pool->resolution = NULL;
    pthread_mutex_lock(&resolution->mutex);
    resolution->pool = NULL;
    pthread_mutex_unlock(&resolution->mutex);
}
