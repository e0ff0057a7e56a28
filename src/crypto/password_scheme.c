// SPDX-License-Identifier: MIT
#include "password_record_internal.h"

#include <string.h>

/* A longer prefix stands before a shorter one it begins with. */
static const struct password_scheme schemes[] = {
    {"Argon2id", "$argon2id$", argon2_parse, argon2_compute},
    {"Argon2i", "$argon2i$", argon2_parse, argon2_compute},
    {"bcrypt", "$2a$", bcrypt_parse, crypt_compute},
    {"bcrypt", "$2b$", bcrypt_parse, crypt_compute},
    {"bcrypt", "$2y$", bcrypt_parse, crypt_compute},
    {"yescrypt", "$y$", yescrypt_parse, crypt_compute},
    {"gost-yescrypt", "$gy$", yescrypt_parse, crypt_compute},
    {"scrypt", "$7$", crypt_scrypt_parse, crypt_compute},
    {"SHA-256-crypt", "$5$", sha_crypt_parse, crypt_compute},
    {"SHA-512-crypt", "$6$", sha_crypt_parse, crypt_compute},
    {"scrypt", "$scrypt$", scrypt_parse, scrypt_compute},
    {"Firebase scrypt", "$fbscrypt$", firebase_parse, firebase_compute},
    {"PBKDF2", "$pbkdf2-sha512$", pbkdf2_parse, pbkdf2_compute},
    {"PBKDF2", "$pbkdf2-sha256$", pbkdf2_parse, pbkdf2_compute},
    {"PBKDF2", "$pbkdf2-sha1$", pbkdf2_parse, pbkdf2_compute},
    {"PBKDF2", "$pbkdf2$", pbkdf2_parse, pbkdf2_compute},
    {"PBKDF2 (Django)", "pbkdf2_sha256$", django_pbkdf2_parse, pbkdf2_compute},
    {"PBKDF2 (Django)", "pbkdf2_sha1$", django_pbkdf2_parse, pbkdf2_compute},
    {"bcrypt (Django)", "bcrypt_sha256$", django_wrapped_parse, crypt_compute},
    {"bcrypt (Django)", "bcrypt$", django_wrapped_parse, crypt_compute},
    {"Argon2 (Django)", "argon2$", django_wrapped_parse, argon2_compute},
    {"scrypt (Django)", "scrypt$", django_scrypt_parse, scrypt_compute},
};

enum record_outcome record_parse(struct str text, struct password_record *ret_record)
{
    if (text.len > PASSWORD_TEXT_MAX || has_nul(text)) return RECORD_MALFORMED;
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        if (!str_starts_with(text, str_from(schemes[i].prefix))) continue;
        memset(ret_record, 0, sizeof *ret_record);
        ret_record->scheme = &schemes[i];
        ret_record->text = text;
        return schemes[i].parse(text, ret_record);
    }
    return RECORD_MALFORMED;
}
