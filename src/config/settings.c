// SPDX-License-Identifier: MIT
#include "auth/config/settings.h"

#include "settings_internal.h"

static void collect(struct collected *collected, const struct settings_sources *sources)
{
    collect_argv(collected, sources->argv_sets);
    collect_environ(collected, sources->environ);
    const char *named = environ_find(sources->environ, STR("AUTH_SETTINGS"));
    const bool is_named = named && named[0];
    collect_ini(collected, is_named ? named : sources->ini_path, is_named);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        collect_row(collected, SOURCE_DEFAULT, i, (struct given){.value = str_from(setting_rows[i].initial)});
    }
}

static struct str without_newline(struct str text)
{
    if (text.len > 0 && text.ptr[text.len - 1] == '\n') text.len--;
    return text;
}

/* The value in force and its source; an empty text when none gave one. */
static struct str choose(struct collected *collected, size_t index, enum setting_source *ret_source)
{
    unsigned source = SOURCE_COUNT - 1;
    while (source > SOURCE_DEFAULT && !collected->given[source][index].is_set) source--;
    const struct given *given = &collected->given[source][index];
    *ret_source = (enum setting_source)source;
    if (!given->is_file) return given->value;
    struct str text = STR_NONE;
    const char *name = setting_rows[index].name;
    if (!file_read(collected->arena, str_copy(collected->arena, given->value).ptr, &text)) {
        problem_add(collected, name, "the file %s_FILE names cannot be read, or is too large", name);
        return STR_NONE;
    }
    text = without_newline(text);
    if (is_empty(text)) problem_add(collected, name, "the file %s_FILE names is empty", name);
    return text;
}

result settings_load(struct task *task, const struct settings_sources *sources, struct settings *ret_settings,
                     struct settings_problems *ret_problems)
{
    *ret_settings = (struct settings){.postgres_port = 0};
    ret_problems->count = 0;
    ret_problems->error_count = 0;
    struct collected *collected = arena_alloc(task->arena, sizeof(*collected));
    collected->arena = task->arena;
    collected->problems = ret_problems;
    collect(collected, sources);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct str text = choose(collected, i, &ret_settings->sources[i]);
        value_parse(collected, &setting_rows[i], text, ret_settings);
    }
    /* Members that were refused are zero: what they would mean to others is not asked. */
    if (ret_problems->error_count == 0) settings_check(collected, ret_settings);
    if (ret_problems->error_count == 0) return RESULT_OK;
    FAIL(&task->fault, VALIDATION_FAILED, "%zu settings are not valid", ret_problems->error_count);
}
