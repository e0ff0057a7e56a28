// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "config_fixture.h"

TestSuite(settings_uri, .init = config_begin, .fini = config_end);

Test(settings_uri, every_password_is_masked)
{
    static const char *const pairs[][2] = {
        {"postgresql://u:p@h:1/d", "postgresql://u:***@h:1/d"},
        {"postgresql://u:p@ss@h/d", "postgresql://u:***@h/d"},
        {"postgresql://u:p/w@h/d", "postgresql://u:***@h/d"},
        {"redis://:p@h", "redis://:***@h"},
        {"postgresql://u@h/d", "postgresql://u@h/d"},
        {"postgresql:///d?user=u&password=p&sslpassword=q&x=1",
         "postgresql:///d?user=u&password=***&sslpassword=***&x=1"},
        {"sqlite:///var/auth.db", "sqlite:///var/auth.db"},
        {"u:p@h", "u:***@h"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        const struct str masked = settings_uri_masked(str_from(pairs[i][0]), config.arena);
        cr_expect(str_equal(masked, str_from(pairs[i][1])), "%.*s", STR_ARGS(masked));
    }
}

static struct str sql_uri(const char *const *environ)
{
    cr_assert(config_load(NULL, environ, NULL));
    return secret_expose(settings_sql_uri(&config.settings, config.arena));
}

Test(settings_uri, the_parts_make_a_uri_when_there_is_none)
{
    static const char *const parts[] = {"POSTGRES_HOST=db", "POSTGRES_PASSWORD=p@ss/w:%", "POSTGRES_USER=a b",
                                        NULL};
    cr_expect(str_equal(sql_uri(parts), STR("postgresql://a%20b:p%40ss%2Fw%3A%25@db:5432/auth")));
    static const char *const socket[] = {"POSTGRES_HOST=/run/postgresql", NULL};
    cr_expect(str_equal(sql_uri(socket), STR("postgresql://postgres@%2Frun%2Fpostgresql:5432/auth")));
    static const char *const six[] = {"POSTGRES_HOST=::1", "POSTGRES_PORT=6", NULL};
    cr_expect(str_equal(sql_uri(six), STR("postgresql://postgres@[::1]:6/auth")));
    static const char *const both[] = {"POSTGRES_HOST=db", "SQL_URI=sqlite:///var/auth.db", NULL};
    cr_expect(str_equal(sql_uri(both), STR("sqlite:///var/auth.db")));
    static const char *const none[] = {"POSTGRES_USER=u", "POSTGRES_PASSWORD=p", NULL};
    cr_expect(str_equal(sql_uri(none), STR("sqlite:///var/auth.db")));
}

Test(settings_uri, the_embedded_database_lies_in_the_data_folder)
{
    static const char *const absolute[] = {"AUTH_DATA_DIR=/var/lib/auth", NULL};
    cr_expect(str_equal(sql_uri(absolute), STR("sqlite:////var/lib/auth/auth.db")));
    static const char *const relative[] = {"AUTH_DATA_DIR=data", NULL};
    cr_expect(str_equal(sql_uri(relative), STR("sqlite:///data/auth.db")));
    static const char *const other[] = {"AUTH_DATA_DIR=data", "SQL_URI=sqlite:///var/auth.db", NULL};
    cr_expect(str_equal(sql_uri(other), STR("sqlite:///var/auth.db")));
}

Test(settings_uri, migrations_have_their_own_or_the_same)
{
    static const char *const own[] = {"POSTGRES_HOST=db", "MIGRATION_SQL_URI=postgresql://owner@db/auth",
                                      NULL};
    (void)sql_uri(own);
    cr_expect(str_equal(secret_expose(settings_migration_sql_uri(&config.settings, config.arena)),
                        STR("postgresql://owner@db/auth")));
    static const char *const same[] = {"POSTGRES_HOST=db", NULL};
    (void)sql_uri(same);
    cr_expect(str_equal(secret_expose(settings_migration_sql_uri(&config.settings, config.arena)),
                        STR("postgresql://postgres@db:5432/auth")));
}
