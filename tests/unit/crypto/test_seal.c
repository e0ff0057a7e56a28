// SPDX-License-Identifier: MIT
#include "auth/crypto/seal.h"

#include "crypto_fixture.h"

static struct seal_ring ring;

static void setup(void)
{
    struct key256 master;
    fixture_begin();
    random_bytes(master.bytes, sizeof master.bytes);
    seal_key_derive(&master, &ring.keys[0]);
    ring.count = 1;
}

TestSuite(seal, .init = setup, .fini = fixture_end);

static struct str seal_text(const char *context, const char *text)
{
    struct str sealed;
    cr_assert(is_ok(seal(&fixture_task, &ring, str_from(context), secret_of(text), &sealed)));
    return sealed;
}

static int open_code(struct str context, struct str sealed)
{
    struct secret content;
    fault_clear(&fixture_task.fault);
    return CODE_OF(seal_open(&fixture_task, &ring, context, sealed, &content));
}

Test(seal, a_change_of_any_byte_is_refused)
{
    const struct str sealed = seal_text("row 1", "secret");
    for (size_t i = 0; i < sealed.len; i++) {
        const struct str changed = with_byte(sealed, i, (unsigned char)(sealed.ptr[i] ^ 1));
        cr_assert_eq(open_code(STR("row 1"), changed), STATUS_INTERNAL, "byte %zu", i);
    }
}

Test(seal, a_cut_or_lengthened_text_is_refused)
{
    const struct str sealed = seal_text("row 1", "secret");
    for (size_t len = 0; len < sealed.len; len++) {
        cr_assert_eq(open_code(STR("row 1"), (struct str){sealed.ptr, len}), STATUS_INTERNAL, "length %zu",
                     len);
    }
    const struct str longer = str_printf(fixture_task.arena, "%s", "x");
    char *bytes = arena_alloc(fixture_task.arena, sealed.len + 1);
    memcpy(bytes, sealed.ptr, sealed.len);
    bytes[sealed.len] = longer.ptr[0];
    cr_assert_eq(open_code(STR("row 1"), (struct str){bytes, sealed.len + 1}), STATUS_INTERNAL);
}

Test(seal, a_text_moved_to_another_place_is_refused)
{
    const struct str sealed = seal_text("row 1", "secret");
    cr_assert_eq(open_code(STR("row 2"), sealed), STATUS_INTERNAL);
    cr_assert_eq(open_code(STR(""), sealed), STATUS_INTERNAL);
    cr_assert_eq(open_code(STR("row 1"), sealed), STATUS_OK);
}

Test(seal, another_servers_key_does_not_open)
{
    const struct str sealed = seal_text("row 1", "secret");
    struct key256 other = {{9}};
    seal_key_derive(&other, &ring.keys[0]);
    cr_assert_eq(open_code(STR("row 1"), sealed), STATUS_INTERNAL);
    cr_assert(seal_is_outdated(&ring, sealed));
}

Test(seal, an_empty_ring_seals_nothing)
{
    struct str sealed;
    const struct seal_ring none = {.count = 0};
    cr_assert_eq(CODE_OF(seal(&fixture_task, &none, STR("x"), secret_of("y"), &sealed)), STATUS_INTERNAL);
}

Test(seal, more_than_the_limit_is_too_large)
{
    struct str sealed;
    const struct secret large = {arena_alloc(fixture_task.arena, SEAL_TEXT_MAX + 1), SEAL_TEXT_MAX + 1};
    cr_assert_eq(CODE_OF(seal(&fixture_task, &ring, STR("x"), large, &sealed)), STATUS_TOO_LARGE);
}

Test(seal, opens_what_it_sealed)
{
    const char *texts[] = {"", "a", "a private key, say"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct secret content;
        const struct str sealed = seal_text("row 1", texts[i]);
        cr_assert_eq(sealed.len, strlen(texts[i]) + SEAL_OVERHEAD);
        cr_assert(is_ok(seal_open(&fixture_task, &ring, STR("row 1"), sealed, &content)));
        cr_assert(secret_equal(content, secret_of(texts[i])));
    }
}

/* Security incident 29: there is no JWE here, and no nonce twice. */
Test(seal, the_same_text_is_never_sealed_the_same_way)
{
    const struct str a = seal_text("row 1", "secret");
    const struct str b = seal_text("row 1", "secret");
    cr_assert(memcmp(a.ptr, b.ptr, a.len) != 0);
}

Test(seal, an_older_key_of_the_ring_still_opens)
{
    const struct str sealed = seal_text("row 1", "secret");
    struct key256 newer = {{5}};
    ring.keys[1] = ring.keys[0];
    seal_key_derive(&newer, &ring.keys[0]);
    ring.count = 2;
    cr_assert_eq(open_code(STR("row 1"), sealed), STATUS_OK);
    cr_assert(seal_is_outdated(&ring, sealed));
    cr_assert_not(seal_is_outdated(&ring, seal_text("row 1", "secret")));
}
