// SPDX-License-Identifier: MIT
#include "api_internal.h"
#include "auth/domain/email.h"
#include "auth/domain/login.h"
#include "auth/domain/password_policy.h"
#include "factor_api_internal.h"
#include "rights_api_internal.h"
#include "user_api_internal.h"

struct login_body {
    int method;
    struct str email;
    struct secret password;
    struct secret device_token;
};

static const char *const LOGIN_METHODS[] = {"password", NULL};

static const struct field LOGIN_ROWS[] = {
    {.name = "method",
     .type = FIELD_CHOICE,
     .offset = offsetof(struct login_body, method),
     .choices = LOGIN_METHODS,
     .description = "How to sign in; password when left out",
     .example = "\"password\""},
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct login_body, email),
     .min = 3,
     .max = EMAIL_BYTES_MAX,
     .description = "Address of the account",
     .example = "\"ada@example.org\""},
    {.name = "password",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct login_body, password),
     .min = 1,
     .max = PASSWORD_CHARS_MAX,
     .description = "Its password",
     .example = "\"correct horse battery staple\""},
    {.name = "device_token",
     .type = FIELD_SECRET,
     .offset = offsetof(struct login_body, device_token),
     .max = 128,
     .description = "What an earlier sign-in from this device was given"},
};
const struct fields login_body_fields = FIELDS(LOGIN_ROWS, struct login_body, "LoginRequest");

enum logout_scope { LOGOUT_THIS, LOGOUT_OTHERS, LOGOUT_ALL };

struct logout_body {
    int scope;
};

static const char *const LOGOUT_SCOPES[] = {"this", "others", "all", NULL};

static const struct field LOGOUT_ROWS[] = {
    {.name = "scope",
     .type = FIELD_CHOICE,
     .offset = offsetof(struct logout_body, scope),
     .choices = LOGOUT_SCOPES,
     .description = "Which sessions end; this one when left out",
     .example = "\"this\""},
};
const struct fields logout_body_fields = FIELDS(LOGOUT_ROWS, struct logout_body, "LogoutRequest");

struct session_reply {
    struct id id;
    int64_t created_at_ms;
    int64_t last_seen_at_ms;
    int64_t expires_at_ms;
    struct str client_id;
    struct str ip;
    struct str user_agent;
    struct str_list amr;
    bool current;
};

static const struct field SESSION_REPLY_ROWS[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct session_reply, id),
     .description = "The sid of its tokens"},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct session_reply, created_at_ms),
     .description = "When it was begun"},
    {.name = "last_seen_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct session_reply, last_seen_at_ms),
     .description = "When it was last refreshed"},
    {.name = "expires_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct session_reply, expires_at_ms),
     .description = "When it ends at the latest"},
    {.name = "client_id",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct session_reply, client_id),
     .description = "The client it was begun for"},
    {.name = "ip",
     .type = FIELD_STRING,
     .offset = offsetof(struct session_reply, ip),
     .description = "Address it was begun from"},
    {.name = "user_agent",
     .type = FIELD_STRING,
     .offset = offsetof(struct session_reply, user_agent),
     .description = "Program it was begun with"},
    {.name = "amr",
     .type = FIELD_STRINGS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct session_reply, amr),
     .description = "How it was authenticated (RFC 8176)"},
    {.name = "current",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct session_reply, current),
     .description = "Whether it is the one that asks"},
};
const struct fields session_reply_fields = FIELDS(SESSION_REPLY_ROWS, struct session_reply, "Session");

static const struct field SESSION_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&session_reply_fields, "The living sessions, newest first")};
const struct fields session_list_reply_fields = FIELDS(SESSION_LIST_ROWS, struct page_reply, "SessionList");

result login_post(struct request *request, const void *body, struct response *response)
{
    const struct login_body *given = body;
    struct login login = {.email = given->email, .password = given->password, .device = device_of(request)};
    struct token_response tokens;
    login.device.token = given->device_token;
    TRY(login_password(service_of(request), &request->task, &login, &tokens));
    return response_json(response, request->task.arena, &token_response_fields, &tokens);
}

static const struct id NO_SESSION = {{0}};

/* A session that has ended meanwhile is logged out all the same. */
static result logout_this(struct service *service, struct task *task, const struct principal *principal)
{
    const result ended = sessions_end(service, task, principal->session_id, principal->account_id, "logout");
    return ended.code == STATUS_NOT_FOUND ? RESULT_OK : ended;
}

result logout_post(struct request *request, const void *body, struct response *response)
{
    (void)response;
    const struct logout_body *given = body;
    const struct principal *principal = &caller_of(request)->principal;
    struct service *service = service_of(request);
    if (given->scope == LOGOUT_THIS) return logout_this(service, &request->task, principal);
    const struct id kept = given->scope == LOGOUT_OTHERS ? principal->session_id : NO_SESSION;
    return sessions_end_all(service, &request->task, principal->account_id, kept, "logout");
}

static struct session_reply reply_of(struct request *request, const struct session *session)
{
    return (struct session_reply){
        .id = session->id,
        .created_at_ms = session->created_at_ms,
        .last_seen_at_ms = session->refreshed_at_ms,
        .expires_at_ms = session->expires_at_ms,
        .client_id = session->client_id,
        .ip = session->client_address,
        .user_agent = session->user_agent,
        .amr = words_of(request->task.arena, session->amr, ' '),
        .current = id_equal(session->id, caller_of(request)->principal.session_id),
    };
}

result reply_sessions(struct request *request, struct id account_id, struct response *response)
{
    struct arena *arena = request->task.arena;
    const struct page_query *page = page_of(request);
    struct id before;
    struct session_list list;
    TRY(page_after_id(request, page, &before));
    TRY(session_list_page(service_of(request)->db, &request->task, account_id, before, page_rows_wanted(page),
                          &list));
    const size_t count = page_count(page, list.count);
    struct session_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(request, &list.items[i]);
    const struct page_reply reply = {.data = {items, count},
                                     .next = count < list.count ? page_cursor_id(request, items[count - 1].id)
                                                                : STR_NONE};
    return response_json(response, arena, &session_list_reply_fields, &reply);
}

result me_sessions_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    return reply_sessions(request, caller_of(request)->principal.account_id, response);
}

result me_sessions_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct principal *principal = &caller_of(request)->principal;
    return sessions_end_all(service_of(request), &request->task, principal->account_id, principal->session_id,
                            "ended_by_owner");
}

static result session_id_of(struct request *request, struct id *ret_id)
{
    REQUIRE(id_parse(request->path_values[0], ret_id), NOT_FOUND);
    return RESULT_OK;
}

result me_session_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct session session;
    TRY(session_id_of(request, &id));
    TRY(session_find(service_of(request)->db, &request->task, id, &session));
    const bool is_own = id_equal(session.account_id, caller_of(request)->principal.account_id);
    REQUIRE(is_own && is_session_alive(&session, request->task.now_ms), NOT_FOUND);
    const struct session_reply reply = reply_of(request, &session);
    return response_json(response, request->task.arena, &session_reply_fields, &reply);
}

result me_session_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct id id;
    TRY(session_id_of(request, &id));
    return sessions_end(service_of(request), &request->task, id, caller_of(request)->principal.account_id,
                        "ended_by_owner");
}
