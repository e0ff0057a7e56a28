// SPDX-License-Identifier: MIT
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "password_reader_internal.h"
#include "password_record_internal.h"

#define CRYPT_ALPHABET "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

#define BCRYPT_COST_MIN       4
#define BCRYPT_COST_MAX       15 /* about two seconds of a core */
#define BCRYPT_SALT_CHARS     22u
#define BCRYPT_TAG_CHARS      31u
#define BCRYPT_PASSWORD_BYTES 72u /* what follows is not looked at */

#define SHA_CRYPT_ROUNDS_MIN   1000u
#define SHA_CRYPT_ROUNDS_MAX   1000000u
#define SHA_CRYPT_SALT_CHARS   16u
#define SHA256_CRYPT_TAG_CHARS 43u
#define SHA512_CRYPT_TAG_CHARS 86u

#define YESCRYPT_TAG_CHARS  43u
#define YESCRYPT_SALT_CHARS 86u
#define YESCRYPT_PASSES     4u /* what it does with its memory, in passes of scrypt */
#define CRYPT_NUMBER_CHARS  5u /* of r and p in $7$ */

static bool is_crypt_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!memchr(CRYPT_ALPHABET, text.ptr[i], sizeof CRYPT_ALPHABET - 1)) return false;
    return true;
}

static int crypt_digit(char c)
{
    const char *found = memchr(CRYPT_ALPHABET, c, sizeof CRYPT_ALPHABET - 1);
    return found ? (int)(found - CRYPT_ALPHABET) : -1;
}

/* The end of the text is what is compared. */
static void set_tag(struct password_record *record, struct str tag)
{
    memcpy(record->tag, tag.ptr, tag.len);
    record->tag_len = tag.len;
}

/* "$2b$12$" and 53 characters: the salt, then the tag. */
enum record_outcome bcrypt_parse(struct str text, struct password_record *record)
{
    const size_t head = str_from(record->scheme->prefix).len;
    const size_t body = head + 3;
    if (text.len != body + BCRYPT_SALT_CHARS + BCRYPT_TAG_CHARS) return RECORD_MALFORMED;
    const char tens = text.ptr[head], ones = text.ptr[head + 1];
    const bool is_cost = tens >= '0' && tens <= '3' && ones >= '0' && ones <= '9';
    if (!is_cost || text.ptr[head + 2] != '$') return RECORD_MALFORMED;
    if (!is_crypt_text(str_from_offset(text, body))) return RECORD_MALFORMED;
    set_tag(record, str_from_offset(text, body + BCRYPT_SALT_CHARS));
    const int cost = (tens - '0') * 10 + (ones - '0');
    if (cost < BCRYPT_COST_MIN) return RECORD_MALFORMED;
    return cost > BCRYPT_COST_MAX ? RECORD_TOO_COSTLY : RECORD_OK;
}

/* "$5$[rounds=N$]<salt>$<tag>" */
enum record_outcome sha_crypt_parse(struct str text, struct password_record *record)
{
    const bool is_512 = record->scheme->prefix[1] == '6';
    struct str rest = str_from_offset(text, str_from(record->scheme->prefix).len);
    struct str salt;
    uint32_t rounds = SHA_CRYPT_ROUNDS_MIN;
    if (take_parameter(&rest, "rounds=", &rounds) && !take_text(&rest, STR("$"))) return RECORD_MALFORMED;
    if (!take_part(&rest, &salt) || salt.len == 0 || salt.len > SHA_CRYPT_SALT_CHARS) return RECORD_MALFORMED;
    if (rest.len != (is_512 ? SHA512_CRYPT_TAG_CHARS : SHA256_CRYPT_TAG_CHARS)) return RECORD_MALFORMED;
    if (!is_crypt_text(salt) || !is_crypt_text(rest)) return RECORD_MALFORMED;
    set_tag(record, rest);
    if (rounds < SHA_CRYPT_ROUNDS_MIN) return RECORD_MALFORMED;
    return rounds > SHA_CRYPT_ROUNDS_MAX ? RECORD_TOO_COSTLY : RECORD_OK;
}

static enum record_outcome take_salt_and_tag(struct str rest, struct password_record *record)
{
    struct str salt;
    if (!take_part(&rest, &salt) || salt.len > YESCRYPT_SALT_CHARS) return RECORD_MALFORMED;
    if (rest.len != YESCRYPT_TAG_CHARS || !is_crypt_text(salt) || !is_crypt_text(rest))
        return RECORD_MALFORMED;
    set_tag(record, rest);
    return RECORD_OK;
}

/* "$y$j9T$<salt>$<tag>": flavour, N and r in one character each, as crypt_gensalt(3) makes them; N counts from 1 as a
 * power of two, r from 1. */
enum record_outcome yescrypt_parse(struct str text, struct password_record *record)
{
    struct str rest = str_from_offset(text, str_from(record->scheme->prefix).len);
    struct str cost;
    if (!take_part(&rest, &cost) || cost.len != 3 || cost.ptr[0] != 'j') return RECORD_MALFORMED;
    const int n_log2 = crypt_digit(cost.ptr[1]) + 1, r = crypt_digit(cost.ptr[2]) + 1;
    /* From 48 on a number has more characters. */
    if (n_log2 < 1 || n_log2 > 48 || r < 1 || r > 48) return RECORD_MALFORMED;
    const enum record_outcome parsed = take_salt_and_tag(rest, record);
    if (parsed != RECORD_OK) return parsed;
    return scrypt_limits(UINT64_C(1) << n_log2, (uint32_t)r, YESCRYPT_PASSES);
}

/* The least significant character first. */
static bool take_crypt_number(struct str *rest, uint32_t *ret_value)
{
    uint64_t value = 0;
    if (rest->len < CRYPT_NUMBER_CHARS) return false;
    for (size_t i = 0; i < CRYPT_NUMBER_CHARS; i++) {
        const int digit = crypt_digit(rest->ptr[i]);
        if (digit < 0) return false;
        value |= (uint64_t)digit << (6 * i);
    }
    *rest = str_from_offset(*rest, CRYPT_NUMBER_CHARS);
    *ret_value = (uint32_t)value;
    return true;
}

/* "$7$" N in one character, r and p in five each, then "<salt>$<tag>". */
enum record_outcome crypt_scrypt_parse(struct str text, struct password_record *record)
{
    struct str rest = str_from_offset(text, str_from(record->scheme->prefix).len);
    const int n_log2 = rest.len > 0 ? crypt_digit(rest.ptr[0]) : -1;
    if (n_log2 < 1) return RECORD_MALFORMED;
    rest = str_from_offset(rest, 1);
    uint32_t r, p;
    if (!take_crypt_number(&rest, &r) || !take_crypt_number(&rest, &p)) return RECORD_MALFORMED;
    const enum record_outcome parsed = take_salt_and_tag(rest, record);
    return parsed == RECORD_OK ? scrypt_limits(UINT64_C(1) << n_log2, r, p) : parsed;
}

/* What libcrypt is given; the scheme cannot tell a password that ends sooner for it from others. */
struct phrase {
    char text[CRYPT_MAX_PASSPHRASE_SIZE];
    bool is_whole;
};

static void set_phrase(struct phrase *phrase, const struct password_record *record, struct secret password)
{
    const bool is_bcrypt = record->tag_len == BCRYPT_TAG_CHARS;
    const size_t len_max = is_bcrypt ? BCRYPT_PASSWORD_BYTES : sizeof phrase->text - 1;
    if (record->is_prehashed) {
        unsigned char digest[SHA256_BYTES];
        sha256(secret_expose(password), digest);
        hex_encode(digest, sizeof digest, phrase->text);
        wipe(digest, sizeof digest);
        phrase->is_whole = true;
        return;
    }
    const size_t len = password.len < len_max ? password.len : len_max;
    if (len > 0) memcpy(phrase->text, password.bytes, len);
    phrase->text[len] = '\0';
    phrase->is_whole = len == password.len && !has_nul(secret_expose(password));
}

static result crypt_with(struct crypt_data *data, const struct password_record *record,
                         const struct phrase *phrase, unsigned char *ret_tag)
{
    char setting[PASSWORD_TEXT_MAX + 1u];
    memcpy(setting, record->text.ptr, record->text.len);
    setting[record->text.len] = '\0';
    const struct str made = str_from(crypt_r(phrase->text, setting, data));
    if (made.len != record->text.len) return RESULT(INTERNAL);
    memcpy(ret_tag, made.ptr + made.len - record->tag_len, record->tag_len);
    return phrase->is_whole ? RESULT_OK : RESULT(INVALID_CREDENTIALS);
}

/* A password of more than 72 bytes would open a bcrypt hash with whatever follows the 72nd, and one with NUL inside any
 * hash of libcrypt with whatever follows that: neither is accepted, after the same work. */
result crypt_compute(const struct password_record *record, struct secret password,
                     unsigned char ret_tag[RECORD_TAG_MAX])
{
    struct phrase phrase;
    struct crypt_data *data = calloc(1, sizeof *data);
    REQUIRE(data, INTERNAL);
    set_phrase(&phrase, record, password);
    const result computed = crypt_with(data, record, &phrase, ret_tag);
    wipe(&phrase, sizeof phrase);
    wipe(data, sizeof *data);
    free(data);
    return computed;
}
