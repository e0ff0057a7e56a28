// SPDX-License-Identifier: MIT
#include "page_api_internal.h"

#include "page_files_internal.h"

/* Nothing but our own style, script and API; no frame around it; nothing is sent by the form itself. */
#define PAGE_POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "      \
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " \
    "trusted-types 'none'"
#define STYLE_TYPE  "text/css; charset=utf-8"
#define SCRIPT_TYPE "text/javascript; charset=utf-8"
/* During an upgrade the page of one release asks a replica of another, whose content must not be kept under that version. */
#define CACHE_BY_NAME    "no-cache"
#define CACHE_BY_VERSION "public, max-age=31536000, immutable"

struct page_query_value {
    struct str lang;
};

/* What mail programs and those who count clicks put behind an address is ignored. */
static const struct field PAGE_QUERY_ROWS[] = {
    {.name = "lang",
     .type = FIELD_STRING,
     .offset = offsetof(struct page_query_value, lang),
     .description = "Language of the page; left out: as the browser prefers"},
};
const struct fields page_query_fields = {.title = "PageQuery",
                                         .rows = PAGE_QUERY_ROWS,
                                         .count = ARRAY_COUNT(PAGE_QUERY_ROWS),
                                         .size = sizeof(struct page_query_value),
                                         .ignores_unknown = true};

struct page_asset_query_value {
    struct str v;
};

static const struct field PAGE_ASSET_QUERY_ROWS[] = {
    {.name = "v",
     .type = FIELD_STRING,
     .offset = offsetof(struct page_asset_query_value, v),
     .description = "Version the page asks for; only under the right one the content may be kept"},
};
const struct fields page_asset_query_fields =
    FIELDS(PAGE_ASSET_QUERY_ROWS, struct page_asset_query_value, "PageAssetQuery");

void page_assets_create(struct api_shared *shared)
{
    static const char *const cache_controls[] = {CACHE_BY_NAME, CACHE_BY_VERSION};
    for (size_t i = 0; i < ARRAY_COUNT(cache_controls); i++) {
        shared->page_style[i] = prebuilt_create(STYLE_TYPE, page_css, cache_controls[i]);
        shared->page_script[i] = prebuilt_create(SCRIPT_TYPE, page_js, cache_controls[i]);
    }
}

void page_assets_destroy(struct api_shared *shared)
{
    for (size_t i = 0; i < ARRAY_COUNT(shared->page_style); i++) {
        prebuilt_unref(shared->page_style[i]);
        prebuilt_unref(shared->page_script[i]);
    }
}

result page_get(struct request *request, const void *body, struct response *response)
{
    (void)request;
    (void)body;
    response->content_type = STR("text/html; charset=utf-8");
    response->body = page_html;
    response_header_set(response, "Content-Security-Policy", STR(PAGE_POLICY));
    response_header_set(response, "Cross-Origin-Opener-Policy", STR("same-origin"));
    return RESULT_OK;
}

static bool has_version(const struct request *request, struct str version)
{
    const struct page_asset_query_value *query = request->query_value;
    return str_equal(query->v, version);
}

result page_style_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->prebuilt = api_of(request)->shared->page_style[has_version(request, page_css_version)];
    return RESULT_OK;
}

result page_script_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->prebuilt = api_of(request)->shared->page_script[has_version(request, page_js_version)];
    return RESULT_OK;
}

/* W3C, A Well-Known URL for Changing Passwords, §2: a redirect to the page itself. */
result change_password_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct str issuer = service_of(request)->policy->issuer;
    response_header_set(response, "Location",
                        str_printf(request->task.arena, "%.*s/ui/reset", STR_ARGS(issuer)));
    return RESULT_OK;
}
