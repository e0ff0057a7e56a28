// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_fixture.h"

#define GOLDEN TESTS_DIR "/golden/settings.md"

TestSuite(settings_reference, .init = config_begin, .fini = config_end);

/* UPDATE_GOLDEN=1 writes the file anew, to be looked at before it is committed. */
Test(settings_reference, the_reference_is_the_golden_one)
{
    struct strbuf out;
    strbuf_init(&out, config.arena, 1u << 14, 1u << 17);
    settings_reference(&out);
    struct str text;
    cr_assert(is_ok(strbuf_finish(&out, &text)));
    FILE *file = fopen(GOLDEN, getenv("UPDATE_GOLDEN") ? "w+" : "r");
    cr_assert(file, "%s", GOLDEN);
    if (getenv("UPDATE_GOLDEN")) cr_assert_eq(fwrite(text.ptr, 1, text.len, file), text.len);
    rewind(file);
    char *golden = arena_alloc(config.arena, 1u << 17);
    const size_t len = fread(golden, 1, (1u << 17) - 1, file);
    cr_assert_eq(fclose(file), 0);
    cr_expect(str_equal(text, (struct str){golden, len}),
              "run with UPDATE_GOLDEN=1 and look at the difference");
}
