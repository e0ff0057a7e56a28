/* api.h — the routes and what stands before each handler.
 * Shape:   `struct api` is one loop's; `struct api_shared` is the process's.
 * Owner:   main.
 * Threads: an api belongs to its loop; what is shared is constant or atomic.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_API_H
#define AUTH_API_API_H

#include "auth/api/readiness.h"
#include "auth/domain/service.h"
#include "auth/http/metrics.h"
#include "auth/http/route.h"

#define API_LOOPS_MAX 64u /* the most AUTH_LOOPS can be */

/* The one table of routes. */
extern const struct route api_routes[];
extern const size_t api_route_count;

struct api;

/* What the process has once. */
struct api_shared {
    struct router *router;
    struct http_metrics *metrics;
    struct readiness *readiness;
    const struct policy *policy;
    struct str cors_origins; /* comma-separated, exact */
    bool has_rate_limits;
    struct cache *cache;
    struct prebuilt *discovery;
    struct prebuilt *openapi;
    struct prebuilt *config;
    struct prebuilt *page_style[2], *page_script[2]; /* [1] is asked for by its version */
    struct api *loops[API_LOOPS_MAX];                /* for the metrics page */
    unsigned loop_count;
    int64_t started_at_ms;    /* wall time */
    int64_t patient_until_ms; /* monotonic; until then requests wait for the start instead of being refused */
};

/* One loop's. */
struct api {
    struct loop *loop;
    struct service *service;
    struct api_shared *shared;
    struct prebuilt *jwks; /* for jwks_generation */
    uint64_t jwks_generation;
    int64_t pinged_at_ms; /* monotonic; of last_ping */
    result last_ping;
};

/* Makes the router and the prebuilt documents. `version` is the binary's. */
NODISCARD result api_shared_init(struct api_shared *shared, struct task *task, const char *version);
void api_shared_done(struct api_shared *shared);

/* Serves a request of the public listener, and of the operations listener; request->context is the loop's
 * api. */
void api_serve_public(struct request *request, struct response *response);
void api_serve_operations(struct request *request, struct response *response);

/* The API document, for `auth` itself and for the golden test. */
NODISCARD result api_openapi(struct arena *arena, struct str issuer, const char *version,
                             struct str *ret_text);

#endif
