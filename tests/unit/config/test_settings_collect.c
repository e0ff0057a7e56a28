// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_fixture.h"

TestSuite(settings_collect, .init = config_begin, .fini = config_end);

Test(settings_collect, secrets_are_not_taken_from_the_command_line)
{
    static const char *const sets[] = {"POSTGRES_PASSWORD=x", "AUTH_SECRET_KEY=x",
                                       "SQL_URI=postgresql://u:p@h/d", "REDIS_URL=redis://h?password=p",
                                       NULL};
    cr_assert(!config_load(sets, NULL, NULL));
    cr_expect_eq(config.problems.error_count, 4);
    cr_expect(has_problem("POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"));
    static const char *const open[] = {"SQL_URI=postgresql://u@h/d", NULL};
    cr_expect(config_load(open, NULL, NULL));
}

Test(settings_collect, what_is_no_setting_is_refused)
{
    static const char *const sets[] = {"AUTH_LOPS=1", "AUTH_LOOPS", "NOTHING=1", "AUTH_LOOPS_FILE=/x", NULL};
    static const char *const environ[] = {"AUTH_LISTENN=x", "OTHER=1", "AUTH_SETTINGS=", NULL};
    cr_assert(!config_load(sets, environ, NULL));
    cr_expect(has_problem("AUTH_LOPS", "did you mean AUTH_LOOPS?") && has_problem("--set", "NAME=value"));
    cr_expect(has_problem("AUTH_LISTENN", "AUTH_LISTEN?") && has_problem("NOTHING", "is not a setting"));
    cr_expect_eq(config.problems.error_count, 5);
}

Test(settings_collect, a_setting_given_twice_is_refused)
{
    static const char *const sets[] = {"AUTH_LOOPS=1", "AUTH_LOOPS=2", NULL};
    cr_expect(!config_load(sets, NULL, NULL));
    cr_expect(has_problem("AUTH_LOOPS", "twice"));
    static const char *const environ[] = {"POSTGRES_PASSWORD=a", "POSTGRES_PASSWORD_FILE=/x", NULL};
    cr_expect(!config_load(NULL, environ, NULL));
    cr_expect(has_problem("POSTGRES_PASSWORD", "both"));
}

Test(settings_collect, service_links_of_a_cluster_are_no_settings)
{
    static const char *const environ[] = {
        "AUTH_PORT=tcp://10.0.0.1:8080", "AUTH_PORT_8080_TCP_ADDR=10.0.0.1",  "AUTH_SERVICE_HOST=10.0.0.1",
        "AUTH_SERVICE_PORT_HTTP=8080",   "POSTGRES_PORT=tcp://10.0.0.2:5432", NULL};
    cr_assert(config_load(NULL, environ, NULL));
    cr_expect_eq(config.settings.postgres_port, 5432);
}

Test(settings_collect, a_secret_is_read_from_its_file_without_the_last_newline)
{
    const char *path = config_file("s3cret \n");
    const struct str assignment = str_printf(config.arena, "POSTGRES_PASSWORD_FILE=%s", path);
    cr_assert(config_load_env(assignment.ptr));
    cr_expect(str_equal(secret_expose(config.settings.postgres_password), STR("s3cret ")));
    cr_expect_eq(config.settings.sources[SETTING_POSTGRES_PASSWORD], SOURCE_ENVIRONMENT);
    const char *const environ[] = {"POSTGRES_PASSWORD=direct", NULL};
    const struct str ini = str_printf(config.arena, "[postgres]\npassword_file = %s\n", path);
    cr_assert(config_load(NULL, NULL, ini.ptr));
    cr_expect(str_equal(secret_expose(config.settings.postgres_password), STR("s3cret ")));
    cr_assert(config_load(NULL, environ, ini.ptr));
    cr_expect(str_equal(secret_expose(config.settings.postgres_password), STR("direct")));
}

Test(settings_collect, a_secret_file_that_cannot_be_used_is_refused)
{
    cr_expect(!config_load_env("POSTGRES_PASSWORD_FILE=/nonexistent/secret"));
    cr_expect(has_problem("POSTGRES_PASSWORD", "cannot be read"));
    const char *const contents[] = {"", "\n", "a\nb", "a\r\n"};
    for (size_t i = 0; i < ARRAY_COUNT(contents); i++) {
        const char *path = config_file(contents[i]);
        cr_expect(!config_load_env(str_printf(config.arena, "POSTGRES_PASSWORD_FILE=%s", path).ptr), "%zu",
                  i);
    }
}

Test(settings_collect, database_url_is_another_name_for_sql_uri)
{
    cr_assert(config_load_env("DATABASE_URL=sqlite:///other.db"));
    cr_expect(str_equal(secret_expose(config.settings.sql_uri), STR("sqlite:///other.db")));
    static const char *const environ[] = {"DATABASE_URL=sqlite:///other.db", "SQL_URI=sqlite:///own.db",
                                          NULL};
    cr_assert(config_load(NULL, environ, NULL));
    cr_expect(str_equal(secret_expose(config.settings.sql_uri), STR("sqlite:///own.db")));
}
