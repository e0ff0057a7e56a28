// SPDX-License-Identifier: MIT
#include "auth/crypto/password.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "password_record_internal.h"

#define BYTES_PER_KIB 1024u
#define OWN_TAG_BYTES 32u /* as libsodium makes them */

_Static_assert(crypto_pwhash_SALTBYTES == PHC_SALT_BYTES, "the header names libsodium's salt");
_Static_assert(crypto_pwhash_STRBYTES == PHC_TEXT_MAX + 1u, "the header names libsodium's size");

static const struct pepper *current_pepper(const struct pepper_ring *peppers)
{
    return peppers && peppers->count > 0 ? &peppers->keys[0] : NULL;
}

static result argon2id(const struct phc *phc, struct secret password, unsigned char *ret_tag)
{
    const int outcome = crypto_pwhash(
        ret_tag, phc->tag_len, (const char *)password.bytes, password.len, phc->salt, phc->cost.iterations,
        (size_t)phc->cost.memory_kib * BYTES_PER_KIB, crypto_pwhash_ALG_ARGON2ID13);
    return outcome == 0 ? RESULT_OK : RESULT(INTERNAL);
}

static void print_hash(const struct pepper *pepper, const struct phc *phc,
                       char ret_text[PASSWORD_TEXT_MAX + 1u])
{
    char body[PHC_TEXT_MAX + 1u];
    phc_print(phc, body);
    if (pepper)
        (void)snprintf(ret_text, PASSWORD_TEXT_MAX + 1u, "$pepper$k=%s%s", pepper->id, body);
    else
        (void)snprintf(ret_text, PASSWORD_TEXT_MAX + 1u, "%s", body);
}

result password_hash(struct password_cost cost, const struct pepper_ring *peppers, struct secret password,
                     char ret_text[PASSWORD_TEXT_MAX + 1u])
{
    struct phc phc = {.cost = cost, .tag_len = OWN_TAG_BYTES};
    const struct pepper *pepper = current_pepper(peppers);
    REQUIRE(password.len <= PASSWORD_BYTES_MAX, TOO_LARGE);
    REQUIRE(is_cost_allowed(cost), INTERNAL);
    random_bytes(phc.salt, sizeof phc.salt);
    TRY(argon2id(&phc, password, phc.tag));
    if (pepper) pepper_apply(pepper, phc.tag, phc.tag_len);
    print_hash(pepper, &phc, ret_text);
    return RESULT_OK;
}

/* Not crypto_pwhash_str_verify: up to 1.0.18 it answers "another password" when memory is short, which would
 * count against the account. */
static result compute_and_compare(const struct phc *phc, const struct pepper *pepper, struct secret password)
{
    unsigned char tag[PHC_TAG_BYTES_MAX];
    TRY(argon2id(phc, password, tag));
    if (pepper) pepper_apply(pepper, tag, phc->tag_len);
    const bool is_same = bytes_equal(tag, phc->tag, phc->tag_len);
    wipe(tag, sizeof tag);
    return is_same ? RESULT_OK : RESULT(INVALID_CREDENTIALS);
}

static result verify_foreign(struct str text, struct secret password)
{
    struct password_record record;
    unsigned char tag[RECORD_TAG_MAX] = {0};
    REQUIRE(record_parse(text, &record) == RECORD_OK, INTERNAL);
    const result computed = record.scheme->compute(&record, password, tag);
    const bool is_same = bytes_equal(tag, record.tag, record.tag_len);
    wipe(tag, sizeof tag);
    wipe(&record, sizeof record);
    /* cppcheck-suppress returnDanglingLifetime ; a result is a code and keeps no address */
    TRY(computed);
    return is_same ? RESULT_OK : RESULT(INVALID_CREDENTIALS);
}

result password_verify(const struct pepper_ring *peppers, struct str text, struct secret password)
{
    struct phc phc;
    struct str id;
    REQUIRE(password.len <= PASSWORD_BYTES_MAX, TOO_LARGE);
    if (pepper_take_head(&text, &id)) {
        const struct pepper *pepper = pepper_find(peppers, id);
        REQUIRE(pepper, INTERNAL);
        TRY(phc_parse(text, &phc));
        return compute_and_compare(&phc, pepper, password);
    }
    if (is_ok(phc_parse(text, &phc))) return compute_and_compare(&phc, NULL, password);
    return verify_foreign(text, password);
}

result password_verify_dummy(struct password_cost cost, struct secret password)
{
    struct phc nobodys = {.cost = cost, .tag_len = OWN_TAG_BYTES};
    REQUIRE(password.len <= PASSWORD_BYTES_MAX, TOO_LARGE);
    REQUIRE(is_cost_allowed(cost), INTERNAL);
    random_bytes(nobodys.salt, sizeof nobodys.salt);
    random_bytes(nobodys.tag, nobodys.tag_len);
    const result outcome = compute_and_compare(&nobodys, NULL, password);
    return is_ok(outcome) ? RESULT(INVALID_CREDENTIALS) : outcome;
}

bool password_needs_rehash(const struct pepper_ring *peppers, struct str text, struct password_cost cost)
{
    struct phc phc;
    struct str id = STR("");
    const struct pepper *pepper = current_pepper(peppers);
    (void)pepper_take_head(&text, &id);
    if (!str_equal(id, pepper ? str_from(pepper->id) : STR(""))) return true;
    if (!is_ok(phc_parse(text, &phc))) return true;
    return phc.cost.memory_kib != cost.memory_kib || phc.cost.iterations != cost.iterations;
}

static enum record_outcome look_at(struct str text, struct password_record *ret_record)
{
    struct phc phc;
    struct str id;
    if (!pepper_take_head(&text, &id)) return record_parse(text, ret_record);
    const enum record_outcome outcome = record_parse(text, ret_record);
    return outcome == RECORD_OK && !is_ok(phc_parse(text, &phc)) ? RECORD_MALFORMED : outcome;
}

const char *password_text_problem(const struct pepper_ring *peppers, struct str text)
{
    struct password_record record;
    struct str rest = text, id;
    if (text.len > PASSWORD_TEXT_MAX) return "is longer than any hash";
    if (pepper_take_head(&rest, &id) && !pepper_find(peppers, id))
        return "has a pepper that is not configured here";
    switch (look_at(text, &record)) {
    case RECORD_OK:
        return NULL;
    case RECORD_TOO_COSTLY:
        return "asks for more memory or work than is allowed";
    case RECORD_MALFORMED:
        break;
    }
    return "is no hash of a form known here";
}

const char *password_scheme_name(struct str text)
{
    struct password_record record;
    return look_at(text, &record) == RECORD_OK ? record.scheme->name : NULL;
}
