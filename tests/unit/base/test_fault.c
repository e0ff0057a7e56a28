// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/base/fault.h"

static result refuse(struct fault *fault)
{
    FAIL(fault, CONFLICT, "row %d is taken", 7);
}

Test(fault, a_later_failure_does_not_hide_the_first)
{
    struct fault fault = {0};
    cr_assert_eq(refuse(&fault).code, STATUS_CONFLICT);
    const int line = fault.line;
    const result later = fault_record(&fault, STATUS_INTERNAL, "other.c", 1, "other", "later");
    cr_assert_eq(later.code, STATUS_INTERNAL, "the caller still gets its own code");
    cr_assert_eq(fault.code, STATUS_CONFLICT);
    cr_assert_eq(fault.line, line);
    cr_assert_str_eq(fault.function, "refuse");
    cr_assert_str_eq(fault.detail, "row 7 is taken");
    cr_assert_not_null(strstr(fault.file, "test_fault.c"));
}

Test(fault, a_long_detail_is_cut)
{
    struct fault fault = {0};
    char text[1000];
    memset(text, 'x', sizeof(text));
    text[999] = '\0';
    cr_assert_eq(fault_record(&fault, STATUS_INTERNAL, "f", 1, "f", "%s", text).code, STATUS_INTERNAL);
    cr_assert_eq(strlen(fault.detail), FAULT_DETAIL_MAX - 1);
}

Test(fault, fields_beyond_the_list_are_counted)
{
    struct fault fault = {0};
    for (unsigned i = 0; i < FIELD_ERRORS_MAX; i++)
        fault_add_field(&fault, "/email", "required", "Is missing.");
    fault_add_field(&fault, "/late", "too_long", "Is too long.");
    cr_assert_eq(fault.error_count, FIELD_ERRORS_MAX + 1);
    cr_assert_str_eq(fault.errors[0].pointer, "/email");
    cr_assert_str_eq(fault.errors[FIELD_ERRORS_MAX - 1].code, "required");
    cr_assert_str_eq(fault.errors[FIELD_ERRORS_MAX - 1].detail, "Is missing.");
}

Test(fault, a_cleared_fault_notes_the_next_failure)
{
    struct fault fault = {0};
    cr_assert_eq(fault_record(&fault, STATUS_INTERNAL, "f", 1, "f", "first").code, STATUS_INTERNAL);
    fault_add_field(&fault, "/email", "required", "Is missing.");
    fault_clear(&fault);
    cr_assert_eq(fault.code, STATUS_OK);
    cr_assert_eq(fault.error_count, 0u);
    cr_assert_str_empty(fault.detail);
    cr_assert_eq(refuse(&fault).code, STATUS_CONFLICT);
    cr_assert_str_eq(fault.detail, "row 7 is taken");
}
