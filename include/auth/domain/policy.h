/* policy.h — the numbers and choices the rules work with, taken from the settings once at start.
 * Owner:   main; constant while the service runs.
 * Source:  the defaults' reasons stand beside the settings (README, settings table).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_POLICY_H
#define AUTH_DOMAIN_POLICY_H

#include "auth/crypto/password.h"
#include "auth/crypto/signing_key.h"
#include "auth/model/code.h"
#include "auth/store/throttle_repo.h"

struct policy {
    struct str issuer;
    struct str audience;  /* of access tokens */
    struct str client_id; /* the first-party client: of sessions begun at /v1/login */
    int64_t access_token_ms;
    int64_t session_ms;
    int64_t session_idle_ms;
    int64_t session_cache_ms;
    int64_t refresh_grace_ms; /* 0: a repeated refresh is always reuse */
    int64_t sessions_per_account;
    int64_t keys_per_account; /* API keys of one account or one client */
    int64_t fresh_ms;         /* how long an authentication counts as recent */
    int64_t deletion_grace_ms;
    enum signing_algorithm signing_algorithm;
    int64_t key_overlap_ms;  /* a new key is published this long before it signs */
    int64_t password_min;    /* code points */
    struct str breached_url; /* five hex digits are put behind it; empty: nobody is asked */
    int64_t breached_timeout_ms;
    bool breached_fails_closed;   /* while nobody answers there */
    bool is_signup_open;          /* to anybody */
    bool is_signup_by_invitation; /* to whoever was invited; also where it is open */
    bool signup_signs_in;
    bool requires_verification; /* of the address, before a password signs in */
    bool has_code_sign_in;
    struct str email_domains_allowed; /* by commas, "example.org" or ".example.org"; empty: all */
    struct str email_domains_denied;
    int64_t code_life_ms[CODE_PURPOSE_COUNT];
    struct throttle_rule code_requests; /* of one purpose, for one address */
    int64_t invitation_ms;
    struct throttle_rule throttle;
    int64_t
        audit_checkpoint_ms;   /* how often the chain of security events is signed while there are new ones */
    int64_t audit_address_ms;  /* client addresses are forgotten after it; 0: never */
    int64_t event_streams_max; /* for each loop */
    int64_t audit_retention_ms; /* events are erased after it; 0: never */
    bool requires_mfa;          /* of everybody */
    struct str mfa_roles;       /* of who has one of these roles; parted by commas */
    struct str totp_issuer;     /* what authenticator programs show beside the address */
    int64_t totp_drift_steps;   /* either way */
    int64_t assured_ms;         /* two factors count for this long */
    int64_t assured_idle_ms;    /* and while the session is refreshed this often */
    int64_t device_ms;          /* a device that was not seen for this long is a new one; 0: none is known */
};

#endif
