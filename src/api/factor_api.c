// SPDX-License-Identifier: MIT
#include "auth/domain/factors.h"
#include "auth/domain/login_challenge.h"

#include "auth/store/account_repo.h"
#include "factor_api_internal.h"

#define CODE_EXAMPLE "\"123456\""

/* --- what is told of a factor ------------------------------------------------------------------------------------- */

struct factor_reply {
    struct id id;
    struct str type;
    struct str name;
    bool confirmed;
    int64_t created_at_ms;
    int64_t last_used_at_ms;
    struct str_list recovery_codes; /* in the answer to the first confirmation alone */
};

#define FACTOR_ROWS                                                         \
    {.name = "id",                                                          \
     .type = FIELD_ID,                                                      \
     .flags = FIELD_REQUIRED,                                               \
     .offset = offsetof(struct factor_reply, id),                           \
     .description = "Its name in paths"},                                   \
        {.name = "type",                                                    \
         .type = FIELD_STRING,                                              \
         .flags = FIELD_REQUIRED,                                           \
         .offset = offsetof(struct factor_reply, type),                     \
         .description = "totp: codes of an authenticator program",          \
         .example = "\"totp\""},                                            \
        {.name = "name",                                                    \
         .type = FIELD_STRING,                                              \
         .flags = FIELD_REQUIRED | FIELD_NULLABLE,                          \
         .offset = offsetof(struct factor_reply, name),                     \
         .description = "Its owner's word for it"},                         \
        {.name = "confirmed",                                               \
         .type = FIELD_BOOLEAN,                                             \
         .flags = FIELD_REQUIRED,                                           \
         .offset = offsetof(struct factor_reply, confirmed),                \
         .description = "Whether it counts: from its first right code on"}, \
        {.name = "created_at",                                              \
         .type = FIELD_TIME,                                                \
         .flags = FIELD_REQUIRED,                                           \
         .offset = offsetof(struct factor_reply, created_at_ms),            \
         .description = "When it was enrolled"},                            \
    {                                                                       \
        .name = "last_used_at", .type = FIELD_TIME,                         \
        .offset = offsetof(struct factor_reply, last_used_at_ms),           \
        .description = "When a code of it was last accepted"                \
    }

static const struct field FACTOR_REPLY_ROWS[] = {FACTOR_ROWS};
const struct fields factor_reply_fields = FIELDS(FACTOR_REPLY_ROWS, struct factor_reply, "Factor");

static const struct field FACTOR_VERIFIED_ROWS[] = {
    FACTOR_ROWS,
    {.name = "recovery_codes",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct factor_reply, recovery_codes),
     .description = "With the first factor, and shown this once: each stands in for a code, once"},
};
const struct fields factor_verified_fields =
    FIELDS(FACTOR_VERIFIED_ROWS, struct factor_reply, "FactorVerified");

struct factor_list_reply {
    struct object_list data;
    struct str next;
    int64_t recovery_codes_left;
    bool required;
};

static const struct field FACTOR_LIST_ROWS[] = {
    {.name = "data",
     .type = FIELD_OBJECTS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_list_reply, data),
     .object = &factor_reply_fields,
     .description = "The second factors, oldest first"},
    {.name = "next",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct factor_list_reply, next),
     .description = "Where the next page begins; null on the last"},
    {.name = "recovery_codes_left",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_list_reply, recovery_codes_left),
     .description = "How many were not used yet"},
    {.name = "required",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_list_reply, required),
     .description = "Whether a second factor is asked for when signing in"},
};
const struct fields factor_list_reply_fields =
    FIELDS(FACTOR_LIST_ROWS, struct factor_list_reply, "FactorList");

static struct factor_reply reply_of(const struct factor *factor)
{
    return (struct factor_reply){.id = factor->id,
                                 .type = factor->kind,
                                 .name = factor->name,
                                 .confirmed = factor->confirmed_at_ms != 0,
                                 .created_at_ms = factor->created_at_ms,
                                 .last_used_at_ms = factor->last_used_at_ms};
}

/* --- what is taken ------------------------------------------------------------------------------------------------ */

enum factor_type { FACTOR_TYPE_TOTP, FACTOR_TYPE_RECOVERY_CODES };

struct factor_post_body {
    int type;
    struct str name;
};

static const char *const FACTOR_TYPES[] = {"totp", "recovery_codes", NULL};

static const struct field FACTOR_POST_ROWS[] = {
    {.name = "type",
     .type = FIELD_CHOICE,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_post_body, type),
     .choices = FACTOR_TYPES,
     .description = "totp: an authenticator program; recovery_codes: ten new ones instead of the older",
     .example = "\"totp\""},
    {.name = "name",
     .type = FIELD_STRING,
     .offset = offsetof(struct factor_post_body, name),
     .min = 1,
     .max = FACTOR_NAME_MAX,
     .description = "A word for it",
     .example = "\"Phone\""},
};
const struct fields factor_post_body_fields =
    FIELDS(FACTOR_POST_ROWS, struct factor_post_body, "FactorRequest");

struct factor_created {
    struct id id;
    struct str type;
    struct str name;
    struct str secret;
    struct str otpauth_uri;
    struct str qr_svg;
    struct str_list recovery_codes;
};

static const struct field FACTOR_CREATED_ROWS[] = {
    {.name = "id",
     .type = FIELD_ID,
     .offset = offsetof(struct factor_created, id),
     .description = "Its name in paths"},
    {.name = "type",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_created, type),
     .description = "As asked for",
     .example = "\"totp\""},
    {.name = "name",
     .type = FIELD_STRING,
     .offset = offsetof(struct factor_created, name),
     .description = "As given"},
    {.name = "secret",
     .type = FIELD_STRING,
     .offset = offsetof(struct factor_created, secret),
     .description = "The seed in base32, to be typed; shown this once"},
    {.name = "otpauth_uri",
     .type = FIELD_STRING,
     .offset = offsetof(struct factor_created, otpauth_uri),
     .description = "The same for authenticator programs"},
    {.name = "qr_svg",
     .type = FIELD_STRING,
     .offset = offsetof(struct factor_created, qr_svg),
     .description = "The same as a QR code in SVG"},
    {.name = "recovery_codes",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct factor_created, recovery_codes),
     .description = "Shown this once: each stands in for a code, once"},
};
const struct fields factor_created_fields =
    FIELDS(FACTOR_CREATED_ROWS, struct factor_created, "FactorCreated");

struct factor_patch_body {
    struct str name;
    enum presence name_presence;
};

static const struct field FACTOR_PATCH_ROWS[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct factor_patch_body, name),
     .presence_offset = offsetof(struct factor_patch_body, name_presence),
     .min = 1,
     .max = FACTOR_NAME_MAX,
     .description = "A word for it; null removes it",
     .example = "\"Old phone\""},
};
const struct fields factor_patch_body_fields =
    FIELDS(FACTOR_PATCH_ROWS, struct factor_patch_body, "FactorPatch");

struct factor_verify_body {
    struct secret code;
};

static const struct field FACTOR_VERIFY_ROWS[] = {
    {.name = "code",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_verify_body, code),
     .min = 1,
     .max = SECOND_FACTOR_CODE_MAX,
     .description = "What the authenticator program shows",
     .example = CODE_EXAMPLE},
};
const struct fields factor_verify_body_fields =
    FIELDS(FACTOR_VERIFY_ROWS, struct factor_verify_body, "FactorVerification");

struct login_enroll_body {
    struct secret login_token;
};

static const struct field LOGIN_ENROLL_ROWS[] = {
    {.name = "login_token",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct login_enroll_body, login_token),
     .min = 1,
     .max = 128,
     .description = "From the answer mfa_required with the method enroll",
     .example = "\"lt_JzY0M3Vn\""},
};
const struct fields login_enroll_body_fields =
    FIELDS(LOGIN_ENROLL_ROWS, struct login_enroll_body, "LoginEnrollment");

/* --- handlers ----------------------------------------------------------------------------------------------------- */

static struct id account_id_of(const struct request *request)
{
    return caller_of(request)->principal.account_id;
}

static result factor_id_of(struct request *request, struct id *ret_id)
{
    REQUIRE(id_parse(request->path_values[0], ret_id), NOT_FOUND);
    return RESULT_OK;
}

static result change_of(struct request *request, struct factor_change *ret_change)
{
    *ret_change = (struct factor_change){.account_id = account_id_of(request),
                                         .session_id = caller_of(request)->principal.session_id,
                                         .device = device_of(request)};
    return factor_id_of(request, &ret_change->factor_id);
}

result reply_factors(struct request *request, struct id account_id, struct response *response)
{
    struct factor_list list;
    struct assurance assurance;
    bool is_demanded;
    struct service *service = service_of(request);
    struct task *task = &request->task;
    TRY(second_factor_demand(service, service->db, task, account_id, &assurance, &is_demanded));
    TRY(factor_list_of_account(service->db, task, account_id, &list));
    struct factor_reply *items = arena_alloc_array(task->arena, list.count, sizeof *items);
    for (size_t i = 0; i < list.count; i++) items[i] = reply_of(&list.items[i]);
    const struct factor_list_reply reply = {.data = {items, list.count},
                                            .recovery_codes_left = assurance.recovery_count,
                                            .required = is_demanded};
    return response_json(response, task->arena, &factor_list_reply_fields, &reply);
}

result factors_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    return reply_factors(request, account_id_of(request), response);
}

static result reply_enrolment(struct request *request, const struct totp_enrolment *enrolment,
                              struct response *response)
{
    const struct factor_created reply = {.id = enrolment->id,
                                         .type = STR("totp"),
                                         .name = enrolment->name,
                                         .secret = secret_expose(enrolment->seed_text),
                                         .otpauth_uri = secret_expose(enrolment->uri),
                                         .qr_svg = enrolment->qr_svg};
    return response_json(response, request->task.arena, &factor_created_fields, &reply);
}

static result post_recovery_codes(struct request *request, struct response *response)
{
    struct factor_created reply = {.type = STR("recovery_codes")};
    TRY(factors_make_recovery_codes(service_of(request), &request->task, account_id_of(request),
                                    &reply.recovery_codes));
    return response_json(response, request->task.arena, &factor_created_fields, &reply);
}

result factors_post(struct request *request, const void *body, struct response *response)
{
    const struct factor_post_body *given = body;
    struct service *service = service_of(request);
    struct account account;
    struct totp_enrolment enrolment;
    if (given->type == FACTOR_TYPE_RECOVERY_CODES) return post_recovery_codes(request, response);
    TRY(account_find(service->db, &request->task, account_id_of(request), &account));
    const struct totp_draft draft = {
        .id = id_new(request->task.now_ms), .account = &account, .name = given->name};
    TRY(factors_enrol_totp(service, &request->task, &draft, &enrolment));
    return reply_enrolment(request, &enrolment, response);
}

result login_enroll_post(struct request *request, const void *body, struct response *response)
{
    const struct login_enroll_body *given = body;
    const struct device device = device_of(request);
    struct totp_enrolment enrolment;
    TRY(login_enrol(service_of(request), &request->task, given->login_token, &device, &enrolment));
    return reply_enrolment(request, &enrolment, response);
}

/* As it is now. */
static result reply_factor(struct request *request, struct id id, struct response *response)
{
    struct factor factor;
    TRY(factors_find(service_of(request), &request->task, account_id_of(request), id, &factor));
    const struct factor_reply reply = reply_of(&factor);
    return response_json(response, request->task.arena, &factor_reply_fields, &reply);
}

result factor_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    TRY(factor_id_of(request, &id));
    return reply_factor(request, id, response);
}

result factor_patch(struct request *request, const void *body, struct response *response)
{
    const struct factor_patch_body *given = body;
    struct id id;
    TRY(factor_id_of(request, &id));
    if (is_present(given->name_presence))
        TRY(factors_rename(service_of(request), &request->task, account_id_of(request), id, given->name));
    return reply_factor(request, id, response);
}

result factor_delete_own(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct factor_change change;
    TRY(change_of(request, &change));
    return factors_remove(service_of(request), &request->task, &change);
}

result factor_verify_post(struct request *request, const void *body, struct response *response)
{
    const struct factor_verify_body *given = body;
    struct service *service = service_of(request);
    struct factor_change change;
    struct factor factor;
    struct str_list codes;
    TRY(change_of(request, &change));
    TRY(factors_confirm(service, &request->task, &change, given->code, &codes));
    TRY(factors_find(service, &request->task, change.account_id, change.factor_id, &factor));
    struct factor_reply reply = reply_of(&factor);
    reply.recovery_codes = codes;
    return response_json(response, request->task.arena, &factor_verified_fields, &reply);
}
