// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "settings_internal.h"

#define FILE_SUFFIX "_FILE"

/* Other names a setting goes by in the environment. */
static const struct {
    enum setting_name setting;
    const char *name;
} aliases[] = {{SETTING_SQL_URI, "DATABASE_URL"}};

static PRINTF_LIKE(4, 0) void list_problem(struct collected *collected, const char *name, bool is_warning,
                                           const char *format, va_list arguments)
{
    struct settings_problems *problems = collected->problems;
    char text[256];
    if (!is_warning) problems->error_count++;
    if (problems->count == SETTINGS_PROBLEMS_MAX) return;
    (void)vsnprintf(text, sizeof(text), format, arguments);
    const char *kept = str_copy(collected->arena, str_from(text)).ptr;
    problems->items[problems->count++] = (struct settings_problem){name, kept, is_warning};
}

void problem_add(struct collected *collected, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    list_problem(collected, name, false, format, arguments);
    va_end(arguments);
}

void warning_add(struct collected *collected, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    list_problem(collected, name, true, format, arguments);
    va_end(arguments);
}

void collect_row(struct collected *collected, enum setting_source source, size_t index, struct given given)
{
    struct given *place = &collected->given[source][index];
    const char *name = setting_rows[index].name;
    if (is_empty(given.value)) return;
    if (!place->is_set) {
        *place = given;
        place->is_set = true;
        return;
    }
    if (place->is_file == given.is_file)
        problem_add(collected, name, "is given twice");
    else
        problem_add(collected, name, "is given both by itself and as %s_FILE", name);
}

static struct str without_file_suffix(struct str name)
{
    const struct str suffix = STR(FILE_SUFFIX);
    if (name.len <= suffix.len) return STR_NONE;
    if (!str_equal(str_from_offset(name, name.len - suffix.len), suffix)) return STR_NONE;
    return (struct str){name.ptr, name.len - suffix.len};
}

static size_t row_named(struct str name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (str_equal(name, str_from(setting_rows[i].name))) return i;
    }
    return SETTING_COUNT;
}

bool collect_named(struct collected *collected, enum setting_source source, struct str name, struct str value)
{
    size_t index = row_named(name);
    const bool is_file = index == SETTING_COUNT;
    if (is_file) index = row_named(without_file_suffix(name));
    if (index == SETTING_COUNT || (is_file && !is_confidential(&setting_rows[index]))) return false;
    collect_row(collected, source, index, (struct given){.is_file = is_file, .value = value});
    return true;
}

/* Argument lists are there for all to see (ps), so secrets are not taken from them. A URI is, unless it holds
 * a password. */
static bool is_open_secret(struct collected *collected, struct str name, struct str value)
{
    const size_t index = row_named(name);
    if (index == SETTING_COUNT || !is_confidential(&setting_rows[index])) return false;
    if (setting_rows[index].type != TYPE_URI) return true;
    return !str_equal(settings_uri_masked(value, collected->arena), value);
}

void collect_argv(struct collected *collected, const char *const *sets)
{
    for (; sets && *sets; sets++) {
        struct str value = str_from(*sets);
        const bool has_value = strchr(*sets, '=') != NULL;
        const struct str name = str_copy(collected->arena, str_split(&value, '='));
        if (!has_value) {
            problem_add(collected, "--set", "takes NAME=value");
            continue;
        }
        if (is_open_secret(collected, name, value)) {
            problem_add(collected, name.ptr, "is secret and not taken from the command line; use %s_FILE",
                        name.ptr);
            continue;
        }
        if (!collect_named(collected, SOURCE_COMMAND_LINE, name, value)) {
            problem_add(collected, is_utf8(name) ? name.ptr : "--set", "is not a setting%s",
                        near_name(collected->arena, name));
        }
    }
}

const char *environ_find(const char *const *environ, struct str name)
{
    for (; environ && *environ; environ++) {
        if (strncmp(*environ, name.ptr, name.len) != 0 || (*environ)[name.len] != '=') continue;
        return *environ + name.len + 1;
    }
    return NULL;
}

/* Kubernetes and Docker describe a service named "postgres" to its neighbours by POSTGRES_PORT=tcp://…, and
 * one named "auth" by AUTH_PORT and AUTH_SERVICE_HOST: those are not settings. */
static bool is_service_link(struct str name, struct str value)
{
    static const struct str starts[] = {STR_INIT("AUTH_PORT"), STR_INIT("AUTH_SERVICE_HOST"),
                                        STR_INIT("AUTH_SERVICE_PORT")};
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        if (str_starts_with(name, starts[i])) return true;
    }
    return str_equal(name, STR("POSTGRES_PORT")) && str_starts_with(value, STR("tcp://"));
}

static void collect_aliases(struct collected *collected, const char *const *environ)
{
    for (size_t i = 0; i < ARRAY_COUNT(aliases); i++) {
        if (collected->given[SOURCE_ENVIRONMENT][aliases[i].setting].is_set) continue;
        const struct given given = {.value = str_from(environ_find(environ, str_from(aliases[i].name)))};
        collect_row(collected, SOURCE_ENVIRONMENT, aliases[i].setting, given);
    }
}

void collect_environ(struct collected *collected, const char *const *environ)
{
    for (const char *const *at = environ; at && *at; at++) {
        struct str value = str_from(*at);
        const struct str name = str_copy(collected->arena, str_split(&value, '='));
        if (is_service_link(name, value)) continue;
        if (collect_named(collected, SOURCE_ENVIRONMENT, name, value)) continue;
        if (!str_starts_with(name, STR("AUTH_")) || str_equal(name, STR("AUTH_SETTINGS"))) continue;
        problem_add(collected, is_utf8(name) ? name.ptr : "AUTH_", "is not a setting%s",
                    near_name(collected->arena, name));
    }
    collect_aliases(collected, environ);
}

bool file_read(struct arena *arena, const char *path, struct str *ret_text)
{
    FILE *file = fopen(path, "rbe");
    if (!file) return false;
    char *text = arena_alloc(arena, SETTING_FILE_BYTES_MAX + 2);
    /* Unbuffered: what is read may be a secret and shall stand nowhere else. */
    (void)setvbuf(file, NULL, _IONBF, 0);
    const size_t len = fread(text, 1, SETTING_FILE_BYTES_MAX + 1, file);
    const bool is_read = !ferror(file) && len <= SETTING_FILE_BYTES_MAX;
    if (fclose(file) != 0 || !is_read) return false;
    text[len] = '\0';
    *ret_text = (struct str){text, len};
    return true;
}
