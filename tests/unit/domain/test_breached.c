// SPDX-License-Identifier: MIT
#include "auth/domain/breached.h"

#include <criterion/criterion.h>

#define SUFFIX "1E4C9B93F3F0682250B6CF8331B7EE68FD8"
#define OTHER  "00000000000000000000000000000000001"

static bool reads(struct str text, bool *ret_is_found)
{
    *ret_is_found = false;
    return breached_range_read(text, SUFFIX, ret_is_found);
}

Test(breached, what_is_no_answer_of_a_list_is_not_taken_for_one)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "  ",
                                        "<html>",
                                        "{}",
                                        SUFFIX,
                                        SUFFIX ":",
                                        SUFFIX ":x",
                                        SUFFIX " 1",
                                        SUFFIX "0:1",
                                        OTHER ":1\nhello",
                                        OTHER ":1:1",
                                        "Z" OTHER ":1",
                                        OTHER ":1\n" SUFFIX ":99999999999999999999"};
    bool is_found;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        cr_assert_not(reads(str_from(texts[i]), &is_found), "%s", texts[i]);
    cr_assert_not(reads((struct str){OTHER "\0:1", 38}, &is_found));
}

Test(breached, padding_is_not_a_find)
{
    bool is_found;
    cr_assert(reads(STR(OTHER ":3\r\n" SUFFIX ":0\r\n"), &is_found));
    cr_assert_not(is_found);
}

Test(breached, a_digest_is_found_wherever_it_stands)
{
    static const char *const texts[] = {SUFFIX ":1", SUFFIX ":3861493\n" OTHER ":1\n",
                                        OTHER ":1\r\n" SUFFIX ":2\r\n",
                                        OTHER ":1\n1e4c9b93f3f0682250b6cf8331b7ee68fd8:2"};
    bool is_found;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        cr_assert(reads(str_from(texts[i]), &is_found), "%s", texts[i]);
        cr_assert(is_found, "%s", texts[i]);
    }
    cr_assert(reads(STR(OTHER ":1"), &is_found));
    cr_assert_not(is_found);
}
