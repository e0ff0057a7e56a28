// SPDX-License-Identifier: MIT
#include "auth/crypto/phc.h"

#include <sodium.h>

#define HEAD         "$argon2id$v=19$m="
#define NUMBER_CHARS 10u

bool is_cost_allowed(struct password_cost cost)
{
    if (cost.memory_kib < PHC_MEMORY_KIB_MIN || cost.memory_kib > PHC_MEMORY_KIB_MAX) return false;
    if (cost.iterations < 1 || cost.iterations > PHC_ITERATIONS_MAX) return false;
    return cost.memory_kib <= PHC_WORK_KIB_MAX / cost.iterations;
}

static bool take_text(struct str *rest, struct str expected)
{
    if (!str_starts_with(*rest, expected)) return false;
    *rest = str_from_offset(*rest, expected.len);
    return true;
}

/* Digits without a leading zero. */
static bool take_number(struct str *rest, uint32_t *ret_value)
{
    uint64_t value = 0;
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9') {
        if (len == NUMBER_CHARS) return false;
        value = value * 10u + (uint64_t)(rest->ptr[len] - '0');
        len++;
    }
    if (len == 0 || rest->ptr[0] == '0' || value > UINT32_MAX) return false;
    *ret_value = (uint32_t)value;
    *rest = str_from_offset(*rest, len);
    return true;
}

/* The one spelling of some bytes: libsodium refuses padding, other characters and unused bits that are set. */
static bool decode(struct str text, unsigned char *ret_bytes, size_t bytes_max, size_t *ret_len)
{
    return sodium_base642bin(ret_bytes, bytes_max, text.ptr, text.len, NULL, ret_len, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0;
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
    REQUIRE(decode(salt, phc.salt, sizeof phc.salt, &salt_len) && salt_len == PHC_SALT_BYTES, INTERNAL);
    REQUIRE(decode(rest, phc.tag, sizeof phc.tag, &phc.tag_len) && phc.tag_len >= PHC_TAG_BYTES_MIN,
            INTERNAL);
    REQUIRE(lanes == PHC_LANES && is_cost_allowed(phc.cost), INTERNAL);
    *ret_phc = phc;
    return RESULT_OK;
}
