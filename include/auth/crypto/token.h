/* token.h — random tokens and client secrets: shown once, stored as a digest.
 * Shape:   prefix, 43 characters base64url of 32 random bytes, 6 characters of a checksum: secret scanners
 *          find them, and a mistyped one is refused without a look-up.
 * Errors:  INVALID_TOKEN for a text of another form, INVALID_CLIENT for a wrong client secret.
 * Owner:   texts live in the caller's arena.
 * Note:    256 random bits need no slow hash and no salt: SHA-256 is enough (NIST SP 800-63B-4 §3.1.2.2,
 *          OWASP ASVS 6.5.2). What is looked up is the digest, so no secret is compared by the database.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_TOKEN_H
#define AUTH_CRYPTO_TOKEN_H

#include "auth/crypto/digest.h"

#define TOKEN_RANDOM_BYTES   32u
#define TOKEN_CHECKSUM_CHARS 6u
#define TOKEN_PREFIX_MAX     8u
#define TOKEN_TEXT_MAX       (TOKEN_PREFIX_MAX + 43u + TOKEN_CHECKSUM_CHARS)

#define CLIENT_SECRET_PREFIX "cs_"

struct token_digest {
    unsigned char bytes[SHA256_BYTES];
};

/* A new token; `prefix` is a literal such as "aut_". */
struct secret token_make(struct arena *arena, const char *prefix, struct token_digest *ret_digest);
/* The digest of a token in the right form: what is looked up. */
NODISCARD result token_parse(struct str text, const char *prefix, struct token_digest *ret_digest);

/* A client secret is a token with its own prefix, kept beside the client's row. */
struct secret client_secret_make(struct arena *arena, struct token_digest *ret_digest);
NODISCARD result client_secret_verify(struct str text, const struct token_digest *digest);

#endif
