/* signing_key.h — a key that signs or verifies tokens, ready to use.
 * Shape:   one algorithm for life (RFC 8725 §3.1); with its private half, or public alone; named by its RFC
 *          7638 thumbprint.
 * Errors:  INTERNAL when the library fails or a key is used for what it cannot do; INVALID_TOKEN for a
 *          signature that is not right.
 * Waits:   no. ES256 and EdDSA sign in 15 us; RS256 takes 1.5 ms, so is offloaded by the caller.
 * Threads: any number at once on one key.
 * Source:  RFC 7518 §3 (ES256, RS256), RFC 8037 (EdDSA, Ed25519 only), RFC 5958 (stored form, PKCS #8).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_SIGNING_KEY_H
#define AUTH_CRYPTO_SIGNING_KEY_H

#include "auth/base/secret.h"
#include "auth/base/task.h"

enum signing_algorithm { SIGNING_ES256, SIGNING_EDDSA, SIGNING_RS256, SIGNING_ALGORITHM_COUNT };

#define RSA_BITS_MADE       3072
#define RSA_BITS_MIN        2048
#define RSA_BITS_MAX        4096
#define SIGNATURE_BYTES_MAX (RSA_BITS_MAX / 8)
#define KEY_ID_CHARS        43u /* base64url of SHA-256 */

struct signing_key;

NODISCARD result signing_key_generate(struct fault *fault, enum signing_algorithm algorithm,
                                      struct signing_key **ret_key);
/* Accepts NULL; wipes. */
void signing_key_destroy(struct signing_key *key);

/* The private key as PKCS #8, to be sealed. */
NODISCARD result signing_key_serialize(struct task *task, const struct signing_key *key,
                                       struct secret *ret_pkcs8);
/* INTERNAL for anything but a key of the three algorithms. */
NODISCARD result signing_key_load(struct fault *fault, struct secret pkcs8, struct signing_key **ret_key);

enum signing_algorithm signing_key_algorithm(const struct signing_key *key);
/* "ES256": the registered name. */
const char *signing_algorithm_name(enum signing_algorithm algorithm);
/* False for anything but the exact registered name. */
bool signing_algorithm_parse(struct str name, enum signing_algorithm *ret_algorithm);
/* The thumbprint; lives with the key. */
struct str signing_key_id(const struct signing_key *key);
bool signing_key_is_private(const struct signing_key *key);

/* The signature as JWS has it: ES256 is r and s, 64 bytes (RFC 7518 §3.4). */
NODISCARD result signing_key_sign(const struct signing_key *key, struct str message,
                                  unsigned char ret_signature[SIGNATURE_BYTES_MAX], size_t *ret_len);
/* INVALID_TOKEN unless the signature is right in its one accepted form. */
NODISCARD result signing_key_verify(const struct signing_key *key, struct str message, struct str signature);

#endif
