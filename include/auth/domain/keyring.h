/* keyring.h — this loop's signing keys, opened.
 * Shape:   several at once: waiting (published, not signing), signing (the newest whose time has come),
 *          retired (published until the last token they signed has expired).
 * Note:    read again when a token names an unknown key and, while there is traffic, every KEYRING_FRESH_MS;
 *          an idle server asks nothing.
 * Waits:   keyring_load, keyring_wake, keyring_find_again and keyring_rotate (database).
 * Threads: one loop's.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_KEYRING_H
#define AUTH_DOMAIN_KEYRING_H

#include "auth/crypto/jwk.h"
#include "auth/crypto/jwt.h"
#include "auth/domain/background.h"
#include "auth/store/signing_key_repo.h"

#define KEYRING_FRESH_MS INT64_C(30000)
#define KEYRING_STALE_MS INT64_C(600000) /* much less than any time a key waits or stays published */

struct keyring *keyring_create(void);
void keyring_destroy(struct keyring *keyring);

/* Reads and opens the keys; makes the first one where there is none. INTERNAL when a key does not open
 * (another server secret). */
NODISCARD result keyring_load(struct service *service, struct task *task);
bool is_keyring_loaded(const struct keyring *keyring);

/* Reads again in the background when what is known is older than KEYRING_FRESH_MS. Never waits. */
void keyring_touch(struct service *service);
extern const struct background_work keyring_work;
/* After a long rest keys are read before they are used: one may have been retired, another be due. Waits only then. */
NODISCARD result keyring_wake(struct service *service, struct task *task);
/* A token names a key that is not known: reads again, at most once a second; whether there are other keys now. */
NODISCARD result keyring_find_again(struct service *service, struct task *task, bool *ret_has_changed);

/* Keys in use, counted: a reload does not pull them away from who holds them. */
struct key_snapshot;
struct key_snapshot *keyring_hold(struct keyring *keyring);
void keyring_release(struct key_snapshot **snapshot);
#define SCOPED_KEYS(name, keyring) struct key_snapshot *name SCOPED(keyring_release) = keyring_hold(keyring)

/* NULL if no key's time has come. */
const struct signing_key *keyring_signer(const struct key_snapshot *snapshot, int64_t now_ms);
/* By the key whose time it is, NOT_READY if there is none; its public half as a JWK, where `ret_public_key` is not NULL. */
NODISCARD result keyring_sign(struct service *service, struct task *task, enum jwt_type type,
                              struct str claims, struct str *ret_token, struct str *ret_public_key);
/* All that may verify. */
const struct jwk_set *keyring_verifiers(const struct key_snapshot *snapshot);

/* The JWK Set as text, and a number that changes with it. */
struct str keyring_jwks(const struct key_snapshot *snapshot);
uint64_t keyring_generation(const struct key_snapshot *snapshot);

/* A new key that signs from now + the policy's overlap on, or from now on; the others retire after it. */
NODISCARD result keyring_rotate(struct service *service, struct task *task, bool is_immediate,
                                struct str *ret_kid);

enum signing_key_state { SIGNING_KEY_NEXT, SIGNING_KEY_CURRENT, SIGNING_KEY_RETIRED };

/* Of one of a list in order of active_from_ms. */
enum signing_key_state signing_key_state_of(const struct signing_key_list *list, size_t index,
                                            int64_t now_ms);
const char *signing_key_state_name(enum signing_key_state state);

/* The key is no longer to be trusted: once the last token it signed has expired, or from now on, which refuses those tokens
 * too (on other servers within a minute). NOT_FOUND; CONFLICT for the one that signs: rotate first. */
NODISCARD result keyring_retire(struct service *service, struct task *task, struct str kid,
                                bool is_immediate);

#endif
