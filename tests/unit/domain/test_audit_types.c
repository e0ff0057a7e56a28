// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/arena.h"
#include "auth/base/strbuf.h"
#include "auth/model/audit_event.h"

#define GOLDEN   TESTS_DIR "/../docs/events.md"
#define TEXT_MAX 65536u

static const struct {
    const char *text;
    const char *meaning;
} TYPES[] = {
#define AUDIT_TYPE(name, text, meaning) {(text), (meaning)},
#include "auth/model/audit_types.def"
#undef AUDIT_TYPE
};

/* Who filters by one, or has it sent to a webhook, gets no other with it. */
Test(audit_types, each_has_a_text_of_its_own)
{
    for (size_t i = 0; i < AUDIT_TYPE_COUNT; i++)
        for (size_t k = 0; k < i; k++) cr_expect_str_neq(TYPES[i].text, TYPES[k].text);
}

Test(audit_types, each_text_is_a_thing_and_what_became_of_it)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    for (size_t i = 0; i < AUDIT_TYPE_COUNT; i++) {
        const size_t thing = strspn(TYPES[i].text, letters);
        cr_expect(thing > 0 && TYPES[i].text[thing] == '.', "%s", TYPES[i].text);
        cr_expect_eq(strspn(TYPES[i].text + thing + 1, letters), strlen(TYPES[i].text) - thing - 1, "%s",
                     TYPES[i].text);
        cr_expect_gt(strlen(TYPES[i].meaning), 5, "%s", TYPES[i].text);
    }
}

/* UPDATE_GOLDEN=1 writes the file anew, to be looked at before it is committed. */
Test(audit_types, the_document_of_events_is_made_of_them)
{
    struct arena *arena = arena_create(TEXT_MAX * 3);
    struct strbuf out;
    struct str text;
    strbuf_init(&out, arena, TEXT_MAX, TEXT_MAX);
    strbuf_add(
        &out, STR("# Security events\n\nThe types of the audit log, as `/v1/admin/events`, `auth audit list` "
                  "and [webhooks](webhooks.md) have them.\n\n| type | what has happened |\n|---|---|\n"));
    for (size_t i = 0; i < AUDIT_TYPE_COUNT; i++)
        strbuf_printf(&out, "| `%s` | %s |\n", TYPES[i].text, TYPES[i].meaning);
    cr_assert(is_ok(strbuf_finish(&out, &text)));
    FILE *file = fopen(GOLDEN, getenv("UPDATE_GOLDEN") ? "w+" : "r");
    cr_assert(file, "%s", GOLDEN);
    if (getenv("UPDATE_GOLDEN")) cr_assert_eq(fwrite(text.ptr, 1, text.len, file), text.len);
    rewind(file);
    char *golden = arena_alloc(arena, TEXT_MAX);
    const size_t len = fread(golden, 1, TEXT_MAX - 1, file);
    cr_assert_eq(fclose(file), 0);
    cr_expect(str_equal(text, (struct str){golden, len}),
              "run with UPDATE_GOLDEN=1 and look at the difference");
    arena_destroy(arena);
}
