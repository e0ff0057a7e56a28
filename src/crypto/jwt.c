// SPDX-License-Identifier: MIT
#include "auth/crypto/jwt.h"

#include <string.h>

#include "signing_key_internal.h"

result jwt_sign(struct task *task, const struct signing_key *key, enum jwt_type type, struct str claims,
                struct str *ret_token)
{
    const struct str head = str_from(key->jwt_heads[type]);
    if (is_empty(head)) FAIL(&task->fault, INTERNAL, "tokens of this type are not made here");
    const size_t unsigned_len = head.len + 1u + BASE64URL_LEN(claims.len);
    const size_t limit = unsigned_len + 1u + BASE64URL_LEN((size_t)SIGNATURE_BYTES_MAX);
    if (claims.len > JWT_BYTES_MAX || unsigned_len > JWT_BYTES_MAX) {
        FAIL(&task->fault, TOO_LARGE, "claims of %zu bytes do not fit into a token", claims.len);
    }
    char *text = arena_alloc(task->arena, limit + 1u);
    memcpy(text, head.ptr, head.len);
    text[head.len] = '.';
    base64url_encode(claims.ptr, claims.len, text + head.len + 1u);

    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t signature_len = 0;
    const struct str message = {text, unsigned_len};
    if (!is_ok(signing_key_sign(key, message, signature, &signature_len))) {
        FAIL(&task->fault, INTERNAL, "signing with key %s failed", key->id);
    }
    const size_t len = unsigned_len + 1u + BASE64URL_LEN(signature_len);
    REQUIRE(len <= JWT_BYTES_MAX, TOO_LARGE);
    text[unsigned_len] = '.';
    base64url_encode(signature, signature_len, text + unsigned_len + 1u);
    *ret_token = (struct str){text, len};
    return RESULT_OK;
}
