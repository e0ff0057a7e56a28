/* devices.h — devices an account has been signed in to from.
 * Shape:   a device token is "dt_" and base64url of account id, device id and a tag under a key of the server; the database
 *          keeps a digest of the device id. It proves nothing but that the account was signed in to from here: attempts
 *          that present it are counted by themselves, and no mail tells of a new device.
 * Rule:    a client that presents no token is known again by network and user agent, for the mail alone: what anybody
 *          can claim gives no allowance.
 * Errors:  DATABASE_UNAVAILABLE. A token that is not right counts as none.
 * Waits:   yes (database).
 * Source:  OWASP ASVS 6.1.1, 6.3.5; OWASP "Device Cookies" (slow down online guessing with device cookies).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_DEVICES_H
#define AUTH_DOMAIN_DEVICES_H

#include "auth/domain/sessions.h"
#include "auth/store/device_repo.h"

#define DEVICE_TOKEN_PREFIX    "dt_"
#define DEVICE_TOKEN_TEXT_MAX  67u
#define DEVICES_PER_ACCOUNT    50
#define DEVICE_ID_BYTES        16u
#define DEVICE_TOKEN_TAG_BYTES 16u

struct known_device {
    bool is_known;
    unsigned char id[DEVICE_ID_BYTES];
    struct device_key key;
};

/* Whether the token is one that the account of this address gave out and that is still good. */
NODISCARD result devices_recognise(struct service *service, struct task *task, struct secret token,
                                   struct str email_key, struct known_device *ret_device);

/* A sign-in has come from this device; in its transaction. Tells the owner by mail of one not seen before, but for the very
 * first. `*ret_token` is empty where devices are not told apart. */
NODISCARD result devices_note(struct service *service, struct db *tx, struct task *task,
                              const struct sign_in *sign_in, const struct known_device *known,
                              struct secret *ret_token);

/* None is known any more; in the caller's transaction. */
NODISCARD result devices_forget(struct db *tx, struct task *task, struct id account_id);

/* Who looks at the own devices, from where. */
struct device_owner {
    struct id account_id;
    struct id session_id;
    struct str client_address;
};

/* Those that are known, seen last first. */
NODISCARD result devices_list(struct service *service, struct task *task, struct id account_id,
                              struct device_list *ret_list);
/* What is tried from it counts with everybody's again, and the next sign-in from there is told to the owner. Sessions go on.
 * NOT_FOUND unless it is one of the account's. */
NODISCARD result devices_forget_one(struct service *service, struct task *task,
                                    const struct device_owner *owner, struct id device_id);
NODISCARD result devices_forget_own(struct service *service, struct task *task,
                                    const struct device_owner *owner);

#endif
