/* signing_key_record.h — a signing key as it is stored: sealed.
 * Units:   *_ms are Unix milliseconds UTC; remove_at_ms 0: no end yet.
 * Shape:   before active_from_ms it is published but does not sign; the newest active one signs; after
 *          remove_at_ms it is neither published nor trusted.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_SIGNING_KEY_RECORD_H
#define AUTH_MODEL_SIGNING_KEY_RECORD_H

#include "auth/base/str.h"

struct signing_key_record {
    struct str kid;
    struct str algorithm;
    struct str sealed_key;
    int64_t created_at_ms;
    int64_t active_from_ms;
    int64_t remove_at_ms;
};

#endif
