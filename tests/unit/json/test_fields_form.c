// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "account_fields.h"

static struct arena *arena;
static struct task task;
static struct account account;

/* Forms hold flat rows alone. */
static const struct fields *form_fields(void)
{
    static struct fields flat;
    flat = account_fields;
    flat.count = 8;
    return &flat;
}

static void begin(void)
{
    arena = arena_create(4u << 20);
    task_init(&task, arena, STR("test"), 1000);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(fields_form, .init = begin, .fini = end);

static enum status read_text(const char *form)
{
    fault_clear(&task.fault);
    return fields_read_form(form_fields(), &task, str_from(form), &account).code;
}

static bool has_error(const char *name, const char *code)
{
    for (size_t i = 0; i < task.fault.error_count; i++) {
        const struct field_error *error = &task.fault.errors[i];
        if (strcmp(error->pointer, name) == 0 && strcmp(error->code, code) == 0) return true;
    }
    return false;
}

Test(fields_form, every_offending_parameter_is_named_at_once)
{
    cr_expect_eq(read_text("name=a&age=x&is_admin=1&color=blue&id=1&created_at=1&exp=-1&password=%zz"),
                 STATUS_INVALID_REQUEST);
    cr_expect(has_error("name", "too_short") && has_error("age", "wrong_type"));
    cr_expect(has_error("is_admin", "wrong_type") && has_error("color", "not_a_choice"));
    cr_expect(has_error("id", "not_an_id") && has_error("created_at", "not_a_time"));
    cr_expect(has_error("exp", "not_a_time") && has_error("password", "malformed"));
    cr_expect_eq(task.fault.error_count, 8);
}

Test(fields_form, a_query_names_unknown_parameters_too)
{
    fault_clear(&task.fault);
    const struct str query = STR("emial=x&age=x&%ff=1&");
    cr_expect_eq(fields_read_query(form_fields(), &task, query, &account).code, STATUS_VALIDATION_FAILED);
    cr_expect(has_error("emial", "unknown") && has_error("age", "wrong_type") && has_error("?", "unknown"));
    fault_clear(&task.fault);
    cr_expect(is_ok(fields_read_query(form_fields(), &task, STR("name=Ada&age=7"), &account)) ||
              !has_error("name", "unknown"));
}

Test(fields_form, a_query_of_a_table_that_ignores_unknown_parameters_takes_them)
{
    struct fields open = *form_fields();
    open.ignores_unknown = true;
    fault_clear(&task.fault);
    (void)fields_read_query(&open, &task, STR("utm_source=mail&age=x&%ff=1&"), &account);
    cr_expect(has_error("age", "wrong_type") && !has_error("utm_source", "unknown") &&
              !has_error("?", "unknown"));
}

Test(fields_form, a_repeated_parameter_is_refused)
{
    cr_expect_eq(read_text("name=ada&password=12345678&name=ada"), STATUS_INVALID_REQUEST);
    cr_expect(has_error("name", "duplicate"));
    cr_expect_eq(read_text("name=ada&password=12345678&n%61me="), STATUS_INVALID_REQUEST);
    cr_expect(has_error("name", "duplicate"));
}

Test(fields_form, an_empty_parameter_counts_as_absent)
{
    cr_expect_eq(read_text("name=&password=12345678&age="), STATUS_INVALID_REQUEST);
    cr_expect(has_error("name", "required"));
    cr_expect_eq(task.fault.error_count, 1);
    cr_expect_eq(read_text(""), STATUS_INVALID_REQUEST);
    cr_expect_eq(task.fault.error_count, 2);
}

Test(fields_form, bytes_that_are_no_text_are_refused)
{
    static const char *const refused[] = {"name=a%00b", "name=%ff%fe", "name=a%0ab", "name=%c0%af"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        cr_expect_eq(read_text(refused[i]), STATUS_INVALID_REQUEST, "%s", refused[i]);
        cr_expect(has_error("name", "malformed") || has_error("name", "control_character"), "%s", refused[i]);
    }
}

Test(fields_form, too_many_parameters_are_refused)
{
    struct strbuf out;
    strbuf_init(&out, arena, 64, 4096);
    for (int i = 0; i < 65; i++) strbuf_add(&out, STR("x=1&"));
    cr_expect_eq(read_text(strbuf_str(&out).ptr), STATUS_INVALID_REQUEST);
}

Test(fields_form, unknown_parameters_are_ignored_and_known_ones_read)
{
    cr_assert_eq(read_text("name=a+b%2B&password=corr%20ect&age=41&is_admin=true&color=red&foo=1&foo=2&&exp=5"
                           "&id=0190163d-8694-739b-aea5-966c26f8ad91&created_at=2026-01-05T10:00:00Z"),
                 STATUS_OK);
    cr_expect(str_equal(account.name, STR("a b+")));
    cr_expect(str_equal(secret_expose(account.password), STR("corr ect")));
    cr_expect(account.age == 41 && account.is_admin && account.color == COLOR_RED);
    cr_expect(account.expires_at_ms == 5000 && account.created_at_ms == 1767607200000);
}
