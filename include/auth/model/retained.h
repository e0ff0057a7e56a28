/* retained.h — what is kept for a while and then erased; `retained_names` are those of the metrics.
 * Source: OWASP ASVS 14.2.7.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_RETAINED_H
#define AUTH_MODEL_RETAINED_H

enum retained {
#define RETAINED(name, text) RETAINED_##name,
#include "auth/model/retained.def"
#undef RETAINED
    RETAINED_COUNT
};

extern const char *const retained_names[RETAINED_COUNT];

#endif
