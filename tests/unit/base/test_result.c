// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "auth/base/result.h"

static result fail_when(bool must_fail)
{
    REQUIRE(!must_fail, EXPIRED);
    return RESULT_OK;
}

static result pass_on(bool must_fail, int *steps)
{
    TRY(fail_when(must_fail));
    (*steps)++;
    return RESULT_OK;
}

Test(result, a_failure_goes_upward_at_once)
{
    int steps = 0;
    cr_assert_eq(pass_on(true, &steps).code, STATUS_EXPIRED);
    cr_assert_eq(steps, 0);
    cr_assert(!is_ok(RESULT(EXPIRED)));
}

Test(result, success_goes_on)
{
    int steps = 0;
    cr_assert(is_ok(pass_on(false, &steps)));
    cr_assert_eq(steps, 1);
}

Test(result, zero_is_success_so_that_a_cleared_fault_is_none)
{
    cr_assert_eq(STATUS_OK, 0);
}

Test(result, every_status_has_a_name_a_sentence_and_a_code_that_is_its_name_in_lower_case)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        const enum status code = (enum status)i;
        const char *name = status_name(code);
        cr_expect_eq(strlen(name), strlen(status_code(code)));
        for (size_t at = 0; name[at]; at++)
            cr_expect_eq(tolower(name[at]), status_code(code)[at], "%s", name);
        const size_t len = strlen(status_sentence(code));
        cr_expect(len > 1 && status_sentence(code)[len - 1] == '.', "%s", name);
        cr_expect(i == 0 ? status_http(code) == 200 : status_http(code) >= 400 && status_http(code) < 600);
    }
}

Test(result, the_rows_are_found_by_their_code)
{
    cr_assert_str_eq(status_name(STATUS_INVALID_TOKEN), "INVALID_TOKEN");
    cr_assert_str_eq(status_code(STATUS_INVALID_TOKEN), "invalid_token");
    cr_assert_eq(status_http(STATUS_INVALID_TOKEN), 401);
    cr_assert_eq(status_http(STATUS_DEADLINE_EXCEEDED), 503);
}
