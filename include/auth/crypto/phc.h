/* phc.h — the text a password hash is stored as: method, cost, salt and tag.
 * Shape:   "$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>", base64 without padding, numbers without leading
 *          zeros, one spelling for each hash.
 * Errors:  INTERNAL for anything else, and for a cost beyond the limits: a stored row must not be able to
 *          demand all memory or a minute of a core.
 * Source:  PHC string format (P-H-C/phc-string-format), RFC 9106.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_PHC_H
#define AUTH_CRYPTO_PHC_H

#include "auth/base/result.h"
#include "auth/base/str.h"

#define PHC_TEXT_MAX       127u /* what libsodium takes, without NUL */
#define PHC_MEMORY_KIB_MIN 8u
#define PHC_MEMORY_KIB_MAX (256u * 1024u)
#define PHC_ITERATIONS_MAX 16u
#define PHC_WORK_KIB_MAX   (1024u * 1024u) /* memory times iterations: about a second of a core */
#define PHC_SALT_BYTES     16u
#define PHC_TAG_BYTES_MIN  16u
#define PHC_TAG_BYTES_MAX  64u
#define PHC_LANES          1u /* libsodium computes no other value, nor salts of another length */

struct password_cost {
    uint32_t memory_kib;
    uint32_t iterations;
};

struct phc {
    struct password_cost cost;
    unsigned char salt[PHC_SALT_BYTES];
    unsigned char tag[PHC_TAG_BYTES_MAX];
    size_t tag_len;
};

NODISCARD result phc_parse(struct str text, struct phc *ret_phc);
/* The one spelling; tags of up to 32 bytes fit. */
void phc_print(const struct phc *phc, char ret_text[PHC_TEXT_MAX + 1u]);

/* Within the limits above. */
bool is_cost_allowed(struct password_cost cost);

#endif
