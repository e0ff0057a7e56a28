/* pepper.h — a keyed step over password hashes, whose key is not in the database.
 * Shape:   "$pepper$k=<id>" before the hash (phc.h), whose tag is then HMAC-SHA-256 of what Argon2id computed. The first
 *          key of the ring is the one new hashes are made with; the others verify until their hashes have been made anew.
 * Note:    without the key no such hash can be verified by anybody: whoever loses it has locked everybody out.
 * Errors:  pepper_ring_parse answers with what is wrong, NULL when nothing is.
 * Source:  NIST SP 800-63B-4 §3.1.1.2 (an additional keyed hashing operation, with the key stored elsewhere).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_PEPPER_H
#define AUTH_CRYPTO_PEPPER_H

#include "auth/base/secret.h"
#include "auth/crypto/phc.h"

#define PEPPER_KEYS_MAX 8u
#define PEPPER_ID_MAX   16u

struct pepper {
    char id[PEPPER_ID_MAX + 1u]; /* lower-case letters, digits, '-' and '_' */
    struct key256 key;
};

struct pepper_ring {
    struct pepper keys[PEPPER_KEYS_MAX];
    size_t count; /* 0: no pepper */
};

/* "<id>:<32 bytes in base64>" and more of them by commas, the current one first; a single key needs no id. Wiped by the
 * caller. */
const char *pepper_ring_parse(struct arena *arena, struct secret text, struct pepper_ring *ret_ring);

/* NULL when the ring has no such key. Accepts a NULL ring. */
const struct pepper *pepper_find(const struct pepper_ring *ring, struct str id);

/* Puts the keyed tag in the place of the computed one. */
void pepper_apply(const struct pepper *pepper, unsigned char *tag, size_t tag_len);

/* Cuts "$pepper$k=<id>" off the front; false, and nothing is cut, where it does not stand there. */
bool pepper_take_head(struct str *text, struct str *ret_id);

#endif
