/* guard_internal.h — what a request's head must look like before anything is done with it.
 * Shape:   pure functions over the bytes libmicrohttpd parsed, and over where in its buffer they lie: it
 *          puts zeros in place of the line ends, so the distances between the parts tell which line ends
 *          there were.
 * Errors:  BAD_REQUEST, METHOD_NOT_ALLOWED, TOO_LARGE, URI_TOO_LONG, HEADERS_TOO_LARGE; the connection is
 *          closed with each of them.
 * Source:  RFC 9112 §2.2, §3, §5, §6, §11; RFC 9110 §5.3, §5.5, §5.6.2.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_GUARD_INTERNAL_H
#define AUTH_HTTP_GUARD_INTERNAL_H

#include "auth/http/request.h"

#define REQUEST_FIELDS_MAX 64u

struct header_field {
    struct str name;
    struct str value;
};

struct request_head {
    const char *method; /* the three parts of the request line, NUL-terminated, where they were received */
    const char *target_place; /* the library has since cut it at '?', '=' and '&' */
    struct str target;        /* as it came, up to the first NUL */
    const char *version;
    size_t bytes; /* from the method to the empty line, inclusive */
    const struct header_field *fields;
    size_t field_count; /* may exceed REQUEST_FIELDS_MAX; no more than those are kept */
};

/* True when every line of the head ended in CR LF, none was folded, and nothing lies between the parts that
 * the parser did not report. */
bool is_laid_out(const struct request_head *head);

/* All the checks that need no buffer positions. */
NODISCARD result guard_head(const struct request_head *head, size_t body_bytes_max, struct fault *fault,
                            enum http_method *ret_method, size_t *ret_content_length);

bool is_field_name(struct str name);
bool is_field_value(struct str value);

#endif
