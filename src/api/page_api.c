// SPDX-License-Identifier: MIT
#include "page_api_internal.h"

#include "page_files_internal.h"

/* Nothing but our own style, script and API; no frame around it; nothing is sent by the form itself. */
#define PAGE_POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "      \
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " \
    "trusted-types 'none'"

struct page_query_value {
    struct str lang;
};

/* What mail programs and the trackers in them put behind an address is ignored. */
static const struct field PAGE_QUERY_ROWS[] = {
    {.name = "lang",
     .type = FIELD_STRING,
     .offset = offsetof(struct page_query_value, lang),
     .max = 35,
     .description = "Language of the page; left out: as the browser prefers"},
};
const struct fields page_query_fields = FIELDS(PAGE_QUERY_ROWS, struct page_query_value, "PageQuery");

static result answer(struct response *response, struct str content_type, struct str content)
{
    response->content_type = content_type;
    response->body = content;
    response_header_set(response, "Cross-Origin-Opener-Policy", STR("same-origin"));
    return RESULT_OK;
}

result page_get(struct request *request, const void *body, struct response *response)
{
    (void)request;
    (void)body;
    response_header_set(response, "Content-Security-Policy", STR(PAGE_POLICY));
    return answer(response, STR("text/html; charset=utf-8"), page_html);
}

result page_style_get(struct request *request, const void *body, struct response *response)
{
    (void)request;
    (void)body;
    return answer(response, STR("text/css; charset=utf-8"), page_css);
}

result page_script_get(struct request *request, const void *body, struct response *response)
{
    (void)request;
    (void)body;
    return answer(response, STR("text/javascript; charset=utf-8"), page_js);
}

/* W3C, A Well-Known URL for Changing Passwords, §2: a redirect to the page itself. */
result change_password_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response_header_set(
        response, "Location",
        str_printf(request->task.arena, "%.*s/ui/reset", STR_ARGS(service_of(request)->policy->issuer)));
    return RESULT_OK;
}
