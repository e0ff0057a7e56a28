// SPDX-License-Identifier: MIT
#include "auth/crypto/digest.h"

#include <pthread.h>

#include "crypto_fixture.h"

TestSuite(digest, .init = fixture_begin, .fini = fixture_end);

static void assert_bytes(const void *bytes, const char *hex)
{
    const struct str expected = hex_bytes(hex);
    cr_assert(memcmp(bytes, expected.ptr, expected.len) == 0);
}

Test(digest, sha256_of_fips_180_examples)
{
    unsigned char digest[SHA256_BYTES];
    sha256(STR("abc"), digest);
    assert_bytes(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(STR_NONE, digest);
    assert_bytes(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), digest);
    assert_bytes(digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

Test(digest, hmac_reads_its_parts_as_one_text)
{
    struct key256 key;
    unsigned char whole[SHA256_BYTES];
    unsigned char in_parts[SHA256_BYTES];
    memset(key.bytes, 7, sizeof key.bytes);
    const struct str one[] = {STR("session-1")};
    const struct str three[] = {STR("session"), STR_NONE, STR("-1")};
    hmac_sha256(&key, one, 1, whole);
    hmac_sha256(&key, three, 3, in_parts);
    cr_assert(memcmp(whole, in_parts, sizeof whole) == 0);
}

Test(digest, hmac_depends_on_the_key_and_the_text)
{
    struct key256 key = {{1}};
    struct key256 other_key = {{2}};
    unsigned char tag[SHA256_BYTES], other_tag[SHA256_BYTES];
    const struct str text = STR("a"), other_text = STR("b");
    hmac_sha256(&key, &text, 1, tag);
    hmac_sha256(&other_key, &text, 1, other_tag);
    cr_assert(memcmp(tag, other_tag, sizeof tag) != 0);
    hmac_sha256(&key, &other_text, 1, other_tag);
    cr_assert(memcmp(tag, other_tag, sizeof tag) != 0);
    hmac_sha256(&key, &text, 1, other_tag);
    cr_assert(memcmp(tag, other_tag, sizeof tag) == 0);
}

/* RFC 4231 has no key of 32 bytes; this one was computed with Python's hmac module. */
Test(digest, hmac_of_a_known_value)
{
    struct key256 key;
    unsigned char tag[SHA256_BYTES];
    const struct str text = STR("what do ya want for nothing?");
    for (size_t i = 0; i < sizeof key.bytes; i++) key.bytes[i] = (unsigned char)i;
    hmac_sha256(&key, &text, 1, tag);
    assert_bytes(tag, "099805f4ac310786968565c098db515cc50862b420ae31e20238312344bed36a");
}

/* The first block of RFC 5869, appendix A.1 to A.3. */
Test(digest, hkdf_of_rfc_5869_examples)
{
    struct key256 key;
    hkdf_sha256(hex_bytes("000102030405060708090a0b0c"),
                hex_bytes("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), hex_bytes("f0f1f2f3f4f5f6f7f8f9"),
                &key);
    assert_bytes(key.bytes, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    hkdf_sha256(STR_NONE, hex_bytes("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), STR_NONE, &key);
    assert_bytes(key.bytes, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");

    char long_input[80], long_salt[80], long_info[80];
    for (int i = 0; i < 80; i++) {
        long_input[i] = (char)i;
        long_salt[i] = (char)(0x60 + i);
        long_info[i] = (char)(0xb0 + i);
    }
    hkdf_sha256((struct str){long_salt, 80}, (struct str){long_input, 80}, (struct str){long_info, 80}, &key);
    assert_bytes(key.bytes, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
}

Test(digest, keys_for_different_purposes_differ)
{
    struct key256 master = {{3}};
    struct key256 other_master = {{4}};
    struct key256 a, b;
    key_derive(&master, "refresh token tag v1", &a);
    key_derive(&master, "cache key v1", &b);
    cr_assert(memcmp(&a, &b, sizeof a) != 0);
    key_derive(&other_master, "refresh token tag v1", &b);
    cr_assert(memcmp(&a, &b, sizeof a) != 0);
    key_derive(&master, "refresh token tag v1", &b);
    cr_assert(memcmp(&a, &b, sizeof a) == 0);
}

static void *digest_in_thread(void *argument)
{
    for (int i = 0; i < 2000; i++) sha256(STR("abc"), argument);
    return NULL;
}

Test(digest, threads_do_not_disturb_each_other)
{
    pthread_t threads[4];
    unsigned char digests[4][SHA256_BYTES];
    for (int i = 0; i < 4; i++)
        cr_assert(pthread_create(&threads[i], NULL, digest_in_thread, digests[i]) == 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) {
        assert_bytes(digests[i], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
