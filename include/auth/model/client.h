/* client.h — an OAuth client (RFC 6749 §2).
 * Shape:   confidential clients have a secret of 256 random bits, kept as its SHA-256; public ones have none.
 * Owner:   text lives in the arena of the task that read it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_CLIENT_H
#define AUTH_MODEL_CLIENT_H

#include "auth/base/str.h"

#define CLIENT_SECRET_DIGEST_BYTES 32u

struct client {
    struct str id;
    struct str name;
    bool is_confidential;
    unsigned char secret_digest[CLIENT_SECRET_DIGEST_BYTES];
    struct str grants; /* space-separated grant types it may use */
    struct str scopes; /* space-separated scopes it may ask for */
    int64_t created_at_ms;
    int64_t disabled_at_ms;
};

#endif
