/* versions.h — which versions of a resource a change may be made to.
 * Shape:   a resource's version grows by one with each change; who has read it may say that only this one is to be changed.
 * Rule:    the row is held by an UPDATE of its version before it is looked at, in the transaction of the change: of two
 *          changes of the same version one wins.
 * Source:  RFC 9110 §13.1.1 (If-Match).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_VERSIONS_H
#define AUTH_MODEL_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERSIONS_EXPECTED_MAX 8u

struct versions_expected {
    bool is_given; /* else any version will do */
    size_t count;  /* given but none: no version will do */
    int64_t versions[VERSIONS_EXPECTED_MAX];
};

static inline bool is_version_expected(const struct versions_expected *expected, int64_t version)
{
    if (!expected->is_given) return true;
    for (size_t i = 0; i < expected->count; i++)
        if (expected->versions[i] == version) return true;
    return false;
}

#endif
