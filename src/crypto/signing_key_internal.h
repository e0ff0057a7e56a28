/* signing_key_internal.h — what a signing key holds, for the files that make, print and use it.
 * Shape:   libcrypto's contexts are prepared once and copied for each use, which is as cheap as keeping one
 *          per thread and needs no lock. Ed25519 is libsodium's, whose keys are plain bytes.
 * Threads: constant once made.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_SIGNING_KEY_INTERNAL_H
#define AUTH_CRYPTO_SIGNING_KEY_INTERNAL_H

#include <openssl/evp.h>
#include <sodium.h>

#include "auth/base/encoding.h"
#include "auth/crypto/jwt.h"

#define COORDINATE_BYTES 32u /* of P-256, and of its r and s */
#define ED25519_BYTES    crypto_sign_PUBLICKEYBYTES
#define ES256_BYTES      (2u * COORDINATE_BYTES)
#define JWK_MEMBERS_SIZE 800u
#define JWT_HEAD_SIZE    328u
#define KEY_ID_MAX       128u

struct signing_key {
    enum signing_algorithm algorithm;
    bool is_private;
    char id[KEY_ID_MAX + 1u];
    char members[JWK_MEMBERS_SIZE]; /* the public members without braces, in thumbprint order */
    char jwt_heads[JWT_TYPE_COUNT][JWT_HEAD_SIZE]; /* base64url; empty for types that are not made here */
    EVP_PKEY *pair;                                /* NULL for Ed25519 */
    EVP_PKEY_CTX *signing; /* prepared for a SHA-256 digest; NULL without a private half */
    EVP_PKEY_CTX *verifying;
    unsigned char ed25519_public[ED25519_BYTES];
    unsigned char ed25519_private[crypto_sign_SECRETKEYBYTES];
};

/* Takes the pair: the key's algorithm is found from it, and whatever does not fit one is refused. */
NODISCARD result signing_key_from_pair(EVP_PKEY *pair, bool is_private, struct signing_key **ret_key);
NODISCARD result signing_key_from_ed25519(const unsigned char public_key[ED25519_BYTES],
                                          const unsigned char *seed_or_null, struct signing_key **ret_key);

/* Fills `members`, then `id` from them. */
NODISCARD result thumbprint_make(struct signing_key *key);

/* Fills `jwt_heads` from algorithm and id. */
void jwt_heads_make(struct signing_key *key);
/* Whether the header's typ names this type. */
bool jwt_type_matches(enum jwt_type type, struct str typ);

#endif
