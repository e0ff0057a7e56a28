/* factor.h — what a person has beside a password: a second factor, and what is asked of a sign-in.
 * Units:   *_ms are Unix milliseconds UTC; 0 means never.
 * Owner:   text lives in the arena of the task that read it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_FACTOR_H
#define AUTH_MODEL_FACTOR_H

#include "auth/base/id.h"

struct factor {
    struct id id;
    struct str kind; /* "totp" */
    struct str name; /* the owner's word for it; may be empty */
    struct str sealed_secret;
    int64_t last_step; /* the newest time step whose code was accepted */
    int64_t created_at_ms;
    int64_t confirmed_at_ms; /* 0: enrolled and not yet confirmed, good for nothing */
    int64_t last_used_at_ms;
};

struct factor_list {
    const struct factor *items;
    size_t count;
};

/* Of one account, now. */
struct assurance {
    bool requires_mfa; /* by a word of its own */
    bool has_password;
    int64_t factor_count;
    int64_t recovery_count; /* codes left */
};

#endif
