// SPDX-License-Identifier: MIT
#include "prebuilt_internal.h"

#include "auth/base/digest.h"
#include "auth/base/encoding.h"
#include "auth/base/log.h"

#define ETAG_BYTES 16u

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    if (!copy) panic("out of memory for a prebuilt response");
    return copy;
}

static void etag_make(struct str body, char ret_etag[ETAG_SIZE])
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    char hex[2 * ETAG_BYTES + 1];
    digest_sha256(body, digest);
    hex_encode(digest, ETAG_BYTES, hex);
    (void)snprintf(ret_etag, ETAG_SIZE, "\"%s\"", hex);
}

struct prebuilt *prebuilt_create(const char *content_type, struct str body, const char *cache_control)
{
    struct prebuilt *prebuilt = calloc(1, sizeof(*prebuilt) + body.len + 1);
    if (!prebuilt) panic("out of memory for a prebuilt response");
    char *bytes = (char *)(prebuilt + 1);
    if (body.len > 0) memcpy(bytes, body.ptr, body.len);
    prebuilt->body = (struct str){bytes, body.len};
    prebuilt->content_type = copy_text(content_type);
    prebuilt->cache_control = copy_text(cache_control);
    etag_make(body, prebuilt->etag);
    atomic_init(&prebuilt->references, 1);
    return prebuilt;
}

struct prebuilt *prebuilt_ref(struct prebuilt *prebuilt)
{
    (void)atomic_fetch_add_explicit(&prebuilt->references, 1, memory_order_relaxed);
    return prebuilt;
}

void prebuilt_unref(struct prebuilt *prebuilt)
{
    if (!prebuilt) return;
    if (atomic_fetch_sub_explicit(&prebuilt->references, 1, memory_order_acq_rel) > 1) return;
    free(prebuilt->content_type);
    free(prebuilt->cache_control);
    free(prebuilt);
}

bool is_matched(const struct prebuilt *prebuilt, struct str if_none_match)
{
    struct str rest = if_none_match;
    if (str_equal(str_trim(rest), STR("*"))) return true;
    while (rest.len > 0) {
        struct str tag = str_trim(str_split(&rest, ','));
        if (str_starts_with(tag, STR("W/"))) tag = str_from_offset(tag, 2);
        if (str_equal(tag, str_from(prebuilt->etag))) return true;
    }
    return false;
}
