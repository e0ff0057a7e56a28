// SPDX-License-Identifier: MIT
#include "invitation_api_internal.h"

#include "auth/domain/accounts.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/email.h"
#include "auth/domain/invitations.h"
#include "paging_internal.h"

/* --- invitations -------------------------------------------------------------------------------------------------- */

struct invitation_body {
    struct str email;
    struct str_list roles;
    struct str_list groups;
    struct str locale;
    bool mail;
    enum presence mail_presence;
};

static const struct field INVITATION_BODY_ROWS[] = {
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct invitation_body, email),
     .min = 3,
     .max = EMAIL_BYTES_MAX,
     .description = "Who is invited; nobody else can use the link",
     .example = "\"grace@example.org\""},
    {.name = "roles",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct invitation_body, roles),
     .max = INVITATION_GRANTS_MAX,
     .description =
         "Names of roles to be given; takes admin:roles, and of the admin: scopes only what you have"},
    {.name = "groups",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct invitation_body, groups),
     .max = INVITATION_GRANTS_MAX,
     .description = "Ids of groups to belong to; takes admin:groups, too"},
    {.name = "locale",
     .type = FIELD_STRING,
     .offset = offsetof(struct invitation_body, locale),
     .min = 2,
     .max = ACCOUNT_LOCALE_MAX,
     .description = "RFC 5646 language tag of the mail, and of the account unless another is chosen",
     .example = "\"en-GB\""},
    {.name = "mail",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct invitation_body, mail),
     .presence_offset = offsetof(struct invitation_body, mail_presence),
     .description = "Whether the link is mailed; true when left out. false: hand over the url of the answer",
     .example = "true"},
};
const struct fields invitation_body_fields =
    FIELDS(INVITATION_BODY_ROWS, struct invitation_body, "InvitationRequest");

struct invitation_reply {
    struct id id;
    struct str email;
    struct str_list roles;
    struct str_list groups;
    struct str locale;
    struct str invited_by;
    int64_t created_at_ms;
    int64_t expires_at_ms;
    int64_t accepted_at_ms;
    struct id account_id;
    struct secret url;
};

#define INVITATION_ROWS                                                                                  \
    {.name = "id",                                                                                       \
     .type = FIELD_ID,                                                                                   \
     .flags = FIELD_REQUIRED,                                                                            \
     .offset = offsetof(struct invitation_reply, id),                                                    \
     .description = "Of the invitation"},                                                                \
        {.name = "email",                                                                                \
         .type = FIELD_STRING,                                                                           \
         .flags = FIELD_REQUIRED,                                                                        \
         .offset = offsetof(struct invitation_reply, email),                                             \
         .description = "Who is invited"},                                                               \
        {.name = "roles",                                                                                \
         .type = FIELD_STRINGS,                                                                          \
         .flags = FIELD_REQUIRED,                                                                        \
         .offset = offsetof(struct invitation_reply, roles),                                             \
         .description = "Roles to be given"},                                                            \
        {.name = "groups",                                                                               \
         .type = FIELD_STRINGS,                                                                          \
         .flags = FIELD_REQUIRED,                                                                        \
         .offset = offsetof(struct invitation_reply, groups),                                            \
         .description = "Ids of groups to belong to"},                                                   \
        {.name = "locale",                                                                               \
         .type = FIELD_STRING,                                                                           \
         .offset = offsetof(struct invitation_reply, locale),                                            \
         .description = "RFC 5646 language tag"},                                                        \
        {.name = "invited_by",                                                                           \
         .type = FIELD_STRING,                                                                           \
         .flags = FIELD_REQUIRED,                                                                        \
         .offset = offsetof(struct invitation_reply, invited_by),                                        \
         .description = "Who invited: account:, client: or key: and an id, or a command"},               \
        {.name = "created_at",                                                                           \
         .type = FIELD_TIME,                                                                             \
         .flags = FIELD_REQUIRED,                                                                        \
         .offset = offsetof(struct invitation_reply, created_at_ms),                                     \
         .description = "When it was made"},                                                             \
        {.name = "expires_at",                                                                           \
         .type = FIELD_TIME,                                                                             \
         .flags = FIELD_REQUIRED,                                                                        \
         .offset = offsetof(struct invitation_reply, expires_at_ms),                                     \
         .description = "Until when the link is good"},                                                  \
        {.name = "accepted_at",                                                                          \
         .type = FIELD_TIME,                                                                             \
         .offset = offsetof(struct invitation_reply, accepted_at_ms),                                    \
         .description = "When the account was made with it"},                                            \
    {                                                                                                    \
        .name = "account_id", .type = FIELD_ID, .offset = offsetof(struct invitation_reply, account_id), \
        .description = "That account"                                                                    \
    }

static const struct field INVITATION_REPLY_ROWS[] = {INVITATION_ROWS};
const struct fields invitation_reply_fields =
    FIELDS(INVITATION_REPLY_ROWS, struct invitation_reply, "Invitation");
static const struct field INVITATION_MADE_ROWS[] = {
    INVITATION_ROWS,
    {.name = "url",
     .type = FIELD_SECRET,
     .flags = FIELD_SHOWN,
     .offset = offsetof(struct invitation_reply, url),
     .description = "The link, shown this once, where it is not mailed"},
};
const struct fields invitation_made_reply_fields =
    FIELDS(INVITATION_MADE_ROWS, struct invitation_reply, "InvitationMade");
static const struct field INVITATION_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&invitation_reply_fields, "The invitations, oldest first")};
const struct fields invitation_list_reply_fields =
    FIELDS(INVITATION_LIST_ROWS, struct page_reply, "InvitationList");

static struct str_list words_of(struct arena *arena, struct str words)
{
    struct str *items = arena_alloc_array(arena, INVITATION_GRANTS_MAX, sizeof *items);
    size_t count = 0;
    while (!is_empty(words) && count < INVITATION_GRANTS_MAX) items[count++] = str_split(&words, ' ');
    return (struct str_list){items, count};
}

static struct invitation_reply reply_of(struct arena *arena, const struct invitation *invitation)
{
    return (struct invitation_reply){
        .id = invitation->id,
        .email = invitation->email,
        .roles = words_of(arena, invitation->roles),
        .groups = words_of(arena, invitation->group_ids),
        .locale = invitation->locale,
        .invited_by = invitation->invited_by,
        .created_at_ms = invitation->created_at_ms,
        .expires_at_ms = invitation->expires_at_ms,
        .accepted_at_ms = invitation->accepted_at_ms,
        .account_id = invitation->account_id,
    };
}

result admin_invitations_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    const struct page_query *page = &((const struct page_only_query *)request->query_value)->page;
    struct id after;
    struct invitation_list list;
    TRY(page_after_id(request, page, &after));
    TRY(invitation_list_page(service_of(request)->db, &request->task, after, page_rows_wanted(page), &list));
    const size_t count = page_count(page, list.count);
    struct invitation_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(arena, &list.items[i]);
    const struct page_reply reply = {.data = {items, count},
                                     .next = count < list.count ? page_cursor_id(request, items[count - 1].id)
                                                                : STR_NONE};
    return response_json(response, arena, &invitation_list_reply_fields, &reply);
}

result admin_invitations_post(struct request *request, const void *body, struct response *response)
{
    const struct invitation_body *given = body;
    const struct principal *principal = &caller_of(request)->principal;
    const struct invitation_order order = {.email = given->email,
                                           .roles = given->roles,
                                           .groups = given->groups,
                                           .locale = given->locale,
                                           .inviter = principal->email,
                                           .granter = principal->scope,
                                           .is_not_mailed = is_present(given->mail_presence) && !given->mail};
    struct invitation invitation;
    struct secret token;
    char id[ID_TEXT_SIZE];
    if (given->roles.count + given->groups.count > 0) TRY(authorise_sensitive(request));
    TRY(invitations_create(service_of(request), &request->task, &order, &invitation, &token));
    struct invitation_reply reply = reply_of(request->task.arena, &invitation);
    if (order.is_not_mailed) reply.url = invitations_link(service_of(request), &request->task, token);
    id_print(invitation.id, id);
    response_header_set(response, "Location",
                        str_printf(request->task.arena, "/v1/admin/invitations/%s", id));
    return response_json(response, request->task.arena, &invitation_made_reply_fields, &reply);
}

result admin_invitation_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct invitation invitation;
    REQUIRE(id_parse(request->path_values[0], &id), NOT_FOUND);
    TRY(invitation_find(service_of(request)->db, &request->task, id, &invitation));
    const struct invitation_reply reply = reply_of(request->task.arena, &invitation);
    return response_json(response, request->task.arena, &invitation_reply_fields, &reply);
}

result admin_invitation_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct id id;
    REQUIRE(id_parse(request->path_values[0], &id), NOT_FOUND);
    return invitations_revoke(service_of(request), &request->task, id);
}

/* --- links -------------------------------------------------------------------------------------------------------- */

struct user_link_body {
    int purpose;
    bool mail;
};

/* In the order of enum code_purpose. */
static const char *const LINK_PURPOSES[] = {"verify", "login", "reset", NULL};

static const struct field USER_LINK_ROWS[] = {
    {.name = "purpose",
     .type = FIELD_CHOICE,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_link_body, purpose),
     .choices = LINK_PURPOSES,
     .description = "What the link is to be good for",
     .example = "\"reset\""},
    {.name = "mail",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct user_link_body, mail),
     .description = "true: the link is mailed to the account's address, and nobody else sees it",
     .example = "true"},
};
const struct fields user_link_body_fields = FIELDS(USER_LINK_ROWS, struct user_link_body, "UserLinkRequest");

struct user_link_reply {
    struct secret url;
    struct secret code;
    int64_t expires_at_ms;
};

static const struct field USER_LINK_REPLY_ROWS[] = {
    {.name = "url",
     .type = FIELD_SECRET,
     .flags = FIELD_SHOWN,
     .offset = offsetof(struct user_link_reply, url),
     .description = "The link, shown this once, where it is not mailed"},
    {.name = "code",
     .type = FIELD_SECRET,
     .flags = FIELD_SHOWN,
     .offset = offsetof(struct user_link_reply, code),
     .description = "The digits that do the same, shown this once, where they are not mailed"},
    {.name = "expires_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_link_reply, expires_at_ms),
     .description = "Until when both are good"},
};
const struct fields user_link_reply_fields = FIELDS(USER_LINK_REPLY_ROWS, struct user_link_reply, "UserLink");

result admin_user_links_post(struct request *request, const void *body, struct response *response)
{
    const struct user_link_body *given = body;
    struct code_link_order order = {.purpose = (enum code_purpose)given->purpose,
                                    .granter = caller_of(request)->principal.scope,
                                    .is_mailed = given->mail};
    struct code_link link;
    REQUIRE(id_parse(request->path_values[0], &order.account_id), NOT_FOUND);
    TRY(code_requests_link(service_of(request), &request->task, &order, &link));
    struct user_link_reply reply = {.expires_at_ms = link.expires_at_ms};
    if (!order.is_mailed) {
        reply.url = link.link;
        reply.code = link.code;
    }
    return response_json(response, request->task.arena, &user_link_reply_fields, &reply);
}
