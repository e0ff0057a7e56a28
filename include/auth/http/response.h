/* response.h — what is answered.
 * Owner:   header values and the body live in the request's arena, or are literals, until the response is
 *          sent.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_RESPONSE_H
#define AUTH_HTTP_RESPONSE_H

#include "auth/base/result.h"
#include "auth/base/str.h"
#include "auth/json/fields.h"

#define RESPONSE_HEADERS_MAX 12u

struct request;
struct stream;
struct prebuilt; /* a response made once and sent many times, with all its headers */

struct response_header {
    const char *name;
    struct str value;
};

struct response {
    int status; /* 0: the route's success status */
    struct str content_type;
    struct str body;
    struct response_header headers[RESPONSE_HEADERS_MAX];
    size_t header_count;
    const struct prebuilt *prebuilt; /* sent instead of all the above when set */
    /* Writes the body piece by piece, in place of `body` (stream.h). */
    void (*stream)(struct request *request, struct stream *stream, void *argument);
    void *stream_argument; /* in the request's arena */
};

/* A field beyond the fixed security headers that every response carries. The last value of a name wins;
 * a value with control characters is not set at all. */
void response_header_set(struct response *response, const char *name, struct str value);

/* JSON from a field table; the request's arena holds it. */
NODISCARD result response_json(struct response *response, struct arena *arena, const struct fields *fields,
                               const void *value);

/* Content, ETag (strong, from the content) and Cache-Control in one; counted references, shared by all loops.
 */
struct prebuilt *prebuilt_create(const char *content_type, struct str body, const char *cache_control);
struct prebuilt *prebuilt_ref(struct prebuilt *prebuilt);
/* Accepts NULL. */
void prebuilt_unref(struct prebuilt *prebuilt);

#endif
