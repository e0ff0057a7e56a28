/* jwk.h — public keys as JSON.
 * Shape:   members in the order of RFC 7638, then kid, alg, use; sets as {"keys":[…]}.
 * Errors:  INVALID_REQUEST for a key that is not one of the three kinds, or not a sound one (point off the
 *          curve, RSA below 2048 bits): RFC 8725 §3.4.
 * Owner:   a set borrows its keys; texts live in the caller's arena.
 * Source:  RFC 7517, RFC 7518 §6, RFC 8037 §2, RFC 7638.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_JWK_H
#define AUTH_CRYPTO_JWK_H

#include "auth/base/strbuf.h"
#include "auth/crypto/signing_key.h"

#define JWK_SET_MAX 16u

struct jwk_set {
    const struct signing_key *keys[JWK_SET_MAX];
    size_t count;
};

/* The public half; the private one is never printed. */
void jwk_print(const struct signing_key *key, struct strbuf *out);
void jwk_set_print(const struct jwk_set *set, struct strbuf *out);

/* A public key of another party, or a test vector's. A private member is refused: who sends one has leaked
 * it. */
NODISCARD result jwk_parse(struct task *task, struct str json, struct signing_key **ret_key);

/* By name, in memory alone; NULL if it is not there. */
const struct signing_key *jwk_set_find(const struct jwk_set *set, struct str key_id);

#endif
