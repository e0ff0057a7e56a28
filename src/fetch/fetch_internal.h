/* fetch_internal.h — a request on its thread. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_FETCH_FETCH_INTERNAL_H
#define AUTH_FETCH_FETCH_INTERNAL_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "auth/base/strbuf.h"
#include "auth/fetch/address.h"
#include "auth/fetch/fetch.h"

struct fetch {
    struct arena *arena;
    struct fetch_options options;
    struct allowed allowed;
    atomic_bool is_aborted;
};

/* One request, lent to the thread that runs it. */
struct transfer {
    const struct fetch *fetch;
    const struct fetch_request *request;
    CURLU *url;
    bool is_host_allowed;
    struct arena *arena; /* the thread's, until it is done */
    struct strbuf body;
    size_t header_bytes;
    bool is_refused;
    bool is_too_large;
    bool has_failed; /* the library refused an option: a fault of ours */
    CURLcode code;
    long status;
    curl_off_t retry_after; /* seconds; 0: not said */
    struct str content_type;
    char error[CURL_ERROR_SIZE];
};

extern const char url_not_public[]; /* one of the problems of url_parse */

/* url.c: NULL, and the parsed URL, which is the one that is used; or what is wrong. */
const char *url_parse(const struct fetch *fetch, struct str text, CURLU **ret_url, bool *ret_is_host_allowed);
bool url_is_secure(CURLU *url);
/* Whether the operator has named its host: by its name, or an address within a network. */
bool url_is_listed(const struct fetch *fetch, CURLU *url);

/* transfer.c: blocks. */
void transfer_run(void *argument);

#endif
