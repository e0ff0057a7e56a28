/* client.h — an OAuth client (RFC 6749 §2).
 * Shape:   confidential clients have secrets of 256 random bits, kept as their SHA-256, of which any one is good: so one
 *          follows the other without a moment in which neither is. Public ones have none.
 * Units:   *_ms are Unix milliseconds UTC; 0 means never.
 * Owner:   text lives in the arena of the task that read it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_CLIENT_H
#define AUTH_MODEL_CLIENT_H

#include "auth/base/str.h"

#define CLIENT_SECRET_DIGEST_BYTES 32u
#define CLIENT_SECRETS_MAX         5u

struct client_secret {
    unsigned char digest[CLIENT_SECRET_DIGEST_BYTES];
    int64_t created_at_ms;
};

struct client {
    struct str id;
    struct str name;
    bool is_confidential;
    size_t secret_count;                              /* not told of the clients of a list */
    struct client_secret secrets[CLIENT_SECRETS_MAX]; /* in the order they were made */
    struct str grants;                                /* space-separated grant types it may use */
    struct str scopes;                                /* space-separated scopes it may ask for */
    int64_t created_at_ms;
    int64_t updated_at_ms;
    int64_t disabled_at_ms;
    int64_t version;
};

#endif
