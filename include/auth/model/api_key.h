/* api_key.h — a long-lived secret of a person or a client, for programs.
 * Shape:   the secret itself is not here: a digest of it is kept beside the row; `hint` is its first characters, by which
 *          its owner tells it from others.
 * Units:   *_ms are Unix milliseconds UTC; 0 means never.
 * Owner:   text lives in the arena of the task that read it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_API_KEY_H
#define AUTH_MODEL_API_KEY_H

#include "auth/base/id.h"

#define API_KEY_DIGEST_BYTES 32u

struct api_key {
    struct id id;
    struct id account_id; /* nil: a client's */
    struct str client_id; /* empty: a person's */
    struct str name;
    struct str hint;
    struct str scopes; /* space-separated: what it may, as long as its owner may */
    int64_t created_at_ms;
    int64_t expires_at_ms;
    int64_t last_used_at_ms; /* to the minute */
    int64_t revoked_at_ms;
};

#endif
