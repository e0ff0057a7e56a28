// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "config_fixture.h"

TestSuite(settings, .init = config_begin, .fini = config_end);

/* Security incident 47: among them line ends, which would begin a field of their own. */
Test(settings, every_wrong_value_is_named_at_once)
{
    static const char *const environ[] = {
        "AUTH_LOOPS=two",         "AUTH_PASSWORD_MIN=7",        "AUTH_SIGNUP=maybe",
        "AUTH_RATE_LIMITS=2",     "AUTH_LISTEN=8080",           "AUTH_ISSUER=ftp://x",
        "SQL_URI=mysql://h/d",    "AUTH_SECRET_KEY=c2hvcnQ=",   "REDIS_URL=http://h",
        "AUTH_TRUSTED_PROXIES=x", "AUTH_CORS_ORIGINS=*",        "AUTH_AUDIENCE=a b",
        "POSTGRES_PORT=65536",    "AUTH_CLIENT_ID=a\nb",        "AUTH_DATA_DIR=\xff",
        "LOG_LEVEL=loud",         "AUTH_ACCES_TOKEN_SECONDS=1", NULL};
    cr_assert(!config_load(NULL, environ, NULL));
    cr_expect_eq(config.task.fault.code, STATUS_VALIDATION_FAILED);
    cr_expect_eq(config.problems.error_count, 17);
    cr_expect(has_problem("AUTH_LOOPS", "whole number"));
    cr_expect(has_problem("AUTH_PASSWORD_MIN", "between 8 and 64 characters"));
    cr_expect(has_problem("AUTH_SIGNUP", "open|invite|closed"));
    cr_expect(has_problem("AUTH_SECRET_KEY", "32 bytes"));
    cr_expect(has_problem("AUTH_CLIENT_ID", "control characters"));
    cr_expect(has_problem("AUTH_DATA_DIR", "UTF-8"));
    cr_expect(has_problem("AUTH_ACCES_TOKEN_SECONDS", "did you mean AUTH_ACCESS_TOKEN_SECONDS?"));
}

Test(settings, forms_are_checked)
{
    static const char *const refused[] = {
        "AUTH_LISTEN=localhost",
        "AUTH_LISTEN=:8080",
        "AUTH_LISTEN=h:0",
        "AUTH_LISTEN=h:65536",
        "AUTH_LISTEN=unix:",
        "AUTH_LISTEN=[::1]",
        "AUTH_LISTEN=[::g]:80",
        "AUTH_LISTEN=a b:80",
        "AUTH_LISTEN=::1:80",
        "AUTH_ISSUER=https://",
        "AUTH_ISSUER=https://h/",
        "AUTH_ISSUER=https://h?a",
        "AUTH_ISSUER=https://h#a",
        "AUTH_ISSUER=https://u@h",
        "AUTH_ISSUER=h",
        "AUTH_TRUSTED_PROXIES=10.0.0.0/33",
        "AUTH_TRUSTED_PROXIES=10.0.0.1,,::1",
        "AUTH_TRUSTED_PROXIES=::/129",
        "AUTH_TRUSTED_PROXIES=::1/",
        "AUTH_CORS_ORIGINS=https://a/",
        "AUTH_CORS_ORIGINS=https://A.example",
        "SQL_URI=sqlite",
        "SQL_URI=://x",
        "REDIS_URL=redis:// x",
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        cr_expect(!config_load_env(refused[i]), "%s", refused[i]);
    static const char *const taken[] = {
        "AUTH_LISTEN=[::1]:8081",
        "AUTH_LISTEN=unix:/run/auth.sock",
        "AUTH_LISTEN=0.0.0.0:80",
        "AUTH_ISSUER=https://id.example/tenant",
        "AUTH_ISSUER=http://[::1]:8080",
        "AUTH_TRUSTED_PROXIES=10.0.0.0/8, ::1 ,unix",
        "AUTH_CORS_ORIGINS=https://a.example,http://localhost:3000",
        "SQL_URI=postgresql+psycopg2://h/d",
        "SQL_URI=sqlite:////var/lib/auth.db",
        "REDIS_URL=unix:///run/redis.sock",
    };
    for (size_t i = 0; i < ARRAY_COUNT(taken); i++) cr_expect(config_load_env(taken[i]), "%s", taken[i]);
}

Test(settings, pairs_that_contradict_each_other_are_refused)
{
    static const char *const environ[] = {"AUTH_SESSION_SECONDS=100",
                                          "AUTH_THROTTLE_STOP=5",
                                          "AUTH_THROTTLE_FIRST_DELAY_SECONDS=1000",
                                          "AUTH_DB_LOCK_TIMEOUT_MS=3000",
                                          "AUTH_OPS_LISTEN=127.0.0.1:8080",
                                          "AUTH_HASH_MEMORY_KIB=262144",
                                          "AUTH_HASH_ITERATIONS=5",
                                          NULL};
    cr_assert(!config_load(NULL, environ, NULL));
    cr_expect(has_problem("AUTH_SESSION_IDLE_SECONDS", "AUTH_SESSION_SECONDS"));
    cr_expect(has_problem("AUTH_ACCESS_TOKEN_SECONDS", "AUTH_SESSION_SECONDS"));
    cr_expect(has_problem("AUTH_THROTTLE_STOP", "exceed"));
    cr_expect(has_problem("AUTH_THROTTLE_FIRST_DELAY_SECONDS", "exceed"));
    cr_expect(has_problem("AUTH_DB_LOCK_TIMEOUT_MS", "exceed"));
    cr_expect(has_problem("AUTH_OPS_LISTEN", "differ"));
    cr_expect(has_problem("AUTH_HASH_MEMORY_KIB", "AUTH_HASH_ITERATIONS must not exceed"));
    cr_expect_eq(config.problems.error_count, 7);
}

Test(settings, a_plain_issuer_off_this_machine_is_a_warning)
{
    cr_assert(config_load_env("AUTH_ISSUER=http://id.example"));
    cr_expect_eq(config.problems.error_count, 0);
    cr_assert_eq(config.problems.count, 1);
    cr_expect(config.problems.items[0].is_warning && has_problem("AUTH_ISSUER", "https"));
    static const char *const quiet[] = {"AUTH_ISSUER=https://id.example", "AUTH_ISSUER=http://127.0.0.1:1",
                                        "AUTH_ISSUER=http://[::1]:8080", "AUTH_ISSUER=http://localhost"};
    for (size_t i = 0; i < ARRAY_COUNT(quiet); i++) {
        cr_expect(config_load_env(quiet[i]));
        cr_expect_eq(config.problems.count, 0, "%s", quiet[i]);
    }
    cr_expect(config_load_env("AUTH_HASH_MEMORY_KIB=8192"));
    cr_expect(has_problem("AUTH_HASH_MEMORY_KIB", "below"));
}

Test(settings, problems_repeat_no_value)
{
    static const char *const environ[] = {"AUTH_SECRET_KEY=hunter2",     "SQL_URI=hunter2://u:hunter2@h",
                                          "POSTGRES_PASSWORD=hunter2\r", "POSTGRES_PASSWORD_FILE=/hunter2",
                                          "AUTH_LOOPS=hunter2",          NULL};
    static const char *const sets[] = {"POSTGRES_PASSWORD=hunter2", "hunter2", NULL};
    cr_assert(!config_load(sets, environ, "[postgres]\nbad hunter2\npassword = hunter2 ;hunter2\n"));
    for (size_t i = 0; i < config.problems.count; i++) {
        cr_expect(!strstr(config.problems.items[i].problem, "hunter2"), "%s",
                  config.problems.items[i].problem);
    }
}

Test(settings, without_anything_the_defaults_hold)
{
    cr_assert(config_load(NULL, NULL, NULL));
    const struct settings *settings = &config.settings;
    cr_expect_eq(config.problems.count, 0);
    cr_expect(str_equal(settings->listen, STR("127.0.0.1:8080")));
    cr_expect(
        str_equal(secret_expose(settings_sql_uri(settings, config.arena)), STR("sqlite:///var/auth.db")));
    cr_expect(settings->hash_memory_kib == 19456 && settings->hash_iterations == 2);
    cr_expect(settings->rate_limits && settings->signup == SIGNUP_OPEN);
    cr_expect(settings->migrate_on_start == MIGRATE_AUTO && settings->log_format == SETTING_LOG_AUTO);
    cr_expect(!settings->has_secret_key && settings->redis_url.len == 0 && settings->cors_origins.count == 0);
    cr_expect_eq(settings->sources[SETTING_AUTH_LISTEN], SOURCE_DEFAULT);
}

Test(settings, every_default_is_within_its_own_limits)
{
    cr_assert(config_load(NULL, NULL, NULL));
    cr_expect_eq(config.settings.password_min, 8);
    cr_expect_eq(config.settings.cache_bytes, 33554432);
    cr_expect_eq(config.settings.session_seconds, 2592000);
}

Test(settings, the_command_line_stands_above_the_environment_above_the_file)
{
    static const char *const sets[] = {"AUTH_LOOPS=3", NULL};
    static const char *const environ[] = {"AUTH_LOOPS=2", "AUTH_DRAIN_SECONDS=2",
                                          "AUTH_REQUEST_SECONDS=", NULL};
    cr_assert(config_load(sets, environ, "[server]\nloops = 1\ndrain_seconds=1\nrequest_seconds : 7\n"));
    cr_expect(config.settings.loops == 3 && config.settings.drain_seconds == 2);
    cr_expect_eq(config.settings.request_seconds, 7);
    cr_expect_eq(config.settings.sources[SETTING_AUTH_LOOPS], SOURCE_COMMAND_LINE);
    cr_expect_eq(config.settings.sources[SETTING_AUTH_DRAIN_SECONDS], SOURCE_ENVIRONMENT);
    cr_expect_eq(config.settings.sources[SETTING_AUTH_REQUEST_SECONDS], SOURCE_FILE);
}

Test(settings, lists_choices_and_keys_become_values)
{
    static const char *const environ[] = {
        "AUTH_TRUSTED_PROXIES=10.0.0.0/8, unix", "AUTH_SIGNING_ALGORITHM=rs256", "AUTH_RATE_LIMITS=No",
        "AUTH_SECRET_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", NULL};
    cr_assert(config_load(NULL, environ, NULL));
    cr_assert_eq(config.settings.trusted_proxies.count, 2);
    cr_expect(str_equal(config.settings.trusted_proxies.items[1], STR("unix")));
    cr_expect(config.settings.signing_algorithm == 2 && !config.settings.rate_limits);
    cr_expect(config.settings.has_secret_key && config.settings.secret_key.bytes[31] == 31);
}
