// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/base/strbuf.h"
#include "revision_texts.h"

#define UP_DOWN "-- migrate:up all\nCREATE TABLE t (i int);\n-- migrate:down all\nDROP TABLE t;\n"

/* Parses `text` as file x.sql; the failure's text, or "" on success. */
static struct str parse(struct arena *arena, const char *text, struct revision *ret_revision)
{
    struct migration_scope scope = {.arena = arena};
    const result outcome = revision_parse(&scope, STR("x.sql"), str_from(text), ret_revision);
    if (is_ok(outcome)) return STR("");
    cr_expect(scope.failure.exit == MIGRATION_EXIT_GRAPH);
    return scope.failure.text;
}

struct refused {
    const char *header; /* behind the good header; NULL: no header at all */
    const char *body;
    const char *reason;
};

static const struct refused refused[] = {
    {"-- colour: red\n", UP_DOWN, "x.sql:7: unknown key 'colour'"},
    {"-- message: again\n", UP_DOWN, "x.sql:7: 'message' is given twice"},
    {"-- transaction: maybe\n", UP_DOWN, "x.sql:7: transaction is on or off, not 'maybe'"},
    {"-- lock_timeout: soon\n", UP_DOWN, "x.sql:7: 'soon' is no duration like 500ms, 3s, 10min or 2h"},
    {"-- lock_timeout: 3\n", UP_DOWN, "x.sql:7: '3' is no duration like 500ms, 3s, 10min or 2h"},
    {"-- lock_timeout: 0s\n", UP_DOWN, "x.sql:7: '0s' is no duration like 500ms, 3s, 10min or 2h"},
    {"-- statement_timeout: 9999999h\n", UP_DOWN,
     "x.sql:7: '9999999h' is no duration like 500ms, 3s, 10min or 2h"},
    {"-- irreversible:\n", UP_DOWN, "x.sql:7: irreversible needs a reason"},
    {"-- lint: never\n", UP_DOWN, "x.sql:7: lint is followed by allow, a rule and a reason"},
    {"CREATE TABLE t (i int);\n", UP_DOWN, "x.sql:7: SQL before the first '-- migrate:' line"},
    {"", "-- migrate:sideways all\nSELECT 1;\n",
     "x.sql:7: '-- migrate:' is followed by up or down, not 'sideways'"},
    {"", "-- migrate:up oracle\nSELECT 1;\n",
     "x.sql:7: a section is for all, postgres or sqlite, not 'oracle'"},
    {"", "-- migrate:up all\nSELECT 1;\n-- migrate:up sqlite\nSELECT 2;\n",
     "x.sql:9: a second section for sqlite in this direction"},
    {"", "-- migrate:up postgres\nSELECT 1;\n-- migrate:down all\nSELECT 1;\n",
     "x.sql:10: no '-- migrate:up' section for sqlite"},
    {"", "-- migrate:up all\nSELECT 1;\n-- migrate:down sqlite\nSELECT 1;\n",
     "x.sql:10: no '-- migrate:down' section for postgres, and no '-- irreversible: reason'"},
    {"", "-- migrate:up all\nSELECT 1;\n-- migrate:down all\n-- nothing\n",
     "x.sql:9: the section has no statement; say why with '-- irreversible: reason'"},
    {"", "-- migrate:up all\n/* empty */ ;\n-- migrate:down all\nSELECT 1;\n",
     "x.sql:7: the section has no statement"},
    {"-- irreversible: data is gone\n", UP_DOWN,
     "x.sql:10: a down section, though the revision is irreversible"},
    {"", "-- migrate:up all\nSELECT 1;\n  COMMIT;\n-- migrate:down all\nSELECT 1;\n",
     "x.sql:9:3: COMMIT would end the runner's transaction"},
    {"", "-- migrate:up all\nSELECT 1;\n-- migrate:down all\n/* /* */ */ begin;\n",
     "x.sql:10:13: BEGIN: the runner begins the transaction"},
    {"", "-- migrate:up all\nstart\n transaction;\n-- migrate:down all\nSELECT 1;\n",
     "x.sql:8:1: START TRANSACTION: the runner begins the transaction"},
    {"", "-- migrate:up all\nSELECT ';'; ROLLBACK;\n-- migrate:down all\nSELECT 1;\n",
     "x.sql:8:13: ROLLBACK would end the runner's transaction"},
    {"-- transaction: off\n", "-- migrate:up all\nEND;\n-- migrate:down all\nSELECT 1;\n",
     "x.sql:9:1: END would end the runner's transaction"},
    {"", "-- migrate:up all\ncreate unique index concurrently i on t (a);\n-- migrate:down all\nSELECT 1;\n",
     "x.sql:8:1: CREATE INDEX CONCURRENTLY cannot run in a transaction; put it in a file of its own with "
     "'-- transaction: off'"},
    {"", "-- migrate:up all\nREINDEX (VERBOSE) TABLE CONCURRENTLY t;\n-- migrate:down all\nSELECT 1;\n",
     "x.sql:8:1: REINDEX CONCURRENTLY cannot run in a transaction; put it in a file of its own with "
     "'-- transaction: off'"},
};

Test(revision, what_is_wrong_is_named_with_its_line)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct arena *arena = arena_create(TEXT_ARENA_BYTES);
        struct revision revision;
        const struct str text = str_printf(arena, "%s%s%s", head_text, refused[i].header, refused[i].body);
        const struct str reason = parse(arena, text.ptr, &revision);
        cr_expect(str_equal(reason, str_from(refused[i].reason)), "row %zu: %.*s", i, STR_ARGS(reason));
        arena_destroy(arena);
    }
}

Test(revision, each_missing_key_is_named)
{
    static const char *const keys[] = {"revision", "down_revision", "message",
                                       "created",  "phase",         "min_binary"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct arena *arena = arena_create(TEXT_ARENA_BYTES);
        struct str rest = str_from(head_text);
        struct str text = STR("");
        while (rest.len > 0) {
            const struct str line = str_split(&rest, '\n');
            const struct str start = str_printf(arena, "-- %s:", keys[i]);
            if (str_starts_with(line, start)) continue;
            text = str_printf(arena, "%.*s%.*s\n", STR_ARGS(text), STR_ARGS(line));
        }
        struct revision revision;
        const struct str reason =
            parse(arena, str_printf(arena, "%.*s" UP_DOWN, STR_ARGS(text)).ptr, &revision);
        const struct str expected = str_printf(arena, "x.sql:1: '-- %s:' is missing", keys[i]);
        cr_expect(str_equal(reason, expected), "%.*s", STR_ARGS(reason));
        arena_destroy(arena);
    }
}

Test(revision, reserved_and_malformed_ids_are_refused)
{
    static const char *const ids[] = {"abc",  "head",  "heads", "base", "current",
                                      "ABCD", "ab cd", "ab+cd", ""};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        cr_expect(!is_revision_id(str_from(ids[i])), "%s", ids[i]);
}

Test(revision, a_nul_byte_a_byte_order_mark_and_latin_1_are_refused)
{
    struct arena *arena = arena_create(TEXT_ARENA_BYTES);
    static const struct str texts[] = {STR_INIT("-- revision: 0007\0\n"),
                                       STR_INIT("\xEF\xBB\xBF-- revision: 0007\n"),
                                       STR_INIT("-- message: caf\xE9\n")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct migration_scope scope = {.arena = arena};
        struct revision revision;
        cr_expect(!is_ok(revision_parse(&scope, STR("x.sql"), texts[i], &revision)), "%zu", i);
    }
    arena_destroy(arena);
}

Test(revision, a_good_file_gives_all_its_parts)
{
    struct arena *arena = arena_create(TEXT_ARENA_BYTES);
    struct revision revision;
    const struct str text =
        str_printf(arena,
                   "%s-- transaction: off\n-- lock_timeout: 500ms\n-- statement_timeout: 2h\n"
                   "-- lint: allow drop gone since 3\n-- a remark\n\n"
                   "-- migrate:up postgres\nCREATE INDEX CONCURRENTLY i ON t (a);\n"
                   "-- migrate:up sqlite\nCREATE INDEX i ON t (a);\n"
                   "-- migrate:down all\nDROP INDEX i;\n",
                   head_text);
    const struct str reason = parse(arena, text.ptr, &revision);
    cr_assert(is_empty(reason), "%.*s", STR_ARGS(reason));
    cr_expect(str_equal(revision.id, STR("0007")));
    cr_expect(revision.parent_count == 1 && str_equal(revision.parents[0], STR("0006")));
    cr_expect(str_equal(revision.message, STR("add passkeys")));
    cr_expect(!revision.is_transactional);
    cr_expect(revision.lock_timeout_ms == 500 && revision.statement_timeout_ms == 7200000);
    cr_expect(str_equal(revision.up[DB_SQLITE].sql, STR("CREATE INDEX i ON t (a);\n")));
    cr_expect(revision.up[DB_SQLITE].first_line == 16);
    cr_expect(revision.down[DB_POSTGRES].sql.ptr == revision.down[DB_SQLITE].sql.ptr);
    arena_destroy(arena);
}

Test(revision, a_crlf_checkout_is_the_same_revision)
{
    struct arena *arena = arena_create(TEXT_ARENA_BYTES);
    struct revision unix_form;
    struct revision dos_form;
    struct strbuf dos;
    const struct str text = str_printf(arena, "%s" UP_DOWN, head_text);
    strbuf_init(&dos, arena, 1024, 65536);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n') strbuf_add_char(&dos, '\r');
        strbuf_add_char(&dos, text.ptr[i]);
    }
    cr_assert(is_empty(parse(arena, text.ptr, &unix_form)));
    cr_assert(is_empty(parse(arena, strbuf_str(&dos).ptr, &dos_form)));
    cr_expect_arr_eq(unix_form.checksum, dos_form.checksum, DIGEST_SHA256_BYTES);
    cr_expect(str_equal(unix_form.up[DB_POSTGRES].sql, dos_form.up[DB_POSTGRES].sql));
    arena_destroy(arena);
}

Test(revision, one_changed_byte_is_another_checksum)
{
    struct arena *arena = arena_create(TEXT_ARENA_BYTES);
    struct revision first;
    struct revision second;
    cr_assert(is_empty(parse(arena, str_printf(arena, "%s" UP_DOWN, head_text).ptr, &first)));
    cr_assert(is_empty(parse(arena, str_printf(arena, "%s" UP_DOWN " ", head_text).ptr, &second)));
    cr_expect_arr_neq(first.checksum, second.checksum, DIGEST_SHA256_BYTES);
    arena_destroy(arena);
}

Test(revision, columns_count_characters_not_bytes)
{
    const struct migration_section section = {.sql = STR("a\n\xC3\xA4\xC3\xB6x"), .first_line = 5};
    unsigned line;
    unsigned column;
    migration_locate(&section, 6, &line, &column);
    cr_expect(line == 6 && column == 3, "%u:%u", line, column);
}
