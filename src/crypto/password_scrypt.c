// SPDX-License-Identifier: MIT
#include <openssl/evp.h>
#include <string.h>

#include "password_reader_internal.h"
#include "password_record_internal.h"

#define BLOCK_BYTES         128u /* for each of N and r: RFC 7914 §2 */
#define LN_MAX              31u
#define FIREBASE_KEY_BYTES  32u
#define SEPARATOR_BYTES_MAX 16u

enum record_outcome scrypt_limits(uint64_t n, uint32_t r, uint32_t p)
{
    if (n < 2 || (n & (n - 1)) != 0 || r == 0 || p == 0) return RECORD_MALFORMED;
    if (n > FOREIGN_MEMORY_BYTES_MAX / BLOCK_BYTES / r) return RECORD_TOO_COSTLY;
    return n * r * BLOCK_BYTES > FOREIGN_WORK_BYTES_MAX / p ? RECORD_TOO_COSTLY : RECORD_OK;
}

/* Written as a power of two, as most do, or as the number itself, as Kratos does. */
static uint32_t n_of(uint32_t ln)
{
    return ln <= LN_MAX ? UINT32_C(1) << ln : ln;
}

static enum record_outcome check_sizes(const struct password_record *record)
{
    if (record->salt_len == 0 || record->tag_len < RECORD_TAG_MIN) return RECORD_MALFORMED;
    return scrypt_limits(record->memory, record->iterations, record->lanes);
}

/* "$scrypt$ln=16,r=8,p=1$<salt>$<tag>" */
enum record_outcome scrypt_parse(struct str text, struct password_record *record)
{
    struct str rest = str_from_offset(text, str_from(record->scheme->prefix).len);
    struct str salt;
    uint32_t ln;
    const bool has_cost = take_parameter(&rest, "ln=", &ln) &&
                          take_parameter(&rest, ",r=", &record->iterations) &&
                          take_parameter(&rest, ",p=", &record->lanes) && take_text(&rest, STR("$"));
    if (!has_cost || !take_part(&rest, &salt)) return RECORD_MALFORMED;
    if (!decode64(salt, record->salt, sizeof record->salt, &record->salt_len)) return RECORD_MALFORMED;
    if (!decode64(rest, record->tag, sizeof record->tag, &record->tag_len)) return RECORD_MALFORMED;
    record->memory = n_of(ln);
    return check_sizes(record);
}

/* "scrypt$<salt>$16384$8$1$<tag>": the salt is text. */
enum record_outcome django_scrypt_parse(struct str text, struct password_record *record)
{
    struct str rest = str_from_offset(text, str_from(record->scheme->prefix).len);
    struct str salt;
    if (!take_part(&rest, &salt) || salt.len > sizeof record->salt) return RECORD_MALFORMED;
    const bool has_cost = take_number(&rest, &record->memory) && take_text(&rest, STR("$")) &&
                          take_number(&rest, &record->iterations) && take_text(&rest, STR("$")) &&
                          take_number(&rest, &record->lanes) && take_text(&rest, STR("$"));
    if (!has_cost) return RECORD_MALFORMED;
    if (!decode64(rest, record->tag, sizeof record->tag, &record->tag_len)) return RECORD_MALFORMED;
    memcpy(record->salt, salt.ptr, salt.len);
    record->salt_len = salt.len;
    return check_sizes(record);
}

/* The separator follows the salt wherever it is used. */
static bool append_separator(struct password_record *record, struct str separator)
{
    size_t len = 0;
    const size_t room = sizeof record->salt - record->salt_len;
    const size_t len_max = room < SEPARATOR_BYTES_MAX ? room : SEPARATOR_BYTES_MAX;
    if (!decode64(separator, record->salt + record->salt_len, len_max, &len)) return false;
    record->salt_len += len;
    return true;
}

static bool take_firebase_cost(struct str *rest, struct password_record *record)
{
    uint32_t version, ln;
    const bool is_taken = take_parameter(rest, "v=", &version) && version == 1 &&
                          take_parameter(rest, ",n=", &ln) && ln <= LN_MAX &&
                          take_parameter(rest, ",r=", &record->iterations) &&
                          take_parameter(rest, ",p=", &record->lanes);
    if (is_taken) record->memory = n_of(ln);
    return is_taken;
}

/* "$fbscrypt$v=1,n=14,r=8,p=1,ss=<separator>,sk=<signer key>$<salt>$<tag>", as GoTrue writes it. */
enum record_outcome firebase_parse(struct str text, struct password_record *record)
{
    struct str rest = str_from_offset(text, str_from(record->scheme->prefix).len);
    struct str keys, salt;
    if (!take_firebase_cost(&rest, record) || !take_part(&rest, &keys) || !take_part(&rest, &salt))
        return RECORD_MALFORMED;
    struct str separator = STR("");
    if (take_text(&keys, STR(",ss=")))
        separator = str_split(&keys, ',');
    else if (!take_text(&keys, STR(",")))
        return RECORD_MALFORMED;
    if (!take_text(&keys, STR("sk="))) return RECORD_MALFORMED;
    if (!decode64(keys, record->key, sizeof record->key, &record->key_len)) return RECORD_MALFORMED;
    if (!decode64(salt, record->salt, sizeof record->salt, &record->salt_len)) return RECORD_MALFORMED;
    if (!append_separator(record, separator)) return RECORD_MALFORMED;
    if (!decode64(rest, record->tag, sizeof record->tag, &record->tag_len)) return RECORD_MALFORMED;
    if (record->tag_len != record->key_len) return RECORD_MALFORMED;
    return check_sizes(record);
}

static result derive(const struct password_record *record, struct secret password, unsigned char *ret_key,
                     size_t key_len)
{
    /* libcrypto counts a little beside the large table. */
    const uint64_t memory_max = FOREIGN_MEMORY_BYTES_MAX + FOREIGN_MEMORY_BYTES_MAX / 8;
    const int outcome =
        EVP_PBE_scrypt((const char *)password.bytes, password.len, record->salt, record->salt_len,
                       record->memory, record->iterations, record->lanes, memory_max, ret_key, key_len);
    return outcome == 1 ? RESULT_OK : RESULT(INTERNAL);
}

result scrypt_compute(const struct password_record *record, struct secret password,
                      unsigned char ret_tag[RECORD_TAG_MAX])
{
    return derive(record, password, ret_tag, record->tag_len);
}

static bool encrypt_counter(const unsigned char key[FIREBASE_KEY_BYTES], const struct password_record *record,
                            unsigned char *ret_tag)
{
    static const unsigned char counter[16] = {0};
    int len = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const bool is_done = context && EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), NULL, key, counter) == 1 &&
                         EVP_EncryptUpdate(context, ret_tag, &len, record->key, (int)record->key_len) == 1;
    EVP_CIPHER_CTX_free(context);
    return is_done && len == (int)record->key_len;
}

/* The project's signer key, encrypted with AES-256-CTR under the key scrypt makes of the password. */
result firebase_compute(const struct password_record *record, struct secret password,
                        unsigned char ret_tag[RECORD_TAG_MAX])
{
    unsigned char key[FIREBASE_KEY_BYTES];
    TRY(derive(record, password, key, sizeof key));
    const bool is_done = encrypt_counter(key, record, ret_tag);
    wipe(key, sizeof key);
    return is_done ? RESULT_OK : RESULT(INTERNAL);
}
