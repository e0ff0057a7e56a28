/* api_keys.h — long-lived secrets of people and clients, for programs.
 * Shape:   "auk_", 43 characters of 256 random bits, 6 of a checksum (crypto/token.h): auk_[A-Za-z0-9_-]{49}. Shown once,
 *          kept as a SHA-256.
 * Rule:    a key may what it was made for, as far as its owner may that now. It is never a fresh sign-in, makes no other
 *          keys and changes no credentials. What takes it away (revocation, expiry, the owner's end) holds at once.
 * Errors:  INVALID_TOKEN for every key that is not good; VALIDATION_FAILED, CONFLICT (too many), NOT_FOUND;
 *          DATABASE_UNAVAILABLE.
 * Waits:   yes (database, cache); api_key_verify not when key and owner are in the near cache.
 * Source:  OWASP ASVS 6.5.2, 10.4.9, 13.2.1; GitHub's notes on the form of tokens (prefix and checksum).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_API_KEYS_H
#define AUTH_DOMAIN_API_KEYS_H

#include "auth/domain/service.h"
#include "auth/model/principal.h"
#include "auth/store/api_key_repo.h"

#define API_KEY_PREFIX     "auk_"
#define API_KEY_NAME_MAX   100u /* code points */
#define API_KEY_SCOPES_MAX 512u /* bytes */
#define API_KEY_HINT_CHARS 8u

/* Whether a bearer token means to be an API key. */
bool is_api_key(struct str token);

NODISCARD result api_key_verify(struct service *service, struct task *task, struct str token,
                                struct principal *ret_principal);

struct api_key_request {
    struct api_key_owner owner;
    struct str name;
    struct str scopes;     /* within what the owner has now */
    int64_t expires_at_ms; /* 0: never */
    struct str granter;    /* scopes of whoever makes it for a client; a person's keys need none */
    struct str client_address;
};

/* The secret is shown once. A person is told by mail. */
NODISCARD result api_keys_create(struct service *service, struct task *task,
                                 const struct api_key_request *request, struct api_key *ret_key,
                                 struct secret *ret_secret);
/* NOT_FOUND unless it is the owner's (NULL: anybody's) and not revoked. */
NODISCARD result api_keys_revoke(struct service *service, struct task *task,
                                 const struct api_key_owner *owner, struct id id);
/* All of an account's, some at a time. */
NODISCARD result api_keys_revoke_all(struct service *service, struct task *task, struct id account_id);

#endif
