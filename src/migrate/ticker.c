// SPDX-License-Identifier: MIT
#include "ticker_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"

#define LINE_BYTES 512
#define QUIET_MS   INT64_C(2000) /* a step that takes no longer shows no time */
#define ERASE_LINE "\r\033[K"

struct ticker {
    FILE *out;
    bool is_terminal;
    bool has_thread;
    bool is_ending;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    char line[LINE_BYTES]; /* begun and not ended; empty: none */
    int64_t begun_ms;
};

static void wait_a_second(struct ticker *ticker)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    (void)pthread_cond_timedwait(&ticker->wake, &ticker->lock, &until);
}

static void *tick(void *argument)
{
    struct ticker *ticker = argument;
    pthread_mutex_lock(&ticker->lock);
    while (!ticker->is_ending) {
        const int64_t elapsed_ms = clock_monotonic_ms() - ticker->begun_ms;
        if (ticker->line[0] && elapsed_ms >= QUIET_MS) {
            fprintf(ticker->out, ERASE_LINE "%s %lld s", ticker->line,
                    (long long)(elapsed_ms / MS_PER_SECOND));
            (void)fflush(ticker->out);
        }
        wait_a_second(ticker);
    }
    pthread_mutex_unlock(&ticker->lock);
    return NULL;
}

struct ticker *ticker_create(FILE *out, bool is_terminal)
{
    struct ticker *ticker = calloc(1, sizeof(*ticker));
    pthread_condattr_t attributes;
    if (!ticker) panic("out of memory: no ticker");
    ticker->out = out;
    ticker->is_terminal = is_terminal;
    pthread_mutex_init(&ticker->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ticker->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (is_terminal) ticker->has_thread = pthread_create(&ticker->thread, NULL, tick, ticker) == 0;
    return ticker;
}

void ticker_destroy(struct ticker *ticker)
{
    if (!ticker) return;
    pthread_mutex_lock(&ticker->lock);
    ticker->is_ending = true;
    pthread_cond_signal(&ticker->wake);
    pthread_mutex_unlock(&ticker->lock);
    if (ticker->has_thread) pthread_join(ticker->thread, NULL);
    pthread_cond_destroy(&ticker->wake);
    pthread_mutex_destroy(&ticker->lock);
    free(ticker);
}

void ticker_begin(struct ticker *ticker, struct str line)
{
    pthread_mutex_lock(&ticker->lock);
    (void)snprintf(ticker->line, sizeof(ticker->line), "%.*s", STR_ARGS(line));
    ticker->begun_ms = clock_monotonic_ms();
    fprintf(ticker->out, "%s", ticker->line);
    (void)fflush(ticker->out);
    pthread_mutex_unlock(&ticker->lock);
}

void ticker_replace(struct ticker *ticker, struct str line)
{
    pthread_mutex_lock(&ticker->lock);
    const bool is_replaced = ticker->is_terminal && ticker->line[0];
    if (is_replaced) {
        (void)snprintf(ticker->line, sizeof(ticker->line), "%.*s", STR_ARGS(line));
        fprintf(ticker->out, ERASE_LINE "%s", ticker->line);
        (void)fflush(ticker->out);
    }
    pthread_mutex_unlock(&ticker->lock);
    if (is_replaced) return;
    ticker_end(ticker, STR(""));
    ticker_begin(ticker, line);
}

void ticker_end(struct ticker *ticker, struct str end)
{
    pthread_mutex_lock(&ticker->lock);
    if (ticker->line[0]) {
        if (ticker->is_terminal) fprintf(ticker->out, ERASE_LINE "%s", ticker->line);
        fprintf(ticker->out, "%.*s\n", STR_ARGS(end));
        (void)fflush(ticker->out);
    }
    ticker->line[0] = '\0';
    pthread_mutex_unlock(&ticker->lock);
}

void ticker_say(struct ticker *ticker, struct str text)
{
    ticker_end(ticker, STR(""));
    pthread_mutex_lock(&ticker->lock);
    fprintf(ticker->out, "%.*s\n", STR_ARGS(text));
    (void)fflush(ticker->out);
    pthread_mutex_unlock(&ticker->lock);
}
