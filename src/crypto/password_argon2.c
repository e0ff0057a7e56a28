// SPDX-License-Identifier: MIT
#include <argon2.h>
#include <sodium.h>

#include "password_reader_internal.h"
#include "password_record_internal.h"

#define BYTES_PER_KIB  1024u
#define LANES_MAX      64u
#define KIB_PER_LANE   8u /* RFC 9106 §3.1: "at least 8*p kibibytes" */
#define ITERATIONS_MAX 64u
#define SALT_BYTES_MIN 8u /* RFC 9106 §3.1 has it so, and libargon2 with it */

static enum record_outcome check_limits(const struct password_record *record)
{
    if (record->lanes > LANES_MAX || record->memory < KIB_PER_LANE * record->lanes) return RECORD_MALFORMED;
    if (record->memory > PHC_MEMORY_KIB_MAX || record->iterations > ITERATIONS_MAX) return RECORD_TOO_COSTLY;
    if (record->memory > PHC_WORK_KIB_MAX / record->iterations) return RECORD_TOO_COSTLY;
    return RECORD_OK;
}

/* "$argon2id$v=19$m=65536,t=3,p=4$<salt>$<tag>"; a text without the version is of version 16. */
enum record_outcome argon2_parse(struct str text, struct password_record *record)
{
    struct str rest = str_from_offset(text, str_from(record->scheme->prefix).len);
    struct str salt;
    record->version = ARGON2_VERSION_10;
    if (take_parameter(&rest, "v=", &record->version) && !take_text(&rest, STR("$"))) return RECORD_MALFORMED;
    if (record->version != ARGON2_VERSION_10 && record->version != ARGON2_VERSION_13) return RECORD_MALFORMED;
    const bool has_cost = take_parameter(&rest, "m=", &record->memory) &&
                          take_parameter(&rest, ",t=", &record->iterations) &&
                          take_parameter(&rest, ",p=", &record->lanes) && take_text(&rest, STR("$"));
    if (!has_cost || !take_part(&rest, &salt)) return RECORD_MALFORMED;
    if (!decode64(salt, record->salt, sizeof record->salt, &record->salt_len)) return RECORD_MALFORMED;
    if (!decode64(rest, record->tag, sizeof record->tag, &record->tag_len)) return RECORD_MALFORMED;
    if (record->salt_len < SALT_BYTES_MIN || record->tag_len < RECORD_TAG_MIN) return RECORD_MALFORMED;
    return check_limits(record);
}

/* libsodium computes one lane and salts of 16 bytes, in memory that hash threads keep (hash_arena_internal.h). */
static bool is_for_libsodium(const struct password_record *record)
{
    return record->scheme->prefix[str_from("$argon2i").len] == 'd' && record->version == ARGON2_VERSION_13 &&
           record->lanes == PHC_LANES && record->salt_len == PHC_SALT_BYTES &&
           is_cost_allowed((struct password_cost){record->memory, record->iterations});
}

static result sodium_compute(const struct password_record *record, struct secret password,
                             unsigned char *ret_tag)
{
    const int outcome = crypto_pwhash(ret_tag, record->tag_len, (const char *)password.bytes, password.len,
                                      record->salt, record->iterations,
                                      (size_t)record->memory * BYTES_PER_KIB, crypto_pwhash_ALG_ARGON2ID13);
    return outcome == 0 ? RESULT_OK : RESULT(INTERNAL);
}

/* One thread, however many lanes: the hasher's threads are as many as there are cores. */
result argon2_compute(const struct password_record *record, struct secret password,
                      unsigned char ret_tag[RECORD_TAG_MAX])
{
    if (is_for_libsodium(record)) return sodium_compute(record, password, ret_tag);
    unsigned char salt[RECORD_SALT_MAX];
    for (size_t i = 0; i < sizeof salt; i++) salt[i] = record->salt[i];
    argon2_context context = {
        .out = ret_tag,
        .outlen = (uint32_t)record->tag_len,
        .pwd = password.bytes,
        .pwdlen = (uint32_t)password.len,
        .salt = salt,
        .saltlen = (uint32_t)record->salt_len,
        .t_cost = record->iterations,
        .m_cost = record->memory,
        .lanes = record->lanes,
        .threads = 1,
        .version = record->version,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    const bool is_id = str_starts_with(record->text, STR("$argon2id$"));
    return argon2_ctx(&context, is_id ? Argon2_id : Argon2_i) == ARGON2_OK ? RESULT_OK : RESULT(INTERNAL);
}
