// SPDX-License-Identifier: MIT
#include "auth/domain/factors.h"
#include "auth/domain/users.h"
#include "factor_api_internal.h"
#include "precondition_internal.h"
#include "rights_api_internal.h"

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

/* The account in the path, if whoever asks may change it. */
static result read_target(struct request *request, struct user_target *ret_target)
{
    *ret_target = (struct user_target){.granter = granter_of(request)};
    TRY(path_id(request, 0, &ret_target->id));
    return users_may_touch(service_of(request), &request->task, ret_target);
}

result admin_factors_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    TRY(path_id(request, 0, &id));
    return reply_factors(request, id, response);
}

result admin_factors_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct user_target target;
    TRY(read_target(request, &target));
    return factors_reset(service_of(request), &request->task, target.id);
}

result admin_mfa_put(struct request *request, const void *body, struct response *response)
{
    (void)response;
    const struct admin_mfa_body *given = body;
    const struct versions_expected expected = versions_expected(request);
    struct user_target target;
    TRY(read_target(request, &target));
    target.expected = &expected;
    return factors_demand(service_of(request), &request->task, &target, given->required);
}
