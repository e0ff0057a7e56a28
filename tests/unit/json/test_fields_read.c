// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "account_fields.h"

#define GOOD "\"name\":\"ada\",\"password\":\"correct horse\""

static struct arena *arena;
static struct task task;
static struct account account;

static void begin(void)
{
    json_init();
    arena = arena_create(4u << 20);
    task_init(&task, arena, STR("test"), 1000);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(fields_read, .init = begin, .fini = end);

static enum status read_bytes(const char *json, size_t len)
{
    fault_clear(&task.fault);
    return fields_read_json(&account_fields, &task, (struct str){json, len}, &account).code;
}

static enum status read_text(const char *json)
{
    return read_bytes(json, strlen(json));
}

static bool has_error(const char *pointer, const char *code)
{
    for (size_t i = 0; i < task.fault.error_count && i < FIELD_ERRORS_MAX; i++) {
        const struct field_error *error = &task.fault.errors[i];
        if (strcmp(error->pointer, pointer) == 0 && strcmp(error->code, code) == 0) return true;
    }
    return false;
}

static const char *first_detail(void)
{
    return task.fault.errors[0].detail;
}

static const char *repeated(const char *head, const char *piece, size_t count, const char *tail)
{
    struct strbuf out;
    strbuf_init(&out, arena, 64, 1u << 20);
    strbuf_add(&out, str_from(head));
    for (size_t i = 0; i < count; i++) strbuf_add(&out, str_from(piece));
    strbuf_add(&out, str_from(tail));
    return strbuf_str(&out).ptr;
}

Test(fields_read, text_that_is_no_json_object_is_refused)
{
    static const char *const refused[] = {
        "",
        " ",
        "{",
        "}",
        "[]",
        "null",
        "1",
        "\"a\"",
        "{\"name\"}",
        "{" GOOD "}x",
        "{" GOOD ",}",
        "{'a':1}",
        "{" GOOD ",\"age\":NaN}",
        "{" GOOD ",\"age\":01}",
        "\xef\xbb\xbf{" GOOD "}",
        "{" GOOD ",\"note\":\"\n\"}",
        "{" GOOD ",\"note\":\"\\ud800\"}",
        "{" GOOD "}{}",
        "{\"",
        "{\"name\":\"\\",
        "]]]]}}}}",
        ",,,,",
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        cr_expect_eq(read_text(refused[i]), STATUS_MALFORMED_JSON, "%s", refused[i]);
        cr_expect_eq(task.fault.error_count, 1);
    }
}

Test(fields_read, a_duplicate_key_is_named_with_its_place)
{
    cr_expect_eq(read_text("{" GOOD ",\n \"name\":\"eve\"}"), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/name", "duplicate"));
    cr_expect(strstr(first_detail(), "line 2"), "%s", first_detail());
    cr_expect_eq(read_text("{\"addresses\":[{},{\"city\":1,\"c\\u0069ty\":2}]}"), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/addresses/1/city", "duplicate"), "%s", task.fault.errors[0].pointer);
    cr_expect_eq(read_text("{\"a/b~c\":1,\"a/b~c\":2}"), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/a~1b~0c", "duplicate"));
}

Test(fields_read, nul_and_bad_utf8_are_refused_where_they_stand)
{
    cr_expect_eq(read_text("{\"note\":\"a\\u0000b\"}"), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/note", "control_character"));
    static const char nul[] = "{\"note\":\"a\0b\"}";
    cr_expect_eq(read_bytes(nul, sizeof(nul) - 1), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/note", "control_character"));
    cr_expect_eq(read_text("{\"note\":\"\xc0\xaf\"}"), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/note", "malformed"));
    cr_expect(strstr(first_detail(), "UTF-8"));
    cr_expect_eq(read_text("{\"age\":99999999999999999999}"), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/age", "too_large"));
}

/* Security incident 53: before the library builds anything of it. */
Test(fields_read, depth_and_width_are_bounded)
{
    cr_expect_eq(read_text(repeated("{\"a\":", "[", 8, "")), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/a/0/0/0/0/0/0", "too_deep"), "%s", task.fault.errors[0].pointer);
    cr_expect_eq(read_text(repeated("{\"a\":", "[", 100000, "")), STATUS_MALFORMED_JSON);
    cr_expect_eq(read_text(repeated("{\"roles\":[\"a\"", ",\"a\"", 64, "]}")), STATUS_MALFORMED_JSON);
    cr_expect(has_error("/roles", "too_many"), "%s", task.fault.errors[0].pointer);
    cr_expect_eq(read_text(repeated("{\"x\":1", ",\"x\":1", 64, "}")), STATUS_MALFORMED_JSON);
    cr_expect_str_eq(task.fault.errors[0].code, "too_many");
    cr_expect_eq(read_text(repeated("{" GOOD ",\"roles\":[\"a\"", ",\"a\"", 63, "]}")),
                 STATUS_VALIDATION_FAILED);
    cr_expect(has_error("/roles", "too_many"));
    cr_expect(strstr(first_detail(), "3 items"));
}

Test(fields_read, every_offending_field_is_named_at_once)
{
    cr_expect_eq(read_text("{\"name\":\"a\",\"age\":0,\"is_admin\":\"yes\",\"color\":\"blue\",\"id\":\"x\","
                           "\"created_at\":\"now\",\"exp\":-1,\"roles\":[\"a\",1,\"b\\u0007\"],"
                           "\"address\":{\"floor\":1,\"x\":0},\"addresses\":[{\"city\":\"a\"},7],\"a/~\":1}"),
                 STATUS_VALIDATION_FAILED);
    static const char *const expected[][2] = {
        {"/name", "too_short"},        {"/password", "required"},
        {"/age", "too_small"},         {"/is_admin", "wrong_type"},
        {"/color", "not_a_choice"},    {"/id", "not_an_id"},
        {"/created_at", "not_a_time"}, {"/exp", "not_a_time"},
        {"/roles/1", "wrong_type"},    {"/roles/2", "control_character"},
        {"/address/city", "required"}, {"/address/floor", "too_large"},
        {"/address/x", "unknown"},     {"/addresses/1", "wrong_type"},
        {"/a~1~0", "unknown"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        cr_expect(has_error(expected[i][0], expected[i][1]), "%s %s", expected[i][0], expected[i][1]);
    }
    cr_expect_eq(task.fault.error_count, ARRAY_COUNT(expected));
}

Test(fields_read, a_wrong_type_is_refused_for_every_row)
{
    static const char *const names[] = {"name",       "password", "age",   "is_admin", "color",     "id",
                                        "created_at", "exp",      "roles", "address",  "addresses", "note"};
    static const char *const objects[] = {"address"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const bool is_object = strcmp(names[i], objects[0]) == 0;
        const struct str json = str_printf(arena, "{\"%s\":%s}", names[i], is_object ? "[]" : "{}");
        const struct str pointer = str_printf(arena, "/%s", names[i]);
        cr_expect_eq(read_text(json.ptr), STATUS_VALIDATION_FAILED);
        cr_expect(has_error(pointer.ptr, "wrong_type"), "%s", names[i]);
    }
    cr_expect_eq(read_text("{" GOOD ",\"age\":1.0}"), STATUS_VALIDATION_FAILED);
    cr_expect_eq(read_text("{" GOOD ",\"age\":null}"), STATUS_VALIDATION_FAILED);
    cr_expect(has_error("/age", "wrong_type"));
}

Test(fields_read, values_are_never_repeated)
{
    static const char *const bodies[] = {
        "{\"name\":\"ada\",\"password\":[\"hunter2\"]}",
        "{\"name\":\"ada\",\"password\":\"hunter2\"}",
        "{\"name\":\"hunter2 hunter2\"}",
        "{\"password\":\"hunter2",
        "{\"color\":\"hunter2\"}",
        "{\"password\":hunter2}",
        "{\"id\":\"hunter2\"}",
        "{\"created_at\":\"hunter2\"}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        cr_assert_neq(read_text(bodies[i]), STATUS_OK);
        cr_expect(!strstr(task.fault.detail, "hunter2"), "%s", task.fault.detail);
        for (size_t e = 0; e < task.fault.error_count; e++) {
            cr_expect(!strstr(task.fault.errors[e].pointer, "hunter2"));
            cr_expect(!strstr(task.fault.errors[e].detail, "hunter2"), "%s", task.fault.errors[e].detail);
        }
    }
}

Test(fields_read, limits_count_code_points_and_are_named)
{
    cr_expect_eq(
        read_text("{\"name\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\",\"password\":\"12345678\"}"),
        STATUS_OK);
    cr_expect_eq(read_text("{\"name\":\"abcdef\",\"password\":\"1234567\"}"), STATUS_VALIDATION_FAILED);
    cr_expect(has_error("/name", "too_long") && has_error("/password", "too_short"));
    cr_expect_str_eq(task.fault.errors[0].detail, "must have at most 5 characters");
    cr_expect_str_eq(task.fault.errors[1].detail, "must have at least 8 characters");
    cr_expect_eq(read_text(repeated("{" GOOD ",\"note\":\"", "a", 4096, "\"}")), STATUS_OK);
    cr_expect_eq(read_text(repeated("{" GOOD ",\"note\":\"", "a", 4097, "\"}")), STATUS_VALIDATION_FAILED);
    cr_expect(has_error("/note", "too_long"));
    cr_expect_eq(read_text("{" GOOD ",\"age\":151}"), STATUS_VALIDATION_FAILED);
    cr_expect(has_error("/age", "too_large"));
}

Test(fields_read, control_characters_are_refused_but_lines_where_the_row_takes_them)
{
    static const char *const refused[] = {"{\"name\":\"a\\nb\"}", "{\"name\":\"a\\tb\"}",
                                          "{\"name\":\"a\\u007fb\"}", "{\"name\":\"a\\u0085b\"}",
                                          "{\"name\":\"a\\u001bb\"}"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        cr_expect_eq(read_text(refused[i]), STATUS_VALIDATION_FAILED);
        cr_expect(has_error("/name", "control_character"), "%s", refused[i]);
    }
    cr_expect_eq(read_text("{" GOOD ",\"note\":\"a\\n\\tb\"}"), STATUS_OK);
    cr_expect_eq(read_text("{" GOOD ",\"note\":\"a\\r\"}"), STATUS_VALIDATION_FAILED);
}

Test(fields_read, a_flood_of_bad_fields_costs_no_more_than_the_list)
{
    struct strbuf out;
    strbuf_init(&out, arena, 1u << 16, 1u << 20);
    strbuf_add_char(&out, '{');
    for (int i = 0; i < 60; i++) strbuf_printf(&out, "%s\"x%d\":1", i ? "," : "", i);
    strbuf_add_char(&out, '}');
    cr_expect_eq(read_text(strbuf_str(&out).ptr), STATUS_VALIDATION_FAILED);
    cr_expect_eq(task.fault.error_count, 62);
    const char *long_name = repeated("{\"", "\xc3\xa9", 1000, "\":1}");
    cr_expect_eq(read_text(long_name), STATUS_VALIDATION_FAILED);
    const char *pointer = task.fault.errors[task.fault.error_count - 1].pointer;
    cr_expect_eq(strlen(pointer), 65);
}

Test(fields_read, a_full_object_is_read)
{
    cr_assert_eq(read_text("{" GOOD ",\"age\":41,\"is_admin\":true,\"color\":\"green\","
                           "\"id\":\"0190163d-8694-739b-aea5-966c26f8ad91\","
                           "\"created_at\":\"2026-01-05T10:00:00.123Z\",\"exp\":1300819380.5,"
                           "\"roles\":[\"a\",\"b\"],\"address\":{\"city\":\"Ulm\",\"floor\":-1},"
                           "\"addresses\":[{\"city\":\"A\"},{\"city\":\"B\"}],\"note\":null}"),
                 STATUS_OK);
    cr_expect(str_equal(account.name, STR("ada")));
    cr_expect(str_equal(secret_expose(account.password), STR("correct horse")));
    cr_expect(account.age == 41 && account.is_admin && account.color == COLOR_GREEN);
    cr_expect(!is_nil(account.id));
    cr_expect_eq(account.created_at_ms, 1767607200123);
    cr_expect_eq(account.expires_at_ms, 1300819380500);
    cr_expect(account.roles.count == 2 && str_equal(account.roles.items[1], STR("b")));
    cr_expect(str_equal(account.address.city, STR("Ulm")) && account.address.floor == -1);
    const struct address *addresses = account.addresses.items;
    cr_expect(account.addresses.count == 2 && str_equal(addresses[1].city, STR("B")));
    cr_expect_eq(account.has_note, PRESENCE_NULL);
}

Test(fields_read, what_is_absent_stays_zero_and_is_told_apart_from_null)
{
    memset(&account, 0xff, sizeof(account));
    cr_assert_eq(read_text(" {" GOOD "} "), STATUS_OK);
    cr_expect_eq(account.has_note, PRESENCE_ABSENT);
    cr_expect(!account.is_admin && account.age == 0 && account.roles.items == NULL);
    cr_assert_eq(read_text("{" GOOD ",\"note\":\"\",\"roles\":[]}"), STATUS_OK);
    cr_expect_eq(account.has_note, PRESENCE_VALUE);
    cr_expect(account.roles.items != NULL && account.roles.count == 0);
}

Test(fields_read, objects_of_other_parties_may_hold_more)
{
    struct fields open = account_fields;
    open.ignores_unknown = true;
    cr_expect(is_ok(fields_read_json(&open, &task, STR("{" GOOD ",\"more\":{\"a\":[1]}}"), &account)));
}

struct anything {
    struct str data;
};
static const struct field anything_rows[] = {
    {.name = "data",
     .type = FIELD_RAW,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct anything, data),
     .max = 24},
};
static const struct fields anything_fields = FIELDS(anything_rows, struct anything, "Anything");

Test(fields_read, an_object_nobody_looks_into_is_kept_as_compact_text)
{
    struct anything read;
    const struct {
        const char *json;
        enum status code;
        const char *kept;
    } cases[] = {
        {"{\"data\":[1]}", STATUS_VALIDATION_FAILED, NULL},
        {"{\"data\":\"{}\"}", STATUS_VALIDATION_FAILED, NULL},
        {"{\"data\":{\"a\":\"12345678901234567\"}}", STATUS_VALIDATION_FAILED, NULL},
        {"{\"data\":{\"a\":1,\"a\":2}}", STATUS_MALFORMED_JSON, NULL},
        {"{\"data\":null}", STATUS_OK, ""},
        {"{\"data\":{}}", STATUS_OK, "{}"},
        {"{\"data\": { \"b\" : [ 1 , null ], \"a\": 1.5 } }", STATUS_OK, "{\"a\":1.5,\"b\":[1,null]}"},
        {"{\"data\":{\"a\":\"1234567890123456\"}}", STATUS_OK, "{\"a\":\"1234567890123456\"}"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        fault_clear(&task.fault);
        const result outcome = fields_read_json(&anything_fields, &task, str_from(cases[i].json), &read);
        cr_assert_eq(outcome.code, cases[i].code, "%s", cases[i].json);
        if (cases[i].kept) cr_expect(str_equal(read.data, str_from(cases[i].kept)), "%s", cases[i].json);
    }
}
