/* scan_internal.h — a walk over JSON text that builds nothing: bounds it before it is parsed, and says where
 * in the document a byte lies.
 * Shape:   the state after the bytes walked; anything may be fed, well formed or not.
 * Source:  RFC 8259 §9 ("An implementation may set limits on the maximum depth of nesting").
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_JSON_SCAN_INTERNAL_H
#define AUTH_JSON_SCAN_INTERNAL_H

#include "auth/json/fields.h"

enum scan_verdict { SCAN_FINE, SCAN_TOO_DEEP, SCAN_TOO_MANY };

struct scan_level {
    bool is_array;
    bool expects_key;
    size_t index;   /* of the current member or item */
    struct str key; /* with its quotes; empty before the first */
};

struct scan {
    struct scan_level levels[JSON_DEPTH_MAX];
    size_t depth;
    size_t position;
};

/* Walks to `end` or to the first byte beyond a limit. */
enum scan_verdict json_scan(struct str json, size_t end, struct scan *ret_scan);

/* The JSON Pointer of the member the scan ended in. */
const char *scan_pointer(const struct scan *scan, struct arena *arena);

#endif
