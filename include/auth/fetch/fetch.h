/* fetch.h — one request of ours to a server of somebody else's, http or https.
 * Rule:    the address comes from outside and may point anywhere: it must be public, or allowed by the operator. It is
 *          checked where the connection is opened, so that what is checked and what is connected to are the same, however
 *          the name is spelled and however often its owner changes his mind. No redirects, no proxies, no credentials in
 *          URLs, no cookies, nothing unpacked; TLS is verified, always.
 * Shape:   the request runs in a pool of threads; whatever the other side does is an outcome, not a failure.
 * Errors:  OVERLOADED when the pool's queue is full, INTERNAL when the library fails us; BAD_REQUEST for a request of ours
 *          that is malformed (a header with a line end). fetch_create: BAD_REQUEST naming the setting.
 * Owner:   the answer lives in the task's arena.
 * Waits:   fetch_run, at most the request's time limit.
 * Threads: a fetch is shared by all loops.
 * Source:  OWASP SSRF Prevention Cheat Sheet; OWASP ASVS 1.3.6, 12.3.1; RFC 9110 §10.2.3.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_FETCH_FETCH_H
#define AUTH_FETCH_FETCH_H

#include "auth/base/task.h"
#include "auth/loop/offload.h"

#define FETCH_URL_BYTES_MAX  2048u
#define FETCH_HEADERS_MAX    32u
#define FETCH_BODY_BYTES_MAX (16u * 1024u * 1024u)
#define RETRY_AFTER_MAX_MS   INT64_C(86400000)

struct fetch;

struct fetch_options {
    struct offload *pool;
    struct str allow; /* networks, addresses, host names by commas: these may be reached though not public */
    struct str ca_file; /* authorities in PEM, instead of the system's; empty: the system's */
    struct str user_agent;
};

struct fetch_header {
    struct str name;
    struct str value;
};

struct fetch_request {
    struct str method; /* "GET", "POST", ... */
    struct str url;
    const struct fetch_header *headers;
    size_t header_count;
    struct str body;         /* sent when not empty, or when the method is POST or PUT */
    size_t answer_bytes_max; /* of the body; at most FETCH_BODY_BYTES_MAX */
    int64_t timeout_ms;      /* for all of it: name, connection, answer */
};

enum fetch_outcome {
    FETCH_ANSWERED, /* with whatever status */
    FETCH_BAD_URL,
    FETCH_REFUSED,     /* by us: the address is not public */
    FETCH_UNREACHABLE, /* no such name, nobody there */
    FETCH_TLS_FAILED,
    FETCH_TIMED_OUT,
    FETCH_TOO_LARGE,
    FETCH_BROKEN /* what came back is not HTTP, or ended in the middle */
};

struct fetch_answer {
    enum fetch_outcome outcome;
    int status;              /* HTTP; 0: none came. There may be one although its body did not come whole */
    struct str content_type; /* empty: none */
    struct str body;
    struct str reason;      /* for people; empty when answered */
    int64_t retry_after_ms; /* from now, by the header Retry-After; at most RETRY_AFTER_MAX_MS; 0: not said */
    int64_t duration_ms;
};

NODISCARD result fetch_create(struct task *task, const struct fetch_options *options,
                              struct fetch **ret_fetch);
/* From any thread: what is under way fails within about a second, as FETCH_BROKEN, and so does what comes. */
void fetch_abort(struct fetch *fetch);
/* Accepts NULL. */
void fetch_destroy(struct fetch *fetch);

/* NULL when a request may be tried, else what is wrong with the URL: for whoever stores one. A host's name is not looked
 * up; an address in it is checked. */
const char *fetch_url_problem(const struct fetch *fetch, struct str url);
/* The same where only https will do, but for hosts that the operator has named: by their names, or within a network. */
const char *fetch_secure_url_problem(const struct fetch *fetch, struct str url);

NODISCARD result fetch_run(struct fetch *fetch, struct task *task, const struct fetch_request *request,
                           struct fetch_answer *ret_answer);

/* "answered", "refused": for logs and records. */
const char *fetch_outcome_name(enum fetch_outcome outcome);

#endif
