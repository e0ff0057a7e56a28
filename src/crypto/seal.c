// SPDX-License-Identifier: MIT
#include "auth/crypto/seal.h"

#include <sodium.h>
#include <string.h>

#include "auth/crypto/digest.h"

#define SEAL_VERSION 1u
#define HEAD_BYTES   (1u + SEAL_KEY_ID_BYTES)
#define NONCE_BYTES  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES    crypto_aead_xchacha20poly1305_ietf_ABYTES
#define CONTEXT_MAX  1024u

_Static_assert(SEAL_OVERHEAD == HEAD_BYTES + NONCE_BYTES + TAG_BYTES, "the header names the overhead");
_Static_assert(sizeof(struct key256) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one size of key");

void seal_key_derive(const struct key256 *master, struct seal_key *ret_key)
{
    struct key256 name;
    key_derive(master, "seal v1", &ret_key->key);
    key_derive(master, "seal key id v1", &name);
    memcpy(ret_key->id, name.bytes, sizeof ret_key->id);
}

/* Head and context under one tag: the head has a fixed length, so the two cannot be shifted. */
static struct str associated_data(struct arena *arena, const unsigned char *head, struct str context)
{
    unsigned char *bytes = arena_alloc(arena, HEAD_BYTES + context.len);
    memcpy(bytes, head, HEAD_BYTES);
    if (context.len > 0) memcpy(bytes + HEAD_BYTES, context.ptr, context.len);
    return (struct str){(const char *)bytes, HEAD_BYTES + context.len};
}

result seal(struct task *task, const struct seal_ring *ring, struct str context, struct secret content,
            struct str *ret_sealed)
{
    if (ring->count == 0) FAIL(&task->fault, INTERNAL, "no key to seal with");
    REQUIRE(content.len <= SEAL_TEXT_MAX && context.len <= CONTEXT_MAX, TOO_LARGE);
    const struct seal_key *key = &ring->keys[0];
    const size_t len = content.len + SEAL_OVERHEAD;
    unsigned char *sealed = arena_alloc(task->arena, len);
    unsigned char *nonce = sealed + HEAD_BYTES;
    sealed[0] = SEAL_VERSION;
    memcpy(sealed + 1, key->id, SEAL_KEY_ID_BYTES);
    random_bytes(nonce, NONCE_BYTES);
    const struct str data = associated_data(task->arena, sealed, context);
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_BYTES, NULL, content.bytes, content.len,
                                                   (const unsigned char *)data.ptr, data.len, NULL, nonce,
                                                   key->key.bytes) != 0) {
        FAIL(&task->fault, INTERNAL, "sealing failed");
    }
    *ret_sealed = (struct str){(const char *)sealed, len};
    return RESULT_OK;
}

static const struct seal_key *find_key(const struct seal_ring *ring, const unsigned char *id)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (bytes_equal(ring->keys[i].id, id, SEAL_KEY_ID_BYTES)) return &ring->keys[i];
    }
    return NULL;
}

result seal_open(struct task *task, const struct seal_ring *ring, struct str context, struct str sealed,
                 struct secret *ret_content)
{
    const unsigned char *bytes = (const unsigned char *)sealed.ptr;
    if (sealed.len < SEAL_OVERHEAD || sealed.len > SEAL_TEXT_MAX + SEAL_OVERHEAD) {
        FAIL(&task->fault, INTERNAL, "a sealed value of %zu bytes", sealed.len);
    }
    if (context.len > CONTEXT_MAX) FAIL(&task->fault, INTERNAL, "the context of a sealed value is too long");
    if (bytes[0] != SEAL_VERSION) FAIL(&task->fault, INTERNAL, "a sealed value of version %u", bytes[0]);
    const struct seal_key *key = find_key(ring, bytes + 1);
    if (!key) FAIL(&task->fault, INTERNAL, "a value is sealed with a secret key this server does not have");

    const unsigned char *nonce = bytes + HEAD_BYTES;
    const struct str data = associated_data(task->arena, bytes, context);
    const size_t content_len = sealed.len - SEAL_OVERHEAD;
    unsigned char *content = arena_alloc(task->arena, content_len + 1u);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(content, NULL, NULL, nonce + NONCE_BYTES,
                                                   content_len + TAG_BYTES, (const unsigned char *)data.ptr,
                                                   data.len, nonce, key->key.bytes) != 0) {
        FAIL(&task->fault, INTERNAL, "a sealed value is damaged or not in its place");
    }
    *ret_content = (struct secret){content, content_len};
    return RESULT_OK;
}

bool seal_is_outdated(const struct seal_ring *ring, struct str sealed)
{
    return ring->count == 0 || sealed.len < SEAL_OVERHEAD ||
           !bytes_equal(ring->keys[0].id, sealed.ptr + 1, SEAL_KEY_ID_BYTES);
}
