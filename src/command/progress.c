// SPDX-License-Identifier: MIT
#include "progress_internal.h"

#include <stdio.h>
#include <unistd.h>

#include "auth/base/clock.h"

#define SHOW_EVERY_MS INT64_C(200)
#define BAR_CELLS     24
#define PERCENT       100

void progress_begin(struct progress *progress, const char *noun, int64_t total_bytes, int64_t count)
{
    const int64_t now_ms = clock_monotonic_ms();
    *progress = (struct progress){.noun = noun,
                                  .total_bytes = total_bytes,
                                  .is_terminal = isatty(STDERR_FILENO) == 1,
                                  .begun_ms = now_ms,
                                  .begun_count = count};
}

int64_t progress_rate(const struct progress *progress, int64_t count)
{
    const int64_t elapsed_ms = clock_monotonic_ms() - progress->begun_ms;
    return (count - progress->begun_count) * MS_PER_SECOND / (elapsed_ms > 0 ? elapsed_ms : 1);
}

static void show_bar(const struct progress *progress, int64_t bytes)
{
    const int64_t percent =
        bytes >= progress->total_bytes ? PERCENT : bytes * PERCENT / progress->total_bytes;
    const int64_t elapsed_ms = clock_monotonic_ms() - progress->begun_ms;
    const int64_t left_s = percent > 0 ? elapsed_ms * (PERCENT - percent) / percent / MS_PER_SECOND : 0;
    char bar[BAR_CELLS + 1] = {0};
    for (int i = 0; i < BAR_CELLS; i++) bar[i] = i * PERCENT < percent * BAR_CELLS ? '#' : '.';
    fprintf(stderr, "[%s] %3lld %%  %lld s left  ", bar, (long long)percent, (long long)left_s);
}

void progress_show(struct progress *progress, int64_t count, int64_t bytes)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (!progress->is_terminal || now_ms - progress->shown_ms < SHOW_EVERY_MS) return;
    progress->shown_ms = now_ms;
    fprintf(stderr, "\r\033[K");
    if (progress->total_bytes > 0) show_bar(progress, bytes);
    fprintf(stderr, "%lld %s, %lld/s", (long long)count, progress->noun,
            (long long)progress_rate(progress, count));
    (void)fflush(stderr);
}

void progress_clear(struct progress *progress)
{
    if (!progress->is_terminal || progress->shown_ms == 0) return;
    fprintf(stderr, "\r\033[K");
    (void)fflush(stderr);
    progress->shown_ms = 0;
}
