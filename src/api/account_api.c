// SPDX-License-Identifier: MIT
#include "api_internal.h"
#include "auth/crypto/token.h"
#include "auth/domain/accounts.h"
#include "auth/domain/email.h"
#include "auth/domain/login.h"
#include "auth/domain/password_policy.h"
#include "rights_api_internal.h"

#define EMAIL_EXAMPLE "\"ada@example.org\""

struct signup_body {
    struct str email;
    struct secret password;
    struct secret invite;
    struct str name;
    struct str locale;
};

static const struct field SIGNUP_ROWS[] = {
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct signup_body, email),
     .min = 3,
     .max = EMAIL_BYTES_MAX,
     .description = "Address to sign in with",
     .example = EMAIL_EXAMPLE},
    {.name = "password",
     .type = FIELD_SECRET,
     .offset = offsetof(struct signup_body, password),
     .min = 1,
     .max = PASSWORD_CHARS_MAX,
     .description = "Any characters; see /v1/config for the least length. Left out: a code by mail signs in",
     .example = "\"correct horse battery staple\""},
    {.name = "invite",
     .type = FIELD_SECRET,
     .offset = offsetof(struct signup_body, invite),
     .min = 1,
     .max = TOKEN_TEXT_MAX,
     .description = "What stands behind the # of an invitation's link"},
    {.name = "name",
     .type = FIELD_STRING,
     .offset = offsetof(struct signup_body, name),
     .min = 1,
     .max = ACCOUNT_NAME_MAX,
     .description = "Name to be shown",
     .example = "\"Ada Lovelace\""},
    {.name = "locale",
     .type = FIELD_STRING,
     .offset = offsetof(struct signup_body, locale),
     .min = 2,
     .max = ACCOUNT_LOCALE_MAX,
     .description = "RFC 5646 language tag",
     .example = "\"en-GB\""},
};
const struct fields signup_body_fields = FIELDS(SIGNUP_ROWS, struct signup_body, "SignupRequest");

struct signup_reply {
    struct str verification;
};

static const struct field SIGNUP_REPLY_ROWS[] = {
    {.name = "verification",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct signup_reply, verification),
     .description =
         "How the address is verified; the answer is the same whether or not it already has an account",
     .example = "\"none\""},
};
const struct fields signup_reply_fields = FIELDS(SIGNUP_REPLY_ROWS, struct signup_reply, "SignupReply");

struct account_reply {
    struct id id;
    struct str email;
    bool email_verified;
    struct str name;
    struct str locale;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    struct str_list groups;
    struct str_list roles;
};

static const struct field ACCOUNT_REPLY_ROWS[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct account_reply, id),
     .description = "Never changes; the sub of the account's tokens"},
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct account_reply, email),
     .description = "As it was given",
     .example = EMAIL_EXAMPLE},
    {.name = "email_verified",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct account_reply, email_verified),
     .description = "Whether its owner has proved to read it"},
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct account_reply, name),
     .description = "Name to be shown"},
    {.name = "locale",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct account_reply, locale),
     .description = "RFC 5646 language tag"},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct account_reply, created_at_ms),
     .description = "When the account was made"},
    {.name = "updated_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct account_reply, updated_at_ms),
     .description = "When it was last changed"},
    {.name = "groups",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct account_reply, groups),
     .description = "Names of the groups it belongs to, where there are any"},
    {.name = "roles",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct account_reply, roles),
     .description = "Names of its roles, by itself and through groups, where there are any"},
};
const struct fields account_reply_fields = FIELDS(ACCOUNT_REPLY_ROWS, struct account_reply, "Account");

struct me_patch_body {
    struct str name;
    struct str locale;
    enum presence name_presence;
    enum presence locale_presence;
};

static const struct field ME_PATCH_ROWS[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct me_patch_body, name),
     .presence_offset = offsetof(struct me_patch_body, name_presence),
     .min = 1,
     .max = ACCOUNT_NAME_MAX,
     .description = "Name to be shown; null removes it",
     .example = "\"Ada\""},
    {.name = "locale",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct me_patch_body, locale),
     .presence_offset = offsetof(struct me_patch_body, locale_presence),
     .min = 2,
     .max = ACCOUNT_LOCALE_MAX,
     .description = "RFC 5646 language tag; null removes it",
     .example = "\"en-GB\""},
};
const struct fields me_patch_body_fields = FIELDS(ME_PATCH_ROWS, struct me_patch_body, "AccountPatch");

struct me_delete_reply {
    int64_t delete_after_ms;
};

static const struct field ME_DELETE_ROWS[] = {
    {.name = "delete_after",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct me_delete_reply, delete_after_ms),
     .description = "Until then signing in brings the account back"},
};
const struct fields me_delete_reply_fields =
    FIELDS(ME_DELETE_ROWS, struct me_delete_reply, "AccountDeletion");

struct password_body {
    struct secret current;
    struct secret chosen;
};

static const struct field PASSWORD_ROWS[] = {
    {.name = "current",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct password_body, current),
     .min = 1,
     .max = PASSWORD_CHARS_MAX,
     .description = "The password until now",
     .example = "\"correct horse battery staple\""},
    {.name = "new",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct password_body, chosen),
     .min = 1,
     .max = PASSWORD_CHARS_MAX,
     .description = "The password from now on",
     .example = "\"seven grey geese at dawn\""},
};
const struct fields password_body_fields = FIELDS(PASSWORD_ROWS, struct password_body, "PasswordChange");

result signup_post(struct request *request, const void *body, struct response *response)
{
    const struct signup_body *given = body;
    struct service *service = service_of(request);
    const struct signup signup = {.email = given->email,
                                  .password = given->password,
                                  .invitation = given->invite,
                                  .name = given->name,
                                  .locale = given->locale,
                                  .device = device_of(request)};
    struct account account;
    bool is_new;
    TRY(accounts_sign_up(service, &request->task, &signup, &account, &is_new));
    /* Where the address is proved first, nobody learns who has an account. */
    const bool is_by_mail =
        given->invite.len == 0 && (service->policy->requires_verification || given->password.len == 0);
    if (!service->policy->signup_signs_in || is_by_mail) {
        const struct signup_reply reply = {.verification = is_by_mail ? STR("email") : STR("none")};
        return response_json(response, request->task.arena, &signup_reply_fields, &reply);
    }
    /* The operator has chosen convenience: this answer tells who has an account. */
    if (!is_new) FAIL(&request->task.fault, CONFLICT, "address has an account");
    struct token_response tokens;
    const struct sign_in sign_in = {.account = &account,
                                    .device = signup.device,
                                    .amr = signup.password.len > 0 ? STR("pwd") : STR("email")};
    TRY(login_begin(service, &request->task, &sign_in, &tokens));
    response->status = 201;
    return response_json(response, request->task.arena, &token_response_fields, &tokens);
}

static result reply_account(struct request *request, const struct account *account, struct response *response)
{
    const struct principal *principal = &caller_of(request)->principal;
    const struct account_reply reply = {
        .id = account->id,
        .email = account->email,
        .email_verified = account->is_email_verified,
        .name = account->name,
        .locale = account->locale,
        .created_at_ms = account->created_at_ms,
        .updated_at_ms = account->updated_at_ms,
        .groups = names_of(request->task.arena, principal->groups),
        .roles = names_of(request->task.arena, principal->roles),
    };
    return response_json(response, request->task.arena, &account_reply_fields, &reply);
}

result me_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct account account;
    TRY(account_find(service_of(request)->db, &request->task, caller_of(request)->principal.account_id,
                     &account));
    return reply_account(request, &account, response);
}

result me_patch(struct request *request, const void *body, struct response *response)
{
    const struct me_patch_body *given = body;
    const struct account_profile_change change = {.sets_name = is_present(given->name_presence),
                                                  .name = given->name,
                                                  .sets_locale = is_present(given->locale_presence),
                                                  .locale = given->locale};
    struct account account;
    TRY(accounts_update(service_of(request), &request->task, caller_of(request)->principal.account_id,
                        &change, &account));
    return reply_account(request, &account, response);
}

result me_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct me_delete_reply reply;
    const struct device device = device_of(request);
    TRY(accounts_close(service_of(request), &request->task, caller_of(request)->principal.account_id, &device,
                       &reply.delete_after_ms));
    return response_json(response, request->task.arena, &me_delete_reply_fields, &reply);
}

result me_password_put(struct request *request, const void *body, struct response *response)
{
    (void)response;
    const struct password_body *given = body;
    const struct principal *principal = &caller_of(request)->principal;
    const struct password_change change = {.account_id = principal->account_id,
                                           .session_id = principal->session_id,
                                           .current = given->current,
                                           .chosen = given->chosen,
                                           .device = device_of(request)};
    return accounts_change_password(service_of(request), &request->task, &change);
}
