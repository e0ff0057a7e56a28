// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "account_word_internal.h"
#include "auth/domain/rights.h"
#include "auth/domain/scopes.h"
#include "auth/store/session_repo.h"
#include "group_word_internal.h"
#include "pages_internal.h"
#include "time_word_internal.h"
#include "user_command_internal.h"

struct user_row {
    struct id id;
    struct str email;
    struct str status;
    bool is_verified;
    struct str name;
    int64_t created_at_ms;
    struct str locale;
    struct str lock_reason;
    bool requires_mfa;
    bool has_password;
    struct str external_id;
    struct str_list roles;
    struct str_list groups;
    int64_t updated_at_ms;
    int64_t last_login_at_ms;
    int64_t delete_after_ms;
};

#define ROW(key, row_type, row_flags, member)                                                                \
    {                                                                                                        \
        .name = (key), .type = (row_type), .flags = (row_flags), .offset = offsetof(struct user_row, member) \
    }

/* A list shows the first ones. */
#define LIST_ROWS 6u
static const struct field USER_ROWS[] = {
    ROW("id", FIELD_ID, FIELD_REQUIRED, id),
    ROW("email", FIELD_STRING, FIELD_REQUIRED, email),
    ROW("status", FIELD_STRING, FIELD_REQUIRED, status),
    ROW("email_verified", FIELD_BOOLEAN, FIELD_REQUIRED, is_verified),
    ROW("name", FIELD_STRING, 0, name),
    ROW("created_at", FIELD_TIME, FIELD_REQUIRED, created_at_ms),
    ROW("locale", FIELD_STRING, 0, locale),
    ROW("lock_reason", FIELD_STRING, 0, lock_reason),
    ROW("requires_mfa", FIELD_BOOLEAN, FIELD_REQUIRED, requires_mfa),
    ROW("has_password", FIELD_BOOLEAN, FIELD_REQUIRED, has_password),
    ROW("external_id", FIELD_STRING, 0, external_id),
    ROW("roles", FIELD_STRINGS, 0, roles),
    ROW("groups", FIELD_STRINGS, 0, groups),
    ROW("updated_at", FIELD_TIME, FIELD_REQUIRED, updated_at_ms),
    ROW("last_login_at", FIELD_TIME, 0, last_login_at_ms),
    ROW("delete_after", FIELD_TIME, 0, delete_after_ms),
};
static const struct fields USER_LIST_FIELDS = {
    .title = "UserRow", .rows = USER_ROWS, .count = LIST_ROWS, .size = sizeof(struct user_row)};
static const struct fields USER_FIELDS = FIELDS(USER_ROWS, struct user_row, "User");

static struct user_row row_of(const struct user *user)
{
    return (struct user_row){
        .id = user->id,
        .email = user->email,
        .status = str_from(account_status_name(user->status)),
        .is_verified = user->is_email_verified,
        .name = user->name,
        .created_at_ms = user->created_at_ms,
        .locale = user->locale,
        .lock_reason = user->lock_reason,
        .requires_mfa = user->requires_mfa,
        .has_password = user->has_password,
        .external_id = user->external_id,
        .updated_at_ms = user->updated_at_ms,
        .last_login_at_ms = user->last_login_at_ms,
        .delete_after_ms = user->delete_after_ms,
    };
}

result user_print(struct service *service, struct task *task, struct id id, bool is_json)
{
    struct user user;
    struct rights rights;
    TRY(user_find(service->db, task, id, &user));
    TRY(rights_read(service->db, task, id, &rights));
    struct user_row row = row_of(&user);
    row.roles = list_words(task->arena, rights.roles, ',');
    row.groups = list_words(task->arena, rights.groups, ',');
    record_print(&USER_FIELDS, &row, is_json);
    return RESULT_OK;
}

result user_show(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct account account;
    TRY(account_of_word(service, task, work->line->words[1], &account));
    return user_print(service, task, account.id, work->line->is_json);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

static bool is_status(struct str word)
{
    return str_equal(word, STR("active")) || str_equal(word, STR("locked")) ||
           str_equal(word, STR("closing"));
}

static result read_filter(struct service *service, struct task *task, const struct user_work *work,
                          struct user_filter *ret_filter)
{
    const size_t roles = work->line->value_count;
    *ret_filter = (struct user_filter){
        .status = str_from(work->status),
        .has_verified = work->is_verified || work->is_unverified,
        .is_verified = work->is_verified,
        .email_prefix = str_lower_ascii(task->arena, str_from(work->prefix)),
        .role = roles > 0 ? str_from(work->line->values[0]) : STR_NONE,
    };
    if (work->status && !is_status(ret_filter->status))
        fault_add_field(&task->fault, "--status", "not_a_choice", "must be active, locked or closing");
    if (roles > 1 || (roles == 1 && work->group))
        fault_add_field(&task->fault, "--role", "not_together", "one role or one group at a time");
    if (task->fault.error_count != 0) FAIL(&task->fault, VALIDATION_FAILED, "filters refused");
    TRY(time_of_word(task, "--created-after", work->created_after, &ret_filter->created_from_ms));
    TRY(time_of_word(task, "--created-before", work->created_before, &ret_filter->created_until_ms));
    if (!work->group) return RESULT_OK;
    struct group group;
    TRY(group_of_word(service, task, work->group, &group));
    ret_filter->group_id = group.id;
    return RESULT_OK;
}

struct list_work {
    struct user_filter filter;
    bool is_json;
    struct id after; /* the last one that was printed */
};

static result list_page(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct list_work *work = argument;
    struct user_list page;
    TRY(user_list_page(service->db, task, &work->filter, work->after, PAGE_ROWS, &page));
    struct user_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        rows[i] = row_of(&page.items[i]);
        work->after = rows[i].id;
    }
    list_print(&USER_LIST_FIELDS, &(struct object_list){rows, page.count}, work->is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

result user_list(struct service *service, struct task *task, void *argument)
{
    const struct user_work *asked = argument;
    struct list_work work = {.is_json = asked->line->is_json};
    TRY(read_filter(service, task, asked, &work.filter));
    return pages_print(service, task, list_page, &work);
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

struct session_row {
    struct id id;
    struct str client_id;
    struct str address;
    struct str user_agent;
    struct str amr;
    int64_t created_at_ms;
    int64_t last_seen_at_ms;
};

#define SESSION_ROW(key, row_type, member)                                                \
    {                                                                                     \
        .name = (key), .type = (row_type), .offset = offsetof(struct session_row, member) \
    }

static const struct field SESSION_ROWS[] = {
    SESSION_ROW("id", FIELD_ID, id),
    SESSION_ROW("client_id", FIELD_STRING, client_id),
    SESSION_ROW("ip", FIELD_STRING, address),
    SESSION_ROW("user_agent", FIELD_STRING, user_agent),
    SESSION_ROW("amr", FIELD_STRING, amr),
    SESSION_ROW("created_at", FIELD_TIME, created_at_ms),
    SESSION_ROW("last_seen_at", FIELD_TIME, last_seen_at_ms),
};
static const struct fields SESSION_FIELDS = FIELDS(SESSION_ROWS, struct session_row, "Session");

/* All of them, or the one that a further word names: a word that names none ends none. */
static result end_sessions(struct service *service, struct task *task, const struct user_work *work,
                           struct id account_id)
{
    const struct user_target target = {.id = account_id, .granter = scopes_of_shell()};
    const char *user = work->line->words[1];
    struct id session_id;
    if (work->line->word_count < 3) return users_end_sessions(service, task, &target);
    const char *word = work->line->words[2];
    if (!id_parse(str_from(word), &session_id))
        FAIL(&task->fault, BAD_REQUEST, "%s is not the id of a session; see: auth user sessions %s", word,
             user);
    const result ended = users_end_session(service, task, &target, session_id);
    if (ended.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no session %s of %s; see: auth user sessions %s", word, user, user);
    return ended;
}

struct session_work {
    struct id account_id;
    bool is_json;
    struct id before; /* the last one that was printed */
};

static result session_page(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct session_work *work = argument;
    struct session_list page;
    TRY(session_list_page(service->db, task, work->account_id, work->before, PAGE_ROWS, &page));
    struct session_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        const struct session *session = &page.items[i];
        rows[i] = (struct session_row){
            session->id,  session->client_id,     session->client_address, session->user_agent,
            session->amr, session->created_at_ms, session->refreshed_at_ms};
        work->before = session->id;
    }
    list_print(&SESSION_FIELDS, &(struct object_list){rows, page.count}, work->is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

result user_sessions(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct account account;
    TRY(account_of_word(service, task, work->line->words[1], &account));
    if (work->ends_sessions) return end_sessions(service, task, work, account.id);
    if (work->line->word_count > 2)
        FAIL(&task->fault, BAD_REQUEST, "%s is one word too many; to end this session say --end",
             work->line->words[2]);
    struct session_work listed = {.account_id = account.id, .is_json = work->line->is_json};
    return pages_print(service, task, session_page, &listed);
}
