// SPDX-License-Identifier: MIT
#include "auth/domain/login_challenge.h"
#include "auth/domain/password_policy.h"
#include "auth/domain/reauthentication.h"
#include "factor_api_internal.h"

#define CODE_ROW(structure, is_required)                                                                   \
    {                                                                                                      \
        .name = "code", .type = FIELD_SECRET, .flags = (is_required), .offset = offsetof(structure, code), \
        .min = 1, .max = SECOND_FACTOR_CODE_MAX,                                                           \
        .description = "What the authenticator program shows, or one of the recovery codes",               \
        .example = "\"123456\""                                                                            \
    }
#define DEVICE_TOKEN_ROW(structure)                                                                \
    {                                                                                              \
        .name = "device_token", .type = FIELD_SECRET, .offset = offsetof(structure, device_token), \
        .max = 128, .description = "What an earlier sign-in from this device was given"            \
    }

/* --- the second step of signing in -------------------------------------------------------------------------------- */

struct login_continue_body {
    struct secret login_token;
    int method;
    struct secret code;
    struct secret device_token;
};

static const char *const SECOND_METHODS[] = {
    [SECOND_FACTOR_TOTP] = "totp", [SECOND_FACTOR_RECOVERY] = "recovery", NULL};

static const struct field LOGIN_CONTINUE_ROWS[] = {
    {.name = "login_token",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct login_continue_body, login_token),
     .min = 1,
     .max = 128,
     .description = "From the answer mfa_required; good for five minutes, five attempts and one sign-in",
     .example = "\"lt_JzY0M3Vn\""},
    {.name = "method",
     .type = FIELD_CHOICE,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct login_continue_body, method),
     .choices = SECOND_METHODS,
     .description = "What the code is of",
     .example = "\"totp\""},
    CODE_ROW(struct login_continue_body, FIELD_REQUIRED),
    DEVICE_TOKEN_ROW(struct login_continue_body),
};
const struct fields login_continue_body_fields =
    FIELDS(LOGIN_CONTINUE_ROWS, struct login_continue_body, "LoginContinuation");

result login_continue_post(struct request *request, const void *body, struct response *response)
{
    const struct login_continue_body *given = body;
    struct login_continuation continuation = {.login_token = given->login_token,
                                              .kind = (enum second_factor_kind)given->method,
                                              .code = given->code,
                                              .device = device_of(request)};
    struct token_response tokens;
    continuation.device.token = given->device_token;
    TRY(login_continue(service_of(request), &request->task, &continuation, &tokens));
    return response_json(response, request->task.arena, &token_response_fields, &tokens);
}

/* --- fresh authentication ----------------------------------------------------------------------------------------- */

struct reauth_body {
    int method;
    struct secret password;
    struct secret code;
    struct secret device_token;
};

static const char *const REAUTH_METHODS[] = {[REAUTHENTICATE_PASSWORD] = "password",
                                             [REAUTHENTICATE_TOTP] = "totp",
                                             [REAUTHENTICATE_RECOVERY] = "recovery",
                                             NULL};

static const struct field REAUTH_ROWS[] = {
    {.name = "method",
     .type = FIELD_CHOICE,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct reauth_body, method),
     .choices = REAUTH_METHODS,
     .description = "What is proved: by password alone the session is of one factor, by a code of two",
     .example = "\"password\""},
    {.name = "password",
     .type = FIELD_SECRET,
     .offset = offsetof(struct reauth_body, password),
     .min = 1,
     .max = PASSWORD_CHARS_MAX,
     .description = "With the method password",
     .example = "\"correct horse battery staple\""},
    CODE_ROW(struct reauth_body, 0),
    DEVICE_TOKEN_ROW(struct reauth_body),
};
const struct fields reauth_body_fields = FIELDS(REAUTH_ROWS, struct reauth_body, "Reauthentication");

static result proof_of(struct task *task, const struct reauth_body *given, struct secret *ret_proof)
{
    const bool is_password = given->method == REAUTHENTICATE_PASSWORD;
    *ret_proof = is_password ? given->password : given->code;
    if (ret_proof->len != 0) return RESULT_OK;
    fault_add_field(&task->fault, is_password ? "/password" : "/code", "required",
                    "must be given with this method");
    FAIL(&task->fault, VALIDATION_FAILED, "nothing to be verified");
}

result reauth_post(struct request *request, const void *body, struct response *response)
{
    const struct reauth_body *given = body;
    const struct principal *principal = &caller_of(request)->principal;
    struct reauthentication asked = {.account_id = principal->account_id,
                                     .session_id = principal->session_id,
                                     .method = (enum reauthentication_method)given->method,
                                     .device = device_of(request)};
    struct token_response tokens;
    asked.device.token = given->device_token;
    TRY(proof_of(&request->task, given, &asked.proof));
    const result done = reauthenticate(service_of(request), &request->task, &asked, &tokens);
    if (done.code == STATUS_STEP_UP_REQUIRED) tell_two_factors(request);
    TRY(done);
    return response_json(response, request->task.arena, &token_response_fields, &tokens);
}
