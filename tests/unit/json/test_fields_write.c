// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "account_fields.h"
#include "auth/json/writer.h"

static struct arena *arena;
static struct strbuf out;

static void begin(void)
{
    json_init();
    arena = arena_create(1u << 20);
    strbuf_init(&out, arena, 0, 1u << 16);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(fields_write, .init = begin, .fini = end);

static void expect_written(const struct fields *fields, const void *value, const char *expected)
{
    strbuf_init(&out, arena, 0, 1u << 16);
    fields_write_json(fields, value, &out);
    cr_expect_str_eq(strbuf_str(&out).ptr, expected, "%s", strbuf_str(&out).ptr);
}

Test(fields_write, absent_optional_members_are_left_out)
{
    const struct account account = {.age = 0};
    expect_written(&account_view_fields, &account,
                   "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"color\":\"red\",\"note\":null}");
}

Test(fields_write, a_full_object_is_written)
{
    static const struct str roles[] = {STR_INIT("a"), STR_INIT("b\"")};
    static const struct address addresses[] = {{STR_INIT("Ulm"), -1}, {STR_INIT("K\xc3\xb6ln"), 0}};
    struct account account = {
        .name = STR("ada"),
        .password = secret_copy(arena, "t0ken", 5),
        .color = COLOR_GREEN,
        .created_at_ms = 1767607200123,
        .expires_at_ms = 1300819380999,
        .roles = {roles, 2},
        .addresses = {addresses, 2},
        .has_note = PRESENCE_VALUE,
        .data = STR("{\"a\":[]}"),
    };
    cr_assert(id_parse(STR("0190163d-8694-739b-aea5-966c26f8ad91"), &account.id));
    expect_written(&account_view_fields, &account,
                   "{\"id\":\"0190163d-8694-739b-aea5-966c26f8ad91\",\"name\":\"ada\",\"token\":\"t0ken\","
                   "\"color\":\"green\",\"created_at\":\"2026-01-05T10:00:00.123Z\",\"exp\":1300819380,"
                   "\"roles\":[\"a\",\"b\\\"\"],\"addresses\":[{\"city\":\"Ulm\",\"floor\":-1},"
                   "{\"city\":\"K\xc3\xb6ln\",\"floor\":0}],\"note\":\"\",\"data\":{\"a\":[]}}");
}

Test(fields_write, what_is_written_reads_back)
{
    struct task task;
    task_init(&task, arena, STR("test"), 1000);
    struct account account = {
        .name = STR("ada"), .age = 7, .note = STR("a\n\"b\""), .has_note = PRESENCE_VALUE};
    account.password = secret_copy(arena, "p\\\"\xf0\x9f\x94\x91 long", 12);
    account.address.city = STR("Ulm");
    fields_write_json(&account_fields, &account, &out);
    struct account read;
    cr_assert(is_ok(fields_read_json(&account_fields, &task, strbuf_str(&out), &read)), "%s",
              strbuf_str(&out).ptr);
    cr_expect(secret_equal(read.password, account.password) && str_equal(read.note, account.note));
}

Test(fields_write, the_buffer_s_maximum_holds)
{
    const struct account account = {.name = STR("ada")};
    strbuf_init(&out, arena, 0, 10);
    fields_write_json(&account_view_fields, &account, &out);
    struct str text;
    cr_expect_eq(strbuf_finish(&out, &text).code, STATUS_TOO_LARGE);
}

Test(fields_write, members_are_spread_among_the_others)
{
    static const struct field rows[] = {
        {.name = "before", .type = FIELD_RAW, .flags = FIELD_SPREAD, .offset = 0},
        {.name = "city", .type = FIELD_STRING, .offset = sizeof(struct str)},
        {.name = "after", .type = FIELD_RAW, .flags = FIELD_SPREAD, .offset = 2 * sizeof(struct str)},
    };
    const struct fields fields = {
        .title = "Open", .rows = rows, .count = 3, .size = 3 * sizeof(struct str), .ignores_unknown = true};
    const struct str none[3] = {STR_NONE, STR("Ulm"), STR_NONE};
    const struct str all[3] = {STR("\"a\":1"), STR("Ulm"), STR("\"b\":{},\"c\":2")};
    expect_written(&fields, none, "{\"city\":\"Ulm\"}");
    expect_written(&fields, all, "{\"a\":1,\"city\":\"Ulm\",\"b\":{},\"c\":2}");
}
