// SPDX-License-Identifier: MIT
#include "auth/crypto/password.h"

#include <sodium.h>
#include <string.h>

#define BYTES_PER_KIB   1024u
#define DUMMY_TAG_BYTES 32u /* as libsodium makes them */

_Static_assert(crypto_pwhash_SALTBYTES == PHC_SALT_BYTES, "the header names libsodium's salt");
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

/* Not crypto_pwhash_str_verify: up to 1.0.18 it answers "another password" when memory is short, which would
 * count against the account. */
static result compute_and_compare(const struct phc *phc, struct secret password)
{
    unsigned char tag[PHC_TAG_BYTES_MAX];
    if (crypto_pwhash(tag, phc->tag_len, (const char *)password.bytes, password.len, phc->salt,
                      phc->cost.iterations, (size_t)phc->cost.memory_kib * BYTES_PER_KIB,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return RESULT(INTERNAL);
    }
    const bool is_same = bytes_equal(tag, phc->tag, phc->tag_len);
    wipe(tag, sizeof tag);
    return is_same ? RESULT_OK : RESULT(INVALID_CREDENTIALS);
}

result password_verify(struct str phc, struct secret password)
{
    struct phc parsed;
    REQUIRE(password.len <= PASSWORD_BYTES_MAX, TOO_LARGE);
    TRY(phc_parse(phc, &parsed));
    return compute_and_compare(&parsed, password);
}

result password_verify_dummy(struct password_cost cost, struct secret password)
{
    struct phc nobodys = {.cost = cost, .tag_len = DUMMY_TAG_BYTES};
    REQUIRE(password.len <= PASSWORD_BYTES_MAX, TOO_LARGE);
    REQUIRE(is_cost_allowed(cost), INTERNAL);
    random_bytes(nobodys.salt, sizeof nobodys.salt);
    random_bytes(nobodys.tag, nobodys.tag_len);
    const result outcome = compute_and_compare(&nobodys, password);
    return is_ok(outcome) ? RESULT(INVALID_CREDENTIALS) : outcome;
}

bool password_needs_rehash(const struct phc *phc, struct password_cost cost)
{
    return phc->cost.memory_kib != cost.memory_kib || phc->cost.iterations != cost.iterations;
}
