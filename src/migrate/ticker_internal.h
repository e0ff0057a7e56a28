/* ticker_internal.h — the line of progress a person looks at, with the time it has taken so far.
 * Shape:   on a terminal the line is written anew every second; elsewhere it is written once, and its end behind it.
 * Threads: one of its own on a terminal; the functions are called by one other.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_TICKER_INTERNAL_H
#define AUTH_MIGRATE_TICKER_INTERNAL_H

#include <stdio.h>

#include "auth/base/str.h"

struct ticker;

struct ticker *ticker_create(FILE *out, bool is_terminal);
void ticker_destroy(struct ticker *ticker);

/* Begins a line: "Running upgrade … ..." */
void ticker_begin(struct ticker *ticker, struct str line);
/* On a terminal replaces the line that was begun and lets its time go on; elsewhere it begins one. */
void ticker_replace(struct ticker *ticker, struct str line);
/* Ends it: "Running upgrade … ... done (41 ms)"; with no line begun nothing happens. */
void ticker_end(struct ticker *ticker, struct str end);
/* Something else on a line of its own; one that was begun is ended first. */
void ticker_say(struct ticker *ticker, struct str text);

#endif
