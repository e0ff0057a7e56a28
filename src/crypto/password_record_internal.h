/* password_record_internal.h — a stored hash taken apart, and the schemes that can be verified.
 * Shape:   one row for each form of text (prefix, parser with its limits, computation); the tag is compared in one
 *          place, by password.c.
 * Limits:  what a stored row may demand of memory and of a core is bounded before anything is computed: at most
 *          256 MiB, and a few seconds.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_PASSWORD_RECORD_INTERNAL_H
#define AUTH_CRYPTO_PASSWORD_RECORD_INTERNAL_H

#include "auth/base/secret.h"
#include "auth/crypto/password.h"

#define RECORD_SALT_MAX 64u
#define RECORD_TAG_MIN  16u
#define RECORD_TAG_MAX  128u
#define RECORD_KEY_MAX  64u

/* The most memory a foreign hash may take, and the most of it that may be passed over. */
#define FOREIGN_MEMORY_BYTES_MAX ((uint64_t)PHC_MEMORY_KIB_MAX * 1024u)
#define FOREIGN_WORK_BYTES_MAX   ((uint64_t)PHC_WORK_KIB_MAX * 1024u)

enum record_outcome { RECORD_OK, RECORD_MALFORMED, RECORD_TOO_COSTLY };

struct password_scheme;

struct password_record {
    const struct password_scheme *scheme;
    struct str text;     /* what libcrypt reads: the stored text without the wrapping of a framework */
    uint32_t version;    /* Argon2's */
    uint32_t memory;     /* Argon2: KiB; scrypt: N */
    uint32_t iterations; /* scrypt: the block size r */
    uint32_t lanes;      /* Argon2's, scrypt's p */
    struct str digest;   /* PBKDF2's, by libcrypto's name */
    bool is_prehashed;   /* bcrypt over the hex of SHA-256, as Django does */
    unsigned char salt[RECORD_SALT_MAX];
    size_t salt_len;
    unsigned char key[RECORD_KEY_MAX]; /* Firebase: what is encrypted with the derived key */
    size_t key_len;
    unsigned char tag[RECORD_TAG_MAX];
    size_t tag_len;
};

/* Writes record->tag_len bytes. INVALID_CREDENTIALS where the scheme cannot tell this password from others: the work
 * has been done all the same. */
typedef result record_compute(const struct password_record *record, struct secret password,
                              unsigned char ret_tag[RECORD_TAG_MAX]);

struct password_scheme {
    const char *name;
    const char *prefix;
    enum record_outcome (*parse)(struct str text, struct password_record *ret_record);
    record_compute *compute;
};

/* The scheme is found by the prefix; an unknown one is malformed. */
enum record_outcome record_parse(struct str text, struct password_record *ret_record);

/* Parsers: all of them are given the whole text. */
enum record_outcome argon2_parse(struct str text, struct password_record *record);
enum record_outcome bcrypt_parse(struct str text, struct password_record *record);
enum record_outcome yescrypt_parse(struct str text, struct password_record *record);
enum record_outcome crypt_scrypt_parse(struct str text, struct password_record *record);
enum record_outcome sha_crypt_parse(struct str text, struct password_record *record);
enum record_outcome scrypt_parse(struct str text, struct password_record *record);
enum record_outcome firebase_parse(struct str text, struct password_record *record);
enum record_outcome pbkdf2_parse(struct str text, struct password_record *record);
enum record_outcome django_pbkdf2_parse(struct str text, struct password_record *record);
enum record_outcome django_wrapped_parse(struct str text, struct password_record *record);
enum record_outcome django_scrypt_parse(struct str text, struct password_record *record);

/* What a parser that knows N, r and p has to ask. */
enum record_outcome scrypt_limits(uint64_t n, uint32_t r, uint32_t p);

record_compute argon2_compute;
record_compute crypt_compute;
record_compute scrypt_compute;
record_compute firebase_compute;
record_compute pbkdf2_compute;

#endif
