/* sessions.h — beginning, checking and ending sessions.
 * Rule:    an end is written to the database, then denied in the caches of all replicas, then answered.
 * Errors:  NOT_FOUND, INVALID_TOKEN (ended, expired, account not active), DATABASE_UNAVAILABLE.
 * Waits:   yes (database, cache); sessions_check not when the session is in the near cache.
 * Source:  OWASP ASVS 7.2 to 7.4; NIST SP 800-63B-4 §5.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_SESSIONS_H
#define AUTH_DOMAIN_SESSIONS_H

#include "auth/domain/service.h"
#include "auth/domain/tokens.h"
#include "auth/model/audit_event.h"
#include "auth/store/session_repo.h"

struct throttle;
struct second_factor;

/* What the check of an access token needs; cached as it is, so every text has a fixed place. */
struct session_state {
    unsigned char version; /* SESSION_STATE_VERSION: other layouts are misses */
    bool is_active;        /* account and session, at the time of reading */
    bool has_rights;       /* the account has roles, groups or claims */
    struct id account_id;
    int64_t expires_at_ms;
    unsigned email_len;
    char email[256];
};

#define SESSION_STATE_VERSION 2u

/* From which device. */
struct device {
    struct str address;
    struct str user_agent;
    struct secret token; /* the device token it presents; may be empty */
};

/* The user agent as it is stored and shown. */
struct str device_name(struct task *task, const struct device *device);

/* What has been proved, by whom, where. */
struct sign_in {
    const struct account *account;
    struct device device;
    const struct throttle *throttle;           /* to be forgotten; may be NULL */
    struct str amr;                            /* space-separated RFC 8176 values: "pwd", "pwd otp mfa" */
    const struct second_factor *second_factor; /* to be spent; NULL: none was given */
};

/* How long an authentication now, by these means, counts as of two factors; 0: it is of one. */
int64_t sessions_assured_until(const struct service *service, struct str amr, int64_t now_ms);

/* A new session as it will be stored. */
struct session sessions_draft(const struct service *service, struct task *task, const struct sign_in *sign_in,
                              const struct client *client);
/* Stores it in the caller's transaction, which holds the account; those beyond the allowed number end. */
NODISCARD result sessions_begin(struct service *service, struct db *db, struct task *task,
                                const struct session *session, struct id_list *ret_ended);

/* INVALID_TOKEN unless the session lives and its account is active. */
NODISCARD result sessions_check(struct service *service, struct task *task, struct id session_id,
                                struct session_state *ret_state);

/* NOT_FOUND unless it is the account's and lives. */
NODISCARD result sessions_end(struct service *service, struct task *task, struct id session_id,
                              struct id account_id, const char *reason);
/* All of the account but `kept_id` (nil: none is kept). */
NODISCARD result sessions_end_all(struct service *service, struct task *task, struct id account_id,
                                  struct id kept_id, const char *reason);

/* What is noted of an account that is no longer what its sessions began with, and what of them. */
struct account_ending {
    enum audit_type event;
    const char *reason;
};
/* Ends all of the account in its transaction, commits it and tells the caches of all replicas. */
NODISCARD result sessions_commit_ending(struct service *service, struct db **tx, struct task *task,
                                        struct id account_id, const struct account_ending *ending);

/* After the commit of what gives the account its first role or group: its sessions look for them from now on. */
NODISCARD result sessions_notice_rights(struct service *service, struct task *task, struct id account_id);
/* Tells all caches that these sessions are no longer what they were; after the commit, before the answer. */
void sessions_deny(struct service *service, struct task *task, const struct id_list *ids);

#endif
