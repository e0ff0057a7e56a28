/* session.h — proof that somebody signed in, on one device.
 * Shape:   one row for the whole life of a sign-in; its refresh tokens are derived from id and counter, so
 *          refreshing adds no rows.
 * Units:   *_ms are Unix milliseconds UTC; 0 means never.
 * Owner:   text lives in the arena of the task that read it.
 * Source:  NIST SP 800-63B-4 §5 (session management); OWASP ASVS 7.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_SESSION_H
#define AUTH_MODEL_SESSION_H

#include "auth/model/account.h"

/* Authentication context classes (OpenID Connect "acr"), after NIST SP 800-63B-4. */
#define ACR_ONE "aal1"
#define ACR_TWO "aal2"

struct session {
    struct id id;
    struct id account_id;
    struct str client_id; /* the OAuth client it was begun for; its tokens serve no other */
    struct str scope;     /* space-separated; empty: none */
    struct str amr;       /* space-separated RFC 8176 values */
    int64_t created_at_ms;
    int64_t authenticated_at_ms;
    int64_t refreshed_at_ms;
    int64_t idle_expires_at_ms;
    int64_t expires_at_ms;
    int64_t refresh_counter; /* of the one refresh token that may rotate */
    struct str client_address;
    struct str user_agent;
    int64_t assured_until_ms; /* until then two factors count; 0: they do not */
    int64_t ended_at_ms;
    enum account_status account_status;
    struct str account_email;
    bool requires_mfa; /* of its account by itself, whatever policy and roles demand */
    bool has_rights; /* its account has roles, groups or claims of its own, which are then to be looked up */
};

static inline bool is_session_alive(const struct session *session, int64_t now_ms)
{
    return session->ended_at_ms == 0 && session->expires_at_ms > now_ms &&
           session->idle_expires_at_ms > now_ms;
}

/* NIST SP 800-63B-4 §2.2, §5.2: two factors, given not too long ago. */
static inline bool is_session_assured(const struct session *session, int64_t now_ms)
{
    return session->assured_until_ms > now_ms;
}

#endif
