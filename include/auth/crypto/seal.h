/* seal.h — secrets at rest: closed with a key, tied to the place they were stored for.
 * Shape:   version 1 byte, key id 4 bytes, nonce 24, ciphertext, tag 16; the first 5 bytes and the context
 *          are authenticated with the text.
 * Errors:  INTERNAL when what was stored does not open (key lost, bytes damaged, moved to another row): a
 *          fault of the operator's data. Where sealed bytes come from a client, the caller answers for them
 *          with its own code.
 * Owner:   results live in the task's arena.
 * Source:  XChaCha20-Poly1305 (libsodium; draft-irtf-cfrg-xchacha-03), OWASP ASVS 11.3.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_SEAL_H
#define AUTH_CRYPTO_SEAL_H

#include "auth/base/secret.h"
#include "auth/base/task.h"

#define SEAL_KEY_ID_BYTES 4u
#define SEAL_OVERHEAD     45u /* bytes a sealed text is longer than its content */
#define SEAL_TEXT_MAX     (64u * 1024u)
#define SEAL_KEYS_MAX     4u

/* The id is derived from the key, so that rotation needs no register of names. */
struct seal_key {
    struct key256 key;
    unsigned char id[SEAL_KEY_ID_BYTES];
};

/* The first key seals; all open: an old secret stays in the ring until everything is sealed anew. */
struct seal_ring {
    struct seal_key keys[SEAL_KEYS_MAX];
    size_t count;
};

void seal_key_derive(const struct key256 *master, struct seal_key *ret_key);

/* `context` names what and whose it is ("signing_key:<id>"); opening needs the same. TOO_LARGE beyond
 * SEAL_TEXT_MAX. */
NODISCARD result seal(struct task *task, const struct seal_ring *ring, struct str context,
                      struct secret content, struct str *ret_sealed);
NODISCARD result seal_open(struct task *task, const struct seal_ring *ring, struct str context,
                           struct str sealed, struct secret *ret_content);

/* True when the text was sealed with another key than the ring's first: time to seal it anew. */
bool seal_is_outdated(const struct seal_ring *ring, struct str sealed);

#endif
