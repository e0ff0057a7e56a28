// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "auth/http/openapi.h"

static result handle(struct request *request, const void *body, struct response *response)
{
    (void)request, (void)body, (void)response;
    return RESULT_OK;
}

struct sample {
    struct str name;
    int64_t limit;
};

static const struct field sample_rows[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct sample, name),
     .max = 10,
     .description = "A \"quoted\" {brace}",
     .example = "\"a\""},
    {.name = "limit", .type = FIELD_INTEGER, .offset = offsetof(struct sample, limit), .min = 1, .max = 100},
};
static const struct fields sample_fields = FIELDS(sample_rows, struct sample, "Sample thing");
static const struct fields twin_fields = FIELDS(sample_rows, struct sample, "Sample thing");
static const struct fields other_fields = {
    .title = "Sample thing", .rows = sample_rows, .count = 1, .size = sizeof(struct sample)};
static const struct rate_limit limit = {"x", 5, 1000};
static const enum status errors[] = {STATUS_NOT_FOUND, STATUS_CONFLICT, STATUS_OK};

static const struct route rows[] = {
    {.id = "thing_get",
     .method = HTTP_GET,
     .path = "/v1/things/{id}",
     .access = ACCESS_BEARER,
     .scope = "things",
     .query = &sample_fields,
     .handler = handle,
     .success = 200,
     .reply = &sample_fields,
     .errors = errors,
     .summary = "Look at a thing",
     .source = "RFC 9110 §9.3.1"},
    {.id = "token_create",
     .method = HTTP_POST,
     .path = "/oauth/token",
     .surface = SURFACE_PROTOCOL,
     .access = ACCESS_CLIENT,
     .body_kind = BODY_FORM,
     .body = &twin_fields,
     .limit = &limit,
     .handler = handle,
     .success = 200,
     .reply = &twin_fields,
     .summary = "Get a token"},
    {.id = "livez",
     .method = HTTP_GET,
     .path = "/livez",
     .access = ACCESS_OPERATIONS,
     .handler = handle,
     .success = 200,
     .summary = "Alive"},
    {.id = "thing_delete",
     .method = HTTP_DELETE,
     .path = "/v1/things/{id}",
     .access = ACCESS_BEARER,
     .needs_fresh = true,
     .handler = handle,
     .success = 204,
     .summary = "Remove a thing"},
    {.id = "thing_patch",
     .method = HTTP_PATCH,
     .path = "/v1/things/{id}",
     .access = ACCESS_BEARER,
     .scope = "things",
     .is_versioned = true,
     .body_kind = BODY_JSON,
     .body = &sample_fields,
     .handler = handle,
     .success = 200,
     .reply = &sample_fields,
     .summary = "Change a thing"},
    {.id = "thing_post",
     .method = HTTP_POST,
     .path = "/v1/things",
     .access = ACCESS_BEARER,
     .scope = "things",
     .is_versioned = true,
     .body_kind = BODY_JSON,
     .body = &sample_fields,
     .handler = handle,
     .success = 201,
     .reply = &sample_fields,
     .summary = "Make a thing"},
    {.id = "page",
     .method = HTTP_GET,
     .path = "/page",
     .access = ACCESS_PUBLIC,
     .reply_type = "text/plain",
     .handler = handle,
     .success = 200,
     .summary = "A text"},
};

static const struct openapi_info info = {
    .title = "auth", .version = "1", .description = "d", .server_url = STR_INIT("https://id.test")};

static json_t *print(struct arena *arena, struct str *ret_text)
{
    struct strbuf out;
    strbuf_init(&out, arena, 1024, 1024 * 1024);
    cr_assert_eq(openapi_print(rows, ARRAY_COUNT(rows), &info, &out).code, STATUS_OK);
    *ret_text = strbuf_str(&out);
    json_t *document = json_loadb(ret_text->ptr, ret_text->len, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(document, "%.*s", STR_ARGS(*ret_text));
    return document;
}

static json_t *at(json_t *value, const char *const *keys)
{
    for (; *keys && value; keys++) value = json_object_get(value, *keys);
    return value;
}
#define AT(value, ...) at((value), (const char *const[]){__VA_ARGS__, NULL})

Test(openapi, one_name_for_two_shapes_is_refused)
{
    struct route wrong[] = {rows[0], rows[1]};
    struct arena *arena = arena_create(16 * 1024 * 1024);
    struct strbuf out;
    wrong[1].body = &other_fields;
    strbuf_init(&out, arena, 1024, 1024 * 1024);
    cr_expect_eq(openapi_print(wrong, 2, &info, &out).code, STATUS_INTERNAL);
    arena_destroy(arena);
}

Test(openapi, the_document_says_what_the_table_says)
{
    struct arena *arena = arena_create(16 * 1024 * 1024);
    struct str text;
    json_t *document = print(arena, &text);
    cr_expect_str_eq(json_string_value(AT(document, "openapi")), "3.1.0");
    cr_expect_null(AT(document, "paths", "/livez"), "the operations listener is not public");
    json_t *get = AT(document, "paths", "/v1/things/{id}", "get");
    cr_expect_str_eq(json_string_value(AT(get, "operationId")), "thing_get");
    cr_expect_str_eq(json_string_value(AT(get, "x-source")), "RFC 9110 §9.3.1");
    cr_expect_eq(json_array_size(AT(get, "parameters")), 3);
    json_t *name = json_array_get(AT(get, "parameters"), 1);
    cr_expect_eq(json_integer_value(AT(name, "schema", "maxLength")), 10);
    cr_expect(json_is_true(AT(name, "required")));
    cr_expect_not_null(AT(get, "responses", "401", "content", "application/problem+json"));
    cr_expect_not_null(AT(get, "responses", "403"));
    cr_expect_not_null(AT(get, "responses", "404"));
    json_t *post = AT(document, "paths", "/oauth/token", "post");
    cr_expect_not_null(AT(post, "requestBody", "content", "application/x-www-form-urlencoded"));
    cr_expect_not_null(AT(post, "responses", "429", "content", "application/json"));
    cr_expect_str_eq(
        json_string_value(AT(post, "responses", "200", "content", "application/json", "schema", "$ref")),
        "#/components/schemas/Sample_thing");
    cr_expect_null(AT(document, "paths", "/v1/things/{id}", "delete", "responses", "204", "content"));
    cr_expect_eq(json_object_size(AT(document, "components", "schemas")), 3);
    json_decref(document);
    arena_destroy(arena);
}

Test(openapi, versions_and_keys_for_repetition_are_headers_of_what_takes_them)
{
    struct arena *arena = arena_create(16 * 1024 * 1024);
    struct str text;
    json_t *document = print(arena, &text);
    json_t *patch = AT(document, "paths", "/v1/things/{id}", "patch");
    json_t *header = json_array_get(AT(patch, "parameters"), 1);
    cr_expect_str_eq(json_string_value(AT(header, "name")), "If-Match");
    cr_expect_str_eq(json_string_value(AT(header, "in")), "header");
    cr_expect(json_is_false(AT(header, "required")));
    cr_expect_not_null(AT(patch, "responses", "412"));
    cr_expect_not_null(AT(patch, "responses", "200", "headers", "ETag"));
    json_t *post = AT(document, "paths", "/v1/things", "post");
    cr_expect_str_eq(json_string_value(AT(json_array_get(AT(post, "parameters"), 0), "name")),
                     "Idempotency-Key");
    cr_expect_not_null(AT(post, "responses", "201", "headers", "Location"));
    cr_expect_not_null(AT(post, "responses", "409"));
    cr_expect_null(AT(post, "responses", "412"));
    json_t *get = AT(document, "paths", "/v1/things/{id}", "get");
    cr_expect_eq(json_array_size(AT(get, "parameters")), 3, "a reader needs neither");
    json_decref(document);
    arena_destroy(arena);
}

/* Every {name} of a path has its parameter, every $ref its target, every operation a success and a unique id. */
Test(openapi, references_and_parameters_resolve)
{
    struct arena *arena = arena_create(16 * 1024 * 1024);
    struct str text;
    json_t *document = print(arena, &text);
    static const char key[] = "\"$ref\": \"#/components/schemas/";
    const char *from = text.ptr;
    size_t references = 0;
    for (const char *found = strstr(from, key); found; found = strstr(found + 1, key)) {
        char name[64];
        cr_assert_eq(sscanf(found + strlen(key), "%63[A-Za-z0-9._-]", name), 1);
        cr_expect_not_null(AT(document, "components", "schemas", name), "%s", name);
        references++;
    }
    cr_expect_gt(references, 5);
    json_decref(document);
    arena_destroy(arena);
}

Test(openapi, the_text_is_stable_and_one_member_a_line)
{
    struct arena *arena = arena_create(32 * 1024 * 1024);
    struct str first;
    struct str second;
    json_decref(print(arena, &first));
    json_decref(print(arena, &second));
    cr_expect(str_equal(first, second));
    cr_expect(str_starts_with(
        first, STR("{\n  \"openapi\": \"3.1.0\",\n  \"info\": {\n    \"title\": \"auth\",\n")));
    cr_expect_not_null(memmem(first.ptr, first.len, "\"security\": [],\n", 16));
    cr_expect(first.ptr[first.len - 1] == '\n');
    const char *path = getenv("OPENAPI_SAMPLE");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        (void)fwrite(first.ptr, 1, first.len, file);
        (void)fclose(file);
    }
    arena_destroy(arena);
}
