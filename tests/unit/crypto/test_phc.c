// SPDX-License-Identifier: MIT
#include "auth/crypto/phc.h"

#include "crypto_fixture.h"

TestSuite(phc, .init = fixture_begin, .fini = fixture_end);

#define SALT "c29tZXNhbHRzb21lc2FsdA"
#define TAG  "yrdGtGIZk/3JHsUHh5gLQUqQppLwvGjf4Z+cJbPLqew"

Test(phc, anything_but_the_one_spelling_is_refused)
{
    static const char *const texts[] = {
        "",
        "$",
        "x",
        "$argon2id",
        "$argon2i$v=19$m=256,t=2,p=1$" SALT "$" TAG,
        "$argon2d$v=19$m=256,t=2,p=1$" SALT "$" TAG,
        "$Argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG,
        "argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG,
        "$argon2id$m=256,t=2,p=1$" SALT "$" TAG,
        "$argon2id$v=16$m=256,t=2,p=1$" SALT "$" TAG,
        "$argon2id$v=19$t=2,m=256,p=1$" SALT "$" TAG,
        "$argon2id$v=19$m=256,t=2$" SALT "$" TAG,
        "$argon2id$v=19$m=0256,t=2,p=1$" SALT "$" TAG,
        "$argon2id$v=19$m=+256,t=2,p=1$" SALT "$" TAG,
        "$argon2id$v=19$m= 256,t=2,p=1$" SALT "$" TAG,
        "$argon2id$v=19$m=-256,t=2,p=1$" SALT "$" TAG,
        "$argon2id$v=19$m=,t=2,p=1$" SALT "$" TAG,
        "$argon2id$v=19$m=256,t=0,p=1$" SALT "$" TAG,
        "$argon2id$v=19$m=256,t=2,p=0$" SALT "$" TAG,
        "$argon2id$v=19$m=256,t=2,p=2$" SALT "$" TAG,
        "$argon2id$v=19$m=256,t=2,p=1,x=1$" SALT "$" TAG,
        "$argon2id$v=19$m=256,t=2,p=1$" SALT,
        "$argon2id$v=19$m=256,t=2,p=1$" SALT "$",
        "$argon2id$v=19$m=256,t=2,p=1$$" TAG,
        "$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG "$",
        "$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG "=",
        "$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG "\n",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHRzb21lc2FsdB$" TAG, /* unused bits set */
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHRzb21lc2Fs_A$" TAG, /* the other alphabet */
        "$argon2id$v=19$m=256,t=2,p=1$\xbf"
        "29tZXNhbHRzb21lc2FsdA$" TAG,                    /* libsodium reads this byte as a plus sign */
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" TAG, /* salts of 8, 15 and 17 bytes */
        "$argon2id$v=19$m=256,t=2,p=1$YWFhYWFhYWFhYWFhYWFh$" TAG,
        "$argon2id$v=19$m=256,t=2,p=1$YWFhYWFhYWFhYWFhYWFhYWE$" TAG,
        "$argon2id$v=19$m=256,t=2,p=1$" SALT "$YWFhYWFhYWFhYWFhYWFh", /* tags of 15 and 65 bytes */
        "$argon2id$v=19$m=256,t=2,p=1$" SALT
        "$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE",
        " $argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG,
        "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    };
    struct phc phc;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        cr_assert_eq(CODE_OF(phc_parse(str_from(texts[i]), &phc)), STATUS_INTERNAL, "%s", texts[i]);
    }
}

Test(phc, a_cost_beyond_the_limits_is_refused)
{
    static const char *const costs[] = {
        "m=7,t=2",           "m=262145,t=1", "m=4194304,t=1", "m=4294967296,t=1",   "m=4294967552,t=1",
        "m=99999999999,t=1", "m=256,t=17",   "m=262144,t=5",  "m=256,t=4294967295", "m=256,t=4294967297"};
    struct phc phc;
    for (size_t i = 0; i < ARRAY_COUNT(costs); i++) {
        const struct str text =
            str_printf(fixture_task.arena, "$argon2id$v=19$%s,p=1$" SALT "$" TAG, costs[i]);
        cr_assert_eq(CODE_OF(phc_parse(text, &phc)), STATUS_INTERNAL, "%s", costs[i]);
    }
}

Test(phc, nul_inside_and_overlong_texts_are_refused)
{
    struct phc phc;
    const struct str good = STR("$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG);
    cr_assert_eq(CODE_OF(phc_parse(with_byte(good, good.len - 1, '\0'), &phc)), STATUS_INTERNAL);
    char longer[PHC_TEXT_MAX + 2];
    memset(longer, 'A', sizeof longer);
    memcpy(longer, good.ptr, good.len);
    cr_assert_eq(CODE_OF(phc_parse((struct str){longer, sizeof longer}, &phc)), STATUS_INTERNAL);
    cr_assert_eq(CODE_OF(phc_parse(STR_NONE, &phc)), STATUS_INTERNAL);
}

Test(phc, tells_the_cost)
{
    struct phc phc;
    cr_assert(is_ok(phc_parse(STR("$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG), &phc)));
    cr_assert_eq(phc.cost.memory_kib, 19456);
    cr_assert_eq(phc.cost.iterations, 2);
    cr_assert(memcmp(phc.salt, "somesaltsomesalt", sizeof phc.salt) == 0);
    cr_assert_eq(phc.tag_len, 32);
    cr_assert_eq(phc.tag[0], 0xca);
    cr_assert_eq(phc.tag[31], 0xec);
}

Test(phc, the_edges_of_the_limits_are_allowed)
{
    cr_assert(is_cost_allowed((struct password_cost){PHC_MEMORY_KIB_MIN, 1}));
    cr_assert(is_cost_allowed((struct password_cost){PHC_MEMORY_KIB_MAX, 4}));
    cr_assert(is_cost_allowed((struct password_cost){64 * 1024, 16}));
    cr_assert_not(is_cost_allowed((struct password_cost){PHC_MEMORY_KIB_MAX, 5}));
    cr_assert_not(is_cost_allowed((struct password_cost){64 * 1024, 0}));
}
