// SPDX-License-Identifier: MIT
#include "account_word_internal.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/invitations.h"
#include "auth/domain/mailer.h"
#include "auth/domain/scopes.h"
#include "user_command_internal.h"

/* What is printed once, when a link is made. */
struct link_made {
    struct str url;
    struct str code;
    int64_t expires_at_ms;
};

static const struct field LINK_ROWS[] = {
    {.name = "url", .type = FIELD_STRING, .offset = offsetof(struct link_made, url)},
    {.name = "code", .type = FIELD_STRING, .offset = offsetof(struct link_made, code)},
    {.name = "expires_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct link_made, expires_at_ms)},
};
static const struct fields LINK_FIELDS = FIELDS(LINK_ROWS, struct link_made, "Link");

static void print(const struct user_work *work, const struct link_made *made)
{
    list_print(&LINK_FIELDS, &(struct object_list){made, 1}, work->line->is_json);
}

/* Mailed, as over the API, where there is a mail server; --print-link hands it over instead. */
static bool is_to_be_mailed(const struct service *service, const struct user_work *work)
{
    return work->is_mailed || (!work->prints_link && mailer_has_server(service->mailer));
}

result user_invite(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    const bool is_mailed = is_to_be_mailed(service, work);
    const struct invitation_order order = {.email = str_from(work->line->words[1]),
                                           .roles = list_words(task->arena, str_from(work->roles), ' '),
                                           .groups = list_words(task->arena, str_from(work->groups), ' '),
                                           .locale = str_from(work->locale),
                                           .granter = scopes_of_shell(),
                                           .is_not_mailed = !is_mailed};
    struct invitation invitation;
    struct secret token;
    TRY(invitations_create(service, task, &order, &invitation, &token));
    struct link_made made = {.expires_at_ms = invitation.expires_at_ms};
    if (!is_mailed) made.url = secret_expose(invitations_link(service, task, token));
    print(work, &made);
    return RESULT_OK;
}

static bool read_purpose(struct str word, enum code_purpose *ret_purpose)
{
    static const struct str names[] = {STR_INIT("verify"), STR_INIT("login"), STR_INIT("reset")};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (!str_equal(word, names[i])) continue;
        *ret_purpose = (enum code_purpose)i;
        return true;
    }
    return false;
}

result user_link(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct code_link_order order = {.granter = scopes_of_shell(), .is_mailed = work->is_mailed};
    struct account account;
    struct code_link link;
    if (!read_purpose(str_from(work->line->words[2]), &order.purpose))
        FAIL(&task->fault, BAD_REQUEST, "a link is for one of reset, login, verify");
    TRY(account_of_word(service, task, work->line->words[1], &account));
    order.account_id = account.id;
    TRY(code_requests_link(service, task, &order, &link));
    struct link_made made = {.expires_at_ms = link.expires_at_ms};
    if (!work->is_mailed) {
        made.url = secret_expose(link.link);
        made.code = secret_expose(link.code);
    }
    print(work, &made);
    return RESULT_OK;
}
