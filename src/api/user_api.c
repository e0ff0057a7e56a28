// SPDX-License-Identifier: MIT
#include "auth/domain/email.h"
#include "auth/domain/rights.h"
#include "auth/store/account_repo.h"
#include "precondition_internal.h"
#include "rights_api_internal.h"
#include "user_fields_internal.h"

static struct user_reply reply_of(const struct user *user)
{
    return (struct user_reply){
        .id = user->id,
        .email = user->email,
        .email_verified = user->is_email_verified,
        .name = user->name,
        .locale = user->locale,
        .status = str_from(account_status_name(user->status)),
        .lock_reason = user->lock_reason,
        .requires_mfa = user->requires_mfa,
        .has_password = user->has_password,
        .external_id = user->external_id,
        .created_at_ms = user->created_at_ms,
        .updated_at_ms = user->updated_at_ms,
        .last_login_at_ms = user->last_login_at_ms,
        .delete_after_ms = user->delete_after_ms,
    };
}

static result answer(struct request *request, const struct user *user, const struct rights *rights,
                     struct response *response)
{
    struct arena *arena = request->task.arena;
    struct user_reply reply = reply_of(user);
    reply.roles = names_of(arena, rights->roles);
    reply.groups = names_of(arena, rights->groups);
    etag_set(request, response, user->version);
    return response_json(response, arena, &user_reply_fields, &reply);
}

/* The account in the path, as whoever asks may change it. */
static result read_target(struct request *request, const struct versions_expected *expected,
                          struct user_target *ret_target)
{
    TRY(path_id(request, 0, &ret_target->id));
    ret_target->expected = expected;
    ret_target->granter = granter_of(request);
    return RESULT_OK;
}

static result reply_users(struct request *request, const struct page_query *page,
                          const struct user_list *list, struct response *response)
{
    const size_t count = page_count(page, list->count);
    struct user_reply *items = arena_alloc_array(request->task.arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(&list->items[i]);
    const struct page_reply reply = {
        .data = {items, count},
        .next = count < list->count ? page_cursor_id(request, items[count - 1].id) : STR_NONE};
    return response_json(response, request->task.arena, &user_list_reply_fields, &reply);
}

/* Nobody, or one. */
static result reply_of_address(struct request *request, const struct user_query *query,
                               struct response *response)
{
    struct str email_key;
    struct user user;
    TRY(email_canonicalize(&request->task, "email", query->email, &email_key));
    const result found = user_find_by_email_key(service_of(request)->db, &request->task, email_key, &user);
    if (found.code != STATUS_NOT_FOUND) TRY(found);
    return reply_users(request, &query->page, &(struct user_list){&user, is_ok(found)}, response);
}

result admin_users_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct user_query *query = request->query_value;
    struct id after;
    struct user_list list;
    TRY(page_after_id(request, &query->page, &after));
    if (!is_empty(query->email)) return reply_of_address(request, query, response);
    if (!is_empty(query->role) && !is_nil(query->group_id)) {
        fault_add_field(&request->task.fault, "group_id", "not_together", "is not asked together with role");
        FAIL(&request->task.fault, VALIDATION_FAILED, "role and group at once");
    }
    const struct user_filter filter = {
        .status = is_present(query->status_presence) ? str_from(user_statuses[query->status]) : STR_NONE,
        .has_verified = is_present(query->verified_presence),
        .is_verified = query->verified,
        .created_from_ms = query->created_from_ms,
        .created_until_ms = query->created_until_ms,
        .email_prefix = str_lower_ascii(request->task.arena, query->email_prefix),
        .role = query->role,
        .group_id = query->group_id,
    };
    TRY(user_list_page(service_of(request)->db, &request->task, &filter, after,
                       page_rows_wanted(&query->page), &list));
    return reply_users(request, &query->page, &list, response);
}

result admin_users_post(struct request *request, const void *body, struct response *response)
{
    const struct user_body *given = body;
    const struct user_draft draft = {.email = given->email,
                                     .name = given->name,
                                     .locale = given->locale,
                                     .external_id = given->external_id,
                                     .claims = given->claims,
                                     .roles = given->roles,
                                     .is_email_verified = given->email_verified,
                                     .requires_mfa = given->requires_mfa,
                                     .sends_link = given->send_link,
                                     .granter = granter_of(request),
                                     .device = device_of(request)};
    struct user user;
    struct rights rights;
    char id[ID_TEXT_SIZE];
    if (given->roles.count > 0) TRY(authorise_sensitive(request));
    TRY(users_create(service_of(request), &request->task, &draft, &user, &rights));
    id_print(user.id, id);
    response_header_set(response, "Location", str_printf(request->task.arena, "/v1/admin/users/%s", id));
    return answer(request, &user, &rights, response);
}

result admin_user_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct user user;
    struct rights rights;
    TRY(path_id(request, 0, &id));
    TRY(user_find(service_of(request)->db, &request->task, id, &user));
    TRY(rights_read(service_of(request)->db, &request->task, id, &rights));
    return answer(request, &user, &rights, response);
}

result admin_user_patch(struct request *request, const void *body, struct response *response)
{
    const struct user_body *given = body;
    const struct versions_expected expected = versions_expected(request);
    const struct user_change change = {.sets_email = is_present(given->email_presence),
                                       .email = given->email,
                                       .sets_verified = is_present(given->verified_presence),
                                       .is_email_verified = given->email_verified,
                                       .sets_name = is_present(given->name_presence),
                                       .name = given->name,
                                       .sets_locale = is_present(given->locale_presence),
                                       .locale = given->locale,
                                       .sets_requires_mfa = is_present(given->requires_mfa_presence),
                                       .requires_mfa = given->requires_mfa,
                                       .sets_external_id = is_present(given->external_id_presence),
                                       .external_id = given->external_id,
                                       .device = device_of(request)};
    struct user_target target;
    struct user user;
    struct rights rights;
    if (change.sets_email || change.sets_requires_mfa) TRY(authorise_sensitive(request));
    TRY(read_target(request, &expected, &target));
    TRY(users_update(service_of(request), &request->task, &target, &change, &user, &rights));
    return answer(request, &user, &rights, response);
}

result admin_user_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct user_delete_query *query = request->query_value;
    const struct versions_expected expected = versions_expected(request);
    struct user_target target;
    struct user_delete_reply reply;
    TRY(read_target(request, &expected, &target));
    TRY(users_delete(service_of(request), &request->task, &target, query->now, &reply.delete_after_ms));
    return response_json(response, request->task.arena, &user_delete_reply_fields, &reply);
}

result admin_user_lock_put(struct request *request, const void *body, struct response *response)
{
    (void)response;
    const struct user_lock_body *given = body;
    const struct versions_expected expected = versions_expected(request);
    struct user_target target;
    TRY(read_target(request, &expected, &target));
    return users_lock(service_of(request), &request->task, &target, given->reason);
}

result admin_user_lock_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct versions_expected expected = versions_expected(request);
    struct user_target target;
    TRY(read_target(request, &expected, &target));
    return users_unlock(service_of(request), &request->task, &target);
}
