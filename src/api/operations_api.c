// SPDX-License-Identifier: MIT
#include "api_internal.h"
#include "auth/domain/keyring.h"
#include "auth/json/writer.h"
#include "auth/store/store.h"

#define DOCUMENT_BYTES_MAX 4096u
/* Probes come from several sides; the database is asked at most this often. */
#define PING_INTERVAL_MS INT64_C(500)

/* The process answers: that is all liveness means. */
result livez_get(struct request *request, const void *body, struct response *response)
{
    (void)request;
    (void)body;
    response->content_type = STR("application/json");
    response->body = STR("{\"status\":\"ok\"}");
    return RESULT_OK;
}

static result ping(struct request *request)
{
    struct api *api = api_of(request);
    const int64_t now_ms = clock_monotonic_ms();
    if (api->pinged_at_ms != 0 && now_ms - api->pinged_at_ms < PING_INTERVAL_MS) return api->last_ping;
    const result answered = store_ping(api->service->db, &request->task);
    api->last_ping = answered;
    api->pinged_at_ms = clock_monotonic_ms();
    return answered;
}

static void check_print(struct json_writer *writer, const char *name, bool is_good, struct str detail)
{
    json_key(writer, name);
    json_begin_object(writer);
    json_key(writer, "status");
    json_string(writer, is_good ? STR("ok") : STR("fail"));
    if (!is_empty(detail)) {
        json_key(writer, "detail");
        json_string(writer, detail);
    }
    json_end_object(writer);
}

static void phase_print(struct json_writer *writer, const struct readiness_view *view)
{
    if (view->phase != PHASE_MIGRATING) return;
    json_key(writer, "migrating");
    json_string(writer, str_from(view->migrating));
    json_key(writer, "done");
    json_int64(writer, view->steps_done);
    json_key(writer, "total");
    json_int64(writer, view->steps_total);
}

/* What an operator of a rolling upgrade wants to know; neither makes a server unready. */
static void schema_print(struct json_writer *writer, const struct readiness_view *view)
{
    if (view->is_schema_ahead) {
        json_key(writer, "schema_ahead");
        json_bool(writer, true);
    }
    if (view->pending_contract[0]) {
        json_key(writer, "pending_contract");
        json_string(writer, str_from(view->pending_contract));
    }
}

/* What a load balancer asks: the database answers, the schema fits, a key can sign, nothing is being stopped.
 */
result readyz_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct api *api = api_of(request);
    struct readiness_view view;
    readiness_view(api->shared->readiness, &view);
    const bool is_phase_good = view.phase == PHASE_SERVING;
    const bool has_database = is_phase_good && is_ok(ping(request));
    const bool has_keys = is_keyring_loaded(api->service->keyring);
    const bool is_ready = is_phase_good && has_database && has_keys;

    struct strbuf text;
    strbuf_init(&text, request->task.arena, 512, DOCUMENT_BYTES_MAX);
    struct json_writer writer = {.out = &text};
    json_begin_object(&writer);
    json_key(&writer, "status");
    json_string(&writer, is_ready ? STR("ready") : STR("unready"));
    phase_print(&writer, &view);
    schema_print(&writer, &view);
    json_key(&writer, "checks");
    json_begin_object(&writer);
    check_print(&writer, "server", is_phase_good, is_phase_good ? STR_NONE : str_from(view.reason));
    check_print(&writer, "schema", is_phase_good, str_from(view.schema));
    check_print(&writer, "database", has_database,
                has_database || !is_phase_good ? STR_NONE : str_from(request->task.fault.detail));
    check_print(&writer, "keys", has_keys, has_keys ? STR_NONE : STR("no signing key is loaded"));
    json_end_object(&writer);
    json_end_object(&writer);
    response->status = is_ready ? 200 : 503;
    response->content_type = STR("application/json");
    return strbuf_finish(&text, &response->body);
}
