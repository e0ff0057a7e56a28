// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "../../../src/http/prebuilt_internal.h"

Test(prebuilt, only_its_own_tag_matches)
{
    struct prebuilt *one = prebuilt_create("application/json", STR("{}"), "no-cache");
    struct prebuilt *other = prebuilt_create("application/json", STR("{ }"), "no-cache");
    cr_expect_str_neq(one->etag, other->etag);
    cr_expect_not(is_matched(one, STR("")));
    cr_expect_not(is_matched(one, str_from(other->etag)));
    cr_expect_not(is_matched(one, STR("\"\"")));
    cr_expect(is_matched(one, str_from(one->etag)));
    cr_expect(is_matched(one, STR(" * ")));
    prebuilt_unref(one);
    prebuilt_unref(other);
}

Test(prebuilt, it_lives_as_long_as_somebody_holds_it)
{
    struct prebuilt *one = prebuilt_create("text/plain", STR("a"), "no-cache");
    struct prebuilt *same = prebuilt_ref(one);
    prebuilt_unref(one);
    cr_expect(str_equal(same->body, STR("a")));
    prebuilt_unref(same);
    prebuilt_unref(NULL);
}
