// SPDX-License-Identifier: MIT
#include "auth/http/metrics.h"

#include <stdatomic.h>

#include "auth/base/log.h"
#include "metrics_internal.h"

/* The statuses that are answered here; anything else counts as "other". */
static const int statuses[] = {200, 201, 202, 204, 302, 303, 304, 400, 401, 403, 404, 405,
                               406, 409, 410, 412, 413, 414, 415, 422, 429, 431, 500, 503};
#define STATUS_SLOTS (ARRAY_COUNT(statuses) + 1)

static const int64_t bucket_limits_us[] = {100,   250,   500,    1000,   2500,   5000,    10000,
                                           25000, 50000, 100000, 250000, 500000, 1000000, 2500000};
#define BUCKETS       (ARRAY_COUNT(bucket_limits_us) + 1)
#define US_PER_SECOND 1e6

struct route_counters {
    atomic_uint_fast64_t by_status[STATUS_SLOTS];
    atomic_uint_fast64_t by_duration[BUCKETS];
    atomic_int_fast64_t duration_us;
};

struct http_metrics {
    const struct route *rows;
    size_t count;
    atomic_uint_fast64_t refused;
    struct route_counters counters[]; /* one more than rows: requests that met no route */
};

struct http_metrics *http_metrics_create(const struct route *rows, size_t count)
{
    struct http_metrics *metrics = calloc(1, sizeof(*metrics) + (count + 1) * sizeof(struct route_counters));
    if (!metrics) panic("out of memory for metrics");
    metrics->rows = rows;
    metrics->count = count;
    return metrics;
}

void http_metrics_destroy(struct http_metrics *metrics)
{
    free(metrics);
}

size_t http_metrics_index(const struct http_metrics *metrics, const struct route *route)
{
    const uintptr_t first = (uintptr_t)metrics->rows;
    const uintptr_t row = (uintptr_t)route;
    if (row < first || row >= first + metrics->count * sizeof(*route)) return metrics->count;
    return (row - first) / sizeof(*route);
}

static size_t status_slot(int status)
{
    size_t slot = 0;
    while (slot < ARRAY_COUNT(statuses) && statuses[slot] != status) slot++;
    return slot;
}

static size_t duration_bucket(int64_t duration_us)
{
    size_t bucket = 0;
    while (bucket < ARRAY_COUNT(bucket_limits_us) && duration_us > bucket_limits_us[bucket]) bucket++;
    return bucket;
}

void http_metrics_observe(struct http_metrics *metrics, size_t index, int status, int64_t duration_us)
{
    struct route_counters *counters = &metrics->counters[index < metrics->count ? index : metrics->count];
    (void)atomic_fetch_add_explicit(&counters->by_status[status_slot(status)], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&counters->by_duration[duration_bucket(duration_us)], 1,
                                    memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&counters->duration_us, duration_us, memory_order_relaxed);
}

void http_metrics_refused(struct http_metrics *metrics)
{
    (void)atomic_fetch_add_explicit(&metrics->refused, 1, memory_order_relaxed);
}

static uint64_t read_counter(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static const char *route_label(const struct http_metrics *metrics, size_t index)
{
    return index < metrics->count ? metrics->rows[index].id : "none";
}

static void print_statuses(const struct http_metrics *metrics, size_t index, struct strbuf *out)
{
    for (size_t slot = 0; slot < STATUS_SLOTS; slot++) {
        const uint64_t value = read_counter(&metrics->counters[index].by_status[slot]);
        if (value == 0) continue;
        strbuf_printf(out, "auth_http_requests_total{route=\"%s\",status=\"", route_label(metrics, index));
        if (slot < ARRAY_COUNT(statuses))
            strbuf_add_int64(out, statuses[slot]);
        else
            strbuf_add(out, STR("other"));
        strbuf_printf(out, "\"} %llu\n", (unsigned long long)value);
    }
}

static void print_durations(const struct http_metrics *metrics, size_t index, struct strbuf *out)
{
    const struct route_counters *counters = &metrics->counters[index];
    const char *label = route_label(metrics, index);
    uint64_t so_far = 0;
    uint64_t all = 0;
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) all += read_counter(&counters->by_duration[bucket]);
    if (all == 0) return;
    for (size_t bucket = 0; bucket < ARRAY_COUNT(bucket_limits_us); bucket++) {
        so_far += read_counter(&counters->by_duration[bucket]);
        strbuf_printf(out, "auth_http_request_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", label,
                      (double)bucket_limits_us[bucket] / US_PER_SECOND, (unsigned long long)so_far);
    }
    const double sum =
        (double)atomic_load_explicit(&counters->duration_us, memory_order_relaxed) / US_PER_SECOND;
    strbuf_printf(out, "auth_http_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n", label,
                  (unsigned long long)all);
    strbuf_printf(out, "auth_http_request_seconds_sum{route=\"%s\"} %.6f\n", label, sum);
    strbuf_printf(out, "auth_http_request_seconds_count{route=\"%s\"} %llu\n", label,
                  (unsigned long long)all);
}

static void print_heading(struct strbuf *out, const char *name, const char *help, const char *type)
{
    strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void http_metrics_print(const struct http_metrics *metrics, struct strbuf *out)
{
    print_heading(out, "auth_http_requests_total", "Requests answered, by route and status.", "counter");
    for (size_t i = 0; i <= metrics->count; i++) print_statuses(metrics, i, out);
    print_heading(out, "auth_http_request_seconds",
                  "Time from the request line to the last byte of the response.", "histogram");
    for (size_t i = 0; i <= metrics->count; i++) print_durations(metrics, i, out);
    metric_print_counter(out, "auth_http_refused_total", "Requests refused before any route was looked at.",
                         (double)read_counter(&metrics->refused));
}

#define WHOLE_MAX 9007199254740992.0 /* 2^53: doubles beyond are not all the integers there are */

/* Counts are printed in full: "%g" alone would round them from a million on. */
static void print_sample(struct strbuf *out, const char *name, double value)
{
    const bool is_small = value > -WHOLE_MAX && value < WHOLE_MAX;
    const int64_t whole = is_small ? (int64_t)value : 0;
    const bool has_fraction = value < (double)whole || value > (double)whole;
    if (is_small && !has_fraction)
        strbuf_printf(out, "%s %lld\n", name, (long long)whole);
    else
        strbuf_printf(out, "%s %.9g\n", name, value);
}

void metric_print_counter(struct strbuf *out, const char *name, const char *help, double value)
{
    print_heading(out, name, help, "counter");
    print_sample(out, name, value);
}

void metric_print_gauge(struct strbuf *out, const char *name, const char *help, double value)
{
    print_heading(out, name, help, "gauge");
    print_sample(out, name, value);
}
