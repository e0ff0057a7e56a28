// SPDX-License-Identifier: MIT
#include "auth/domain/keyring.h"
#include "client_api_internal.h"
#include "paging_internal.h"

struct signing_key_reply {
    struct str kid;
    struct str algorithm;
    struct str state;
    int64_t created_at_ms;
    int64_t active_from_ms;
    int64_t remove_at_ms;
};

static const struct field SIGNING_KEY_ROWS[] = {
    {.name = "kid",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct signing_key_reply, kid),
     .description = "Its RFC 7638 thumbprint, as tokens name it"},
    {.name = "algorithm",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct signing_key_reply, algorithm),
     .description = "ES256, EdDSA or RS256"},
    {.name = "state",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct signing_key_reply, state),
     .description = "next: published, not signing; current: signs; retired: only verifies"},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct signing_key_reply, created_at_ms),
     .description = "When it was made"},
    {.name = "active_from",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct signing_key_reply, active_from_ms),
     .description = "When it begins, or began, to sign"},
    {.name = "remove_at",
     .type = FIELD_TIME,
     .offset = offsetof(struct signing_key_reply, remove_at_ms),
     .description = "When it is no longer published"},
};
const struct fields signing_key_reply_fields =
    FIELDS(SIGNING_KEY_ROWS, struct signing_key_reply, "SigningKey");

static const struct field SIGNING_KEY_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&signing_key_reply_fields, "All that are published, in the order they sign in")};
const struct fields signing_key_list_reply_fields =
    FIELDS(SIGNING_KEY_LIST_ROWS, struct page_reply, "SigningKeyList");

struct signing_key_body {
    int state;
    bool now;
};

static const char *const PATCH_STATES[] = {"retired", NULL};

static const struct field SIGNING_KEY_BODY_ROWS[] = {
    {.name = "now",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct signing_key_body, now),
     .description = "Sign with it at once, without the time in which others learn of it",
     .example = "false"},
};
const struct fields signing_key_body_fields =
    FIELDS(SIGNING_KEY_BODY_ROWS, struct signing_key_body, "SigningKeyRequest");

static const struct field SIGNING_KEY_PATCH_ROWS[] = {
    {.name = "state",
     .type = FIELD_CHOICE,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct signing_key_body, state),
     .choices = PATCH_STATES,
     .description = "Not the one that signs",
     .example = "\"retired\""},
    {.name = "now",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct signing_key_body, now),
     .description = "At once: what it has signed is refused, too; for a key that others may have",
     .example = "false"},
};
const struct fields signing_key_patch_body_fields =
    FIELDS(SIGNING_KEY_PATCH_ROWS, struct signing_key_body, "SigningKeyPatch");

static struct signing_key_reply reply_of(const struct signing_key_list *list, size_t index, int64_t now_ms)
{
    const struct signing_key_record *key = &list->items[index];
    return (struct signing_key_reply){
        .kid = key->kid,
        .algorithm = key->algorithm,
        .state = str_from(signing_key_state_name(signing_key_state_of(list, index, now_ms))),
        .created_at_ms = key->created_at_ms,
        .active_from_ms = key->active_from_ms,
        .remove_at_ms = key->remove_at_ms,
    };
}

/* NOT_FOUND also for one that has just been removed. */
static result answer_one(struct request *request, struct str kid, struct response *response)
{
    struct signing_key_list list;
    TRY(signing_key_list(service_of(request)->db, &request->task, &list));
    for (size_t i = 0; i < list.count; i++) {
        if (!str_equal(list.items[i].kid, kid)) continue;
        const struct signing_key_reply reply = reply_of(&list, i, request->task.now_ms);
        return response_json(response, request->task.arena, &signing_key_reply_fields, &reply);
    }
    return RESULT(NOT_FOUND);
}

/* There are a few at a time: one page. */
result admin_signing_keys_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    struct signing_key_list list;
    TRY(signing_key_list(service_of(request)->db, &request->task, &list));
    struct signing_key_reply *items = arena_alloc_array(arena, list.count, sizeof *items);
    for (size_t i = 0; i < list.count; i++) items[i] = reply_of(&list, i, request->task.now_ms);
    const struct page_reply reply = {.data = {items, list.count}};
    return response_json(response, arena, &signing_key_list_reply_fields, &reply);
}

result admin_signing_keys_post(struct request *request, const void *body, struct response *response)
{
    const struct signing_key_body *given = body;
    struct str kid;
    TRY(keyring_rotate(service_of(request), &request->task, given->now, &kid));
    response_header_set(response, "Location",
                        str_printf(request->task.arena, "/v1/admin/signing-keys/%.*s", STR_ARGS(kid)));
    return answer_one(request, kid, response);
}

result admin_signing_key_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    return answer_one(request, request->path_values[0], response);
}

result admin_signing_key_patch(struct request *request, const void *body, struct response *response)
{
    const struct signing_key_body *given = body;
    (void)response;
    return keyring_retire(service_of(request), &request->task, request->path_values[0], given->now);
}
