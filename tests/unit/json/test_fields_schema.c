// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "account_fields.h"

static const char *schema_of(const struct fields *fields, struct arena *arena)
{
    struct strbuf out;
    strbuf_init(&out, arena, 0, 1u << 16);
    fields_write_schema(fields, &out);
    return strbuf_str(&out).ptr;
}

Test(fields_schema, the_schema_says_what_the_reader_takes)
{
    struct arena *arena = arena_create(1u << 20);
    const char *schema = schema_of(&account_fields, arena);
    static const char *const expected[] = {
        "\"name\":{\"type\":\"string\",\"minLength\":2,\"maxLength\":5}",
        "\"minLength\":8,\"maxLength\":64,\"format\":\"password\",\"writeOnly\":true}",
        "\"age\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":150}",
        "\"is_admin\":{\"type\":\"boolean\"}",
        "\"color\":{\"type\":\"string\",\"enum\":[\"red\",\"green\"]}",
        "\"id\":{\"type\":\"string\",\"format\":\"uuid\"}",
        "\"created_at\":{\"type\":\"string\",\"format\":\"date-time\"}",
        "\"roles\":{\"type\":\"array\",\"maxItems\":3,\"items\":{\"type\":\"string\"}}",
        "\"floor\":{\"type\":\"integer\",\"minimum\":-2,\"maximum\":0}",
        "\"note\":{\"type\":[\"string\",\"null\"]}",
        "\"required\":[\"name\",\"password\"],\"additionalProperties\":false}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        cr_expect(strstr(schema, expected[i]), "%s", expected[i]);
    arena_destroy(arena);
}

Test(fields_schema, a_token_that_is_handed_out_is_not_write_only)
{
    struct arena *arena = arena_create(1u << 20);
    const char *schema = schema_of(&account_view_fields, arena);
    cr_expect(!strstr(schema, "writeOnly"));
    cr_expect(strstr(
        schema, "\"description\":\"Its name.\",\"examples\":[\"0190163d-8694-739b-aea5-966c26f8ad91\"]"));
    struct fields open = account_view_fields;
    open.ignores_unknown = true;
    cr_expect(!strstr(schema_of(&open, arena) + strlen(schema) - 40, "additionalProperties"));
    arena_destroy(arena);
}

Test(fields_schema, the_schema_is_json)
{
    struct arena *arena = arena_create(1u << 20);
    struct task task;
    task_init(&task, arena, STR("test"), 1000);
    const struct fields anything = {.title = "any", .size = 1, .ignores_unknown = true};
    char nothing[1];
    cr_expect(
        is_ok(fields_read_json(&anything, &task, str_from(schema_of(&account_fields, arena)), nothing)));
    cr_expect(
        is_ok(fields_read_json(&anything, &task, str_from(schema_of(&account_view_fields, arena)), nothing)));
    arena_destroy(arena);
}

Test(fields_schema, an_object_that_may_be_null_says_so)
{
    struct arena *arena = arena_create(1u << 20);
    const struct field row = {
        .name = "home", .type = FIELD_OBJECT, .flags = FIELD_NULLABLE, .object = &address_fields};
    const struct fields fields = {.title = "Owner", .rows = &row, .count = 1, .size = sizeof(struct address)};
    cr_expect(
        strstr(schema_of(&fields, arena), "\"home\":{\"type\":[\"object\",\"null\"],\"title\":\"Address\""));
    arena_destroy(arena);
}

Test(fields_schema, members_that_are_spread_have_no_name_there)
{
    struct arena *arena = arena_create(1u << 20);
    const struct field row = {.name = "others", .type = FIELD_RAW, .flags = FIELD_SPREAD};
    const struct fields fields = {
        .title = "Open", .rows = &row, .count = 1, .size = sizeof(struct str), .ignores_unknown = true};
    cr_expect_str_eq(schema_of(&fields, arena), "{\"type\":\"object\",\"title\":\"Open\",\"properties\":{}}");
    arena_destroy(arena);
}
