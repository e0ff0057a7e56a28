/* request_claim.h — a request that may be sent again without being done again.
 * Shape:   the digest of the key it came with, and when it was claimed: another claim of the same key has another time.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_REQUEST_CLAIM_H
#define AUTH_MODEL_REQUEST_CLAIM_H

#include <stdint.h>

#define REQUEST_CLAIM_BYTES 32u

struct request_claim {
    unsigned char key_digest[REQUEST_CLAIM_BYTES];
    unsigned char request_digest[REQUEST_CLAIM_BYTES];
    int64_t claimed_at_ms;
};

#endif
