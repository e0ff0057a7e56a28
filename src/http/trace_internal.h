/* trace_internal.h — names of one request: its id and the trace it belongs to.
 * Source:  W3C Trace Context §3.2 (traceparent).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_TRACE_INTERNAL_H
#define AUTH_HTTP_TRACE_INTERNAL_H

#include "auth/base/str.h"

/* 1 to 64 of [A-Za-z0-9._-]. */
bool is_request_id(struct str text);
/* The 32 hex digits of the trace, or empty if the field breaks any rule. */
struct str traceparent_trace_id(struct str field);

#endif
