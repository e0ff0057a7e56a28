/* audit_event.h — something that matters for security has happened.
 * Shape:   one row of audit_types.def for each type; its name is what is stored and searched for.
 * Source:  OWASP ASVS 16.3.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_AUDIT_EVENT_H
#define AUTH_MODEL_AUDIT_EVENT_H

#include "auth/base/id.h"

enum audit_type {
#define AUDIT_TYPE(name, text, meaning) AUDIT_##name,
#include "auth/model/audit_types.def"
#undef AUDIT_TYPE
    AUDIT_TYPE_COUNT
};

struct audit_event {
    enum audit_type type;
    struct id account_id; /* nil: none */
    struct id session_id; /* nil: none */
    struct str client_id;
    struct str client_address;
    struct str actor; /* who did it, when not the account itself; as task->actor */
    struct str
        subject; /* what it was done to, when not an account: "webhook:<id>", "group:<id>", "role:<name>" */
    const char *detail; /* literal, never input; may be NULL */
};

#endif
