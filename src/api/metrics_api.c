// SPDX-License-Identifier: MIT
#include <string.h>

#include "api_internal.h"
#include "auth/domain/mailer.h"
#include "auth/domain/webhook_sender.h"
#include "auth/loop/fiber.h"
#include "auth/store/store.h"

#define METRICS_BYTES_MAX (256u * 1024u)

/* What one loop counts; read in that loop's own thread. */
struct loop_counts {
    struct store_counts store;
    size_t fibers;
    size_t fibers_peak;
    uint64_t retention_steps;
    uint64_t erased[RETAINED_COUNT];
};

/* A question to another loop: asked by a post there, answered by a post back. */
struct question {
    struct post there;
    struct post back;
    struct api *api;
    struct loop *asker;
    struct wait wait;
    struct loop_counts counts;
};

static void count(struct api *api, struct loop_counts *ret_counts)
{
    store_counts(api->service->db, &ret_counts->store);
    fiber_counts(api->loop, &ret_counts->fibers, &ret_counts->fibers_peak);
    const struct retention_state *retained = &api->service->retained;
    ret_counts->retention_steps = retained->steps;
    memcpy(ret_counts->erased, retained->erased, sizeof ret_counts->erased);
}

static void come_back(struct post *post)
{
    struct question *question = CONTAINER_OF(post, struct question, back);
    wait_finish(&question->wait);
}

static void count_there(struct post *post)
{
    struct question *question = CONTAINER_OF(post, struct question, there);
    count(question->api, &question->counts);
    loop_post(question->asker, &question->back);
}

static void add(struct loop_counts *sum, const struct loop_counts *counts)
{
    sum->store.connections_open += counts->store.connections_open;
    sum->store.connections_max += counts->store.connections_max;
    sum->store.leases_used += counts->store.leases_used;
    sum->store.statements += counts->store.statements;
    sum->store.failures += counts->store.failures;
    sum->store.reconnects += counts->store.reconnects;
    sum->store.waiting += counts->store.waiting;
    sum->fibers += counts->fibers;
    sum->fibers_peak += counts->fibers_peak;
    sum->retention_steps += counts->retention_steps;
    for (size_t i = 0; i < RETAINED_COUNT; i++) sum->erased[i] += counts->erased[i];
}

static void gather(const struct api *asker, struct loop_counts *ret_sum)
{
    *ret_sum = (struct loop_counts){0};
    for (unsigned i = 0; i < asker->shared->loop_count; i++) {
        struct question question = {.there.run = count_there,
                                    .back.run = come_back,
                                    .api = asker->shared->loops[i],
                                    .asker = asker->loop};
        if (question.api == asker) {
            count(question.api, &question.counts);
        } else {
            loop_post(question.api->loop, &question.there);
            fiber_wait(&question.wait);
        }
        add(ret_sum, &question.counts);
    }
}

static void print_loops(const struct loop_counts *counts, struct strbuf *out)
{
    const struct store_counts *store = &counts->store;
    metric_print_gauge(out, "auth_fibers", "Requests and jobs in progress", (double)counts->fibers);
    metric_print_gauge(out, "auth_fibers_peak", "Most of them at once since start",
                       (double)counts->fibers_peak);
    metric_print_gauge(out, "auth_db_connections", "Database connections that are open",
                       store->connections_open);
    metric_print_gauge(out, "auth_db_connections_max", "Database connections there may be",
                       store->connections_max);
    metric_print_gauge(out, "auth_db_leases", "Transactions in progress", store->leases_used);
    metric_print_gauge(out, "auth_db_waiting", "Statements and transactions waited for", store->waiting);
    metric_print_counter(out, "auth_db_statements_total", "Statements run", (double)store->statements);
    metric_print_counter(out, "auth_db_connection_losses_total", "Connections lost", (double)store->failures);
    metric_print_counter(out, "auth_db_reconnects_total", "Connections made again",
                         (double)store->reconnects);
}

static void print_retention(const struct loop_counts *counts, struct strbuf *out)
{
    metric_print_counter(out, "auth_retention_steps_total", "Times rows were looked for whose time is over",
                         (double)counts->retention_steps);
    strbuf_printf(out, "# HELP auth_retention_rows_total Rows erased because their time was over\n"
                       "# TYPE auth_retention_rows_total counter\n");
    for (size_t i = 0; i < RETAINED_COUNT; i++)
        strbuf_printf(out, "auth_retention_rows_total{kind=\"%s\"} %lu\n", retained_names[i],
                      (unsigned long)counts->erased[i]);
}

static void print_hasher(struct password_hasher *hasher, struct strbuf *out)
{
    struct password_hasher_counts counts;
    password_hasher_counts(hasher, &counts);
    metric_print_gauge(out, "auth_hash_queue", "Password hashes waiting", counts.queued);
    metric_print_gauge(out, "auth_hash_running", "Password hashes being computed", counts.running);
    metric_print_gauge(out, "auth_hash_queue_limit", "Password hashes that may wait", counts.queue_limit);
    metric_print_counter(out, "auth_hash_refused_total", "Requests turned away because the queue was full",
                         (double)counts.refused);
    strbuf_printf(
        out, "# HELP auth_hash_seconds Time one password hash takes\n# TYPE auth_hash_seconds histogram\n");
    unsigned long cumulated = 0;
    for (size_t i = 0; i + 1 < HASH_BUCKET_COUNT; i++) {
        cumulated += counts.buckets[i];
        strbuf_printf(out, "auth_hash_seconds_bucket{le=\"%g\"} %lu\n", (double)hash_bucket_ms[i] / 1000.0,
                      cumulated);
    }
    strbuf_printf(
        out,
        "auth_hash_seconds_bucket{le=\"+Inf\"} %lu\nauth_hash_seconds_sum %g\nauth_hash_seconds_count %lu\n",
        counts.hashes, (double)counts.hash_us_sum / 1e6, counts.hashes);
}

static void print_cache(const struct cache *cache, struct strbuf *out)
{
    struct cache_counts counts;
    cache_counts(cache, &counts);
    metric_print_counter(out, "auth_cache_near_hits_total", "Found in this process",
                         (double)counts.near_hits);
    metric_print_counter(out, "auth_cache_near_misses_total", "Not found in this process",
                         (double)counts.near_misses);
    metric_print_counter(out, "auth_cache_shared_hits_total", "Found in Redis", (double)counts.shared_hits);
    metric_print_counter(out, "auth_cache_shared_misses_total", "Not found in Redis",
                         (double)counts.shared_misses);
    metric_print_counter(out, "auth_cache_shared_failures_total", "Operations Redis did not answer in time",
                         (double)counts.shared_failures);
    metric_print_counter(out, "auth_cache_denials_total", "Entries taken back", (double)counts.denials);
    metric_print_counter(out, "auth_cache_evictions_total", "Entries pushed out by newer ones",
                         (double)counts.evictions);
    metric_print_gauge(out, "auth_cache_near_entries", "Entries in this process",
                       (double)counts.near_entries);
    metric_print_gauge(out, "auth_cache_near_bytes", "Bytes they take", (double)counts.near_bytes);
    metric_print_gauge(out, "auth_cache_shared_up", "Whether Redis is configured and answers",
                       counts.is_shared_up);
}

static void print_mail(struct mailer *mailer, struct strbuf *out)
{
    struct mailer_counts counts;
    mailer_counts(mailer, &counts);
    const int64_t age_ms = counts.oldest_at_ms == 0 ? 0 : clock_wall_ms() - counts.oldest_at_ms;
    metric_print_gauge(out, "auth_mail_waiting", "Mail in the outbox that waits, as last seen",
                       (double)counts.waiting);
    metric_print_gauge(out, "auth_mail_oldest_seconds", "Age of the oldest of it", (double)age_ms / 1e3);
    metric_print_counter(out, "auth_mail_sent_total", "Mail a mail server took", (double)counts.sent);
    metric_print_counter(out, "auth_mail_printed_total", "Mail printed to the log", (double)counts.printed);
    metric_print_counter(out, "auth_mail_failed_total", "Mail that was given up", (double)counts.failed);
    metric_print_counter(out, "auth_mail_limited_total", "Of it, what exceeded a limit",
                         (double)counts.limited);
}

static void print_webhooks(struct webhook_sender *sender, struct strbuf *out)
{
    struct webhook_counts counts;
    webhook_sender_counts(sender, &counts);
    metric_print_gauge(out, "auth_webhooks_waiting", "Deliveries to webhooks that wait, as last seen",
                       (double)counts.waiting);
    metric_print_counter(out, "auth_webhooks_delivered_total", "Deliveries that arrived",
                         (double)counts.delivered);
    metric_print_counter(out, "auth_webhooks_attempts_failed_total", "Attempts that did not",
                         (double)counts.attempts_failed);
    metric_print_counter(out, "auth_webhooks_given_up_total", "Deliveries that were given up",
                         (double)counts.given_up);
    metric_print_counter(out, "auth_webhooks_disabled_total", "Webhooks disabled because they failed",
                         (double)counts.disabled);
}

static void print_schema(struct readiness *readiness, struct strbuf *out)
{
    struct readiness_view view;
    readiness_view(readiness, &view);
    metric_print_gauge(out, "auth_schema_ahead", "Whether the schema is newer than this binary",
                       view.is_schema_ahead);
    metric_print_gauge(out, "auth_schema_pending_contract",
                       "Whether a contract or backfill revision waits to be applied",
                       view.pending_contract[0] != 0);
    metric_print_gauge(out, "auth_migration_steps_total", "Revisions of the migration at start",
                       view.steps_total);
    metric_print_gauge(out, "auth_migration_steps_done", "Those that are applied", view.steps_done);
}

result metrics_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct api *api = api_of(request);
    struct loop_counts counts;
    gather(api, &counts);
    struct strbuf text;
    strbuf_init(&text, request->task.arena, 16384, METRICS_BYTES_MAX);
    http_metrics_print(api->shared->metrics, &text);
    print_loops(&counts, &text);
    print_retention(&counts, &text);
    print_hasher(api->service->hasher, &text);
    print_cache(api->shared->cache, &text);
    print_mail(api->service->mailer, &text);
    print_webhooks(api->service->webhooks, &text);
    metric_print_gauge(&text, "auth_start_time_seconds", "When this process started",
                       (double)api->shared->started_at_ms / 1e3);
    print_schema(api->shared->readiness, &text);
    metric_print_gauge(&text, "auth_ready", "Whether traffic is taken", is_serving(api->shared->readiness));
    response->content_type = STR("text/plain; version=0.0.4; charset=utf-8");
    return strbuf_finish(&text, &response->body);
}
