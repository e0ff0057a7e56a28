// SPDX-License-Identifier: MIT
#include "config_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 16u

struct config_fixture config;
static char files[FILES_MAX][64];
static size_t file_count;

void config_begin(void)
{
    file_count = 0;
    config.arena = arena_create(32u << 20);
}

void config_end(void)
{
    while (file_count > 0) (void)unlink(files[--file_count]);
    arena_destroy(config.arena);
}

const char *config_file(const char *text)
{
    cr_assert_lt(file_count, FILES_MAX);
    char *path = files[file_count++];
    (void)snprintf(path, sizeof(files[0]), "/tmp/auth-test-XXXXXX");
    const int file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(close(file), 0);
    return path;
}

bool config_load(const char *const *sets, const char *const *environment, const char *ini)
{
    task_init(&config.task, config.arena, STR("test"), 1000);
    const struct settings_sources sources = {sets, environment, ini ? config_file(ini) : NULL};
    return is_ok(settings_load(&config.task, &sources, &config.settings, &config.problems));
}

bool config_load_env(const char *assignment)
{
    const char *const environment[] = {assignment, NULL};
    return config_load(NULL, environment, NULL);
}

bool has_problem(const char *name, const char *part)
{
    for (size_t i = 0; i < config.problems.count; i++) {
        const struct settings_problem *problem = &config.problems.items[i];
        if (strcmp(problem->name, name) == 0 && strstr(problem->problem, part)) return true;
    }
    return false;
}
