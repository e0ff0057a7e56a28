/* config_fixture.h — loads settings from text, for the tests of the config module. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_CONFIG_FIXTURE_H
#define AUTH_TESTS_CONFIG_FIXTURE_H

#include "auth/config/settings.h"

struct config_fixture {
    struct arena *arena;
    struct task task;
    struct settings settings;
    struct settings_problems problems;
};

extern struct config_fixture config;

void config_begin(void);
void config_end(void);

/* NULL-terminated lists; `ini` is written to a file, NULL: none. */
bool config_load(const char *const *sets, const char *const *environ, const char *ini);
bool config_load_env(const char *assignment);
/* The path of a new file that holds `text`; removed by config_end. */
const char *config_file(const char *text);
bool has_problem(const char *name, const char *part);

#endif
