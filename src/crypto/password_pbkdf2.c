// SPDX-License-Identifier: MIT
#include <openssl/evp.h>
#include <string.h>

#include "password_reader_internal.h"
#include "password_record_internal.h"

/* Each block of the tag costs all iterations: a few seconds of a core at most. */
#define BLOCKS_MAX 6000000u

static const struct digest {
    const char *word; /* in the stored text */
    struct str name;  /* libcrypto's */
    uint32_t bytes;
} digests[] = {
    {"sha512", STR_INIT("SHA512"), 64}, {"sha256", STR_INIT("SHA256"), 32}, {"sha1", STR_INIT("SHA1"), 20}};

static const struct digest *digest_of(struct str word)
{
    for (size_t i = 0; i < ARRAY_COUNT(digests); i++)
        if (str_equal(word, str_from(digests[i].word))) return &digests[i];
    return NULL;
}

static enum record_outcome check_limits(const struct password_record *record, uint32_t digest_bytes)
{
    if (record->salt_len == 0 || record->tag_len < RECORD_TAG_MIN) return RECORD_MALFORMED;
    const uint32_t blocks = ((uint32_t)record->tag_len + digest_bytes - 1) / digest_bytes;
    return record->iterations > BLOCKS_MAX / blocks ? RECORD_TOO_COSTLY : RECORD_OK;
}

/* "29000" as passlib writes it, "i=600000" or "i=600000,l=32" as the PHC form has it. */
static bool take_cost(struct str *rest, struct password_record *record, uint32_t *ret_tag_len)
{
    if (take_number(rest, &record->iterations)) return take_text(rest, STR("$"));
    if (!take_parameter(rest, "i=", &record->iterations)) return false;
    if (take_parameter(rest, ",l=", ret_tag_len) && *ret_tag_len > RECORD_TAG_MAX) return false;
    return take_text(rest, STR("$"));
}

/* "$pbkdf2-sha256$29000$<salt>$<tag>"; "$pbkdf2$" alone is of SHA-1. */
enum record_outcome pbkdf2_parse(struct str text, struct password_record *record)
{
    struct str rest = str_from_offset(text, 1), name, salt;
    uint32_t tag_len = 0;
    if (!take_part(&rest, &name) || !take_cost(&rest, record, &tag_len) || !take_part(&rest, &salt))
        return RECORD_MALFORMED;
    const struct digest *digest =
        str_equal(name, STR("pbkdf2")) ? digest_of(STR("sha1")) : digest_of(str_from_offset(name, 7));
    if (!digest || !decode64(salt, record->salt, sizeof record->salt, &record->salt_len))
        return RECORD_MALFORMED;
    if (!decode64(rest, record->tag, sizeof record->tag, &record->tag_len)) return RECORD_MALFORMED;
    if (tag_len != 0 && tag_len != record->tag_len) return RECORD_MALFORMED;
    record->digest = digest->name;
    return check_limits(record, digest->bytes);
}

/* "pbkdf2_sha256$260000$<salt>$<tag>": the salt is text. */
enum record_outcome django_pbkdf2_parse(struct str text, struct password_record *record)
{
    struct str rest = str_from_offset(text, str_from("pbkdf2_").len), word, salt;
    if (!take_part(&rest, &word) || !take_number(&rest, &record->iterations) || !take_text(&rest, STR("$")) ||
        !take_part(&rest, &salt))
        return RECORD_MALFORMED;
    const struct digest *digest = digest_of(word);
    if (!digest || salt.len > sizeof record->salt) return RECORD_MALFORMED;
    if (!decode64(rest, record->tag, sizeof record->tag, &record->tag_len)) return RECORD_MALFORMED;
    memcpy(record->salt, salt.ptr, salt.len);
    record->salt_len = salt.len;
    record->digest = digest->name;
    return check_limits(record, digest->bytes);
}

/* "bcrypt_sha256$$2b$12$…", "bcrypt$$2b$12$…" and "argon2$argon2id$…": the hash of another scheme behind a word. */
enum record_outcome django_wrapped_parse(struct str text, struct password_record *record)
{
    const bool is_prehashed = str_starts_with(text, STR("bcrypt_sha256$"));
    const bool is_bcrypt = str_starts_with(text, STR("bcrypt"));
    const struct str inner = str_from_offset(text, is_bcrypt ? str_from(record->scheme->prefix).len
                                                             : str_from(record->scheme->prefix).len - 1);
    if (!str_starts_with(inner, is_bcrypt ? STR("$2") : STR("$argon2"))) return RECORD_MALFORMED;
    const enum record_outcome parsed = record_parse(inner, record);
    record->is_prehashed = is_prehashed;
    return parsed;
}

result pbkdf2_compute(const struct password_record *record, struct secret password,
                      unsigned char ret_tag[RECORD_TAG_MAX])
{
    EVP_MD *digest = EVP_MD_fetch(NULL, record->digest.ptr, NULL);
    REQUIRE(digest, INTERNAL);
    const int outcome = PKCS5_PBKDF2_HMAC((const char *)password.bytes, (int)password.len, record->salt,
                                          (int)record->salt_len, (int)record->iterations, digest,
                                          (int)record->tag_len, ret_tag);
    EVP_MD_free(digest);
    return outcome == 1 ? RESULT_OK : RESULT(INTERNAL);
}
