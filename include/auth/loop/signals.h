/* signals.h — SIGTERM, SIGINT and SIGHUP as events of the loop.
 * Shape:   the signals are blocked in every thread and read from a signalfd, so that none lands on a thread
 *          that cannot wake the loop, and the callback may do what a signal handler must not.
 * Errors:  INTERNAL when the kernel refuses.
 * Threads: signals_block before the first thread is started (threads inherit the mask); the rest, loop
 *          thread.
 * Source:  signalfd(2).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_LOOP_SIGNALS_H
#define AUTH_LOOP_SIGNALS_H

#include "auth/loop/loop.h"

/* Embedded in its owner, who sets `received` and keeps it alive until signals_unwatch. Zero before its first
 * use. */
struct signals {
    void (*received)(struct signals *signals, int signal_number);
    struct watch watch; /* the module's */
};

/* Blocks the three signals in this thread and ignores SIGPIPE (a closed peer is an error code, not a death).
 */
NODISCARD result signals_block(void);

/* Calls signals->received on the loop's stack, once for each signal that has come since signals_block. */
NODISCARD result signals_watch(struct loop *loop, struct signals *signals);
/* Accepts signals that are not watched; safe within the callback. */
void signals_unwatch(struct signals *signals);

#endif
