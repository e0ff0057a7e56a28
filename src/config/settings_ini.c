// SPDX-License-Identifier: MIT
#include <ini.h>
#include <unistd.h>

#include "settings_internal.h"

/* inih's own reading of a line depends on how it was built: how long it may be, whether an indented line goes
 * on with the one before, whether " ;" begins a comment. The lines it is handed are such that none of that
 * matters; others are refused here. */
struct ini_reader_state {
    struct collected *collected;
    const char *path;
    struct str rest;
    int line;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool has_inline_comment(struct str line)
{
    for (size_t i = 1; i < line.len; i++) {
        if (line.ptr[i] == ';' && is_space(line.ptr[i - 1])) return true;
    }
    return false;
}

static const char *line_problem(struct str line, size_t len_max)
{
    const struct str text = str_trim(line);
    if (is_empty(text) || text.ptr[0] == '#' || text.ptr[0] == ';') return NULL;
    if (has_nul(line)) return "holds NUL";
    if (line.len > len_max) return "is too long; set this one in the environment";
    if (is_space(line.ptr[0])) return "begins with a space";
    if (has_inline_comment(line)) return "has ';' after a space; set this one in the environment";
    return NULL;
}

/* As fgets. Comments and refused lines become empty ones, so that inih counts the same lines. */
static char *read_line(char *text, int size, void *stream)
{
    struct ini_reader_state *state = stream;
    if (is_empty(state->rest)) return NULL;
    const struct str line = str_split(&state->rest, '\n');
    const size_t len_max = (size_t)size - 2;
    state->line++;
    const char *problem = line_problem(line, len_max);
    if (problem) problem_add(state->collected, state->path, "line %d %s", state->line, problem);
    const struct str trimmed = str_trim(line);
    const bool is_comment = !is_empty(trimmed) && (trimmed.ptr[0] == '#' || trimmed.ptr[0] == ';');
    const size_t len = problem || is_comment || is_empty(trimmed) ? 0 : line.len;
    if (len > 0) memcpy(text, line.ptr, len);
    text[len] = '\n';
    text[len + 1] = '\0';
    return text;
}

static bool is_key_of(const struct setting_row *row, struct str key, struct arena *arena)
{
    return str_equal(key, str_from(row->key)) || str_equal(key, str_lower_ascii(arena, str_from(row->name)));
}

static bool take_key(const struct ini_reader_state *state, struct str section, struct str key,
                     struct str value)
{
    struct collected *collected = state->collected;
    const struct str suffix = STR("_file");
    const bool ends_file =
        key.len > suffix.len && str_equal(str_from_offset(key, key.len - suffix.len), suffix);
    const struct str stem = ends_file ? (struct str){key.ptr, key.len - suffix.len} : STR_NONE;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_row *row = &setting_rows[i];
        if (!str_equal(section, str_from(row->section))) continue;
        const bool is_file = ends_file && is_confidential(row) && is_key_of(row, stem, collected->arena);
        if (!is_file && !is_key_of(row, key, collected->arena)) continue;
        collect_row(collected, SOURCE_FILE, i, (struct given){.is_file = is_file, .value = value});
        return true;
    }
    return false;
}

static int take_pair(void *user, const char *section, const char *key, const char *value)
{
    struct ini_reader_state *state = user;
    struct arena *arena = state->collected->arena;
    const struct str copied = str_copy(arena, str_from(value));
    if (!take_key(state, str_from(section), str_from(key), copied)) {
        problem_add(state->collected, state->path, "line %d: [%.40s] has no setting %.40s%s", state->line,
                    section, key, near_key(arena, str_from(section), str_from(key)));
    }
    return 1;
}

void collect_ini(struct collected *collected, const char *path, bool must_exist)
{
    if (!path || (!must_exist && access(path, F_OK) != 0)) return;
    struct ini_reader_state state = {.collected = collected, .path = path};
    if (!file_read(collected->arena, path, &state.rest)) {
        problem_add(collected, path, "cannot be read, or is larger than %u bytes", SETTING_FILE_BYTES_MAX);
        return;
    }
    const int line = ini_parse_stream(read_line, &state, take_pair, &state);
    if (line > 0) problem_add(collected, path, "line %d is neither [section] nor key = value", line);
    if (line < 0) problem_add(collected, path, "cannot be parsed");
}
