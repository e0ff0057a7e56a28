// SPDX-License-Identifier: MIT
#include "auth/crypto/breached_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto_fixture.h"

#define COUNT 1000u

static char path[64];

static void begin(void)
{
    fixture_begin();
    (void)snprintf(path, sizeof path, "/tmp/breached-XXXXXX");
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0, "%s", strerror(errno));
    close(fd);
}

static void end(void)
{
    unlink(path);
    fixture_end();
}

TestSuite(breached_file, .init = begin, .fini = end);

static void put(struct str text)
{
    FILE *file = fopen(path, "we");
    cr_assert(file && fwrite(text.ptr, 1, text.len, file) == text.len && fclose(file) == 0);
}

static result open_it(struct breached_file **ret_file)
{
    fault_clear(&fixture_task.fault);
    return breached_file_open(&fixture_task, str_from(path), ret_file);
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, BREACHED_DIGEST_BYTES);
}

static unsigned char digests[COUNT][BREACHED_DIGEST_BYTES];

/* Digests of "0", "1", ... or of a shape no sequence of guesses is right for. */
static void make_digests(bool is_uneven)
{
    for (unsigned i = 0; i < COUNT; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%u", i);
        breached_digest(secret_of(text), digests[i]);
        if (is_uneven && i > 2) memset(digests[i], 0, 12);
    }
    qsort(digests, COUNT, sizeof digests[0], compare_digests);
}

static struct str as_text(const char *line_end, bool ends_with_line)
{
    char *text = arena_alloc(fixture_task.arena, COUNT * 64u);
    size_t len = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        for (unsigned j = 0; j < BREACHED_DIGEST_BYTES; j++)
            len += (size_t)snprintf(text + len, 3, "%02X", digests[i][j]);
        const bool has_end = ends_with_line || i + 1 < COUNT;
        len += (size_t)snprintf(text + len, 24, ":%u%s", i * i * i + 1, has_end ? line_end : "");
    }
    return (struct str){text, len};
}

static struct str as_packed(void)
{
    char *bytes = arena_alloc(fixture_task.arena, sizeof digests + BREACHED_DIGEST_BYTES);
    memcpy(bytes, BREACHED_MAGIC, BREACHED_DIGEST_BYTES);
    memcpy(bytes + BREACHED_DIGEST_BYTES, digests, sizeof digests);
    return (struct str){bytes, sizeof digests + BREACHED_DIGEST_BYTES};
}

static void expect(const struct breached_file *file, const unsigned char *digest, bool is_there)
{
    bool is_found = !is_there;
    cr_assert(is_ok(breached_file_find(file, digest, &is_found)));
    cr_assert_eq(is_found, is_there);
}

static void find_all(void)
{
    struct breached_file *file;
    unsigned char lowest[BREACHED_DIGEST_BYTES] = {0}, highest[BREACHED_DIGEST_BYTES];
    memset(highest, 0xff, sizeof highest);
    cr_assert(is_ok(open_it(&file)), "%s", fixture_task.fault.detail);
    expect(file, lowest, false);
    expect(file, highest, false);
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned char near[BREACHED_DIGEST_BYTES];
        memcpy(near, digests[i], sizeof near);
        near[BREACHED_DIGEST_BYTES - 1] ^= 1;
        expect(file, near, false);
        expect(file, digests[i], true);
    }
    breached_file_close(file);
}

/* --- refused ------------------------------------------------------------------------------------------------------ */

#define A "0000000000000000000000000000000000000001"
#define B "7C4A8D09CA3762AF61E59520943DC26494F8941B"
#define C "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

Test(breached_file, what_is_no_sorted_list_is_not_opened)
{
    static const char *const texts[] = {"",
                                        "x",
                                        "hello\n",
                                        A,
                                        B ":1\n" A ":1\n",
                                        A ":1\n" A ":1\n",
                                        A ":1\n\n" B ":1\n",
                                        " " A ":1\n" B ":1\n",
                                        A ":1\n" B ":1\nx",
                                        A ":1\n7C4A8D09CA3762AF61E59520943DC26494F8941:1\n",
                                        A " 1\n" B " 1\n",
                                        A ":1\n" B ":1111111111111111111111111111111111111111111111\n",
                                        BREACHED_MAGIC "too short to be",
                                        BREACHED_MAGIC};
    struct breached_file *file = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (i == 3) continue; /* one digest without a line end is a list */
        put(str_from(texts[i]));
        cr_assert_eq(CODE_OF(open_it(&file)), STATUS_BAD_REQUEST, "%zu", i);
        cr_assert_neq(fixture_task.fault.detail[0], '\0');
    }
    cr_assert_eq(CODE_OF(breached_file_open(&fixture_task, STR("/nowhere/at/all"), &file)),
                 STATUS_BAD_REQUEST);
    cr_assert_eq(CODE_OF(breached_file_open(&fixture_task, STR("/tmp"), &file)), STATUS_BAD_REQUEST);
    breached_file_close(NULL);
}

/* Behind the new end a look would be a bus error. */
Test(breached_file, a_file_that_was_changed_since_is_not_searched)
{
    struct breached_file *file;
    bool is_found;
    make_digests(false);
    put(as_text("\n", true));
    cr_assert(is_ok(open_it(&file)));
    cr_assert_eq(truncate(path, 100), 0);
    cr_assert_eq(CODE_OF(breached_file_find(file, digests[COUNT - 1], &is_found)), STATUS_INTERNAL);
    breached_file_close(file);
}

Test(breached_file, damage_that_no_sample_saw_is_met_and_told)
{
    struct breached_file *file;
    make_digests(false);
    const struct str text = as_text("\n", true);
    char *bytes = arena_alloc(fixture_task.arena, text.len);
    memcpy(bytes, text.ptr, text.len);
    const size_t place = text.len / 64 * 20 + 500;
    memset(bytes + place, 'x', 150);
    put((struct str){bytes, text.len});
    cr_assert(is_ok(open_it(&file)), "%s", fixture_task.fault.detail);
    unsigned failures = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        bool is_found;
        failures += !is_ok(breached_file_find(file, digests[i], &is_found));
    }
    cr_assert_gt(failures, 0);
    breached_file_close(file);
}

/* --- found -------------------------------------------------------------------------------------------------------- */

Test(breached_file, every_digest_is_found_and_none_beside_it)
{
    make_digests(false);
    put(as_text("\n", true));
    find_all();
    put(as_text("\r\n", true));
    find_all();
    put(as_text("\n", false));
    find_all();
    put(as_packed());
    find_all();
}

Test(breached_file, digests_that_are_not_spread_evenly_are_found_as_well)
{
    make_digests(true);
    put(as_text("\n", true));
    find_all();
    put(as_packed());
    find_all();
}

Test(breached_file, one_digest_is_a_list)
{
    struct breached_file *file;
    unsigned char digest[BREACHED_DIGEST_BYTES];
    breached_digest(secret_of("123456"), digest);
    put(STR(B ":42542807"));
    cr_assert(is_ok(open_it(&file)));
    expect(file, digest, true);
    digest[0] ^= 0x80;
    expect(file, digest, false);
    breached_file_close(file);
}

static bool count_one(void *context, const unsigned char digest[BREACHED_DIGEST_BYTES])
{
    unsigned *count = context;
    cr_assert(memcmp(digest, digests[*count], BREACHED_DIGEST_BYTES) == 0);
    ++*count;
    return true;
}

Test(breached_file, a_walk_meets_all_and_the_first_that_is_out_of_order)
{
    struct breached_file *file;
    unsigned count = 0;
    make_digests(false);
    put(as_packed());
    cr_assert(is_ok(open_it(&file)));
    cr_assert(is_ok(breached_file_walk(&fixture_task, file, count_one, &count)));
    cr_assert_eq(count, COUNT);
    struct breached_facts facts;
    breached_file_facts(file, &facts);
    cr_assert(facts.is_packed);
    cr_assert_eq(facts.digests, COUNT);
    breached_file_close(file);

    unsigned char kept[BREACHED_DIGEST_BYTES];
    memcpy(kept, digests[500], sizeof kept);
    memcpy(digests[500], digests[501], sizeof kept);
    memcpy(digests[501], kept, sizeof kept);
    put(as_packed());
    count = 0;
    cr_assert(is_ok(open_it(&file)), "%s", fixture_task.fault.detail);
    cr_assert_eq(CODE_OF(breached_file_walk(&fixture_task, file, count_one, &count)), STATUS_BAD_REQUEST);
    cr_assert_eq(count, 501);
    breached_file_close(file);
}
