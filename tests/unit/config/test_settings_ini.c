// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_fixture.h"

TestSuite(settings_ini, .init = config_begin, .fini = config_end);

static bool refused_with(const char *ini, const char *part)
{
    if (config_load(NULL, NULL, ini)) return false;
    for (size_t i = 0; i < config.problems.count; i++) {
        if (strstr(config.problems.items[i].problem, part)) return true;
    }
    return false;
}

Test(settings_ini, lines_that_would_be_misread_are_refused)
{
    cr_expect(refused_with("[server]\nloops 1\n", "line 2 is neither"));
    cr_expect(refused_with("[server]\nloop = 1\n", "did you mean loops?"));
    cr_expect(refused_with("[sever]\nloops = 1\n", "has no setting loops"));
    cr_expect(refused_with("loops = 1\n", "has no setting loops"));
    cr_expect(refused_with("[server]\nloops = 1\nloops = 2\n", "twice"));
    cr_expect(refused_with("[server]\nloops = 1\n  2\n", "line 3 begins with a space"));
    cr_expect(refused_with("[postgres]\npassword = a ;b\n", "line 2 has ';'"));
    char text[1u << 12];
    memset(text, 'a', sizeof(text));
    memcpy(text, "[postgres]\nuser = ", 18);
    text[sizeof(text) - 1] = '\0';
    cr_expect(refused_with(text, "line 2 is too long"));
}

Test(settings_ini, a_named_file_must_be_there_and_the_usual_one_need_not)
{
    cr_expect(!config_load_env("AUTH_SETTINGS=/nonexistent/settings.ini"));
    cr_expect(has_problem("/nonexistent/settings.ini", "cannot be read"));
    const struct settings_sources sources = {.ini_path = "/nonexistent/settings.ini"};
    fault_clear(&config.task.fault);
    cr_expect(is_ok(settings_load(&config.task, &sources, &config.settings, &config.problems)));
}

Test(settings_ini, auth_settings_names_the_file)
{
    const char *path = config_file("[server]\nloops = 5\n");
    cr_assert(config_load_env(str_printf(config.arena, "AUTH_SETTINGS=%s", path).ptr));
    cr_expect_eq(config.settings.loops, 5);
}

Test(settings_ini, both_spellings_of_a_key_and_comments_are_taken)
{
    cr_assert(config_load(NULL, NULL,
                          "; one\n# two\n\n[server]\r\n; ; three ;\nauth_loops = 5\r\n[postgres]\n"
                          "password = a;b#c=d\nuser=\"q\"\nhost ="));
    cr_expect_eq(config.settings.loops, 5);
    cr_expect(str_equal(secret_expose(config.settings.postgres_password), STR("a;b#c=d")));
    cr_expect(str_equal(config.settings.postgres_user, STR("\"q\"")));
}

Test(settings_ini, the_shipped_file_lists_every_setting_and_keeps_sqlite)
{
    const struct settings_sources sources = {.ini_path = TESTS_DIR "/../settings.ini"};
    task_init(&config.task, config.arena, STR("test"), 1000);
    cr_assert(is_ok(settings_load(&config.task, &sources, &config.settings, &config.problems)));
    cr_expect_eq(config.problems.count, 0);
    const struct settings *settings = &config.settings;
    cr_expect(str_equal(settings->postgres_user, STR("postgres")) &&
              str_equal(settings->postgres_db, STR("auth")));
    cr_expect(str_equal(secret_expose(settings->postgres_password), STR("1234")));
    cr_expect(
        str_equal(secret_expose(settings_sql_uri(settings, config.arena)), STR("sqlite:///var/auth.db")));
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const bool is_given =
            i == SETTING_POSTGRES_USER || i == SETTING_POSTGRES_PASSWORD || i == SETTING_POSTGRES_DB;
        cr_expect_eq(settings->sources[i], is_given ? SOURCE_FILE : SOURCE_DEFAULT, "%zu", i);
    }
}

/* Taking the comment signs away must give the same values: each commented line shows its default. */
Test(settings_ini, the_shipped_file_shows_the_defaults)
{
    FILE *file = fopen(TESTS_DIR "/../settings.ini", "r");
    cr_assert(file);
    struct strbuf text;
    strbuf_init(&text, config.arena, 1024, 1u << 16);
    char line[512];
    size_t count = 0;
    while (fgets(line, sizeof(line), file)) {
        const bool is_setting = line[0] == '#' && line[1] != ' ' && line[1] != '\n';
        count += is_setting;
        strbuf_add(&text, str_from(line + is_setting));
    }
    cr_assert_eq(fclose(file), 0);
    cr_expect_eq(count, SETTING_COUNT - 3);
    struct strbuf defaults;
    struct strbuf shown;
    strbuf_init(&defaults, config.arena, 1024, 1u << 16);
    strbuf_init(&shown, config.arena, 1024, 1u << 16);
    cr_assert(config_load(NULL, NULL, "[postgres]\npassword = 1234\n"));
    memset(config.settings.sources, 0, sizeof(config.settings.sources));
    settings_print(&config.settings, SETTINGS_TABLE, &defaults);
    cr_assert(config_load(NULL, NULL, strbuf_str(&text).ptr), "%s", config.problems.items[0].problem);
    memset(config.settings.sources, 0, sizeof(config.settings.sources));
    settings_print(&config.settings, SETTINGS_TABLE, &shown);
    cr_expect_str_eq(strbuf_str(&shown).ptr, strbuf_str(&defaults).ptr);
}
