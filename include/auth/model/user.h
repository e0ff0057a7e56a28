/* user.h — an account as those see it who administer it.
 * Units:   *_ms are Unix milliseconds UTC; 0 means never.
 * Owner:   text lives in the arena of the task that read it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_USER_H
#define AUTH_MODEL_USER_H

#include "auth/model/account.h"

struct user {
    struct id id;
    struct str email;
    struct str email_key;
    bool is_email_verified;
    struct str name;
    struct str locale;
    enum account_status status;
    struct str lock_reason; /* of a lock, or of a deletion that its owner cannot take back */
    bool requires_mfa;
    bool has_password;
    struct str external_id; /* what another system calls the account */
    int64_t delete_after_ms;
    int64_t last_login_at_ms; /* of the sessions that are still known */
    int64_t created_at_ms;
    int64_t updated_at_ms;
    int64_t version;
};

#endif
