// SPDX-License-Identifier: MIT
#include "auth/domain/factors.h"
#include "factor_api_internal.h"

struct admin_mfa_body {
    bool required;
};

static const struct field ADMIN_MFA_ROWS[] = {
    {.name = "required",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct admin_mfa_body, required),
     .description = "Whether this account must use a second factor, whatever the policy for all says",
     .example = "true"},
};
const struct fields admin_mfa_body_fields = FIELDS(ADMIN_MFA_ROWS, struct admin_mfa_body, "FactorDemand");

static result user_id_of(struct request *request, struct id *ret_id)
{
    REQUIRE(id_parse(request->path_values[0], ret_id), NOT_FOUND);
    return RESULT_OK;
}

result admin_factors_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    TRY(user_id_of(request, &id));
    return reply_factors(request, id, response);
}

result admin_factors_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct id id;
    TRY(user_id_of(request, &id));
    return factors_reset(service_of(request), &request->task, id);
}

result admin_mfa_put(struct request *request, const void *body, struct response *response)
{
    (void)response;
    const struct admin_mfa_body *given = body;
    struct id id;
    TRY(user_id_of(request, &id));
    return factors_demand(service_of(request), &request->task, id, given->required);
}
