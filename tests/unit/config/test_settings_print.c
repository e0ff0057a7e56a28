// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "config_fixture.h"

TestSuite(settings_print, .init = config_begin, .fini = config_end);

static const char *printed(enum settings_form form)
{
    static const char *const environ[] = {"POSTGRES_PASSWORD=hunter2",
                                          "SQL_URI=postgresql://u:hunter2@h/d",
                                          "REDIS_URL=redis://:hunter2@h",
                                          "AUTH_SECRET_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                                          "AUTH_DATA_DIR=a\"b\\c",
                                          "AUTH_CORS_ORIGINS=https://a.example, https://b.example",
                                          NULL};
    cr_assert(config_load(NULL, environ, NULL));
    struct strbuf out;
    strbuf_init(&out, config.arena, 1024, 1u << 16);
    settings_print(&config.settings, form, &out);
    return strbuf_str(&out).ptr;
}

Test(settings_print, secrets_are_masked)
{
    static const enum settings_form forms[] = {SETTINGS_TABLE, SETTINGS_JSON};
    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        const char *text = printed(forms[i]);
        cr_expect(!strstr(text, "hunter2") && !strstr(text, "AAECAw"), "%s", text);
        cr_expect(strstr(text, "postgresql://u:***@h/d"));
    }
}

Test(settings_print, a_table_shows_value_and_source)
{
    const char *text = printed(SETTINGS_TABLE);
    cr_expect(strstr(text, "environment    https://a.example,https://b.example\n"), "%s", text);
    cr_expect(strstr(text, "default        5432\n") && strstr(text, "default        ES256\n"));
}

Test(settings_print, json_is_escaped)
{
    const char *text = printed(SETTINGS_JSON);
    cr_expect(strstr(text, "\"AUTH_DATA_DIR\": {\"value\": \"a\\\"b\\\\c\", \"source\": \"environment\"}"),
              "%s", text);
    cr_expect(strstr(text, "\"POSTGRES_PORT\": {\"value\": 5432, \"source\": \"default\"}"));
    cr_expect(strstr(text, "\"AUTH_RATE_LIMITS\": {\"value\": true, \"source\": \"default\"}"));
}

Test(settings_print, parts_show_as_the_uri_they_amount_to)
{
    static const char *const environ[] = {"POSTGRES_HOST=db", "POSTGRES_PASSWORD=hunter2", NULL};
    cr_assert(config_load(NULL, environ, NULL));
    struct strbuf out;
    strbuf_init(&out, config.arena, 1024, 1u << 16);
    settings_print(&config.settings, SETTINGS_TABLE, &out);
    cr_expect(strstr(strbuf_str(&out).ptr, "POSTGRES_HOST  postgresql://postgres:***@db:5432/auth\n"));
}
