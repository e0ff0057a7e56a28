/* invitation.h — somebody is asked to make an account.
 * Units:   *_ms are Unix milliseconds UTC; 0 means never.
 * Owner:   text lives in the arena of the task that read it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_INVITATION_H
#define AUTH_MODEL_INVITATION_H

#include "auth/base/id.h"

struct invitation {
    struct id id;
    struct str email;
    struct str email_key;
    struct str roles;     /* words parted by spaces */
    struct str group_ids; /* parted by spaces */
    struct str locale;
    struct str invited_by; /* as an audit event's actor */
    int64_t created_at_ms;
    int64_t expires_at_ms;
    int64_t accepted_at_ms;
    struct id account_id; /* that was made with it */
};

#endif
