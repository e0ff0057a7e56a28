// SPDX-License-Identifier: MIT
#include "revision_internal.h"

#include <stdio.h>

#include "auth/base/clock.h"
#include "auth/base/encoding.h"

/* The file being read. */
struct reader {
    struct migration_scope *scope;
    struct revision *revision;
    struct str rest;
    unsigned line; /* of what was read last */
    unsigned keys_seen;
    struct migration_section *open[DB_ENGINE_COUNT]; /* the sections that take what follows */
};

#define REFUSE(reader, ...) return refuse((reader), (reader)->line, __VA_ARGS__)

static result PRINTF_LIKE(3, 4) refuse(const struct reader *reader, unsigned line, const char *format, ...)
{
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    return migration_fail(reader->scope, MIGRATION_EXIT_GRAPH, "%.*s:%u: %s",
                          STR_ARGS(reader->revision->file), line, reason);
}

const char *revision_phase_name(enum revision_phase phase)
{
    static const char *const names[] = {"expand", "contract", "backfill"};
    return names[phase];
}

bool is_revision_id(struct str text)
{
    if (text.len < 4 || text.len > REVISION_ID_MAX) return false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_')) return false;
    }
    return !str_equal(text, STR("head")) && !str_equal(text, STR("heads")) && !str_equal(text, STR("base")) &&
           !str_equal(text, STR("current"));
}

/* --- the values of the header --- */

static result parse_id(struct reader *reader, struct str value, struct str *ret_id)
{
    if (!is_revision_id(value)) {
        REFUSE(reader,
               "'%.*s' is no revision id: 4 to 32 of a-z, 0-9 and _, and none of the words head, heads, "
               "base, current",
               STR_ARGS(value));
    }
    *ret_id = value;
    return RESULT_OK;
}

static result parse_revision(struct reader *reader, struct str value)
{
    return parse_id(reader, value, &reader->revision->id);
}

static result parse_down_revision(struct reader *reader, struct str value)
{
    struct revision *revision = reader->revision;
    while (value.len > 0) {
        const struct str parent = str_trim(str_split(&value, ','));
        if (revision->parent_count == REVISION_PARENTS_MAX) {
            REFUSE(reader, "more than %u parents", REVISION_PARENTS_MAX);
        }
        TRY(parse_id(reader, parent, &revision->parents[revision->parent_count]));
        for (size_t i = 0; i < revision->parent_count; i++) {
            if (str_equal(revision->parents[i], parent)) REFUSE(reader, "'%.*s' twice", STR_ARGS(parent));
        }
        revision->parent_count++;
    }
    return RESULT_OK;
}

static result parse_message(struct reader *reader, struct str value)
{
    if (is_empty(value)) REFUSE(reader, "an empty message");
    reader->revision->message = value;
    return RESULT_OK;
}

static result parse_created(struct reader *reader, struct str value)
{
    int64_t wall_ms;
    if (!time_parse(value, &wall_ms)) {
        REFUSE(reader, "'%.*s' is no time like 2026-01-05T10:00:00Z", STR_ARGS(value));
    }
    reader->revision->created = value;
    return RESULT_OK;
}

static result parse_phase(struct reader *reader, struct str value)
{
    for (enum revision_phase phase = REVISION_EXPAND; phase <= REVISION_BACKFILL; phase++) {
        if (!str_equal(value, str_from(revision_phase_name(phase)))) continue;
        reader->revision->phase = phase;
        return RESULT_OK;
    }
    REFUSE(reader, "phase is expand, contract or backfill, not '%.*s'", STR_ARGS(value));
}

static result parse_transaction(struct reader *reader, struct str value)
{
    reader->revision->is_transactional = str_equal(value, STR("on"));
    if (reader->revision->is_transactional || str_equal(value, STR("off"))) return RESULT_OK;
    REFUSE(reader, "transaction is on or off, not '%.*s'", STR_ARGS(value));
}

static result parse_min_binary(struct reader *reader, struct str value)
{
    return parse_id(reader, value, &reader->revision->min_binary);
}

static result parse_duration(struct reader *reader, struct str value, int64_t *ret_ms)
{
    static const struct {
        struct str unit;
        int64_t ms;
    } units[] = {
        {STR_INIT("ms"), 1}, {STR_INIT("s"), 1000}, {STR_INIT("min"), 60000}, {STR_INIT("h"), 3600000}};
    size_t digits = 0;
    while (digits < value.len && value.ptr[digits] >= '0' && value.ptr[digits] <= '9') digits++;
    int64_t number;
    const bool is_number = str_to_int64((struct str){value.ptr, digits}, &number);
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (!str_equal(str_from_offset(value, digits), units[i].unit)) continue;
        /* PostgreSQL's timeouts are 32-bit milliseconds. */
        if (!is_number || number <= 0 || number > INT32_MAX / units[i].ms) break;
        *ret_ms = number * units[i].ms;
        return RESULT_OK;
    }
    REFUSE(reader, "'%.*s' is no duration like 500ms, 3s, 10min or 2h", STR_ARGS(value));
}

static result parse_lock_timeout(struct reader *reader, struct str value)
{
    return parse_duration(reader, value, &reader->revision->lock_timeout_ms);
}

static result parse_statement_timeout(struct reader *reader, struct str value)
{
    return parse_duration(reader, value, &reader->revision->statement_timeout_ms);
}

static result parse_irreversible(struct reader *reader, struct str value)
{
    if (is_empty(value)) REFUSE(reader, "irreversible needs a reason");
    reader->revision->irreversible = value;
    return RESULT_OK;
}

/* "allow <rule> <reason>": what the linter may overlook; the build does not lint. */
static result parse_lint(struct reader *reader, struct str value)
{
    if (!str_starts_with(value, STR("allow ")))
        REFUSE(reader, "lint is followed by allow, a rule and a reason");
    return RESULT_OK;
}

static const struct key {
    const char *name;
    bool is_required;
    bool is_repeatable;
    result (*parse)(struct reader *reader, struct str value);
} keys[] = {
    {"revision", true, false, parse_revision},
    {"down_revision", true, false, parse_down_revision},
    {"message", true, false, parse_message},
    {"created", true, false, parse_created},
    {"phase", true, false, parse_phase},
    {"transaction", false, false, parse_transaction},
    {"min_binary", true, false, parse_min_binary},
    {"lock_timeout", false, false, parse_lock_timeout},
    {"statement_timeout", false, false, parse_statement_timeout},
    {"irreversible", false, false, parse_irreversible},
    {"lint", false, true, parse_lint},
};

/* --- lines --- */

static bool next_line(struct reader *reader, struct str *ret_line)
{
    if (reader->rest.len == 0) return false;
    *ret_line = str_split(&reader->rest, '\n');
    reader->line++;
    return true;
}

/* The key of "-- key: value", or empty: any other comment. */
static struct str key_of(struct str line)
{
    const struct str text = str_from_offset(line, 3);
    size_t len = 0;
    while (len < text.len && ((text.ptr[len] >= 'a' && text.ptr[len] <= 'z') || text.ptr[len] == '_')) len++;
    if (len == 0 || len == text.len || text.ptr[len] != ':') return STR_NONE;
    return (struct str){text.ptr, len};
}

static result read_key(struct reader *reader, struct str line)
{
    const struct str name = key_of(line);
    if (is_empty(name)) return RESULT_OK;
    const struct str value = str_trim(str_from_offset(line, 3 + name.len + 1));
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        if (!str_equal(name, str_from(keys[i].name))) continue;
        const unsigned bit = 1u << i;
        if ((reader->keys_seen & bit) && !keys[i].is_repeatable) {
            REFUSE(reader, "'%s' is given twice", keys[i].name);
        }
        reader->keys_seen |= bit;
        return keys[i].parse(reader, value);
    }
    REFUSE(reader, "unknown key '%.*s'", STR_ARGS(name));
}

static result open_section(struct reader *reader, struct migration_section *sections, enum db_engine engine)
{
    if (sections[engine].first_line > 0) {
        REFUSE(reader, "a second section for %s in this direction",
               engine == DB_POSTGRES ? "postgres" : "sqlite");
    }
    sections[engine] = (struct migration_section){
        .sql = {reader->rest.ptr, 0}, .first_line = reader->line + 1, .file = reader->revision->file};
    reader->open[engine] = &sections[engine];
    return RESULT_OK;
}

/* "-- migrate:up all" */
static result read_mark(struct reader *reader, struct str line)
{
    struct str words = str_trim(str_from_offset(line, sizeof("-- migrate:") - 1));
    const struct str direction = str_split(&words, ' ');
    const bool is_up = str_equal(direction, STR("up"));
    if (!is_up && !str_equal(direction, STR("down"))) {
        REFUSE(reader, "'-- migrate:' is followed by up or down, not '%.*s'", STR_ARGS(direction));
    }
    const struct str engine = str_trim(words);
    const bool is_all = str_equal(engine, STR("all"));
    const bool is_postgres = is_all || str_equal(engine, STR("postgres"));
    const bool is_sqlite = is_all || str_equal(engine, STR("sqlite"));
    if (!is_postgres && !is_sqlite) {
        REFUSE(reader, "a section is for all, postgres or sqlite, not '%.*s'", STR_ARGS(engine));
    }
    struct migration_section *sections = is_up ? reader->revision->up : reader->revision->down;
    reader->open[DB_POSTGRES] = reader->open[DB_SQLITE] = NULL;
    if (is_postgres) TRY(open_section(reader, sections, DB_POSTGRES));
    if (is_sqlite) TRY(open_section(reader, sections, DB_SQLITE));
    return RESULT_OK;
}

static void extend_sections(struct reader *reader)
{
    for (int engine = 0; engine < DB_ENGINE_COUNT; engine++) {
        struct migration_section *section = reader->open[engine];
        const char *end = reader->revision->text.ptr + reader->revision->text.len - reader->rest.len;
        if (section) section->sql.len = (size_t)(end - section->sql.ptr);
    }
}

static result read_line(struct reader *reader, struct str line)
{
    if (str_starts_with(line, STR("-- migrate:"))) return read_mark(reader, line);
    const bool is_in_section = reader->open[DB_POSTGRES] || reader->open[DB_SQLITE];
    if (is_in_section) {
        extend_sections(reader);
        return RESULT_OK;
    }
    if (str_starts_with(line, STR("-- "))) return read_key(reader, line);
    if (is_empty(str_trim(line)) || str_starts_with(line, STR("--"))) return RESULT_OK;
    REFUSE(reader, "SQL before the first '-- migrate:' line");
}

/* --- the whole --- */

static result check_keys(const struct reader *reader)
{
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        if (!keys[i].is_required || (reader->keys_seen & (1u << i))) continue;
        return refuse(reader, 1, "'-- %s:' is missing", keys[i].name);
    }
    return RESULT_OK;
}

static result check_sections(const struct reader *reader)
{
    static const char *const names[DB_ENGINE_COUNT] = {[DB_POSTGRES] = "postgres", [DB_SQLITE] = "sqlite"};
    const struct revision *revision = reader->revision;
    const bool is_reversible = is_empty(revision->irreversible);
    for (int engine = 0; engine < DB_ENGINE_COUNT; engine++) {
        if (revision->up[engine].first_line == 0) {
            return refuse(reader, reader->line, "no '-- migrate:up' section for %s", names[engine]);
        }
        if (is_reversible && revision->down[engine].first_line == 0) {
            return refuse(reader, reader->line,
                          "no '-- migrate:down' section for %s, and no '-- irreversible: reason'",
                          names[engine]);
        }
        if (!is_reversible && revision->down[engine].first_line > 0) {
            return refuse(reader, revision->down[engine].first_line - 1,
                          "a down section, though the revision is irreversible");
        }
    }
    return RESULT_OK;
}

/* Without CR before LF, NUL-terminated. */
static struct str normalise(struct arena *arena, struct str bytes)
{
    char *text = arena_alloc(arena, bytes.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] == '\r' && i + 1 < bytes.len && bytes.ptr[i + 1] == '\n') continue;
        text[len++] = bytes.ptr[i];
    }
    return (struct str){text, len};
}

static result check_text(const struct reader *reader, struct str text)
{
    if (text.len > REVISION_FILE_BYTES_MAX) {
        return refuse(reader, 1, "larger than %zu bytes", REVISION_FILE_BYTES_MAX);
    }
    if (str_starts_with(text, STR("\xEF\xBB\xBF"))) return refuse(reader, 1, "a byte order mark");
    if (has_nul(text) || !is_utf8(text)) return refuse(reader, 1, "not UTF-8 text");
    return RESULT_OK;
}

result revision_parse(struct migration_scope *scope, struct str file, struct str bytes,
                      struct revision *ret_revision)
{
    struct revision revision = {.file = str_copy(scope->arena, file), .is_transactional = true};
    struct reader reader = {.scope = scope, .revision = &revision};
    TRY(check_text(&reader, bytes));
    revision.text = normalise(scope->arena, bytes);
    digest_sha256(revision.text, revision.checksum);
    reader.rest = revision.text;
    for (struct str line; next_line(&reader, &line);) TRY(read_line(&reader, line));
    TRY(check_keys(&reader));
    TRY(check_sections(&reader));
    TRY(revision_check_sql(scope, &revision));
    *ret_revision = revision;
    return RESULT_OK;
}

struct str revision_parents_text(struct arena *arena, const struct revision *revision)
{
    struct str text = STR("");
    for (size_t i = 0; i < revision->parent_count; i++) {
        text = str_printf(arena, "%.*s%s%.*s", STR_ARGS(text), i > 0 ? ", " : "",
                          STR_ARGS(revision->parents[i]));
    }
    return text;
}
