/* prebuilt_internal.h — the parts of a prebuilt response. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_PREBUILT_INTERNAL_H
#define AUTH_HTTP_PREBUILT_INTERNAL_H

#include <stdatomic.h>

#include "auth/http/response.h"

#define ETAG_SIZE 35u /* 32 hex digits, quotes, NUL */

struct prebuilt {
    atomic_size_t references;
    char *content_type;
    char *cache_control;
    char etag[ETAG_SIZE];
    struct str body; /* behind this structure */
};

/* True when If-None-Match names the content (RFC 9110 §13.1.2, weak comparison). */
bool is_matched(const struct prebuilt *prebuilt, struct str if_none_match);

#endif
