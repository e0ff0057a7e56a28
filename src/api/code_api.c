// SPDX-License-Identifier: MIT
#include "code_api_internal.h"

#include "auth/domain/code_redemption.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/email.h"
#include "auth/domain/email_change.h"
#include "auth/domain/password_policy.h"

struct code_request_body {
    int purpose;
    struct str email;
};

/* In the order of enum code_purpose; a change of address is asked for at /v1/me/email. */
static const char *const REQUEST_PURPOSES[] = {"verify", "login", "reset", NULL};
static const char *const REDEMPTION_PURPOSES[] = {"verify", "login", "reset", "change", NULL};

static const struct field CODE_REQUEST_ROWS[] = {
    {.name = "purpose",
     .type = FIELD_CHOICE,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct code_request_body, purpose),
     .choices = REQUEST_PURPOSES,
     .description = "What the code is to be good for",
     .example = "\"reset\""},
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct code_request_body, email),
     .min = 3,
     .max = EMAIL_BYTES_MAX,
     .description = "Address of the account",
     .example = "\"ada@example.org\""},
};
const struct fields code_request_body_fields =
    FIELDS(CODE_REQUEST_ROWS, struct code_request_body, "CodeRequest");

struct code_request_reply {
    int64_t expires_in;
};

static const struct field CODE_REQUEST_REPLY_ROWS[] = {
    {.name = "expires_in",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct code_request_reply, expires_in),
     .description = "Seconds a code is good for; the answer is the same whether or not one was sent",
     .example = "900"},
};
const struct fields code_request_reply_fields =
    FIELDS(CODE_REQUEST_REPLY_ROWS, struct code_request_reply, "CodeRequestReply");

struct code_redemption_body {
    int purpose;
    struct secret token;
    struct str email;
    struct secret code;
    struct secret new_password;
    struct secret device_token;
};

static const struct field CODE_REDEMPTION_ROWS[] = {
    {.name = "purpose",
     .type = FIELD_CHOICE,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct code_redemption_body, purpose),
     .choices = REDEMPTION_PURPOSES,
     .description = "What the code was asked for",
     .example = "\"reset\""},
    {.name = "token",
     .type = FIELD_SECRET,
     .offset = offsetof(struct code_redemption_body, token),
     .min = 1,
     .max = TOKEN_TEXT_MAX,
     .description = "What stands behind the # of the link; else the address and the code are given"},
    {.name = "email",
     .type = FIELD_STRING,
     .offset = offsetof(struct code_redemption_body, email),
     .min = 3,
     .max = EMAIL_BYTES_MAX,
     .description = "Address the code was sent to",
     .example = "\"ada@example.org\""},
    {.name = "code",
     .type = FIELD_SECRET,
     .offset = offsetof(struct code_redemption_body, code),
     .min = CODE_DIGITS,
     .max = CODE_DIGITS,
     .description = "The digits of the mail",
     .example = "\"12345678\""},
    {.name = "new_password",
     .type = FIELD_SECRET,
     .offset = offsetof(struct code_redemption_body, new_password),
     .min = 1,
     .max = PASSWORD_CHARS_MAX,
     .description = "For reset: the password from now on",
     .example = "\"seven grey geese at dawn\""},
    {.name = "device_token",
     .type = FIELD_SECRET,
     .offset = offsetof(struct code_redemption_body, device_token),
     .max = 128,
     .description = "For login: what an earlier sign-in from this device was given"},
};
const struct fields code_redemption_body_fields =
    FIELDS(CODE_REDEMPTION_ROWS, struct code_redemption_body, "CodeRedemption");

result codes_post(struct request *request, const void *body, struct response *response)
{
    const struct code_request_body *given = body;
    const struct code_request wanted = {
        .purpose = (enum code_purpose)given->purpose, .email = given->email, .device = device_of(request)};
    struct code_request_reply reply;
    TRY(code_requests_ask(service_of(request), &request->task, &wanted, &reply.expires_in));
    return response_json(response, request->task.arena, &code_request_reply_fields, &reply);
}

/* Names every member that has to be there, or must not be. */
static void expect_member(struct task *task, const char *pointer, bool is_given, bool is_wanted)
{
    if (is_given && !is_wanted) fault_add_field(&task->fault, pointer, "unknown", "is not taken here");
    if (!is_given && is_wanted) fault_add_field(&task->fault, pointer, "required", "must be given");
}

/* A link, or a code with its address; a change of address takes the link alone, since its code belongs to a session. */
static result check_members(struct task *task, const struct code_redemption_body *given)
{
    const bool is_by_code = given->token.len == 0 && given->purpose != CODE_CHANGE;
    expect_member(task, "/token", given->token.len > 0, !is_by_code);
    expect_member(task, "/email", !is_empty(given->email), is_by_code);
    expect_member(task, "/code", given->code.len > 0, is_by_code);
    expect_member(task, "/new_password", given->new_password.len > 0, given->purpose == CODE_RESET);
    if (task->fault.error_count > 0) FAIL(&task->fault, VALIDATION_FAILED, "members do not fit together");
    return RESULT_OK;
}

static result redeem(struct request *request, const struct code_redemption *redemption,
                     struct token_response *ret_tokens, bool *ret_has_tokens)
{
    struct service *service = service_of(request);
    *ret_has_tokens = redemption->purpose == CODE_LOGIN;
    switch (redemption->purpose) {
    case CODE_VERIFY:
        return code_redemption_verify(service, &request->task, redemption, ret_tokens, ret_has_tokens);
    case CODE_LOGIN:
        return code_redemption_login(service, &request->task, redemption, ret_tokens);
    case CODE_RESET:
        return code_redemption_reset(service, &request->task, redemption);
    case CODE_CHANGE:
        return email_change_confirm(
            service, &request->task,
            &(struct email_proof){.token = redemption->token, .device = redemption->device});
    case CODE_PURPOSE_COUNT:
        break;
    }
    return RESULT(INTERNAL);
}

result codes_verify_post(struct request *request, const void *body, struct response *response)
{
    const struct code_redemption_body *given = body;
    struct code_redemption redemption = {.purpose = (enum code_purpose)given->purpose,
                                         .token = given->token,
                                         .email = given->email,
                                         .code = given->code,
                                         .new_password = given->new_password,
                                         .device = device_of(request)};
    struct token_response tokens;
    bool has_tokens;
    redemption.device.token = given->device_token;
    TRY(check_members(&request->task, given));
    TRY(redeem(request, &redemption, &tokens, &has_tokens));
    response->status = has_tokens ? 200 : 204;
    if (!has_tokens) return RESULT_OK;
    return response_json(response, request->task.arena, &token_response_fields, &tokens);
}

/* --- another address ---------------------------------------------------------------------------------------------- */

struct email_change_body {
    struct str email;
};

static const struct field EMAIL_CHANGE_ROWS[] = {
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct email_change_body, email),
     .min = 3,
     .max = EMAIL_BYTES_MAX,
     .description = "The address from now on, once it is proved",
     .example = "\"ada@example.net\""},
};
const struct fields email_change_body_fields =
    FIELDS(EMAIL_CHANGE_ROWS, struct email_change_body, "EmailChange");

struct email_code_body {
    struct secret code;
};

static const struct field EMAIL_CODE_ROWS[] = {
    {.name = "code",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct email_code_body, code),
     .min = CODE_DIGITS,
     .max = CODE_DIGITS,
     .description = "The digits of the mail to the new address",
     .example = "\"12345678\""},
};
const struct fields email_code_body_fields = FIELDS(EMAIL_CODE_ROWS, struct email_code_body, "EmailCode");

result me_email_post(struct request *request, const void *body, struct response *response)
{
    const struct email_change_body *given = body;
    const struct principal *principal = &caller_of(request)->principal;
    const struct email_change change = {.account_id = principal->account_id,
                                        .session_id = principal->session_id,
                                        .email = given->email,
                                        .device = device_of(request)};
    struct code_request_reply reply;
    TRY(email_change_ask(service_of(request), &request->task, &change, &reply.expires_in));
    return response_json(response, request->task.arena, &code_request_reply_fields, &reply);
}

result me_email_verify_post(struct request *request, const void *body, struct response *response)
{
    (void)response;
    const struct email_code_body *given = body;
    const struct email_proof proof = {.account_id = caller_of(request)->principal.account_id,
                                      .code = given->code,
                                      .device = device_of(request)};
    return email_change_confirm(service_of(request), &request->task, &proof);
}
