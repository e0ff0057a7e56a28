// SPDX-License-Identifier: MIT
#include "auth/domain/factors.h"
#include "auth/domain/users.h"
#include "rights_api_internal.h"
#include "user_api_internal.h"

static result read_target(struct request *request, struct user_target *ret_target)
{
    *ret_target = (struct user_target){.granter = granter_of(request)};
    return path_id(request, 0, &ret_target->id);
}

result admin_user_sessions_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct user user;
    struct id id;
    TRY(path_id(request, 0, &id));
    TRY(user_find(service_of(request)->db, &request->task, id, &user));
    return reply_sessions(request, id, response);
}

result admin_user_sessions_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct user_target target;
    TRY(read_target(request, &target));
    return users_end_sessions(service_of(request), &request->task, &target);
}

result admin_user_session_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct user_target target;
    struct id session_id;
    TRY(read_target(request, &target));
    TRY(path_id(request, 1, &session_id));
    return users_end_session(service_of(request), &request->task, &target, session_id);
}

result admin_user_factor_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct user_target target;
    struct factor_change change = {.device = device_of(request)};
    TRY(read_target(request, &target));
    TRY(path_id(request, 1, &change.factor_id));
    TRY(users_may_touch(service_of(request), &request->task, &target));
    change.account_id = target.id;
    return factors_remove(service_of(request), &request->task, &change);
}

result admin_user_password_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct device device = device_of(request);
    struct user_target target;
    TRY(read_target(request, &target));
    return users_forget_password(service_of(request), &request->task, &target, &device, NULL);
}
