/* progress_internal.h — how far long work has come, on a terminal; nothing elsewhere. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_PROGRESS_INTERNAL_H
#define AUTH_COMMAND_PROGRESS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *noun;    /* "records" */
    int64_t total_bytes; /*/* 0: not known; of anything that is counted */
    bool is_terminal;
    int64_t begun_ms;
    int64_t shown_ms;
    int64_t begun_count;
};

/* On standard error. */
void progress_begin(struct progress *progress, const char *noun, int64_t total_bytes, int64_t count);
void progress_show(struct progress *progress, int64_t count, int64_t bytes);
/* Takes the line away, so that something else can be printed. */
void progress_clear(struct progress *progress);
/* "61,234/s" of all so far. */
int64_t progress_rate(const struct progress *progress, int64_t count);

#endif
