// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/domain/scopes.h"

Test(scope, what_rfc_6749_does_not_spell_is_no_scope)
{
    static const char *const malformed[] = {" ",
                                            "  ",
                                            " read",
                                            "read ",
                                            "read  write",
                                            "re\"ad",
                                            "re\\ad",
                                            "re\tad",
                                            "read\nwrite",
                                            "r\x7f"
                                            "d",
                                            "r\xc3\xa9"
                                            "d",
                                            "read\x01"};
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++) {
        cr_expect(!is_scope(str_from(malformed[i])), "%s", malformed[i]);
        cr_expect(!is_scope_within(str_from(malformed[i]), str_from(malformed[i])), "%s", malformed[i]);
    }
    cr_expect(!is_scope((struct str){"re\0ad", 5}));
    cr_expect(is_scope(STR("")));
    cr_expect(is_scope(STR("read")));
    cr_expect(is_scope(STR("read write !#$%&'()*+,-./:;<=>?@[]^_`{|}~")));
}

Test(scope, a_part_must_be_whole_words_of_the_whole)
{
    static const struct {
        const char *part;
        const char *whole;
        bool is_within;
    } cases[] = {
        {"", "", true},
        {"", "read", true},
        {"read", "read", true},
        {"read", "write read", true},
        {"write read", "read write", true},
        {"read read", "read", true},
        {"read", "", false},
        {"rea", "read", false},
        {"read", "rea", false},
        {"readwrite", "read write", false},
        {"read admin", "read write", false},
        {"READ", "read", false},
        {"read", "read:all", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        cr_expect_eq(is_scope_within(str_from(cases[i].part), str_from(cases[i].whole)), cases[i].is_within,
                     "\"%s\" in \"%s\"", cases[i].part, cases[i].whole);
}

Test(scope, the_empty_word_is_in_no_list)
{
    cr_expect(!has_word(STR(""), STR("")));
    cr_expect(!has_word(STR("a  b"), STR("")));
    cr_expect(has_word(STR("a  b"), STR("b")));
    cr_expect(!has_word(STR("ab"), STR("a")));
}

Test(scope, who_may_change_may_look_and_nobody_else)
{
    static const struct {
        const char *granted;
        const char *needed;
        bool has;
    } cases[] = {
        {"", "admin:users", false},
        {"admin:users:read", "admin:users", false},
        {"admin:users", "admin:users", true},
        {"admin:users", "admin:users:read", true},
        {"admin:users:read", "admin:users:read", true},
        {"admin", "admin:users:read", false},
        {"admin:use", "admin:users:read", false},
        {"admin:clients", "admin:users:read", false},
        {"", ":read", false},
        {"admin:users", "", false},
        {"x admin:users y", "admin:users:read", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        cr_expect_eq(has_scope(str_from(cases[i].granted), str_from(cases[i].needed)), cases[i].has,
                     "\"%s\" in \"%s\"", cases[i].needed, cases[i].granted);
}
