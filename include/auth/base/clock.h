/* clock.h — the two clocks.
 * Units:   milliseconds; wall time is Unix time UTC, monotonic time counts from an unknown start.
 * Note:    rules never read a clock: a task carries the wall time it began at (task.h).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_CLOCK_H
#define AUTH_BASE_CLOCK_H

#include <stdint.h>

#include "auth/base/arena.h"
#include "auth/base/str.h"

#define MS_PER_SECOND INT64_C(1000)
#define RFC3339_SIZE  25u /* "2026-01-05T10:00:00.123Z" and NUL */

int64_t clock_wall_ms(void);
int64_t clock_monotonic_ms(void);
/* The same clock as of the last tick, a few milliseconds ago, at a fifth of the cost: for deadlines of seconds, which
 * are then looked at by this clock too. */
int64_t clock_coarse_ms(void);
int64_t clock_monotonic_us(void);

/* RFC 3339, UTC, milliseconds: "2026-01-05T10:00:00.123Z". Years outside 0001 to 9999 are clamped. */
void time_print(int64_t wall_ms, char ret_text[RFC3339_SIZE]);
/* The form time_print gives; the fraction may be missing or of any length (cut to milliseconds), and "+hh:mm" or
 * "-hh:mm" may stand for the Z. False on anything else, leap seconds included. */
bool time_parse(struct str text, int64_t *ret_wall_ms);

#endif
