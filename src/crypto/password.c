// SPDX-License-Identifier: MIT
#include "auth/crypto/password.h"

#include <errno.h>
#include <sodium.h>

#define BYTES_PER_KIB   1024u
#define SALT_CHARS_SIZE 23u /* base64 of 16 bytes, and NUL */
#define TAG_CHARS_SIZE  44u /* base64 of 32 bytes, and NUL */

_Static_assert(crypto_pwhash_STRBYTES == PHC_TEXT_MAX + 1u, "the header names libsodium's size");

result password_hash(struct password_cost cost, struct secret password, char ret_phc[PHC_TEXT_MAX + 1u])
{
    char text[crypto_pwhash_STRBYTES];
    REQUIRE(password.len <= PASSWORD_BYTES_MAX, TOO_LARGE);
    REQUIRE(is_cost_allowed(cost), INTERNAL);
    if (crypto_pwhash_str_alg(text, (const char *)password.bytes, password.len, cost.iterations,
                              (size_t)cost.memory_kib * BYTES_PER_KIB, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return RESULT(INTERNAL);
    }
    memcpy(ret_phc, text, sizeof text);
    return RESULT_OK;
}

result password_verify(struct str phc, struct secret password)
{
    struct phc parsed;
    char text[crypto_pwhash_STRBYTES];
    REQUIRE(password.len <= PASSWORD_BYTES_MAX, TOO_LARGE);
    TRY(phc_parse(phc, &parsed));
    memcpy(text, phc.ptr, phc.len);
    text[phc.len] = '\0';
    errno = 0;
    if (crypto_pwhash_str_verify(text, (const char *)password.bytes, password.len) == 0) return RESULT_OK;
    /* libsodium says EINVAL when the hash was computed and is another one; what could not be computed must
     * not pass for a wrong password, or a shortage of memory would lock accounts. */
    return errno == EINVAL ? RESULT(INVALID_CREDENTIALS) : RESULT(INTERNAL);
}

result password_verify_dummy(struct password_cost cost, struct secret password)
{
    unsigned char bytes[48];
    char salt[SALT_CHARS_SIZE];
    char tag[TAG_CHARS_SIZE];
    char text[PHC_TEXT_MAX + 1u];
    REQUIRE(is_cost_allowed(cost), INTERNAL);
    random_bytes(bytes, sizeof bytes);
    sodium_bin2base64(salt, sizeof salt, bytes, 16, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    sodium_bin2base64(tag, sizeof tag, bytes + 16, 32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    snprintf(text, sizeof text, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s", cost.memory_kib, cost.iterations, salt,
             tag);
    const result outcome = password_verify(str_from(text), password);
    return is_ok(outcome) ? RESULT(INVALID_CREDENTIALS) : outcome;
}

bool password_needs_rehash(const struct phc *phc, struct password_cost cost)
{
    return phc->cost.memory_kib != cost.memory_kib || phc->cost.iterations != cost.iterations;
}
