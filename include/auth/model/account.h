/* account.h — a person who can sign in.
 * Shape:   email as it was given; email_key the one canonical spelling, unique; an account without a password
 *          hash cannot sign in by password.
 * Units:   *_ms are Unix milliseconds UTC; 0 means never.
 * Owner:   text lives in the arena of the task that read it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_ACCOUNT_H
#define AUTH_MODEL_ACCOUNT_H

#include "auth/base/id.h"

enum account_status {
    ACCOUNT_ACTIVE,
    ACCOUNT_LOCKED, /* by an administrator: no sign-in, no token */
    ACCOUNT_CLOSING /* its owner deleted it; signing in before delete_after_ms brings it back */
};

struct account {
    struct id id;
    struct str email;
    struct str email_key;
    bool is_email_verified;
    struct str name;
    struct str locale;
    struct str password_hash;       /* PHC string, or empty */
    int64_t password_changed_at_ms; /* the password's version: grows with each change, not with a rehash */
    enum account_status status;
    int64_t delete_after_ms;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

#endif
