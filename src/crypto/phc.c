// SPDX-License-Identifier: MIT
#include "auth/crypto/phc.h"

#include <sodium.h>
#include <stdio.h>

#include "password_reader_internal.h"

#define HEAD           "$argon2id$v=19$m="
#define PHC_PART_CHARS 96u

bool is_cost_allowed(struct password_cost cost)
{
    if (cost.memory_kib < PHC_MEMORY_KIB_MIN || cost.memory_kib > PHC_MEMORY_KIB_MAX) return false;
    if (cost.iterations < 1 || cost.iterations > PHC_ITERATIONS_MAX) return false;
    return cost.memory_kib <= PHC_WORK_KIB_MAX / cost.iterations;
}

result phc_parse(struct str text, struct phc *ret_phc)
{
    struct str rest = text;
    struct phc phc;
    uint32_t lanes = 0;
    REQUIRE(text.len <= PHC_TEXT_MAX && !has_nul(text), INTERNAL);
    REQUIRE(take_text(&rest, STR(HEAD)) && take_number(&rest, &phc.cost.memory_kib), INTERNAL);
    REQUIRE(take_text(&rest, STR(",t=")) && take_number(&rest, &phc.cost.iterations), INTERNAL);
    REQUIRE(take_text(&rest, STR(",p=")) && take_number(&rest, &lanes), INTERNAL);
    REQUIRE(take_text(&rest, STR("$")), INTERNAL);
    const struct str salt = str_split(&rest, '$');
    size_t salt_len = 0;
    REQUIRE(decode64_strict(salt, phc.salt, sizeof phc.salt, &salt_len) && salt_len == PHC_SALT_BYTES,
            INTERNAL);
    REQUIRE(decode64_strict(rest, phc.tag, sizeof phc.tag, &phc.tag_len) && phc.tag_len >= PHC_TAG_BYTES_MIN,
            INTERNAL);
    REQUIRE(lanes == PHC_LANES && is_cost_allowed(phc.cost), INTERNAL);
    *ret_phc = phc;
    return RESULT_OK;
}

void phc_print(const struct phc *phc, char ret_text[PHC_TEXT_MAX + 1u])
{
    char salt[PHC_PART_CHARS], tag[PHC_PART_CHARS];
    sodium_bin2base64(salt, sizeof salt, phc->salt, sizeof phc->salt,
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    sodium_bin2base64(tag, sizeof tag, phc->tag, phc->tag_len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    (void)snprintf(ret_text, PHC_TEXT_MAX + 1u, HEAD "%u,t=%u,p=1$%.22s$%.43s", phc->cost.memory_kib,
                   phc->cost.iterations, salt, tag);
}
