// SPDX-License-Identifier: MIT
#include "auth/domain/grants.h"

#include "auth/domain/refresh.h"

/* RFC 6749 §4.4: the client acts for itself; no refresh token is made (§4.4.3). */
static result client_credentials_redeem(struct service *service, struct task *task,
                                        const struct client *client, const struct grant_request *request,
                                        struct token_response *ret_response)
{
    /* "The client credentials grant type MUST only be used by confidential clients." */
    if (!client->is_confidential) FAIL(&task->fault, UNAUTHORIZED_CLIENT, "client is public");
    const struct token_grant grant = {
        .kind = GRANT_CLIENT_CREDENTIALS, .client = client, .scope = request->scope};
    return tokens_issue(service, task, &grant, ret_response);
}

typedef result redeem_function(struct service *service, struct task *task, const struct client *client,
                               const struct grant_request *request, struct token_response *ret_response);

static const struct {
    struct str name;
    redeem_function *redeem;
} GRANTS[] = {
    {STR_INIT("client_credentials"), client_credentials_redeem},
    {STR_INIT("refresh_token"), refresh_redeem},
};

static const struct str GRANT_TYPES[] = {STR_INIT("client_credentials"), STR_INIT("refresh_token")};
_Static_assert(ARRAY_COUNT(GRANT_TYPES) == ARRAY_COUNT(GRANTS), "each grant is announced");

struct str_list grants_supported(void)
{
    return (struct str_list){GRANT_TYPES, ARRAY_COUNT(GRANT_TYPES)};
}

result grants_redeem(struct service *service, struct task *task, const struct client *client,
                     const struct grant_request *request, struct token_response *ret_response)
{
    for (size_t i = 0; i < ARRAY_COUNT(GRANTS); i++)
        if (str_equal(request->grant_type, GRANTS[i].name))
            return GRANTS[i].redeem(service, task, client, request, ret_response);
    FAIL(&task->fault, UNSUPPORTED_GRANT_TYPE, "grant_type is not one of ours");
}
