/* metrics.h — what the server counts about requests, and the Prometheus text form.
 * Threads: any; counters are atomic.
 * Source:  Prometheus text exposition format 0.0.4.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_METRICS_H
#define AUTH_HTTP_METRICS_H

#include "auth/base/strbuf.h"
#include "auth/http/route.h"

struct http_metrics;

/* One set for the process; `rows` name the label "route". */
struct http_metrics *http_metrics_create(const struct route *rows, size_t count);
void http_metrics_destroy(struct http_metrics *metrics);

/* `index`: the row's place in the table, or `count` for requests that met no route. */
void http_metrics_observe(struct http_metrics *metrics, size_t index, int status, int64_t duration_us);
/* Requests the framing guard refused. */
void http_metrics_refused(struct http_metrics *metrics);

/* auth_http_requests_total, auth_http_request_seconds (histogram), auth_http_refused_total. */
void http_metrics_print(const struct http_metrics *metrics, struct strbuf *out);

/* One metric without labels, with its HELP and TYPE lines. */
void metric_print_counter(struct strbuf *out, const char *name, const char *help, double value);
void metric_print_gauge(struct strbuf *out, const char *name, const char *help, double value);

#endif
