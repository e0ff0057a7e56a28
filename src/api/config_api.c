// SPDX-License-Identifier: MIT
#include "api_internal.h"
#include "auth/domain/password_policy.h"
#include "auth/json/writer.h"

#define DOCUMENT_BYTES_MAX 4096u

/* What a sign-in page needs to know; nothing that is not public. */
result config_print(struct arena *arena, const struct policy *policy, struct str *ret_text)
{
    struct strbuf text;
    strbuf_init(&text, arena, 512, DOCUMENT_BYTES_MAX);
    struct json_writer writer = {.out = &text};
    json_begin_object(&writer);
    json_key(&writer, "issuer");
    json_string(&writer, policy->issuer);
    json_key(&writer, "signup");
    json_string(&writer, policy->is_signup_open            ? STR("open")
                         : policy->is_signup_by_invitation ? STR("invite")
                                                           : STR("closed"));
    json_key(&writer, "verification");
    json_string(&writer, policy->requires_verification ? STR("email") : STR("none"));
    json_key(&writer, "login_methods");
    json_begin_array(&writer);
    json_string(&writer, STR("password"));
    if (policy->has_code_sign_in) json_string(&writer, STR("code"));
    json_end_array(&writer);
    json_key(&writer, "second_factor");
    json_string(&writer, policy->requires_mfa ? STR("required") : STR("optional"));
    json_key(&writer, "password");
    json_begin_object(&writer);
    json_key(&writer, "min_length");
    json_int64(&writer, policy->password_min);
    json_key(&writer, "max_length");
    json_int64(&writer, PASSWORD_CHARS_MAX);
    json_end_object(&writer);
    json_key(&writer, "access_token_seconds");
    json_int64(&writer, policy->access_token_ms / MS_PER_SECOND);
    json_end_object(&writer);
    return strbuf_finish(&text, ret_text);
}

result config_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->prebuilt = api_of(request)->shared->config;
    return RESULT_OK;
}

result openapi_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->prebuilt = api_of(request)->shared->openapi;
    return RESULT_OK;
}
