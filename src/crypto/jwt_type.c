// SPDX-License-Identifier: MIT
#include "signing_key_internal.h"

#include <stdio.h>

#define HEAD_JSON_SIZE 240u

_Static_assert(JWT_HEAD_SIZE > BASE64URL_LEN(HEAD_JSON_SIZE), "a head has room in base64url");

/* The names under which a type is read; the first is the one written, unless it is only read. */
struct jwt_type_names {
    const char *names[2];
    bool is_read_only;
    bool may_be_absent;
};

static const struct jwt_type_names type_names[JWT_TYPE_COUNT] = {
    [JWT_ACCESS] = {.names = {"at+jwt"}},
    [JWT_IDENTITY] = {.names = {"JWT"}},
    [JWT_LOGOUT] = {.names = {"logout+jwt"}},
    [JWT_CHECKPOINT] = {.names = {"audit-checkpoint+jwt"}},
    [JWT_CLIENT_ASSERTION] = {.names = {"client-authentication+jwt", "JWT"},
                              .is_read_only = true,
                              .may_be_absent = true},
};

void jwt_heads_make(struct signing_key *key)
{
    char json[HEAD_JSON_SIZE];
    for (int i = 0; i < JWT_TYPE_COUNT; i++) {
        if (type_names[i].is_read_only) continue;
        const int len = snprintf(json, sizeof json, "{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"}",
                                 signing_algorithm_name(key->algorithm), type_names[i].names[0], key->id);
        base64url_encode(json, (size_t)len, key->jwt_heads[i]);
    }
}

bool jwt_type_matches(enum jwt_type type, struct str typ)
{
    const struct jwt_type_names *expected = &type_names[type];
    if (is_empty(typ)) return expected->may_be_absent;
    /* "it is RECOMMENDED that producers omit an "application/" prefix"; a recipient treats it as though it
     * were there (RFC 7515 §4.1.9), and media types compare without case. */
    const struct str prefix = STR("application/");
    if (typ.len > prefix.len && str_equal_nocase((struct str){typ.ptr, prefix.len}, prefix)) {
        typ = str_from_offset(typ, prefix.len);
    }
    for (size_t i = 0; i < ARRAY_COUNT(expected->names); i++) {
        if (expected->names[i] && str_equal_nocase(typ, str_from(expected->names[i]))) return true;
    }
    return false;
}
