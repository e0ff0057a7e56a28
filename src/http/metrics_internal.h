/* metrics_internal.h — how the server names a request's route to its counters. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_METRICS_INTERNAL_H
#define AUTH_HTTP_METRICS_INTERNAL_H

#include "auth/http/metrics.h"

/* The row's place in the metrics' table; the count for NULL and for rows of other tables. */
size_t http_metrics_index(const struct http_metrics *metrics, const struct route *route);

#endif
