/* throttle.h — how often an address, a code or a password may be tried.
 * Shape:   counters by keyed hash: one for each canonical address, whether or not it has an account, and for each account
 *          one for every other thing that can be guessed. What comes from a known device has counters of its own, so that
 *          an attacker elsewhere cannot lock the owner out. An attempt is counted before it is evaluated, so attempts
 *          at the same moment never exceed the limit.
 * Errors:  RATE_LIMITED with the task's retry_after_seconds set.
 * Waits:   yes (database).
 * Source:  NIST SP 800-63B-4 §3.2.2; OWASP ASVS 6.1.1, 6.3.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_THROTTLE_H
#define AUTH_DOMAIN_THROTTLE_H

#include "auth/domain/service.h"
#include "auth/model/account.h"

struct known_device;

struct throttle {
    unsigned char key[THROTTLE_KEY_BYTES];
};

enum throttle_kind {
    THROTTLE_DEVICE, /* sign-in from a known device: always with one */
    THROTTLE_TOTP,
    THROTTLE_RECOVERY,
    THROTTLE_REAUTHENTICATION, /* the password of who is signed in already */
    THROTTLE_PASSWORD_CHANGE,
    THROTTLE_KIND_COUNT
};

struct throttle_subject {
    enum throttle_kind kind;
    struct id account_id;
    const struct known_device *device; /* NULL, or not known: shared by all that are unknown */
};

/* Counts an attempt as failed until throttle_succeeded says otherwise. */
NODISCARD result throttle_begin(struct service *service, struct task *task, struct str email_key,
                                struct throttle *ret_throttle);
NODISCARD result throttle_begin_for(struct service *service, struct task *task,
                                    const struct throttle_subject *subject, struct throttle *ret_throttle);
/* The attempt was right: all failures are forgotten, in the caller's transaction. */
NODISCARD result throttle_succeeded(struct db *db, struct task *task, const struct throttle *throttle);
/* All failures of an address are forgotten, in the caller's transaction. */
NODISCARD result throttle_forget(const struct service *service, struct db *db, struct task *task,
                                 struct str email_key);
/* The owner's way back: all failures of the account and of its address, but those from known devices. */
NODISCARD result throttle_forget_account(const struct service *service, struct db *db, struct task *task,
                                         const struct account *account);
/* The attempt was never evaluated (the server was busy): it does not count. */
NODISCARD result throttle_undo(struct service *service, struct task *task, const struct throttle *throttle);

#endif
