// SPDX-License-Identifier: MIT
#include "auth/domain/webhooks.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/domain/audit.h"
#include "auth/domain/roles.h"
#include "auth/domain/webhook_sender.h"
#include "auth/store/audit_repo.h"
#include "auth/store/webhook_repo.h"

#define SECRET_PREFIX    "whsec_"
#define CONTEXT_SIZE     64u
#define EVENT_NAME_MAX   64u
#define BATCH_ROWS       INT64_C(1000)
#define EVENTS_BYTES_MAX 4096u
#define DELETION_REASON  "it is being deleted"

/* --- what events it wants ----------------------------------------------------------------------------------------- */

/* "login.*" is one when there is a type that begins with "login.". */
static bool is_group(struct str text)
{
    if (text.len < 3 || !str_equal(str_from_offset(text, text.len - 2), STR(".*"))) return false;
    const struct str prefix = {text.ptr, text.len - 1};
    for (int type = 0; type < AUDIT_TYPE_COUNT; type++)
        if (str_starts_with(audit_type_text((enum audit_type)type), prefix)) return true;
    return false;
}

static bool is_event(struct str text)
{
    enum audit_type type;
    if (text.len > EVENT_NAME_MAX || has_nul(text)) return false;
    return str_equal(text, STR("*")) || is_group(text) || audit_type_parse(text, &type);
}

static bool is_among(const struct str *items, size_t count, struct str item)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(items[i], item)) return true;
    return false;
}

static void check_events(struct fault *fault, const struct str_list *events)
{
    bool are_known = true;
    for (size_t i = 0; i < events->count; i++) are_known = are_known && is_event(events->items[i]);
    if (events->count == 0)
        fault_add_field(fault, "/events", "required", "must name one event at least; \"*\" is all");
    else if (events->count > WEBHOOK_EVENTS_MAX)
        fault_add_field(fault, "/events", "too_many", "must be 64 at most");
    else if (!are_known)
        fault_add_field(fault, "/events", "not_a_choice",
                        "must be types of events, groups as login.*, or * for all");
}

/* By spaces, each once; everything is just that. */
static struct str join_events(struct arena *arena, const struct str_list *events)
{
    struct strbuf joined;
    strbuf_init(&joined, arena, 256, EVENTS_BYTES_MAX + WEBHOOK_EVENTS_MAX);
    if (is_among(events->items, events->count, STR("*"))) return STR("*");
    for (size_t i = 0; i < events->count; i++) {
        if (is_among(events->items, i, events->items[i])) continue;
        if (joined.len > 0) strbuf_add_char(&joined, ' ');
        strbuf_add(&joined, events->items[i]);
    }
    return strbuf_str(&joined);
}

/* --- what it may be ----------------------------------------------------------------------------------------------- */

static void check_name(struct fault *fault, struct str name)
{
    if (is_empty(name) || !is_plain_text(name, WEBHOOK_NAME_MAX))
        fault_add_field(fault, "/name", "malformed", "must be 1 to 100 characters on one line");
}

static void check_url(const struct service *service, struct fault *fault, struct str url)
{
    const char *problem = webhook_url_problem(service, url);
    if (problem) fault_add_field(fault, "/url", "not_allowed", problem);
}

static result refuse_faulty(struct task *task)
{
    if (task->fault.error_count != 0) FAIL(&task->fault, VALIDATION_FAILED, "webhook refused");
    return RESULT_OK;
}

/* --- secrets ------------------------------------------------------------------------------------------------------ */

static struct str context_of(struct arena *arena, struct id id)
{
    char text[ID_TEXT_SIZE];
    id_print(id, text);
    return str_printf(arena, "webhook:%s", text);
}

static result make_secret(struct service *service, struct task *task, struct id id, struct str *ret_sealed,
                          struct secret *ret_shown)
{
    unsigned char bytes[WEBHOOK_SECRET_BYTES];
    random_bytes(bytes, sizeof bytes);
    const struct secret secret = secret_copy(task->arena, bytes, sizeof bytes);
    const struct str text = base64_print(task->arena, bytes, sizeof bytes);
    wipe(bytes, sizeof bytes);
    TRY(seal(task, &service->secrets->seal_ring, context_of(task->arena, id), secret, ret_sealed));
    const struct str shown = str_printf(task->arena, SECRET_PREFIX "%.*s", STR_ARGS(text));
    *ret_shown = secret_copy(task->arena, shown.ptr, shown.len);
    return RESULT_OK;
}

result webhook_secret_open(struct service *service, struct task *task, struct id id, struct str sealed,
                           struct key256 *ret_key)
{
    struct secret secret;
    TRY(seal_open(task, &service->secrets->seal_ring, context_of(task->arena, id), sealed, &secret));
    if (secret.len != sizeof ret_key->bytes) FAIL(&task->fault, INTERNAL, "webhook secret has another size");
    memcpy(ret_key->bytes, secret.bytes, sizeof ret_key->bytes);
    return RESULT_OK;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static result note(struct service *service, struct db *tx, struct task *task, enum audit_type type,
                   struct id id, const char *detail)
{
    const struct audit_event event = {.type = type, .subject = context_of(task->arena, id), .detail = detail};
    return audit_note(service, tx, task, &event);
}

result webhooks_create(struct service *service, struct task *task, const struct webhook_order *order,
                       struct webhook *ret_webhook, struct secret *ret_secret)
{
    check_name(&task->fault, order->name);
    check_url(service, &task->fault, order->url);
    check_events(&task->fault, &order->events);
    TRY(refuse_faulty(task));
    struct webhook webhook = {.id = id_new(task->now_ms),
                              .name = order->name,
                              .url = order->url,
                              .events = join_events(task->arena, &order->events),
                              .is_enabled = order->is_enabled,
                              .created_at_ms = task->now_ms,
                              .updated_at_ms = task->now_ms};
    struct secret secret;
    TRY(make_secret(service, task, webhook.id, &webhook.sealed_secret, &secret));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(webhook_insert(tx, task, &webhook, WEBHOOKS_MAX));
    TRY(note(service, tx, task, AUDIT_WEBHOOK_CREATED, webhook.id, NULL));
    TRY(db_commit(&tx, task));
    *ret_webhook = webhook;
    *ret_secret = secret;
    return RESULT_OK;
}

static result hold(struct db *tx, struct task *task, const struct webhook_target *target,
                   struct webhook *ret_webhook)
{
    int64_t version;
    TRY(webhook_hold(tx, task, target->id, ret_webhook, &version));
    if (target->expected && !is_version_expected(target->expected, version))
        FAIL(&task->fault, PRECONDITION_FAILED, "webhook has another version");
    return RESULT_OK;
}

static result check_changes(struct service *service, struct task *task, const struct webhook_changes *changes)
{
    if (changes->sets_name) check_name(&task->fault, changes->order.name);
    if (changes->sets_url) check_url(service, &task->fault, changes->order.url);
    if (changes->sets_events) check_events(&task->fault, &changes->order.events);
    return refuse_faulty(task);
}

/* What failed before counts no more for one that is enabled, and not for another receiver. */
static struct webhook changed(struct arena *arena, const struct webhook *before,
                              const struct webhook_changes *changes)
{
    struct webhook after = *before;
    if (changes->sets_name) after.name = changes->order.name;
    if (changes->sets_url) after.url = changes->order.url;
    if (changes->sets_events) after.events = join_events(arena, &changes->order.events);
    if (changes->sets_enabled) after.is_enabled = changes->order.is_enabled;
    if (after.is_enabled) after.disabled_reason = STR_NONE;
    if (after.is_enabled == before->is_enabled && str_equal(after.url, before->url)) return after;
    after.failing_since_ms = after.failures = after.paused_until_ms = 0;
    return after;
}

/* One that is enabled for another receiver, or other events, is both. */
static result note_change(struct service *service, struct db *tx, struct task *task,
                          const struct webhook *before, const struct webhook *after)
{
    const bool is_switched = before->is_enabled != after->is_enabled;
    const bool is_same = str_equal(before->name, after->name) && str_equal(before->url, after->url) &&
                         str_equal(before->events, after->events);
    if (!is_switched || !is_same) TRY(note(service, tx, task, AUDIT_WEBHOOK_UPDATED, after->id, NULL));
    if (!is_switched) return RESULT_OK;
    const enum audit_type type = after->is_enabled ? AUDIT_WEBHOOK_ENABLED : AUDIT_WEBHOOK_DISABLED;
    return note(service, tx, task, type, after->id, NULL);
}

/* There may be many: some at a time, each for itself. */
static result cancel_all(struct service *service, struct task *task, struct id id)
{
    int64_t count = BATCH_ROWS;
    while (count == BATCH_ROWS) {
        if (is_late(task)) FAIL(&task->fault, DEADLINE_EXCEEDED, "more waits than could be ended");
        TRY(webhook_delivery_cancel_some(service->db, task, id, BATCH_ROWS, &count));
    }
    return RESULT_OK;
}

static result store_change(struct service *service, struct task *task, const struct webhook_target *target,
                           const struct webhook_changes *changes, struct webhook *ret_webhook)
{
    struct webhook before;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hold(tx, task, target, &before));
    const struct webhook after = changed(task->arena, &before, changes);
    TRY(webhook_change(tx, task, &after));
    TRY(note_change(service, tx, task, &before, &after));
    TRY(db_commit(&tx, task));
    *ret_webhook = after;
    return RESULT_OK;
}

/* One that is enabled begins with nothing that was left when it was disabled. */
static result clear_before_enabling(struct service *service, struct task *task, struct id id)
{
    struct webhook webhook;
    TRY(webhook_find(service->db, task, id, &webhook));
    return webhook.is_enabled ? RESULT_OK : cancel_all(service, task, id);
}

result webhooks_update(struct service *service, struct task *task, const struct webhook_target *target,
                       const struct webhook_changes *changes, struct webhook *ret_webhook)
{
    const bool is_enabling = changes->sets_enabled && changes->order.is_enabled;
    struct webhook webhook;
    TRY(check_changes(service, task, changes));
    if (is_enabling) TRY(clear_before_enabling(service, task, target->id));
    TRY(store_change(service, task, target, changes, &webhook));
    if (webhook.is_enabled)
        webhook_sender_wake(service);
    else
        TRY(cancel_all(service, task, webhook.id));
    *ret_webhook = webhook;
    return RESULT_OK;
}

/* From now on nothing is added to its deliveries. */
static result strip(struct service *service, struct task *task, const struct webhook_target *target)
{
    struct webhook webhook;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hold(tx, task, target, &webhook));
    if (webhook.is_enabled) TRY(note(service, tx, task, AUDIT_WEBHOOK_DISABLED, webhook.id, DELETION_REASON));
    webhook.is_enabled = false;
    webhook.disabled_reason = STR(DELETION_REASON);
    TRY(webhook_change(tx, task, &webhook));
    return db_commit(&tx, task);
}

static result delete_deliveries(struct service *service, struct task *task, struct id id)
{
    int64_t count = BATCH_ROWS;
    while (count == BATCH_ROWS) {
        if (is_late(task)) FAIL(&task->fault, DEADLINE_EXCEEDED, "more deliveries than could be deleted");
        TRY(webhook_delivery_delete_some(service->db, task, id, BATCH_ROWS, &count));
    }
    return RESULT_OK;
}

result webhooks_delete(struct service *service, struct task *task, const struct webhook_target *target)
{
    TRY(strip(service, task, target));
    TRY(delete_deliveries(service, task, target->id));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(webhook_delete(tx, task, target->id));
    TRY(note(service, tx, task, AUDIT_WEBHOOK_DELETED, target->id, NULL));
    return db_commit(&tx, task);
}

result webhooks_rotate_secret(struct service *service, struct task *task, const struct webhook_target *target,
                              int64_t overlap_seconds, struct webhook *ret_webhook, struct secret *ret_secret)
{
    struct webhook webhook;
    struct str sealed;
    struct secret secret;
    if (overlap_seconds < 0 || overlap_seconds > WEBHOOK_OVERLAP_SECONDS_LONGEST)
        fault_add_field(&task->fault, "/overlap_seconds", "too_large", "must be 0 to 604800");
    TRY(refuse_faulty(task));
    TRY(make_secret(service, task, target->id, &sealed, &secret));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hold(tx, task, target, &webhook));
    webhook.previous_sealed_secret = overlap_seconds > 0 ? webhook.sealed_secret : STR_NONE;
    webhook.previous_until_ms = overlap_seconds > 0 ? task->now_ms + overlap_seconds * MS_PER_SECOND : 0;
    webhook.sealed_secret = sealed;
    TRY(webhook_set_secret(tx, task, &webhook));
    TRY(note(service, tx, task, AUDIT_WEBHOOK_SECRET_ROTATED, webhook.id, NULL));
    TRY(db_commit(&tx, task));
    *ret_webhook = webhook;
    *ret_secret = secret;
    return RESULT_OK;
}

/* --- deliveries --------------------------------------------------------------------------------------------------- */

/* What failed before does not hold it up. */
static result hasten(struct db *tx, struct task *task, struct id id)
{
    struct webhook webhook;
    const result hastened = webhook_hasten(tx, task, id);
    if (hastened.code != STATUS_NOT_FOUND) return hastened;
    TRY(webhook_find(tx, task, id, &webhook));
    FAIL(&task->fault, CONFLICT, "the webhook is disabled");
}

result webhooks_test(struct service *service, struct task *task, struct id id,
                     struct webhook_delivery *ret_delivery)
{
    struct webhook_delivery delivery = {.webhook_id = id,
                                        .event_id = id_new(task->now_ms),
                                        .event_type = STR(WEBHOOK_TEST_TYPE),
                                        .state = STR("waiting"),
                                        .next_attempt_at_ms = task->now_ms,
                                        .created_at_ms = task->now_ms};
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hasten(tx, task, id));
    TRY(webhook_delivery_insert(tx, task, &delivery));
    TRY(note(service, tx, task, AUDIT_WEBHOOK_TESTED, id, NULL));
    TRY(db_commit(&tx, task));
    webhook_sender_wake(service);
    *ret_delivery = delivery;
    return RESULT_OK;
}

result webhooks_retry(struct service *service, struct task *task, struct id id, struct id event_id,
                      struct webhook_delivery *ret_delivery)
{
    struct webhook_delivery delivery;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hasten(tx, task, id));
    const result retried = webhook_delivery_retry(tx, task, id, event_id, &delivery);
    if (retried.code == STATUS_NOT_FOUND) {
        TRY(webhook_delivery_find(tx, task, id, event_id, &delivery));
        FAIL(&task->fault, CONFLICT, "it is being sent right now");
    }
    TRY(retried);
    TRY(note(service, tx, task, AUDIT_WEBHOOK_DELIVERY_RETRIED, id, NULL));
    TRY(db_commit(&tx, task));
    webhook_sender_wake(service);
    *ret_delivery = delivery;
    return RESULT_OK;
}

static result store_disabled(struct service *service, struct task *task,
                             const struct webhook_disabling *disabling)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(webhook_disable(tx, task, disabling));
    TRY(note(service, tx, task, AUDIT_WEBHOOK_DISABLED, disabling->id, disabling->reason));
    return db_commit(&tx, task);
}

result webhooks_disable(struct service *service, struct task *task, const struct webhook_disabling *disabling,
                        bool *ret_is_disabled)
{
    *ret_is_disabled = false;
    const result stored = store_disabled(service, task, disabling);
    if (stored.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(stored);
    *ret_is_disabled = true;
    return cancel_all(service, task, disabling->id);
}
