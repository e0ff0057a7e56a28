// SPDX-License-Identifier: MIT
#include "auth/crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "auth/base/log.h"

/* Fetching an algorithm and making a context costs more than a short digest: both are kept, the contexts
 * once per thread. */
struct digest_contexts {
    EVP_MD_CTX *sha256;
    EVP_MAC_CTX *hmac;
};

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *sha256_method;
static EVP_MAC *hmac_method;
static pthread_key_t contexts_key;
static _Thread_local struct digest_contexts *thread_contexts;

static void free_contexts(void *argument)
{
    struct digest_contexts *contexts = argument;
    EVP_MD_CTX_free(contexts->sha256);
    EVP_MAC_CTX_free(contexts->hmac);
    free(contexts);
    thread_contexts = NULL;
}

static void fetch_methods(void)
{
    sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac_method = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!sha256_method || !hmac_method || pthread_key_create(&contexts_key, free_contexts) != 0) {
        panic("crypto: libcrypto has no SHA-256 or HMAC");
    }
}

/* HMAC keeps its digest for later keys, so it is named here once. */
static NOINLINE struct digest_contexts *make_contexts(void)
{
    pthread_once(&fetched, fetch_methods);
    struct digest_contexts *contexts = calloc(1, sizeof *contexts);
    if (!contexts) panic("crypto: out of memory");
    char name[] = "SHA256";
    const unsigned char no_key[SHA256_BYTES] = {0};
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    contexts->sha256 = EVP_MD_CTX_new();
    contexts->hmac = EVP_MAC_CTX_new(hmac_method);
    if (!contexts->sha256 || !contexts->hmac ||
        EVP_DigestInit_ex2(contexts->sha256, sha256_method, NULL) != 1 ||
        EVP_MAC_init(contexts->hmac, no_key, sizeof no_key, parameters) != 1) {
        panic("crypto: SHA-256 cannot be prepared");
    }
    if (pthread_setspecific(contexts_key, contexts) != 0) panic("crypto: out of memory");
    thread_contexts = contexts;
    return contexts;
}

static struct digest_contexts *contexts_of_thread(void)
{
    return thread_contexts ? thread_contexts : make_contexts();
}

void sha256(struct str bytes, unsigned char ret_digest[SHA256_BYTES])
{
    EVP_MD_CTX *context = contexts_of_thread()->sha256;
    if (EVP_DigestInit_ex2(context, NULL, NULL) != 1 ||
        EVP_DigestUpdate(context, bytes.ptr, bytes.len) != 1 ||
        EVP_DigestFinal_ex(context, ret_digest, NULL) != 1) {
        panic("crypto: SHA-256 failed");
    }
}

static void hmac_parts(struct str key, const struct str *parts, size_t part_count,
                       unsigned char ret_tag[SHA256_BYTES])
{
    EVP_MAC_CTX *context = contexts_of_thread()->hmac;
    /* libcrypto takes a missing pointer for "keep the last key", never what is meant here. */
    const unsigned char *key_bytes = (const unsigned char *)(key.len > 0 ? key.ptr : "");
    if (EVP_MAC_init(context, key_bytes, key.len, NULL) != 1) panic("crypto: HMAC failed");
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].len == 0) continue;
        if (EVP_MAC_update(context, (const unsigned char *)parts[i].ptr, parts[i].len) != 1) {
            panic("crypto: HMAC failed");
        }
    }
    size_t len = 0;
    if (EVP_MAC_final(context, ret_tag, &len, SHA256_BYTES) != 1 || len != SHA256_BYTES) {
        panic("crypto: HMAC failed");
    }
}

static struct str key_text(const struct key256 *key)
{
    return (struct str){(const char *)key->bytes, sizeof key->bytes};
}

void hmac_sha256(const struct key256 *key, const struct str *parts, size_t part_count,
                 unsigned char ret_tag[SHA256_BYTES])
{
    hmac_parts(key_text(key), parts, part_count, ret_tag);
}

void hkdf_sha256(struct str salt, struct str input_key, struct str info, struct key256 *ret_key)
{
    /* "PRK = HMAC-Hash(salt, IKM)", an absent salt is "a string of HashLen zeros" (RFC 5869 §2.2), which
     * HMAC's own padding makes of an empty one. "T(1) = HMAC-Hash(PRK, T(0) | info | 0x01)" (§2.3). */
    struct key256 pseudorandom_key;
    hmac_parts(salt, &input_key, 1, pseudorandom_key.bytes);
    const struct str block[] = {info, STR("\x01")};
    hmac_parts(key_text(&pseudorandom_key), block, ARRAY_COUNT(block), ret_key->bytes);
    wipe(&pseudorandom_key, sizeof pseudorandom_key);
}

void key_derive(const struct key256 *master, const char *purpose, struct key256 *ret_key)
{
    hkdf_sha256(STR("auth key derivation v1"), key_text(master), str_from(purpose), ret_key);
}
