// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "auth/domain/audit.h"
#include "auth/domain/webhooks.h"
#include "auth/json/writer.h"
#include "auth/store/audit_repo.h"
#include "webhook_sender_internal.h"

#define BODY_FIRST_BYTES 1024u
#define BODY_BYTES_MAX   (16u * 1024u)

/* What was not an event of the log: it has no place in the chain. */
static struct audit_view view_of_test(const struct webhook_delivery *delivery)
{
    return (struct audit_view){
        .at_ms = delivery->created_at_ms, .id = delivery->event_id, .type = delivery->event_type};
}

static result find_view(struct service *service, struct task *task, const struct webhook_delivery *delivery,
                        struct audit_view *ret_view)
{
    struct audit_page page;
    if (delivery->event_seq == 0) {
        *ret_view = view_of_test(delivery);
        return RESULT_OK;
    }
    TRY(audit_event_after(service->db, task, delivery->event_seq - 1, 1, &page));
    REQUIRE(page.count == 1 && id_equal(page.items[0].id, delivery->event_id), NOT_FOUND);
    *ret_view = audit_view_of(task->arena, &page.items[0]);
    return RESULT_OK;
}

static result make_body(struct task *task, const struct audit_view *view, struct str *ret_body)
{
    struct strbuf text, data;
    struct json_writer json = {.out = &text};
    char at[RFC3339_SIZE];
    strbuf_init(&text, task->arena, BODY_FIRST_BYTES, BODY_BYTES_MAX);
    strbuf_init(&data, task->arena, BODY_FIRST_BYTES, BODY_BYTES_MAX);
    fields_write_json(&audit_event_fields, view, &data);
    time_print(view->at_ms, at);
    json_begin_object(&json);
    json_key(&json, "type");
    json_string(&json, view->type);
    json_key(&json, "timestamp");
    json_string(&json, str_from(at));
    json_key(&json, "data");
    json_raw(&json, strbuf_str(&data));
    json_end_object(&json);
    return strbuf_finish(&text, ret_body);
}

/* "v1,<base64>" of what is signed by one of the secrets. */
static result sign(struct service *service, struct task *task, const struct webhook *webhook,
                   struct str sealed, const struct str parts[5], struct str *ret_signature)
{
    struct key256 key;
    unsigned char tag[SHA256_BYTES];
    TRY(webhook_secret_open(service, task, webhook->id, sealed, &key));
    hmac_sha256(&key, parts, 5, tag);
    wipe(&key, sizeof key);
    const struct str text = base64_print(task->arena, tag, sizeof tag);
    *ret_signature = str_printf(task->arena, "v1,%.*s", STR_ARGS(text));
    return RESULT_OK;
}

/* By the secret and, for a while, by the one before, parted by a space. */
static result sign_all(struct service *service, struct task *task, const struct webhook *webhook,
                       const struct str parts[5], int64_t now_ms, struct str *ret_signatures)
{
    struct str previous;
    TRY(sign(service, task, webhook, webhook->sealed_secret, parts, ret_signatures));
    if (is_empty(webhook->previous_sealed_secret) || webhook->previous_until_ms <= now_ms) return RESULT_OK;
    TRY(sign(service, task, webhook, webhook->previous_sealed_secret, parts, &previous));
    *ret_signatures = str_printf(task->arena, "%.*s %.*s", STR_ARGS(*ret_signatures), STR_ARGS(previous));
    return RESULT_OK;
}

result webhook_message_make(struct service *service, struct task *task, const struct webhook *webhook,
                            const struct webhook_delivery *delivery, int64_t now_ms,
                            struct webhook_message *ret_message)
{
    struct audit_view view;
    struct str body, signatures;
    char *id = arena_alloc(task->arena, ID_TEXT_SIZE);
    char *seconds = arena_alloc(task->arena, INT64_TEXT_SIZE);
    TRY(find_view(service, task, delivery, &view));
    TRY(make_body(task, &view, &body));
    id_print(delivery->event_id, id);
    const size_t seconds_len = int64_print(now_ms / MS_PER_SECOND, seconds);
    const struct str parts[] = {str_from(id), STR("."), {seconds, seconds_len}, STR("."), body};
    TRY(sign_all(service, task, webhook, parts, now_ms, &signatures));
    *ret_message = (struct webhook_message){.headers = {{STR("Content-Type"), STR("application/json")},
                                                        {STR("webhook-id"), parts[0]},
                                                        {STR("webhook-timestamp"), parts[2]},
                                                        {STR("webhook-signature"), signatures}},
                                            .body = body};
    return RESULT_OK;
}
