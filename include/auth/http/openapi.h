/* openapi.h — the API document, printed from the route table.
 * Source:  OpenAPI Specification 3.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_OPENAPI_H
#define AUTH_HTTP_OPENAPI_H

#include "auth/http/route.h"

struct openapi_info {
    const char *title;
    const char *version;
    const char *description;
    struct str server_url;
};

/* Public routes only: rows of the operations listener are left out. */
NODISCARD result openapi_print(const struct route *rows, size_t count, const struct openapi_info *info,
                               struct strbuf *out);

#endif
