/* totp.h — time-based one-time passwords: six digits that change every thirty seconds.
 * Shape:   HMAC-SHA-1 over the number of the step, as every authenticator program computes it; the seed has 160 bits.
 * Units:   a step is a count of 30-second intervals since 1970; time is the server's.
 * Errors:  NOT_FOUND when no step of the window has the code; INTERNAL for a seed that is none.
 * Note:    a code is not used up here: the caller accepts each step once, in the database.
 * Waits:   no; about 1 us for each step looked at.
 * Source:  RFC 4226, RFC 6238 §4, §5.2; NIST SP 800-63B-4 §3.1.4; Google Authenticator's key URI format.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_TOTP_H
#define AUTH_CRYPTO_TOTP_H

#include "auth/base/secret.h"

#define TOTP_SEED_BYTES      20u /* RFC 4226 §4, R6: "RECOMMENDs a shared secret length of 160 bits" */
#define TOTP_DIGITS          6u
#define TOTP_STEP_MS         INT64_C(30000)
#define TOTP_STEP_SECONDS    30
#define TOTP_DRIFT_STEPS_MAX 2

struct secret totp_seed_make(struct arena *arena);

static inline int64_t totp_step_at(int64_t wall_ms)
{
    return wall_ms / TOTP_STEP_MS;
}

/* Writes the digits and NUL. */
NODISCARD result totp_code(struct secret seed, int64_t step, char ret_code[TOTP_DIGITS + 1u]);

/* The step within `drift` of `now_step` that has this code. All of them are looked at, whatever they are. */
NODISCARD result totp_match(struct secret seed, int64_t now_step, int64_t drift, struct secret code,
                            int64_t *ret_step);

#endif
